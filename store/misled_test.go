package store

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"bakfs/seal"
)

// swapped makes a repository of two packs with a chunk each, and an index that learnt them while their files had each
// other's names. It returns the pack and chunk of the first.
func swapped(t *testing.T, r *repo, cache string) (path string, x seal.ID, good []byte) {
	t.Helper()
	x = r.fill(t.TempDir(), noise(1, 40000))[0]
	first, _ := r.onlyPack()
	r.fill(t.TempDir(), noise(2, 40000))
	second := ""
	for _, p := range r.packs() {
		if p != first {
			second = p
		}
	}
	a, b := read(t, first), read(t, second)
	write(t, first, b)
	write(t, second, a)
	check(t, r.open(cache).Close())
	write(t, first, a)
	write(t, second, b)
	return first, x, a
}

// What was learnt from other bytes than the pack's own must not count as stored once the pack itself is verified.
func TestChunkLearntFromTheWrongFileIsStoredAgain(t *testing.T) {
	r := newRepo(t)
	cache := t.TempDir()
	first, x, _ := swapped(t, r, cache)
	check(t, os.Remove(first)) // never comes back
	s := r.open(cache)
	if _, stored, err := s.Put(t.Context(), seal.Content, noise(1, 40000)); err != nil || stored == 0 {
		t.Errorf("stored %d: %v", stored, err)
	}
	check(t, s.Flush(t.Context()))
	check(t, s.Close())
	wantChunk(t, r.open(t.TempDir()), x, seal.Content, noise(1, 40000))
}

// Verifying whole packs mends an index that was misled.
func TestMisledIndexIsMadeAnew(t *testing.T) {
	r := newRepo(t)
	cache := t.TempDir()
	_, x, _ := swapped(t, r, cache)
	s := r.open(cache)
	for _, p := range r.packs() {
		var name seal.Hash
		_, err := hex.Decode(name[:], []byte(filepath.Base(p)))
		check(t, err)
		if _, err := s.Verify(t.Context(), name); err != nil {
			t.Errorf("a whole pack: %v", err)
		}
	}
	check(t, s.Close())
	s = r.open(cache)
	wantChunk(t, s, x, seal.Content, noise(1, 40000))
	if ok, err := s.Has(t.Context(), x, seal.Content); err != nil || !ok {
		t.Errorf("not known as stored: %v", err)
	}
}
