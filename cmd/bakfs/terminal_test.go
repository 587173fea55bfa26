package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A session is bakfs running on a terminal of its own.
type session struct {
	t    *testing.T
	cmd  *exec.Cmd
	pty  *os.File
	said bytes.Buffer
	seen int // what expect has passed
}

// startSession runs bakfs with args, HOME and all else of it in dir.
func startSession(t *testing.T, dir string, args ...string) *session {
	t.Helper()
	pty, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { pty.Close() })
	raw, err := pty.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	number := 0
	raw.Control(func(fd uintptr) {
		if err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); err == nil {
			number, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
	})
	if err != nil {
		t.Skip(err)
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer tty.Close()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Args[0] = "bakfs"
	cmd.Dir = dir
	cmd.Env = []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "TERM=xterm", "NO_COLOR=1"}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	pty.SetDeadline(time.Now().Add(30 * time.Second))
	return &session{t: t, cmd: cmd, pty: pty}
}

// expect waits for text and returns what was said up to and with it, since the last expect.
func (s *session) expect(text string) string {
	s.t.Helper()
	for {
		rest := s.said.Bytes()[s.seen:]
		if at := bytes.Index(rest, []byte(text)); at >= 0 {
			s.seen += at + len(text)
			return string(rest[:at+len(text)])
		}
		if !s.more() {
			s.t.Fatalf("%q never came; the terminal shows:\n%s", text, s.said.Bytes())
		}
	}
}

func (s *session) more() bool {
	buf := make([]byte, 4096)
	n, err := s.pty.Read(buf)
	s.said.Write(buf[:n])
	return err == nil
}

func (s *session) send(text string) {
	s.t.Helper()
	if _, err := io.WriteString(s.pty, text); err != nil {
		s.t.Fatal(err)
	}
}

// end waits for the exit code.
func (s *session) end(want int) {
	s.t.Helper()
	for s.more() {
	}
	err := s.cmd.Wait()
	code := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	}
	if code != want {
		s.t.Errorf("exit code %d, want %d; the terminal shows:\n%s", code, want, s.said.Bytes())
	}
}

// initOn makes a repository on a terminal and returns the key that was shown.
func initOn(t *testing.T, dir string) string {
	t.Helper()
	s := startSession(t, dir, "init", "-r", "repo", "--device", "laptop")
	shown := s.expect("type two of its groups.")
	groups := regexp.MustCompile(`[0-9a-z]{8}`).FindAllString(shown[strings.Index(shown, ":"):strings.Index(shown, "Write it down")], -1)
	if len(groups) != 8 {
		t.Fatalf("the key shown has %d groups: %q", len(groups), shown)
	}
	for i := range 2 {
		if _, err := os.Stat(filepath.Join(dir, "repo")); err == nil {
			t.Fatal("the repository is there before its key is confirmed")
		}
		number := 0
		asked := s.expect(": ")
		fmt.Sscanf(asked[strings.LastIndex(asked, "group "):], "group %d", &number)
		if i == 0 {
			s.send("wrongone\n")
			s.expect(fmt.Sprintf("that is not group %d of the key", number))
			s.expect(fmt.Sprintf("group %d: ", number))
		}
		s.send(strings.ToUpper(groups[number-1]) + "\n")
	}
	s.expect("made the repository")
	s.end(0)
	return strings.Join(groups, " ")
}

func TestTerminalInitAndConnect(t *testing.T) {
	dir := t.TempDir()
	key := initOn(t, dir)
	if err := os.RemoveAll(filepath.Join(dir, ".local")); err != nil { // a new machine
		t.Fatal(err)
	}
	s := startSession(t, dir, "connect", "-r", "repo", "--device", "desktop")
	s.expect("recovery key: ")
	s.send("\x15" + strings.Replace(key, key[:9], "", 1) + "\n")
	s.expect("of 8: ")
	s.expect("recovery key: ")
	s.send(strings.ReplaceAll(key, " ", "-") + "\n")
	s.expect("enrolled this device as desktop")
	s.end(0)
	for _, g := range strings.Fields(key) {
		if strings.Contains(s.said.String(), g) {
			t.Errorf("the terminal shows the key: %q", s.said.String())
		}
	}
}

func TestTerminalThreeWrongGroupsMakeNothing(t *testing.T) {
	dir := t.TempDir()
	s := startSession(t, dir, "init", "-r", "repo")
	s.expect("groups.")
	for range 3 {
		s.expect(": ")
		s.send("00000000\n")
		s.expect("that is not group")
	}
	s.expect("bakfs: the recovery key was not confirmed; nothing was made")
	s.end(1)
	if names, _ := filepath.Glob(filepath.Join(dir, "*")); len(names) > 0 {
		t.Errorf("made %q", names)
	}
}

// Ctrl-C at a prompt ends with 130 and gives the terminal its echo back.
func TestTerminalInterruptAtThePrompt(t *testing.T) {
	dir := t.TempDir()
	initOn(t, dir)
	if err := os.RemoveAll(filepath.Join(dir, ".local")); err != nil {
		t.Fatal(err)
	}
	s := startSession(t, dir, "snapshots", "-r", "repo")
	s.expect("recovery key: ")
	if s.echo() {
		t.Error("the key would be shown while it is typed")
	}
	s.send("\x03")
	s.end(130) // what is said may be lost: Ctrl-C also empties the terminal's buffers
	if !s.echo() {
		t.Error("the terminal is left without echo")
	}
}

func (s *session) echo() bool {
	raw, err := s.pty.SyscallConn()
	if err != nil {
		s.t.Fatal(err)
	}
	on := false
	raw.Control(func(fd uintptr) {
		var state *unix.Termios
		if state, err = unix.IoctlGetTermios(int(fd), unix.TCGETS); err == nil {
			on = state.Lflag&unix.ECHO != 0
		}
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return on
}

// A mount started on a terminal asks there, and its process gets the key through the pipe.
func TestTerminalMountAsksForTheKey(t *testing.T) {
	if f, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0); err != nil {
		t.Skip(err)
	} else {
		f.Close()
	}
	dir := t.TempDir()
	t.Cleanup(func() { unmountBelow(dir) })
	key := initOn(t, dir)
	if err := errors.Join(os.RemoveAll(filepath.Join(dir, ".local")), os.Mkdir(filepath.Join(dir, "mnt"), 0o700)); err != nil {
		t.Fatal(err)
	}
	s := startSession(t, dir, "mount", "-r", "repo", "mnt")
	s.expect("recovery key: ")
	s.send(key + "\n")
	s.expect("leave it with: bakfs umount")
	s.end(0)
	if _, err := os.Stat(filepath.Join(dir, "mnt", "README.txt")); err != nil {
		t.Error(err)
	}
	startSession(t, dir, "umount", "mnt").end(0)
}
