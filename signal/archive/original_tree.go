package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"io"
	iofs "io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A madeTree is what the nodes of a tree that is given out share.
type madeTree struct {
	id    [32]byte // of what is given out: it and a path make an inode number
	mtime time.Time
}

// A node is a file or a directory of such a tree.
type node struct {
	tree *madeTree
	path string // from the tree's root, "." for that

	// Of a directory: what is in it, sorted by name, and one of these, nil if it
	// is not there.
	list func(ctx context.Context) ([]*node, error)
	find func(ctx context.Context, name string) (*node, error)

	// Of a file.
	size func(ctx context.Context) (int64, error)
	open func(ctx context.Context) (content, error)
}

// content is an open file. Calls of ReadAt may run at the same time.
type content interface {
	ReadAt(ctx context.Context, p []byte, off int64) (int, error)
	Close() error
}

// folder makes n a directory of known nodes, sorted by name.
func (n *node) folder(nodes ...*node) *node {
	n.list = func(context.Context) ([]*node, error) { return nodes, nil }
	n.find = func(_ context.Context, name string) (*node, error) {
		for _, c := range nodes {
			if c.name() == name {
				return c, nil
			}
		}
		return nil, nil
	}
	return n
}

// bytes makes n a file of known bytes.
func (n *node) bytes(b []byte) *node {
	n.size = func(context.Context) (int64, error) { return int64(len(b)), nil }
	n.open = func(context.Context) (content, error) { return memory(b), nil }
	return n
}

type memory []byte

func (m memory) ReadAt(_ context.Context, p []byte, off int64) (int, error) {
	return bytes.NewReader(m).ReadAt(p, off)
}

func (m memory) Close() error { return nil }

func (n *node) name() string { return path.Base(n.path) }

func (n *node) inode() uint64 {
	sum := sha256.Sum256([]byte("bakfs/v1 original inode\x00" + string(n.tree.id[:]) + n.path))
	return binary.BigEndian.Uint64(sum[:]) >> 1
}

// info describes n, which is called name.
func (n *node) info(ctx context.Context, name string) (*nodeInfo, error) {
	i := &nodeInfo{name: name}
	s := &i.stat
	s.Ino, s.Mode = n.inode(), syscall.S_IFDIR|0o500
	width(&s.Nlink, 1)
	width(&s.Blksize, 128<<10)
	s.Uid, s.Gid = uint32(os.Getuid()), uint32(os.Getgid())
	s.Mtim = syscall.NsecToTimespec(n.tree.mtime.UnixNano())
	s.Ctim, s.Atim = s.Mtim, s.Mtim
	if n.list == nil {
		size, err := n.size(ctx)
		if err != nil {
			return nil, err
		}
		s.Mode, s.Size, s.Blocks = syscall.S_IFREG|0o400, size, (size+511)/512
	}
	return i, nil
}

// width sets a field whose width differs between machines.
func width[T ~int32 | ~int64 | ~uint32 | ~uint64](field *T, n int64) { *field = T(n) }

// A nodeInfo describes a node.
type nodeInfo struct {
	name string
	stat syscall.Stat_t
}

func (i *nodeInfo) Name() string       { return i.name }
func (i *nodeInfo) Size() int64        { return i.stat.Size }
func (i *nodeInfo) IsDir() bool        { return i.Mode().IsDir() }
func (i *nodeInfo) ModTime() time.Time { return time.Unix(i.stat.Mtim.Unix()) }
func (i *nodeInfo) Sys() any           { return &i.stat }
func (i *nodeInfo) HasXattrs() bool    { return false }

func (i *nodeInfo) Mode() iofs.FileMode {
	m := iofs.FileMode(i.stat.Mode & 0o777)
	if i.stat.Mode&syscall.S_IFMT == syscall.S_IFDIR {
		m |= iofs.ModeDir
	}
	return m
}

// A nodeEntry is a node in a list. Info finds the size, which may take a while.
type nodeEntry struct {
	ctx context.Context
	n   *node
}

func (e nodeEntry) Name() string                 { return e.n.name() }
func (e nodeEntry) IsDir() bool                  { return e.n.list != nil }
func (e nodeEntry) Info() (iofs.FileInfo, error) { return e.n.info(e.ctx, e.n.name()) }
func (e nodeEntry) String() string               { return iofs.FormatDirEntry(e) }

func (e nodeEntry) Type() iofs.FileMode {
	if e.IsDir() {
		return iofs.ModeDir
	}
	return 0
}

// A nodeFS is a directory of such a tree, its calls bound to a context. It
// never changes.
type nodeFS struct {
	ctx context.Context
	at  *node
}

// WithContext is the same directory; its calls, and those of what it gives
// out, end with ctx.
func (f nodeFS) WithContext(ctx context.Context) iofs.FS { return nodeFS{ctx, f.at} }

