package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"bakfs/seal"

	"golang.org/x/sys/unix"
)

// The descriptors that the process which stays behind inherits.
const (
	secretFD = 3 // the recovery key's text and the end; nothing where the device is enrolled
	readyFD  = 4 // takes one verdict
)

// A verdict is what the process that stays behind tells the command that started
// it: the mount is ready, or why not. No verdict at all means that it died.
type verdict struct {
	Ready bool     `json:"ready"`
	Code  int      `json:"code,omitempty"`
	Error []byte   `json:"error,omitempty"` // bytes: names in it need not be UTF-8
	Hints []string `json:"hints,omitempty"`
}

// mountInBackground starts this program again, detached, and returns when its
// mount is ready. The key goes through a pipe: no other process sees it there.
func (p *program) mountInBackground(ctx context.Context, dir string, f mountFlags) error {
	repository, err := p.repositoryDir()
	if err != nil {
		return err
	}
	secret, err := p.secretForChild(ctx)
	if err != nil {
		return err
	}
	defer clear(secret)
	args := []string{"mount", "--serve-for-parent", "--repo=" + repository}
	if f.allowOther {
		args = append(args, "--allow-other")
	}
	if f.log != "" {
		args = append(args, "--log="+f.log)
	}
	args = append(args, f.messages.args()...)
	said, err := startChild(ctx, append(args, "--", dir), secret, p.stderr)
	if err != nil {
		return err
	}
	if !said.Ready {
		return fail(said.Code, errors.New(string(said.Error)), said.Hints...)
	}
	return p.mounted(dir)
}

// secretForChild is the recovery key where one is given or has to be asked, else nothing.
func (p *program) secretForChild(ctx context.Context) ([]byte, error) {
	r, err := p.folder()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	source, err := p.keySource()
	if err != nil {
		return nil, err
	}
	if _, err := os.Lstat(r.dirs.device()); err == nil && !source.given() {
		return nil, nil
	}
	key, err := p.readKey(ctx)
	if err != nil {
		return nil, err
	}
	return key.Text(), nil
}

// startChild runs this program with args in a session of its own and returns its
// verdict. Until then it dies with ctx, and its words come to stderr.
func startChild(ctx context.Context, args []string, secret []byte, stderr *os.File) (verdict, error) {
	secretR, secretW, err := os.Pipe()
	if err != nil {
		return verdict{}, err
	}
	defer secretR.Close()
	defer secretW.Close()
	readyR, readyW, err := os.Pipe()
	if err != nil {
		return verdict{}, err
	}
	defer readyR.Close()
	defer readyW.Close()
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Args[0] = "bakfs"
	cmd.Stderr = stderr
	cmd.ExtraFiles = []*os.File{secretR, readyW}
	cmd.Env = childEnvironment(os.Environ())
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return verdict{}, fmt.Errorf("start the process that serves the mount: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { cmd.Process.Signal(syscall.SIGTERM) })
	defer stop()
	secretR.Close()
	readyW.Close()
	_, err = secretW.Write(secret) // less than a pipe holds: never waits
	err = errors.Join(err, secretW.Close())
	said, readErr := readVerdict(readyR)
	if readErr == nil && said.Ready {
		return said, cmd.Process.Release()
	}
	waitErr := cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return verdict{}, ctx.Err()
	case readErr == nil:
		return said, nil
	}
	return verdict{}, fail(exitError, errors.Join(fmt.Errorf("the process that serves the mount ended before it was ready (%s)", ended(waitErr)), err),
		"`bakfs mount -f` shows what it says")
}

// ended says how a process ended.
func ended(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

// readVerdict reads one verdict; io.EOF: none came.
func readVerdict(r io.Reader) (verdict, error) {
	var v verdict
	if err := json.NewDecoder(io.LimitReader(r, 1<<20)).Decode(&v); err != nil {
		return verdict{}, err
	}
	if !v.Ready && v.Code == 0 {
		return verdict{}, errors.New("a verdict without a code")
	}
	return v, nil
}

// childEnvironment leaves out where the key comes from: the process that stays
// behind has it already, or needs none. Folders are made absolute, for it moves to /.
func childEnvironment(env []string) []string {
	var kept []string
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		switch name {
		case "BAKFS_KEY_FILE", "BAKFS_KEY_COMMAND":
			continue
		case "BAKFS_CACHE_DIR", "BAKFS_STATE_DIR":
			if abs, err := filepath.Abs(value); err == nil && value != "" {
				e = name + "=" + abs
			}
		}
		kept = append(kept, e)
	}
	return kept
}

// mountChild is the process that stays behind. It tells its parent once how it
// went, leaves the terminal, and serves until umount or a signal.
func (p *program) mountChild(ctx context.Context, dir string, f mountFlags) error {
	ready := os.NewFile(readyFD, "ready")
	secret := os.NewFile(secretFD, "secret")
	syscall.CloseOnExec(readyFD) // fusermount must not hold the pipes open
	syscall.CloseOnExec(secretFD)
	closeInherited()
	log, err := p.openLog(f.log)
	var m *mounted
	if err == nil {
		m, err = p.serveWithSecret(ctx, dir, f, secret)
	}
	if err == nil {
		err = leaveTerminal(log)
	}
	if err != nil {
		v := verdict{Code: exitCode(err), Error: []byte(err.Error()), Hints: hints(err)}
		if writeErr := json.NewEncoder(ready).Encode(v); writeErr != nil {
			return errors.Join(err, writeErr)
		}
		return silent(v.Code)
	}
	if err := errors.Join(json.NewEncoder(ready).Encode(verdict{Ready: true}), ready.Close()); err != nil {
		return errors.Join(err, m.server.Unmount(), m.close()) // nobody waits for the mount any more
	}
	return m.wait(ctx)
}

// serveWithSecret reads the key that the parent sends, if any, and mounts.
func (p *program) serveWithSecret(ctx context.Context, dir string, f mountFlags, secret *os.File) (*mounted, error) {
	text := make([]byte, keyLimit)
	defer clear(text)
	n, err := io.ReadFull(secret, text)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("the key from the parent: %w", err)
	}
	if err := secret.Close(); err != nil {
		return nil, err
	}
	if n > 0 {
		key, err := seal.ParseRecoveryKey(text[:n])
		if err != nil {
			return nil, keyMistake("the key from the parent", err)
		}
		p.key = &key
		defer func() { p.key = nil }()
	}
	return p.serve(ctx, dir, f)
}

// leaveTerminal makes / the working folder and the null device stdin, stdout and,
// unless there is a log, stderr, so that the process keeps no file system busy and
// no pipe open. What goes to stderr, a panic too, is then in the log.
func leaveTerminal(log *os.File) error {
	if err := os.Chdir("/"); err != nil {
		return err
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	for fd := range 3 {
		if err := syscall.Dup3(int(null.Fd()), fd, 0); err != nil {
			return os.NewSyscallError("dup3", err)
		}
	}
	if log == nil {
		return nil
	}
	if err := syscall.Dup3(int(log.Fd()), 2, 0); err != nil {
		return os.NewSyscallError("dup3", err)
	}
	return log.Close()
}

// closeInherited closes what whoever started the command left open for it, above
// the pipes: a process that stays would keep it open for ever. What this process
// opened itself is closed on exec, and is known by that.
func closeInherited() {
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return // then they stay open: a nuisance to others, no danger
	}
	for _, e := range open {
		fd, err := strconv.Atoi(e.Name())
		if err != nil || fd <= readyFD {
			continue
		}
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			unix.Close(fd)
		}
	}
}
