package store

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
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

// A read that asks while another has begun to learn, and has not got so far, waits for
// that and looks again: the chunk is there.
func TestReadsWhileAnotherLearns(t *testing.T) {
	ctx := context.Background()
	r := newRepo(t)
	data := noise(1, 70_000)
	id := r.fill(t.TempDir(), data)[0]
	r.age()
	reader := r.device() // has learnt nothing of what comes now
	other := noise(2, 70_000)
	missing := r.fill(t.TempDir(), other)[0]
	wantChunk(t, reader, id, seal.Content, data)
	r.age()
	begun, asked := make(chan struct{}), make(chan struct{})
	learns := reader.folder
	first := sync.Once{}
	learns.step = func(op, name string) error {
		if op == "open" {
			first.Do(func() { close(begun); <-asked })
		}
		return nil
	}
	done := make(chan error, 2)
	get := func() {
		got, err := reader.Get(ctx, missing, seal.Content)
		if err == nil && !bytes.Equal(got, other) {
			err = errors.New("other bytes")
		}
		done <- err
	}
	go func() { _, err := reader.Learn(ctx); done <- err }()
	<-begun
	go get()
	time.Sleep(50 * time.Millisecond) // where that is too short, nothing is tested
	close(asked)
	for range 2 {
		check(t, <-done)
	}
}
