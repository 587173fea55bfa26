package store

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"testing"

	"bakfs/seal"
)

func TestChunksComeBack(t *testing.T) {
	r := newRepo(t)
	cache := t.TempDir()
	s := r.open(cache)
	type chunk struct {
		id   seal.ID
		t    seal.ChunkType
		data []byte
	}
	var chunks []chunk
	for i, n := range []int{1, 2, 63, 64, 511, 16383, 16384, 16385, 1<<20 - 1, 1 << 20} {
		for _, typ := range []seal.ChunkType{seal.Content, seal.Tree, seal.List} {
			if typ != seal.Content && n > 1000 {
				continue
			}
			for _, data := range [][]byte{noise(uint64(i), n), text(uint64(i), n), make([]byte, n)} {
				chunks = append(chunks, chunk{put(t, s, typ, data), typ, data})
			}
		}
	}
	all := func(s *Store) {
		t.Helper()
		for _, c := range chunks {
			wantChunk(t, s, c.id, c.t, c.data)
		}
	}
	all(s) // not one is written yet
	check(t, s.Flush(context.Background()))
	all(s)
	check(t, s.Close())
	all(r.open(cache))
	all(r.device())
}

func TestReadAtIsLikeGet(t *testing.T) {
	r := newRepo(t)
	cache := t.TempDir()
	data := [][]byte{noise(1, 300_000), text(2, 300_000)}
	ids := r.fill(cache, data...)
	for name, s := range map[string]*Store{"verified": r.open(cache), "foreign": r.device()} {
		for i, id := range ids {
			for _, off := range []int64{0, 1, 16383, 16384, 123_456, 299_999, 300_000, 400_000} {
				for _, n := range []int{0, 1, 4096, 40_000, 400_000} {
					got, want := make([]byte, n), make([]byte, n)
					gn, gerr := s.ReadAt(context.Background(), id, seal.Content, got, off)
					wn, werr := bytes.NewReader(data[i]).ReadAt(want, off)
					if off >= 300_000 && n == 0 {
						continue // bytes.Reader says EOF here, others may not
					}
					if gn != wn || gerr != werr || !bytes.Equal(got[:gn], want[:wn]) {
						t.Fatalf("%s, chunk %d, %d bytes at %d: %d %v, want %d %v", name, i, n, off, gn, gerr, wn, werr)
					}
				}
			}
		}
	}
	if _, err := r.open(cache).ReadAt(context.Background(), ids[0], seal.Content, make([]byte, 1), -1); err == nil || err == io.EOF {
		t.Fatalf("negative offset: %v", err)
	}
}

func TestRawReadOpensOnlyItsBlocks(t *testing.T) {
	r := newRepo(t)
	cache := t.TempDir()
	ids := r.fill(cache, noise(1, 1<<20))
	path, _ := r.onlyPack()
	file := read(t, path)
	file[88+16400*40] ^= 1 // a block in the middle
	write(t, path, file)
	s := r.open(cache)
	p := make([]byte, 4096)
	if _, err := s.ReadAt(context.Background(), ids[0], seal.Content, p, 100_000); err != nil {
		t.Fatalf("far from the damage: %v", err)
	}
	if !bytes.Equal(p, noise(1, 1<<20)[100_000:104_096]) {
		t.Fatal("other bytes")
	}
	if _, err := s.ReadAt(context.Background(), ids[0], seal.Content, p, 16384*40-100); !errors.Is(err, ErrDamaged) {
		t.Fatalf("at the damage: %v", err)
	}
}

