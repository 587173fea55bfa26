package view

import (
	"context"
	iofs "io/fs"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A node is what stands at a name. Nodes are made anew whenever somebody looks;
// all that lasts is in the cache.
type node interface {
	kind() iofs.FileMode // its type bits
	stat(ctx context.Context) (attr, error)
	ready() bool // whether stat answers without work
}

// A child is a node with its name in a directory.
type child struct {
	name string
	node node
}

// A dir is a directory of a view.
type dir struct {
	ino   uint64
	grows bool // a name in it may come to mean other bytes, though no backup comes
	mtime func(ctx context.Context) (time.Time, error)
	list  func(ctx context.Context) ([]child, error)           // what is listed, in the order of names
	quick func(ctx context.Context, name string) (node, error) // nil, or finds some names without list; a nil node: ask list
	look  func(ctx context.Context, name string) (node, error) // nil, or what is there without being listed: iofs.ErrNotExist
}

func (d *dir) kind() iofs.FileMode { return iofs.ModeDir }
func (d *dir) ready() bool         { return true }

func (d *dir) stat(ctx context.Context) (attr, error) {
	t, err := d.mtime(ctx)
	if err != nil {
		return attr{}, err
	}
	return attr{mode: syscall.S_IFDIR | 0o555, size: dirSize, ino: d.ino, links: 1, mtime: t}, nil
}

// find returns what stands at a name; iofs.ErrNotExist if nothing does.
func (d *dir) find(ctx context.Context, name string) (node, error) {
	if d.quick != nil {
		if n, err := d.quick(ctx, name); n != nil || err != nil {
			return n, err
		}
	}
	all, err := d.list(ctx)
	if err != nil {
		return nil, err
	}
	i, ok := slices.BinarySearchFunc(all, name, func(c child, name string) int { return strings.Compare(c.name, name) })
	switch {
	case ok:
		return all[i].node, nil
	case d.look != nil:
		return d.look(ctx, name)
	}
	return nil, iofs.ErrNotExist
}

// sorted puts children into the order of names.
func sorted(all []child) []child {
	slices.SortFunc(all, func(a, b child) int { return strings.Compare(a.name, b.name) })
	return all
}

// fixed is the list of a directory whose children are known.
func fixed(all ...child) func(context.Context) ([]child, error) {
	all = sorted(all)
	return func(context.Context) ([]child, error) { return all, nil }
}

// at is a time that is known.
func at(t time.Time) func(context.Context) (time.Time, error) {
	return func(context.Context) (time.Time, error) { return t, nil }
}

// A link is a symbolic link.
type link struct {
	ino    uint64
	target string
	mtime  time.Time
}

func (l *link) kind() iofs.FileMode { return iofs.ModeSymlink }
func (l *link) ready() bool         { return true }

func (l *link) stat(context.Context) (attr, error) {
	return attr{mode: syscall.S_IFLNK | 0o777, size: int64(len(l.target)), ino: l.ino, links: 1, mtime: l.mtime}, nil
}
