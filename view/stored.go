package view

import (
	"context"
	"fmt"
	"io"
	iofs "io/fs"
	"syscall"
	"time"
)

// A reader is an open file that can be read anywhere, by several at a time.
type reader interface {
	ReadAt(ctx context.Context, p []byte, off int64) (int, error)
	Close() error
}

// A stored is a file whose bytes are in the backup as they are.
type stored struct {
	size  int64
	ino   uint64
	links int
	mtime time.Time
	bytes func(ctx context.Context) (reader, error)

	xattrs map[string][]byte
}

func (s *stored) kind() iofs.FileMode { return 0 }
func (s *stored) ready() bool         { return true }

func (s *stored) stat(context.Context) (attr, error) {
	return attr{mode: syscall.S_IFREG | 0o444, size: s.size, ino: s.ino, links: s.links, mtime: s.mtime, xattrs: len(s.xattrs) > 0}, nil
}

func (s *stored) open(ctx context.Context) (attr, reader, error) {
	a, _ := s.stat(ctx)
	r, err := s.bytes(ctx)
	return a, r, err
}

// A file is an open file of a view. It stays what it was when it was opened,
// whatever backups come. Reads may run at the same time.
type file struct {
	ctx   context.Context
	info  *info
	bytes reader
	off   int64 // of Read
}

// A content is a node with bytes.
type content interface {
	node
	open(ctx context.Context) (attr, reader, error)
}

// open opens a node that is a regular file.
func (t *tree) open(ctx context.Context, name string, n node) (*file, error) {
	c, ok := n.(content)
	if !ok {
		return nil, iofs.ErrInvalid
	}
	a, r, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	return &file{ctx: ctx, info: t.info(name, a), bytes: r}, nil
}

// A measured is a generated file with the sizes it had when it was opened.
type measured struct {
	*generated
	measure measure
}

func (m measured) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	return m.readAt(ctx, m.measure, p, off)
}

func (m measured) Close() error { return nil }

func (f *file) Stat() (iofs.FileInfo, error) { return f.info, nil }
func (f *file) Close() error                 { return f.bytes.Close() }

// ReadAt reads len(p) bytes at off, fewer only at the end or with an error.
func (f *file) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, iofs.ErrInvalid
	}
	if off >= f.info.Size() {
		return 0, io.EOF
	}
	return f.bytes.ReadAt(ctx, p, off)
}

// Read reads on from where the last one ended.
func (f *file) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := f.ReadAt(f.ctx, p, f.off)
	f.off += int64(n)
	if n > 0 && err == io.EOF {
		err = nil
	}
	return n, err
}

// asReader is an open file of another package as a reader.
func asReader(f iofs.File) (reader, error) {
	switch f := f.(type) {
	case reader:
		return f, nil
	case interface {
		iofs.File
		io.ReaderAt
	}:
		return plainReader{f, f}, nil
	}
	f.Close()
	return nil, fmt.Errorf("%T cannot be read at an offset", f)
}

// A plainReader cannot be interrupted.
type plainReader struct {
	io.Closer
	at io.ReaderAt
}

func (r plainReader) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	return r.at.ReadAt(p, off)
}