func TestEachChunkIsStoredOnce(t *testing.T) {
	ctx := context.Background()
	r := newRepo(t)
	cache := t.TempDir()
	s := r.open(cache)
	a := text(1, 100_000)
	id, first, err := s.Put(ctx, seal.Content, a)
	check(t, err)
	if first <= 0 {
		t.Fatalf("stored %d bytes", first)
	}
	again := func(when string, s *Store) {
		t.Helper()
		got, stored, err := s.Put(ctx, seal.Content, a)
		if err != nil || got != id || stored != 0 {
			t.Fatalf("%s: %v, %d, %v", when, got == id, stored, err)
		}
		if has, err := s.Has(ctx, id, seal.Content); !has || err != nil {
			t.Fatalf("%s: has %v, %v", when, has, err)
		}
	}
	again("in memory", s)
	check(t, s.Flush(ctx))
	again("written", s)
	check(t, s.Close())
	s = r.open(cache)
	again("another run", s)
	again("another device", r.device())
	check(t, s.Flush(ctx))
	r.onlyPack()

	tree, stored, err := s.Put(ctx, seal.Tree, a)
	if err != nil || tree == id || stored == 0 {
		t.Fatalf("the same bytes as a tree: %v, %d, %v", tree == id, stored, err)
	}
}

func TestTypeIsPartOfTheName(t *testing.T) {
	r := newRepo(t)
	cache := t.TempDir()
	ids := r.fill(cache, []byte("content"))
	s := r.open(cache)
	wantChunk(t, s, ids[0], seal.Content, []byte("content"))
	if _, err := s.Get(context.Background(), ids[0], seal.Tree); !errors.Is(err, ErrDamaged) {
		t.Fatalf("content as a tree: %v", err)
	}
}

func TestPutRefusesWhatNoPackMayHold(t *testing.T) {
	s := newRepo(t).device()
	for _, c := range []struct {
		t seal.ChunkType
		n int
	}{{seal.Content, 0}, {seal.Content, maxChunk + 1}, {0, 1}, {4, 1}} {
		if _, _, err := s.Put(context.Background(), c.t, make([]byte, c.n)); err == nil {
			t.Errorf("type %d, %d bytes: no error", c.t, c.n)
		}
	}
}

func TestSizesAreTheSmallestClasses(t *testing.T) {
	for _, c := range []struct {
		n    int
		size int64
	}{{1, 1 << 16}, {65_384 - 64, 1 << 16}, {65_384 - 63, 1 << 17}, {200_000, 1 << 18}, {1 << 20, 1 << 21}} {
		r := newRepo(t)
		r.fill(t.TempDir(), noise(7, c.n))
		path, _ := r.onlyPack()
		info, err := os.Stat(path)
		check(t, err)
		if info.Size() != c.size {
			t.Errorf("a chunk of %d bytes: a pack of %d, want %d", c.n, info.Size(), c.size)
		}
	}
}

func TestTwoStreamsAndFullPacks(t *testing.T) {
	ctx := context.Background()
	r := newRepo(t)
	s := r.device()
	for i := range 32 {
		put(t, s, seal.Content, noise(uint64(i), 1<<20))
		put(t, s, seal.Tree, text(uint64(i), 1000))
		put(t, s, seal.List, text(uint64(i), 1000))
	}
	check(t, s.Flush(ctx))
	sizes := map[uint8][]int64{}
	for p, err := range s.index.Packs() {
		check(t, err)
		sizes[p.Stream] = append(sizes[p.Stream], p.Size)
		_, entries, err := s.directory(p.Name)
		check(t, err)
		for _, e := range entries {
			if streamOf(e.Type) != p.Stream {
				t.Errorf("type %d in stream %d", e.Type, p.Stream)
			}
		}
	}
	full := 0
	for _, n := range sizes[streamContent] {
		if n == maxPack {
			full++
		}
	}
	if len(sizes[streamMeta]) != 1 || len(sizes[streamContent]) != 3 || full != 2 {
		t.Fatalf("packs by stream: %v", sizes)
	}
}

