package snapshot

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"path"
	"strings"

	"bakfs/seal"
	"bakfs/store"
)

// A Need is a chunk that a snapshot needs.
type Need struct {
	ID     seal.ID
	Type   seal.ChunkType
	Length uint32 // of content, what the file says of it; else 0
	Err    error  // of a node: why it cannot be read; what is below it is not known

	in   *reachDir
	name string // in in; "" of a node of in itself
}

// Path is a file that needs the chunk, or the directory whose list the chunk is a part of. It may be asked for only
// while the visit runs.
func (n Need) Path() string { return path.Join(n.in.path(), n.name) }

// A Visit is told of a chunk and says whether it is lost: then what needs it is harmed. A lost node is not looked
// into. It is told of a node again, with Err, if that cannot be read; then the answer does not matter. An error ends the walk.
type Visit func(Need) (lost bool, err error)

// A Reach follows the trees of snapshots to all chunks they need, as strictly as a mount or a restore does. It
// remembers each node, in about 24 bytes, so that many snapshots cost little more than one. It is for one goroutine.
type Reach struct {
	nodes *nodes
	seen  map[reachKey]reachMark
}

// NewReach makes a Reach that has seen nothing.
func NewReach(st *store.Store) *Reach { return newReach(st) }

func newReach(st source) *Reach {
	return &Reach{nodes: newNodes(st, nodeCacheBytes), seen: make(map[reachKey]reachMark)}
}

// Visit tells of all chunks that s needs, except those behind nodes that were visited before, and reports whether
// anything of s is harmed.
func (r *Reach) Visit(ctx context.Context, s Info, visit Visit) (harmed bool, err error) {
	w := reaching{Reach: r, ctx: ctx, visit: visit}
	return w.node(&reachDir{}, s.Root, span{})
}

// Harmed goes to what is harmed of s once more, whatever snapshot it was met in first: visit is told of each chunk of
// a harmed part of a directory or of a list.
func (r *Reach) Harmed(ctx context.Context, s Info, visit Visit) error {
	w := reaching{Reach: r, ctx: ctx, visit: visit, again: true}
	_, err := w.node(&reachDir{}, s.Root, span{})
	return err
}

// A reachKey is a hash of a node's name and of what is said of the node where it is needed: one that is good in one
// place may be wrong in another.
type reachKey [16]byte

// A reachMark is the data in what a list node lists (of a tree node 0), inverted if anything below is harmed.
type reachMark int64

func (m reachMark) harmed() bool { return m < 0 }

func mark(data int64, harmed bool) reachMark {
	if harmed {
		return reachMark(^data)
	}
	return reachMark(data)
}

// A reachDir is a directory on the way to where the walk is.
type reachDir struct {
	up    *reachDir // nil for "/"
	name  string
	depth int
}

func (d *reachDir) path() string {
	if d.up == nil {
		return "/"
	}
	return path.Join(d.up.path(), d.name)
}

// A reaching is one walk.
type reaching struct {
	*Reach
	ctx   context.Context
	visit Visit
	again bool // into what is known to be harmed, and only there

	scratch Entry // of file
}

// known says whether the walk need not look into a node.
func (w *reaching) known(key reachKey) (reachMark, bool) {
	m, ok := w.seen[key]
	return m, ok && (!w.again || !m.harmed())
}

// node visits a tree node of directory d and what is below it. want is what its parent says of it, zero for the
// root of a directory.
func (w *reaching) node(d *reachDir, id seal.ID, want span) (harmed bool, err error) {
	key := treeKey(id, want)
	if m, ok := w.known(key); ok {
		return m.harmed(), nil
	}
	n, err := w.open(d, id, want)
	switch {
	case err != nil:
		return false, err
	case n == nil:
		harmed = true
	default:
		harmed, err = w.items(d, id, n, want.bound)
	}
	if err == nil {
		w.seen[key] = mark(0, harmed)
	}
	return harmed, err
}

// open reads a tree node; nil: it cannot be had, and the visit knows.
func (w *reaching) open(d *reachDir, id seal.ID, want span) (*node, error) {
	need := Need{ID: id, Type: seal.Tree, in: d}
	if d.depth > maxDepth {
		return nil, w.unread(need, damaged(id, fmt.Errorf("more than %d directories inside each other", maxDepth)))
	}
	if lost, err := w.visit(need); lost || err != nil {
		return nil, err
	}
	n, err := w.nodes.tree(w.ctx, id)
	if err == nil && want.below > 0 {
		if wrong := want.check(n); wrong != nil {
			err = damaged(id, wrong)
		}
	}
	if err != nil {
		return nil, w.unread(need, err)
	}
	return n, nil
}

// unread tells that a node cannot be read. The error ends the walk.
func (w *reaching) unread(need Need, why error) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	need.Err = why
	_, err := w.visit(need)
	return err
}

// keptBelow is how many of the nodes below one the walk notes before it goes down to them.
const keptBelow = 16

