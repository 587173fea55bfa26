package seal

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"testing"
)

func TestWriterWritesWhatSealDoes(t *testing.T) {
	k, r := testKeys(), random(20)
	p := Place{Class: ClassPack}
	for _, size := range []int64{65536, 1 << 18, 1 << 20} {
		n, _ := PlaintextSize(size)
		plaintext := fill(n, 1)
		for _, piece := range []int{1000, blockSize, blockSize + 1, 1 << 20, 0} {
			var file bytes.Buffer
			w, err := k.NewWriter(&file, p)
			if err != nil {
				t.Fatal(err)
			}
			for rest := plaintext; len(rest) > 0; {
				m := piece
				if m == 0 {
					m = r.IntN(3 * blockSize)
				}
				m = min(m, len(rest))
				if got, err := w.Write(rest[:m]); got != m || err != nil {
					t.Fatalf("Write took %d of %d: %v", got, m, err)
				}
				rest = rest[m:]
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if got, err := k.Open(p, file.Bytes()); err != nil || !bytes.Equal(got, plaintext) {
				t.Fatalf("%d in pieces of %d: %v", size, piece, err)
			}
			if _, err := w.Write([]byte{1}); err == nil {
				t.Fatal("Write after Close")
			}
			if err := w.Close(); err == nil {
				t.Fatal("Close after Close")
			}
			if int64(file.Len()) != size {
				t.Fatalf("%d bytes after Close", file.Len())
			}
		}
	}
}

// failing fails its n-th write, with an error or by writing less.
type failing struct {
	n     int
	short bool
}

var errFull = errors.New("the disk is full")

func (f *failing) Write(b []byte) (int, error) {
	if f.n--; f.n > 0 {
		return len(b), nil
	}
	if f.short {
		return len(b) - 1, nil
	}
	return 0, errFull
}

func TestAFailedWriteVoidsTheObject(t *testing.T) {
	k := testKeys()
	n, _ := PlaintextSize(1 << 20)
	for fail := 1; fail <= 4; fail++ {
		for _, short := range []bool{false, true} {
			want := errFull
			if short {
				want = io.ErrShortWrite
			}
			w, err := k.NewWriter(&failing{fail, short}, Place{Class: ClassPack})
			if err != nil {
				t.Fatal(err)
			}
			_, err = w.Write(make([]byte, n))
			if fail < 4 && !errors.Is(err, want) {
				t.Fatalf("write %d: %v", fail, err)
			}
			if err := w.Close(); !errors.Is(err, want) {
				t.Fatalf("write %d: Close: %v", fail, err)
			}
			if _, err := w.Write(nil); !errors.Is(err, want) {
				t.Fatalf("write %d: Write afterwards: %v", fail, err)
			}
		}
	}
}

func TestWriterRefusesWhatNoFileHolds(t *testing.T) {
	k := testKeys()
	w, _ := k.NewWriter(io.Discard, Place{Class: ClassEntry})
	if _, err := w.Write(make([]byte, 1<<20)); err == nil {
		t.Fatal("1 MiB fits into an entry")
	}
	if err := w.Close(); err == nil {
		t.Fatal("Close after a refused Write")
	}
	var file bytes.Buffer
	w, _ = k.NewWriter(&file, Place{Class: ClassEntry})
	w.Write(make([]byte, 3991))
	if err := w.Close(); err == nil || file.Len() > 0 {
		t.Fatalf("unpadded: %v, %d bytes written", err, file.Len())
	}
}

// counting notes what is read of a file.
type counting struct {
	io.ReaderAt
	calls int
	bytes int64
}

func (c *counting) ReadAt(p []byte, off int64) (int, error) {
	c.calls++
	c.bytes += int64(len(p))
	return c.ReaderAt.ReadAt(p, off)
}

func TestReadAtReadsOnlyTheBlocksTouched(t *testing.T) {
	k, p := testKeys(), Place{Class: ClassPack}
	file, plaintext := sealed(t, k, p, 1<<20)
	c := &counting{ReaderAt: bytes.NewReader(file)}
	r, err := k.NewReader(c, 1<<20, p)
	if err != nil {
		t.Fatal(err)
	}
	if c.calls != 1 || c.bytes != objectHead {
		t.Fatalf("opening reads %d bytes in %d calls", c.bytes, c.calls)
	}
	rnd := random(21)
	for range 2000 {
		off := rnd.Int64N(r.Size())
		length := 1 + rnd.IntN(6*blockSize)
		if rnd.IntN(3) == 0 { // at the borders of blocks
			off, length = off/blockSize*blockSize, (length+blockSize-1)/blockSize*blockSize
		}
		b := make([]byte, length)
		c.calls, c.bytes = 0, 0
		n, err := r.ReadAt(b, off)
		want := plaintext[off:min(int64(len(plaintext)), off+int64(len(b)))]
		if !bytes.Equal(b[:n], want) || (n < len(b)) != (err == io.EOF) || n == len(b) && err != nil {
			t.Fatalf("ReadAt(%d, %d) = %d, %v", off, len(b), n, err)
		}
		first, last := off/blockSize, (off+int64(n)-1)/blockSize
		if c.calls != 1 || c.bytes > (last-first+1)*sealedBlock {
			t.Fatalf("ReadAt(%d, %d) reads %d bytes in %d calls", off, len(b), c.bytes, c.calls)
		}
	}
}

func TestReadAtAtTheEdges(t *testing.T) {
	k := testKeys()
	file, plaintext := sealed(t, k, entryPlace, 32768)
	r, err := k.NewReader(bytes.NewReader(file), 32768, entryPlace)
	if err != nil {
		t.Fatal(err)
	}
	size := r.Size()
	for _, c := range []struct {
		off int64
		len int
		n   int
		err error
	}{
		{size, 1, 0, io.EOF}, {size + 1<<40, 1, 0, io.EOF}, {size - 1, 1, 1, nil}, {size - 1, 2, 1, io.EOF}, {0, 0, 0, nil},
		{0, int(size), int(size), nil}, {0, int(size) + 1, int(size), io.EOF}, {blockSize, int(size), int(size) - blockSize, io.EOF},
	} {
		b := make([]byte, c.len)
		n, err := r.ReadAt(b, c.off)
		if n != c.n || err != c.err || n > 0 && !bytes.Equal(b[:n], plaintext[c.off:][:n]) {
			t.Errorf("ReadAt(%d, %d) = %d, %v", c.off, c.len, n, err)
		}
	}
	if n, err := r.ReadAt(make([]byte, 1), -1); n != 0 || err == nil || err == io.EOF {
		t.Errorf("ReadAt(-1) = %d, %v", n, err)
	}
}

func TestADamagedBlockIsNotHandedOut(t *testing.T) {
	k, p := testKeys(), Place{Class: ClassPack}
	file, plaintext := sealed(t, k, p, 65536)
	file[objectHead+sealedBlock+5] ^= 1
	r, err := k.NewReader(bytes.NewReader(file), 65536, p)
	if err != nil {
		t.Fatal(err)
	}
	for _, off := range []int64{0, 10} { // opened in place, and through the scratch memory
		b := make([]byte, 3*blockSize)
		n, err := r.ReadAt(b, off)
		if int64(n) != blockSize-off || !errors.Is(err, ErrTampered) || !bytes.Equal(b[:n], plaintext[off:blockSize]) {
			t.Fatalf("n = %d, %v", n, err)
		}
		if len(bytes.Trim(b[n:], "\x00")) > 0 {
			t.Fatal("bytes of the damaged block are handed out")
		}
	}
	for _, off := range []int64{0, 2 * blockSize, 3 * blockSize} {
		b := make([]byte, 100)
		if _, err := r.ReadAt(b, off); err != nil || !bytes.Equal(b, plaintext[off:off+100]) {
			t.Fatalf("the block at %d: %v", off, err)
		}
	}
}

// broken is a source that ends early or fails.
type broken struct {
	io.ReaderAt
	end int64
	err error
}

func (b broken) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > b.end {
		return max(0, int(b.end-off)), b.err
	}
	return b.ReaderAt.ReadAt(p, off)
}

