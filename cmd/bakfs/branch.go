package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"io"
	iofs "io/fs"
	"strings"
	"syscall"
	"time"
)

// A branch is a made-up folder in a mount, whose folders are other trees. These
// are opened when somebody looks into them, so that a listing reads nothing.
type branch struct {
	ctx   context.Context
	path  string // tells its inode number from those of other branches
	date  time.Time
	limbs []limb // in the order of names
}

// A limb is one folder of a branch.
type limb struct {
	name string
	open func(ctx context.Context) (iofs.FS, error)
}

// newBranch returns a folder at path, which is unique in a mount, with the date of a snapshot.
func newBranch(path string, date time.Time, limbs ...limb) branch {
	return branch{context.Background(), path, date, limbs}
}

// WithContext is the same folder; its calls end with ctx.
func (b branch) WithContext(ctx context.Context) iofs.FS {
	b.ctx = ctx
	return b
}

func (b branch) find(op, name string) (limb, error) {
	for _, l := range b.limbs {
		if l.name == name {
			return l, nil
		}
	}
	return limb{}, &iofs.PathError{Op: op, Path: name, Err: iofs.ErrNotExist}
}

// tree opens the tree of that name.
func (b branch) tree(name string) (iofs.FS, error) {
	l, err := b.find("open", name)
	if err != nil {
		return nil, err
	}
	tree, err := l.open(b.ctx)
	if err != nil {
		return nil, &iofs.PathError{Op: "open", Path: name, Err: err}
	}
	return bound(b.ctx, tree), nil
}

// Sub opens the tree of that name, or a folder in one.
func (b branch) Sub(name string) (iofs.FS, error) {
	if name == "." {
		return b, nil
	}
	first, rest, deeper := strings.Cut(name, "/")
	tree, err := b.tree(first)
	if err != nil || !deeper {
		return tree, err
	}
	return subFS(tree, rest)
}

// Lstat describes the folder itself, one in it, or what is in one of these.
func (b branch) Lstat(name string) (iofs.FileInfo, error) {
	if name == "." {
		return b.info(".", ""), nil
	}
	first, rest, deeper := strings.Cut(name, "/")
	if _, err := b.find("lstat", first); err != nil {
		return nil, err
	}
	if !deeper {
		return b.info(name, name), nil
	}
	tree, err := b.tree(first)
	if err != nil {
		return nil, err
	}
	return iofs.Lstat(tree, rest)
}

// Stat is Lstat where there are no links.
func (b branch) Stat(name string) (iofs.FileInfo, error) {
	first, rest, deeper := strings.Cut(name, "/")
	if !deeper {
		return b.Lstat(name)
	}
	tree, err := b.tree(first)
	if err != nil {
		return nil, err
	}
	return iofs.Stat(tree, rest)
}

// ReadLink reads a link in one of the trees.
func (b branch) ReadLink(name string) (string, error) {
	first, rest, deeper := strings.Cut(name, "/")
	if !deeper {
		return "", &iofs.PathError{Op: "readlink", Path: name, Err: iofs.ErrInvalid}
	}
	tree, err := b.tree(first)
	if err != nil {
		return "", err
	}
	return iofs.ReadLink(tree, rest)
}

// Open opens the folder itself, one in it, or what is in one of these.
func (b branch) Open(name string) (iofs.File, error) {
	if name != "." {
		first, rest, deeper := strings.Cut(name, "/")
		tree, err := b.tree(first)
		if err != nil {
			return nil, err
		}
		if !deeper {
			rest = "."
		}
		return tree.Open(rest)
	}
	d := &branchDir{info: b.info(".", "")}
	for _, l := range b.limbs {
		d.rest = append(d.rest, iofs.FileInfoToDirEntry(b.info(l.name, l.name)))
	}
	return d, nil
}

// info describes a folder: the branch's own for "".
func (b branch) info(name, below string) branchInfo {
	sum := sha256.Sum256([]byte("branch\x00" + b.path + "\x00" + below))
	return branchInfo{name, b.date, binary.BigEndian.Uint64(sum[:])}
}

type branchInfo struct {
	name string
	date time.Time
	ino  uint64
}

func (i branchInfo) Name() string        { return i.name }
func (i branchInfo) Size() int64         { return 4096 }
func (i branchInfo) Mode() iofs.FileMode { return iofs.ModeDir | 0o555 }
func (i branchInfo) ModTime() time.Time  { return i.date }
func (i branchInfo) IsDir() bool         { return true }
func (i branchInfo) Sys() any {
	t := syscall.NsecToTimespec(i.date.UnixNano())
	return &syscall.Stat_t{Ino: i.ino, Mode: syscall.S_IFDIR | 0o555, Nlink: 1, Size: 4096, Mtim: t, Ctim: t, Atim: t}
}

// A branchDir is an open branch.
type branchDir struct {
	info branchInfo
	rest []iofs.DirEntry
}

func (d *branchDir) Stat() (iofs.FileInfo, error) { return d.info, nil }
func (d *branchDir) Close() error                 { return nil }

func (d *branchDir) Read([]byte) (int, error) {
	return 0, &iofs.PathError{Op: "read", Path: d.info.name, Err: syscall.EISDIR}
}

// ReadDir is as iofs.ReadDirFile says.
func (d *branchDir) ReadDir(n int) ([]iofs.DirEntry, error) {
	if n <= 0 {
		n = len(d.rest)
	} else if len(d.rest) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(d.rest))
	list := d.rest[:n:n]
	d.rest = d.rest[n:]
	return list, nil
}
