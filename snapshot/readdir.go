package snapshot

import (
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"iter"
	"strings"

	"bakfs/seal"
)

// readAhead is how many nodes of a directory are asked for before they are needed.
const readAhead = 4

// entryBatch is how many entries are allocated at once.
const entryBatch = 64

// entries yields the entries of the directory at root in order, and ends with an error if a node cannot be read
// or is not what its parent says. Entries stay valid. While a directory among them is yielded nothing else is held of
// this one, so that a walk which looks into it needs no memory for what is above, however large that is: the node
// is got again afterwards.
func (s *nodes) entries(ctx context.Context, root seal.ID) iter.Seq2[*Entry, error] {
	return func(yield func(*Entry, error) bool) {
		last := ""
		for {
			n, i, err := s.behind(ctx, root, last)
			if err == nil {
				err = ctx.Err() // nodes that are kept are got without a look at it
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if i == len(n.at) {
				return
			}
			if last = s.yieldRun(root, n, i, yield); last == "" {
				return
			}
		}
	}
}

// yieldRun yields entries of a leaf from the i-th on, up to the first directory or the end, and returns the name
// of the last; "": that is all.
func (s *nodes) yieldRun(root seal.ID, n *node, i int, yield func(*Entry, error) bool) (last string) {
	var batch []Entry // one allocation for many
	for ; i < len(n.at); i++ {
		isDir := n.kind(i) == Dir
		var e *Entry
		switch {
		case isDir:
			e = new(Entry)
		case len(batch) == 0:
			batch = make([]Entry, min(len(n.at)-i, entryBatch))
			fallthrough
		default:
			e, batch = &batch[0], batch[1:]
		}
		if err := n.entry(i, e); err != nil {
			yield(nil, damaged(root, err))
			return ""
		}
		if isDir || i == len(n.at)-1 {
			last = strings.Clone(e.Name)
			n, batch = nil, nil
			if !yield(e, nil) {
				return ""
			}
			return last
		}
		if !yield(e, nil) {
			return ""
		}
	}
	return ""
}

// lookup finds one entry of the directory at root; iofs.ErrNotExist if there is none.
func lookup(ctx context.Context, st source, root seal.ID, name string) (*Entry, error) {
	return newNodes(st, 0).lookup(ctx, root, name)
}

// leaves yields the nodes of level 0 below root, all levels checked against each other.
func (s *nodes) leaves(ctx context.Context, root seal.ID) iter.Seq2[*node, error] {
	return func(yield func(*node, error) bool) {
		n, err := s.tree(ctx, root)
		if err != nil {
			yield(nil, err)
			return
		}
		s.walk(ctx, n, "", yield)
	}
}

// walk yields the leaves below n, whose names are before bound. It returns false to stop.
func (s *nodes) walk(ctx context.Context, n *node, bound string, yield func(*node, error) bool) bool {
	if n.level == 0 {
		return yield(n, nil)
	}
	for i := range n.at {
		if i == 0 {
			for j := 1; j < min(readAhead, len(n.at)); j++ {
				s.st.Prefetch(n.child(j).id, seal.Tree)
			}
		}
		if j := i + readAhead; j < len(n.at) {
			s.st.Prefetch(n.child(j).id, seal.Tree)
		}
		child, below, err := s.down(ctx, n, i, bound)
		if err != nil {
			yield(nil, err)
			return false
		}
		if !s.walk(ctx, child, below, yield) {
			return false
		}
	}
	return true
}

// down gets child i of n, checked against what n says of it, and the bound of its names.
func (s *nodes) down(ctx context.Context, n *node, i int, bound string) (*node, string, error) {
	want := n.span(i, bound)
	id := n.child(i).id
	child, err := s.tree(ctx, id)
	if err != nil {
		return nil, "", err
	}
	if err := want.check(child); err != nil {
		return nil, "", damaged(id, err)
	}
	return child, want.bound, nil
}

// lookup finds one entry by binary search in one node of each level.
func (s *nodes) lookup(ctx context.Context, root seal.ID, name string) (*Entry, error) {
	n, err := s.tree(ctx, root)
	bound := ""
	for err == nil && n.level > 0 {
		i, found := n.search(name)
		if !found {
			i-- // name is behind the first name of the child before
		}
		if i < 0 {
			return nil, iofs.ErrNotExist
		}
		n, bound, err = s.down(ctx, n, i, bound)
	}
	if err != nil {
		return nil, err
	}
	i, found := n.search(name)
	if !found {
		return nil, iofs.ErrNotExist
	}
	e := new(Entry)
	return e, n.entry(i, e)
}

// extents yields the extents of a file in order, and ends with an error if a list node cannot be read or the
// lengths do not add up.
func extents(ctx context.Context, st source, e *Entry) iter.Seq2[Extent, error] {
	return func(yield func(Extent, error) bool) {
		if e.content() != contentList {
			for _, x := range e.Extents {
				if !yield(x, nil) {
					return
				}
			}
			return
		}
		s := newNodes(st, 0)
		n, err := s.listRoot(ctx, e.Root, e.Size)
		if err != nil {
			yield(Extent{}, err)
			return
		}
		data := e.Data
		whole := s.walkList(ctx, n, func(x Extent, err error) bool {
			if x.ID != (seal.ID{}) {
				data -= int64(x.Length)
			}
			if data < 0 && err == nil { // not one byte more: what a restore writes is bounded by what it said
				yield(Extent{}, damaged(e.Root, errors.New("more data than its entry says")))
				return false
			}
			return yield(x, err)
		})
		if whole && data != 0 {
			yield(Extent{}, damaged(e.Root, fmt.Errorf("%d bytes of data more than the list holds", data)))
		}
	}
}

func (s *nodes) walkList(ctx context.Context, n *listNode, yield func(Extent, error) bool) bool {
	for i, id := range n.ids {
		if n.level == 0 {
			if !yield(n.extent(i), nil) {
				return false
			}
			continue
		}
		child, err := s.downList(ctx, n, i)
		if err != nil {
			yield(Extent{}, fmt.Errorf("extent list %x: %w", id[:4], err))
			return false
		}
		if !s.walkList(ctx, child, yield) {
			return false
		}
	}
	return true
}

// listRoot gets the root of the extent list of a file of size bytes.
func (s *nodes) listRoot(ctx context.Context, id seal.ID, size int64) (*listNode, error) {
	n, err := s.list(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := n.checkRoot(size); err != nil {
		return nil, damaged(id, err)
	}
	return n, nil
}

// downList gets child i of n, checked against what n says of it.
func (s *nodes) downList(ctx context.Context, n *listNode, i int) (*listNode, error) {
	child, err := s.list(ctx, n.ids[i])
	if err != nil {
		return nil, err
	}
	if err := child.check(n.level-1, n.ends[i]-n.start(i)); err != nil {
		return nil, damaged(n.ids[i], err)
	}
	return child, nil
}

// extent is item i of a node of level 0.
func (n *listNode) extent(i int) Extent {
	return Extent{Length: uint32(n.ends[i] - n.start(i)), ID: n.ids[i]}
}
