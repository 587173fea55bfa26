package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"bakfs/seal"
	"bakfs/store"
)

// openTree is Open over a fake.
func openTree(m *memStore, root seal.ID) view {
	return view{context.Background(), newTree(newNodes(m, nodeCacheBytes), Info{ID: seal.Hash{1}, Root: root}, "snapshot").root()}
}

func dirEntry(t testing.TB, m *memStore, name string, entries ...Entry) Entry {
	t.Helper()
	return Entry{Name: name, Kind: Dir, Mode: 0o755, Nlink: 2, MTime: 1e18, Root: writeDir(t, m, entries)}
}

// sample has one of every kind.
func sample(t testing.TB, m *memStore) seal.ID {
	long := Entry{Name: "long", Kind: File, Mode: 0o600, Nlink: 1}
	w := newListWriter(m)
	for i := range 30 {
		b := []byte(strings.Repeat(string(rune('a'+i%26)), 1000+i))
		id, _, err := m.Put(context.Background(), seal.Content, b)
		if err == nil {
			err = w.add(context.Background(), Extent{uint32(len(b)), id})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.finish(context.Background(), &long); err != nil {
		t.Fatal(err)
	}
	linked := Entry{Name: "linked", Kind: File, Flags: flagHardLink, Inode: 7, Device: 8, Nlink: 2, Mode: 0o4755, Size: 1, Inline: []byte("l")}
	other := linked
	other.Name = "other"
	other.Xattrs = []Xattr{{"user.note", []byte("\x00v")}}
	home := dirEntry(t, m, "home",
		Entry{Name: "dev", Kind: CharDevice, Mode: 0o666, Nlink: 1, Major: 1, Minor: 3},
		Entry{Name: "empty", Kind: File, Nlink: 1},
		linked, long, other,
		Entry{Name: "pipe", Kind: FIFO, Mode: 0o600, Nlink: 1},
		Entry{Name: "rel", Kind: Symlink, Mode: 0o777, Nlink: 1, Target: "linked"},
		Entry{Name: "sock", Kind: Socket, Nlink: 1})
	home.Xattrs = []Xattr{{"user.dir", []byte("d")}}
	return writeDir(t, m, []Entry{dirEntry(t, m, "bare"), home, plainFile("top", "hello")})
}

func TestTreeIsAnFS(t *testing.T) {
	m := newMemStore()
	fsys := openTree(m, sample(t, m))
	if err := fstest.TestFS(fsys, "bare", "home/dev", "home/empty", "home/linked", "home/long", "home/other", "home/pipe", "home/rel", "home/sock", "top"); err != nil {
		t.Error(err)
	}
	sub, err := fsys.Sub("home")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := iofs.Stat(sub, "long"); err != nil {
		t.Error(err)
	}
}

func TestTreeShowsWhatIsStored(t *testing.T) {
	m := newMemStore()
	fsys := openTree(m, sample(t, m))
	stat := func(name string) (iofs.FileInfo, *syscall.Stat_t) {
		info, err := fsys.Lstat(name)
		if err != nil {
			t.Fatal(err)
		}
		return info, info.Sys().(*syscall.Stat_t)
	}
	linked, ls := stat("home/linked")
	_, os := stat("home/other")
	if linked.Mode() != 0o755|iofs.ModeSetuid || ls.Mode != syscall.S_IFREG|0o4755 || ls.Nlink != 2 || ls.Blocks != 1 {
		t.Errorf("%v %+v", linked.Mode(), ls)
	}
	if ls.Ino != os.Ino {
		t.Error("two names of one file have two inodes")
	}
	if info, s := stat("home/dev"); info.Mode() != 0o666|iofs.ModeDevice|iofs.ModeCharDevice || s.Rdev != 0x103 {
		t.Errorf("%v %#x", info.Mode(), s.Rdev)
	}
	if info, _ := stat("home/rel"); info.Mode().Type() != iofs.ModeSymlink || info.Size() != 6 {
		t.Errorf("%v", info)
	}
	if target, err := fsys.ReadLink("home/rel"); target != "linked" || err != nil {
		t.Error(target, err)
	}
	if x, err := fsys.Xattrs("home/other"); len(x) != 1 || string(x["user.note"]) != "\x00v" || err != nil {
		t.Error(x, err)
	}
	home, err := fsys.Sub("home")
	if err != nil {
		t.Fatal(err)
	}
	if x, err := home.(view).Xattrs("."); len(x) != 1 || string(x["user.dir"]) != "d" || err != nil {
		t.Error(x, err)
	}
	if home.(view).Volatile() {
		t.Error("a snapshot changes")
	}
}

// Every way to the same thing tells the same about it, and inodes are of a snapshot and a path.
func TestInodesAreStableAndDistinct(t *testing.T) {
	m := newMemStore()
	root := sample(t, m)
	seen := map[uint64]string{}
	walk := func(fsys view) (inodes []uint64) {
		err := iofs.WalkDir(fsys, ".", func(name string, d iofs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			direct, err := fsys.Lstat(name)
			if err != nil {
				return err
			}
			a, b := *info.Sys().(*syscall.Stat_t), *direct.Sys().(*syscall.Stat_t)
			if a != b {
				t.Errorf("%s: listed %+v, looked up %+v", name, a, b)
			}
			inodes = append(inodes, a.Ino)
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		return inodes
	}
	first := walk(openTree(m, root))
	if !slices.Equal(first, walk(openTree(m, root))) {
		t.Error("another mount has other inodes")
	}
	for i, ino := range first {
		if ino < 2 || seen[ino] != "" && seen[ino] != "home/linked" {
			t.Errorf("inode %d stands twice", ino)
		}
		seen[ino] = fmt.Sprint(i)
		if i == 5 { // "linked", whose inode "other" has too
			seen[ino] = "home/linked"
		}
	}
	other := view{context.Background(), newTree(newNodes(m, 0), Info{ID: seal.Hash{2}, Root: root}, "snapshot").root()}
	for _, ino := range walk(other) {
		if seen[ino] != "" {
			t.Error("two snapshots share an inode")
		}
	}
}

func TestTreeRefusesBadNames(t *testing.T) {
	m := newMemStore()
	fsys := openTree(m, sample(t, m))
	for _, name := range []string{"", "/", "/top", "top/", "./top", "home//linked", "home/../top", "..", "home/."} {
		if _, err := fsys.Lstat(name); !errors.Is(err, iofs.ErrInvalid) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := fsys.Lstat("home/none"); !errors.Is(err, iofs.ErrNotExist) {
		t.Error(err)
	}
	for _, name := range []string{"top/below", "home/rel/below"} {
		if _, err := fsys.Lstat(name); !errors.Is(err, syscall.ENOTDIR) {
			t.Error(err)
		}
	}
	if _, err := fsys.Sub("top"); !errors.Is(err, syscall.ENOTDIR) {
		t.Error(err)
	}
	if _, err := fsys.ReadDir("top"); !errors.Is(err, syscall.ENOTDIR) {
		t.Error(err)
	}
	if _, err := fsys.ReadLink("top"); !errors.Is(err, iofs.ErrInvalid) {
		t.Error(err)
	}
}

func TestLinksAreFollowedInsideOnly(t *testing.T) {
	m := newMemStore()
	link := func(name, target string) Entry { return Entry{Name: name, Kind: Symlink, Target: target, Nlink: 1} }
	root := writeDir(t, m, []Entry{
		link("abs", "/top"), link("gone", "none"), link("good", "top"), link("loop", "loop"), link("out", "../top"), plainFile("top", "hi"), link("twice", "good"),
	})
	fsys := openTree(m, root)
	for name, want := range map[string]error{"abs": iofs.ErrNotExist, "gone": iofs.ErrNotExist, "loop": syscall.ELOOP, "out": iofs.ErrNotExist, "good": nil, "twice": nil} {
		b, err := iofs.ReadFile(fsys, name)
		if !errors.Is(err, want) || want == nil && string(b) != "hi" {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
}

func TestNamesAreRawBytes(t *testing.T) {
	m := newMemStore()
	bad, long := "\xff\xfe caf\xe9\n", strings.Repeat("\x80", 255)
	root := writeDir(t, m, []Entry{plainFile(long, "long"), dirEntry(t, m, bad, plainFile("a\\b*?", "x"))})
	fsys := openTree(m, root)
	for name, want := range map[string]string{long: "long", bad + "/a\\b*?": "x"} {
		if b, err := iofs.ReadFile(fsys, name); string(b) != want || err != nil {
			t.Errorf("%q: %q, %v", name, b, err)
		}
	}
}

// Damage in one directory is an error there and nowhere else, and says where.
func TestDamageStaysWhereItIs(t *testing.T) {
	m := newMemStore()
	bad := dirEntry(t, m, "bad", plainFile("f", "x"))
	root := writeDir(t, m, []Entry{bad, dirEntry(t, m, "good", plainFile("f", "y"))})
	m.broken[bad.Root] = errBroken
	fsys := openTree(m, root)
	if list, err := fsys.ReadDir("."); len(list) != 2 || err != nil {
		t.Error(list, err)
	}
	_, err := fsys.ReadDir("bad")
	var at *iofs.PathError
	if !errors.Is(err, store.ErrDamaged) || !errors.As(err, &at) || at.Path != "bad" {
		t.Error(err)
	}
	if _, err := fsys.Lstat("bad/f"); !errors.Is(err, store.ErrDamaged) {
		t.Error(err)
	}
	if b, err := iofs.ReadFile(fsys, "good/f"); string(b) != "y" || err != nil {
		t.Error(err)
	}
}

func TestCallsEndWithTheirContext(t *testing.T) {
	m := newMemStore()
	fsys := openTree(m, sample(t, m))
	ctx, stop := context.WithCancel(t.Context())
	bound := fsys.WithContext(ctx).(view)
	f, err := bound.Open("home/long")
	if err != nil {
		t.Fatal(err)
	}
	stop()
	_, lstat := bound.Lstat("top")
	_, list := bound.ReadDir(".")
	_, read := f.Read(make([]byte, 10))
	for _, err := range []error{lstat, list, read} {
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	if _, err := fsys.Lstat("top"); err != nil {
		t.Error("the FS it came from:", err)
	}
	if _, err := f.(*openFile).ReadAt(t.Context(), make([]byte, 10), 0); err != nil && err != io.EOF {
		t.Error("another context:", err)
	}
}

// A chain of directories that never ends (nodes cannot name themselves, so it is only long) is cut at 1,024.
func TestDepthIsBounded(t *testing.T) {
	m := newMemStore()
	e := dirEntry(t, m, "d")
	for range 1100 {
		e = dirEntry(t, m, "d", e)
	}
	fsys := openTree(m, e.Root)
	if _, err := fsys.Lstat(strings.Repeat("d/", 1021) + "d"); err != nil {
		t.Error(err)
	}
	if _, err := fsys.Lstat(strings.Repeat("d/", 1024) + "d"); !errors.Is(err, store.ErrDamaged) {
		t.Error(err)
	}
	var at iofs.FS = fsys
	for n := 0; ; n++ { // the way a mount goes
		sub, err := iofs.Sub(at, "d")
		if err != nil {
			if n < 1000 || n > 1024 {
				t.Errorf("%d directories deep: %v", n, err)
			}
			return
		}
		at = sub
	}
}
