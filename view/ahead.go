package view

import (
	"context"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Programs that read everything (grep -r, cp, rsync) go through a tree in the order of
// its names, one file after the other. What they will ask for next is made while they
// read what they have: else they and the processors would wait for each other.

// An ahead does work for those who have not asked for it yet.
type ahead struct {
	ctx context.Context
	end context.CancelFunc

	mu     sync.Mutex
	closed bool
	going  sync.WaitGroup
}

// do does work, which ends when ctx does, unless the ahead is closed. Who asks for the
// same meanwhile waits for it, or meets the same error.
func (a *ahead) do(work func(ctx context.Context)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.closed {
		a.going.Go(func() { work(a.ctx) })
	}
}

// close ends the work and waits for it. Afterwards there is none.
func (a *ahead) close() {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.end()
	a.going.Wait()
}

// inTurn tells files of a listing about their neighbours.
func inTurn(all []child) {
	var prev *generated
	for _, c := range all {
		g, ok := c.node.(*generated)
		if !ok || g.light {
			prev = nil
			continue
		}
		if g.prev = prev; prev != nil {
			prev.next = g
		}
		prev = g
	}
}

// aheadFiles is how many files are rendered before they are asked for: enough for
// every processor to have one while the reader is busy with another.
const aheadFiles = 8

// ahead begins with the next files when this one is asked for, if the one before was
// rendered too.
func (g *generated) ahead() {
	if g.prev == nil || !g.prev.ready() {
		return
	}
	next := g.next
	for range aheadFiles {
		if next == nil {
			return
		}
		if !next.ready() && next.fetching.CompareAndSwap(false, true) {
			g.cache.ahead.do(next.fetch)
		}
		next = next.next
	}
}

// fetch renders a file that nobody waits for yet.
func (g *generated) fetch(ctx context.Context) {
	defer g.fetching.Store(false)
	g.own(ctx)
}

// maxPrepared is how many bytes of records a listing may render, which takes some 10 ms.
const maxPrepared = 512 << 10

// prepare renders the files of a listing as long as that is little work: the kernel
// learns of them with the listing then, and asks about none of them by itself. What
// fails is left for who asks for it.
func prepare(ctx context.Context, all []child) {
	var work errgroup.Group
	work.SetLimit(runtime.GOMAXPROCS(0))
	weight := int64(0)
	for _, c := range all {
		g, ok := c.node.(*generated)
		if !ok || g.weight == 0 || g.ready() {
			continue
		}
		if weight += g.weight; weight > maxPrepared {
			break
		}
		work.Go(func() error {
			_, err := g.own(ctx)
			return err
		})
	}
	work.Wait()
}
