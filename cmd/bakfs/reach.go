package main

import (
	"context"
	"encoding/binary"
	"errors"
	"path"

	"bakfs/seal"
	"bakfs/store"
)

// A reach follows the trees of snapshots to the chunks they need, as FORMAT.md
// section 8 says and without package snapshot: a check that reads with the code
// that wrote finds less. It looks into each node once, however many snapshots hold it.
type reach struct {
	get  func(ctx context.Context, id seal.ID, t seal.ChunkType) ([]byte, error)
	lost func(id seal.ID) (bool, error) // whether no good pack holds a chunk

	seen   map[seal.ID]bool // nodes and lists looked into: whether something at or below them is lost
	broken int              // nodes and lists that lie in a good pack and cannot be read
}

func newReach(st *store.Store, lost func(id seal.ID) (bool, error)) *reach {
	return &reach{get: st.Get, lost: lost, seen: make(map[seal.ID]bool)}
}

// Limits of the format.
const (
	maxDepth     = 1024
	maxTreeLevel = 8
	maxListLevel = 4
)

// harmed reports whether anything of the directory at root is lost.
func (r *reach) harmed(ctx context.Context, root seal.ID) (bool, error) {
	return r.node(ctx, root, 0, 0)
}

// node looks into a tree node, depth folders and jumps levels of a split folder deep.
func (r *reach) node(ctx context.Context, id seal.ID, depth, jumps int) (bool, error) {
	if harmed, ok := r.seen[id]; ok {
		return harmed, nil
	}
	if depth > maxDepth || jumps > maxTreeLevel {
		return false, errors.New("a tree deeper than the format allows")
	}
	n, ok, err := r.load(ctx, id)
	if err != nil || !ok {
		r.seen[id] = true
		return true, err
	}
	harmed := false
	for _, child := range n.children {
		h, err := r.node(ctx, child, depth, jumps+1)
		if err != nil {
			return false, err
		}
		harmed = harmed || h
	}
	for i := range n.entries {
		h, err := r.entry(ctx, &n.entries[i], depth)
		if err != nil {
			return false, err
		}
		harmed = harmed || h
	}
	r.seen[id] = harmed
	return harmed, nil
}

// entry reports whether anything an entry needs is lost.
func (r *reach) entry(ctx context.Context, e *reached, depth int) (bool, error) {
	switch e.content {
	case needsFolder:
		return r.node(ctx, e.root, depth+1, 0)
	case needsList:
		return r.list(ctx, e.root, 0)
	}
	return r.anyLost(e.chunks)
}

// anyLost asks about every chunk, also behind a lost one: lost keeps account.
func (r *reach) anyLost(chunks []seal.ID) (bool, error) {
	harmed := false
	for _, id := range chunks {
		lost, err := r.lost(id)
		if err != nil {
			return false, err
		}
		harmed = harmed || lost
	}
	return harmed, nil
}

// list looks into an extent list.
func (r *reach) list(ctx context.Context, id seal.ID, jumps int) (bool, error) {
	if harmed, ok := r.seen[id]; ok {
		return harmed, nil
	}
	if jumps > maxListLevel {
		return false, errors.New("an extent list deeper than the format allows")
	}
	b, ok, err := r.chunk(ctx, id, seal.List)
	if err != nil || !ok {
		r.seen[id] = true
		return true, err
	}
	children, chunks, err := parseReachedList(b)
	if err != nil {
		r.broken++
		r.seen[id] = true
		return true, nil
	}
	harmed, err := r.anyLost(chunks)
	for _, child := range children {
		if err != nil {
			break
		}
		var h bool
		h, err = r.list(ctx, child, jumps+1)
		harmed = harmed || h
	}
	if err == nil {
		r.seen[id] = harmed
	}
	return harmed, err
}

// load reads and parses a node; false: it cannot be had, so all below it is lost.
func (r *reach) load(ctx context.Context, id seal.ID) (reachedNode, bool, error) {
	b, ok, err := r.chunk(ctx, id, seal.Tree)
	if err != nil || !ok {
		return reachedNode{}, false, err
	}
	n, err := parseReachedNode(b)
	if err != nil {
		r.broken++
	}
	return n, err == nil, nil
}

// chunk gets a chunk; false: it is damaged, missing or out of reach. The error ends the check.
func (r *reach) chunk(ctx context.Context, id seal.ID, t seal.ChunkType) ([]byte, bool, error) {
	lost, err := r.lost(id)
	if err != nil || lost {
		return nil, false, err
	}
	b, err := r.get(ctx, id, t)
	if err != nil {
		r.broken++
		return nil, false, ctx.Err()
	}
	return b, true, nil
}

