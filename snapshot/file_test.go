package snapshot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"bakfs/seal"
	"bakfs/store"
)

// writeFile stores content cut at random, zeros as holes.
func writeFile(t testing.TB, m *memStore, pieces [][]byte) Entry {
	t.Helper()
	e := Entry{Name: "f", Kind: File, Mode: 0o644, Nlink: 1}
	w := newListWriter(m)
	for _, p := range pieces {
		x := Extent{Length: uint32(len(p))}
		if bytes.Trim(p, "\x00") != nil {
			var err error
			if x.ID, _, err = m.Put(context.Background(), seal.Content, p); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.add(context.Background(), x); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.finish(context.Background(), &e); err != nil {
		t.Fatal(err)
	}
	return e
}

func open(t testing.TB, m *memStore, e Entry) *openFile {
	t.Helper()
	f, err := openTree(m, writeDir(t, m, []Entry{e})).Open(e.Name)
	if err != nil {
		t.Fatal(err)
	}
	return f.(*openFile)
}

func randomPieces(seed uint64, n, most int) (pieces [][]byte) {
	r := rand.New(rand.NewPCG(seed, 1))
	for range n {
		p := make([]byte, 1+r.IntN(most))
		if r.IntN(4) > 0 {
			for i := range p {
				p[i] = byte(r.Uint32())
			}
		}
		pieces = append(pieces, p)
	}
	return pieces
}

func TestReadAtGivesEveryByte(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		pieces := randomPieces(rapid.Uint64().Draw(rt, "seed"), rapid.SampledFrom([]int{0, 1, 8, 9, 3000}).Draw(rt, "pieces"), 200)
		want := bytes.Join(pieces, nil)
		m := newMemStore()
		f := open(t, m, writeFile(t, m, pieces))
		for range 10 {
			off := rapid.Int64Range(0, int64(len(want))+10).Draw(rt, "off")
			p := make([]byte, rapid.IntRange(0, 5000).Draw(rt, "n"))
			for i := range p {
				p[i] = 0xaa // holes must be written too
			}
			n, err := f.ReadAt(context.Background(), p, off)
			rest := want[min(off, int64(len(want))):]
			if !bytes.Equal(p[:n], rest[:min(len(p), len(rest))]) {
				rt.Fatalf("%d bytes at %d differ", n, off)
			}
			if end := len(p) > len(rest) || len(rest) == 0; end != (err == io.EOF) || err != nil && err != io.EOF {
				rt.Fatalf("%d of %d bytes at %d of %d: %v", n, len(p), off, len(want), err)
			}
		}
		if all, err := io.ReadAll(f); err != nil || !bytes.Equal(all, want) {
			rt.Fatal("read through:", err)
		}
	})
}

