package index

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// published makes a directory with one segment of packs packs of per chunks each and returns the segment's path.
func published(t testing.TB, dir string, packs, per int) string {
	t.Helper()
	x := open(t, dir)
	for n := range packs {
		add(t, x, n, per)
	}
	check(t, x.Close())
	list := files(t, dir, "seg-")
	if len(list) != 1 {
		t.Fatal(list)
	}
	return list[0]
}

// damages are ways to spoil a file in place, its size kept except where the name says so.
func damages(size int64) map[string]func(f *os.File) error {
	list := map[string]func(f *os.File) error{
		"empty":         func(f *os.File) error { return f.Truncate(0) },
		"half":          func(f *os.File) error { return f.Truncate(size / 2) },
		"a byte short":  func(f *os.File) error { return f.Truncate(size - 1) },
		"a byte longer": func(f *os.File) error { return f.Truncate(size + 1) },
	}
	fill := func(at, n int64, random bool) func(f *os.File) error {
		return func(f *os.File) error {
			b := make([]byte, n)
			if random {
				rand.NewChaCha8([32]byte{byte(at), byte(n)}).Read(b)
			}
			_, err := f.WriteAt(b, at)
			return err
		}
	}
	for _, random := range []bool{false, true} {
		list[fmt.Sprintf("whole, random %v", random)] = fill(0, size, random)
		list[fmt.Sprintf("first meta, random %v", random)] = fill(0, 4096, random)
		list[fmt.Sprintf("second meta, random %v", random)] = fill(4096, 4096, random)
		list[fmt.Sprintf("both metas, random %v", random)] = fill(0, 8192, random)
		list[fmt.Sprintf("last page, random %v", random)] = fill(size-4096, 4096, random)
		list[fmt.Sprintf("all but metas, random %v", random)] = fill(8192, size-8192, random)
		for part := range int64(5) {
			at := 8192 + (size-8192)*part/5
			list[fmt.Sprintf("page at %d, random %v", at, random)] = fill(at&^4095, 4096, random)
			list[fmt.Sprintf("sector at %d, random %v", at, random)] = fill(at&^511, 512, random)
			list[fmt.Sprintf("word at %d, random %v", at, random)] = fill(at&^7, 8, random)
		}
	}
	return list
}

// survey looks up everything and reports how many chunks are found; what is found must be right.
func survey(t *testing.T, x *Index, packs, per int) (found, damaged int) {
	t.Helper()
	for n := range packs {
		for _, e := range testEntries(n*per, per) {
			p, ok, err := x.Find(e.ID)
			switch {
			case errors.Is(err, ErrDamaged):
				damaged++
			case err != nil:
				t.Fatal(err)
			case ok && p != placeOf(e, testPack(n, n%3 == 0)):
				t.Fatalf("wrong place %+v for %+v", p, e)
			case ok:
				found++
			}
		}
		if p, ok, err := x.Pack(packName(n)); errors.Is(err, ErrDamaged) {
			damaged++
		} else if err != nil || ok && p != testPack(n, n%3 == 0) {
			t.Fatal(p, err)
		}
	}
	for _, err := range x.Packs() {
		if errors.Is(err, ErrDamaged) {
			damaged++
		} else if err != nil {
			t.Fatal(err)
		}
	}
	return found, damaged
}

// Damage done before Open and while it is open. In both cases nothing crashes, nothing wrong is found, and an index
// that lost its segment says so and works on.
func TestDamagedSegment(t *testing.T) {
	const packs, per = 20, 60
	base := t.TempDir()
	model := published(t, filepath.Join(base, "model"), packs, per)
	content, err := os.ReadFile(model)
	check(t, err)
	lost := 0
	for name, damage := range damages(int64(len(content))) {
		for _, early := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, before Open %v", name, early), func(t *testing.T) {
				dir := t.TempDir()
				path := filepath.Join(dir, filepath.Base(model))
				check(t, os.WriteFile(path, content, 0o600))
				spoil := func() {
					f, err := os.OpenFile(path, os.O_RDWR, 0)
					check(t, err)
					check(t, errors.Join(damage(f), f.Close()))
				}
				if early {
					spoil()
				}
				x := open(t, dir)
				if !early {
					spoil()
				}
				found, damaged := survey(t, x, packs, per)
				if x.Dropped() == 0 && damaged > 0 || x.Dropped() > 1 {
					t.Errorf("dropped %d, reported %d", x.Dropped(), damaged)
				}
				if x.Dropped() == 1 {
					lost++
					if len(files(t, dir, "seg-")) != 0 {
						t.Error("the damaged file is still there")
					}
				}
				if !early && damaged > 1 {
					t.Errorf("reported %d times", damaged)
				}
				if found == packs*per && x.Dropped() > 0 {
					t.Error("dropped, and found all")
				}
				for n := range packs {
					add(t, x, n, per)
				}
				check(t, x.Publish())
				if found, damaged := survey(t, x, packs, per); found != packs*per || damaged != 0 {
					t.Errorf("learnt again: %d found, %d damaged", found, damaged)
				}
			})
		}
	}
	if lost < 20 {
		t.Errorf("only %d damages were noticed", lost)
	}
}

