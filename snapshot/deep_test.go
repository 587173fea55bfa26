package snapshot

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"bakfs/seal"
)

// A deepStore has folders inside each other, each of a list of names in two nodes of nearly 1 MiB, which it makes when
// they are asked for. The first byte of a node's name is what it is, the next two are the depth.
type deepStore struct {
	depth  int
	filler []byte // entries behind the folder in each leaf
}

const (
	deepTop  = 1 + iota // the upper node of a folder's list
	deepLeaf            // the lower one
	deepElse            // what the upper one names besides; it is nowhere
)

func deepID(what, depth int) seal.ID { return seal.ID{byte(what), byte(depth >> 8), byte(depth)} }

func newDeepStore(t *testing.T, depth int) *deepStore {
	s := &deepStore{depth: depth}
	for i := range 3 {
		e := plainFile(fmt.Sprint("b", i), "x")
		for x := range 4 {
			e.Xattrs = append(e.Xattrs, Xattr{Name: fmt.Sprint("x", x), Value: make([]byte, 65_000)})
		}
		s.filler = append(s.filler, encoded(t, e)...)
	}
	return s
}

func (s *deepStore) Get(ctx context.Context, id seal.ID, _ seal.ChunkType) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	depth := int(id[1])<<8 | int(id[2])
	switch id[0] {
	case deepTop:
		const others = 3000
		b := appendNodeHeader(nil, 1, 1+others)
		b = appendChild(b, childItem{"a", deepID(deepLeaf, depth), 4})
		long := strings.Repeat("n", 250)
		for i := range others {
			b = appendChild(b, childItem{fmt.Sprintf("c%04d%s", i, long), deepID(deepElse, depth), 1})
		}
		return b, nil
	case deepLeaf:
		b := appendNodeHeader(nil, 0, 4)
		e := Entry{Name: "a", Kind: Dir, Mode: 0o700, Nlink: 2, Root: deepID(deepTop, depth+1)}
		if depth == s.depth {
			e = plainFile("a", "bottom")
		}
		item, err := appendEntry(nil, &e)
		return append(append(b, item...), s.filler...), err
	}
	return nil, errBroken
}

func (s *deepStore) ReadAt(context.Context, seal.ID, seal.ChunkType, []byte, int64) (int, error) {
	return 0, errBroken
}

func (s *deepStore) Prefetch(seal.ID, seal.ChunkType) {}

// heap is what is in use, in MiB.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc >> 20
}

// A walk holds a few of the lists of names on its way down, not all of them: here 300 MiB.
func TestWalksHoldNothingOfWhatIsAbove(t *testing.T) {
	const depth, most = 150, 60
	s := newDeepStore(t, depth)
	top := Info{Root: deepID(deepTop, 0)}
	before := heap()
	t.Run("reach", func(t *testing.T) {
		reached := false
		_, err := newReach(s).Visit(t.Context(), top, func(n Need) (bool, error) {
			if n.ID == deepID(deepLeaf, depth) {
				reached = true
				if now := heap(); now > before+most {
					t.Errorf("%d MiB", now-before)
				}
				if p := n.Path(); p != strings.Repeat("/a", depth) {
					t.Errorf("%.100s…", p)
				}
			}
			return n.ID[0] == deepElse, nil
		})
		if err != nil || !reached {
			t.Error(reached, err)
		}
	})
	t.Run("entries", func(t *testing.T) {
		nodes := newNodes(s, nodeCacheBytes)
		levels := 0
		var down func(root seal.ID) error
		down = func(root seal.ID) error {
			for e, err := range nodes.entries(t.Context(), root) {
				switch {
				case err != nil:
					return err
				case e.Kind == Dir:
					levels++
					if err := down(e.Root); err == nil {
						t.Error("what is nowhere was listed")
					}
				case bytes.Equal(e.Inline, []byte("bottom")):
					if now := heap(); now > before+most {
						t.Errorf("%d MiB", now-before)
					}
				}
			}
			return nil
		}
		if err := down(top.Root); err == nil || levels != depth {
			t.Error(levels, err)
		}
	})
	t.Run("opened directories", func(t *testing.T) {
		at := view{t.Context(), newTree(newNodes(s, nodeCacheBytes), top, "test").root()}
		var held []any
		for range depth {
			list, err := at.Open(".")
			if err != nil {
				t.Fatal(err)
			}
			first, err := list.(*openDir).ReadDir(1)
			if err != nil {
				t.Fatal(err)
			}
			sub, err := at.Sub(first[0].Name())
			if err != nil {
				t.Fatal(err)
			}
			held, at = append(held, list, first, sub), sub.(view)
		}
		if now := heap(); now > before+most {
			t.Errorf("%d MiB", now-before)
		}
		runtime.KeepAlive(held)
	})
}
