// Package memo keeps computed values, each of which is computed once however many
// ask for it at the same time.
//
// What always holds: a value costs room while it is kept, and those used last are
// kept longest; an error is never kept; whoever stops waiting returns at once and
// harms no other.
package memo

import (
	"container/list"
	"context"
	"fmt"
	"runtime/debug"
	"sync"
)

// A Memo keeps values by key up to a total cost. It is safe for concurrent use.
type Memo[K comparable, V any] struct {
	room int64

	mu      sync.Mutex
	used    int64
	kept    map[K]*list.Element
	order   list.List // of *entry[K, V], the last used in front
	running map[K]*flight[V]
}

type entry[K comparable, V any] struct {
	key   K
	value V
	cost  int64
}

// A flight is a computation that goes on.
type flight[V any] struct {
	done chan struct{}

	value     V // these after done
	err       error
	abandoned bool // its caller left before it was done
}

// New returns a Memo that keeps values that cost room together. The newest one stays
// even if it costs more: it is asked for again, piece by piece.
func New[K comparable, V any](room int64) *Memo[K, V] {
	return &Memo[K, V]{room: room, kept: map[K]*list.Element{}, running: map[K]*flight[V]{}}
}

// Peek returns a value if it is kept.
func (m *Memo[K, V]) Peek(k K) (v V, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.find(k)
}

// find is Peek. m.mu is held.
func (m *Memo[K, V]) find(k K) (v V, ok bool) {
	e := m.kept[k]
	if e == nil {
		return v, false
	}
	m.order.MoveToFront(e)
	return e.Value.(*entry[K, V]).value, true
}

// Get returns the value of k. If it is not kept, compute makes it and says what it
// costs, on the goroutine of one of those who ask; it must not ask this Memo for k.
// If that one's context ends before, the next of those who wait begins anew. A panic
// in compute is an error for all of them.
func (m *Memo[K, V]) Get(ctx context.Context, k K, compute func(context.Context) (V, int64, error)) (V, error) {
	var none V
	for {
		if err := ctx.Err(); err != nil {
			return none, err
		}
		m.mu.Lock()
		if v, ok := m.find(k); ok {
			m.mu.Unlock()
			return v, nil
		}
		f := m.running[k]
		if f == nil {
			f = &flight[V]{done: make(chan struct{})}
			m.running[k] = f
			m.mu.Unlock()
			m.fly(ctx, k, f, compute)
			return f.value, f.err
		}
		m.mu.Unlock()
		select {
		case <-f.done:
			if !f.abandoned {
				return f.value, f.err
			}
		case <-ctx.Done():
			return none, ctx.Err()
		}
	}
}

// fly computes the value of k for all who wait for f.
func (m *Memo[K, V]) fly(ctx context.Context, k K, f *flight[V], compute func(context.Context) (V, int64, error)) {
	var cost int64
	f.value, cost, f.err = guarded(ctx, compute)
	f.abandoned = f.err != nil && ctx.Err() != nil
	m.mu.Lock()
	delete(m.running, k)
	if f.err == nil {
		m.keep(k, f.value, cost)
	}
	m.mu.Unlock()
	close(f.done)
}

// guarded is compute, whose panic is an error: others wait for it who cannot look
// after the goroutine that it is on.
func guarded[V any](ctx context.Context, compute func(context.Context) (V, int64, error)) (v V, cost int64, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return compute(ctx)
}

// Put keeps a value in place of what is kept.
func (m *Memo[K, V]) Put(k K, v V, cost int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.kept[k]; e != nil {
		m.remove(e)
	}
	m.keep(k, v, cost)
}

// keep keeps a value and drops those that were not used for longest. m.mu is held.
func (m *Memo[K, V]) keep(k K, v V, cost int64) {
	if m.kept[k] != nil {
		return
	}
	m.kept[k] = m.order.PushFront(&entry[K, V]{k, v, cost})
	for m.used += cost; m.used > m.room && m.order.Len() > 1; {
		m.remove(m.order.Back())
	}
}

func (m *Memo[K, V]) remove(e *list.Element) {
	old := m.order.Remove(e).(*entry[K, V])
	delete(m.kept, old.key)
	m.used -= old.cost
}

// Clear forgets all values. What is being computed is kept when it is done.
func (m *Memo[K, V]) Clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.kept)
	m.order.Init()
	m.used = 0
}
