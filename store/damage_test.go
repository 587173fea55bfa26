package store

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bakfs/index"
	"bakfs/seal"
)

// Every byte of a pack is changed in turn: a read gives the right bytes or is
// ErrDamaged, from a verified pack and from another device's.
func TestEveryChangedByteIsFound(t *testing.T) {
	r := newRepo(t)
	cache := t.TempDir()
	data := [][]byte{noise(1, 20_000), text(2, 30_000), []byte("x")}
	ids := r.fill(cache, data...)
	path, _ := r.onlyPack()
	file := read(t, path)
	s := r.open(cache)
	var places []index.Place
	for _, id := range ids {
		place, ok, err := s.index.Find(id)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		places = append(places, place)
	}
	stride, harmed := 1, 0
	if testing.Short() || raceEnabled {
		stride = 13
	}
	for i := 0; i < len(file); i += stride {
		file[i] ^= 1 << (i % 8)
		var pack packFile
		started := pack.start(r.keys, bytes.NewReader(file), int64(len(file)))
		for k, id := range ids {
			places[k].Verified = i%2 == 0
			got, err := []byte(nil), started
			if err == nil {
				got, err = s.extract(&pack, id, places[k])
			}
			switch {
			case err == nil && !bytes.Equal(got, data[k]):
				t.Fatalf("byte %d: other bytes of chunk %d and no error", i, k)
			case err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, seal.ErrVersion):
				t.Fatalf("byte %d: %v", i, err)
			case err != nil:
				harmed++
			}
		}
		file[i] ^= 1 << (i % 8)
	}
	if harmed < 30_000/stride {
		t.Fatalf("only %d reads noticed", harmed)
	}
}

// The same through the folder, more coarsely: the error names chunk and pack,
// and Verify finds every change.
func TestChangedPacksInTheFolder(t *testing.T) {
	ctx := context.Background()
	r := newRepo(t)
	data := noise(1, 20_000)
	ids := r.fill(t.TempDir(), data)
	path, name := r.onlyPack()
	file := read(t, path)
	s := r.device()
	for i := 0; i < len(file); i += 499 {
		bad := bytes.Clone(file)
		bad[i] ^= 1 << (i % 8)
		write(t, path, bad)
		s.packs.forget(name)
		if _, err := s.Verify(ctx, name); err == nil {
			t.Fatalf("byte %d: verified", i)
		}
		place, _, err := s.index.Find(ids[0])
		check(t, err)
		got, err := s.read(ids[0], seal.Content, place)
		if err == nil && !bytes.Equal(got, data) || err != nil && !strings.Contains(err.Error(), name.String()) {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
	write(t, path, file)
	s.packs.forget(name)
	if n, err := s.Verify(ctx, name); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	wantChunk(t, s, ids[0], seal.Content, data)
}

func TestErrorNamesChunkAndPack(t *testing.T) {
	r := newRepo(t)
	cache := t.TempDir()
	ids := r.fill(cache, noise(1, 20_000))
	path, name := r.onlyPack()
	file := read(t, path)
	file[30_000-12_000] ^= 1
	write(t, path, file)
	_, err := r.open(cache).Get(context.Background(), ids[0], seal.Content)
	if !errors.Is(err, ErrDamaged) || !errors.Is(err, seal.ErrTampered) ||
		!strings.Contains(err.Error(), name.String()) || !strings.Contains(err.Error(), ids[0].String()[:8]) {
		t.Fatal(err)
	}
}

func TestVerifyFindsWhatReadsDoNot(t *testing.T) {
	ctx := context.Background()
	r := newRepo(t)
	cache := t.TempDir()
	r.fill(cache, []byte("a small chunk"))
	path, name := r.onlyPack()
	s := r.open(cache)
	file := read(t, path)
	file[len(file)-1] ^= 1 // in the padding
	write(t, path, file)
	if _, err := s.Verify(ctx, name); !errors.Is(err, ErrDamaged) {
		t.Fatalf("changed padding: %v", err)
	}
	check(t, os.Remove(path))
	if _, err := s.Verify(ctx, name); !errors.Is(err, ErrMissing) {
		t.Fatalf("gone: %v", err)
	}
	// Padding that is sealed well and is not zero.
	b := packOf(streamContent, [][]byte{[]byte("abc")}, nil, entryOf(r.keys, []byte("abc")))
	name = r.plant(append(b, 0, 0, 1))
	if _, err := s.Verify(ctx, name); !errors.Is(err, ErrDamaged) {
		t.Fatalf("padding that is not zero: %v", err)
	}
	// A good pack under another pack's name.
	check(t, s.Close())
	s = r.device()
	good := r.plant(b)
	other := seal.Hash{good[0], 1, 2}
	check(t, os.Rename(filepath.Join(r.dir, packPath(good)), filepath.Join(r.dir, packPath(other))))
	if _, err := s.Verify(ctx, other); !errors.Is(err, ErrDamaged) {
		t.Fatalf("under another name: %v", err)
	}
}

func TestConflictCopyIsReadWhenThePackIsBad(t *testing.T) {
	ctx := context.Background()
	for name, spoil := range map[string]func(path string, file []byte){
		"gone":      func(path string, file []byte) { check(t, os.Remove(path)) },
		"half":      func(path string, file []byte) { write(t, path, file[:len(file)/2+5]) },
		"one block": func(path string, file []byte) { file[20_000] ^= 1; write(t, path, file) },
		"header":    func(path string, file []byte) { file[0] ^= 1; write(t, path, file) },
	} {
		for _, learnt := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				r := newRepo(t)
				ids := r.fill(t.TempDir(), noise(1, 40_000))
				path, _ := r.onlyPack()
				cache := t.TempDir()
				if learnt {
					check(t, r.open(cache).Close())
				}
				file := read(t, path)
				copied := path + " (conflicted copy 2026-05-31)"
				write(t, copied, file)
				write(t, path+".sync-conflict-1", noise(3, 1<<16)) // hashes to nothing
				spoil(path, bytes.Clone(file))
				s := r.open(cache)
				wantChunk(t, s, ids[0], seal.Content, noise(1, 40_000))
				rep, err := s.Learn(ctx)
				check(t, err)
				want, err := filepath.Rel(r.dir, copied)
				check(t, err)
				if !slices.Equal(rep.Adopted, []string{want}) || len(rep.Missing) != 0 || len(rep.Ignored) != 2 {
					t.Errorf("adopted %q, missing %v, ignored %q", rep.Adopted, rep.Missing, rep.Ignored)
				}
				if !bytes.Equal(read(t, copied), file) {
					t.Error("the copy was changed")
				}
			})
		}
	}
}

