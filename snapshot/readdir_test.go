package snapshot

import (
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"testing"

	"bakfs/seal"
	"bakfs/store"
)

// Directories whose nodes are well-formed by themselves and lie about each other. Reading through them and looking
// up a name in the part that lies must both fail.
func TestEvilDirectories(t *testing.T) {
	m := newMemStore()
	put := func(b []byte) seal.ID { return m.put(t, seal.Tree, b) }
	leaf := func(names ...string) seal.ID {
		var items [][]byte
		for _, n := range names {
			items = append(items, encoded(t, fifo(n)))
		}
		return put(encodeNode(t, 0, len(items), items...))
	}
	parent := func(level uint8, items ...childItem) seal.ID {
		b := appendNodeHeader(nil, level, uint32(len(items)))
		for _, i := range items {
			b = appendChild(b, i)
		}
		return put(b)
	}
	ab, cd, empty := leaf("a", "b"), leaf("c", "d"), leaf()
	good := parent(1, childItem{"a", ab, 2}, childItem{"c", cd, 2})
	ef := parent(1, childItem{"e", leaf("e", "z"), 2})
	for _, test := range []struct {
		name, find string
		root       seal.ID
		ok         bool
	}{
		{"good", "d", good, true},
		{"one child", "a", parent(1, childItem{"a", ab, 2}), true},
		{"count too high", "d", parent(1, childItem{"a", ab, 2}, childItem{"c", cd, 3}), false},
		{"count too low", "d", parent(1, childItem{"a", ab, 2}, childItem{"c", cd, 1}), false},
		{"first name too early", "b", parent(1, childItem{"A", ab, 2}, childItem{"c", cd, 2}), false},
		{"first name too late", "d", parent(1, childItem{"a", ab, 2}, childItem{"d", cd, 2}), false},
		{"name beyond the sibling", "az", parent(1, childItem{"a", leaf("a", "c"), 2}, childItem{"b", leaf("b"), 1}), false},
		{"name is the sibling's", "az", parent(1, childItem{"a", leaf("a", "c"), 2}, childItem{"c", cd, 2}), false},
		{"name beyond the parent's sibling", "ez",
			parent(2, childItem{"e", ef, 2}, childItem{"g", parent(1, childItem{"g", leaf("g"), 1}), 1}), false},
		{"empty child", "a", parent(1, childItem{"a", empty, 1}), false},
		{"level 2 above level 0", "a", parent(2, childItem{"a", ab, 2}), false},
		{"level 1 above level 1", "a", parent(1, childItem{"a", good, 4}), false},
		{"same child twice", "c", parent(1, childItem{"a", ab, 2}, childItem{"c", ab, 2}), false},
		{"child is missing", "a", parent(1, childItem{"a", id(9), 2}), false},
		{"child is not a node", "a", parent(1, childItem{"a", put([]byte("no node")), 2}), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := readAll(m, test.root)
			if (err == nil) != test.ok {
				t.Error("read:", err)
			}
			if err != nil && !errors.Is(err, store.ErrDamaged) && !errors.Is(err, store.ErrMissing) {
				t.Errorf("%v is neither damage nor missing", err)
			}
			if _, err = lookup(t.Context(), m, test.root, test.find); (err == nil) != test.ok || errors.Is(err, iofs.ErrNotExist) {
				t.Error("lookup:", err)
			}
		})
	}
}

// What comes before a node that cannot be read is yielded, and then the error.
func TestReadDirUpToTheDamage(t *testing.T) {
	m := newMemStore()
	root := writeDir(t, m, numbered(3000))
	leaves := leavesOf(t, m, root)
	if len(leaves) < 4 {
		t.Fatal("too few nodes to see anything")
	}
	m.broken[leaves[2].id] = errBroken
	got, err := readAll(m, root)
	if want := leaves[0].below + leaves[1].below; len(got) != int(want) || !errors.Is(err, store.ErrDamaged) {
		t.Errorf("%d of %d entries, then %v", len(got), want, err)
	}
	if _, err := lookup(t.Context(), m, root, leaves[3].first); err != nil {
		t.Error("a name in a good node:", err)
	}
	if _, err := lookup(t.Context(), m, root, leaves[2].first); !errors.Is(err, store.ErrDamaged) {
		t.Error(err)
	}
}

