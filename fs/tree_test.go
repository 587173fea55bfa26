package fs

import (
	"bytes"
	"context"
	"errors"
	"io"
	iofs "io/fs"
	"os"
	"slices"
	"sort"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// An item is a file or directory of the tests' own tree. Its zero hooks do
// nothing special.
type item struct {
	st     syscall.Stat_t
	data   []byte
	target string
	xattrs map[string][]byte

	mu       sync.Mutex // guards names and items: tests change volatile directories
	items    map[string]*item
	volatile bool

	read func(ctx context.Context, p []byte, off int64) (int, error) // instead of data
	look func(ctx context.Context) error                             // before anything is asked about it
}

var (
	lastIno  uint64 = 1000
	inoMu    sync.Mutex
	testTime = time.Date(2026, 5, 31, 3, 0, 0, 123456789, time.UTC)
)

func newItem(mode uint32) *item {
	inoMu.Lock()
	defer inoMu.Unlock()
	lastIno++
	t := syscall.NsecToTimespec(testTime.UnixNano())
	return &item{st: syscall.Stat_t{Ino: lastIno, Mode: mode, Nlink: 1, Mtim: t, Ctim: t, Atim: t}}
}

func file(data string) *item {
	i := newItem(syscall.S_IFREG | 0o644)
	i.data = []byte(data)
	i.st.Size = int64(len(data))
	i.st.Blocks = (i.st.Size + 511) / 512
	return i
}

func link(target string) *item {
	i := newItem(syscall.S_IFLNK | 0o777)
	i.target, i.st.Size = target, int64(len(target))
	return i
}

type items map[string]*item

func dir(content items) *item {
	i := newItem(syscall.S_IFDIR | 0o755)
	i.st.Nlink, i.items = 2, content
	if content == nil {
		i.items = items{}
	}
	return i
}

func (i *item) change(f func(items)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	f(i.items)
}

// A treeFS is one directory of the test tree, as the seam describes it.
type treeFS struct {
	ctx context.Context
	at  *item
}

func tree(root *item) treeFS { return treeFS{context.Background(), root} }

func (t treeFS) WithContext(ctx context.Context) iofs.FS { return treeFS{ctx, t.at} }
func (t treeFS) Volatile() bool                          { return t.at.volatile }

func (t treeFS) find(name string) (*item, error) {
	i := t.at
	if name != "." {
		if strings.Contains(name, "/") {
			return nil, errors.New("more than one name: " + name)
		}
		i.mu.Lock()
		defer i.mu.Unlock()
		i = i.items[name]
	}
	if i == nil {
		return nil, &iofs.PathError{Op: "find", Path: name, Err: iofs.ErrNotExist}
	}
	if i.look != nil {
		if err := i.look(t.ctx); err != nil {
			return nil, &iofs.PathError{Op: "find", Path: name, Err: err}
		}
	}
	return i, nil
}

func (t treeFS) Lstat(name string) (iofs.FileInfo, error) {
	i, err := t.find(name)
	if err != nil {
		return nil, err
	}
	return i.info(name), nil
}

func (t treeFS) ReadLink(name string) (string, error) {
	i, err := t.find(name)
	if err != nil {
		return "", err
	}
	return i.target, nil
}

func (t treeFS) Sub(name string) (iofs.FS, error) {
	i, err := t.find(name)
	if err != nil {
		return nil, err
	}
	return treeFS{t.ctx, i}, nil
}

func (t treeFS) Xattrs(name string) (map[string][]byte, error) {
	i, err := t.find(name)
	if err != nil {
		return nil, err
	}
	return i.xattrs, nil
}

func (t treeFS) Open(name string) (iofs.File, error) {
	i, err := t.find(name)
	if err != nil {
		return nil, err
	}
	return &treeFile{i: i, name: name}, nil
}

func (t treeFS) ReadDir(string) ([]iofs.DirEntry, error) { return t.at.list(), nil }

func (i *item) list() []iofs.DirEntry {
	i.mu.Lock()
	defer i.mu.Unlock()
	var all []iofs.DirEntry
	for name, c := range i.items {
		all = append(all, iofs.FileInfoToDirEntry(c.info(name)))
	}
	sort.Slice(all, func(a, b int) bool { return all[a].Name() < all[b].Name() })
	return all
}

type treeInfo struct {
	name string
	st   syscall.Stat_t
}

func (i *item) info(name string) iofs.FileInfo { return &treeInfo{name, i.st} }

func (f *treeInfo) Name() string       { return f.name }
func (f *treeInfo) Size() int64        { return f.st.Size }
func (f *treeInfo) IsDir() bool        { return isDir(f.st.Mode) }
func (f *treeInfo) ModTime() time.Time { return time.Unix(f.st.Mtim.Unix()) }
func (f *treeInfo) Sys() any           { return &f.st }
func (f *treeInfo) Mode() iofs.FileMode {
	m := iofs.FileMode(f.st.Mode & 0o777)
	switch f.st.Mode & syscall.S_IFMT {
	case syscall.S_IFDIR:
		m |= iofs.ModeDir
	case syscall.S_IFLNK:
		m |= iofs.ModeSymlink
	case syscall.S_IFIFO:
		m |= iofs.ModeNamedPipe
	case syscall.S_IFSOCK:
		m |= iofs.ModeSocket
	case syscall.S_IFBLK:
		m |= iofs.ModeDevice
	case syscall.S_IFCHR:
		m |= iofs.ModeDevice | iofs.ModeCharDevice
	}
	return m
}

type treeFile struct {
	i    *item
	name string
	left []iofs.DirEntry
	all  bool
}

var errClosed = errors.New("read after close")

func (f *treeFile) Stat() (iofs.FileInfo, error) { return f.i.info(f.name), nil }
func (f *treeFile) Read([]byte) (int, error)     { return 0, errors.New("only ReadAt is used") }
func (f *treeFile) Close() error                 { f.i = nil; return nil }

func (f *treeFile) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	if f.i == nil {
		return 0, errClosed
	}
	if f.i.read != nil {
		return f.i.read(ctx, p, off)
	}
	return bytes.NewReader(f.i.data).ReadAt(p, off)
}

func (f *treeFile) ReadDir(n int) ([]iofs.DirEntry, error) {
	if !f.all {
		f.left, f.all = f.i.list(), true
	}
	if len(f.left) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(f.left))
	out := f.left[:n]
	f.left = f.left[n:]
	return slices.Clip(out), nil
}

// needFUSE skips where nothing can be mounted.
func needFUSE(t testing.TB) {
	t.Helper()
	f, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no FUSE here: %v", err)
	}
	f.Close()
}

// mount mounts root for the time of the test and returns where. Whatever
// happens, nothing stays mounted.
func mount(t testing.TB, root iofs.FS, o Options) (string, *Server) {
	t.Helper()
	needFUSE(t)
	at := t.TempDir()
	if o.Log == nil {
		o.Log = func(path string, err error) { t.Errorf("unexpected damage at %s: %v", path, err) }
	}
	s, err := Mount(at, root, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Unmount(); err != nil {
			t.Errorf("unmount: %v", err)
			syscall.Unmount(at, syscall.MNT_DETACH)
		}
	})
	return at, s
}

// damage collects what is reported.
type damage struct {
	mu    sync.Mutex
	paths []string
	errs  []error
}

func (d *damage) log(path string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.paths, d.errs = append(d.paths, path), append(d.errs, err)
}

func (d *damage) seen() ([]string, []error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.paths), slices.Clone(d.errs)
}
