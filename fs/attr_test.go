package fs

import (
	"bytes"
	"context"
	iofs "io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/sys/unix"
)

func lstat(t *testing.T, path string) syscall.Stat_t {
	t.Helper()
	var st syscall.Stat_t
	if err := syscall.Lstat(path, &st); err != nil {
		t.Fatalf("lstat %s: %v", path, err)
	}
	return st
}

// Everything that stat can tell comes out as the tree says it.
func TestStatIsWhatTheTreeSays(t *testing.T) {
	special := func(mode uint32, rdev uint64) *item {
		i := newItem(mode)
		i.st.Rdev = rdev
		return i
	}
	sparse := file("")
	sparse.st.Size, sparse.st.Blocks = 5<<30, 8
	old := file("x")
	old.st.Mtim = syscall.Timespec{Sec: -86400, Nsec: 5}
	old.st.Atim = syscall.Timespec{Sec: 1 << 33, Nsec: 999999999}
	old.st.Uid, old.st.Gid, old.st.Nlink = 4000000000, 12345, 7
	none := file("none")
	none.st.Mode = syscall.S_IFREG
	setuid := file("s")
	setuid.st.Mode = syscall.S_IFREG | 0o7777
	all := items{
		"sparse": sparse, "old": old, "none": none, "setuid": setuid, "dir": dir(nil), "link": link("some/where"),
		"fifo": special(syscall.S_IFIFO|0o600, 0), "socket": special(syscall.S_IFSOCK|0o777, 0),
		"char":     special(syscall.S_IFCHR|0o620, unix.Mkdev(136, 70000)),
		"block":    special(syscall.S_IFBLK|0o660, unix.Mkdev(8, 3)),
		"\xff\xfe": file("not text"), string(bytes.Repeat([]byte("n"), 255)): file("long"),
	}
	at, _ := mount(t, tree(dir(all)), Options{})
	for pass := range 2 { // by lookup, then by readdirplus
		for name, want := range all {
			got, w := lstat(t, at+"/"+name), want.st
			if os.Geteuid() != 0 {
				w.Uid, w.Gid = uint32(os.Geteuid()), uint32(os.Getegid())
			}
			got.Dev, w.Dev, got.Blksize, w.Blksize = 0, 0, 0, 0
			if got != w {
				t.Errorf("pass %d, %q:\n got %+v\nwant %+v", pass, name, got, w)
			}
		}
		if _, err := os.ReadDir(at); err != nil {
			t.Fatal(err)
		}
	}
	if to, err := os.Readlink(at + "/link"); err != nil || to != "some/where" {
		t.Errorf("readlink: %q, %v", to, err)
	}
	if _, err := os.Open(at + "/char"); err == nil {
		t.Error("a device can be opened")
	}
}

func TestOptionsSayWhoseEverythingIs(t *testing.T) {
	f := file("x")
	f.st.Uid, f.st.Gid = 5, 6
	uid, gid := uint32(0), uint32(77)
	at, _ := mount(t, tree(dir(items{"f": f})), Options{UID: &uid, GID: &gid})
	if st := lstat(t, at+"/f"); st.Uid != 0 || st.Gid != 77 {
		t.Errorf("owner %d:%d", st.Uid, st.Gid)
	}
}

func TestStatfsAndMountOptions(t *testing.T) {
	at, _ := mount(t, tree(dir(nil)), Options{Name: "a,b c\\d"})
	var st unix.Statfs_t
	if err := unix.Statfs(at, &st); err != nil {
		t.Fatal(err)
	}
	if st.Blocks == 0 || st.Bsize == 0 || st.Files == 0 || st.Namelen != 255 || st.Bfree != 0 {
		t.Errorf("statfs: %+v", st)
	}
	want := int64(unix.ST_RDONLY | unix.ST_NOSUID | unix.ST_NODEV | unix.ST_NOEXEC)
	if int64(st.Flags)&want != want {
		t.Errorf("flags %x, want %x", st.Flags, want)
	}
	table, _ := os.ReadFile("/proc/self/mountinfo")
	for _, line := range bytes.Split(table, []byte("\n")) {
		if !bytes.Contains(line, []byte(at)) {
			continue
		}
		if !bytes.Contains(line, []byte("default_permissions")) || bytes.Contains(line, []byte("allow_other")) ||
			!bytes.Contains(line, []byte(`fuse.bakfs a,b\040c\134d`)) {
			t.Errorf("mounted as %s", line)
		}
	}
}

type totals struct{ treeFS }

func (t totals) WithContext(ctx context.Context) iofs.FS { return totals{treeFS{ctx, t.at}} }
func (t totals) Totals() (uint64, uint64) {
	if _, ok := t.ctx.(*request); !ok {
		return 0, 0
	}
	return 4096*10 + 1, 42
}

func TestStatfsTellsTheTreesTotals(t *testing.T) {
	at, _ := mount(t, totals{tree(dir(nil))}, Options{})
	var st unix.Statfs_t
	if err := unix.Statfs(at, &st); err != nil || st.Blocks*uint64(st.Frsize) != 11*4096 || st.Files != 42 {
		t.Errorf("statfs: %+v, %v", st, err)
	}
}

