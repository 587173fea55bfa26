package snapshot

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"bakfs/seal"
	"bakfs/store"
)

func writeList(t testing.TB, m *memStore, all []Extent) Entry {
	t.Helper()
	e := Entry{Name: "f", Kind: File}
	w := newListWriter(m)
	for _, x := range all {
		if err := w.add(context.Background(), x); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.finish(context.Background(), &e); err != nil {
		t.Fatal(err)
	}
	if err := e.check(); err != nil {
		t.Fatal(err)
	}
	return e
}

func readList(m *memStore, e Entry) (all []Extent, err error) {
	for x, err := range extents(context.Background(), m, &e) {
		if err != nil {
			return all, err
		}
		all = append(all, x)
	}
	return all, nil
}

// numberedExtents have names spread like real ones.
func numberedExtents(n int, seed uint64) []Extent {
	all := make([]Extent, n)
	for i := range all {
		all[i] = Extent{Length: 1 + uint32(i)%maxChunk, ID: fakeID(seal.Content, binary.BigEndian.AppendUint64(nil, seed+uint64(i)))}
	}
	return all
}

func TestExtentsComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.SampledFrom([]int{0, 1, 7, 8, 9, 10, 100, 1023, 5000}).Draw(rt, "n")
		all := numberedExtents(n, rapid.Uint64().Draw(rt, "seed"))
		for i := range all {
			if all[i].ID[0]%8 == 0 { // holes of up to 4 GiB: the file is far larger than that
				all[i] = Extent{Length: 1<<32 - 1 - uint32(i)}
			}
		}
		m := newMemStore()
		e := writeList(t, m, all)
		if form := e.content(); n > maxExtents && form != contentList || n > 0 && n <= maxExtents && form != contentExtents {
			rt.Fatalf("%d extents are kept as %d", n, form)
		}
		got, err := readList(m, e)
		if err != nil || !slices.Equal(all, got) {
			rt.Fatalf("%d of %d extents, or other ones: %v", len(got), n, err)
		}
	})
}

// Holes end no node, so 8192 of them are the most in one; a sparse file of 3 × 8192 + 5 extents has two levels.
func TestListNodesAreBounded(t *testing.T) {
	m := newMemStore()
	all := slices.Repeat([]Extent{{Length: 1<<32 - 1}}, 3*maxListItems+5)
	e := writeList(t, m, all)
	if e.Size != int64(len(all))*(1<<32-1) {
		t.Errorf("size %d", e.Size)
	}
	for _, b := range m.chunks {
		if n, err := parseList(b); err != nil || len(n.ids) > maxListItems {
			t.Error(err)
		}
	}
	if root, err := parseList(m.chunks[e.Root]); err != nil || root.level != 1 || len(root.ids) != 4 {
		t.Errorf("root %+v, %v", root, err)
	}
	if got, err := readList(m, e); err != nil || !slices.Equal(got, all) {
		t.Error(err)
	}
}

// The split is that of FORMAT.md: checked against nodes that are put together here by its words.
func TestListNodesEndWhereChunksSay(t *testing.T) {
	m := newMemStore()
	all := numberedExtents(6000, 3)
	e := writeList(t, m, all)
	var items []byte
	count, leaves := 0, 0
	for i, x := range all {
		items = appendExtent(items, x)
		count++
		if (int(x.ID[30])<<8|int(x.ID[31]))%1024 == 1 || i == len(all)-1 {
			leaf := append(appendNodeHeader(nil, 0, uint32(count)), items...)
			if _, err := m.Get(t.Context(), fakeID(seal.List, leaf), seal.List); err != nil {
				t.Errorf("the node that ends at extent %d is not stored: %v", i, err)
			}
			items, count, leaves = nil, 0, leaves+1
		}
	}
	if root, err := parseList(m.chunks[e.Root]); err != nil || leaves < 3 || root.level != 1 || len(root.ids) != leaves || m.puts != leaves+1 {
		t.Errorf("%d leaves, %d nodes, %v", leaves, m.puts, err)
	}
}

func TestOneChangedChunkStoresFewListNodes(t *testing.T) {
	m := newMemStore()
	all := numberedExtents(50_000, 1)
	writeList(t, m, all)
	if m.puts < 20 {
		t.Fatalf("only %d nodes", m.puts)
	}
	for _, i := range []int{0, 25_000, 49_999} {
		before := m.puts
		more := slices.Insert(slices.Clone(all), i, Extent{5, id(byte(i))})
		writeList(t, m, more)
		if m.puts-before > 5 {
			t.Errorf("an extent inserted at %d stores %d nodes", i, m.puts-before)
		}
	}
}

