package fs

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// CheckMountPoint says whether dir can be mounted on: an existing, empty
// directory of this user, not a symbolic link and not mounted on already. A mount
// of bakfs whose server has died is taken away first. Refusals wrap
// [ErrMountPoint].
func CheckMountPoint(dir string) error {
	refuse := func(why string) error { return fmt.Errorf("%s %w: %s", dir, ErrMountPoint, why) }
	info, err := lstatCleaned(dir)
	switch {
	case errors.Is(err, iofs.ErrNotExist):
		return fmt.Errorf("%s %w: %w", dir, ErrMountPoint, iofs.ErrNotExist)
	case errors.Is(err, syscall.ENOTCONN):
		return refuse("a dead mount of another program is on it")
	case err != nil:
		return err
	case info.Mode()&iofs.ModeSymlink != 0:
		return refuse("it is a symbolic link")
	case !info.IsDir():
		return refuse("it is not a directory")
	}
	if m, err := mountAt(dir); err != nil {
		return err
	} else if m != nil && m.ours() {
		return refuse("bakfs is mounted there already")
	}
	if st := info.Sys().(*syscall.Stat_t); int(st.Uid) != os.Geteuid() {
		return refuse("it belongs to another user")
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	switch _, err := f.Readdirnames(1); {
	case err == nil:
		return refuse("it is not empty")
	case !errors.Is(err, io.EOF):
		return err
	}
	return nil
}

// lstatCleaned is Lstat after dead mounts of bakfs were taken away.
func lstatCleaned(dir string) (iofs.FileInfo, error) {
	for {
		m, err := mountAt(dir)
		if err != nil || m == nil || !m.ours() || !m.dead() {
			return os.Lstat(dir)
		}
		if err := detach(m.dir, true); err != nil { // lazily: a dead mount may have users
			return nil, fmt.Errorf("take the dead mount off: %w", err)
		}
	}
}

// Unmount takes a mount of bakfs off dir, also of another process or of one that
// has died. The errors wrap [ErrNotMounted] or [ErrBusy] where these are why.
func Unmount(dir string) error {
	m, err := mountAt(dir)
	if err != nil {
		return err
	}
	if m == nil || !m.ours() {
		return fmt.Errorf("%s: %w", dir, ErrNotMounted)
	}
	return detach(m.dir, m.dead())
}

// detach takes off what is mounted on dir; lazily means also if it is in use.
func detach(dir string, lazily bool) error {
	if os.Geteuid() != 0 {
		return fusermount(dir, lazily)
	}
	flags := unix.UMOUNT_NOFOLLOW
	if lazily {
		flags |= unix.MNT_DETACH | unix.MNT_FORCE // force ends the connection, for who still has files open
	}
	switch err := unix.Unmount(dir, flags); {
	case err == unix.EBUSY:
		return fmt.Errorf("%s: %w", dir, ErrBusy)
	case err != nil:
		return fmt.Errorf("unmount %s: %w", dir, err)
	}
	return nil
}

// fusermount does what only root may, for an ordinary user and his own mounts.
func fusermount(dir string, lazily bool) error {
	args := []string{"-u", "--", dir}
	if lazily {
		args = []string{"-u", "-z", "--", dir}
	}
	program, err := exec.LookPath("fusermount3")
	if err != nil {
		program, err = exec.LookPath("fusermount")
	}
	if err != nil {
		return fmt.Errorf("unmount %s: %w", dir, err)
	}
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	said, err := cmd.CombinedOutput()
	switch {
	case err == nil:
		return nil
	case bytes.Contains(said, []byte("busy")): // it has no exit code for this
		return fmt.Errorf("%s: %w", dir, ErrBusy)
	}
	return fmt.Errorf("unmount %s: %s (%w)", dir, bytes.TrimSpace(said), err)
}

// A mounted is a line of the mount table.
type mounted struct {
	dir, kind string
	dev       uint64
}

func (m *mounted) ours() bool { return m.kind == "fuse."+mountType }

// dead says whether the mount's server is gone. Only statfs asks the server each
// time; stat may be answered from what the kernel remembers.
func (m *mounted) dead() bool { return unix.Statfs(m.dir, new(unix.Statfs_t)) == unix.ENOTCONN }

// mountAt returns what is mounted on dir, the uppermost if there are several, or
// nil. It does not ask the mount itself, which may be dead or slow.
func mountAt(dir string) (*mounted, error) {
	dir, err := resolve(dir)
	if err != nil {
		return nil, err
	}
	var found *mounted
	err = eachMount(func(m mounted) {
		if m.dir == dir {
			found = &m
		}
	})
	return found, err
}

// Mounts returns where this package has mounted something, in this process or another. No mount is asked.
func Mounts() ([]string, error) {
	var dirs []string
	err := eachMount(func(m mounted) {
		if m.ours() {
			dirs = append(dirs, m.dir)
		}
	})
	return dirs, err
}

// eachMount calls visit with all that is mounted, the lower before the upper.
func eachMount(visit func(mounted)) error {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if m, ok := parseMount(lines.Text()); ok {
			visit(m)
		}
	}
	return lines.Err()
}

// resolve makes dir absolute and free of symbolic links. The last name is only
// followed if it is one: looking further could meet a dead mount.
func resolve(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if info, err := os.Lstat(dir); err == nil && info.Mode()&iofs.ModeSymlink != 0 {
		return filepath.EvalSymlinks(dir)
	}
	up, err := filepath.EvalSymlinks(filepath.Dir(dir))
	if err != nil {
		return "", err
	}
	return filepath.Join(up, filepath.Base(dir)), nil
}

// parseMount reads a line of /proc/self/mountinfo.
func parseMount(line string) (mounted, bool) {
	front, back, ok := strings.Cut(line, " - ")
	f, b := strings.Fields(front), strings.Fields(back)
	if !ok || len(f) < 5 || len(b) < 1 {
		return mounted{}, false
	}
	major, minor, ok := strings.Cut(f[2], ":")
	x, err1 := strconv.ParseUint(major, 10, 32)
	y, err2 := strconv.ParseUint(minor, 10, 32)
	if !ok || err1 != nil || err2 != nil {
		return mounted{}, false
	}
	return mounted{unescape(f[4]), b[0], unix.Mkdev(uint32(x), uint32(y))}, true
}

// unescape undoes the mount table's \040 for blanks and the like.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+4 <= len(s) {
			if c, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(c))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
