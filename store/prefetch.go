package store

import (
	"context"
	"sync"

	"bakfs/seal"
)

const (
	aheadWorkers = 4
	aheadQueue   = 32
)

// ahead is the work of Prefetch: a short queue, and goroutines that end when
// it is empty.
type ahead struct {
	ctx     context.Context // ends with the store
	stop    context.CancelFunc
	running sync.WaitGroup

	mu      sync.Mutex
	workers int
	queue   []wanted
	closed  bool
}

// Prefetch loads a chunk that will soon be asked for. It never blocks: when
// much is under way already, the wish is dropped.
func (s *Store) Prefetch(id seal.ID, t seal.ChunkType) {
	if _, coming := s.cache.peek(wanted{id, t}); coming {
		return
	}
	a := &s.ahead
	a.mu.Lock()
	defer a.mu.Unlock()
	w := wanted{id, t}
	if a.closed || len(a.queue) >= aheadQueue {
		return
	}
	for _, q := range a.queue {
		if q == w {
			return
		}
	}
	a.queue = append(a.queue, w)
	if a.workers < aheadWorkers {
		a.workers++
		a.running.Go(func() { s.fetchAhead() })
	}
}

func (s *Store) fetchAhead() {
	a := &s.ahead
	for {
		a.mu.Lock()
		if len(a.queue) == 0 || a.closed {
			a.workers--
			a.mu.Unlock()
			return
		}
		w := a.queue[0]
		a.queue = append(a.queue[:0], a.queue[1:]...)
		a.mu.Unlock()
		// The error is the reader's to see, when it asks for the chunk.
		_, _ = s.Get(a.ctx, w.id, w.t)
	}
}

// end cancels the work and returns when it has ended.
func (a *ahead) end() {
	a.stop()
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.running.Wait()
}
