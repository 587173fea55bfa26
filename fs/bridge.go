package fs

import (
	"fmt"
	iofs "io/fs"
	"path"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// nameMax is the longest name the mount promises in statfs.
const nameMax = 255

// A bridge answers the kernel's requests from a tree. It speaks FUSE's raw
// protocol instead of go-fuse's node API, because it measures faster, keeps
// three times less for each file the kernel knows, can hold one inode number as
// several inodes, and lets directories be cached as a whole.
type bridge struct {
	readOnly // all requests that would change something

	tree    iofs.FS
	owner   owner
	reports *reporter
	table   table
	files   fileCache
	dirs    dirHandles
}

func newBridge(tree iofs.FS, o Options) *bridge {
	b := &bridge{
		readOnly: readOnly{fuse.NewDefaultRawFileSystem()},
		tree:     tree,
		owner:    newOwner(o),
		reports:  newReporter(o.Log),
		table:    table{limit: nodeLimit, full: make(chan struct{}, 1), nodes: map[uint64]*node{}},
		files:    newFileCache(),
		dirs:     dirHandles{open: map[uint64]*dirHandle{}},
	}
	root := &node{id: rootID}
	root.sub.Store(newDirectory(tree, nil, "", rootID, rootID))
	b.table.nodes[rootID] = root
	return b
}

// String is the type in the mount table, after "fuse.".
func (b *bridge) String() string { return mountType }

// OnUnmount closes what the kernel can no longer ask for.
func (b *bridge) OnUnmount() {
	b.dirs.close()
	b.files.close()
}

// fail turns an error into the answer for a request about a path, and reports what could not be read.
func (b *bridge) fail(where string, err error) fuse.Status {
	e := errno(err)
	if e == syscall.EIO {
		b.reports.report(where, err)
	}
	return fuse.Status(e)
}

// guard is deferred by each handler that calls into the tree: a panic there is
// EIO for this request. The request is about n, or about a name in it.
func (b *bridge) guard(n *node, name string, status *fuse.Status) {
	if r := recover(); r != nil {
		*status = b.fail(path.Join(n.path(), name), fmt.Errorf("panic: %v\n%s", r, debug.Stack()))
	}
}

// Lookup answers what a name means.
func (b *bridge) Lookup(cancel <-chan struct{}, h *fuse.InHeader, name string, out *fuse.EntryOut) (status fuse.Status) {
	n := b.table.get(h.NodeId)
	if n == nil {
		return fuse.Status(syscall.ESTALE)
	}
	if len(name) > nameMax {
		return fuse.Status(syscall.ENAMETOOLONG)
	}
	defer b.guard(n, name, &status)
	ctx := newRequest(cancel)
	defer ctx.end()
	d, err := n.open(ctx)
	if err != nil {
		return b.fail(n.path(), err)
	}
	info, err := iofs.Lstat(d.in(ctx), name)
	if errno(err) == syscall.ENOENT { // node id 0 and a timeout: the kernel remembers that there is none
		*out = fuse.EntryOut{}
		out.SetEntryTimeout(d.patience())
		return fuse.OK
	}
	if err == nil {
		err = b.enter(ctx, d, name, info, out)
	}
	if err != nil {
		return b.fail(path.Join(n.path(), name), err)
	}
	return fuse.OK
}

// patience is how long the kernel may believe what the directory's names mean.
func (d *directory) patience() time.Duration {
	if d.volatile {
		return volatile
	}
	return stable
}

// enter tells the kernel of a name and counts that. After an error nothing is
// counted.
func (b *bridge) enter(ctx *request, d *directory, name string, info iofs.FileInfo, out *fuse.EntryOut) error {
	a := b.owner.attr(info, d, name)
	var target string
	if d.volatile && isLink(a.Mode) {
		t, err := iofs.ReadLink(d.in(ctx), name)
		if err != nil {
			return err
		}
		target = t
	}
	n := b.table.take(d, name, a.Ino, fingerprint(&a, d, name, target), isBare(info, d))
	if d.volatile && !isDir(a.Mode) {
		n.kept.Store(&kept{attr: a, target: target})
	}
	out.NodeId, out.Attr = n.id, a
	out.SetEntryTimeout(d.patience())
	out.SetAttrTimeout(n.patience(a.Mode))
	return nil
}

// patience is how long the kernel may believe n's attributes. Whether a
// directory is volatile is known once it was looked into.
func (n *node) patience(mode uint32) time.Duration {
	sub := n.sub.Load()
	if n.dir != nil && n.dir.volatile || isDir(mode) && (sub == nil || sub.volatile) {
		return volatile
	}
	return stable
}

// Forget is told how many lookups the kernel has dropped.
func (b *bridge) Forget(id, lookups uint64) {
	if n := b.table.forget(id, lookups); n != nil {
		b.files.drop(n)
	}
}

// GetAttr answers stat.
func (b *bridge) GetAttr(cancel <-chan struct{}, in *fuse.GetAttrIn, out *fuse.AttrOut) (status fuse.Status) {
	n := b.table.get(in.NodeId)
	if n == nil {
		return fuse.Status(syscall.ESTALE)
	}
	defer b.guard(n, "", &status)
	ctx := newRequest(cancel)
	defer ctx.end()
	a, err := b.stat(ctx, n)
	if err != nil {
		return b.fail(n.path(), err)
	}
	out.Attr = a
	out.SetTimeout(n.patience(a.Mode))
	return fuse.OK
}

func (b *bridge) stat(ctx *request, n *node) (fuse.Attr, error) {
	if k := n.kept.Load(); k != nil {
		return k.attr, nil
	}
	f, name := n.place(ctx)
	info, err := iofs.Lstat(f, name)
	if err != nil {
		return fuse.Attr{}, err
	}
	a := b.owner.attr(info, n.dir, n.name)
	if n.dir != nil && fingerprint(&a, n.dir, n.name, "") != n.print {
		return fuse.Attr{}, errStale
	}
	return a, nil
}

// Readlink answers where a symbolic link points. The kernel keeps the answer.
func (b *bridge) Readlink(cancel <-chan struct{}, h *fuse.InHeader) (target []byte, status fuse.Status) {
	n := b.table.get(h.NodeId)
	if n == nil {
		return nil, fuse.Status(syscall.ESTALE)
	}
	if k := n.kept.Load(); k != nil {
		return []byte(k.target), fuse.OK
	}
	defer b.guard(n, "", &status)
	ctx := newRequest(cancel)
	defer ctx.end()
	f, name := n.place(ctx)
	t, err := iofs.ReadLink(f, name)
	if err != nil {
		return nil, b.fail(n.path(), err)
	}
	return []byte(t), fuse.OK
}

// StatFs answers df: all is used, nothing is free.
func (b *bridge) StatFs(cancel <-chan struct{}, _ *fuse.InHeader, out *fuse.StatfsOut) (status fuse.Status) {
	defer b.guard(&node{}, "", &status)
	ctx := newRequest(cancel)
	defer ctx.end()
	tree := b.tree
	if c, ok := tree.(ContextFS); ok {
		tree = c.WithContext(ctx)
	}
	bytes, files := uint64(1), uint64(1)
	if t, ok := tree.(TotalsFS); ok {
		bytes, files = t.Totals()
	}
	const block = 4096
	*out = fuse.StatfsOut{
		Bsize: blockSize, Frsize: block, NameLen: nameMax,
		Blocks: max(1, bytes/block+min(1, bytes%block)), Files: max(1, files),
	}
	return fuse.OK
}
