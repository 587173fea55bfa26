package index

import (
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"bakfs/seal"
)

// A model is what an index of the same history must say.
type model struct {
	chunks   map[seal.ID]map[seal.Hash]Entry
	packs    map[seal.Hash]Pack
	verified map[seal.Hash]bool
	damaged  map[seal.Hash]bool
}

func newModel() *model {
	return &model{make(map[seal.ID]map[seal.Hash]Entry), make(map[seal.Hash]Pack), make(map[seal.Hash]bool), make(map[seal.Hash]bool)}
}

func (m *model) add(p Pack, entries []Entry) {
	m.packs[p.Name] = p
	if p.Verified {
		m.mark(p.Name, false)
	}
	for _, e := range entries {
		if m.chunks[e.ID] == nil {
			m.chunks[e.ID] = make(map[seal.Hash]Entry)
		}
		m.chunks[e.ID][p.Name] = e
	}
}

func (m *model) mark(name seal.Hash, damaged bool) {
	m.verified[name], m.damaged[name] = !damaged, damaged
}

// rank is the order of places.
func rank(p Place) int {
	switch {
	case p.Damaged:
		return 2
	case p.Verified:
		return 0
	}
	return 1
}

func (m *model) check(t *rapid.T, x *Index) {
	for n := range 45 {
		id := chunkName(n)
		want := m.chunks[id]
		place, ok, err := x.Find(id)
		if err != nil || ok != (len(want) > 0) {
			t.Fatalf("chunk %d: %v, %v, want %d places", n, ok, err, len(want))
		}
		places, err := x.Places(id)
		if err != nil || len(places) != len(want) {
			t.Fatalf("chunk %d: %d places, want %d, %v", n, len(places), len(want), err)
		}
		best := 2
		for i, p := range places {
			expected := placeOf(want[p.Pack], Pack{Name: p.Pack, Verified: m.verified[p.Pack]})
			expected.Damaged = m.damaged[p.Pack]
			if p != expected || i > 0 && rank(p) < rank(places[i-1]) {
				t.Fatalf("chunk %d: place %+v", n, p)
			}
			best = min(best, rank(p))
		}
		if ok && (rank(place) != best || !slices.Contains(places, place)) {
			t.Fatalf("chunk %d: Find says %+v of %+v", n, place, places)
		}
	}
	packs := 0
	for p, err := range x.Packs() {
		want := m.packs[p.Name]
		want.Verified, want.Damaged = m.verified[p.Name], m.damaged[p.Name]
		if q, ok, err2 := x.Pack(p.Name); err != nil || err2 != nil || !ok || p != want || q != want {
			t.Fatalf("pack %+v and %+v, want %+v: %v, %v", p, q, want, err, err2)
		}
		packs++
	}
	if packs != len(m.packs) {
		t.Fatalf("%d packs, want %d", packs, len(m.packs))
	}
}

func TestIndexIsLikeAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "index")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		x, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { x.Close() }()
		m := newModel()
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				n := rapid.IntRange(0, 9).Draw(t, "pack")
				p := testPack(n, rapid.Bool().Draw(t, "verified"))
				entries := testEntries(rapid.IntRange(0, 30).Draw(t, "first"), rapid.IntRange(0, 12).Draw(t, "chunks"))
				if err := x.Add(p, entries); err != nil {
					t.Fatal(err)
				}
				m.add(p, entries)
			},
			"verify": func(t *rapid.T) {
				name := packName(rapid.IntRange(0, 9).Draw(t, "pack"))
				if err := x.MarkVerified(name); err != nil {
					t.Fatal(err)
				}
				m.mark(name, false)
			},
			"damage": func(t *rapid.T) {
				name := packName(rapid.IntRange(0, 9).Draw(t, "pack"))
				if err := x.MarkDamaged(name); err != nil {
					t.Fatal(err)
				}
				m.mark(name, true)
			},
			"publish": func(t *rapid.T) {
				if err := x.Publish(); err != nil {
					t.Fatal(err)
				}
			},
			"publish alone": func(t *rapid.T) {
				lock, err := tryLock(dir)
				if err != nil {
					t.Fatal(err)
				}
				defer lock.Close()
				if err := x.Publish(); err != nil {
					t.Fatal(err)
				}
			},
			"open again": func(t *rapid.T) {
				if err := x.Close(); err != nil {
					t.Fatal(err)
				}
				if x, err = Open(dir); err != nil {
					t.Fatal(err)
				}
			},
			"": func(t *rapid.T) { m.check(t, x) },
		})
	})
}
