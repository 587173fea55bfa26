package index

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bakfs/seal"
)

// nameOf is the n-th of a fixed sequence of random looking names.
func nameOf(kind, n uint64) (b [32]byte) {
	r := rand.New(rand.NewPCG(kind, n))
	for i := 0; i < len(b); i += 8 {
		binary.BigEndian.PutUint64(b[i:], r.Uint64())
	}
	return b
}

func chunkName(n int) seal.ID  { return seal.ID(nameOf(1, uint64(n))) }
func packName(n int) seal.Hash { return seal.Hash(nameOf(2, uint64(n))) }

func testPack(n int, verified bool) Pack {
	return Pack{Name: packName(n), Size: 1<<24 + int64(n), Stream: uint8(1 + n%2), Verified: verified}
}

// testEntries are the chunks first to first+n-1; what is in an entry follows from its number.
func testEntries(first, n int) []Entry {
	entries := make([]Entry, n)
	for i := range entries {
		at := uint32(first + i)
		entries[i] = Entry{ID: chunkName(first + i), Offset: at * 3, Stored: at + 1, Raw: at + 2, Type: seal.ChunkType(1 + at%3), Compression: uint8(at % 2)}
	}
	return entries
}

func placeOf(e Entry, p Pack) Place {
	return Place{Pack: p.Name, Offset: e.Offset, Stored: e.Stored, Raw: e.Raw, Type: e.Type, Compression: e.Compression, Verified: p.Verified}
}

func open(t testing.TB, dir string) *Index {
	t.Helper()
	x, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	return x
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// add adds pack n with per chunks, chunk n*per and on.
func add(t testing.TB, x *Index, n, per int) {
	t.Helper()
	check(t, x.Add(testPack(n, n%3 == 0), testEntries(n*per, per)))
}

// expect says whether the chunks of pack n, added by add, are found.
func expect(t testing.TB, x *Index, n, per int, want bool) {
	t.Helper()
	for _, e := range testEntries(n*per, per) {
		p, ok, err := x.Find(e.ID)
		check(t, err)
		if ok != want {
			t.Fatalf("pack %d: found %v, want %v", n, ok, want)
		}
		if ok && p != placeOf(e, testPack(n, n%3 == 0)) {
			t.Fatalf("pack %d: got %+v", n, p)
		}
	}
}

// files lists the names in dir that begin with prefix.
func files(t testing.TB, dir, prefix string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	check(t, err)
	var names []string
	for _, e := range list {
		if strings.HasPrefix(e.Name(), prefix) {
			names = append(names, filepath.Join(dir, e.Name()))
		}
	}
	return names
}

func TestFindsWhatWasAdded(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "index")
	x := open(t, dir)
	for n := range 10 {
		add(t, x, n, 7)
		expect(t, x, n, 7, true)
		if n%4 == 3 {
			check(t, x.Publish())
			expect(t, x, n, 7, true)
		}
	}
	expect(t, x, 10, 7, false)
	check(t, x.Close())

	x = open(t, dir)
	for n := range 10 {
		expect(t, x, n, 7, true)
		p, ok, err := x.Pack(packName(n))
		check(t, err)
		if !ok || p != testPack(n, n%3 == 0) {
			t.Fatalf("pack %d: %+v, %v", n, p, ok)
		}
	}
	expect(t, x, 10, 7, false)
	if _, ok, err := x.Pack(packName(10)); ok || err != nil {
		t.Fatal(ok, err)
	}
	if x.Dropped() != 0 {
		t.Fatal(x.Dropped())
	}
}

func TestFilesAreForTheOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "index")
	x := open(t, dir)
	add(t, x, 0, 3)
	for _, path := range append(files(t, dir, ""), dir) {
		info, err := os.Stat(path)
		check(t, err)
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v", path, info.Mode())
		}
	}
	check(t, x.Publish())
	if len(files(t, dir, temporary)) != 0 || len(files(t, dir, "seg-")) != 1 {
		t.Fatal(files(t, dir, ""))
	}
	for _, path := range files(t, dir, "") {
		info, err := os.Stat(path)
		check(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v", path, info.Mode())
		}
	}
}

