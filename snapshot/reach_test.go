package snapshot

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"bakfs/seal"
)

// reachTree is a split directory with a small file, one of an extent list of two levels, and a folder.
func reachTree(t *testing.T, m *memStore) (entries []Entry, list []Extent) {
	entries = numbered(700)
	list = numberedExtents(4000, 1)
	list[5] = Extent{Length: 77} // a hole
	long := writeList(t, m, list)
	long.Name = "file-00000300-long"
	few := numberedExtents(2, 1<<40)
	small := Entry{Name: "file-00000300-small", Kind: File, Size: 3, Extents: few}
	sub := dirEntry(t, m, "file-00000650-sub", Entry{Name: "deep", Kind: File, Size: 1, Extents: numberedExtents(1, 1<<41)}, plainFile("x", "y"))
	entries = append(entries, long, small, sub)
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return entries, list
}

// collect visits s; lost says which chunks are. It returns how often each chunk was told of, and the paths of those lost.
func collect(t *testing.T, r *Reach, s Info, lost func(Need) bool) (harmed bool, told map[seal.ID]int, paths []string) {
	t.Helper()
	told = map[seal.ID]int{}
	visit := func(n Need) (bool, error) {
		told[n.ID]++
		return lost(n), nil
	}
	harmed, err := r.Visit(t.Context(), s, visit)
	if err != nil {
		t.Fatal(err)
	}
	set := map[string]bool{}
	err = r.Harmed(t.Context(), s, func(n Need) (bool, error) {
		if n.Err != nil || lost(n) {
			set[n.Path()] = true
		}
		return lost(n), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return harmed, told, slices.Sorted(maps.Keys(set))
}

func never(Need) bool { return false }

func TestReachTellsOfEachChunkOnce(t *testing.T) {
	m := newMemStore()
	entries, list := reachTree(t, m)
	s := Info{Root: writeDir(t, m, entries)}
	want := map[seal.ID]int{}
	for id := range m.chunks {
		want[id] = 1
	}
	for _, x := range append(list, append(numberedExtents(2, 1<<40), numberedExtents(1, 1<<41)...)...) {
		if x.ID != (seal.ID{}) {
			want[x.ID] = 1
		}
	}
	r := newReach(m)
	harmed, told, paths := collect(t, r, s, never)
	if harmed || len(paths) > 0 || !maps.Equal(told, want) {
		t.Errorf("harmed %v, %q, told of %d chunks, want %d", harmed, paths, len(told), len(want))
	}

	m.gets = 0 // one entry more: what both snapshots hold is not read again
	entries = append(entries, plainFile("z", "z"))
	_, told, _ = collect(t, r, Info{Root: writeDir(t, m, entries)}, never)
	if m.gets != len(told) || m.gets > 4 {
		t.Errorf("%d nodes read for one new entry, told of %d", m.gets, len(told))
	}
}

func TestReachSaysTypesAndLengths(t *testing.T) {
	m := newMemStore()
	entries, _ := reachTree(t, m)
	lengths := map[seal.ID]uint32{}
	for _, x := range append(numberedExtents(4000, 1), numberedExtents(2, 1<<40)...) {
		lengths[x.ID] = x.Length
	}
	_, err := newReach(m).Visit(t.Context(), Info{Root: writeDir(t, m, entries)}, func(n Need) (bool, error) {
		if b := m.chunks[n.ID]; b != nil && fakeID(n.Type, b) != n.ID || n.Type == seal.Content != (n.Length > 0) {
			return false, fmt.Errorf("%s: type %d, length %d", n.Path(), n.Type, n.Length)
		}
		if want := lengths[n.ID]; want > 0 && n.Length != want {
			return false, fmt.Errorf("length %d, want %d", n.Length, want)
		}
		return false, nil
	})
	if err != nil {
		t.Error(err)
	}
}

// Whatever chunk is lost or does not open: the path it harms is told in each snapshot that has it, and all else is visited.
func TestReachNamesWhatIsHarmed(t *testing.T) {
	m := newMemStore()
	entries, list := reachTree(t, m)
	first, second := Info{Root: writeDir(t, m, entries)}, Info{Root: writeDir(t, m, append(entries, plainFile("z", "z")))}
	where := map[seal.ID]string{
		first.Root: "/", list[0].ID: "/file-00000300-long", list[3999].ID: "/file-00000300-long",
		numberedExtents(1, 1<<40)[0].ID: "/file-00000300-small", numberedExtents(1, 1<<41)[0].ID: "/file-00000650-sub/deep",
	}
	for i := range entries {
		switch e := &entries[i]; {
		case e.Kind == Dir:
			where[e.Root] = "/" + e.Name
		case e.content() == contentList:
			where[e.Root] = "/" + e.Name
		}
	}
	for id, want := range where {
		for _, broken := range []bool{false, true} {
			if broken && m.chunks[id] == nil {
				continue // content is not read
			}
			r, lost := newReach(m), func(n Need) bool { return !broken && n.ID == id }
			m.broken = map[seal.ID]error{}
			if broken {
				m.broken[id] = errBroken
			}
			for i, s := range []Info{first, second} {
				harmed, _, paths := collect(t, r, s, lost)
				if id == first.Root && i == 1 {
					continue // the second has another root
				}
				if !harmed || !slices.Equal(paths, []string{want}) {
					t.Errorf("broken %v, snapshot %d: harmed %v, %q, want %q", broken, i, harmed, paths, want)
				}
			}
		}
	}
}

func TestReachGoesOnBehindWhatCannotBeRead(t *testing.T) {
	m := newMemStore()
	entries, _ := reachTree(t, m)
	s := Info{Root: writeDir(t, m, entries)}
	_, whole, _ := collect(t, newReach(m), s, never)
	root, err := parseNode(m.chunks[s.Root])
	if err != nil || root.level == 0 || len(root.at) < 2 {
		t.Fatalf("the root has %d children, %v", len(root.at), err)
	}
	first := root.child(0).id
	m.broken[first] = errBroken
	harmed, told, paths := collect(t, newReach(m), s, never)
	if !harmed || told[first] != 2 || !slices.Equal(paths, []string{"/"}) {
		t.Errorf("harmed %v, told %d times, %q", harmed, told[first], paths)
	}
	if behind := root.child(len(root.at) - 1).id; told[behind] != 1 || len(told) >= len(whole)+1 {
		t.Errorf("the last node was told %d times, %d chunks in all", told[behind], len(told))
	}
}

// A node that is good in one place and not what its parent says in another.
func TestReachChecksEachPlace(t *testing.T) {
	m := newMemStore()
	a, b := writeDir(t, m, []Entry{plainFile("a", "1")}), writeDir(t, m, []Entry{plainFile("b", "1")})
	split := func(second string, below uint32) seal.ID {
		n := appendNodeHeader(nil, 1, 2)
		n = appendChild(n, childItem{first: "a", id: a, below: 1})
		return m.put(t, seal.Tree, appendChild(n, childItem{first: second, id: b, below: below}))
	}
	list := writeList(t, m, numberedExtents(20, 3))
	wrong := list
	wrong.Data--
	longer := list
	longer.Size++
	r := newReach(m)
	for i, test := range []struct {
		root seal.ID
		want []string
	}{
		{split("b", 1), nil},
		{split("b", 2), []string{"/"}},
		{split("ab", 1), []string{"/"}},
		{a, nil},
		{writeDir(t, m, []Entry{list}), nil},
		{writeDir(t, m, []Entry{wrong}), []string{"/f"}},
		{writeDir(t, m, []Entry{longer}), []string{"/f"}},
	} {
		harmed, _, paths := collect(t, r, Info{Root: test.root}, never)
		if harmed != (test.want != nil) || !slices.Equal(paths, test.want) {
			t.Errorf("%d: harmed %v, %q, want %q", i, harmed, paths, test.want)
		}
	}
}

func TestReachEndsWhenItIsTold(t *testing.T) {
	m := newMemStore()
	entries, _ := reachTree(t, m)
	s := Info{Root: writeDir(t, m, entries)}
	stop := errors.New("stop")
	for after := range 8 {
		n := 0
		_, err := newReach(m).Visit(t.Context(), s, func(Need) (bool, error) {
			if n++; n > after {
				return false, stop
			}
			return false, nil
		})
		if err != stop || n != after+1 {
			t.Errorf("after %d visits: %d, %v", after, n, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newReach(m).Visit(ctx, s, func(Need) (bool, error) { return false, nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestReachBoundsTheDepth(t *testing.T) {
	m := newMemStore()
	e := dirEntry(t, m, "d")
	for range maxDepth + 1 {
		e = dirEntry(t, m, "d", e)
	}
	harmed, _, paths := collect(t, newReach(m), Info{Root: e.Root}, never)
	if !harmed || len(paths) != 1 || strings.Count(paths[0], "/d") != maxDepth+1 {
		t.Errorf("harmed %v, %d paths", harmed, len(paths))
	}
}

// The list of a folder is read once, also where much of it lies behind a folder in it and
// nothing is kept: else a thousand inside each other, of 1 MiB each, were 2 GiB.
func TestReachReadsAListOnce(t *testing.T) {
	m := newMemStore()
	inner := writeDir(t, m, []Entry{plainFile("f", "x")})
	for range 10 {
		inner = writeDir(t, m, []Entry{{Name: "a", Kind: Dir, Nlink: 2, Root: inner}, plainFile("b", "x"), plainFile("c", "x")})
	}
	r := newReach(m)
	r.nodes = newNodes(m, 0)
	m.gets = 0
	if harmed, err := r.Visit(t.Context(), Info{Root: inner}, func(Need) (bool, error) { return false, nil }); harmed || err != nil {
		t.Fatal(harmed, err)
	}
	if m.gets != 11 {
		t.Errorf("%d reads of 11 lists", m.gets)
	}
}

// A node that cannot be got again, when the walk comes back to it, is told as one that cannot be read.
func TestReachTellsOfANodeThatIsGoneMeanwhile(t *testing.T) {
	m := newMemStore()
	inner := writeDir(t, m, []Entry{plainFile("f", "x")})
	var entries []Entry
	for i := range keptBelow {
		entries = append(entries, Entry{Name: fmt.Sprintf("a%c", 'a'+i), Kind: Dir, Nlink: 2, Root: inner})
	}
	root := writeDir(t, m, append(entries, plainFile("b", "x")))
	r := newReach(m)
	r.nodes = newNodes(m, 0) // keeps none
	told := 0
	harmed, err := r.Visit(t.Context(), Info{Root: root}, func(n Need) (bool, error) {
		if n.ID == inner {
			m.broken[root] = errBroken
		}
		if n.ID == root && n.Err != nil {
			told++
			if !errors.Is(n.Err, errBroken) || n.Path() != "/" {
				t.Error(n.Err, n.Path())
			}
		}
		return false, nil
	})
	if !harmed || told != 1 || err != nil {
		t.Error(harmed, told, err)
	}
}
