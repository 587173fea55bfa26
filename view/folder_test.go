package view

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"bakfs/view/history"
	"bakfs/view/memo"
)

// toy is a small tree of everything; rendered counts what was rendered.
func toy(c *Cache, version string, rendered *atomic.Int32) *dir {
	when := at(time.Unix(1e9, 0))
	made := func(name string, parts int) *generated {
		return &generated{
			cache: c, version: fixedVersion(newKey(name, version)), place: newKey(name), parts: parts, links: 1,
			render: func(_ context.Context, i int, _ []byte) (r renderedPart, err error) {
				rendered.Add(1)
				r.bytes = []byte(strings.Repeat(fmt.Sprintf("%s %s %d\n", name, version, i), i*1000))
				r.last = time.Unix(1e9+int64(i), 0)
				return r, nil
			},
		}
	}
	return &dir{ino: 1, mtime: when, list: fixed(
		child{"a.txt", made("a", 3)},
		child{"empty", made("empty", 0)},
		child{"link", &link{ino: 4, target: "sub/deep", mtime: time.Unix(1e9, 0)}},
		child{"sub", &dir{ino: 2, mtime: when, list: fixed(
			child{"deep", &dir{ino: 3, mtime: when, list: fixed(child{"b.txt", made("b", 5)}, child{"up", &link{ino: 5, target: "./b.txt"}})}},
		), look: func(_ context.Context, name string) (node, error) {
			if name == "old" {
				return &link{ino: 6, target: "deep"}, nil
			}
			return nil, iofs.ErrNotExist
		}}},
	)}
}

func newToy(lazy bool) (*tree, *Cache, *atomic.Int32) {
	c, n := NewCache(1<<20), new(atomic.Int32)
	t := &tree{volatile: true, lazy: lazy}
	t.replace(toy(c, "v1", n))
	return t, c, n
}

func TestFolderIsAnFS(t *testing.T) {
	tr, _, _ := newToy(false)
	if err := fstest.TestFS(newFolder(tr), "a.txt", "empty", "link", "sub/deep/b.txt", "sub/deep/up"); err != nil {
		t.Error(err)
	}
}

// Listing renders nothing, stat renders once, and reading has it then.
func TestStatRendersOnce(t *testing.T) {
	tr, _, n := newToy(true)
	f := newFolder(tr)
	list, err := f.ReadDir(".")
	if err != nil || len(list) != 4 {
		t.Fatal(list, err)
	}
	if _, err := list[0].Info(); !errors.Is(err, ErrLater) {
		t.Errorf("info before stat: %v", err)
	}
	if n.Load() != 0 {
		t.Errorf("%d parts rendered by listing", n.Load())
	}
	info, err := f.Stat("a.txt")
	if err != nil || info.Size() != 3000*int64(len("a v1 0\n")) || n.Load() != 3 {
		t.Fatal(info, err, n.Load())
	}
	st := info.Sys().(*syscall.Stat_t)
	if st.Blocks != (info.Size()+511)/512 || st.Nlink != 1 || st.Ino == 0 || info.Mode() != 0o444 || info.ModTime().Unix() != 1e9+2 {
		t.Errorf("%+v", st)
	}
	b, err := iofs.ReadFile(f, "a.txt")
	if err != nil || int64(len(b)) != info.Size() || n.Load() != 3 {
		t.Errorf("%d bytes, %v, %d rendered", len(b), err, n.Load())
	}
	if i, err := list[0].Info(); err != nil || i.Size() != info.Size() {
		t.Error("info after stat:", err)
	}
}

// readEverywhere compares reads at all kinds of offsets with the whole.
func readEverywhere(t *testing.T, f *file, whole []byte) {
	t.Helper()
	for off := 0; off <= len(whole)+10; off += 1 + len(whole)/97 {
		for _, size := range []int{0, 1, 100, 9000, len(whole)} {
			p := make([]byte, size)
			n, err := f.ReadAt(t.Context(), p, int64(off))
			want := whole[min(off, len(whole)):min(off+size, len(whole))]
			if !bytes.Equal(p[:n], want) || (n < size) != (err == io.EOF) && off < len(whole) {
				t.Fatalf("%d bytes at %d: %d, %v", size, off, n, err)
			}
		}
	}
}

