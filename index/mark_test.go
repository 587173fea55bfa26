package index

import (
	"testing"

	"bakfs/seal"
)

// expectMarks compares what all methods say of pack 1, whose chunk 3 pack 2 has too, unverified.
func expectMarks(t *testing.T, x *Index, verified, damaged bool) {
	t.Helper()
	p, ok, err := x.Pack(packName(1))
	check(t, err)
	if !ok || p.Verified != verified || p.Damaged != damaged {
		t.Fatalf("Pack: %v, %+v", ok, p)
	}
	for p, err := range x.Packs() {
		check(t, err)
		if p.Name == packName(1) && (p.Verified != verified || p.Damaged != damaged) {
			t.Fatalf("Packs: %+v", p)
		}
	}
	places, err := x.Places(chunkName(3))
	check(t, err)
	if at := map[bool]int{true: 1}[damaged]; len(places) != 2 || places[at].Pack != packName(1) || places[at].Verified != verified || places[at].Damaged != damaged {
		t.Fatalf("Places: %+v", places)
	}
	place, ok, err := x.Find(chunkName(3))
	if err != nil || !ok || place != places[0] {
		t.Fatalf("Find: %+v, %v, %v", place, ok, err)
	}
	// The only place is found, whatever its pack is.
	place, ok, err = x.Find(chunkName(300))
	if err != nil || !ok || place.Pack != packName(1) || place.Verified != verified || place.Damaged != damaged {
		t.Fatalf("Find: %+v, %v, %v", place, ok, err)
	}
}

func TestDamageIsPersistent(t *testing.T) {
	dir := t.TempDir()
	x := open(t, dir)
	check(t, x.Add(testPack(1, true), testEntries(0, 5000)))
	check(t, x.Add(testPack(2, false), testEntries(0, 10)))
	check(t, x.Publish())
	expectMarks(t, x, true, false)
	check(t, x.MarkDamaged(packName(1)))
	expectMarks(t, x, false, true)
	check(t, x.Publish())
	if n := len(files(t, dir, "seg-")); n != 2 {
		t.Fatalf("%d segments: the mark should lie in its own", n)
	}
	expectMarks(t, x, false, true)
	expectMarks(t, open(t, dir), false, true)
	check(t, x.Add(testPack(1, false), testEntries(0, 5000))) // what learning it again says

	check(t, x.Add(testPack(3, false), testEntries(5000, 5000)))
	check(t, x.Publish())
	if n := len(files(t, dir, "seg-")); n != 1 {
		t.Fatalf("%d segments", n)
	}
	expectMarks(t, x, false, true)
	y := open(t, dir)
	expectMarks(t, y, false, true)

	check(t, y.MarkVerified(packName(1)))
	expectMarks(t, y, true, false)
	check(t, y.MarkDamaged(packName(1)))
	expectMarks(t, y, false, true)
	check(t, y.Add(testPack(1, true), testEntries(0, 5000)))
	expectMarks(t, y, true, false)
	check(t, y.Publish())
	check(t, x.Refresh())
	expectMarks(t, x, true, false)
}

// The mark that says damaged lies in a segment that is not merged with the later one.
func TestLatestMarkCountsInAnyOrderOfMerges(t *testing.T) {
	dir := t.TempDir()
	x := open(t, dir)
	check(t, x.Add(testPack(2, false), testEntries(0, 10)))
	check(t, x.Add(testPack(3, false), testEntries(1000, 9000)))
	check(t, x.MarkDamaged(packName(1)))
	check(t, x.Publish()) // the large one, with the mark
	check(t, x.Add(testPack(1, true), testEntries(0, 1000)))
	check(t, x.Publish()) // a small one, verified later
	check(t, x.Publish())
	if n := len(files(t, dir, "seg-")); n != 2 {
		t.Fatalf("%d segments", n)
	}
	expectMarks(t, x, true, false)
	check(t, x.MarkDamaged(packName(1)))
	check(t, x.MarkVerified(packName(1)))
	check(t, x.Publish())
	expectMarks(t, x, true, false)
	check(t, x.MarkVerified(packName(1)))
	check(t, x.MarkDamaged(packName(1)))
	check(t, x.Publish())
	expectMarks(t, open(t, dir), false, true)
}

func TestMarksComeBack(t *testing.T) {
	name := packName(1)
	for _, m := range []mark{{}, {when: 1}, {when: 1 << 60, damaged: true}} {
		v := markValue(name, m)
		got, err := parseMark(name[:], v)
		if err != nil || got != m {
			t.Fatalf("%+v, %v", got, err)
		}
		for i := range 8 * len(v) {
			v[i/8] ^= 1 << (i % 8)
			if _, err := parseMark(name[:], v); err == nil {
				t.Fatalf("bit %d of %+v", i, m)
			}
			v[i/8] ^= 1 << (i % 8)
		}
	}
	if !(mark{damaged: true}).after(mark{}) || (mark{}).after(mark{damaged: true}) || (mark{when: 1, damaged: true}).after(mark{when: 2}) {
		t.Fatal("order of marks")
	}
}

func TestMarksDoNotSlowWhatHasNone(t *testing.T) {
	x := open(t, t.TempDir())
	check(t, x.Add(testPack(1, true), testEntries(0, 10)))
	check(t, x.Publish())
	if x.anyMarks() {
		t.Fatal("marks where nothing was marked")
	}
	check(t, x.MarkDamaged(seal.Hash{1}))
	check(t, x.Publish())
	if !x.anyMarks() {
		t.Fatal("no marks")
	}
}

// Who publishes while another merges may find its segment merged away before it opens it.
func TestPublishedSegmentThatIsMergedAwayIsNoLoss(t *testing.T) {
	dir := t.TempDir()
	x, y := open(t, dir), open(t, dir)
	add(t, x, 0, 50)
	add(t, y, 0, 50) // what the other made of it
	check(t, y.Publish())
	x.writing.Lock()
	err := x.superseded()
	x.writing.Unlock()
	check(t, err)
	if !x.table.empty() {
		t.Error("the table is still there")
	}
	expect(t, x, 0, 50, true)
}
