package fs

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// within waits for something that a volatile directory shows late at most.
func within(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * volatile); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s did not happen", what)
		}
	}
}

func names(t *testing.T, at string) []string {
	t.Helper()
	d, err := os.ReadDir(at)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range d {
		all = append(all, e.Name())
	}
	return all
}

func contents(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// New snapshots appear and latest follows, also for who has the directory open.
func TestVolatileDirectory(t *testing.T) {
	snapshot := func(text string) *item { return dir(items{"f": file(text)}) }
	snaps := dir(items{"one": snapshot("1"), "latest": link("one")})
	snaps.volatile = true
	at, _ := mount(t, tree(dir(items{"snapshots": snaps})), Options{})
	at += "/snapshots"
	held, err := os.Open(at)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if got, err := held.Readdirnames(-1); err != nil || len(got) != 2 {
		t.Fatalf("%q, %v", got, err)
	}
	if _, err := os.Lstat(at + "/two"); !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if got := names(t, at); !slices.Equal(got, []string{"latest", "one"}) || contents(at+"/latest/f") != "1" {
		t.Fatalf("%q, latest has %q", got, contents(at+"/latest/f"))
	}
	snaps.change(func(i items) {
		i["two"] = snapshot("2")
		l := link("two") // another target of the same length, under the old inode number
		l.st.Ino = i["latest"].st.Ino
		i["latest"] = l
		snaps.st.Mtim.Sec++
	})
	if got := names(t, at); !slices.Equal(got, []string{"latest", "one", "two"}) {
		t.Errorf("a listing after the change: %q", got)
	}
	within(t, "stat of the new name", func() bool { _, err := os.Lstat(at + "/two"); return err == nil })
	within(t, "latest", func() bool { return contents(at+"/latest/f") == "2" })
	within(t, "the directory's time", func() bool { return lstat(t, at).Mtim.Sec == snaps.st.Mtim.Sec })
	if _, err := held.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if got, err := held.Readdirnames(-1); err != nil || len(got) != 3 {
		t.Errorf("by the old handle, rewound: %q, %v", got, err)
	}
	snaps.change(func(i items) { delete(i, "one") })
	within(t, "the end of a name", func() bool { _, err := os.Lstat(at + "/one"); return os.IsNotExist(err) })
}

// A name that comes to mean another file never shows the old one's bytes, even
// under the same inode number and size, nor does an open file show the new one's.
func TestVolatileFileIsReplaced(t *testing.T) {
	root := dir(items{"f": file("old bytes")})
	root.volatile = true
	at, _ := mount(t, tree(root), Options{})
	open, err := os.Open(at + "/f")
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	unread, err := os.Open(at + "/f")
	if err != nil {
		t.Fatal(err)
	}
	defer unread.Close()
	buf := make([]byte, 9)
	if _, err := open.ReadAt(buf, 0); err != nil || string(buf) != "old bytes" {
		t.Fatalf("%q, %v", buf, err)
	}
	root.change(func(i items) {
		f := file("new bytes")
		f.st.Ino, f.st.Mtim.Sec = i["f"].st.Ino, i["f"].st.Mtim.Sec+1
		i["f"] = f
	})
	within(t, "the new file", func() bool {
		got := contents(at + "/f")
		if got != "old bytes" && got != "new bytes" {
			t.Fatalf("read %q", got)
		}
		return got == "new bytes"
	})
	if _, err := open.ReadAt(buf, 0); err != nil || string(buf) != "old bytes" {
		t.Errorf("the open file: %q, %v", buf, err)
	}
	var st syscall.Stat_t
	if err := syscall.Fstat(int(open.Fd()), &st); err != nil || st.Mtim.Sec == root.items["f"].st.Mtim.Sec {
		t.Errorf("the open file's time: %v, %v", st.Mtim, err)
	}
}

// An open file that was never read cannot be given the new one's bytes.
func TestReplacedBeforeItWasRead(t *testing.T) {
	root := dir(items{"f": file("old bytes")})
	root.volatile = true
	at, _ := mount(t, tree(root), Options{})
	open, err := os.Open(at + "/f")
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	root.change(func(i items) {
		f := file("new bytes")
		f.st.Ino, f.st.Mtim.Sec = i["f"].st.Ino, i["f"].st.Mtim.Sec+1
		i["f"] = f
	})
	if got, err := open.ReadAt(make([]byte, 9), 0); err == nil {
		t.Errorf("%d bytes of another file", got)
	}
}

// An open file's attributes are not taken from the file that its name means now;
// those of what still has its name are.
func TestXattrsOfAReplacedFile(t *testing.T) {
	root := dir(items{"f": file("old"), "same": file("x"), "to": link("same")})
	root.volatile = true
	for name, i := range root.items {
		i.xattrs = map[string][]byte{"trusted.a": []byte("old " + name)}
	}
	at, _ := mount(t, tree(root), Options{})
	open, err := os.Open(at + "/f")
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	buf := make([]byte, 20)
	if n, err := unix.Fgetxattr(int(open.Fd()), "trusted.a", buf); os.Geteuid() == 0 && (err != nil || string(buf[:n]) != "old f") {
		t.Fatalf("before: %q, %v", buf, err)
	}
	root.change(func(i items) {
		f := file("new")
		f.st.Ino, f.st.Mtim.Sec = i["f"].st.Ino, i["f"].st.Mtim.Sec+1
		f.xattrs = map[string][]byte{"trusted.a": []byte("new f")}
		i["f"] = f
	})
	if n, err := unix.Fgetxattr(int(open.Fd()), "trusted.a", buf); os.Geteuid() == 0 && err != unix.ESTALE {
		t.Errorf("the open file: %q, %v", buf[:max(n, 0)], err)
	}
	if n, err := unix.Flistxattr(int(open.Fd()), buf); err != unix.ESTALE {
		t.Errorf("the open file: %d, %v", n, err)
	}
	for _, name := range []string{"same", "to"} {
		if n, err := unix.Lgetxattr(at+"/"+name, "trusted.a", buf); os.Geteuid() == 0 && (err != nil || string(buf[:n]) != "old "+name) {
			t.Errorf("%s: %q, %v", name, buf[:max(n, 0)], err)
		}
	}
	within(t, "the new attributes", func() bool { return lstat(t, at+"/f").Mtim.Sec == root.items["f"].st.Mtim.Sec })
	if n, err := unix.Lgetxattr(at+"/f", "trusted.a", buf); os.Geteuid() == 0 && (err != nil || string(buf[:n]) != "new f") {
		t.Errorf("the new file: %q, %v", buf[:max(n, 0)], err)
	}
}

// A folder whose name means a file now is stale; that is no damage, so nothing is reported.
func TestFolderBecameAFile(t *testing.T) {
	root := dir(items{"d": dir(items{"x": file("")})})
	root.volatile = true
	at, _ := mount(t, tree(root), Options{})
	held, err := unix.Open(at+"/d", unix.O_PATH, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(held)
	root.change(func(i items) { i["d"] = file("a file now") })
	if err := unix.Fstatat(held, "x", new(unix.Stat_t), unix.AT_SYMLINK_NOFOLLOW); err != unix.ESTALE {
		t.Errorf("a name in it: %v", err)
	}
	if fd, err := unix.Openat(held, ".", unix.O_RDONLY|unix.O_DIRECTORY, 0); err != unix.ESTALE {
		t.Errorf("listing it: %d, %v", fd, err)
	}
	within(t, "the file", func() bool { return contents(at+"/d") == "a file now" })
}

// Two names of one inode number are one file to the kernel, in one directory or
// in two; two directories of one number are two places.
func TestHardLinks(t *testing.T) {
	f := file("linked")
	f.st.Nlink = 3
	same := dir(items{"f": f, "in": dir(nil)})
	at, _ := mount(t, tree(dir(items{"a": f, "b": f, "here": same, "there": same})), Options{})
	for _, name := range []string{"b", "here/f", "there/f"} {
		x, y := lstat(t, at+"/a"), lstat(t, at+"/"+name)
		if x != y || x.Nlink != 3 || contents(at+"/"+name) != "linked" {
			t.Errorf("%s: %+v, %+v", name, x, y)
		}
	}
	if lstat(t, at+"/here").Ino != lstat(t, at+"/there").Ino {
		t.Error("inode numbers differ from the tree's")
	}
	a, err := os.Open(at + "/here")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for range 3 {
		for _, name := range []string{"here", "there"} {
			if got := names(t, at+"/"+name); !slices.Equal(got, []string{"f", "in"}) {
				t.Errorf("%s: %q", name, got)
			}
			if got, err := filepath.EvalSymlinks(at + "/" + name + "/in"); err != nil || filepath.Base(filepath.Dir(got)) != name {
				t.Errorf("%s: %q, %v", name, got, err)
			}
		}
	}
	if to, err := os.Readlink("/proc/self/fd/" + fdName(a)); err != nil || filepath.Base(to) != "here" {
		t.Errorf("the open directory is at %q, %v", to, err)
	}
}