// Volatile says that the listing does not change.
func (f nodeFS) Volatile() bool { return false }

func (f nodeFS) resolve(op, name string) (*node, error) {
	if !iofs.ValidPath(name) {
		return nil, &iofs.PathError{Op: op, Path: name, Err: iofs.ErrInvalid}
	}
	at := f.at
	if name == "." {
		return at, nil
	}
	for part := range strings.SplitSeq(name, "/") {
		var err error
		if at.list == nil {
			return nil, &iofs.PathError{Op: op, Path: name, Err: syscall.ENOTDIR}
		}
		if at, err = at.find(f.ctx, part); err == nil && at == nil {
			err = iofs.ErrNotExist
		}
		if err != nil {
			return nil, &iofs.PathError{Op: op, Path: name, Err: err}
		}
	}
	return at, nil
}

// Open opens a file, which also has ReadAt(ctx, p, off), or a directory.
func (f nodeFS) Open(name string) (iofs.File, error) {
	n, err := f.resolve("open", name)
	if err != nil {
		return nil, err
	}
	o := &openNode{ctx: f.ctx, n: n, name: path.Base(name)}
	if n.list == nil {
		if o.content, err = n.open(f.ctx); err != nil {
			return nil, &iofs.PathError{Op: "open", Path: name, Err: err}
		}
	}
	return o, nil
}

// Stat describes a file. To know the size of one that is made from records
// takes as long as to make it, the first time.
func (f nodeFS) Stat(name string) (iofs.FileInfo, error) {
	n, err := f.resolve("stat", name)
	if err != nil {
		return nil, err
	}
	i, err := n.info(f.ctx, path.Base(name))
	if err != nil {
		return nil, &iofs.PathError{Op: "stat", Path: name, Err: err}
	}
	return i, nil
}

// ReadDir lists a directory, without looking for the sizes of what is in it.
func (f nodeFS) ReadDir(name string) ([]iofs.DirEntry, error) {
	n, err := f.resolve("readdir", name)
	if err == nil && n.list == nil {
		err = &iofs.PathError{Op: "readdir", Path: name, Err: syscall.ENOTDIR}
	}
	if err != nil {
		return nil, err
	}
	nodes, err := n.list(f.ctx)
	if err != nil {
		return nil, &iofs.PathError{Op: "readdir", Path: name, Err: err}
	}
	list := make([]iofs.DirEntry, len(nodes))
	for i, c := range nodes {
		list[i] = nodeEntry{f.ctx, c}
	}
	return list, nil
}

// Sub returns a directory below.
func (f nodeFS) Sub(name string) (iofs.FS, error) {
	n, err := f.resolve("sub", name)
	if err == nil && n.list == nil {
		err = &iofs.PathError{Op: "sub", Path: name, Err: syscall.ENOTDIR}
	}
	if err != nil {
		return nil, err
	}
	return nodeFS{f.ctx, n}, nil
}

// An openNode is an open file or directory.
type openNode struct {
	ctx     context.Context
	n       *node
	name    string
	content content // nil: a directory

	mu   sync.Mutex
	off  int64 // of Read; of a directory: entries given
	list []iofs.DirEntry
}

func (o *openNode) Stat() (iofs.FileInfo, error) { return o.n.info(o.ctx, o.name) }

func (o *openNode) Close() error {
	if o.content == nil {
		return nil
	}
	return o.content.Close()
}

// ReadAt is like that of io.ReaderAt.
func (o *openNode) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	switch {
	case o.content == nil:
		return 0, &iofs.PathError{Op: "read", Path: o.name, Err: syscall.EISDIR}
	case off < 0:
		return 0, &iofs.PathError{Op: "read", Path: o.name, Err: iofs.ErrInvalid}
	}
	n, err := o.content.ReadAt(ctx, p, off)
	if err != nil && err != io.EOF {
		err = &iofs.PathError{Op: "read", Path: o.name, Err: err}
	}
	return n, err
}

// Read reads on.
func (o *openNode) Read(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := o.ReadAt(o.ctx, p, o.off)
	o.off += int64(n)
	if n > 0 && err == io.EOF {
		err = nil
	}
	return n, err
}

// ReadDir implements fs.ReadDirFile.
func (o *openNode) ReadDir(n int) ([]iofs.DirEntry, error) {
	if o.content != nil {
		return nil, &iofs.PathError{Op: "readdir", Path: o.name, Err: syscall.ENOTDIR}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.list == nil {
		var err error
		if o.list, err = (nodeFS{o.ctx, o.n}).ReadDir("."); err != nil {
			return nil, err
		}
	}
	rest := o.list[o.off:]
	if n > 0 && len(rest) == 0 {
		return nil, io.EOF
	}
	if n > 0 && n < len(rest) {
		rest = rest[:n]
	}
	o.off += int64(len(rest))
	return rest, nil
}
