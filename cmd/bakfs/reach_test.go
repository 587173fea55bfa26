package main

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"bakfs/seal"
)

// A chunkMap is a store of chunks that are written by hand.
type chunkMap map[seal.ID][]byte

func (m chunkMap) get(_ context.Context, id seal.ID, _ seal.ChunkType) ([]byte, error) {
	if b, ok := m[id]; ok {
		return b, nil
	}
	return nil, errors.New("not there")
}

func treeHead(level byte, count uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{1, level, 0, 0}, count)
}

// treeEntry is an entry as FORMAT.md 8.2 has it; rest is what comes behind size.
func treeEntry(name string, kind, content byte, flags uint16, rest ...byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(len(name)))
	b = append(append(b, name...), kind, content)
	b = binary.BigEndian.AppendUint16(b, flags)
	b = append(b, make([]byte, 12)...)
	b = append(b, 1, 'u', 2, 'g', 'g')
	b = append(b, make([]byte, 28)...)
	if flags&1 != 0 {
		b = append(b, make([]byte, 8)...)
	}
	b = append(b, make([]byte, 8)...)
	return append(b, rest...)
}

func extentOf(id seal.ID) []byte { return append([]byte{0, 0, 0, 9}, id[:]...) }

// The tree: /inline /link /dev /x (xattrs) /two (chunks 1, 2 and a hole) /list (chunks 3 in a list of two levels) /sub/deep (chunk 4), / split in two.
func reachTree() (chunkMap, seal.ID) {
	id := func(n byte) seal.ID { return seal.ID{0: n, 31: 1} }
	m := chunkMap{}
	join := func(parts ...[]byte) []byte { return slices.Concat(parts...) }
	listID, leafID, subID, leftID, rightID, rootID := id(100), id(101), id(102), id(103), id(104), id(105)
	m[leafID] = join(treeHead(0, 1), extentOf(id(3)))
	m[listID] = join(treeHead(1, 1), make([]byte, 8), leafID[:])
	m[subID] = join(treeHead(0, 1), treeEntry("deep", 1, 2, 0, join([]byte{1}, extentOf(id(4)))...))
	m[leftID] = join(treeHead(0, 4),
		treeEntry("dev", 6, 0, 0, make([]byte, 8)...),
		treeEntry("inline", 1, 1, 1, 0, 2, 'h', 'i'),
		treeEntry("link", 3, 0, 0, 0, 1, 'a'),
		treeEntry("list", 1, 3, 0, append(listID[:len(listID):len(listID)], make([]byte, 8)...)...))
	m[rightID] = join(treeHead(0, 3),
		treeEntry("sub", 2, 0, 0, subID[:]...),
		treeEntry("two", 1, 2, 0, join([]byte{3}, extentOf(id(1)), extentOf(seal.ID{}), extentOf(id(2)))...),
		treeEntry("x", 1, 0, 2, 0, 1, 1, 'n', 0, 0, 0, 2, 'v', 'v'))
	m[rootID] = join(treeHead(1, 2), []byte{0, 3}, []byte("dev"), leftID[:], []byte{0, 0, 0, 4}, []byte{0, 3}, []byte("sub"), rightID[:], []byte{0, 0, 0, 3})
	return m, rootID
}

func TestReachNamesWhatIsLost(t *testing.T) {
	m, root := reachTree()
	for n, want := range map[byte][]string{
		0: nil, 1: {"/two"}, 2: {"/two"}, 3: {"/list"}, 4: {"/sub/deep"},
		100: {"/list"}, 101: {"/list"}, 102: {"/sub/"}, 103: {"//"}, 105: {"//"},
	} {
		asked := map[seal.ID]bool{}
		r := &reach{get: m.get, seen: map[seal.ID]bool{}, lost: func(id seal.ID) (bool, error) {
			asked[id] = true
			return id == seal.ID{0: n, 31: 1}, nil
		}}
		harmed, err := r.harmed(t.Context(), root)
		if err != nil || harmed != (want != nil) || r.broken != 0 {
			t.Errorf("%d: harmed %v, %d broken, %v", n, harmed, r.broken, err)
		}
		if n == 0 && (len(asked) != 10 || asked[seal.ID{}]) {
			t.Errorf("asked about %d chunks", len(asked))
		}
		var got []string
		err = r.files(t.Context(), root, "/", func(path string, folder bool) error {
			if folder {
				path += "/"
			}
			got = append(got, path)
			return nil
		})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%d: %q, want %q, %v", n, got, want, err)
		}
	}
}

// Each chunk of the tree cut at each length, or longer: told, no panic.
func TestReachTellsBrokenNodes(t *testing.T) {
	whole, root := reachTree()
	for id, b := range whole {
		for n := range len(b) + 2 {
			if n == len(b) {
				continue
			}
			m, _ := reachTree()
			m[id] = append(b[:min(n, len(b)):min(n, len(b))], make([]byte, max(0, n-len(b)))...)
			r := &reach{get: m.get, seen: map[seal.ID]bool{}, lost: func(seal.ID) (bool, error) { return false, nil }}
			if harmed, err := r.harmed(t.Context(), root); err != nil || !harmed || r.broken != 1 {
				t.Fatalf("%v at %d of %d: harmed %v, %d broken, %v", id, n, len(b), harmed, r.broken, err)
			}
		}
	}
}

func TestReachOfALoopEnds(t *testing.T) {
	id := seal.ID{1}
	m := chunkMap{id: slices.Concat(treeHead(1, 1), []byte{0, 1, 'a'}, id[:], []byte{0, 0, 0, 1})}
	r := &reach{get: m.get, seen: map[seal.ID]bool{}, lost: func(seal.ID) (bool, error) { return false, nil }}
	if _, err := r.harmed(t.Context(), id); err == nil {
		t.Error("a node that is its own child")
	}
}

func FuzzReach(f *testing.F) {
	m, _ := reachTree()
	var seeds [][]byte
	for _, b := range m {
		seeds = append(seeds, b)
	}
	slices.SortFunc(seeds, slices.Compare[[]byte])
	for _, b := range seeds {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := parseReachedNode(b)
		if err == nil && len(n.entries)+len(n.children) > len(b)/38 {
			t.Fatalf("%d bytes hold %d items", len(b), len(n.entries)+len(n.children))
		}
		if _, chunks, err := parseReachedList(b); err == nil && len(chunks) > len(b)/36 {
			t.Fatalf("%d bytes hold %d extents", len(b), len(chunks))
		}
	})
}
