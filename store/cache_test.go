package store

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"bakfs/seal"
)

func key(n byte) wanted { return wanted{id: seal.ID{n}, t: seal.Content} }

func TestCacheLoadsOnceForAll(t *testing.T) {
	var loads atomic.Int32
	started, release := make(chan struct{}), make(chan struct{})
	load := func(context.Context) ([]byte, error) {
		loads.Add(1)
		close(started)
		<-release
		return []byte("data"), nil
	}
	synctest.Test(t, func(t *testing.T) {
		c := newCache(1 << 20)
		defer c.end()
		started, release = make(chan struct{}), make(chan struct{})
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if b, err := c.get(context.Background(), key(1), load); string(b) != "data" || err != nil {
					t.Error(string(b), err)
				}
			})
		}
		<-started
		synctest.Wait() // all ten wait for it
		close(release)
		wg.Wait()
		if b, err := c.get(context.Background(), key(1), load); string(b) != "data" || err != nil {
			t.Error(string(b), err)
		}
	})
	if n := loads.Load(); n != 1 {
		t.Fatalf("loaded %d times", n)
	}
}

func TestOneCancelHarmsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(1 << 20)
		defer c.end()
		release := make(chan struct{})
		load := func(ctx context.Context) ([]byte, error) {
			select {
			case <-release:
				return []byte("data"), nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		first, cancel := context.WithCancel(context.Background())
		quit, stay := make(chan error, 1), make(chan error, 1)
		go func() { _, err := c.get(first, key(1), load); quit <- err }()
		synctest.Wait()
		go func() { _, err := c.get(context.Background(), key(1), load); stay <- err }()
		synctest.Wait()
		cancel() // the one whose call started the load
		if err := <-quit; !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		synctest.Wait()
		select {
		case err := <-stay:
			t.Fatalf("the other was ended too: %v", err)
		default:
		}
		close(release)
		if err := <-stay; err != nil {
			t.Fatal(err)
		}
	})
}

func TestLoadEndsWhenAllHaveGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(1 << 20)
		defer c.end()
		cancelled, end := make(chan struct{}), make(chan struct{})
		load := func(ctx context.Context) ([]byte, error) {
			<-ctx.Done()
			close(cancelled)
			<-end // slow to notice
			return nil, ctx.Err()
		}
		ctx, cancel := context.WithCancel(context.Background())
		gone := make(chan error, 2)
		for range 2 {
			go func() { _, err := c.get(ctx, key(1), load); gone <- err }()
		}
		synctest.Wait()
		cancel()
		<-cancelled
		for range 2 {
			if err := <-gone; !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
		}
		// Who comes now gets a load of his own, not that cancellation.
		b, err := c.get(context.Background(), key(1), func(context.Context) ([]byte, error) { return []byte("new"), nil })
		if string(b) != "new" || err != nil {
			t.Fatal(string(b), err)
		}
		close(end)
		c.wait()
		if b, _ := c.peek(key(1)); string(b) != "new" {
			t.Fatalf("the old load left %q", b)
		}
	})
}

func TestErrorsAreNotKept(t *testing.T) {
	c := newCache(1 << 20)
	defer c.end()
	broken := errors.New("broken")
	if _, err := c.get(context.Background(), key(1), func(context.Context) ([]byte, error) { return nil, broken }); err != broken {
		t.Fatal(err)
	}
	if b, err := c.get(context.Background(), key(1), func(context.Context) ([]byte, error) { return []byte("ok"), nil }); string(b) != "ok" || err != nil {
		t.Fatal(err)
	}
}

func TestCacheIsBoundedInBytes(t *testing.T) {
	c := newCache(1000)
	defer c.end()
	get := func(n byte, size int) {
		t.Helper()
		_, err := c.get(context.Background(), key(n), func(context.Context) ([]byte, error) { return make([]byte, size), nil })
		check(t, err)
		if c.size > 1000 {
			t.Fatalf("%d bytes", c.size)
		}
	}
	for n := range byte(10) {
		get(n, 100)
	}
	get(0, 100) // used again: now 1 is the oldest
	get(10, 100)
	if _, here := c.peek(key(1)); here {
		t.Error("the oldest is still here")
	}
	if b, _ := c.peek(key(0)); b == nil {
		t.Error("one used lately has gone")
	}
	get(11, 1001)
	if _, here := c.peek(key(11)); here || c.recent.Len() != 10 {
		t.Error("larger than the cache, and kept")
	}
	get(12, 1000)
	if c.recent.Len() != 1 || len(c.chunks) != 1 {
		t.Errorf("%d chunks of %d bytes", c.recent.Len(), c.size)
	}
}

