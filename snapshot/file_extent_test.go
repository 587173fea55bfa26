package snapshot

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"bakfs/seal"
)

// The extents of a file are its pieces, those of one kind in a row taken as one.
func TestExtentsAreThePieces(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.SampledFrom([]int{1, 3, 8, 9, 3000}).Draw(rt, "pieces")
		pieces := randomPieces(rapid.Uint64().Draw(rt, "seed"), n, 50)
		var kinds []bool
		for _, p := range pieces {
			for range p {
				kinds = append(kinds, bytes.Trim(p, "\x00") != nil)
			}
		}
		m := newMemStore()
		f := open(t, m, writeFile(t, m, pieces))
		off := rapid.IntRange(0, len(kinds)-1).Draw(rt, "off")
		for off < len(kinds) {
			want := off
			for want < len(kinds) && kinds[want] == kinds[off] {
				want++
			}
			data, end, err := f.Extent(context.Background(), int64(off))
			if err != nil || data != kinds[off] || end != int64(want) {
				rt.Fatalf("at %d: %v to %d, want %v to %d; %v", off, data, end, kinds[off], want, err)
			}
			off = want
		}
		for _, off := range []int64{-1, int64(len(kinds))} {
			if _, _, err := f.Extent(context.Background(), off); err == nil {
				rt.Fatalf("there is something at %d of %d", off, len(kinds))
			}
		}
	})
}

// A file without holes is one extent, of which nothing is read, its list neither.
func TestExtentOfDataReadsNothing(t *testing.T) {
	m := newMemStore()
	var pieces [][]byte
	for i := range 1000 {
		pieces = append(pieces, []byte{byte(i), byte(i >> 8), 1})
	}
	f := open(t, m, writeFile(t, m, pieces))
	m.gets = 0
	if data, end, err := f.Extent(t.Context(), 5); !data || end != 3000 || err != nil || m.gets > 0 {
		t.Errorf("%v to %d, %d chunks read, %v", data, end, m.gets, err)
	}
}

// Where the list cannot be read the kind is not guessed, and a cancelled search of a cached list ends.
func TestExtentOfADamagedList(t *testing.T) {
	m := newMemStore()
	var pieces [][]byte
	for i := range 100 {
		pieces = append(pieces, make([]byte, 10), []byte{byte(i + 1)})
	}
	e := writeFile(t, m, pieces)
	f := open(t, m, e)
	if data, end, err := f.Extent(t.Context(), 3); data || end != 10 || err != nil {
		t.Errorf("%v to %d, %v", data, end, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, _, err := f.Extent(ctx, 3); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	m.broken[e.Root] = errBroken
	if _, _, err := open(t, m, e).Extent(t.Context(), 3); !errors.Is(err, errBroken) || e.Root == (seal.ID{}) {
		t.Errorf("damaged: %v", err)
	}
}