// A file of 1 TiB with a few bytes in it: blocks count the bytes, and all else is zero.
func TestSparseFileBeyond4GiB(t *testing.T) {
	m := newMemStore()
	x := Extent{Length: 600, ID: m.put(t, seal.Content, bytes.Repeat([]byte("x"), 600))}
	for _, holes := range []int{2, 256} {
		w := newListWriter(m)
		e := Entry{Name: "f", Kind: File}
		for range holes {
			if err := w.add(t.Context(), Extent{Length: 1<<32 - 1}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.add(t.Context(), x); err != nil {
			t.Fatal(err)
		}
		if _, err := w.finish(t.Context(), &e); err != nil {
			t.Fatal(err)
		}
		f := open(t, m, e)
		end := int64(holes) * (1<<32 - 1)
		if got, err := contentAt(f, end-4, 10); string(got) != "\x00\x00\x00\x00xxxxxx" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		if got, err := contentAt(f, 1<<32-3, 5); string(got) != "\x00\x00\x00\x00\x00" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		if got, err := contentAt(f, end+599, 5); string(got) != "x" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		info, _ := f.Stat()
		if s := info.Sys().(*syscall.Stat_t); s.Size != end+600 || holes == 2 && s.Blocks != 2 {
			t.Errorf("size %d, %d blocks", s.Size, s.Blocks)
		}
	}
}

// One bad chunk is an error for its range, with the place; before and behind it the file is whole.
func TestOneBadChunkSpoilsOnlyItsRange(t *testing.T) {
	for _, n := range []int{5, 50} {
		var pieces [][]byte
		for i := range n {
			pieces = append(pieces, bytes.Repeat([]byte{byte('A' + i)}, 1000))
		}
		m := newMemStore()
		f := open(t, m, writeFile(t, m, pieces))
		m.broken[fakeID(seal.Content, pieces[2])] = errBroken
		p := make([]byte, 5000)
		got, err := f.ReadAt(t.Context(), p, 500)
		if got != 1500 || !errors.Is(err, store.ErrDamaged) || string(p[1499:1500]) != "B" {
			t.Errorf("%d bytes, %v", got, err)
		}
		if want := "read f: at byte 2000: broken on purpose: damaged"; err == nil || err.Error() != want {
			t.Errorf("%v, not %s", err, want)
		}
		if b, err := contentAt(f, 3000, 2000); len(b) != 2000 || b[0] != 'D' || err != nil {
			t.Error(err)
		}
	}
}

// A chunk that is not as long as its file says is refused, read whole or in part.
func TestChunkOfAnotherLength(t *testing.T) {
	m := newMemStore()
	chunk := m.put(t, seal.Content, make([]byte, 100<<10))
	other := m.put(t, seal.Content, bytes.Repeat([]byte{1}, 200<<10))
	far := []Extent{{1 << 31, seal.ID{}}, {200 << 10, chunk}, {100 << 10, other}}
	f := open(t, m, Entry{Name: "f", Kind: File, Extents: far, Size: 1<<31 + 300<<10})
	for _, read := range []struct {
		off int64
		n   int
	}{{1 << 31, 200 << 10}, {1<<31 + 150<<10, 10}, {1<<31 + 200<<10, 100 << 10}} {
		if _, err := f.ReadAt(t.Context(), make([]byte, read.n), read.off); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("%d bytes at %d: %v", read.n, read.off, err)
		}
	}
}

func TestSequentialReadersAreReadAhead(t *testing.T) {
	m := newMemStore()
	var pieces [][]byte
	for i := range 40 {
		pieces = append(pieces, bytes.Repeat([]byte{byte(i + 1)}, 256<<10))
	}
	e := writeFile(t, m, pieces)
	f := open(t, m, e)
	if _, err := contentAt(f, 0, 128<<10); err != nil {
		t.Fatal(err)
	}
	if n := len(m.prefetched); n != 2 { // four reads ahead; the first chunk is got by the read itself
		t.Errorf("%d chunks are asked for with the first read", n)
	}
	for off := int64(128 << 10); off < 4<<20; off += 128 << 10 {
		if _, err := contentAt(f, off, 128<<10); err != nil {
			t.Fatal(err)
		}
	}
	asked := map[seal.ID]int{}
	for _, id := range m.prefetched {
		if asked[id]++; asked[id] > 1 {
			t.Fatal("a chunk is asked for twice")
		}
	}
	// 4 MiB read and 2 MiB ahead are 24 chunks; the first is not asked for.
	if len(asked) < 22 || len(asked) > 24 || m.parts > 0 {
		t.Errorf("%d chunks are asked for, %d reads of parts", len(asked), m.parts)
	}

	m.prefetched = nil
	head := open(t, m, e)
	if _, err := contentAt(head, 0, 4096); err != nil || len(m.prefetched) > 0 {
		t.Errorf("a look at the first page asks for %d more chunks, %v", len(m.prefetched), err)
	}
	kernel := open(t, m, e) // its requests of 1 MiB come in any order
	for _, mb := range []int64{0, 2, 1, 4, 3, 5} {
		if _, err := contentAt(kernel, mb<<20, 1<<20); err != nil {
			t.Fatal(err)
		}
	}
	if got := kernel.run.Load(); got != 6 {
		t.Errorf("%d of 6 reads in a slightly wrong order count as sequential", got)
	}

	m.prefetched = nil
	random := open(t, m, e)
	for _, off := range []int64{9 << 20, 2 << 20, 7 << 20, 4 << 20} {
		if _, err := contentAt(random, off+1, 64<<10); err != nil {
			t.Fatal(err)
		}
	}
	if len(m.prefetched) > 0 || m.parts != 4 {
		t.Errorf("random reads ask for %d more chunks and read %d parts", len(m.prefetched), m.parts)
	}
}

func TestManyReadersOfOneFile(t *testing.T) {
	m := newMemStore()
	pieces := randomPieces(5, 400, 4000)
	want := bytes.Join(pieces, nil)
	f := open(t, m, writeFile(t, m, pieces))
	var wg sync.WaitGroup
	errs := make(chan error, 8)
	for i := range 8 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 9))
			for range 200 {
				off := r.IntN(len(want) - 3000)
				got, err := contentAt(f, int64(off), 3000)
				if err != nil || !bytes.Equal(got, want[off:off+3000]) {
					errs <- fmt.Errorf("at %d: %w", off, err)
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
}

func TestReadAtOddOffsets(t *testing.T) {
	m := newMemStore()
	f := open(t, m, plainFile("f", "inline"))
	if _, err := f.ReadAt(t.Context(), make([]byte, 1), -1); err == nil || err == io.EOF {
		t.Error(err)
	}
	for _, off := range []int64{6, 7, 1<<63 - 1} {
		if n, err := f.ReadAt(t.Context(), make([]byte, 1), off); n != 0 || err != io.EOF {
			t.Error(off, n, err)
		}
	}
	if b, err := contentAt(f, 2, 3); string(b) != "lin" || err != nil {
		t.Error(b, err)
	}
}

func BenchmarkReadAt(b *testing.B) {
	m := newMemStore()
	f := open(b, m, writeFile(b, m, randomPieces(1, 200, 400<<10)))
	p := make([]byte, 128<<10)
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	for off := int64(0); b.Loop(); off += int64(len(p)) {
		if off+int64(len(p)) > f.entry.Size {
			off = 0
		}
		if _, err := f.ReadAt(b.Context(), p, off); err != nil {
			b.Fatal(err)
		}
	}
}
