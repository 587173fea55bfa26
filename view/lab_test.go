package view

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"bakfs/signal/archive"
	"bakfs/view/history"
)

// A stock is the tree of one stored backup, in memory. It has ContentIDs and
// extended attributes as snapshots have.
type stock struct {
	mu    sync.Mutex
	files fstest.MapFS
	ids   map[string][32]byte
}

func newStock() *stock { return &stock{files: fstest.MapFS{}, ids: map[string][32]byte{}} }

func (s *stock) Write(_ context.Context, name string, mtime time.Time, mime string, r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	xattrs := map[string][]byte{}
	if mime != "" {
		xattrs["user.mime_type"] = []byte(mime)
	}
	if l, ok := r.(interface{ Length() time.Duration }); ok && l.Length() > 0 {
		xattrs["user.bakfs.length"] = fmt.Append(nil, l.Length().Milliseconds())
	}
	s.files[name] = &fstest.MapFile{Data: b, ModTime: mtime, Mode: 0o600, Sys: xattrs}
	s.ids[name] = sha256.Sum256(b)
	return nil
}

func (s *stock) Reuse(context.Context, string) (int64, bool, error) { return 0, false, nil }

// shelf is a folder of a stock as an FS.
type shelf struct {
	*stock
	dir string
}

func (s *stock) tree() shelf {
	for name := range s.files {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			f := s.files[dir]
			if f == nil {
				f = &fstest.MapFile{Mode: iofs.ModeDir | 0o700}
				s.files[dir] = f
			}
			if t := s.files[name].ModTime; t.After(f.ModTime) {
				f.ModTime = t
			}
		}
	}
	return shelf{s, ""}
}

func (s shelf) at(name string) string { return path.Join(s.dir, name) }

// id is that of a file, or of all that is in a folder.
func (s shelf) id(full string) [32]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id, ok := s.ids[full]; ok {
		return id
	}
	var list []string
	for name, id := range s.ids {
		if rest, ok := strings.CutPrefix(name, full+"/"); ok {
			list = append(list, fmt.Sprintf("%s %x", rest, id))
		}
	}
	slices.Sort(list)
	return sha256.Sum256([]byte(strings.Join(list, "\n")))
}

type shelfInfo struct {
	iofs.FileInfo
	id [32]byte
}

func (i shelfInfo) ContentID() ([32]byte, bool) { return i.id, true }

type shelfEntry struct {
	iofs.DirEntry
	of   shelf
	full string
}

func (e shelfEntry) Info() (iofs.FileInfo, error) {
	i, err := e.DirEntry.Info()
	return shelfInfo{i, e.of.id(e.full)}, err
}

func (s shelf) Open(name string) (iofs.File, error) {
	f, err := s.files.Open(cmpDot(s.at(name)))
	if err != nil {
		return nil, err
	}
	return shelfFile{f, s, s.at(name)}, nil
}

func cmpDot(name string) string {
	if name == "" {
		return "."
	}
	return name
}

type shelfFile struct {
	iofs.File
	of   shelf
	full string
}

func (f shelfFile) ReadAt(p []byte, off int64) (int, error) {
	return f.File.(io.ReaderAt).ReadAt(p, off)
}

func (f shelfFile) Stat() (iofs.FileInfo, error) {
	i, err := f.File.Stat()
	return shelfInfo{i, f.of.id(f.full)}, err
}

func (f shelfFile) ReadDir(n int) ([]iofs.DirEntry, error) {
	list, err := f.File.(iofs.ReadDirFile).ReadDir(n)
	for i, e := range list {
		list[i] = shelfEntry{e, f.of, path.Join(f.full, e.Name())}
	}
	return list, err
}

func (s shelf) Sub(name string) (iofs.FS, error) { return shelf{s.stock, s.at(name)}, nil }

func (s shelf) Xattrs(name string) (map[string][]byte, error) {
	f := s.files[s.at(name)]
	if f == nil {
		return nil, iofs.ErrNotExist
	}
	xattrs, _ := f.Sys.(map[string][]byte)
	return xattrs, nil
}

// A set is a folder that the generator has written.
type set struct {
	dir   string
	truth string
}

// generate runs the generator with some arguments, or skips the test.
func generate(t testing.TB, args ...string) set {
	t.Helper()
	tool := os.Getenv("BAKFS_SIGNALGEN")
	if tool == "" {
		tool = filepath.Join("..", "..", "shared", "tools", "signalgen")
	}
	if _, err := os.Stat(filepath.Join(tool, "go.mod")); err != nil {
		t.Skipf("no generated backups (BAKFS_SIGNALGEN): %v", err)
	}
	dir := t.TempDir()
	s := set{filepath.Join(dir, "out"), filepath.Join(dir, "truth.jsonl")}
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "signalgen"), ".")
	build.Dir = tool
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	run := exec.Command(filepath.Join(dir, "signalgen"), append([]string{"--out", s.dir, "--truth", s.truth, "--quiet"}, args...)...)
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return s
}

// store stores all backups of a folder, oldest first.
func (s set) store(t testing.TB, folder, keyFile string) []history.Backup {
	t.Helper()
	source, err := archive.Find(filepath.Join(s.dir, folder))
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join(s.dir, keyFile))
	if err != nil {
		t.Fatal(err)
	}
	var all []history.Backup
	for _, item := range source.Items {
		b, err := source.Open(t.Context(), item, strings.TrimSpace(string(key)))
		if err != nil {
			t.Fatal(err)
		}
		tree := newStock()
		if _, err := b.Store(t.Context(), tree); err != nil {
			t.Fatal(err)
		}
		b.Close()
		all = append(all, history.Backup{Label: b.Time.UTC().Format("2006-01-02_1504"), Time: b.Time, FS: tree.tree()})
	}
	return all
}
