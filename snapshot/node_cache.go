package snapshot

import (
	"container/list"
	"context"
	"fmt"
	"sync"

	"bakfs/seal"
	"bakfs/store"
)

// nodeCacheBytes bounds the parsed nodes that a mount keeps.
const nodeCacheBytes = 16 << 20

// A source of chunks; a *store.Store, or a fake that breaks.
type source interface {
	Get(ctx context.Context, id seal.ID, t seal.ChunkType) ([]byte, error)
	ReadAt(ctx context.Context, id seal.ID, t seal.ChunkType, p []byte, off int64) (int, error)
	Prefetch(id seal.ID, t seal.ChunkType)
}

// A sink takes chunks; a *store.Store, or a fake.
type sink interface {
	Put(ctx context.Context, t seal.ChunkType, plaintext []byte) (id seal.ID, stored int64, err error)
}

// nodes gets parsed nodes, the last used from memory. Its methods may run at the same time.
type nodes struct {
	st    source
	limit int // bytes; 0: keeps nothing

	mu    sync.Mutex // guards what follows
	bytes int
	items map[seal.ID]*list.Element // of *cachedNode
	order *list.List                // last used in front
}

type parsed interface{ cost() int }

type cachedNode struct {
	id   seal.ID
	node parsed
}

func newNodes(st source, limit int) *nodes {
	return &nodes{st: st, limit: limit, items: make(map[seal.ID]*list.Element), order: list.New()}
}

// tree gets a tree node. What its parent says of it is not checked.
func (s *nodes) tree(ctx context.Context, id seal.ID) (*node, error) {
	return load(ctx, s, id, seal.Tree, parseNode)
}

// list gets an extent list node. What its parent says of it is not checked.
func (s *nodes) list(ctx context.Context, id seal.ID) (*listNode, error) {
	return load(ctx, s, id, seal.List, parseList)
}

func load[N parsed](ctx context.Context, s *nodes, id seal.ID, t seal.ChunkType, parse func([]byte) (N, error)) (N, error) {
	if n, ok := s.find(id).(N); ok {
		return n, nil
	}
	var none N
	chunk, err := s.st.Get(ctx, id, t)
	if err != nil {
		return none, err
	}
	n, err := parse(chunk)
	if err != nil {
		return none, damaged(id, err)
	}
	s.keep(id, n)
	return n, nil
}

// damaged says that the node id was opened, but is not what FORMAT.md asks.
func damaged(id seal.ID, err error) error {
	return fmt.Errorf("node %x: %w: %w", id[:4], store.ErrDamaged, err)
}

func (s *nodes) find(id seal.ID) parsed {
	s.mu.Lock()
	defer s.mu.Unlock()
	el := s.items[id]
	if el == nil {
		return nil
	}
	s.order.MoveToFront(el)
	return el.Value.(*cachedNode).node
}

func (s *nodes) keep(id seal.ID, n parsed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.items[id] != nil || n.cost() > s.limit/4 {
		return
	}
	s.items[id] = s.order.PushFront(&cachedNode{id, n})
	s.bytes += n.cost()
	for s.bytes > s.limit {
		last := s.order.Remove(s.order.Back()).(*cachedNode)
		delete(s.items, last.id)
		s.bytes -= last.node.cost()
	}
}
