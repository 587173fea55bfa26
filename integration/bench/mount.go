package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A mounted is a program that serves a mount.
type mounted struct {
	dir     string
	process *exec.Cmd
	said    *bytes.Buffer
	gone    chan struct{} // closed when the process has ended
	ready   time.Duration // from its start to the first listing of the mount
}

// startMount starts a program that serves dir until it is unmounted, and waits
// until dir can be listed. The caller must close it.
func startMount(ctx context.Context, c command, dir string) (*mounted, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	m := &mounted{dir: dir, gone: make(chan struct{})}
	m.process, m.said = c.prepare(ctx)
	begin := time.Now()
	if err := m.process.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(m.gone)
		m.process.Wait()
	}()
	if err := m.await(ctx); err != nil {
		m.close()
		return nil, fmt.Errorf("%s: %w\n%s", c.args[0], err, tail(m.said.String()))
	}
	m.ready = time.Since(begin)
	return m, nil
}

// await returns when the mount is there and lists something.
func (m *mounted) await(ctx context.Context) error {
	for limit := time.After(2 * time.Minute); ; {
		if isMount(m.dir) {
			if list, err := os.ReadDir(m.dir); err == nil && len(list) > 0 {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-m.gone:
			return errGone
		case <-limit:
			return errors.New("no mount after two minutes")
		case <-time.After(500 * time.Microsecond):
		}
	}
}

// isMount says whether dir lies on another file system than its parent.
func isMount(dir string) bool {
	var here, above unix.Stat_t
	return unix.Stat(dir, &here) == nil && unix.Stat(filepath.Dir(dir), &above) == nil && here.Dev != above.Dev
}

// usage is what the server has taken until now.
func (m *mounted) usage() cost {
	return cost{cpu: cpuTime(m.process.Process.Pid), peak: highWater(m.process.Process.Pid)}
}

// close unmounts and waits for the program's end; it is killed if it does not end
// by itself. It may be called again.
func (m *mounted) close() error {
	var err error
	for range 50 {
		if err = unmount(m.dir, false); err == nil || !errors.Is(err, errBusy) {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err != nil {
		unmount(m.dir, true)
	}
	select {
	case <-m.gone:
	case <-time.After(10 * time.Second):
		syscall.Kill(-m.process.Process.Pid, syscall.SIGKILL)
		<-m.gone
	}
	unmount(m.dir, true) // where the program died before it could
	return nil
}

var errBusy = errors.New("the mount is in use")

// unmount takes the mount at dir away; no mount is no error.
func unmount(dir string, lazy bool) error {
	flags, words := 0, []string{"-u", "-q", dir}
	if lazy {
		flags, words = unix.MNT_DETACH, []string{"-u", "-q", "-z", dir}
	}
	err := unix.Unmount(dir, flags|unix.UMOUNT_NOFOLLOW)
	switch {
	case err == nil, errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOENT):
		return nil
	case errors.Is(err, unix.EBUSY):
		return errBusy
	}
	if !isMount(dir) {
		return nil
	}
	if err := exec.Command("fusermount3", words...).Run(); err != nil {
		return errBusy
	}
	return nil
}
