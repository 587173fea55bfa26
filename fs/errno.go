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

// errno is the one place where errors become errnos. What it maps to EIO is
// damage, which the caller reports with the path.
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
	return syscall.EIO
}
