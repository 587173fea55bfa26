package main

import (
	"testing"

	"bakfs/index"
	"bakfs/seal"
	"bakfs/snapshot"
	"bakfs/store"
)

// What check holds for lost, and what it says of it.
func TestCheckJudgesChunks(t *testing.T) {
	x, err := index.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	good, bad, other := seal.Hash{1}, seal.Hash{2}, seal.ID{9}
	entry := func(id byte) index.Entry {
		return index.Entry{ID: seal.ID{id}, Offset: 64, Stored: 10, Raw: 10, Type: seal.Content}
	}
	for name, entries := range map[seal.Hash][]index.Entry{good: {entry(1)}, bad: {entry(1), entry(2)}} {
		if err := x.Add(index.Pack{Name: name, Size: 1 << 16, Stream: 2}, entries); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		what string
		need snapshot.Need
		lost bool
		kind problemKind
		says string
	}{
		{"also in a good pack", snapshot.Need{ID: seal.ID{1}, Type: seal.Content, Length: 10}, false, 0, ""},
		{"of another length", snapshot.Need{ID: seal.ID{1}, Type: seal.Content, Length: 11}, true, isDamaged, "some chunks are of another length or type than the trees say"},
		{"of another type", snapshot.Need{ID: seal.ID{1}, Type: seal.Tree}, true, isDamaged, "some chunks are of another length or type than the trees say"},
		{"in a bad pack only", snapshot.Need{ID: seal.ID{2}, Type: seal.Content, Length: 10}, true, isDamaged, "bad"},
		{"in no pack", snapshot.Need{ID: other, Type: seal.Content, Length: 10}, true, isAbsent, "some chunks are in no pack that is here"},
		{"damaged node", snapshot.Need{ID: seal.ID{1}, Type: seal.Tree, Err: store.ErrDamaged}, true, isDamaged, ""},
		{"node out of reach", snapshot.Need{ID: seal.ID{1}, Type: seal.Tree, Err: store.ErrOffline}, true, isAbsent, ""},
	} {
		c := &checker{index: x, hit: map[*problem]bool{}, bad: map[seal.Hash]*problem{bad: {object: "packs/02", err: errBad{}}}}
		lost, err := c.visit(test.need)
		if err != nil || lost != test.lost {
			t.Errorf("%s: lost %v, %v", test.what, lost, err)
		}
		for q := range c.hit {
			if q.kind != test.kind || test.says != "" && q.object != "packs/02" && q.err.Error() != test.says {
				t.Errorf("%s: %v %v", test.what, q.kind, q.err)
			}
		}
		if test.lost != (len(c.hit) > 0) {
			t.Errorf("%s: %d problems", test.what, len(c.hit))
		}
	}
}

type errBad struct{}

func (errBad) Error() string { return "bad" }
