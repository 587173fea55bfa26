package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"bakfs/signal"
)

// A memTree is a tree in memory.
type memTree struct {
	mu     sync.Mutex
	files  fstest.MapFS
	mime   map[string]string
	parent *memTree
	reused int
	fail   func(name string) error // of Write
	log    []string                // names of month files in the order of writing
}

func newTree(parent *memTree) *memTree {
	return &memTree{files: make(fstest.MapFS), mime: make(map[string]string), parent: parent}
}

func (t *memTree) Write(ctx context.Context, name string, mtime time.Time, mime string, r io.Reader) error {
	if t.fail != nil {
		if err := t.fail(name); err != nil {
			return err
		}
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return t.add(name, &fstest.MapFile{Data: b, Mode: 0o600, ModTime: mtime}, mime)
}

func (t *memTree) add(name string, f *fstest.MapFile, mime string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !iofs.ValidPath(name) {
		return iofs.ErrInvalid
	}
	if t.files[name] != nil {
		return fmt.Errorf("%s: %w", name, iofs.ErrExist)
	}
	t.files[name], t.mime[name] = f, mime
	if strings.HasPrefix(name, chatsName) {
		t.log = append(t.log, name)
	}
	return nil
}

func (t *memTree) Reuse(ctx context.Context, name string) (int64, bool, error) {
	if t.parent == nil || t.parent.files[name] == nil {
		return 0, false, nil
	}
	f := t.parent.files[name]
	t.mu.Lock()
	t.reused++
	t.mu.Unlock()
	return int64(len(f.Data)), true, t.add(name, f, t.parent.mime[name])
}

// names lists the files below a folder.
func (t *memTree) names(prefix string) (list []string) {
	for _, name := range slices.Sorted(maps.Keys(t.files)) {
		if strings.HasPrefix(name, prefix) {
			list = append(list, name)
		}
	}
	return list
}

// sameTree fails where two trees differ.
func sameTree(t testing.TB, got, want *memTree) {
	t.Helper()
	if g, w := got.names(""), want.names(""); !slices.Equal(g, w) {
		t.Fatalf("files %v, want %v", g, w)
	}
	for name, f := range want.files {
		g := got.files[name]
		if !bytes.Equal(g.Data, f.Data) || !g.ModTime.Equal(f.ModTime) || got.mime[name] != want.mime[name] {
			t.Errorf("%s differs", name)
		}
	}
}

// vectors returns a file of the shared vectors, or skips.
func vectors(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("BAKFS_VECTORS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "vectors")
	}
	p := filepath.Join(dir, "signal", name)
	if _, err := os.Stat(p); err != nil {
		t.Skipf("no vectors (BAKFS_VECTORS): %v", err)
	}
	return p
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeFile(t testing.TB, name string, b []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func find(t testing.TB, path string) *Source {
	t.Helper()
	s, err := Find(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// store stores an item into a new tree and reads it back.
func store(t testing.TB, s *Source, item Item, key string, parent *memTree) (*memTree, Report, *Archive) {
	t.Helper()
	b, err := s.Open(context.Background(), item, key)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	tree := newTree(parent)
	report, err := b.Store(context.Background(), tree)
	if err != nil {
		t.Fatal(err)
	}
	a, err := Open(tree.files)
	if err != nil {
		t.Fatal(err)
	}
	return tree, report, a
}

// all returns copies of all records.
func all(t testing.TB, records signal.Records) (list [][]byte) {
	t.Helper()
	for {
		rec, err := records.Next()
		if err == io.EOF {
			return list
		}
		if err != nil {
			t.Fatalf("after %d records: %v", len(list), err)
		}
		list = append(list, bytes.Clone(rec))
	}
}

func equalRecords(t testing.TB, got, want [][]byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
	for i := range got {
		if !bytes.Equal(got[i], want[i]) {
			t.Fatalf("record %d differs", i)
		}
	}
}

// stored returns all records of an archive.
func stored(t testing.TB, a *Archive) [][]byte {
	t.Helper()
	r, err := a.Records(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	return all(t, r)
}

// stream returns records as a record stream.
func stream(records ...[]byte) []byte {
	var b bytes.Buffer
	w := signal.NewRecordWriter(&b)
	for _, rec := range records {
		w.Write(rec)
	}
	return b.Bytes()
}

func frame(item signal.FrameItem) []byte { return signal.Append(nil, &signal.Frame{Item: item}) }

// text is a message.
func text(chat uint64, at signal.Millis, body string) []byte {
	return frame(&signal.ChatItem{ChatID: chat, AuthorID: 1, DateSent: at, Outgoing: &signal.Outgoing{},
		Body: &signal.StandardMessage{Text: &signal.Text{Body: body}}})
}

func info(at signal.Millis) []byte {
	return signal.Append(nil, &signal.BackupInfo{Version: 1, BackupTimeMs: at})
}

var errTest = errors.New("as the test wants it")

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return string(h[:])
}
