package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"bakfs/seal"
)

// A mount that has just learnt must not take a pack that came a moment later for missing.
func TestPackThatJustCameIsFound(t *testing.T) {
	ctx := context.Background()
	r := newRepo(t)
	reader := r.device()
	for i := range 20 {
		data := noise(uint64(i), 70_000)
		id := r.fill(t.TempDir(), data)[0]
		wantChunk(t, reader, id, seal.Content, data) // learns
		if _, err := reader.Learn(ctx); err != nil { // and again, so that no pause is over
			t.Fatal(err)
		}
	}
}

// Missing chunks do not list the folder again and again.
func TestMissingChunksLearnOnce(t *testing.T) {
	ctx := context.Background()
	r := newRepo(t)
	r.fill(t.TempDir(), noise(1, 70_000))
	r.age()
	reader := r.device()
	_, err := reader.Learn(ctx)
	check(t, err)
	learnt := reader.learning.last
	for i := range 50 {
		if _, err := reader.Get(ctx, seal.ID{byte(i)}, seal.Content); !errors.Is(err, ErrMissing) {
			t.Fatalf("got %v", err)
		}
	}
	if !reader.learning.last.Equal(learnt) {
		t.Error("learnt again though no folder changed")
	}
	write(t, filepath.Join(filepath.Dir(r.packs()[0]), "new"), []byte("anything"))
	if _, err := reader.Get(ctx, seal.ID{99}, seal.Content); !errors.Is(err, ErrMissing) {
		t.Fatalf("got %v", err)
	}
	if reader.learning.last.Equal(learnt) {
		t.Error("a folder changed, and nothing was learnt")
	}
}

// age makes the folders look as if nothing had come for an hour.
func (r *repo) age() {
	r.t.Helper()
	old := time.Now().Add(-time.Hour)
	for name := range r.folder.stamps() {
		check(r.t, os.Chtimes(filepath.Join(r.dir, name), old, old))
	}
}