func TestIncompressibleIsLeftRaw(t *testing.T) {
	r := newRepo(t)
	s := r.device()
	for _, c := range []struct {
		name string
		data []byte
		zstd bool
	}{
		{"noise", noise(1, 200_000), false},
		{"short noise", noise(1, 1000), false},
		{"text", text(1, 200_000), true},
		{"zeros", make([]byte, 100_000), true},
		{"tiny", []byte("aaaaaaaaaaaaaaaaaaaaaaaa"), false},
		{"noise with 1 % of zeros", append(noise(2, 15_000), make([]byte, 150)...), false},
	} {
		id, stored, err := s.Put(context.Background(), seal.Content, c.data)
		check(t, err)
		check(t, s.Flush(context.Background()))
		place, ok, err := s.index.Find(id)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		if (place.Compression == compressionZstd) != c.zstd || int64(place.Stored) != stored {
			t.Errorf("%s: compression %d, %d of %d bytes", c.name, place.Compression, place.Stored, place.Raw)
		}
		if c.zstd && int(place.Stored) > len(c.data)*97/100 {
			t.Errorf("%s: gained less than 3 %%", c.name)
		}
	}
}

func TestSameChunksFromManyGoroutines(t *testing.T) {
	ctx := context.Background()
	r := newRepo(t)
	s := r.device()
	var wg sync.WaitGroup
	var mu sync.Mutex
	stored := map[seal.ID]int{}
	for g := range 8 {
		wg.Go(func() {
			for i := range 60 {
				n := uint64((i + g*7) % 60)
				id, size, err := s.Put(ctx, seal.Content, noise(n, 30_000+int(n)))
				if err != nil {
					t.Error(err)
					return
				}
				if size > 0 {
					mu.Lock()
					stored[id]++
					mu.Unlock()
				}
				if got, err := s.Get(ctx, id, seal.Content); err != nil || !bytes.Equal(got, noise(n, 30_000+int(n))) {
					t.Errorf("chunk %d: %v", n, err)
				}
				if i == 30 && g%2 == 0 {
					if err := s.Flush(ctx); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	check(t, s.Flush(ctx))
	if len(stored) != 60 {
		t.Errorf("%d chunks stored, want 60", len(stored))
	}
	for id, n := range stored {
		if n != 1 {
			t.Errorf("chunk %x stored %d times", id[:4], n)
		}
	}
	entries := 0
	for p, err := range s.index.Packs() {
		check(t, err)
		_, list, err := s.directory(p.Name)
		check(t, err)
		entries += len(list)
	}
	if entries != 60 {
		t.Errorf("packs hold %d chunks, want 60", entries)
	}
}

func TestChunkThatNobodyHas(t *testing.T) {
	r := newRepo(t)
	s := r.device()
	_, err := s.Get(context.Background(), seal.ID{1}, seal.Content)
	if !errors.Is(err, ErrMissing) {
		t.Fatal(err)
	}
	if has, err := s.Has(context.Background(), seal.ID{1}, seal.Content); has || err != nil {
		t.Fatal(has, err)
	}
}

func TestCloseDropsWhatWasNotFlushed(t *testing.T) {
	r := newRepo(t)
	cache := t.TempDir()
	s := r.open(cache)
	id := put(t, s, seal.Content, []byte("never flushed"))
	check(t, s.Close())
	check(t, s.Close())
	if n := len(r.packs()); n != 0 {
		t.Fatalf("%d packs", n)
	}
	s = r.open(cache)
	if _, ok, err := s.index.Find(id); ok || err != nil {
		t.Fatal(ok, err)
	}
	if has, err := s.Has(context.Background(), id, seal.Content); has || err != nil {
		t.Fatal(has, err)
	}
}

func TestOpenAsksForWhatItNeeds(t *testing.T) {
	r := newRepo(t)
	for _, o := range []Options{{}, {Folder: r.folder, Keys: r.keys}, {Folder: r.folder, Cache: "x"}, {Keys: r.keys, Cache: "x"}} {
		if s, err := Open(context.Background(), o); err == nil {
			s.Close()
			t.Error("no error")
		}
	}
}
