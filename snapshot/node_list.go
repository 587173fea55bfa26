package snapshot

import (
	"encoding/binary"
	"fmt"
	"sort"

	"bakfs/seal"
)

// A listNode is an extent list node that was read and found well-formed. It never changes and is shared.
type listNode struct {
	level uint8
	ids   []seal.ID // of chunks (zero: a hole) or of nodes a level below
	ends  []int64   // running sizes: where each item ends, counted from the node's first byte
}

// parseList reads a chunk of type 3 and checks all that can be known without its children.
func parseList(chunk []byte) (*listNode, error) {
	c, level, count, err := openNode(chunk, maxListLevel)
	if err != nil {
		return nil, err
	}
	each := uint64(extentBytes)
	if level > 0 {
		each = listItemBytes
	}
	if count == 0 || uint64(count)*each != uint64(len(c.b)) {
		return nil, fmt.Errorf("%d items in %d bytes", count, len(chunk))
	}
	n := &listNode{level: level, ids: make([]seal.ID, count), ends: make([]int64, count)}
	end := int64(0)
	for i := range n.ids {
		length, id, err := c.listItem(level)
		if err != nil {
			return nil, fmt.Errorf("item %d: %w", i, err)
		}
		if end += length; end < 0 {
			return nil, fmt.Errorf("item %d: the lengths add up to more than a file can have", i)
		}
		n.ids[i], n.ends[i] = id, end
	}
	return n, nil
}

func (c *cursor) listItem(level uint8) (int64, seal.ID, error) {
	if level == 0 {
		x := c.extent()
		return int64(x.Length), x.ID, x.check()
	}
	length, id := int64(c.u64()), c.id()
	if length <= 0 || id == (seal.ID{}) {
		return 0, id, fmt.Errorf("child %v of %d bytes", id, length)
	}
	return length, id, nil
}

// start is where item i starts; the start behind the last is the size of all.
func (n *listNode) start(i int) int64 {
	if i == 0 {
		return 0
	}
	return n.ends[i-1]
}

func (n *listNode) size() int64 { return n.ends[len(n.ends)-1] }

// search is the item that holds the byte at off, which is inside the node.
func (n *listNode) search(off int64) int {
	return sort.Search(len(n.ends), func(i int) bool { return n.ends[i] > off })
}

func (n *listNode) cost() int { return len(n.ids)*40 + 96 }

// check refuses a list node that is not what its parent says.
func (n *listNode) check(level uint8, size int64) error {
	if n.level != level {
		return fmt.Errorf("level %d, its parent says %d", n.level, level)
	}
	return n.checkSize(size)
}

func (n *listNode) checkSize(size int64) error {
	if n.size() != size {
		return fmt.Errorf("extents of %d bytes, its parent says %d", n.size(), size)
	}
	return nil
}

// checkRoot refuses a root whose extents belong into the entry or do not add up to the file's size.
func (n *listNode) checkRoot(size int64) error {
	if n.level == 0 && len(n.ids) <= maxExtents {
		return fmt.Errorf("a list of only %d extents", len(n.ids))
	}
	return n.checkSize(size)
}

func appendListItem(b []byte, level uint8, length int64, id seal.ID) []byte {
	if level == 0 {
		return appendExtent(b, Extent{Length: uint32(length), ID: id})
	}
	b = binary.BigEndian.AppendUint64(b, uint64(length))
	return append(b, id[:]...)
}