func TestReadAtAnyOffset(t *testing.T) {
	tr, c, n := newToy(false)
	f := newFolder(tr)
	whole, err := iofs.ReadFile(f, "sub/deep/b.txt")
	if err != nil {
		t.Fatal(err)
	}
	c.parts = memo.New[key, renderedPart](0) // nothing is kept
	opened, err := f.Open("sub/deep/b.txt")
	if err != nil {
		t.Fatal(err)
	}
	before := n.Load()
	readEverywhere(t, opened.(*file), whole)
	if n.Load() == before {
		t.Error("nothing was rendered again")
	}
}

// After a replacement an open file stays what it was, what changed has another
// inode, and what did not has the same; a renamed folder is followed.
func TestReplace(t *testing.T) {
	tr, c, n := newToy(false)
	f := newFolder(tr)
	old, err := f.Open("a.txt")
	if err != nil {
		t.Fatal(err)
	}
	inode := func(name string) uint64 {
		i, err := f.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		return i.Sys().(*syscall.Stat_t).Ino
	}
	a, empty := inode("a.txt"), inode("empty")
	sub, err := f.Sub("sub/deep")
	if err != nil {
		t.Fatal(err)
	}
	byOldName := folder{t.Context(), &place{tree: tr, up: &place{tree: tr, up: f.at, name: "sub"}, name: "old"}}
	tr.replace(toy(c, "v2", n))
	if inode("a.txt") == a || inode("empty") != empty {
		t.Error("inodes do not follow the contents")
	}
	b, err := io.ReadAll(old)
	if err != nil || !strings.HasPrefix(string(b), "a v1 1\n") {
		t.Errorf("the open file: %.10q, %v", b, err)
	}
	for _, dir := range []iofs.FS{sub, byOldName} {
		if b, err := iofs.ReadFile(dir, "b.txt"); err != nil || !strings.HasPrefix(string(b), "b v2 1\n") {
			t.Errorf("in an old directory: %.10q, %v", b, err)
		}
	}
}

func TestFolderRefuses(t *testing.T) {
	tr, _, _ := newToy(false)
	f := newFolder(tr)
	for name, want := range map[string]error{
		"nothing": iofs.ErrNotExist, "sub/nothing": iofs.ErrNotExist, "a.txt/x": syscall.ENOTDIR, "../x": iofs.ErrInvalid, "": iofs.ErrInvalid, "sub//deep": iofs.ErrInvalid,
	} {
		if _, err := f.Stat(name); !errors.Is(err, want) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := f.Sub("a.txt"); !errors.Is(err, syscall.ENOTDIR) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := iofs.ReadDir(f.WithContext(ctx), "."); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// What only its owner sees stays so when it is copied with its mode.
func TestPrivateModes(t *testing.T) {
	b := newMade(time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC))
	b.say(1774000000000, "hello")
	fsys := Account(history.New(keep(t, b), history.Options{}), Options{Private: true})
	err := iofs.WalkDir(fsys, ".", func(p string, d iofs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		entry, err := d.Info()
		if err != nil {
			return err
		}
		want := map[iofs.FileMode]iofs.FileMode{0: 0o400, iofs.ModeDir: iofs.ModeDir | 0o500, iofs.ModeSymlink: iofs.ModeSymlink | 0o777}[d.Type()]
		if entry.Mode() != want {
			t.Errorf("%s: %v", p, entry.Mode())
		}
		if d.Type() == iofs.ModeSymlink {
			return nil
		}
		f, err := fsys.Open(p)
		if err != nil {
			return err
		}
		defer f.Close()
		if i, err := f.Stat(); err != nil || i.Mode() != want {
			t.Errorf("%s: open %v, %v", p, i.Mode(), err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
