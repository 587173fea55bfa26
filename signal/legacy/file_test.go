package legacy

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// stored keeps what was taken apart in memory.
type stored struct {
	frames []byte
	blobs  [][]byte
}

func (s *stored) ReadFrames(_ context.Context, p []byte, off int64) (int, error) {
	return bytes.NewReader(s.frames).ReadAt(p, off)
}

func (s *stored) ReadBlob(_ context.Context, i int, p []byte, off int64) (int, error) {
	return bytes.NewReader(s.blobs[i]).ReadAt(p, off)
}

// store takes a file apart as a program does that keeps it.
func store(t testing.TB, r *Reader) (*Layout, *stored) {
	t.Helper()
	l, s := NewLayout(r.Header()), &stored{}
	for {
		f, err := r.Next()
		if err == io.EOF {
			return l, s
		}
		if err != nil {
			t.Fatal(err)
		}
		s.frames = AppendRecord(s.frames, f.Data)
		l.Frame(len(f.Data))
		if f.Blob != nil {
			in, mac, err := f.Blob.Open()
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(in)
			if err != nil {
				t.Fatal(err)
			}
			if f.Blob.Index != len(s.blobs) {
				t.Fatalf("blob %d has number %d", len(s.blobs), f.Blob.Index)
			}
			s.blobs = append(s.blobs, b)
			l.Blob(f.Blob.Length, mac)
		}
	}
}

// checkFile checks that a file comes out of its stored form, whole and in
// random pieces.
func checkFile(t testing.TB, b []byte, h Header, k Keys) {
	t.Helper()
	l, s := store(t, openBytes(t, b, k))
	form, err := l.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	if l, err = ParseLayout(form); err != nil {
		t.Fatal(err)
	}
	if again, _ := l.AppendBinary(nil); !bytes.Equal(again, form) {
		t.Error("the layout is stored differently the second time")
	}
	f, err := NewFile(l, k, s)
	if err != nil {
		t.Fatal(err)
	}
	if f.Size() != int64(len(b)) || l.StreamSize() != int64(len(s.frames)) || l.Blobs() != len(s.blobs) || !bytes.Equal(l.Header().Raw, h.Raw) {
		t.Fatalf("size %d of %d, stream %d of %d", f.Size(), len(b), l.StreamSize(), len(s.frames))
	}
	all := make([]byte, len(b))
	if n, err := f.ReadAt(context.Background(), all, 0); n != len(b) || err != nil || !bytes.Equal(all, b) {
		t.Fatalf("the whole file: %d of %d, %v, equal: %v", n, len(b), err, bytes.Equal(all, b))
	}
	rnd := rand.New(rand.NewPCG(1, uint64(len(b))))
	for range 100 {
		off := rnd.IntN(len(b))
		p := make([]byte, rnd.IntN(min(len(b), 1<<rnd.IntN(19))+1))
		n, err := f.ReadAt(context.Background(), p, int64(off))
		want := b[off:min(len(b), off+len(p))]
		if !bytes.Equal(p[:n], want) || (err == io.EOF) != (n < len(p)) || err != nil && err != io.EOF {
			t.Fatalf("%d bytes at %d: %d, %v", len(p), off, n, err)
		}
	}
}

func TestEveryRange(t *testing.T) {
	for version := range uint32(2) {
		b := encode(t, testHeader(t, version), testKeys(), smallFile())
		l, s := store(t, openBytes(t, b, testKeys()))
		f, err := NewFile(l, testKeys(), s)
		if err != nil {
			t.Fatal(err)
		}
		for off := range b {
			for _, n := range []int{1, 7, 33, len(b)} {
				p := make([]byte, n)
				k, err := f.ReadAt(context.Background(), p, int64(off))
				if !bytes.Equal(p[:k], b[off:min(len(b), off+n)]) || err != nil && err != io.EOF {
					t.Fatalf("%d bytes at %d: %d, %v", n, off, k, err)
				}
			}
		}
		if n, err := f.ReadAt(context.Background(), make([]byte, 1), int64(len(b))); n != 0 || err != io.EOF {
			t.Errorf("behind the end: %d, %v", n, err)
		}
	}
}

// bigFile has runs of frames longer than a part, large frames and blobs.
func bigFile() []entry {
	list := []entry{{frame: versionFrame(9)}}
	for i := range 3000 {
		list = append(list, entry{frame: pb(int(KindStatement), filled(i%211+1, byte(i)))})
		if i%701 == 0 {
			list = append(list, entry{frame: attachmentFrame(uint64(i), 7, i*311), blob: filled(i*311, byte(i))})
		}
		if i == 1500 {
			list = append(list, entry{frame: []byte{0xff, 0xff}}) // no protobuf
			list = append(list, entry{frame: pb(int(KindStatement), filled(300000, 1))})
		}
	}
	return append(list, entry{frame: endFrame})
}

func TestLongFile(t *testing.T) {
	for version := range uint32(2) {
		list := bigFile()
		b := encode(t, testHeader(t, version), testKeys(), list)
		got, err := take(openBytes(t, b, testKeys()))
		if err != io.EOF || !same(got, list) {
			t.Fatalf("version %d: %v", version, err)
		}
		checkFile(t, b, testHeader(t, version), testKeys())
	}
}

func TestReadAtInParallel(t *testing.T) {
	b := encode(t, testHeader(t, 1), testKeys(), bigFile())
	l, s := store(t, openBytes(t, b, testKeys()))
	f, err := NewFile(l, testKeys(), s)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			p := make([]byte, 50000)
			for i := range 40 {
				off := (i*97 + g*13) * 1009 % (len(b) - len(p))
				if _, err := f.ReadAt(context.Background(), p, int64(off)); err != nil || !bytes.Equal(p, b[off:off+len(p)]) {
					t.Errorf("at %d: %v", off, err)
				}
			}
		}()
	}
	wg.Wait()
}

