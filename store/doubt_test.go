package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"bakfs/seal"
)

// wantHas asks a new run of the device whether chunks count as stored.
func wantHas(t *testing.T, s *Store, id seal.ID, want bool) {
	t.Helper()
	if has, err := s.Has(context.Background(), id, seal.Content); err != nil || has != want {
		t.Fatalf("Has: %v, %v, want %v", has, err, want)
	}
}

// spoil overwrites eight bytes of a file and returns what it was.
func spoil(t *testing.T, path string, at int) []byte {
	t.Helper()
	file := read(t, path)
	bad := append([]byte(nil), file...)
	copy(bad[at:], "\xffdamage\xff")
	write(t, path, bad)
	return file
}

// A pack that was found damaged does not count, so its chunks are stored again
// and read from there, until it is whole again.
func TestDamagedPackIsStoredAgain(t *testing.T) {
	ctx := context.Background()
	find := map[string]func(s *Store, name seal.Hash, id seal.ID) error{
		"verify": func(s *Store, name seal.Hash, _ seal.ID) error { _, err := s.Verify(ctx, name); return err },
		"get":    func(s *Store, _ seal.Hash, id seal.ID) error { _, err := s.Get(ctx, id, seal.Content); return err },
		"read": func(s *Store, _ seal.Hash, id seal.ID) error {
			_, err := s.ReadAt(ctx, id, seal.Content, make([]byte, 9000), 15_000)
			return err
		},
		"distrust": func(s *Store, name seal.Hash, _ seal.ID) error { return errors.Join(ErrDamaged, s.Distrust(name)) },
	}
	for how, found := range find {
		for place, at := range map[string]int{"chunk": 20_000, "directory": 80, "version": 5} {
			if place == "version" && (how == "get" || how == "read") {
				continue // a read cannot tell it from a later version
			}
			t.Run(how+"/"+place, func(t *testing.T) {
				r := newRepo(t)
				cache := t.TempDir()
				data := noise(1, 40_000)
				id := r.fill(cache, data)[0]
				path, name := r.onlyPack()
				s := r.open(cache)
				wantHas(t, s, id, true)
				good := spoil(t, path, at)
				s.packs.forget(name)
				if err := found(s, name, id); !errors.Is(err, ErrDamaged) {
					t.Fatal(err)
				}
				wantHas(t, s, id, false) // in the same run
				check(t, s.Close())
				s = r.open(cache)
				wantHas(t, s, id, false)
				put(t, s, seal.Content, data)
				check(t, s.Flush(ctx))
				wantHas(t, s, id, true)
				wantChunk(t, s, id, seal.Content, data)
				check(t, s.Close())
				if n := len(r.packs()); n != 2 {
					t.Fatalf("%d packs", n)
				}
				s = r.open(cache)
				if p, ok, err := s.index.Find(id); err != nil || !ok || p.Pack == name || !p.Verified {
					t.Fatal(p, ok, err)
				}
				wantChunk(t, s, id, seal.Content, data)
				if _, stored, err := s.Put(ctx, seal.Content, data); err != nil || stored != 0 {
					t.Fatal("stored a third time", stored, err)
				}
				// The provider restores the good file.
				write(t, path, good)
				if _, err := s.Verify(ctx, name); err != nil {
					t.Fatal(err)
				}
				if p, _, err := s.index.Pack(name); err != nil || !p.Verified || p.Damaged {
					t.Fatal(p, err)
				}
			})
		}
	}
}

// The good file comes back before the next run, or during this one.
func TestRestoredPackCountsAgain(t *testing.T) {
	ctx := context.Background()
	for _, again := range []bool{false, true} {
		r := newRepo(t)
		cache := t.TempDir()
		data := noise(1, 40_000)
		id := r.fill(cache, data)[0]
		path, name := r.onlyPack()
		s := r.open(cache)
		good := spoil(t, path, 20_000)
		if _, err := s.Get(ctx, id, seal.Content); !errors.Is(err, ErrDamaged) {
			t.Fatal(err)
		}
		wantHas(t, s, id, false)
		check(t, os.Remove(path))
		write(t, path, good)
		if again {
			check(t, s.Close())
			s = r.open(cache)
		} else if _, err := s.Verify(ctx, name); err != nil {
			t.Fatal(err)
		}
		wantHas(t, s, id, true)
		wantChunk(t, s, id, seal.Content, data)
	}
}

// Other chunks of the damaged pack can be read still; nothing else has them.
func TestRestOfADamagedPackIsRead(t *testing.T) {
	r := newRepo(t)
	cache := t.TempDir()
	bad, whole := noise(1, 100_000), noise(2, 200_000)
	ids := r.fill(cache, bad, whole)
	path, name := r.onlyPack()
	spoil(t, path, 50_000)
	s := r.open(cache)
	if _, err := s.Verify(context.Background(), name); !errors.Is(err, ErrDamaged) {
		t.Fatal(err)
	}
	wantChunk(t, s, ids[1], seal.Content, whole)
	if _, err := s.Get(context.Background(), ids[0], seal.Content); !errors.Is(err, ErrDamaged) {
		t.Fatal(err)
	}
}

// What only cannot be had now is no damage.
func TestAbsentPackIsNotDamaged(t *testing.T) {
	ctx := context.Background()
	for name, hide := range map[string]func(path string){
		"gone": func(path string) { check(t, os.Remove(path)) },
		"evicted": func(path string) {
			check(t, os.Remove(path))
			write(t, filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".icloud"), []byte("bplist00"))
		},
		"half": func(path string) { check(t, os.Truncate(path, 30_001)) },
	} {
		r := newRepo(t)
		cache := t.TempDir()
		id := r.fill(cache, noise(1, 40_000))[0]
		path, pack := r.onlyPack()
		hide(path)
		s := r.open(cache)
		if _, err := s.Get(ctx, id, seal.Content); err == nil {
			t.Fatal("read")
		}
		if _, err := s.Verify(ctx, pack); err == nil {
			t.Fatal("verified")
		}
		if p, ok, err := s.index.Pack(pack); err != nil || !ok || p.Damaged || !p.Verified {
			t.Errorf("%s: %+v, %v, %v", name, p, ok, err)
		}
		wantHas(t, s, id, false)
	}
	// Nor is a pack of which the index was wrong.
	r := newRepo(t)
	cache := t.TempDir()
	id := r.fill(cache, noise(1, 40_000))[0]
	_, pack := r.onlyPack()
	s := r.open(cache)
	place, _, err := s.index.Find(id)
	check(t, err)
	place.Offset++
	if _, err := s.read(id, seal.Content, place); !errors.Is(err, errPlace) {
		t.Fatal(err)
	}
	if p, _, err := s.index.Pack(pack); err != nil || p.Damaged {
		t.Fatal(p, err)
	}
}

// A device that learns a bad pack, as after rebuild-index, verifies it before
// it counts, and goes on whatever is wrong with it.
func TestLearntBadPackEndsNoRun(t *testing.T) {
	for place, at := range map[string]int{"chunk": 20_000, "directory": 80, "version": 5} {
		r := newRepo(t)
		data := noise(1, 40_000)
		id := r.fill(t.TempDir(), data)[0]
		path, _ := r.onlyPack()
		s := r.device() // it has learnt the pack
		spoil(t, path, at)
		if has, err := s.Has(context.Background(), id, seal.Content); err != nil || has {
			t.Fatalf("%s: %v, %v", place, has, err)
		}
		put(t, s, seal.Content, data)
		check(t, s.Flush(context.Background()))
		wantChunk(t, s, id, seal.Content, data)
	}
}