func TestConflictNamedFilesAreLeftAlone(t *testing.T) {
	ctx := context.Background()
	r := newRepo(t)
	cache := t.TempDir()
	ids := r.fill(cache, noise(1, 40_000))
	path, _ := r.onlyPack()
	file := read(t, path)
	var strange []string
	for i, form := range []string{"%s (conflicted copy)", "%s.sync-conflict-20260531-030000-ABCDEF", "%s 2", "%s-DESKTOP-1", ".%s.icloud", "._%s", ".DS_Store", "%s.damaged-0011", "desktop.ini"} {
		name := filepath.Join(filepath.Dir(path), strings.ReplaceAll(form, "%s", filepath.Base(path)))
		write(t, name, append(bytes.Clone(file), byte(i)))
		strange = append(strange, name)
	}
	s := r.open(cache)
	rep, err := s.Learn(ctx)
	check(t, err)
	if rep.Packs != 1 || len(rep.Ignored) != len(strange) || len(rep.Damaged) != 0 {
		t.Errorf("%+v", rep)
	}
	put(t, s, seal.Content, noise(2, 1000))
	check(t, s.Flush(ctx))
	wantChunk(t, s, ids[0], seal.Content, noise(1, 40_000))
	_, _, err = r.folder.RemoveTemporaries("feed")
	check(t, err)
	for i, name := range strange {
		if !bytes.Equal(read(t, name), append(bytes.Clone(file), byte(i))) {
			t.Errorf("%s was changed", name)
		}
	}
}

func TestEvictedPackIsOffline(t *testing.T) {
	ctx := context.Background()
	r := newRepo(t)
	cache := t.TempDir()
	ids := r.fill(cache, noise(1, 40_000))
	path, name := r.onlyPack()
	dir, base := filepath.Split(path)
	check(t, os.Remove(path))
	write(t, filepath.Join(dir, "."+base+".icloud"), []byte("bplist00"))
	s := r.open(cache)
	if _, err := s.Get(ctx, ids[0], seal.Content); !errors.Is(err, ErrOffline) || errors.Is(err, ErrMissing) {
		t.Fatal(err)
	}
	rep, err := s.Learn(ctx)
	check(t, err)
	if len(rep.Missing) != 0 {
		t.Errorf("an evicted pack is not missing: %v", rep.Missing)
	}
	// A device that never saw it reports it and goes on.
	rep, err = r.device().Learn(ctx)
	check(t, err)
	if len(rep.Damaged) != 1 || !errors.Is(rep.Damaged[0].Err, ErrOffline) || rep.Damaged[0].Name != packPath(name) {
		t.Errorf("%v", rep.Damaged)
	}
}

func TestPackOfAnotherRepository(t *testing.T) {
	r := newRepo(t)
	other := &repo{t: t, dir: r.dir, folder: r.folder, keys: seal.DeriveRoot(seal.NewRecoveryKey(), seal.NewRepositoryID()).Keys()}
	other.fill(t.TempDir(), []byte("theirs"))
	rep, err := r.device().Learn(context.Background())
	check(t, err)
	if rep.Learned != 0 || len(rep.Damaged) != 1 || !strings.Contains(rep.Damaged[0].Err.Error(), other.keys.Repository().String()) {
		t.Fatalf("%+v", rep)
	}
}
