package fs

import (
	"context"
	iofs "io/fs"
	"math"
	"path"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// A directory is one directory of the tree that the kernel has looked into.
type directory struct {
	fs       iofs.FS
	up       *directory // nil for the root
	name     string     // in up
	id       uint64     // of its node
	ino      uint64
	volatile bool
}

func newDirectory(f iofs.FS, up *directory, name string, id, ino uint64) *directory {
	v, ok := f.(VolatileFS)
	return &directory{fs: f, up: up, name: name, id: id, ino: ino, volatile: ok && v.Volatile()}
}

// in returns the directory with its calls bound to ctx, where it can be.
func (d *directory) in(ctx context.Context) iofs.FS {
	if c, ok := d.fs.(ContextFS); ok {
		return c.WithContext(ctx)
	}
	return d.fs
}

// path is for people: where in the mount the directory is.
func (d *directory) path() string {
	if d.up == nil {
		return "/"
	}
	return path.Join(d.up.path(), d.name)
}

// A node is what the kernel holds a reference to. It is kept small: the kernel
// may hold a million.
type node struct {
	id      uint64
	dir     *directory // where its name is; nil for the root
	name    string
	print   uint64 // what tells it from another of the same inode number
	lookups uint32 // how often the kernel was told of it, up to forever; guarded by table.mu
	bare    bool   // has no extended attributes, for certain
	kept    atomic.Pointer[kept]
	sub     atomic.Pointer[directory] // a directory that was looked into
}

// kept is what cannot be asked again of a name that may mean another file by now.
type kept struct {
	attr   fuse.Attr
	target string
}

func (n *node) path() string {
	if n.dir == nil {
		return "/"
	}
	return path.Join(n.dir.path(), n.name)
}

// place returns the FS and the name to ask about n.
func (n *node) place(ctx context.Context) (iofs.FS, string) {
	if n.dir == nil {
		return n.sub.Load().in(ctx), "."
	}
	return n.dir.in(ctx), n.name
}

// open returns the directory that n is. Two calls at once may each make one;
// both get the first.
func (n *node) open(ctx context.Context) (*directory, error) {
	if d := n.sub.Load(); d != nil {
		return d, nil
	}
	up := n.dir.in(ctx)
	info, err := iofs.Lstat(up, n.name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() { // any more
		return nil, errStale
	}
	f, err := sub(up, n.name)
	if err != nil {
		return nil, err
	}
	if c, ok := f.(ContextFS); ok { // else it would keep this request as long as it lives
		f = c.WithContext(context.Background())
	}
	n.sub.CompareAndSwap(nil, newDirectory(f, n.dir, n.name, n.id, inode(info, n.dir, n.name)))
	return n.sub.Load(), nil
}

// sub is iofs.Sub without its rule that names are UTF-8.
func sub(f iofs.FS, name string) (iofs.FS, error) {
	if s, ok := f.(iofs.SubFS); ok {
		return s.Sub(name)
	}
	return iofs.Sub(f, name)
}

// forever is the count of a node that is never dropped, since nobody counts so far.
const forever = math.MaxUint32

// A table holds the nodes the kernel knows, by id. A node's id is its inode
// number, or a number made from it if another node has that.
type table struct {
	limit int           // of nodes, before the kernel is asked to drop some
	full  chan struct{} // holds one element when it should be asked

	mu    sync.Mutex
	nodes map[uint64]*node
}

const (
	rootID  = fuse.FUSE_ROOT_ID
	noID    = uint64(0)
	pollID  = ^uint64(0) // go-fuse answers this one itself
	nextMix = 0x9e3779b97f4a7c15
)

// mix spreads the bits of a number, one to one.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

func (t *table) get(id uint64) *node {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.nodes[id]
}

// take returns the node of ino with this print, made if need be, and counts one
// lookup by the kernel.
func (t *table) take(d *directory, name string, ino, print uint64, bare bool) *node {
	t.mu.Lock()
	defer t.mu.Unlock()
	for id := ino; ; id = mix(id + nextMix) {
		if id == noID || id == rootID || id == pollID {
			continue
		}
		n := t.nodes[id]
		if n == nil {
			n = &node{id: id, dir: d, name: strings.Clone(name), print: print, bare: bare} // name may be cut out of much more
			t.nodes[id] = n
			if t.due() {
				select {
				case t.full <- struct{}{}:
				default: // asked already
				}
			}
		}
		if n.print == print {
			if n.lookups < forever {
				n.lookups++
			}
			return n
		}
	}
}

// forget takes back lookups; it returns the node if the kernel holds it no more.
func (t *table) forget(id, lookups uint64) *node {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.nodes[id]
	if n == nil || id == rootID {
		return nil
	}
	if n.lookups == forever {
		return nil
	}
	n.lookups -= uint32(min(lookups, uint64(n.lookups)))
	if n.lookups > 0 {
		return nil
	}
	delete(t.nodes, id)
	return n
}
