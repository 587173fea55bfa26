package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"slices"
	"strings"
	"syscall"

	"bakfs/seal"
	"bakfs/store"
)

// A treeDir is a directory of a snapshot. It holds no nodes, nor the memory of one; they are got from the cache when it is
// looked into.
type treeDir struct {
	tree   *tree
	entry  *Entry  // detached
	xattrs bool    // it has extended attributes
	in     seal.ID // root of the directory that has it
	key    inodeKey
	depth  int
}

func (d *treeDir) volatile() bool { return false }

func (d *treeDir) self() *item {
	it := &item{info: newInfo(d.entry, d.key.inode()), entry: d.entry, nodes: d.tree.nodes, dir: d}
	it.info.xattrs = d.xattrs
	return it
}

// attributes are the extended ones.
func (d *treeDir) attributes(ctx context.Context) ([]Xattr, error) {
	if !d.xattrs {
		return nil, nil
	}
	e, err := d.tree.nodes.lookup(ctx, d.in, d.entry.Name)
	if err != nil {
		return nil, err
	}
	return e.Xattrs, nil
}

func (d *treeDir) totals(context.Context) (bytes, files uint64) {
	if d.depth > 0 {
		return 0, 0
	}
	return totals([]Info{d.tree.info})
}

func (d *treeDir) find(ctx context.Context, name string) (*item, error) {
	e, err := d.tree.nodes.lookup(ctx, d.entry.Root, name)
	if err != nil {
		return nil, err
	}
	it := &item{entry: e, nodes: d.tree.nodes}
	key := d.keyOf(e)
	it.info = newInfo(e, key.inode())
	if e.Kind == Dir {
		if d.depth >= maxDepth {
			return nil, fmt.Errorf("more than %d directories inside each other: %w", maxDepth, store.ErrDamaged)
		}
		it.dir = &treeDir{tree: d.tree, entry: e.detached(), xattrs: len(e.Xattrs) > 0, in: d.entry.Root, key: key, depth: d.depth + 1}
	}
	return it, nil
}

func (d *treeDir) list(ctx context.Context) ([]iofs.DirEntry, error) {
	var all []iofs.DirEntry
	for n, err := range d.tree.nodes.leaves(ctx, d.entry.Root) {
		if err = errors.Join(err, ctx.Err()); err != nil {
			return all, err
		}
		if all, err = d.shown(all, n, 0, len(n.at)); err != nil {
			return all, err
		}
	}
	return all, nil
}

// pageMost is how many entries a page has: another writer's node may hold many.
const pageMost = 512

// page lists what is behind a name in the node that holds it, up to a number.
func (d *treeDir) page(ctx context.Context, after string, most int) ([]iofs.DirEntry, error) {
	n, i, err := d.tree.nodes.behind(ctx, d.entry.Root, after)
	if err = errors.Join(err, ctx.Err()); err != nil {
		return nil, err
	}
	return d.shown(nil, n, i, min(i+most, len(n.at)))
}

// shown appends the entries of a leaf from the first-th to before the end-th. They share no memory with it.
func (d *treeDir) shown(all []iofs.DirEntry, n *node, first, end int) ([]iofs.DirEntry, error) {
	var e Entry
	infos := make([]fileInfo, end-first) // one allocation for a node's entries
	all = slices.Grow(all, len(infos))
	size := 0
	for i := range infos {
		size += len(n.name(first + i))
	}
	var room strings.Builder // and one for their names
	room.Grow(size)
	user, group := "", ""
	for i := range infos {
		if err := n.entry(first+i, &e); err != nil {
			return all, damaged(d.entry.Root, err)
		}
		user, group = again(user, e.User), again(group, e.Group)
		infos[i].set(&e, d.keyOf(&e).inode())
		infos[i].user, infos[i].group = user, group
		at := room.Len()
		room.WriteString(e.Name)
		infos[i].name = room.String()[at:]
		all = append(all, &infos[i])
	}
	return all, nil
}