// Stored frames that are not those of the layout give an error, not another file.
func TestStoredFramesChanged(t *testing.T) {
	b := encode(t, testHeader(t, 1), testKeys(), smallFile())
	l, s := store(t, openBytes(t, b, testKeys()))
	for i := range s.frames {
		changed := &stored{bytes.Clone(s.frames), s.blobs}
		changed.frames[i] ^= 0x40
		f, _ := NewFile(l, testKeys(), changed)
		p := make([]byte, len(b))
		if _, err := f.ReadAt(context.Background(), p, 0); err != nil && !errors.Is(err, ErrLayout) {
			t.Fatalf("byte %d: %v", i, err)
		} else if err == nil && bytes.Equal(p, b) {
			t.Fatalf("byte %d: no difference", i)
		}
	}
	f, _ := NewFile(l, testKeys(), &stored{s.frames[:len(s.frames)-1], s.blobs})
	if _, err := f.ReadAt(context.Background(), make([]byte, len(b)), 0); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("frames missing: %v", err)
	}
}

// A run that is longer in the file than its frames are has nothing for its last bytes:
// that is an error, and not a read that never gets on.
func TestRunLongerThanItsFrames(t *testing.T) {
	b := encode(t, testHeader(t, 1), testKeys(), smallFile())
	l, s := store(t, openBytes(t, b, testKeys()))
	l.size++
	f, err := NewFile(l, testKeys(), s)
	if err != nil {
		t.Fatal(err)
	}
	m := f.pool.Get().(*maker)
	if n, err := f.piece(context.Background(), m, make([]byte, 1), l.size-1); !errors.Is(err, ErrLayout) {
		t.Errorf("%d bytes, %v", n, err)
	}
}

func drawEntries(t *rapid.T) []entry {
	list := []entry{{frame: versionFrame(rapid.Uint64Range(1, 400).Draw(t, "version"))}}
	for range rapid.IntRange(0, 30).Draw(t, "frames") {
		n := rapid.IntRange(0, 700).Draw(t, "length")
		if rapid.IntRange(0, 20).Draw(t, "large") == 0 {
			n *= 900
		}
		seed := rapid.Byte().Draw(t, "seed")
		switch rapid.IntRange(0, 4).Draw(t, "kind") {
		case 0:
			list = append(list, entry{frame: attachmentFrame(uint64(n), uint64(seed), n), blob: filled(n, seed)})
		case 1:
			list = append(list, entry{frame: avatarFrame("12", n), blob: filled(n, seed)})
		case 2:
			list = append(list, entry{frame: stickerFrame(uint64(n), n), blob: filled(n, seed)})
		case 3:
			list = append(list, entry{frame: pb(int(KindStatement), filled(n, seed))})
		default:
			list = append(list, entry{frame: pb(20, filled(n, seed))})
		}
	}
	return append(list, entry{frame: endFrame})
}

func TestRandomFiles(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		list := drawEntries(rt)
		h, err := NewHeader([16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(rt, "iv")), rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(rt, "salt"), rapid.Uint32Range(0, 1).Draw(rt, "version"))
		if err != nil {
			rt.Fatal(err)
		}
		b := encode(t, h, testKeys(), list)
		got, err := take(openBytes(t, b, testKeys()))
		if err != io.EOF || !same(got, list) {
			rt.Fatalf("%v: %d of %d", err, len(got), len(list))
		}
		checkFile(t, b, h, testKeys())
	})
}

// A layout is small on disk: what no honest writer makes is refused, so that a few MiB do
// not become gigabytes of parts.
func TestLayoutsThatNobodyMakesAreRefused(t *testing.T) {
	head, err := NewLayout(testHeader(t, 1)).AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	run := func(length uint64) []byte { // of one frame
		b := binary.AppendUvarint(nil, length<<1)
		return append(binary.AppendUvarint(b, length), 1)
	}
	short, long, blob := run(20), run(runLength), append([]byte{MACSize<<1 | 1}, make([]byte, MACSize)...)
	for name, c := range map[string]struct {
		parts [][]byte
		ok    bool
	}{
		"nothing":                  {nil, true},
		"one short run":            {[][]byte{short}, true},
		"short before media":       {[][]byte{short, blob, short, blob, short}, true},
		"long before short":        {[][]byte{long, long, short}, true},
		"long before media":        {[][]byte{long, blob, long}, true},
		"short before short":       {[][]byte{short, short}, false},
		"short before long":        {[][]byte{long, short, long}, false},
		"media first":              {[][]byte{blob}, false},
		"media behind media":       {[][]byte{short, blob, blob}, false},
		"as many runs as possible": {slices.Repeat([][]byte{long}, maxParts), true},
		"too many runs":            {slices.Repeat([][]byte{long}, maxParts+1), false},
		"too many media":           {slices.Repeat([][]byte{short, blob}, maxBlobs+1), false},
	} {
		b := slices.Concat(append([][]byte{head}, c.parts...)...)
		l, err := ParseLayout(b)
		if (err == nil) != c.ok || err != nil && !errors.Is(err, ErrLayout) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && (cap(l.parts)*24+cap(l.macs)*MACSize > 6*len(b)+1000 || cap(l.parts) > 2*maxParts) {
			t.Errorf("%s: room for %d parts and %d media of %d bytes", name, cap(l.parts), cap(l.macs), len(b))
		}
	}
}
