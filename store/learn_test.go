package store

import (
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

func TestIndexIsRebuilt(t *testing.T) {
	ctx := context.Background()
	data := [][]byte{noise(1, 50_000), text(2, 50_000)}
	segments := func(cache string) []string {
		files, err := filepath.Glob(filepath.Join(cache, "seg-*"))
		check(t, err)
		if len(files) == 0 {
			t.Fatal("no segment to damage")
		}
		return files
	}
	for name, spoil := range map[string]func(cache string){
		"removed": func(cache string) { check(t, index.Remove(cache)) },
		"zeroed": func(cache string) {
			for _, f := range segments(cache) {
				write(t, f, make([]byte, len(read(t, f))))
			}
		},
		"truncated": func(cache string) {
			for _, f := range segments(cache) {
				check(t, os.Truncate(f, int64(len(read(t, f))/2)))
			}
		},
		"random": func(cache string) {
			for _, f := range segments(cache) {
				write(t, f, noise(9, len(read(t, f))))
			}
		},
		"random behind the first pages": func(cache string) {
			for _, f := range segments(cache) {
				b := read(t, f)
				copy(b[8192:], noise(9, len(b)-8192))
				write(t, f, b)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t)
			cache := t.TempDir()
			ids := r.fill(cache, data...)
			spoil(cache)
			s := r.open(cache)
			for i, id := range ids {
				wantChunk(t, s, id, seal.Content, data[i])
				if has, err := s.Has(ctx, id, seal.Content); !has || err != nil {
					t.Fatal(has, err)
				}
			}
			if _, stored, err := s.Put(ctx, seal.Content, data[0]); stored != 0 || err != nil {
				t.Fatalf("stored again: %d, %v", stored, err)
			}
		})
	}
}

// A run that is killed between a pack and the index leaves the pack, which the
// next run learns. What the index has not published dies with the process.
func TestCrashBetweenPackAndIndexLosesNothing(t *testing.T) {
	ctx := context.Background()
	r := newRepo(t)
	cache := t.TempDir()
	r.fill(cache, []byte("known before"))
	s := r.open(cache)
	id := put(t, s, seal.Content, noise(1, 70_000))
	for _, st := range s.writer.streams {
		check(t, s.handOver(ctx, st))
	}
	check(t, s.writer.settled(ctx))
	// The process dies: nothing is published or closed. A new one opens the
	// same cache.
	next := r.open(cache)
	if _, ok, err := next.index.Find(id); ok || err != nil {
		t.Fatalf("the index was published: %v, %v", ok, err)
	}
	wantChunk(t, next, id, seal.Content, noise(1, 70_000))
	if _, stored, err := next.Put(ctx, seal.Content, noise(1, 70_000)); stored != 0 || err != nil {
		t.Fatalf("stored again: %d, %v", stored, err)
	}
}

func TestLearnReportsWhatItFinds(t *testing.T) {
	ctx := context.Background()
	r := newRepo(t)
	s := r.device()
	rep, err := s.Learn(ctx)
	check(t, err)
	if rep.Packs != 0 || rep.Learned != 0 {
		t.Fatalf("empty folder: %+v", rep)
	}
	ids := r.fill(t.TempDir(), []byte("from elsewhere"))
	path, name := r.onlyPack()
	conflict := filepath.Join(filepath.Dir(path), "notes (conflicted copy).txt")
	write(t, conflict, []byte("mine"))
	write(t, filepath.Join(r.dir, "packs", ".DS_Store"), []byte("x"))
	write(t, filepath.Join(filepath.Dir(path), ".tmp-0123-4567"), []byte("another device's"))
	half := seal.Hash{0xaa}
	check(t, os.MkdirAll(filepath.Join(r.dir, "packs/aa"), 0o700))
	write(t, filepath.Join(r.dir, packPath(half)), make([]byte, 1000))

	rep, err = s.Learn(ctx)
	check(t, err)
	if rep.Packs != 2 || rep.Learned != 1 || len(rep.Missing) != 0 {
		t.Errorf("%+v", rep)
	}
	wantIgnored := []string{"packs/" + name.String()[:2] + "/notes (conflicted copy).txt", "packs/.DS_Store"}
	slices.Sort(wantIgnored)
	slices.Sort(rep.Ignored)
	if !slices.Equal(rep.Ignored, wantIgnored) {
		t.Errorf("ignored %q, want %q", rep.Ignored, wantIgnored)
	}
	if len(rep.Damaged) != 1 || rep.Damaged[0].Name != packPath(half) || !errors.Is(rep.Damaged[0].Err, ErrNotSynced) {
		t.Errorf("damaged: %v", rep.Damaged)
	}
	if string(read(t, conflict)) != "mine" {
		t.Error("the foreign file was touched")
	}
	wantChunk(t, s, ids[0], seal.Content, []byte("from elsewhere"))

	check(t, os.Remove(path))
	rep, err = s.Learn(ctx)
	check(t, err)
	if !slices.Equal(rep.Missing, []seal.Hash{name}) {
		t.Errorf("missing %v, want %v", rep.Missing, name)
	}
}

