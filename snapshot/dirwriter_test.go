package snapshot

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	iofs "io/fs"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"bakfs/seal"
)

func TestDirectoriesComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		byName := map[string]Entry{}
		for _, e := range rapid.SliceOfN(rapid.Custom(drawEntry), 0, 30).Draw(rt, "entries") {
			byName[e.Name] = e
		}
		// Thousands more, so that there are several levels; the seed decides where nodes end.
		seed := rapid.Uint16().Draw(rt, "seed")
		for i := range rapid.SampledFrom([]int{0, 0, 300, 3000}).Draw(rt, "more") {
			e := fifo(fmt.Sprintf("\xff%d-%x", seed, i*i))
			byName[e.Name] = e
		}
		var want []Entry
		for _, e := range byName {
			want = append(want, e)
		}
		slices.SortFunc(want, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
		m := newMemStore()
		root := writeDir(t, m, want)
		got, err := readAll(m, root)
		if err != nil || !slices.EqualFunc(want, got, sameEntry) {
			rt.Fatalf("%d of %d entries, or other ones: %v", len(got), len(want), err)
		}
		for i := 0; i < len(want); i += 1 + len(want)/50 {
			e, err := lookup(context.Background(), m, root, want[i].Name)
			if err != nil || !sameEntry(*e, want[i]) {
				rt.Fatalf("lookup of %q: %v", want[i].Name, err)
			}
		}
		for _, name := range []string{"", "\x00", "\xff\xff\xff", drawName(rt)} {
			_, known := byName[name]
			if _, err := lookup(context.Background(), m, root, name); !known && !errors.Is(err, iofs.ErrNotExist) {
				rt.Fatalf("lookup of %q: %v", name, err)
			}
		}
	})
}

// One entry changed, added or removed anywhere rewrites a few nodes of a large directory, not all of them.
func TestOneChangeStoresFewNodes(t *testing.T) {
	const n = 100_000
	m := newMemStore()
	entries := numbered(n)
	writeDir(t, m, entries)
	if m.puts < 100 || m.puts > 2000 {
		t.Fatalf("%d entries are %d nodes", n, m.puts)
	}
	changed := func(name string, change func([]Entry) []Entry, most int) {
		before := m.puts
		root := writeDir(t, m, change(slices.Clone(entries)))
		if m.puts-before > most {
			t.Errorf("%s: %d nodes stored", name, m.puts-before)
		}
		if _, err := lookup(t.Context(), m, root, "file-00099998"); err != nil {
			t.Error(err)
		}
	}
	changed("nothing", func(e []Entry) []Entry { return e }, 0)
	for _, i := range []int{0, 1, 777, n / 2, n - 1} {
		changed("changed", func(e []Entry) []Entry { e[i].MTime++; return e }, 4)
		changed("removed", func(e []Entry) []Entry { return slices.Delete(e, i, i+1) }, 8)
		changed("added", func(e []Entry) []Entry { return slices.Insert(e, i+1, plainFile(entries[i].Name+"a", "y")) }, 8)
	}
}

// The split is that of FORMAT.md: checked against nodes that are put together here by its words.
func TestNodesEndWhereNamesSay(t *testing.T) {
	m := newMemStore()
	entries := numbered(2000)
	root := writeDir(t, m, entries)
	var leaves [][]byte
	var items [][]byte
	for i, e := range entries {
		items = append(items, encoded(t, e))
		sum := sha256.Sum256(append([]byte{0}, e.Name...))
		if sum[1] == 0 || i == len(entries)-1 { // 0 modulo 256: the second byte is 0
			leaves = append(leaves, encodeNode(t, 0, len(items), items...))
			items = nil
		}
	}
	if len(leaves) < 3 {
		t.Fatal("too few nodes to see anything")
	}
	for i, leaf := range leaves {
		if _, err := m.Get(t.Context(), fakeID(seal.Tree, leaf), seal.Tree); err != nil {
			t.Errorf("leaf %d is not stored: %v", i, err)
		}
	}
	if m.puts != len(leaves)+1 {
		t.Errorf("%d nodes for %d leaves", m.puts, len(leaves))
	}
	if n, err := parseNode(m.chunks[root]); err != nil || n.level != 1 || len(n.at) != len(leaves) {
		t.Errorf("root: %+v, %v", n, err)
	}
}

// No root has a single child, wherever the names end nodes.
func TestRootsHaveTwoChildren(t *testing.T) {
	levels := map[uint8]bool{}
	for n := range 700 {
		m := newMemStore()
		root, err := parseNode(m.chunks[writeDir(t, m, numbered(n))])
		if err != nil || root.level > 0 && len(root.at) < 2 {
			t.Fatalf("%d entries: %+v, %v", n, root, err)
		}
		levels[root.level] = true
	}
	if len(levels) < 2 {
		t.Error("all directories have one level")
	}
}

// Entries as large as they can be: nodes stay within 512 KiB, unless one entry alone is.
func TestNodesStaySmall(t *testing.T) {
	m := newMemStore()
	var entries []Entry
	for i := range 40 {
		e := fifo(fmt.Sprintf("%03d", i))
		e.Flags, e.Xattrs = flagXattrs, xattrs(1+i%4, 1<<16-1)
		entries = append(entries, e)
	}
	root := writeDir(t, m, entries)
	for _, b := range m.chunks {
		if n, err := parseNode(b); err != nil || len(b) > softNode && len(n.at) > 1 {
			t.Errorf("node of %d bytes: %v", len(b), err)
		}
	}
	if got, err := readAll(m, root); err != nil || !slices.EqualFunc(got, entries, sameEntry) {
		t.Error(err)
	}
}

func TestDirWriterRefuses(t *testing.T) {
	ctx := t.Context()
	w := newDirWriter(newMemStore())
	b, a, bad := fifo("b"), fifo("a"), fifo("..")
	if err := w.add(ctx, &b); err != nil {
		t.Fatal(err)
	}
	if w.add(ctx, &a) == nil || w.add(ctx, &b) == nil {
		t.Error("entries out of order are taken")
	}
	if w.add(ctx, &bad) == nil {
		t.Error("an entry that cannot be read again is taken")
	}
	w.total = maxDirEntries
	c := fifo("c")
	if w.add(ctx, &c) == nil {
		t.Error("more than 10,000,000 entries are taken")
	}
	stopped, stop := context.WithCancel(ctx)
	stop()
	if _, _, err := newDirWriter(newMemStore()).finish(stopped); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// What finish says was added is what the store took.
func TestDirWriterCountsWhatItAdds(t *testing.T) {
	m := newMemStore()
	w := newDirWriter(m)
	for _, e := range numbered(1000) {
		if err := w.add(t.Context(), &e); err != nil {
			t.Fatal(err)
		}
	}
	_, added, err := w.finish(t.Context())
	sum := int64(0)
	for _, b := range m.chunks {
		sum += int64(len(b))
	}
	if err != nil || added != sum {
		t.Errorf("added %d of %d bytes: %v", added, sum, err)
	}
}
