package main

import (
	"context"
	iofs "io/fs"
)

// A late is a folder of a tree that is looked up when something in it is asked
// for: a mount has one for each Signal backup and must be ready before any is read.
type late struct {
	ctx  context.Context
	tree iofs.FS
	path string
}

// WithContext is the same folder; its calls end with ctx.
func (l late) WithContext(ctx context.Context) iofs.FS {
	l.ctx = ctx
	return l
}

func (l late) now() (iofs.FS, error) { return subFS(bound(l.ctx, l.tree), l.path) }

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