// again is s, in the memory of last if that is equal, else in its own.
func again(last, s string) string {
	if last == s {
		return last
	}
	return strings.Clone(s)
}

func (d *treeDir) keyOf(e *Entry) inodeKey {
	if e.Flags&flagHardLink != 0 {
		return d.tree.key.link(e)
	}
	return d.key.child(e.Name)
}

// behind finds the leaf below root with the first name behind after, and which of its entries that is. Behind the
// last name it is a number that no entry of the leaf has.
func (s *nodes) behind(ctx context.Context, root seal.ID, after string) (*node, int, error) {
	n, err := s.tree(ctx, root)
	if err != nil {
		return nil, 0, err
	}
	return s.behindIn(ctx, n, "", after)
}

func (s *nodes) behindIn(ctx context.Context, n *node, bound, after string) (*node, int, error) {
	i, found := n.search(after)
	if n.level == 0 {
		if found {
			i++
		}
		return n, i, nil
	}
	if !found && i > 0 {
		i-- // after is, or would be, in the child before
	}
	for ; ; i++ {
		s.ask(n, i)
		child, below, err := s.down(ctx, n, i, bound)
		if err != nil {
			return nil, 0, err
		}
		leaf, at, err := s.behindIn(ctx, child, below, after)
		if err != nil || at < len(leaf.at) || i+1 == len(n.at) {
			return leaf, at, err
		}
	}
}

// ask asks the store for what follows the child i of n, if that is not read yet.
func (s *nodes) ask(n *node, i int) {
	if s.find(n.child(i).id) != nil {
		return // then this was done
	}
	first := i + readAhead - 1
	if i == 0 {
		first = 1
	}
	for j := first; j < min(i+readAhead, len(n.at)); j++ {
		s.st.Prefetch(n.child(j).id, seal.Tree)
	}
}

// A pager is a directory that can be listed a part at a time.
type pager interface {
	// page gives some entries behind a name, "" for the first, and not more than most; none: the end.
	page(ctx context.Context, after string, most int) ([]iofs.DirEntry, error)
}

// An openDir is an open directory. It is for one goroutine.
type openDir struct {
	view view
	info *fileInfo
	list []iofs.DirEntry // read and not handed out
	last string          // name of the last entry read
	err  error           // met behind list
	end  bool            // all is read, or up to err
}

func (d *openDir) Stat() (iofs.FileInfo, error) { return d.info, nil }
func (d *openDir) Close() error                 { return nil }

func (d *openDir) Read([]byte) (int, error) {
	return 0, &iofs.PathError{Op: "read", Path: d.info.name, Err: syscall.EISDIR}
}

// ReadDir is as iofs.ReadDirFile says. Of a large directory it holds no more than it hands out.
func (d *openDir) ReadDir(n int) ([]iofs.DirEntry, error) {
	most := pageMost
	if n > 0 {
		most = min(n, pageMost)
	}
	for !d.end && (n <= 0 || len(d.list) < n) {
		d.read(most)
	}
	if n <= 0 {
		list, err := d.list, d.err
		d.list, d.err = nil, nil
		return list, err
	}
	if len(d.list) == 0 {
		if d.err != nil {
			return nil, d.err
		}
		return nil, io.EOF
	}
	n = min(n, len(d.list))
	list := d.list[:n:n]
	d.list = d.list[n:]
	return list, nil
}

// read reads on: up to most where the directory can give parts, else all.
func (d *openDir) read(most int) {
	p, ok := d.view.at.(pager)
	if !ok {
		d.list, d.err = d.view.ReadDir(".")
		d.end = true
		return
	}
	part, err := p.page(d.view.ctx, d.last, most)
	if err != nil {
		err = &iofs.PathError{Op: "readdir", Path: ".", Err: err}
	}
	d.list = append(d.list, part...)
	if d.err = err; err != nil || len(part) == 0 {
		d.end = true
		return
	}
	d.last = part[len(part)-1].Name()
}
