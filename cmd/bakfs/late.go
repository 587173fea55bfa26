package main

import (
	"context"
	iofs "io/fs"
	"sync/atomic"
)

// A late is a folder of a tree that is looked up when something in it is asked
// for: a mount has one for each Signal backup and must be ready before any is read.
type late struct {
	ctx context.Context
	at  *lateFolder
}

// A lateFolder is where a late is. It remembers what was found: thousands of files
// are read in one folder, and a snapshot does not change.
type lateFolder struct {
	tree  iofs.FS
	path  string
	found atomic.Pointer[bindable]
}

// A bindable is a tree whose calls can be bound to a context.
type bindable interface {
	iofs.FS
	WithContext(ctx context.Context) iofs.FS
}

func newLate(tree iofs.FS, path string) late {
	return late{context.Background(), &lateFolder{tree: tree, path: path}}
}

// WithContext is the same folder; its calls end with ctx.
func (l late) WithContext(ctx context.Context) iofs.FS {
	l.ctx = ctx
	return l
}

func (l late) now() (iofs.FS, error) {
	if dir := l.at.found.Load(); dir != nil {
		return (*dir).WithContext(l.ctx), nil
	}
	dir, err := subFS(bound(l.ctx, l.at.tree), l.at.path)
	if free, ok := dir.(bindable); ok && err == nil { // else it would end with this call's context
		l.at.found.Store(&free)
	}
	return dir, err
}

func (l late) Open(name string) (iofs.File, error) {
	at, err := l.now()
	if err != nil {
		return nil, err
	}
	return at.Open(name)
}

func (l late) ReadDir(name string) ([]iofs.DirEntry, error) {
	at, err := l.now()
	if err != nil {
		return nil, err
	}
	return iofs.ReadDir(at, name)
}

func (l late) Stat(name string) (iofs.FileInfo, error) {
	at, err := l.now()
	if err != nil {
		return nil, err
	}
	return iofs.Stat(at, name)
}

func (l late) Lstat(name string) (iofs.FileInfo, error) {
	at, err := l.now()
	if err != nil {
		return nil, err
	}
	return iofs.Lstat(at, name)
}

func (l late) ReadLink(name string) (string, error) {
	at, err := l.now()
	if err != nil {
		return "", err
	}
	return iofs.ReadLink(at, name)
}

func (l late) Sub(name string) (iofs.FS, error) {
	at, err := l.now()
	if err != nil {
		return nil, err
	}
	return subFS(at, name)
}

// Xattrs are those that the tree has.
func (l late) Xattrs(name string) (map[string][]byte, error) {
	at, err := l.now()
	if err != nil {
		return nil, err
	}
	if x, ok := at.(interface {
		Xattrs(name string) (map[string][]byte, error)
	}); ok {
		return x.Xattrs(name)
	}
	return nil, nil
}