func TestVerifiedMarkReachesOlderSegments(t *testing.T) {
	dir := t.TempDir()
	x := open(t, dir)
	check(t, x.Add(testPack(1, false), testEntries(0, 5000)))
	check(t, x.Publish())
	verified := func(x *Index, want bool) {
		t.Helper()
		p, ok, err := x.Find(chunkName(3))
		check(t, err)
		if !ok || p.Verified != want {
			t.Fatalf("found %v, verified %v", ok, p.Verified)
		}
		q, _, err := x.Pack(packName(1))
		check(t, err)
		if q.Verified != want {
			t.Fatal("Pack says otherwise")
		}
		for q, err := range x.Packs() {
			check(t, err)
			if q.Name == packName(1) && q.Verified != want {
				t.Fatal("Packs says otherwise")
			}
		}
	}
	verified(x, false)
	check(t, x.MarkVerified(packName(1)))
	verified(x, true)
	check(t, x.Publish())
	if n := len(files(t, dir, "seg-")); n != 2 {
		t.Fatalf("%d segments: the mark should lie in its own", n)
	}
	verified(x, true)
	verified(open(t, dir), true)

	// Merged, the mark becomes the pack's own.
	check(t, x.Add(testPack(2, false), testEntries(5000, 5000)))
	check(t, x.Publish())
	if n := len(files(t, dir, "seg-")); n != 1 {
		t.Fatalf("%d segments", n)
	}
	verified(x, true)
	verified(open(t, dir), true)
}

func TestMarkBeforeThePackIsKnown(t *testing.T) {
	x := open(t, t.TempDir())
	check(t, x.MarkVerified(packName(1)))
	check(t, x.Publish())
	check(t, x.Add(testPack(1, false), testEntries(0, 3)))
	p, ok, err := x.Find(chunkName(0))
	if err != nil || !ok || !p.Verified {
		t.Fatal(p, ok, err)
	}
	check(t, x.Publish())
	p, ok, err = x.Find(chunkName(0))
	if err != nil || !ok || !p.Verified {
		t.Fatal(p, ok, err)
	}
}

func TestVerifiedPackIsPreferred(t *testing.T) {
	for _, between := range []bool{false, true} {
		x := open(t, t.TempDir())
		for n := range 4 {
			check(t, x.Add(testPack(n, n == 2), testEntries(0, 3)))
			if between {
				check(t, x.Publish())
			}
		}
		p, ok, err := x.Find(chunkName(1))
		if err != nil || !ok || p.Pack != packName(2) || !p.Verified {
			t.Fatal(p, ok, err)
		}
		places, err := x.Places(chunkName(1))
		check(t, err)
		if len(places) != 4 || places[0].Pack != packName(2) {
			t.Fatal(places)
		}
	}
}

func TestAddingAgainChangesNothing(t *testing.T) {
	x := open(t, t.TempDir())
	for i := range 3 {
		check(t, x.Add(testPack(1, false), testEntries(0, 10)))
		if i == 1 {
			check(t, x.Publish())
		}
	}
	check(t, x.Add(testPack(1, true), nil))
	check(t, x.Publish())
	places, err := x.Places(chunkName(4))
	check(t, err)
	if len(places) != 1 || !places[0].Verified {
		t.Fatal(places)
	}
	n := 0
	for _, err := range x.Packs() {
		check(t, err)
		n++
	}
	if n != 1 {
		t.Fatal(n, "packs")
	}
}

func TestClosedIndexSaysSo(t *testing.T) {
	x := open(t, t.TempDir())
	add(t, x, 0, 3)
	check(t, x.Close())
	_, _, find := x.Find(chunkName(0))
	for _, err := range []error{find, x.Add(testPack(0, false), nil), x.MarkVerified(packName(0)), x.Publish(), x.Refresh(), x.Close()} {
		if err == nil || !strings.Contains(err.Error(), "closed") {
			t.Error(err)
		}
	}
}

func TestSegmentsStayFew(t *testing.T) {
	dir := t.TempDir()
	x := open(t, dir)
	most := 0
	for n := range 60 {
		add(t, x, n, 200)
		check(t, x.Publish())
		most = max(most, len(files(t, dir, "seg-")))
		if len(x.segments) != len(files(t, dir, "seg-")) {
			t.Fatal("files of merged segments are left")
		}
	}
	if most > 7 {
		t.Fatalf("%d segments", most)
	}
	for n := range 60 {
		expect(t, x, n, 200, true)
	}
}
