package store

import (
	"container/list"
	"context"
	"sync"
	"time"

	"bakfs/seal"
)

// A cache keeps decoded chunks, the ones last used, up to a number of bytes.
// Each chunk is loaded once however many ask for it at the same time.
type cache struct {
	limit   int64
	running sync.WaitGroup // loads
	loaders sync.WaitGroup // goroutines that run them
	jobs    chan func()    // to a loader that has nothing to do
	ended   chan struct{}  // closed by end

	mu     sync.Mutex
	size   int64
	recent *list.List // of *cached, last used first
	chunks map[wanted]*list.Element
	loads  map[wanted]*load
}

// A wanted chunk: its name, and the type that the name must have been made for.
type wanted struct {
	id seal.ID
	t  seal.ChunkType
}

type cached struct {
	key  wanted
	data []byte
}

// A load is a chunk on its way. data and err are set before done is closed.
type load struct {
	done    chan struct{}
	data    []byte
	err     error
	cancel  context.CancelFunc
	waiters int // guarded by the cache's mu; at zero the load is cancelled
}

func newCache(limit int64) *cache {
	return &cache{limit: limit, jobs: make(chan func()), ended: make(chan struct{}),
		recent: list.New(), chunks: map[wanted]*list.Element{}, loads: map[wanted]*load{}}
}

// peek returns a chunk that is here, and whether it is at least on its way.
func (c *cache) peek(key wanted) (data []byte, coming bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.chunks[key]; ok {
		c.recent.MoveToFront(e)
		return e.Value.(*cached).data, true
	}
	_, coming = c.loads[key]
	return nil, coming
}

// get returns a chunk, loading it with fn unless that is done already. A
// caller whose ctx ends stops waiting and harms no other; when the last one
// has gone, fn's ctx ends too.
func (c *cache) get(ctx context.Context, key wanted, fn func(context.Context) ([]byte, error)) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	if e, ok := c.chunks[key]; ok {
		c.recent.MoveToFront(e)
		c.mu.Unlock()
		return e.Value.(*cached).data, nil
	}
	l := c.loads[key]
	if l == nil {
		l = c.start(ctx, key, fn)
	}
	l.waiters++
	c.mu.Unlock()

	select {
	case <-l.done:
		return l.data, l.err
	case <-ctx.Done():
	}
	c.mu.Lock()
	if l.waiters--; l.waiters == 0 {
		l.cancel()
		if c.loads[key] == l { // who comes now must not get our cancellation
			delete(c.loads, key)
		}
	}
	c.mu.Unlock()
	return nil, ctx.Err()
}

// start begins a load; the caller holds mu.
func (c *cache) start(ctx context.Context, key wanted, fn func(context.Context) ([]byte, error)) *load {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	l := &load{done: make(chan struct{}), cancel: cancel}
	c.loads[key] = l
	c.run(func() {
		defer cancel()
		l.data, l.err = fn(ctx)
		c.mu.Lock()
		if c.loads[key] == l {
			delete(c.loads, key)
		}
		if l.err == nil {
			c.keep(key, l.data)
		}
		c.mu.Unlock()
		close(l.done)
	})
	return l
}

// keep puts a chunk in front and drops others for it; the caller holds mu.
func (c *cache) keep(key wanted, data []byte) {
	if _, ok := c.chunks[key]; ok || int64(cap(data)) > c.limit {
		return
	}
	c.chunks[key] = c.recent.PushFront(&cached{key, data})
	c.size += int64(cap(data))
	for c.size > c.limit {
		last := c.recent.Remove(c.recent.Back()).(*cached)
		delete(c.chunks, last.key)
		c.size -= int64(cap(last.data))
	}
}

// idleLoader is how long a loader waits for another load.
const idleLoader = time.Second

// run hands a load to a loader that waits for one, or to a new one. They stay a
// while because their stacks have grown: for small chunks, growing a new one is
// a tenth of the work.
func (c *cache) run(load func()) {
	c.running.Add(1)
	select {
	case c.jobs <- load:
		return
	default:
	}
	c.loaders.Go(func() {
		idle := time.NewTimer(idleLoader)
		defer idle.Stop()
		for more := true; more; {
			load()
			c.running.Done()
			idle.Reset(idleLoader)
			select {
			case load = <-c.jobs:
			case <-idle.C:
				more = false
			case <-c.ended:
				more = false
			}
		}
	})
}

// wait returns when no load runs any more. All callers must have gone.
func (c *cache) wait() { c.running.Wait() }

// end waits, and ends the loaders. It is called once, when all callers have gone.
func (c *cache) end() {
	c.wait()
	close(c.ended)
	c.loaders.Wait()
}
