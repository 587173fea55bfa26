package fs

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestMain turns the test binary into another process of the tests when asked.
func TestMain(m *testing.M) {
	play, at := os.Getenv("BAKFS_TEST_PLAY"), os.Getenv("BAKFS_TEST_AT")
	roles := map[string]func(string) error{"serve": serve, "user": user, "become user": becomeUser}
	if play == "" {
		os.Exit(m.Run())
	}
	if err := roles[play](at); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// child prepares this binary to run as another process.
func child(t testing.TB, play, at string) *exec.Cmd {
	t.Helper()
	c := exec.Command(selfCopy(t))
	c.Env = append(os.Environ(), "BAKFS_TEST_PLAY="+play, "BAKFS_TEST_AT="+at)
	c.Stderr = os.Stderr
	return c
}

// selfCopy is this binary where any user may run it.
func selfCopy(t testing.TB) string {
	t.Helper()
	d := openTempDir(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(self)
	if err == nil {
		err = os.WriteFile(d+"/self", b, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d + "/self"
}

// openTempDir is a directory that other users may look into; t.TempDir is not.
func openTempDir(t testing.TB) string {
	t.Helper()
	d, err := os.MkdirTemp("", "bakfs-fs-test-")
	if err == nil {
		err = os.Chmod(d, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(d) })
	return d
}

// served is what the process serve mounts.
func served() treeFS { return tree(dir(items{"f": file("served")})) }

// serve mounts, says so, and stays until its input ends.
func serve(at string) error {
	s, err := Mount(at, served(), Options{})
	if err != nil {
		return err
	}
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
	return s.Unmount()
}

// start runs c until it says that it is ready, and kills it.
func startAndKill(c *exec.Cmd, meanwhile func() error) error {
	in, err := c.StdinPipe()
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	said, _ := bufio.NewReader(out).ReadString('\n')
	if said == "ready\n" {
		err = meanwhile()
	} else {
		err = fmt.Errorf("the server said %q", said)
	}
	c.Process.Kill()
	c.Wait()
	return err
}

// A mount whose server was killed is recognised, and cleaned before the next.
func TestDeadMountIsCleaned(t *testing.T) {
	needFUSE(t)
	at := t.TempDir()
	t.Cleanup(func() { syscall.Unmount(at, syscall.MNT_DETACH) })
	for range 2 {
		var open *os.File
		err := startAndKill(child(t, "serve", at), func() (err error) {
			if contents(at+"/f") != "served" {
				return errors.New(contents(at + "/f"))
			}
			open, err = os.Open(at + "/f")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		defer open.Close()
		if m, err := mountAt(at); err != nil || m == nil || !m.dead() {
			t.Fatalf("after the kill: %v, %v", m, err)
		}
	}
	if err := CheckMountPoint(at); err != nil {
		t.Fatal(err)
	}
	if m, err := mountAt(at); m != nil || err != nil {
		t.Fatalf("still mounted: %v, %v", m, err)
	}
	s, err := Mount(at, served(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Unmount(); err != nil {
		t.Fatal(err)
	}
}

func TestUnmountOfADeadMount(t *testing.T) {
	needFUSE(t)
	at := t.TempDir()
	t.Cleanup(func() { syscall.Unmount(at, syscall.MNT_DETACH) })
	if err := startAndKill(child(t, "serve", at), func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	if err := Unmount(at); err != nil {
		t.Fatal(err)
	}
	if err := Unmount(at); !errors.Is(err, ErrNotMounted) {
		t.Errorf("a second time: %v", err)
	}
}

// An ordinary user mounts through fusermount3 and can do all that root can.
func TestOrdinaryUser(t *testing.T) {
	needFUSE(t)
	if os.Geteuid() != 0 {
		t.Skip("only root can become another user; all other tests ran as an ordinary one")
	}
	at := openTempDir(t)
	t.Cleanup(func() { syscall.Unmount(at, syscall.MNT_DETACH) })
	if err := os.Chown(at, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	c := child(t, "become user", at)
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	out, err := c.Output()
	if strings.Contains(string(out), "no fusermount here") {
		t.Skip(strings.TrimSpace(string(out)))
	}
	if err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// becomeUser runs user as nobody, in a mount namespace of its own, where every
// user may open /dev/fuse whatever this machine says.
func becomeUser(at string) error {
	device, err := os.MkdirTemp("", "bakfs-fs-test-dev-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(device)
	device += "/fuse"
	for _, err := range []error{
		unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
		unix.Mknod(device, unix.S_IFCHR|0o666, int(unix.Mkdev(10, 229))),
		unix.Chmod(device, 0o666),
		unix.Mount(device, "/dev/fuse", "", unix.MS_BIND, ""),
	} {
		if err != nil {
			return err
		}
	}
	defer unix.Unmount("/dev/fuse", 0)
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "BAKFS_TEST_PLAY=user")
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	c.Stdout = os.Stdout
	return c.Run()
}

func user(at string) error {
	if _, err := exec.LookPath("fusermount3"); err != nil {
		return fmt.Errorf("no fusermount here: %w", err)
	}
	f := file("mine")
	f.st.Mode, f.st.Uid, f.st.Gid = syscall.S_IFREG|0o400, 0, 0
	s, err := Mount(at, tree(dir(items{"f": f})), Options{})
	if err != nil {
		return err
	}
	defer s.Unmount()
	var st syscall.Stat_t
	if err := syscall.Lstat(at+"/f", &st); err != nil || int(st.Uid) != os.Geteuid() || int(st.Gid) != os.Getegid() {
		return fmt.Errorf("owner %d:%d, %w", st.Uid, st.Gid, err)
	}
	open, err := os.Open(at + "/f")
	if err != nil {
		return err
	}
	if err := Unmount(at); !errors.Is(err, ErrBusy) {
		return fmt.Errorf("busy: %w", err)
	}
	open.Close()
	if got := contents(at + "/f"); got != "mine" {
		return errors.New(got)
	}
	if err := s.Unmount(); err != nil {
		return err
	}
	if _, err := Mount(at, served(), Options{AllowOther: true}); err == nil {
		return errors.New("allow_other although the system does not allow it")
	}
	again := exec.Command(os.Args[0])
	again.Env = append(os.Environ(), "BAKFS_TEST_PLAY=serve")
	if err := startAndKill(again, func() error { return nil }); err != nil {
		return err
	}
	if m, err := mountAt(at); err != nil || m == nil || !m.dead() {
		return fmt.Errorf("after the kill: %v, %w", m, err)
	}
	return CheckMountPoint(at)
}

func TestAllowOther(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to be somebody else")
	}
	for _, allow := range []bool{false, true} {
		at := openTempDir(t) + "/mnt"
		if err := os.Mkdir(at, 0o755); err != nil {
			t.Fatal(err)
		}
		needFUSE(t)
		private := file("private")
		private.st.Mode = syscall.S_IFREG | 0o600
		s, err := Mount(at, tree(dir(items{"f": file("public"), "p": private})), Options{AllowOther: allow})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Unmount()
		for name, may := range map[string]bool{"f": allow, "p": false} {
			c := exec.Command("cat", at+"/"+name)
			c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
			if out, err := c.Output(); (err == nil) != may {
				t.Errorf("allow_other %v: another user reads %s: %q, %v", allow, name, out, err)
			}
		}
	}
}
