package view

import (
	"container/list"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"runtime/debug"
	"sync"
)

// A key names something that was computed: equal keys, equal values.
type key [16]byte

// newKey is a key made of parts; different lists of parts give different keys.
func newKey(parts ...string) key {
	buf := make([]byte, 0, 128)
	for _, p := range parts {
		buf = binary.AppendUvarint(buf, uint64(len(p)))
		buf = append(buf, p...)
	}
	sum := sha256.Sum256(buf)
	return key(sum[:16])
}

// with is the key of a part of what k names.
func (k key) with(parts ...string) key { return newKey(append(parts, string(k[:]))...) }

// number is an inode number made of k.
func (k key) number() uint64 { return binary.BigEndian.Uint64(k[:8]) }

// A memo keeps computed values up to a total cost, the last used ones longest.
// What several ask for at once is computed once, on behalf of all who wait: it
// ends early only when nobody waits any more. A panic in the computation is an error.
type memo[V any] struct {
	mu      sync.Mutex
	room    int64
	used    int64
	kept    map[key]*list.Element
	order   list.List // of *memoEntry[V], the last used in front
	running map[key]*flight[V]
}

type memoEntry[V any] struct {
	key   key
	value V
	cost  int64
}

// A flight is one computation and those who wait for it.
type flight[V any] struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiters int // guarded by memo.mu

	value V // these two after done
	err   error
}

func newMemo[V any](room int64) *memo[V] {
	return &memo[V]{room: room, kept: map[key]*list.Element{}, running: map[key]*flight[V]{}}
}

// peek returns a value if it is kept.
func (m *memo[V]) peek(k key) (v V, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.kept[k]
	if e == nil {
		return v, false
	}
	m.order.MoveToFront(e)
	return e.Value.(*memoEntry[V]).value, true
}

// get returns the value of k, which compute makes, with its cost, if it is not kept.
// compute must not ask this memo for k. Errors are not kept.
func (m *memo[V]) get(ctx context.Context, k key, compute func(context.Context) (V, int64, error)) (V, error) {
	var none V
	if err := ctx.Err(); err != nil {
		return none, err
	}
	m.mu.Lock()
	if e := m.kept[k]; e != nil {
		m.order.MoveToFront(e)
		m.mu.Unlock()
		return e.Value.(*memoEntry[V]).value, nil
	}
	f := m.running[k]
	if f == nil {
		f = m.start(k, compute)
	}
	f.waiters++
	m.mu.Unlock()
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		m.leave(k, f)
		return none, ctx.Err()
	}
}

// start begins a computation. m.mu is held.
func (m *memo[V]) start(k key, compute func(context.Context) (V, int64, error)) *flight[V] {
	ctx, cancel := context.WithCancel(context.Background())
	f := &flight[V]{done: make(chan struct{}), cancel: cancel}
	m.running[k] = f
	go func() {
		defer close(f.done)
		defer cancel()
		var cost int64
		f.value, cost, f.err = guarded(ctx, compute)
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.running[k] == f {
			delete(m.running, k)
		}
		if f.err == nil {
			m.keep(k, f.value, cost)
		}
	}()
	return f
}

// guarded is compute, whose panic is an error.
func guarded[V any](ctx context.Context, compute func(context.Context) (V, int64, error)) (v V, cost int64, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return compute(ctx)
}

// leave counts one who waits no more.
func (m *memo[V]) leave(k key, f *flight[V]) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f.waiters--; f.waiters > 0 {
		return
	}
	f.cancel()
	if m.running[k] == f { // who comes now begins anew
		delete(m.running, k)
	}
}

// put stores a value in place of what is kept.
func (m *memo[V]) put(k key, v V, cost int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.kept[k]; e != nil {
		m.used -= m.order.Remove(e).(*memoEntry[V]).cost
		delete(m.kept, k)
	}
	m.keep(k, v, cost)
}

// keep stores a value and drops those that were not used for longest. The newest one
// stays even if it is larger than the room: it is asked for again, piece by piece.
// m.mu is held.
func (m *memo[V]) keep(k key, v V, cost int64) {
	if m.kept[k] != nil {
		return
	}
	m.kept[k] = m.order.PushFront(&memoEntry[V]{k, v, cost})
	for m.used += cost; m.used > m.room && m.order.Len() > 1; {
		last := m.order.Back()
		e := m.order.Remove(last).(*memoEntry[V])
		delete(m.kept, e.key)
		m.used -= e.cost
	}
}
