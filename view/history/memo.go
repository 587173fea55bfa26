package history

import (
	"container/list"
	"context"
	"fmt"
	"runtime/debug"
	"sync"
)

// A memo keeps computed values up to a total cost, those used last longest. What
// several ask for at once is computed once, on behalf of all who wait: it ends
// early only when nobody waits any more. Errors are not kept, nor are values that
// cost more than the whole room. The zero memo keeps nothing.
type memo[K comparable, V any] struct {
	room int64 // set before the first use

	mu      sync.Mutex
	used    int64
	kept    map[K]*list.Element
	order   list.List // of *kept[K, V], the last used in front
	running map[K]*flight[V]
}

type kept[K comparable, V any] struct {
	key   K
	value V
	cost  int64
}

// A flight is one computation.
type flight[V any] struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiters int // guarded by memo.mu
	value   V   // this and err: after done
	err     error
}

// get returns the value of k. compute must not ask for k itself.
func (m *memo[K, V]) get(ctx context.Context, k K, compute func(context.Context) (V, int64, error)) (V, error) {
	var none V
	if err := ctx.Err(); err != nil {
		return none, err
	}
	m.mu.Lock()
	if e := m.kept[k]; e != nil {
		m.order.MoveToFront(e)
		m.mu.Unlock()
		return e.Value.(*kept[K, V]).value, nil
	}
	f := m.running[k]
	if f == nil {
		f = m.start(ctx, k, compute)
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

// start begins a computation, whose context has the values of ctx and not its end.
// m.mu is held.
func (m *memo[K, V]) start(ctx context.Context, k K, compute func(context.Context) (V, int64, error)) *flight[V] {
	if m.running == nil {
		m.running, m.kept = map[K]*flight[V]{}, map[K]*list.Element{}
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
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

// guarded makes a panic the error of those who wait: it would end the program in
// a goroutine that none of them can look after.
func guarded[V any](ctx context.Context, compute func(context.Context) (V, int64, error)) (v V, cost int64, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return compute(ctx)
}

func (m *memo[K, V]) leave(k K, f *flight[V]) {
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

// keep stores a value and drops the ones not used for longest. m.mu is held.
func (m *memo[K, V]) keep(k K, v V, cost int64) {
	if cost > m.room || m.kept[k] != nil {
		return
	}
	m.kept[k] = m.order.PushFront(&kept[K, V]{k, v, cost})
	for m.used += cost; m.used > m.room; {
		e := m.order.Remove(m.order.Back()).(*kept[K, V])
		delete(m.kept, e.key)
		m.used -= e.cost
	}
}
