package modern

import (
	"errors"
	"io"
	iofs "io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// A notAFile is about a thing in the place of a file: a folder, a pipe, a
// device. It wraps ErrDamaged.
type notAFile struct{}

func (notAFile) Error() string { return "not a regular file" }

func (notAFile) Unwrap() error { return ErrDamaged }

// OpenFile opens a file for reading by means of open, which is os.OpenFile or a
// method like it. It never waits, as opening a pipe would, and refuses whatever
// is not a regular file with ErrDamaged. Symbolic links are for open to follow.
func OpenFile(open func(name string, flag int, perm iofs.FileMode) (*os.File, error), name string) (*os.File, error) {
	f, err := open(name, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &iofs.PathError{Op: "open", Path: name, Err: notAFile{}}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// A dirFS is a directory of the system as os.DirFS gives it, but that opening
// never waits and gives regular files only.
type dirFS string

func (d dirFS) path(op, name string) (string, error) {
	if !iofs.ValidPath(name) {
		return "", &iofs.PathError{Op: op, Path: name, Err: iofs.ErrInvalid}
	}
	return filepath.Join(string(d), filepath.FromSlash(name)), nil
}

// Open opens a regular file.
func (d dirFS) Open(name string) (iofs.File, error) {
	p, err := d.path("open", name)
	if err != nil {
		return nil, err
	}
	f, err := OpenFile(os.OpenFile, p)
	if err != nil {
		return nil, err // and not a File that is nil inside
	}
	return f, nil
}

// ReadDir lists a directory.
func (d dirFS) ReadDir(name string) ([]iofs.DirEntry, error) {
	p, err := d.path("readdir", name)
	if err != nil {
		return nil, err
	}
	return os.ReadDir(p)
}

// Stat describes what is there.
func (d dirFS) Stat(name string) (iofs.FileInfo, error) {
	p, err := d.path("stat", name)
	if err != nil {
		return nil, err
	}
	return os.Stat(p)
}

// A fileAt is an open file that can be read anywhere.
type fileAt interface {
	iofs.File
	io.ReaderAt
}

// openAt opens a file and returns its length.
func openAt(fsys iofs.FS, name string) (fileAt, int64, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, 0, reason(err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = notAFile{}
	}
	at, ok := f.(fileAt)
	if err == nil && !ok {
		err = errors.ErrUnsupported
	}
	if err != nil {
		f.Close()
		return nil, 0, reason(err)
	}
	return at, info.Size(), nil
}

// readSmall reads a file of which no more than maxMetadata is right.
func readSmall(fsys iofs.FS, name string) ([]byte, error) {
	f, _, err := openAt(fsys, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxMetadata+1))
	return b, reason(err)
}

// reason takes the path off an error of the system.
func reason(err error) error {
	if p, ok := err.(*iofs.PathError); ok {
		return p.Err
	}
	return err
}