func TestErrorsOfTheSource(t *testing.T) {
	k, p := testKeys(), Place{Class: ClassPack}
	file, _ := sealed(t, k, p, 65536)
	for _, end := range []int64{0, 87, 88, 40000, 65535} {
		for _, c := range []struct{ err, want error }{{io.EOF, ErrTampered}, {nil, ErrTampered}, {errFull, errFull}} {
			r, err := k.NewReader(broken{bytes.NewReader(file), end, c.err}, 65536, p)
			if err == nil {
				_, err = r.ReadAt(make([]byte, r.Size()), 0)
			}
			if !errors.Is(err, c.want) || errors.Is(err, io.EOF) {
				t.Errorf("end %d with %v: %v", end, c.err, err)
			}
		}
	}
}

func TestReadersAndNamesRunInParallel(t *testing.T) {
	k, p := testKeys(), Place{Class: ClassPack}
	file, plaintext := sealed(t, k, p, 1<<18)
	r, err := k.NewReader(bytes.NewReader(file), 1<<18, p)
	if err != nil {
		t.Fatal(err)
	}
	name := k.Name(Content, plaintext)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			rnd, b := random(uint64(g)), make([]byte, 40000)
			for range 50 {
				off := rnd.Int64N(r.Size() - 40000)
				if _, err := r.ReadAt(b, off); err != nil || !bytes.Equal(b, plaintext[off:off+40000]) {
					t.Errorf("ReadAt(%d): %v", off, err)
				}
				if k.Name(Content, plaintext) != name {
					t.Error("another name")
				}
			}
		})
	}
	wg.Wait()
}

// 64 blocks cost a few allocations for the object, none for a block.
func TestBlocksDoNotAllocate(t *testing.T) {
	k, p := testKeys(), Place{Class: ClassPack}
	file, plaintext := sealed(t, k, p, 1<<20)
	r, err := k.NewReader(bytes.NewReader(file), 1<<20, p)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, r.Size())
	for what, f := range map[string]func(){
		"ReadAt": func() { r.ReadAt(b, 0) },
		"Open":   func() { k.Open(p, file) },
		"Seal":   func() { k.Seal(p, plaintext) },
		"Writer": func() { w, _ := k.NewWriter(io.Discard, p); w.Write(plaintext); w.Close() },
	} {
		if n := testing.AllocsPerRun(10, f); n > 50 {
			t.Errorf("%s: %v allocations", what, n)
		} else {
			t.Logf("%s: %v allocations", what, n)
		}
	}
}
