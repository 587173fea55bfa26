package history

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	iofs "io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bakfs/signal"
	"bakfs/signal/archive"
)

// A tree is a stored backup in memory, with the powers of a snapshot's tree.
type tree struct {
	*treeData
	ctx context.Context
}

type treeData struct {
	files map[string]*treeFile
	dirs  map[string][]iofs.DirEntry // sorted; made by freeze
	infos map[string]*treeInfo
	noIDs bool

	mu    sync.Mutex
	opens map[string]int
	fail  func(name string) error
}

type treeFile struct {
	data  []byte
	mtime time.Time
	mime  string
}

func newTree() *tree {
	return &tree{&treeData{files: map[string]*treeFile{}, opens: map[string]int{}}, context.Background()}
}

// Write implements archive.Tree.
func (t *tree) Write(_ context.Context, name string, mtime time.Time, mime string, r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.files[name] = &treeFile{b, mtime, mime}
	return nil
}

// Reuse implements archive.Tree.
func (t *tree) Reuse(context.Context, string) (int64, bool, error) { return 0, false, nil }

// freeze makes the folders.
func (t *tree) freeze() *tree {
	t.dirs, t.infos = map[string][]iofs.DirEntry{}, map[string]*treeInfo{}
	kids := map[string]map[string]bool{}
	for name, f := range t.files {
		t.infos[name] = &treeInfo{path.Base(name), int64(len(f.data)), f.mtime, false, sha256.Sum256(f.data), t.noIDs}
		for at := name; at != "."; at = path.Dir(at) {
			up := path.Dir(at)
			if kids[up] == nil {
				kids[up] = map[string]bool{}
			}
			kids[up][at] = true
		}
	}
	var fix func(dir string) *treeInfo
	fix = func(dir string) *treeInfo {
		if i := t.infos[dir]; i != nil {
			return i
		}
		i := &treeInfo{name: path.Base(dir), dir: true, noID: t.noIDs}
		h := sha256.New()
		for _, k := range slices.Sorted(maps.Keys(kids[dir])) {
			ki := fix(k)
			fmt.Fprintf(h, "%q %x %v\n", ki.name, ki.id, ki.mtime.UnixNano())
			if ki.mtime.After(i.mtime) {
				i.mtime = ki.mtime
			}
			t.dirs[dir] = append(t.dirs[dir], iofs.FileInfoToDirEntry(ki))
		}
		i.id = [32]byte(h.Sum(nil))
		t.infos[dir] = i
		return i
	}
	fix(".")
	return t
}

type treeInfo struct {
	name  string
	size  int64
	mtime time.Time
	dir   bool
	id    [32]byte
	noID  bool
}

func (i *treeInfo) Name() string                { return i.name }
func (i *treeInfo) Size() int64                 { return i.size }
func (i *treeInfo) ModTime() time.Time          { return i.mtime }
func (i *treeInfo) IsDir() bool                 { return i.dir }
func (i *treeInfo) Sys() any                    { return nil }
func (i *treeInfo) ContentID() ([32]byte, bool) { return i.id, !i.noID }
func (i *treeInfo) Mode() iofs.FileMode {
	if i.dir {
		return iofs.ModeDir | 0o700
	}
	return 0o600
}

func (t *tree) WithContext(ctx context.Context) iofs.FS { return &tree{t.treeData, ctx} }

func (t *tree) check(op, name string) error {
	err := t.ctx.Err()
	t.mu.Lock()
	if t.fail != nil {
		err = cmp.Or(err, t.fail(name))
	}
	t.opens[op+" "+name]++
	t.mu.Unlock()
	if err == nil && t.infos[name] == nil {
		err = iofs.ErrNotExist
	}
	if err != nil {
		return &iofs.PathError{Op: op, Path: name, Err: err}
	}
	return nil
}

func (t *tree) Stat(name string) (iofs.FileInfo, error) {
	if err := t.check("stat", name); err != nil {
		return nil, err
	}
	return t.infos[name], nil
}

func (t *tree) ReadDir(name string) ([]iofs.DirEntry, error) {
	if err := t.check("list", name); err != nil {
		return nil, err
	}
	return t.dirs[name], nil
}

func (t *tree) Xattrs(name string) (map[string][]byte, error) {
	if err := t.check("xattrs", name); err != nil {
		return nil, err
	}
	if f := t.files[name]; f != nil && f.mime != "" {
		return map[string][]byte{"user.mime_type": []byte(f.mime)}, nil
	}
	return nil, nil
}

func (t *tree) Open(name string) (iofs.File, error) {
	if err := t.check("open", name); err != nil {
		return nil, err
	}
	if f := t.files[name]; f != nil {
		return &treeOpen{bytes.NewReader(f.data), t.infos[name]}, nil
	}
	return nil, &iofs.PathError{Op: "open", Path: name, Err: iofs.ErrInvalid}
}

type treeOpen struct {
	*bytes.Reader
	info *treeInfo
}

func (o *treeOpen) Stat() (iofs.FileInfo, error) { return o.info, nil }
func (o *treeOpen) Close() error                 { return nil }

// opened returns how many calls there were whose name begins so, and forgets them.
func (t *tree) opened(op, prefix string) (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k, c := range t.opens {
		if strings.HasPrefix(k, op+" "+prefix) {
			n += c
			delete(t.opens, k)
		}
	}
	return n
}

// store writes records, BackupInfo first, as package archive does.
func store(t testing.TB, account string, at time.Time, records [][]byte, media map[string][]byte) *tree {
	t.Helper()
	tr := newTree()
	put := func(name string, mtime time.Time, mime string, b []byte) {
		tr.files[name] = &treeFile{b, mtime, mime}
	}
	recipients, chats := map[uint64]string{}, map[uint64]string{}
	var frames []byte
	months := map[string][]byte{}
	last := map[string]signal.Millis{}
	for i, rec := range records {
		var f signal.Frame
		if i > 0 && signal.Unmarshal(rec, &f) != nil {
			t.Fatal("bad record in a test")
		}
		item, ok := f.Item.(*signal.ChatItem)
		if !ok {
			switch d := f.Item.(type) {
			case *signal.Recipient:
				recipients[d.ID] = archive.ConversationKey(d)
			case *signal.Chat:
				chats[d.ID] = cmp.Or(recipients[d.RecipientID], fmt.Sprint("chat:", d.ID))
			}
			frames = append(binary.AppendUvarint(frames, uint64(len(rec))), rec...)
			continue
		}
		key := cmp.Or(chats[item.ChatID], fmt.Sprint("chat:", item.ChatID))
		name := "chats/" + archive.ConversationDir(key) + "/" + item.DateSent.Time().Format("2006-01")
		months[name] = append(binary.AppendUvarint(months[name], uint64(len(rec))), rec...)
		last[name] = max(last[name], item.DateSent)
	}
	for name, b := range months {
		put(name, last[name].Time(), "", b)
	}
	put("frames", at, "", frames)
	put("order", at, "", []byte("signal order 1\n"))
	e := &archive.Envelope{Format: archive.Stream, Time: at, Account: account, Owner: "Jana"}
	b, err := e.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	put("envelope", at, "", b)
	for hash, b := range media {
		put("media/"+hash[:2]+"/"+hash, time.Unix(0, 0), mimeOf(b), b)
	}
	return tr.freeze()
}

// mimeOf is what the test's media say they are.
func mimeOf(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xd8\xff")):
		return "image/jpeg"
	case bytes.HasPrefix(b, []byte("%PDF")):
		return "application/pdf"
	}
	return ""
}

const ownACI = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
