package store

import (
	"errors"
	iofs "io/fs"
	"path"
	"syscall"
)

// rename gives a file of the folder another name, never one that is taken: the
// error is then ErrExist. Both directories are reached through the root, so no
// symbolic link leads it elsewhere.
func (f *Folder) rename(from, to string) error {
	a, err := f.root.Open(path.Dir(from))
	if err != nil {
		return err
	}
	defer a.Close()
	b, err := f.root.Open(path.Dir(to))
	if err != nil {
		return err
	}
	defer b.Close()
	if err = f.before("renameat2", to); err == nil {
		err = renameNew(int(a.Fd()), path.Base(from), int(b.Fd()), path.Base(to))
	}
	if lacking(err) {
		if err = f.before("link", to); err == nil {
			err = linkNew(int(a.Fd()), path.Base(from), int(b.Fd()), path.Base(to))
		}
	}
	if lacking(err) {
		// Neither is known to this file system. Names carry the hash of their
		// file, so two writers of one name write one content.
		if _, err = f.root.Lstat(to); errors.Is(err, iofs.ErrNotExist) {
			err = f.root.Rename(from, to)
		} else if err == nil {
			err = iofs.ErrExist
		}
	}
	if err != nil {
		return &iofs.PathError{Op: "rename", Path: to, Err: err}
	}
	return nil
}

// lacking says that a file system does not have the operation.
func lacking(err error) bool {
	for _, e := range []syscall.Errno{syscall.EINVAL, syscall.ENOSYS, syscall.EOPNOTSUPP, syscall.EPERM, syscall.EMLINK} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// uninterrupted repeats a system call that a signal interrupts.
func uninterrupted(call func() error) error {
	for {
		if err := call(); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