// A tree of the standard library has no Stat_t at all.
func TestPlainTree(t *testing.T) {
	when := time.Date(2020, 1, 2, 3, 4, 5, 6, time.UTC)
	at, _ := mount(t, fstest.MapFS{
		"a/b/c.txt": {Data: []byte("hello"), Mode: 0o640, ModTime: when},
		"a/s":       {Data: []byte("x"), Mode: 0o755 | os.ModeSetuid, ModTime: when},
		"a/to":      {Data: []byte("b/c.txt"), Mode: 0o777 | os.ModeSymlink},
	}, Options{})
	if got, err := os.ReadFile(at + "/a/to"); err != nil || string(got) != "hello" {
		t.Errorf("through the link: %q, %v", got, err)
	}
	st := lstat(t, at+"/a/b/c.txt")
	if st.Mode != syscall.S_IFREG|0o640 || st.Size != 5 || st.Nlink != 1 || st.Blocks != 1 || st.Ino < 2 ||
		st.Mtim != syscall.NsecToTimespec(when.UnixNano()) {
		t.Errorf("stat: %+v", st)
	}
	if st := lstat(t, at+"/a/s"); st.Mode != syscall.S_IFREG|syscall.S_ISUID|0o755 {
		t.Errorf("mode %o", st.Mode)
	}
	if got := lstat(t, at+"/a/b"); got.Ino == lstat(t, at+"/a").Ino {
		t.Error("two directories of one inode number")
	}
	if m, _ := filepath.Glob(at + "/*/*"); len(m) != 3 {
		t.Errorf("found %q", m)
	}
}

func TestNames(t *testing.T) {
	at, _ := mount(t, tree(dir(items{"f": file("")})), Options{})
	for name, want := range map[string]error{
		"none":                               syscall.ENOENT,
		string(bytes.Repeat([]byte{1}, 255)): syscall.ENOENT,
		string(bytes.Repeat([]byte{1}, 256)): syscall.ENAMETOOLONG,
		"f/g":                                syscall.ENOTDIR,
	} {
		for range 2 {
			if err := syscall.Lstat(at+"/"+name, new(syscall.Stat_t)); err != want {
				t.Errorf("%.10q…: %v, want %v", name, err, want)
			}
		}
	}
}

func TestXattrs(t *testing.T) {
	f, l := file("x"), link("f")
	big := bytes.Repeat([]byte("v"), 60000)
	f.xattrs = map[string][]byte{
		"user.a": []byte("1"), "user.empty": {}, "user.big": big, "trusted.t": []byte("t"),
		"security.capability":     append([]byte{1, 0, 0, 2, 0, 4}, make([]byte, 14)...), // the kernel checks its form
		"system.posix_acl_access": []byte("\x02\x00\x00\x00\x01\x00\x06\x00\xff\xff\xff\xff\x04\x00\x04\x00\xff\xff\xff\xff\x20\x00\x04\x00\xff\xff\xff\xff"),
	}
	l.xattrs = map[string][]byte{"trusted.l": []byte("link")}
	root := dir(items{"f": f, "l": l, "none": file("")})
	root.xattrs = map[string][]byte{"user.root": []byte("r")}
	at, _ := mount(t, tree(root), Options{})
	for name, want := range f.xattrs {
		got := make([]byte, 1<<16)
		n, err := unix.Lgetxattr(at+"/f", name, got)
		if err != nil || !bytes.Equal(got[:n], want) {
			t.Errorf("%s: %.20q, %v", name, got[:max(n, 0)], err)
		}
		if n, err := unix.Lgetxattr(at+"/f", name, nil); err != nil || n != len(want) {
			t.Errorf("%s: size %d, %v", name, n, err)
		}
		if len(want) > 1 {
			if _, err := unix.Lgetxattr(at+"/f", name, got[:len(want)-1]); err != unix.ERANGE {
				t.Errorf("%s, small buffer: %v", name, err)
			}
		}
	}
	const list = "security.capability\x00system.posix_acl_access\x00trusted.t\x00user.a\x00user.big\x00user.empty\x00"
	got := make([]byte, 1000)
	if n, err := unix.Llistxattr(at+"/f", got); err != nil || string(got[:n]) != list {
		t.Errorf("list: %q, %v", got[:max(n, 0)], err)
	}
	if n, err := unix.Llistxattr(at+"/f", nil); err != nil || n != len(list) {
		t.Errorf("size of list: %d, %v", n, err)
	}
	if _, err := unix.Llistxattr(at+"/f", got[:5]); err != unix.ERANGE {
		t.Errorf("small list: %v", err)
	}
	for _, name := range []string{"f", "none", ""} {
		if _, err := unix.Lgetxattr(at+"/"+name, "user.no", got); err != unix.ENODATA {
			t.Errorf("%q has no such attribute: %v", name, err)
		}
	}
	if n, err := unix.Llistxattr(at+"/none", got); err != nil || n != 0 {
		t.Errorf("empty list: %d, %v", n, err)
	}
	if n, err := unix.Lgetxattr(at, "user.root", got); err != nil || string(got[:n]) != "r" {
		t.Errorf("root: %v", err)
	}
	if n, err := unix.Lgetxattr(at+"/l", "trusted.l", got); os.Geteuid() == 0 && (err != nil || string(got[:n]) != "link") {
		t.Errorf("link: %v", err)
	}
}
