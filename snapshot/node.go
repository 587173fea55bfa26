package snapshot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sort"

	"bakfs/seal"
)

// Limits of FORMAT.md sections 8.1 and 8.4.
const (
	nodeVersion   = 1
	nodeHeader    = 8
	maxNode       = 1 << 20
	maxTreeLevel  = 8
	maxListLevel  = 4
	maxDirEntries = 10_000_000
	maxDepth      = 1024 // directories inside each other
	minItemBytes  = 2 + 1 + 32 + 4
	extentBytes   = 4 + 32
	listItemBytes = 8 + 32
)

// A node is a tree node that was read and found well-formed. It never changes and is shared.
// It stays encoded, so that the cache holds many; items are decoded where they are needed.
type node struct {
	level uint8
	raw   []byte   // the chunk, which nobody modifies
	at    []uint32 // where each item starts in raw
	total uint64   // entries of the directory below
}

// A childItem of a node above level 0.
type childItem struct {
	first string
	id    seal.ID
	below uint32
}

// parseNode reads a chunk of type 2 and checks all that can be known without its children. The node shares its memory.
func parseNode(chunk []byte) (*node, error) {
	c, level, count, err := openNode(chunk, maxTreeLevel)
	if err != nil {
		return nil, err
	}
	least := minEntryBytes
	if level > 0 {
		least = minItemBytes
	}
	switch {
	case uint64(count)*uint64(least) > uint64(len(c.b)):
		return nil, fmt.Errorf("%d items in %d bytes", count, len(chunk))
	case count == 0 && level > 0:
		return nil, errors.New("no items above level 0")
	}
	n := &node{level: level, raw: chunk, at: make([]uint32, 0, count)}
	c.b = n.raw[nodeHeader:]
	var e Entry
	last := ""
	for i := range count {
		n.at = append(n.at, uint32(len(n.raw)-len(c.b)))
		name := ""
		if level == 0 {
			err = c.entry(&e)
			name = e.Name
			n.total++
		} else {
			var item childItem
			item, err = c.child()
			name = item.first
			n.total += uint64(item.below)
		}
		switch {
		case err != nil:
			return nil, fmt.Errorf("item %d: %w", i, err)
		case name <= last: // never so for the first: names are not empty
			return nil, fmt.Errorf("item %d: %q does not stand behind %q", i, name, last)
		}
		last = name
	}
	if len(c.b) > 0 {
		return nil, fmt.Errorf("%d bytes behind the last item", len(c.b))
	}
	if n.total > maxDirEntries {
		return nil, fmt.Errorf("directory of %d entries", n.total)
	}
	return n, nil
}

// openNode checks what tree nodes and list nodes have in common; the cursor stands behind it.
func openNode(chunk []byte, maxLevel uint8) (c cursor, level uint8, count uint32, err error) {
	c = cursor{b: chunk}
	version, level, zero, count := c.u8(), c.u8(), c.u16(), c.u32()
	switch {
	case c.short:
		err = errShort
	case len(chunk) > maxNode:
		err = fmt.Errorf("node of %d bytes", len(chunk))
	case version != nodeVersion:
		err = fmt.Errorf("node of version %d; a newer bakfs may know it", version)
	case level > maxLevel:
		err = fmt.Errorf("level %d", level)
	case zero != 0:
		err = fmt.Errorf("reserved bytes are %#x", zero)
	}
	return c, level, count, err
}

func (c *cursor) child() (childItem, error) {
	item := childItem{first: c.text(int(c.u16())), id: c.id(), below: c.u32()}
	if c.short {
		return item, errShort
	}
	if item.below == 0 {
		return item, errors.New("child without entries")
	}
	return item, checkName(item.first)
}

// name is the name of entry i, or the first name below child i.
func (n *node) name(i int) string {
	c := cursor{b: n.raw[n.at[i]:]}
	return c.text(int(c.u16()))
}

// entry decodes entry i of a node of level 0 into e, whose slices are used again.
func (n *node) entry(i int, e *Entry) error {
	c := cursor{b: n.raw[n.at[i]:]}
	return c.entry(e)
}

// kind is that of the entry i of a leaf.
func (n *node) kind(i int) Kind {
	at := n.at[i]
	return Kind(n.raw[at+2+uint32(binary.BigEndian.Uint16(n.raw[at:]))])
}

// child decodes item i of a node above level 0.
func (n *node) child(i int) childItem {
	c := cursor{b: n.raw[n.at[i]:]}
	item, _ := c.child() // checked by parseNode
	return item
}

// search is the first item whose name is not before name.
func (n *node) search(name string) (i int, found bool) {
	i = sort.Search(len(n.at), func(i int) bool { return n.name(i) >= name })
	return i, i < len(n.at) && n.name(i) == name
}

func (n *node) cost() int { return len(n.raw) + 4*len(n.at) + 96 }

// A span is what a parent says of the node it names.
type span struct {
	level uint8
	first string // name of the first entry below
	bound string // every name below is before it; empty: no bound
	below uint64 // entries below
}

// span of child i of n, which itself is bounded by bound. Its names share n's memory.
func (n *node) span(i int, bound string) span {
	item := n.child(i)
	if i+1 < len(n.at) {
		bound = n.name(i + 1)
	}
	return span{level: n.level - 1, first: item.first, bound: bound, below: uint64(item.below)}
}

// check refuses a child that is not what its parent says.
func (s span) check(n *node) error {
	switch {
	case n.level != s.level:
		return fmt.Errorf("level %d, its parent says %d", n.level, s.level)
	case n.total != s.below:
		return fmt.Errorf("%d entries, its parent says %d", n.total, s.below)
	case n.name(0) != s.first: // below > 0, so there is one
		return fmt.Errorf("starts with %q, its parent says %q", n.name(0), s.first)
	case s.bound != "" && n.name(len(n.at)-1) >= s.bound:
		return fmt.Errorf("%q belongs behind its sibling", n.name(len(n.at)-1))
	}
	return nil
}

func appendNodeHeader(b []byte, level uint8, count uint32) []byte {
	b = append(b, nodeVersion, level, 0, 0)
	return binary.BigEndian.AppendUint32(b, count)
}

func appendChild(b []byte, item childItem) []byte {
	b = append16(b, item.first)
	b = append(b, item.id[:]...)
	return binary.BigEndian.AppendUint32(b, item.below)
}
