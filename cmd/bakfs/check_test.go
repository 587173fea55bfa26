package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
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
		lost, err := c.visit(t.Context(), test.need)
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

// Where the beginning of a pack cannot be read, which the system may show as the end of
// the file, nothing is damaged.
func TestCheckTakesNoFailedReadForDamage(t *testing.T) {
	f, err := store.CreateFolder(t.TempDir() + "/cloud")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := os.WriteFile(f.Dir()+"/packs/short", make([]byte, 10), 0o600); err != nil {
		t.Fatal(err)
	}
	c := &checker{r: &repository{folder: f}}
	if err := c.checkHeader(packFile{path: "packs/short", size: 1 << 16}); !errors.Is(err, store.ErrOffline) || kindOfProblem(err) != isAbsent {
		t.Errorf("got %v", err)
	}
}

// A local index that turns out damaged in the middle of a check is made again: the
// repository lacks nothing.
func TestCheckLearnsAgain(t *testing.T) {
	f, err := store.CreateFolder(t.TempDir() + "/cloud")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	keys := seal.DeriveRoot(seal.NewRecoveryKey(), seal.NewRepositoryID()).Keys()
	cache := t.TempDir()
	st, err := store.Open(t.Context(), store.Options{Folder: f, Keys: keys, Cache: cache, Tag: "feed"})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	var id seal.ID
	for i := range 300 { // more than bbolt keeps in memory
		var e error
		id, _, e = st.Put(t.Context(), seal.Content, fmt.Appendf(nil, "content %03d", i))
		err = errors.Join(err, e)
	}
	if err = errors.Join(err, st.Flush(t.Context())); err != nil {
		t.Fatal(err)
	}
	x, err := index.Open(cache)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	segments, err := filepath.Glob(cache + "/seg-*")
	if err != nil || len(segments) == 0 {
		t.Fatalf("%q, %v", segments, err)
	}
	for _, path := range segments {
		if err := os.Truncate(path, 0); err != nil {
			t.Fatal(err)
		}
	}
	c := &checker{index: x, store: st, hit: map[*problem]bool{}}
	if lost, err := c.visit(t.Context(), snapshot.Need{ID: id, Type: seal.Content, Length: 11}); lost || err != nil {
		t.Errorf("lost %v, %v", lost, err)
	}
}

type errBad struct{}

func (errBad) Error() string { return "bad" }
