package fs

import (
	"context"
	"errors"
	iofs "io/fs"
	"syscall"
)

// errStale says that a name now means another file than the inode the kernel
// asks about. The kernel looks the name up again.
var errStale = errors.New("the name means another file now")

// errno is the one place where errors become errnos. What it maps to EIO could
// not be read, which the caller reports with the path. A name that became
// something else is no damage: the tree's own PathError, the outermost, says that
// directly. Further in, the same errno is of the files the tree is made from.
func errno(err error) syscall.Errno {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, iofs.ErrNotExist):
		return syscall.ENOENT
	case errors.Is(err, context.Canceled):
		return syscall.EINTR
	case errors.Is(err, errStale):
		return syscall.ESTALE
	}
	if p, ok := errors.AsType[*iofs.PathError](err); ok && (p.Err == syscall.ENOTDIR || p.Err == syscall.ELOOP) {
		return p.Err.(syscall.Errno)
	}
	return syscall.EIO
}
