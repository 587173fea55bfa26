package store

import (
	"errors"
	"os"
	"testing"

	"bakfs/seal"
)

func TestSummaryOfAPack(t *testing.T) {
	r := newRepo(t)
	r.fill(t.TempDir(), []byte("one"), []byte("two"), []byte("three"))
	file, name := r.onlyPack()
	info, err := os.Stat(file)
	check(t, err)
	got, err := r.folder.Summary(r.keys, name)
	if want := (Summary{Size: info.Size(), Chunks: 3}); err != nil || got != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
	meta := r.plant(packOf(streamMeta, nil, nil))
	if _, err := r.folder.Summary(r.keys, meta); !errors.Is(err, ErrDamaged) {
		t.Errorf("a pack of no chunks: %v", err)
	}
	b, err := os.ReadFile(file)
	check(t, err)
	b[100] ^= 1
	check(t, os.Chmod(file, 0o600))
	check(t, os.WriteFile(file, b, 0o600))
	if _, err := r.folder.Summary(r.keys, name); !errors.Is(err, ErrDamaged) {
		t.Errorf("a flipped byte: %v", err)
	}
	if _, err := r.folder.Summary(r.keys, seal.Hash{1}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no pack: %v", err)
	}
}

func TestSummaryTellsMetadata(t *testing.T) {
	r := newRepo(t)
	s := r.device()
	put(t, s, seal.Tree, []byte("a node"))
	check(t, s.Flush(t.Context()))
	_, name := r.onlyPack()
	if got, err := r.folder.Summary(r.keys, name); err != nil || !got.Metadata || got.Chunks != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}