// files calls yield with every file and folder of the directory at root that is
// harmed itself: a file of which something is lost, a folder of which a part of
// the list is. It is fast where little is harmed. harmed(root) was called before.
func (r *reach) files(ctx context.Context, root seal.ID, at string, yield func(path string, folder bool) error) error {
	if !r.seen[root] {
		return nil
	}
	n, ok, err := r.load(ctx, root)
	if err != nil {
		return err
	}
	if !ok {
		return yield(at, true)
	}
	for _, child := range n.children {
		if err := r.files(ctx, child, at, yield); err != nil {
			return err
		}
	}
	for i := range n.entries {
		e := &n.entries[i]
		full := path.Join(at, e.name)
		if e.content == needsFolder {
			err = r.files(ctx, e.root, full, yield)
		} else {
			var harmed bool
			again := &reach{get: r.get, lost: r.lost, seen: make(map[seal.ID]bool)} // asks about every chunk of a list again
			if harmed, err = again.entry(ctx, e, 0); harmed && err == nil {
				err = yield(full, false)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// What an entry needs to be complete.
const (
	needsChunks = iota // those named, perhaps none
	needsList          // those of an extent list
	needsFolder
)

// A reached is an entry of a folder, as far as what it needs.
type reached struct {
	name    string
	content int
	chunks  []seal.ID
	root    seal.ID
}

// A reachedNode is a tree node: entries, or children of a split folder.
type reachedNode struct {
	children []seal.ID
	entries  []reached
}

// parseReachedNode reads a tree node (FORMAT.md 8.1, 8.2).
func parseReachedNode(b []byte) (reachedNode, error) {
	c := &reachCursor{b: b}
	level, count := c.head()
	var n reachedNode
	for i := uint32(0); i < count && !c.bad; i++ {
		if level == 0 {
			n.entries = append(n.entries, c.entry())
			continue
		}
		c.take(int(c.u16()))
		n.children = append(n.children, c.id())
		c.u32()
	}
	return n, c.end()
}

// parseReachedList reads a node of an extent list (FORMAT.md 8.4).
func parseReachedList(b []byte) (children, chunks []seal.ID, err error) {
	c := &reachCursor{b: b}
	level, count := c.head()
	for i := uint32(0); i < count && !c.bad; i++ {
		if level == 0 {
			chunks = c.extent(chunks)
			continue
		}
		c.take(8)
		children = append(children, c.id())
	}
	return children, chunks, c.end()
}

// A reachCursor reads fields from b; bad stays set once b is too short or wrong.
type reachCursor struct {
	b   []byte
	bad bool
}

func (c *reachCursor) take(n int) []byte {
	if n > len(c.b) {
		c.bad, c.b = true, nil
		return make([]byte, min(n, 64))
	}
	got := c.b[:n]
	c.b = c.b[n:]
	return got
}

func (c *reachCursor) u8() uint8   { return c.take(1)[0] }
func (c *reachCursor) u16() uint16 { return binary.BigEndian.Uint16(c.take(2)) }
func (c *reachCursor) u32() uint32 { return binary.BigEndian.Uint32(c.take(4)) }
func (c *reachCursor) id() seal.ID { return seal.ID(c.take(32)) }

func (c *reachCursor) head() (level uint8, count uint32) {
	version := c.u8()
	level = c.u8()
	c.u16()
	c.bad = c.bad || version != 1
	return level, c.u32()
}

func (c *reachCursor) end() error {
	if c.bad || len(c.b) > 0 {
		return errors.New("a tree node of another form")
	}
	return nil
}

// extent adds the chunk of an extent; a hole has none.
func (c *reachCursor) extent(chunks []seal.ID) []seal.ID {
	c.take(4)
	if id := c.id(); id != (seal.ID{}) && !c.bad {
		chunks = append(chunks, id)
	}
	return chunks
}

func (c *reachCursor) entry() reached {
	e := reached{name: string(c.take(int(c.u16())))}
	kind, content, flags := c.u8(), c.u8(), c.u16()
	c.take(4 + 4 + 4)
	c.take(int(c.u8())) // user
	c.take(int(c.u8())) // group
	c.take(8 + 8 + 8 + 4)
	if flags&1 != 0 {
		c.take(8)
	}
	c.take(8)
	switch {
	case kind == 1 && content == 1, kind == 3:
		c.take(int(c.u16()))
	case kind == 1 && content == 2:
		for n := c.u8(); n > 0 && !c.bad; n-- {
			e.chunks = c.extent(e.chunks)
		}
	case kind == 1 && content == 3:
		e.content, e.root = needsList, c.id()
		c.take(8)
	case kind == 2:
		e.content, e.root = needsFolder, c.id()
	case kind == 6, kind == 7:
		c.take(8)
	case kind == 1 && content == 0, kind == 4, kind == 5:
	default:
		c.bad = true
	}
	if flags&2 != 0 {
		for n := c.u16(); n > 0 && !c.bad; n-- {
			c.take(int(c.u8()))
			c.take(int(c.u32()))
		}
	}
	return e
}
