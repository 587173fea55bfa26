package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"bakfs/seal"
)

// An index that cannot be written is no reason to lose a run: all is stored, within the run once, and only Close
// tells. The next run has it.
func TestARunWithoutAnIndexIsStored(t *testing.T) {
	ctx := context.Background()
	r := newRepo(t)
	cache := filepath.Join(t.TempDir(), "cache")
	r.fill(cache, []byte("an earlier run"))
	s := r.open(cache)
	if _, err := s.Has(ctx, seal.ID{1}, seal.Content); err != nil { // looks into the folder
		t.Fatal(err)
	}
	check(t, os.RemoveAll(cache))
	var ids []seal.ID
	for i := range 40 {
		ids = append(ids, put(t, s, seal.Content, noise(uint64(i), 1<<20)))
	}
	check(t, s.Flush(ctx))
	for i, id := range ids {
		if again, stored, err := s.Put(ctx, seal.Content, noise(uint64(i), 1<<20)); again != id || stored != 0 || err != nil {
			t.Fatal(i, stored, err)
		}
	}
	wantChunk(t, s, ids[3], seal.Content, noise(3, 1<<20))
	check(t, s.Flush(ctx))
	if err := s.Close(); !errors.Is(err, ErrIndex) || !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	next := r.open(cache)
	for i, id := range ids {
		if known, err := next.Has(ctx, id, seal.Content); !known || err != nil {
			t.Error(i, known, err)
		}
	}
	check(t, next.Flush(ctx))
	check(t, next.Close())
	wantChunk(t, r.device(), ids[39], seal.Content, noise(39, 1<<20))
}