func TestPrefetchIsBoundedAndBringsTheChunk(t *testing.T) {
	r := newRepo(t)
	cache := t.TempDir()
	var data [][]byte
	for i := range 8 {
		data = append(data, text(uint64(i), 50_000))
	}
	ids := r.fill(cache, data...)
	s := r.open(cache)
	opening, release := make(chan struct{}, 100), make(chan struct{})
	r.folder.step = func(op, name string) error {
		if op == "open" {
			opening <- struct{}{}
			<-release
		}
		return nil
	}
	defer func() { r.folder.step = nil }()
	for range 3 {
		for _, id := range ids {
			s.Prefetch(id, seal.Content)
		}
		for i := range 100 {
			s.Prefetch(seal.ID{byte(i), 1}, seal.Content)
		}
	}
	<-opening // one is at work and cannot go on; no call has waited for it
	s.ahead.mu.Lock()
	if s.ahead.workers > aheadWorkers || len(s.ahead.queue) > aheadQueue {
		t.Errorf("%d at work, %d wait", s.ahead.workers, len(s.ahead.queue))
	}
	s.ahead.mu.Unlock()
	close(release)
	for i, id := range ids[:4] {
		wantChunk(t, s, id, seal.Content, data[i])
	}
	check(t, s.Close()) // returns only when nothing runs
	s.Prefetch(ids[7], seal.Content)
	if s.ahead.workers != 0 {
		t.Error("works after Close")
	}
}

func TestPrefetchedChunkNeedsNoPack(t *testing.T) {
	r := newRepo(t)
	cache := t.TempDir()
	ids := r.fill(cache, text(1, 50_000))
	s := r.open(cache)
	s.Prefetch(ids[0], seal.Content)
	s.ahead.running.Wait()
	r.folder.step = func(op, name string) error { t.Errorf("%s %s", op, name); return nil }
	defer func() { r.folder.step = nil }()
	s.packs.close()
	wantChunk(t, s, ids[0], seal.Content, text(1, 50_000))
}

func TestCancelledGetReturns(t *testing.T) {
	r := newRepo(t)
	cache := t.TempDir()
	ids := r.fill(cache, text(1, 50_000))
	s := r.open(cache)
	opening, release := make(chan struct{}), make(chan struct{})
	r.folder.step = func(op, name string) error {
		if op == "open" {
			close(opening)
			<-release
		}
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { _, err := s.Get(ctx, ids[0], seal.Content); done <- err }()
	<-opening
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) || errors.Is(err, ErrDamaged) {
		t.Fatal(err)
	}
	close(release)
	s.cache.wait()
	r.folder.step = nil
	wantChunk(t, s, ids[0], seal.Content, text(1, 50_000))
}

func TestPacksAreClosedAgain(t *testing.T) {
	r := newRepo(t)
	cache := t.TempDir()
	s := r.open(cache)
	var ids []seal.ID
	for i := range openPacks + 10 {
		ids = append(ids, put(t, s, seal.Content, noise(uint64(i), 100)))
		check(t, s.Flush(context.Background()))
	}
	for i, id := range ids {
		wantChunk(t, s, id, seal.Content, noise(uint64(i), 100))
	}
	if n := s.packs.recent.Len(); n != openPacks || len(s.packs.open) != openPacks {
		t.Errorf("%d packs open", n)
	}
	check(t, s.Close())
	if n := s.packs.recent.Len(); n != 0 {
		t.Errorf("%d packs open after Close", n)
	}
}

// A load that follows another runs in the same goroutine; when none comes, the
// goroutine ends by itself, else the bubble could not end.
func TestLoadersAreUsedAgainAndEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(1 << 20)
		loaders := map[string]bool{}
		load := func(context.Context) ([]byte, error) {
			var b [64]byte
			name, _, _ := bytes.Cut(b[:runtime.Stack(b[:], false)], []byte(" ["))
			loaders[string(name)] = true
			return []byte("data"), nil
		}
		for n := range byte(100) {
			if _, err := c.get(t.Context(), key(n), load); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		if len(loaders) != 1 {
			t.Fatalf("loaded by %d goroutines", len(loaders))
		}
		time.Sleep(2 * idleLoader)
	})
}