func TestListWriterRefuses(t *testing.T) {
	w := newListWriter(newMemStore())
	for _, x := range []Extent{{0, id(1)}, {0, seal.ID{}}, {maxChunk + 1, id(1)}} {
		if w.add(t.Context(), x) == nil {
			t.Errorf("%v is taken", x)
		}
	}
	w.size = 1<<63 - 2
	if w.add(t.Context(), Extent{2, id(1)}) == nil {
		t.Error("a file of 2^63 bytes is taken")
	}
}

// A list writer without extents leaves what the entry says.
func TestListWriterKeepsInline(t *testing.T) {
	e := plainFile("f", "inline")
	added, err := newListWriter(newMemStore()).finish(t.Context(), &e)
	if err != nil || added != 0 || string(e.Inline) != "inline" || e.Size != 6 {
		t.Errorf("%+v, %v", e, err)
	}
}

// Lists whose parts are well-formed by themselves and lie about each other.
func TestEvilLists(t *testing.T) {
	m := newMemStore()
	leaf := func(n int) (seal.ID, int64) {
		b := appendNodeHeader(nil, 0, uint32(n))
		for i := range n {
			b = appendExtent(b, Extent{10, id(byte(i + 1))})
		}
		return m.put(t, seal.List, b), int64(n) * 10
	}
	parent := func(level uint8, child seal.ID, size int64) seal.ID {
		b := appendNodeHeader(nil, level, 2)
		b = appendListItem(b, level, size, child)
		return m.put(t, seal.List, appendListItem(b, level, size, child))
	}
	nine, size9 := leaf(9)
	eight, size8 := leaf(8)
	good := parent(1, nine, size9)
	for _, test := range []struct {
		name string
		root seal.ID
		size int64
		ok   bool
	}{
		{"nine extents", nine, size9, true},
		{"two levels", good, 2 * size9, true},
		{"few extents in a list below", parent(1, eight, size8), 2 * size8, true},
		{"only eight extents", eight, size8, false},
		{"root smaller than the file", nine, size9 + 1, false},
		{"root larger than the file", good, 2*size9 - 1, false},
		{"child smaller than said", parent(1, nine, size9+1), 2*size9 + 2, false},
		{"child larger than said", parent(1, nine, size9-1), 2*size9 - 2, false},
		{"level 2 above level 0", parent(2, nine, size9), 2 * size9, false},
		{"level 1 above level 1", parent(1, good, 2*size9), 4 * size9, false},
		{"child is missing", parent(1, id(9), 5), 10, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := Entry{Name: "f", Kind: File, Root: test.root, Size: test.size, Data: test.size}
			_, err := readList(m, e)
			if (err == nil) != test.ok {
				t.Error(err)
			}
			if err != nil && !errors.Is(err, store.ErrDamaged) && !errors.Is(err, store.ErrMissing) {
				t.Errorf("%v is neither damage nor missing", err)
			}
		})
	}
}

// An entry says how much of a list is data, which a listing shows as blocks without reading the list.
func TestListHoldsTheDataItsEntrySays(t *testing.T) {
	m := newMemStore()
	w := newListWriter(m)
	for i := range 20 {
		x := Extent{Length: 100, ID: id(byte(i + 1))}
		if i%4 == 0 {
			x = Extent{Length: 5000}
		}
		if err := w.add(t.Context(), x); err != nil {
			t.Fatal(err)
		}
	}
	e := Entry{Name: "f", Kind: File}
	if _, err := w.finish(t.Context(), &e); err != nil || e.Data != 1500 || e.Size != 26500 {
		t.Fatalf("%d bytes, %d of them data: %v", e.Size, e.Data, err)
	}
	if info := newInfo(&e, 7); info.stat.Blocks != 3 {
		t.Errorf("%d blocks", info.stat.Blocks)
	}
	for data, ok := range map[int64]bool{1499: false, 1500: true, 1501: false} {
		e.Data = data
		if _, err := readList(m, e); (err == nil) != ok {
			t.Errorf("%d bytes of data: %v", data, err)
		}
	}
}