func TestLearnReadsNoChunks(t *testing.T) {
	r := newRepo(t)
	ids := r.fill(t.TempDir(), noise(1, 1<<20))
	path, _ := r.onlyPack()
	file := read(t, path)
	for block := 1; 88+16400*block < len(file); block++ {
		file[88+16400*block] ^= 1
	}
	write(t, path, file)
	s := r.device()
	if _, ok, err := s.index.Find(ids[0]); !ok || err != nil {
		t.Fatalf("a pack with a good directory was not learnt: %v", err)
	}
	if _, err := s.Get(context.Background(), ids[0], seal.Content); !errors.Is(err, ErrDamaged) {
		t.Fatal(err)
	}
}

func TestMissingChunkMakesTheStoreLearn(t *testing.T) {
	r := newRepo(t)
	reader := r.device()
	ids := r.fill(t.TempDir(), []byte("new in the folder"))
	r.age()
	reader.learning.last = reader.learning.last.Add(-learnPause) // as if time had passed
	wantChunk(t, reader, ids[0], seal.Content, []byte("new in the folder"))
	// What is not there does not make it list the folder again and again.
	lists := 0
	r.folder.step = func(op, name string) error {
		if op == "list" && strings.HasPrefix(name, "packs/") {
			lists++
		}
		return nil
	}
	defer func() { r.folder.step = nil }()
	for i := range 5 {
		if _, err := reader.Get(context.Background(), seal.ID{byte(i + 1)}, seal.Content); !errors.Is(err, ErrMissing) {
			t.Fatal(err)
		}
	}
	if lists > 1 {
		t.Errorf("the folder was listed %d times", lists)
	}
}

func TestForeignPackIsVerifiedBeforeItCounts(t *testing.T) {
	ctx := context.Background()
	r := newRepo(t)
	good := noise(1, 60_000)
	id := r.keys.Name(seal.Content, good)
	// Another device, broken or hostile, seals other bytes under that name.
	lie := noise(2, 60_000)
	bad := r.plant(packOf(streamContent, [][]byte{lie}, nil, index.Entry{ID: id, Raw: 60_000, Type: seal.Content}))
	s := r.device()
	if _, err := s.Get(ctx, id, seal.Content); !errors.Is(err, ErrDamaged) {
		t.Fatalf("false bytes: %v", err)
	}
	if has, err := s.Has(ctx, id, seal.Content); has || err != nil {
		t.Fatalf("counted on: %v, %v", has, err)
	}
	if _, stored, err := s.Put(ctx, seal.Content, good); stored == 0 || err != nil {
		t.Fatalf("not stored again: %d, %v", stored, err)
	}
	check(t, s.Flush(ctx))
	wantChunk(t, s, id, seal.Content, good)
	if has, err := s.Has(ctx, id, seal.Content); !has || err != nil {
		t.Fatalf("stored again and not known: %v, %v", has, err)
	}
	if _, err := s.Verify(ctx, bad); !errors.Is(err, ErrDamaged) {
		t.Fatalf("verify: %v", err)
	}
	if p, _, err := s.index.Pack(bad); err != nil || p.Verified {
		t.Fatalf("marked as verified: %v", err)
	}
}

