package snapshot

import (
	"runtime"
	"strconv"
	"testing"

	"bakfs/seal"
)

// A node takes no memory for items that it only claims.
func TestNodeAllocatesNothingByItsCount(t *testing.T) {
	for _, node := range [][]byte{appendNodeHeader(nil, 0, 1<<28), appendNodeHeader(nil, 1, 1<<28)} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := parseNode(append(node, make([]byte, 1000)...)); err == nil {
			t.Error("accepted")
		}
		if _, err := parseList(append(node, make([]byte, 1000)...)); err == nil {
			t.Error("accepted as a list")
		}
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 64<<20 { // tests beside this one allocate too
			t.Errorf("%d bytes for a node of 1 KB", took)
		}
	}
}

// More tags than the payload can count are refused when it is written.
func TestPayloadOfTooManyTags(t *testing.T) {
	i := Info{Root: seal.ID{1}, Sources: []string{"/s"}}
	for n := range 1 << 16 {
		i.Tags = append(i.Tags, strconv.Itoa(n+100_000))
	}
	if _, err := i.payload(); err == nil {
		t.Error("65,536 tags were written")
	}
	i.Tags = i.Tags[:1<<16-1]
	if _, err := i.payload(); err != nil {
		t.Error(err)
	}
}

// The lengths of a list are added up at each level, whatever is said of the data.
func TestListOfAnotherSizeIsRefused(t *testing.T) {
	m := newMemStore()
	leaf := appendNodeHeader(nil, 0, 9)
	for range 9 {
		leaf = appendExtent(leaf, Extent{10, id(1)})
	}
	low := m.put(t, seal.List, leaf)
	above := func(first, second int64) seal.ID {
		return m.put(t, seal.List, appendListItem(appendListItem(appendNodeHeader(nil, 1, 2), 1, first, low), 1, second, low))
	}
	for i, test := range []struct {
		root       seal.ID
		size, data int64
		good       bool
	}{
		{low, 90, 90, true}, {low, 91, 90, false}, {above(90, 90), 180, 180, true}, {above(90, 90), 181, 180, false},
		{above(91, 90), 181, 180, false}, {above(89, 91), 180, 180, false},
	} {
		_, err := readList(m, Entry{Name: "f", Kind: File, Root: test.root, Size: test.size, Data: test.data})
		if (err == nil) != test.good {
			t.Errorf("%d: %v", i, err)
		}
	}
}
