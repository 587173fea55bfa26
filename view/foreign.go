package view

import (
	"context"
	"fmt"
	iofs "io/fs"
	"syscall"
	"time"
)

// foreign shows a tree that another package hands out, rooted at itself, with the
// attributes of views: read-only modes and inode numbers from place and time.
func foreign(fsys iofs.FS, where key, mtime time.Time) *dir {
	return &dir{ino: where.number(), mtime: at(mtime), list: func(ctx context.Context) ([]child, error) {
		list, err := iofs.ReadDir(within(ctx, fsys), ".")
		if err != nil {
			return nil, err
		}
		all := make([]child, 0, len(list))
		for _, e := range list {
			place := where.with(e.Name())
			switch {
			case e.Type().IsRegular():
				all = append(all, child{e.Name(), &foreignFile{fsys, e.Name(), place, mtime}})
			case e.IsDir():
				sub, err := iofs.Sub(fsys, e.Name())
				if err != nil {
					return nil, err
				}
				all = append(all, child{e.Name(), foreign(sub, place, mtime)})
			}
		}
		return sorted(all), nil
	}}
}

// within binds fsys to ctx, where it can be.
func within(ctx context.Context, fsys iofs.FS) iofs.FS {
	if c, ok := fsys.(interface {
		WithContext(ctx context.Context) iofs.FS
	}); ok {
		return c.WithContext(ctx)
	}
	return fsys
}

// A foreignFile is a regular file of such a tree.
type foreignFile struct {
	fsys  iofs.FS
	name  string
	place key
	mtime time.Time
}

func (f *foreignFile) kind() iofs.FileMode { return 0 }
func (f *foreignFile) ready() bool         { return false }

func (f *foreignFile) stat(ctx context.Context) (attr, error) {
	info, err := iofs.Stat(within(ctx, f.fsys), f.name)
	if err != nil {
		return attr{}, err
	}
	return f.attr(info), nil
}

func (f *foreignFile) attr(info iofs.FileInfo) attr {
	ino := f.place.with(fmt.Sprint(info.Size(), f.mtime.UnixNano())).number()
	return attr{mode: syscall.S_IFREG | 0o444, size: info.Size(), ino: ino, links: 1, mtime: f.mtime}
}

func (f *foreignFile) open(ctx context.Context) (attr, reader, error) {
	opened, err := within(ctx, f.fsys).Open(f.name)
	if err != nil {
		return attr{}, nil, err
	}
	info, err := opened.Stat()
	if err != nil {
		opened.Close()
		return attr{}, nil, err
	}
	r, err := asReader(opened)
	return f.attr(info), r, err
}
