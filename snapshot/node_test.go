package snapshot

import (
	"fmt"
	"strings"
	"testing"

	"bakfs/seal"
)

func encodeNode(t testing.TB, level uint8, count int, items ...[]byte) []byte {
	t.Helper()
	b := appendNodeHeader(nil, level, uint32(count))
	for _, item := range items {
		b = append(b, item...)
	}
	return b
}

func encoded(t testing.TB, e Entry) []byte {
	t.Helper()
	b, err := appendEntry(nil, &e)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func fifo(name string) Entry { return Entry{Name: name, Kind: FIFO, Nlink: 1} }

func kid(first string, n byte, below uint32) []byte {
	return appendChild(nil, childItem{first, id(n), below})
}

func TestParseNodeRefuses(t *testing.T) {
	a, b := encoded(t, fifo("a")), encoded(t, fifo("b"))
	good := encodeNode(t, 0, 2, a, b)
	set := func(i int, v byte) []byte {
		c := append([]byte(nil), good...)
		c[i] = v
		return c
	}
	for _, test := range []struct {
		name string
		b    []byte
		ok   bool
	}{
		{"good", good, true},
		{"empty directory", encodeNode(t, 0, 0), true},
		{"two children", encodeNode(t, 1, 2, kid("a", 1, 1), kid("b", 2, 1)), true},
		{"level 8", encodeNode(t, 8, 2, kid("a", 1, 1), kid("b", 2, 1)), true},
		{"level 9", encodeNode(t, 9, 2, kid("a", 1, 1), kid("b", 2, 1)), false},
		{"nothing", nil, false},
		{"half a header", good[:7], false},
		{"version 2", set(0, 2), false},
		{"reserved byte", set(2, 1), false},
		{"count too high", set(7, 3), false},
		{"count too low", set(7, 1), false},
		{"count of 4 billion", append(append([]byte(nil), good[:4]...), 0xff, 0xff, 0xff, 0xff), false},
		{"one byte more", append(append([]byte(nil), good...), 0), false},
		{"one byte less", good[:len(good)-1], false},
		{"not in order", encodeNode(t, 0, 2, b, a), false},
		{"same name twice", encodeNode(t, 0, 2, a, a), false},
		{"no items at level 1", encodeNode(t, 1, 0), false},
		{"children not in order", encodeNode(t, 1, 2, kid("b", 1, 1), kid("a", 2, 1)), false},
		{"child without entries", encodeNode(t, 1, 2, kid("a", 1, 0), kid("b", 2, 1)), false},
		{"child named ..", encodeNode(t, 1, 1, kid("..", 1, 1)), false},
		{"child with a long name", encodeNode(t, 1, 1, kid(strings.Repeat("n", 256), 1, 1)), false},
		{"10,000,000 entries", encodeNode(t, 1, 2, kid("a", 1, maxDirEntries-1), kid("b", 2, 1)), true},
		{"10,000,001 entries", encodeNode(t, 1, 2, kid("a", 1, maxDirEntries), kid("b", 2, 1)), false},
		{"4 × 4 billion entries", encodeNode(t, 1, 2, kid("a", 1, 1<<32-1), kid("b", 2, 1<<32-1)), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := parseNode(test.b); (err == nil) != test.ok {
				t.Error(err)
			}
		})
	}
}

func TestParseNodeRefusesMoreThanOneMiB(t *testing.T) {
	var items [][]byte
	size := nodeHeader
	for i := 0; size <= maxNode; i++ {
		e := fifo(fmt.Sprintf("%08d", i))
		e.Xattrs = xattrs(4, 1<<16-1)
		items = append(items, encoded(t, e))
		size += len(items[i])
	}
	if _, err := parseNode(encodeNode(t, 0, len(items), items...)); err == nil || !strings.Contains(err.Error(), "node of") {
		t.Error(err)
	}
	if _, err := parseNode(encodeNode(t, 0, len(items)-1, items[:len(items)-1]...)); err != nil {
		t.Error(err)
	}
}

// Any one byte changed gives an error or other entries, and never a panic.
func TestParseNodeFlippedBytes(t *testing.T) {
	e := plainFile("name", "content")
	e.Xattrs = xattrs(2, 3)
	good := encodeNode(t, 0, 2, encoded(t, fifo("a")), encoded(t, e))
	for i := range good {
		for _, x := range []byte{1, 0x80, 0xff} {
			b := append([]byte(nil), good...)
			b[i] ^= x
			if n, err := parseNode(b); err == nil && string(reencode(t, n)) != string(b) {
				t.Fatalf("byte %d ^ %#x is read but not written so", i, x)
			}
		}
	}
}

