package store

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"bakfs/seal"
)

// For every n the n-th step of a run fails. The run ends with that error; what
// the index claims is readable; no temporary file stays; the next run works.
func TestEveryStepMayFail(t *testing.T) {
	ctx := context.Background()
	const ops = "create write sync close renameat2 mkdir syncdir"
	failed := 0
	for n := 0; ; n++ {
		r := newRepo(t)
		cache := t.TempDir()
		before := r.fill(cache, []byte("an earlier run"))
		s := r.open(cache)
		var mu sync.Mutex
		count := 0
		r.folder.step = func(op, name string) error {
			if !strings.Contains(ops, op) {
				return nil
			}
			mu.Lock()
			defer mu.Unlock()
			if count++; count == n+1 {
				return syscall.ENOSPC
			}
			return nil
		}
		var ids []seal.ID
		for i := range 3 {
			id, _, err := s.Put(ctx, []seal.ChunkType{seal.Content, seal.Tree, seal.Content}[i], noise(uint64(i), 70_000))
			check(t, err)
			ids = append(ids, id)
		}
		err := s.Flush(ctx)
		r.folder.step = nil
		if count <= n {
			check(t, err)
			break
		}
		failed++
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("step %d: %v", n, err)
		}
		if _, _, err := s.Put(ctx, seal.Content, []byte("more")); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("step %d: Put afterwards: %v", n, err)
		}
		if err := s.Flush(ctx); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("step %d: Flush afterwards: %v", n, err)
		}
		wantChunk(t, s, ids[0], seal.Content, noise(0, 70_000)) // still in memory, or written
		check(t, s.Close())
		if left, err := filepath.Glob(filepath.Join(r.dir, "packs/.tmp-*")); len(left) > 0 || err != nil {
			t.Fatalf("step %d: left %v, %v", n, left, err)
		}
		afterFailure(t, r, cache, n, before[0], ids[1])
	}
	if failed < 10 {
		t.Fatalf("only %d steps failed", failed)
	}
}

// afterFailure checks a repository in which step n of a run failed: what the
// index claims is there, and the run can be repeated.
func afterFailure(t *testing.T, r *repo, cache string, n int, before, tree seal.ID) {
	t.Helper()
	ctx := context.Background()
	for _, s := range []*Store{r.open(cache), r.device()} {
		for p, err := range s.index.Packs() {
			check(t, err)
			if _, err := s.Verify(ctx, p.Name); err != nil {
				t.Fatalf("step %d: the index claims a pack: %v", n, err)
			}
		}
	}
	s := r.open(cache)
	wantChunk(t, s, before, seal.Content, []byte("an earlier run"))
	for i := range 3 {
		put(t, s, []seal.ChunkType{seal.Content, seal.Tree, seal.Content}[i], noise(uint64(i), 70_000))
	}
	check(t, s.Flush(ctx))
	check(t, s.Close())
	wantChunk(t, r.device(), tree, seal.Tree, noise(1, 70_000))
}

func TestAFailureInTheBackgroundEndsTheRun(t *testing.T) {
	ctx := context.Background()
	r := newRepo(t)
	s := r.device()
	r.folder.step = func(op, name string) error {
		if op == "sync" {
			return syscall.EIO
		}
		return nil
	}
	var err error
	for i := 0; i < 200 && err == nil; i++ {
		_, _, err = s.Put(ctx, seal.Content, noise(uint64(i), 1<<20))
	}
	if !errors.Is(err, syscall.EIO) || !errors.Is(err, ErrOffline) {
		t.Fatalf("200 MiB later: %v", err)
	}
	if n := len(r.packs()); n != 0 {
		t.Errorf("%d packs", n)
	}
	for p := range s.index.Packs() {
		t.Errorf("indexed: %v", p)
	}
}

func TestCancelledPutAndFlush(t *testing.T) {
	r := newRepo(t)
	s := r.device()
	reached, release := make(chan struct{}, 100), make(chan struct{})
	r.folder.step = func(op, name string) error {
		if op == "sync" {
			reached <- struct{}{}
			<-release
		}
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { // fills the packs under way, then waits for a writer
		for i := uint64(0); ; i++ {
			if _, _, err := s.Put(ctx, seal.Content, noise(i, 1<<20)); err != nil {
				done <- err
				return
			}
		}
	}()
	for range packWriters {
		<-reached
	}
	cancel() // now, or soon, it waits for a writer
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if err := s.Flush(ctx); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	// What was cancelled did no harm: all that Put returned is kept.
	close(release)
	id := put(t, s, seal.Content, []byte("after"))
	check(t, s.Flush(context.Background()))
	wantChunk(t, s, id, seal.Content, []byte("after"))
	wantChunk(t, r.device(), s.keys.Name(seal.Content, noise(0, 1<<20)), seal.Content, noise(0, 1<<20))
}

func TestReadErrorsOfASyncProgramAreOffline(t *testing.T) {
	r := newRepo(t)
	cache := t.TempDir()
	ids := r.fill(cache, []byte("evicted"))
	s := r.open(cache)
	for _, errno := range []syscall.Errno{syscall.EIO, syscall.ETIMEDOUT, syscall.ENOTCONN} {
		r.folder.step = func(op, name string) error { return errno }
		if _, err := s.Get(context.Background(), ids[0], seal.Content); !errors.Is(err, ErrOffline) || !errors.Is(err, errno) {
			t.Errorf("%v: %v", errno, err)
		}
	}
	r.folder.step = nil
	wantChunk(t, s, ids[0], seal.Content, []byte("evicted"))
}
