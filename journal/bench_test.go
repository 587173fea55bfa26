package journal

import (
	"testing"

	"bakfs/seal"
)

// BenchmarkRefresh reads a log of 2,000 entries: all, or only the listing.
func BenchmarkRefresh(b *testing.B) {
	w := newWorld(b)
	anna := w.enrol("anna")
	prev := w.put(w.draft(anna, Enrol, 0, seal.Hash{}))
	for n := uint64(1); n < 2000; n++ {
		prev = w.put(w.draft(anna, Heartbeat, n, prev))
	}
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			clean(b, w.open())
		}
	})
	b.Run("unchanged", func(b *testing.B) {
		j := w.open()
		clean(b, j)
		for b.Loop() {
			clean(b, j)
		}
	})
}