// items visits what the items of n, the tree node id, need, also behind a harmed one. While the walk is below an item
// nothing of n is held, which may be large, on each of many levels: it is got again afterwards, if there is more in it
// than was noted. So the lists of folders inside each other, of 1 MiB each and too many for a cache, are read once.
func (w *reaching) items(d *reachDir, id seal.ID, n *node, bound string) (harmed bool, err error) {
	for i, count := 0, len(n.at); i < count; {
		if n == nil {
			if n, err = w.nodes.tree(w.ctx, id); err != nil {
				return true, w.unread(Need{ID: id, Type: seal.Tree, in: d}, err)
			}
		}
		var noted []*belowNode
		for ; i < count && len(noted) < keptBelow; i++ {
			below, err := w.below(d, n, i, bound)
			if err != nil {
				return false, err
			}
			if below != nil {
				noted = append(noted, below)
				continue
			}
			h, err := w.file(d, n, i)
			if err != nil {
				return false, err
			}
			harmed = harmed || h
		}
		n = nil
		for _, below := range noted {
			h, err := w.node(below.in, below.id, below.want)
			if err != nil {
				return false, err
			}
			harmed = harmed || h
		}
	}
	return harmed, nil
}

// A belowNode is a tree node that an item names.
type belowNode struct {
	in   *reachDir
	id   seal.ID
	want span
}

// below is the node that item i of n names, with memory of its own; nil: it names none.
func (w *reaching) below(d *reachDir, n *node, i int, bound string) (*belowNode, error) {
	if n.level > 0 {
		want := n.span(i, bound)
		want.first, want.bound = strings.Clone(want.first), strings.Clone(want.bound)
		return &belowNode{d, n.child(i).id, want}, nil
	}
	if n.kind(i) != Dir {
		return nil, nil
	}
	var e Entry
	if err := n.entry(i, &e); err != nil {
		return nil, err // parseNode has read it before
	}
	return &belowNode{in: &reachDir{up: d, name: strings.Clone(e.Name), depth: d.depth + 1}, id: e.Root}, nil
}

// file visits what entry i of a leaf needs, which is no directory.
func (w *reaching) file(d *reachDir, n *node, i int) (harmed bool, err error) {
	e := &w.scratch
	if err := n.entry(i, e); err != nil {
		return false, err
	}
	return w.entry(d, e)
}

func (w *reaching) entry(d *reachDir, e *Entry) (harmed bool, err error) {
	if e.content() == contentList {
		root := Need{ID: e.Root, Type: seal.List, in: d, name: e.Name}
		data, harmed, err := w.list(root, listRoot, e.Size)
		if err == nil && !harmed && data != e.Data {
			return true, w.unread(root, damaged(e.Root, fmt.Errorf("%d bytes of data, its file says %d", data, e.Data)))
		}
		return harmed, err
	}
	for _, x := range e.Extents {
		h, err := w.extent(d, e.Name, x)
		if err != nil {
			return false, err
		}
		harmed = harmed || h
	}
	return harmed, nil
}

// extent visits a chunk of content; a hole needs none.
func (w *reaching) extent(d *reachDir, name string, x Extent) (lost bool, err error) {
	if x.ID == (seal.ID{}) {
		return false, nil
	}
	return w.visit(Need{ID: x.ID, Type: seal.Content, Length: x.Length, in: d, name: name})
}

// listRoot stands for the level of a list's root, which may be any.
const listRoot = 0xff

// list visits a list node of a level for size bytes, and all below. data is how much of them is no hole.
func (w *reaching) list(need Need, level uint8, size int64) (data int64, harmed bool, err error) {
	key := listKey(need.ID, level, size)
	if m, ok := w.known(key); ok {
		return max(int64(m), ^int64(m)), m.harmed(), nil
	}
	lost, err := w.visit(need)
	if err != nil {
		return 0, false, err
	}
	if !lost {
		n, err := w.openList(need.ID, level, size)
		if err == nil {
			data, harmed, err = w.listed(need, n)
		} else {
			lost, err = true, w.unread(need, err)
		}
		if err != nil {
			return 0, false, err
		}
	}
	harmed = harmed || lost
	w.seen[key] = mark(data, harmed)
	return data, harmed, nil
}

// openList reads a list node and checks it.
func (w *reaching) openList(id seal.ID, level uint8, size int64) (*listNode, error) {
	if level == listRoot {
		return w.nodes.listRoot(w.ctx, id, size)
	}
	n, err := w.nodes.list(w.ctx, id)
	if err == nil {
		if wrong := n.check(level, size); wrong != nil {
			return nil, damaged(id, wrong)
		}
	}
	return n, err
}

// listed visits what a list node lists.
func (w *reaching) listed(need Need, n *listNode) (data int64, harmed bool, err error) {
	for i, id := range n.ids {
		length, h := n.ends[i]-n.start(i), false
		switch {
		case n.level == 0:
			if h, err = w.extent(need.in, need.name, n.extent(i)); id == (seal.ID{}) {
				length = 0
			}
		default:
			child := Need{ID: id, Type: seal.List, in: need.in, name: need.name}
			length, h, err = w.list(child, n.level-1, length)
		}
		if err != nil {
			return 0, false, err
		}
		data, harmed = data+length, harmed || h
	}
	return data, harmed, nil
}

// treeKey is that of a tree node for which want holds.
func treeKey(id seal.ID, want span) reachKey {
	b := append(make([]byte, 0, 256), id[:]...)
	b = append(b, uint8(seal.Tree), want.level)
	b = binary.BigEndian.AppendUint64(b, want.below)
	b = append16(b, want.first)
	return hashKey(append(b, want.bound...))
}

// listKey is that of a list node which must be of this level and size.
func listKey(id seal.ID, level uint8, size int64) reachKey {
	b := append(make([]byte, 0, 64), id[:]...)
	b = append(b, uint8(seal.List), level)
	return hashKey(binary.BigEndian.AppendUint64(b, uint64(size)))
}

func hashKey(b []byte) reachKey {
	sum := sha256.Sum256(b)
	return reachKey(sum[:16])
}
