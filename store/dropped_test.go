package store

import (
	"os"
	"path/filepath"
	"testing"

	"bakfs/seal"
)

// A segment of the index that rots while the store is open costs a learning, not an error, however short ago the last
// one was: nothing in the folder has changed then.
func TestChunksOfADroppedSegmentAreFoundAtOnce(t *testing.T) {
	r := newRepo(t)
	cache := t.TempDir()
	var all [][]byte
	for i := range 2000 {
		all = append(all, noise(uint64(i), 100))
	}
	ids := r.fill(cache, all...)
	r.age()
	s := r.open(cache)
	_, err := s.Learn(t.Context())
	check(t, err)
	segments, err := filepath.Glob(filepath.Join(cache, "seg-*"))
	check(t, err)
	if len(segments) != 1 {
		t.Fatalf("segments %v", segments)
	}
	b := read(t, segments[0])
	for i := 2 * os.Getpagesize(); i < len(b); i++ {
		b[i] ^= 0x55
	}
	file, err := os.OpenFile(segments[0], os.O_WRONLY, 0)
	check(t, err)
	_, err = file.WriteAt(b, 0)
	check(t, err)
	check(t, file.Close())
	p := make([]byte, 10)
	if _, err := s.ReadAt(t.Context(), ids[7], seal.Content, p, 0); err != nil || string(p) != string(all[7][:10]) {
		t.Errorf("%v", err)
	}
	if s.index.Dropped() == 0 {
		t.Error("the segment was not damaged: this tests nothing")
	}
}