func TestDamagedSegmentIsNotMergedIn(t *testing.T) {
	dir := t.TempDir()
	path := published(t, dir, 20, 60)
	x := open(t, dir)
	check(t, os.WriteFile(path, make([]byte, 8192), 0o600)) // truncates: the rest of the map faults
	add(t, x, 30, 60)
	check(t, x.Publish())
	expect(t, x, 30, 60, true)
	expect(t, x, 0, 60, false)
	if x.Dropped() != 1 || len(files(t, dir, "seg-")) != 1 {
		t.Error(x.Dropped(), files(t, dir, ""))
	}
	expect(t, open(t, dir), 30, 60, true)
}

// A damaged segment takes the others' chunks with it for no more than the one call that reports it.
func TestOtherSegmentsSurvive(t *testing.T) {
	dir := t.TempDir()
	x := open(t, dir)
	add(t, x, 0, 5000)
	check(t, x.Publish())
	path := files(t, dir, "seg-")[0]
	add(t, x, 1, 100)
	check(t, x.Publish())
	if n := len(files(t, dir, "seg-")); n != 2 {
		t.Fatalf("%d segments", n)
	}
	check(t, os.Truncate(path, 0))
	_, _, err := x.Find(chunkName(1))
	if !errors.Is(err, ErrDamaged) {
		t.Fatal(err)
	}
	expect(t, x, 0, 100, false)
	expect(t, x, 1, 100, true)
	expect(t, open(t, dir), 1, 100, true)
}

func TestForeignFilesAreLeftAlone(t *testing.T) {
	dir := t.TempDir()
	names := []string{"seg-x.db", "notes.txt", "seg-0123456789abcdef-0000000000001000.db.conflict"}
	for _, name := range names {
		check(t, os.WriteFile(filepath.Join(dir, name), []byte("foreign"), 0o600))
	}
	check(t, os.Mkdir(filepath.Join(dir, "seg-0123456789abcdef-0000000000001000.db"), 0o700))
	check(t, os.Symlink("/etc/passwd", filepath.Join(dir, "seg-1123456789abcdef-0000000000001000.db")))
	x := open(t, dir)
	add(t, x, 0, 3)
	check(t, x.Close())
	check(t, Remove(dir))
	if x.Dropped() != 0 || len(files(t, dir, "")) != len(names)+3 {
		t.Error(x.Dropped(), files(t, dir, ""))
	}
}

// bbolt panics with its locks held when a transaction begins on a file that was cut to nothing. Whoever comes next must
// not wait for those locks.
func TestSegmentThatCannotBeginIsAbandoned(t *testing.T) {
	dir := t.TempDir()
	path := published(t, dir, 5, 60)
	x := open(t, dir)
	s := x.segments[0]
	busy, err := s.reader() // the only idle one, so that the next view begins a transaction
	check(t, err)
	check(t, os.Truncate(path, 0))
	for range 3 {
		if err := s.view(func(*reader) error { return nil }); !errors.Is(err, ErrDamaged) {
			t.Fatal(err)
		}
	}
	check(t, s.release(busy, nil))
	if _, _, err := x.Find(chunkName(1)); !errors.Is(err, ErrDamaged) {
		t.Fatal(err)
	}
	expect(t, x, 0, 60, false)
	if x.Dropped() != 1 {
		t.Error(x.Dropped())
	}
}

// A segment whose last transaction was lost would miss chunks without looking damaged.
func TestIncompleteSegmentIsDropped(t *testing.T) {
	dir := t.TempDir()
	w, err := newFile(dir)
	check(t, err)
	info, err := os.Stat(w.path)
	check(t, err)
	check(t, w.close())
	check(t, os.Rename(w.path, filepath.Join(dir, newSegmentName(info.Size()))))
	if x := open(t, dir); x.Dropped() != 1 {
		t.Error(x.Dropped())
	}
}