// reencode writes what was parsed.
func reencode(t testing.TB, n *node) []byte {
	t.Helper()
	b := appendNodeHeader(nil, n.level, uint32(len(n.at)))
	for i := range n.at {
		if n.level > 0 {
			b = appendChild(b, n.child(i))
			continue
		}
		var e Entry
		if err := n.entry(i, &e); err != nil {
			t.Fatal(err)
		}
		var err error
		if b, err = appendEntry(b, &e); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func reencodeList(n *listNode) []byte {
	b := appendNodeHeader(nil, n.level, uint32(len(n.ids)))
	for i, id := range n.ids {
		b = appendListItem(b, n.level, n.ends[i]-n.start(i), id)
	}
	return b
}

func TestParseListRefuses(t *testing.T) {
	x := func(n uint32, id seal.ID) []byte { return appendExtent(nil, Extent{n, id}) }
	c := func(n int64, id seal.ID) []byte { return appendListItem(nil, 1, n, id) }
	for _, test := range []struct {
		name string
		b    []byte
		ok   bool
	}{
		{"good", encodeNode(t, 0, 2, x(1, id(1)), x(1, id(2))), true},
		{"same chunk twice", encodeNode(t, 0, 2, x(1, id(1)), x(1, id(1))), true},
		{"hole", encodeNode(t, 0, 1, x(1<<32-1, seal.ID{})), true},
		{"children", encodeNode(t, 1, 2, c(1<<40, id(1)), c(1, id(2))), true},
		{"level 4", encodeNode(t, 4, 1, c(1, id(1))), true},
		{"level 5", encodeNode(t, 5, 1, c(1, id(1))), false},
		{"no items", encodeNode(t, 0, 0), false},
		{"empty extent", encodeNode(t, 0, 1, x(0, id(1))), false},
		{"empty hole", encodeNode(t, 0, 1, x(0, seal.ID{})), false},
		{"chunk of more than 1 MiB", encodeNode(t, 0, 1, x(maxChunk+1, id(1))), false},
		{"empty child", encodeNode(t, 1, 1, c(0, id(1))), false},
		{"child of negative size", encodeNode(t, 1, 1, c(-1, id(1))), false},
		{"child without name", encodeNode(t, 1, 1, c(1, seal.ID{})), false},
		{"more than a file can have", encodeNode(t, 1, 2, c(1<<62, id(1)), c(1<<62, id(2))), false},
		{"count too high", encodeNode(t, 0, 3, x(1, id(1)), x(1, id(2))), false},
		{"count too low", encodeNode(t, 0, 1, x(1, id(1)), x(1, id(2))), false},
		{"half an extent", encodeNode(t, 0, 1, x(1, id(1))[:20]), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := parseList(test.b); (err == nil) != test.ok {
				t.Error(err)
			}
		})
	}
}

// The cache stays within its bytes, gives the same node, and forgets the one that was not used.
func TestNodeCacheIsBounded(t *testing.T) {
	m := newMemStore()
	var ids []seal.ID
	for i := range 50 {
		var e []Entry
		for j := range 20 {
			e = append(e, fifo(fmt.Sprintf("%03d-%03d", i, j)))
		}
		ids = append(ids, writeDir(t, m, e))
	}
	s := newNodes(m, 20_000)
	hot, err := s.tree(t.Context(), ids[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids[1:] {
		if _, err := s.tree(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if again, _ := s.tree(t.Context(), ids[0]); again != hot {
			t.Fatal("the node used most is loaded again")
		}
		sum := 0
		for el := s.order.Front(); el != nil; el = el.Next() {
			sum += el.Value.(*cachedNode).node.cost()
		}
		if sum != s.bytes || sum > 20_000 || len(s.items) != s.order.Len() {
			t.Fatalf("holds %d bytes, counts %d", sum, s.bytes)
		}
	}
	gets := m.gets
	if _, err := s.tree(t.Context(), ids[1]); err != nil || m.gets != gets+1 {
		t.Error("a node that was dropped is not loaded again", err)
	}
}

// A node of one type is never taken for one of the other, though the cache has it.
func TestNodeCacheKeepsTypesApart(t *testing.T) {
	m := newMemStore()
	root := writeDir(t, m, []Entry{fifo("a")})
	s := newNodes(m, nodeCacheBytes)
	if _, err := s.tree(t.Context(), root); err != nil {
		t.Fatal(err)
	}
	if _, err := s.list(t.Context(), root); err == nil {
		t.Error("a tree node is read as a list")
	}
}
