package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	iofs "io/fs"
	"os"
	"path/filepath"
	"syscall"

	"bakfs/seal"

	"golang.org/x/sys/unix"
)

// Dirs are the places on this machine where bakfs keeps things about one
// repository. What is in cache can be made again; what is in state cannot.
type dirs struct {
	state string // the device's keys, marks, lock
	cache string // the index
}

// baseDirs says where state and cache of all repositories are.
func baseDirs(getenv func(string) string) (dirs, error) {
	state, err := baseDir(getenv, "BAKFS_STATE_DIR", "XDG_STATE_HOME", ".local/state")
	if err != nil {
		return dirs{}, err
	}
	cache, err := baseDir(getenv, "BAKFS_CACHE_DIR", "XDG_CACHE_HOME", ".cache")
	return dirs{state, cache}, err
}

// baseDir is what the variable own says, else bakfs in what xdg says, else in home.
// A relative XDG path counts as unset, as the XDG rules say.
func baseDir(getenv func(string) string, own, xdg, home string) (string, error) {
	if dir := getenv(own); dir != "" {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return "", fmt.Errorf("%s: %w", own, err)
		}
		return abs, nil
	}
	if dir := getenv(xdg); filepath.IsAbs(dir) {
		return filepath.Join(dir, "bakfs"), nil
	}
	if dir := getenv("HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, home, "bakfs"), nil
	}
	return "", fail(exitError, errors.New("HOME is not set"), "set "+own+" to a folder of this machine")
}

// of returns the folders of one repository.
func (d dirs) of(id seal.RepositoryID) dirs {
	name := hex.EncodeToString(id[:])
	return dirs{state: filepath.Join(d.state, name), cache: filepath.Join(d.cache, name)}
}

func (d dirs) device() string { return filepath.Join(d.state, "device") }
func (d dirs) begun() string  { return d.device() + ".new" }
func (d dirs) marks() string  { return filepath.Join(d.state, "marks") }
func (d dirs) index() string  { return filepath.Join(d.cache, "index") }

// lock takes the device's lock for as long as the returned file is open. The
// system gives it back when the process ends, however it ends.
func (d dirs) lock() (*os.File, error) {
	_, err := os.Stat(d.state) // asked first: of a disk that answers nothing MkdirAll says "file exists"
	if errors.Is(err, iofs.ErrNotExist) {
		err = os.MkdirAll(d.state, 0o700)
	}
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(d.state, "lock"), os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		f.Close()
		return nil, fail(exitInUse, errors.New("another bakfs is writing to this repository as this device"),
			"wait until it is done; reading and mounting work meanwhile")
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock: %w", err)
	}
	return f, nil
}

// writeDurably puts data into a new file at path, readable by the owner only and
// complete, or not at all. An existing file is replaced if replace says so, else iofs.ErrExist.
func writeDurably(path string, data []byte, replace bool) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".tmp-*") // 0600, O_EXCL
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if replace {
		err = os.Rename(f.Name(), path)
	} else {
		err = placeNew(f.Name(), path, data, renameNew, os.Link)
	}
	if err != nil {
		return err
	}
	return syncDir(dir)
}

// placeNew gives the file temp, which holds data, the name path, unless something has
// it. A disk that can neither rename so nor link gets path written in place: a crash
// then leaves part of it, which nothing but a crash does.
func placeNew(temp, path string, data []byte, rename, link func(from, to string) error) error {
	err := rename(temp, path)
	if !unsupported(err) {
		return err
	}
	if err = link(temp, path); unsupported(err) {
		err = writeNew(path, data)
	}
	if err != nil {
		return err
	}
	return os.Remove(temp)
}

// renameNew renames a file, but takes no name that is in use.
func renameNew(from, to string) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

// unsupported reports whether an error says that the disk has no such thing. FAT
// calls a link EPERM, and rename says EINVAL to a flag it does not know.
func unsupported(err error) bool {
	for _, e := range []error{unix.EINVAL, unix.ENOSYS, unix.EOPNOTSUPP, unix.EPERM, unix.EMLINK, unix.EXDEV} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// writeNew makes a file at path and takes it away again if it cannot be written whole.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// within reports whether the existing path p is dir or lies in it, whatever names,
// links or bind mounts lead there. A dir that does not exist holds nothing.
func within(p, dir string) (bool, error) {
	want, err := os.Stat(dir)
	if errors.Is(err, iofs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	p, err = filepath.EvalSymlinks(p)
	if err != nil {
		return false, err
	}
	if p, err = filepath.Abs(p); err != nil {
		return false, err
	}
	for {
		if have, err := os.Stat(p); err == nil && os.SameFile(have, want) {
			return true, nil
		}
		parent := filepath.Dir(p)
		if parent == p {
			return false, nil
		}
		p = parent
	}
}

// withinNew is within for a path whose end may not exist yet.
func withinNew(p, dir string) (bool, error) {
	p, err := filepath.Abs(p)
	if err != nil {
		return false, err
	}
	for {
		in, err := within(p, dir)
		if !errors.Is(err, iofs.ErrNotExist) || p == filepath.Dir(p) {
			return in, err
		}
		p = filepath.Dir(p)
	}
}
