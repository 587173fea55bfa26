// Package fs mounts any io/fs tree read-only through FUSE.
//
// What always holds:
//   - nothing can be written: each request that would change something is
//     answered with EROFS, and the mount itself is read-only;
//   - the kernel never sees the bytes of one file under the inode of another:
//     an inode stands for one inode number with one size, one set of times and,
//     where names may change, one link target;
//   - a file that gives fewer bytes than its size says is an error, never zeros;
//   - errors become errnos in one place, errno.go;
//   - a panic in the tree is EIO for the request that met it, and no more;
//   - every goroutine is awaited: after Unmount none is left.
//
// What does not always hold: a slow read can be interrupted. The kernel passes on
// the signal of a look-up, of a listing and of a read with O_DIRECT, but not of a
// read into its cache, which all others are. For these the reader's thread is
// looked at in /proc/<thread>/syscall, which the kernel gives only to who may trace
// it: root, or the reader's own user where Yama is off or absent
// (kernel.yama.ptrace_scope 0). With scope 1, the default of many distributions, a
// mount that is not root's sees nothing there: a program that handles Ctrl-C itself
// then waits until the read ends. A signal that kills ends it in any case. Readers
// in another PID namespace (containers) are not seen either.
//
// A directory of the tree is an [iofs.FS] rooted at itself. This package keeps
// one for each directory the kernel holds and calls it with "." or with a single
// name, so that no path is walked twice. Names are raw bytes. FileInfo.Sys should
// be a *syscall.Stat_t; without one, numbers are made up from the path.
package fs

import (
	"context"
	"errors"
	iofs "io/fs"
)

// A File is an open file of a mounted tree. Calls may run at the same time, with
// any offset. ReadAt fills p unless the file ends or it returns an error. A file
// without this method is read through io.ReaderAt and cannot be interrupted.
type File interface {
	iofs.File
	ReadAt(ctx context.Context, p []byte, off int64) (int, error)
}

// A ContextFS can bind its calls to a context. The result is the same directory.
// What it returns (files, directories) may keep ctx: when the request is over,
// ctx is never cancelled any more.
type ContextFS interface {
	WithContext(ctx context.Context) iofs.FS
}

// A VolatileFS says whether the directory's names may come to mean other things.
// The kernel then asks again after a second. The answer must not change. A name
// in it that means another file must have another inode number, size, time or
// link target.
type VolatileFS interface {
	Volatile() bool
}

// An XattrFS has extended attributes; "." is the directory itself.
type XattrFS interface {
	Xattrs(name string) (map[string][]byte, error)
}

// An XattrInfo is a FileInfo that knows whether its file has extended attributes.
// For one that has none the tree is not asked again: ls -l asks about each file,
// twice, and the kernel keeps no answer. Without this method the tree is asked.
// Where names may change their meaning it is asked in any case.
type XattrInfo interface {
	HasXattrs() bool
}

// A TotalsFS knows how much it holds, for df. Asked of the tree's root only, bound
// to a context where it can be. Files are inodes of any kind.
type TotalsFS interface {
	Totals() (bytes, files uint64)
}

// Options say how a tree is mounted. The zero value is a private mount.
type Options struct {
	Name       string                       // first column of df and mount; "" is bakfs
	AllowOther bool                         // other users may look too, as far as modes allow
	UID, GID   *uint32                      // everything's owner; nil: root sees the stored one, others their own
	Log        func(path string, err error) // what could not be read, once a path; calls may run at the same time; nil: nobody is told
	Debug      bool                         // each request on standard error
}

var (
	// ErrBusy is returned when a mount cannot go away because it is in use.
	ErrBusy = errors.New("the mount is in use")
	// ErrNotMounted is returned when there is no mount of bakfs to take away.
	ErrNotMounted = errors.New("nothing of bakfs is mounted here")
	// ErrMountPoint is wrapped by each reason for which a mount point is refused.
	ErrMountPoint = errors.New("cannot be a mount point")
)