// A store that is open when another device's pack arrives knows it by the time
// of its first Put.
func TestFirstPutLooksIntoTheFolder(t *testing.T) {
	r := newRepo(t)
	s := r.device()
	r.fill(t.TempDir(), noise(1, 60_000))
	if _, stored, err := s.Put(context.Background(), seal.Content, noise(1, 60_000)); stored != 0 || err != nil {
		t.Fatalf("stored again: %d, %v", stored, err)
	}
}

func TestVerifiedPackIsReadOnce(t *testing.T) {
	ctx := context.Background()
	r := newRepo(t)
	ids := r.fill(t.TempDir(), text(1, 1000), text(2, 1000))
	cache := t.TempDir()
	s := r.open(cache)
	_, name := r.onlyPack()
	opens := 0
	r.folder.step = func(op, file string) error {
		if op == "open" && file == packPath(name) {
			opens++
		}
		return nil
	}
	for _, id := range ids {
		if has, err := s.Has(ctx, id, seal.Content); !has || err != nil {
			t.Fatal(has, err)
		}
	}
	first := opens
	check(t, s.Close())
	s = r.open(cache)
	if has, err := s.Has(ctx, ids[0], seal.Content); !has || err != nil {
		t.Fatal(has, err)
	}
	if first == 0 || first > 2 || opens != first {
		t.Fatalf("opened %d times by the first run, %d in all", first, opens)
	}
}

func TestChunkOfALostPackIsStoredAgain(t *testing.T) {
	ctx := context.Background()
	for name, lose := range map[string]func(path string){
		"gone":      func(path string) { check(t, os.Remove(path)) },
		"truncated": func(path string) { check(t, os.Truncate(path, 4096)) },
		"a link":    func(path string) { check(t, os.Rename(path, path+"x")); check(t, os.Symlink(path+"x", path)) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t)
			cache := t.TempDir()
			ids := r.fill(cache, text(1, 30_000))
			path, _ := r.onlyPack()
			lose(path)
			s := r.open(cache)
			if has, err := s.Has(ctx, ids[0], seal.Content); has || err != nil {
				t.Fatal(has, err)
			}
			if _, stored, err := s.Put(ctx, seal.Content, text(1, 30_000)); stored == 0 || err != nil {
				t.Fatal(stored, err)
			}
			check(t, s.Flush(ctx))
			check(t, s.Close())
			wantChunk(t, r.open(cache), ids[0], seal.Content, text(1, 30_000))
			wantChunk(t, r.device(), ids[0], seal.Content, text(1, 30_000))
		})
	}
}

func TestWrongPlaceIsLearntAgain(t *testing.T) {
	ctx := context.Background()
	r := newRepo(t)
	data := [][]byte{noise(1, 20_000), noise(2, 20_000)}
	ids := r.fill(t.TempDir(), data...)
	_, name := r.onlyPack()
	// The index says, with good checksums, what the pack's directory does not.
	cache := t.TempDir()
	x, err := index.Open(cache)
	check(t, err)
	first := uint32(headSize + 2*entrySize)
	check(t, x.Add(index.Pack{Name: name, Size: 1 << 16, Stream: streamContent, Verified: true}, []index.Entry{
		{ID: ids[0], Offset: first + 20_000, Stored: 20_000, Raw: 20_000, Type: seal.Content},
		{ID: ids[1], Offset: first + 1, Stored: 20_000, Raw: 20_000, Type: seal.Content},
	}))
	check(t, x.Close())
	s := r.open(cache)
	for i, id := range ids {
		p := make([]byte, 100)
		if _, err := s.ReadAt(ctx, id, seal.Content, p, 5); err != nil || string(p) != string(data[i][5:105]) {
			t.Fatalf("chunk %d: %v", i, err)
		}
		wantChunk(t, s, id, seal.Content, data[i])
	}
	// A chunk that the pack does not have at all.
	check(t, s.index.Add(index.Pack{Name: name, Size: 1 << 16, Stream: streamContent, Verified: true},
		[]index.Entry{{ID: seal.ID{7}, Offset: first, Stored: 20_000, Raw: 20_000, Type: seal.Content}}))
	if _, err := s.Get(ctx, seal.ID{7}, seal.Content); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "index") {
		t.Fatal(err)
	}
}
