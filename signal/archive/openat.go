package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
)

// A contextFile is a file of a tree that takes a context.
type contextFile interface {
	ReadAt(ctx context.Context, p []byte, off int64) (int, error)
}

// An atFile is an open file that can be read anywhere. Calls of ReadAt may run
// at the same time.
type atFile struct {
	file iofs.File
	size int64
	read func(ctx context.Context, p []byte, off int64) (int, error)
}

// openAt opens a file, whose method ReadAt may have a context in front or not.
func openAt(fsys iofs.FS, name string) (*atFile, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &iofs.PathError{Op: "read", Path: name, Err: iofs.ErrInvalid}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	a := &atFile{file: f, size: info.Size()}
	switch r := f.(type) {
	case contextFile:
		a.read = r.ReadAt
	case io.ReaderAt:
		a.read = func(ctx context.Context, p []byte, off int64) (int, error) {
			if err := ctx.Err(); err != nil {
				return 0, err
			}
			return r.ReadAt(p, off)
		}
	default:
		f.Close()
		return nil, &iofs.PathError{Op: "read", Path: name, Err: errors.ErrUnsupported}
	}
	return a, nil
}

// ReadAt is like that of io.ReaderAt.
func (a *atFile) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("offset %d: %w", off, iofs.ErrInvalid)
	}
	if off >= a.size { // for which files differ
		return 0, io.EOF
	}
	return a.read(ctx, p, off)
}

// Size returns the length of the file when it was opened.
func (a *atFile) Size() int64 { return a.size }

// Close closes the file.
func (a *atFile) Close() error { return a.file.Close() }

// At returns the file with its reads bound to ctx.
func (a *atFile) At(ctx context.Context) io.ReaderAt { return boundFile{a, ctx} }

type boundFile struct {
	*atFile
	ctx context.Context
}

// ReadAt implements io.ReaderAt.
func (b boundFile) ReadAt(p []byte, off int64) (int, error) { return b.atFile.ReadAt(b.ctx, p, off) }
