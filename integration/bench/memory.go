package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"bakfs/fs"
)

// memoryServers are the ceilings: each serves the data set from memory, in a
// process of its own.
var memoryServers = map[string]string{
	"memory": "the data set held in memory, mounted by bakfs's package fs",
	"bare":   "the same memory, mounted by go-fuse and nothing else",
}

// serveMemory is the whole life of such a process: it ends when unmounted.
func serveMemory(ctx context.Context, name, data, at string) error {
	root, err := load(data)
	if err != nil {
		return err
	}
	var wait func()
	switch name {
	case "memory":
		s, err := fs.Mount(at, memoryFS{root}, fs.Options{Name: "bench"})
		if err != nil {
			return err
		}
		wait = s.Wait
	case "bare":
		if wait, err = serveBare(root, at); err != nil {
			return err
		}
	default:
		return fmt.Errorf("no server %q", name)
	}
	stop := context.AfterFunc(ctx, func() { unmount(at, true) })
	defer stop()
	wait()
	return nil
}

// An item is a file or folder in memory. It is its own FileInfo and DirEntry.
type item struct {
	name  string
	stat  syscall.Stat_t
	data  []byte
	items []*item // by name
}

// load reads a tree of folders and files.
func load(p string) (*item, error) {
	info, err := os.Lstat(p)
	if err != nil {
		return nil, err
	}
	i := &item{name: info.Name(), stat: *info.Sys().(*syscall.Stat_t)}
	if !info.IsDir() {
		i.data, err = os.ReadFile(p)
		return i, err
	}
	list, err := os.ReadDir(p)
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		sub, err := load(filepath.Join(p, e.Name()))
		if err != nil {
			return nil, err
		}
		i.items = append(i.items, sub)
	}
	return i, nil
}

func (i *item) find(name string) *item {
	if name == "." {
		return i
	}
	n, ok := slices.BinarySearchFunc(i.items, name, func(i *item, name string) int { return strings.Compare(i.name, name) })
	if !ok {
		return nil
	}
	return i.items[n]
}

func (i *item) Name() string                 { return i.name }
func (i *item) Size() int64                  { return i.stat.Size }
func (i *item) IsDir() bool                  { return i.stat.Mode&syscall.S_IFMT == syscall.S_IFDIR }
func (i *item) ModTime() time.Time           { return time.Unix(i.stat.Mtim.Unix()) }
func (i *item) Sys() any                     { return &i.stat }
func (i *item) Info() (iofs.FileInfo, error) { return i, nil }
func (i *item) Type() iofs.FileMode          { return i.Mode().Type() }
func (i *item) HasXattrs() bool              { return false }
func (i *item) Mode() iofs.FileMode {
	m := iofs.FileMode(i.stat.Mode & 0o777)
	if i.IsDir() {
		m |= iofs.ModeDir
	}
	return m
}

// A memoryFS is a folder in memory as package fs mounts it.
type memoryFS struct{ at *item }

func (f memoryFS) get(op, name string) (*item, error) {
	if i := f.at.find(name); i != nil {
		return i, nil
	}
	return nil, &iofs.PathError{Op: op, Path: name, Err: iofs.ErrNotExist}
}

func (f memoryFS) Lstat(name string) (iofs.FileInfo, error) {
	i, err := f.get("lstat", name)
	if err != nil {
		return nil, err
	}
	return i, nil
}

func (f memoryFS) ReadLink(name string) (string, error) {
	return "", &iofs.PathError{Op: "readlink", Path: name, Err: iofs.ErrInvalid}
}

func (f memoryFS) Sub(name string) (iofs.FS, error) {
	i, err := f.get("open", name)
	if err != nil {
		return nil, err
	}
	return memoryFS{i}, nil
}

func (f memoryFS) ReadDir(name string) ([]iofs.DirEntry, error) {
	i, err := f.get("open", name)
	if err != nil {
		return nil, err
	}
	list := make([]iofs.DirEntry, len(i.items))
	for n, sub := range i.items {
		list[n] = sub
	}
	return list, nil
}

func (f memoryFS) Open(name string) (iofs.File, error) {
	i, err := f.get("open", name)
	if err != nil {
		return nil, err
	}
	return memoryFile{i}, nil
}

type memoryFile struct{ i *item }

func (f memoryFile) Stat() (iofs.FileInfo, error) { return f.i, nil }
func (f memoryFile) Close() error                 { return nil }
func (f memoryFile) Read([]byte) (int, error)     { return 0, errors.ErrUnsupported } // fs only calls ReadAt

func (f memoryFile) ReadAt(_ context.Context, p []byte, off int64) (int, error) {
	if off >= int64(len(f.i.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.i.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
