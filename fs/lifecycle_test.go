package fs

import (
	"bytes"
	"context"
	"errors"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	iofs "io/fs"

	"golang.org/x/sys/unix"
)

func fdName(f *os.File) string { return strconv.Itoa(int(f.Fd())) }

// goroutines lists those that run code of this package or of go-fuse.
func goroutines() (list []string) {
	buf := make([]byte, 1<<20)
	for _, g := range bytes.Split(buf[:runtime.Stack(buf, true)], []byte("\n\n")) {
		s := string(g)
		if (strings.Contains(s, "go-fuse") || strings.Contains(s, "bakfs/fs.(*")) && !strings.Contains(s, "testing.tRunner") {
			list = append(list, s)
		}
	}
	return list
}

// connections lists this process's descriptors of /dev/fuse.
func connections() (fds []int) {
	all, _ := os.ReadDir("/proc/self/fd")
	for _, e := range all {
		if to, _ := os.Readlink("/proc/self/fd/" + e.Name()); to == "/dev/fuse" {
			fd, _ := strconv.Atoi(e.Name())
			fds = append(fds, fd)
		}
	}
	return fds
}

func TestUnmountLeavesNothing(t *testing.T) {
	at, s := mount(t, tree(dir(items{"f": file("x"), "d": dir(nil)})), Options{})
	names(t, at)
	contents(at + "/f")
	for _, fd := range connections() {
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("programs that are started inherit the connection: %x, %v", flags, err)
		}
	}
	if err := s.Unmount(); err != nil {
		t.Fatal(err)
	}
	if g := goroutines(); len(g) > 0 {
		t.Errorf("still running:\n%s", strings.Join(g, "\n\n"))
	}
	if got := names(t, at); len(got) > 0 {
		t.Errorf("still there: %q", got)
	}
	if fds := connections(); len(fds) > 0 {
		t.Errorf("the connection is still open: %v", fds)
	}
	if err := s.Unmount(); err != nil {
		t.Errorf("a second time: %v", err)
	}
	s.Wait()
	if err := Unmount(at); !errors.Is(err, ErrNotMounted) {
		t.Errorf("by path: %v", err)
	}
}

func TestUnmountFromOutside(t *testing.T) {
	at, s := mount(t, tree(dir(nil)), Options{})
	if err := Unmount(at); err != nil {
		t.Fatal(err)
	}
	s.Wait()
	if err := s.Unmount(); err != nil {
		t.Error(err)
	}
}

// Taking away a mount in use by its path is refused; the server itself ends all
// the same, reads that wait for it included.
func TestBusyMount(t *testing.T) {
	began, ended := make(chan bool), make(chan bool)
	slow := file("slow")
	slow.read = func(ctx context.Context, _ []byte, _ int64) (int, error) {
		close(began)
		<-ctx.Done()
		close(ended)
		return 0, ctx.Err()
	}
	at, s := mount(t, tree(dir(items{"f": file("x"), "slow": slow})), Options{})
	f, err := os.Open(at + "/f")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := Unmount(at); !errors.Is(err, ErrBusy) {
		t.Fatalf("by path: %v", err)
	}
	if contents(at+"/f") != "x" {
		t.Error("the mount is gone all the same")
	}
	read := make(chan string)
	go func() { read <- contents(at + "/slow") }()
	<-began
	if err := s.Unmount(); err != nil {
		t.Fatal(err)
	}
	<-ended
	if got := <-read; got == "slow" {
		t.Error("read what was never given")
	}
	if err := syscall.Lstat(at+"/f", new(syscall.Stat_t)); err != syscall.ENOENT {
		t.Errorf("the mount is still found: %v", err)
	}
	if g := goroutines(); len(g) > 0 {
		t.Errorf("still running:\n%s", strings.Join(g, "\n\n"))
	}
}

func TestMountPointsThatAreRefused(t *testing.T) {
	base := t.TempDir()
	mk := func(name string) string {
		if err := os.Mkdir(base+"/"+name, 0o700); err != nil {
			t.Fatal(err)
		}
		return base + "/" + name
	}
	good, full := mk("good dir\\ with\tblanks"), mk("full")
	for _, err := range []error{
		os.WriteFile(full+"/x", nil, 0o600), os.WriteFile(base+"/file", nil, 0o600), os.Symlink(good, base+"/link"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	refused := map[string]string{
		base + "/none": "not exist", full: "not empty", base + "/file": "not a directory", base + "/link": "symbolic link",
	}
	if os.Geteuid() == 0 {
		other := mk("other")
		os.Chown(other, 65534, 65534)
		refused[other] = "another user"
	}
	for at, why := range refused {
		err := CheckMountPoint(at)
		if !errors.Is(err, ErrMountPoint) || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", at, err)
		}
		if _, err := Mount(at, tree(dir(nil)), Options{}); !errors.Is(err, ErrMountPoint) {
			t.Errorf("mount at %s: %v", at, err)
		}
	}
	if err := CheckMountPoint(good); err != nil {
		t.Error(err)
	}
	needFUSE(t)
	s, err := Mount(good, tree(dir(nil)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Unmount()
	if err := CheckMountPoint(good); !errors.Is(err, ErrMountPoint) || !strings.Contains(err.Error(), "already") {
		t.Errorf("a second mount: %v", err)
	}
	if err := Unmount(base + "/link"); err != nil {
		t.Errorf("unmount through a link: %v", err)
	}
}

func TestTreesThatAreRefused(t *testing.T) {
	panics := dir(nil)
	panics.look = func(context.Context) error { panic("a bug") }
	fails := dir(nil)
	fails.look = func(context.Context) error { return iofs.ErrNotExist }
	for name, root := range map[string]*item{"panics": panics, "fails": fails, "a file": file("")} {
		at := t.TempDir()
		if s, err := Mount(at, tree(root), Options{}); err == nil {
			s.Unmount()
			t.Errorf("%s: mounted", name)
		}
		if m, err := mountAt(at); m != nil || err != nil {
			t.Errorf("%s: %v, %v", name, m, err)
		}
	}
}

func TestParseMount(t *testing.T) {
	const line = `36 35 0:51 / /mnt/a\040b\134c ro,nosuid - fuse.bakfs bakfs ro,user_id=0`
	if m, ok := parseMount(line); !ok || m.dir != `/mnt/a b\c` || m.kind != "fuse.bakfs" || m.dev != 51 {
		t.Errorf("%+v, %v", m, ok)
	}
	for _, bad := range []string{"", "36 35 0:51 / /mnt", "36 35 0 / /mnt ro - x y", "36 35 a:b / /mnt ro - x y", "36 35 0:51 / /mnt ro -"} {
		if m, ok := parseMount(bad); ok {
			t.Errorf("%q: %+v", bad, m)
		}
	}
}

// A request is cancelled by go-fuse's channel, but not by what go-fuse does with
// it after the request.
func TestRequestEnds(t *testing.T) {
	channel := make(chan struct{})
	r, other := newRequest(channel), newRequest(channel)
	derived, stop := context.WithCancel(r)
	defer stop()
	r.end()
	close(channel)
	<-other.Done()
	if other.Err() != context.Canceled || errno(other.Err()) != syscall.EINTR {
		t.Errorf("cancelled: %v", other.Err())
	}
	other.end()
	if r.Err() != nil || derived.Err() != nil {
		t.Error("cancelled after its end")
	}
}