// leavesOf are the items that name the leaves below root.
func leavesOf(t *testing.T, m *memStore, root seal.ID) (all []childItem) {
	t.Helper()
	n, err := parseNode(m.chunks[root])
	if err != nil {
		t.Fatal(err)
	}
	for i := range n.at {
		switch n.level {
		case 0:
			return nil
		case 1:
			all = append(all, n.child(i))
		default:
			all = append(all, leavesOf(t, m, n.child(i).id)...)
		}
	}
	return all
}

func TestReadDirStops(t *testing.T) {
	m := newMemStore()
	root := writeDir(t, m, numbered(3000))
	seen := 0
	for range newNodes(m, nodeCacheBytes).entries(t.Context(), root) {
		if seen++; seen == 700 {
			break
		}
	}
	if seen != 700 || m.gets > 12 {
		t.Errorf("%d entries with %d nodes read", seen, m.gets)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var err error
	for _, err = range newNodes(m, nodeCacheBytes).entries(ctx, root) {
		stop()
	}
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// A lookup reads one node of each level.
func TestLookupReadsFewNodes(t *testing.T) {
	m := newMemStore()
	root := writeDir(t, m, numbered(100_000))
	top, err := parseNode(m.chunks[root])
	if err != nil {
		t.Fatal(err)
	}
	m.gets = 0
	if _, err := lookup(t.Context(), m, root, "file-00054321"); err != nil || m.gets != int(top.level)+1 {
		t.Errorf("%d nodes for %d levels: %v", m.gets, top.level+1, err)
	}
}

// Nodes of a large directory are asked for before they are needed, each once.
func TestReadDirReadsAhead(t *testing.T) {
	m := newMemStore()
	root := writeDir(t, m, numbered(5000))
	if _, err := readAll(m, root); err != nil {
		t.Fatal(err)
	}
	seen := map[seal.ID]bool{}
	for _, id := range m.prefetched {
		if seen[id] {
			t.Fatal("a node is asked for twice")
		}
		seen[id] = true
	}
	if leaves := len(leavesOf(t, m, root)); len(seen) < leaves-4 || leaves < 10 {
		t.Errorf("%d of %d leaves are asked for", len(seen), leaves)
	}
}

func benchmarkDir(b *testing.B) (*memStore, seal.ID) {
	m := newMemStore()
	var all []Entry
	for i := range 100_000 {
		all = append(all, Entry{Name: fmt.Sprintf("IMG_%08d.jpg", i), Kind: File, Mode: 0o644, Nlink: 1, Size: 300_000,
			User: "ann", Group: "ann", Extents: []Extent{{200_000, fakeID(1, []byte{byte(i)})}, {100_000, fakeID(1, []byte{byte(i), 1})}}})
	}
	return m, writeDir(b, m, all)
}

func BenchmarkReadDir100k(b *testing.B) {
	m, root := benchmarkDir(b)
	b.ReportAllocs()
	for b.Loop() {
		if all, err := readAll(m, root); err != nil || len(all) != 100_000 {
			b.Fatal(err)
		}
	}
}

func BenchmarkList100k(b *testing.B) {
	m, root := benchmarkDir(b)
	fsys := openTree(m, root)
	b.ReportAllocs()
	for b.Loop() {
		if all, err := iofs.ReadDir(fsys, "."); err != nil || len(all) != 100_000 {
			b.Fatal(err)
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	m, root := benchmarkDir(b)
	s := newNodes(m, nodeCacheBytes)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := s.lookup(b.Context(), root, fmt.Sprintf("IMG_%08d.jpg", i*7919%100_000)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseNode(b *testing.B) {
	m, _ := benchmarkDir(b)
	var biggest []byte
	for _, c := range m.chunks {
		if len(c) > len(biggest) {
			biggest = c
		}
	}
	b.SetBytes(int64(len(biggest)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parseNode(biggest); err != nil {
			b.Fatal(err)
		}
	}
}
