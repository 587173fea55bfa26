package modern

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"bakfs/signal"
)

// A replay gives out a list of records.
type replay struct {
	list  [][]byte
	fail  func(i int) error // asked before each record; may be nil
	mu    sync.Mutex
	given int // records
	open  int
}

func (r *replay) From(ctx context.Context, place any) (Replayed, error) {
	at, _ := place.(int)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open++
	return &replayed{r, ctx, at}, nil
}

type replayed struct {
	r   *replay
	ctx context.Context
	i   int
}

func (r *replayed) Next() ([]byte, error) {
	if err := r.ctx.Err(); err != nil {
		return nil, err
	}
	if r.i == len(r.r.list) {
		return nil, io.EOF
	}
	if r.r.fail != nil {
		if err := r.r.fail(r.i); err != nil {
			return nil, err
		}
	}
	r.r.mu.Lock()
	r.r.given++
	r.r.mu.Unlock()
	r.i++
	return r.r.list[r.i-1], nil
}

func (r *replayed) Place() any { return r.i }

func (r *replayed) Close() error {
	r.r.mu.Lock()
	defer r.r.mu.Unlock()
	r.r.open--
	return nil
}

// chatRecords are records of n bytes or a little more, of which a few are
// large.
func chatRecords(seed int64, n int) [][]byte {
	rng := rand.New(rand.NewSource(seed))
	list := sampleRecords()
	for n > 0 {
		size := rng.Intn(300)
		if rng.Intn(500) == 0 {
			size = rng.Intn(700 << 10)
		}
		text := make([]byte, size)
		for i := range text {
			text[i] = "etaoin shrdlu"[rng.Intn(13)]
		}
		rec := signal.Append(nil, &signal.Frame{Item: &signal.ChatItem{ChatID: 1, AuthorID: 1, DateSent: signal.Millis(n),
			Outgoing: &signal.Outgoing{}, Body: &signal.StandardMessage{Text: &signal.Text{Body: string(text)}}}})
		list = append(list, rec)
		n -= len(rec)
	}
	return list
}

// readAll reads f from its start, size bytes at a time.
func readAll(t testing.TB, f *RecordFile, step int) []byte {
	t.Helper()
	size, err := f.Size(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	out := make([]byte, 0, size)
	buf := make([]byte, step)
	for {
		n, err := f.ReadAt(context.Background(), buf, int64(len(out)))
		out = append(out, buf[:n]...)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if int64(len(out)) != size {
		t.Fatalf("read %d bytes of %d", len(out), size)
	}
	f.Forget()
	return out
}

// formats are the files that can be made of records.
var formats = map[string]func(src Replay) *RecordFile{
	"main":   func(src Replay) *RecordFile { return NewMainFile(src, testKeys(), [16]byte{9}) },
	"stream": NewStreamFile,
	"export": func(src Replay) *RecordFile { return NewExportFile(src, ExportOptions{}, nil) },
}

func TestAMadeFileHoldsTheRecords(t *testing.T) {
	for _, n := range []int{0, 100 << 10, 3 << 20} {
		src := &replay{list: chatRecords(1, n)}
		got, err := openMain(readAll(t, formats["main"](src), 100_000), testKeys())
		if err != nil {
			t.Fatal(err)
		}
		equalRecords(t, got, src.list)
		equalRecords(t, all(t, signal.NewRecordReader(bytes.NewReader(readAll(t, NewStreamFile(src), 1<<20)))), src.list)
		equalRecords(t, all(t, NewExportReader(bytes.NewReader(readAll(t, NewExportFile(src, ExportOptions{PIN: true}, nil), 4096)))), src.list)
	}
}

// The padding of a large main is made in parts of its own.
func TestAMadeFileWithMuchPadding(t *testing.T) {
	rng := rand.New(rand.NewSource(4))
	list := sampleRecords()
	// Of random bytes, so that the main is as long as its records: a little over
	// a power of 1.05, up to the next of which it is padded.
	for i := range 23 {
		b := make([]byte, 1<<20)
		if i == 0 {
			b = b[:640_000]
		}
		rng.Read(b)
		list = append(list, b)
	}
	f := NewMainFile(&replay{list: list}, testKeys(), [16]byte{9})
	got, err := openMain(readAll(t, f, 1<<20), testKeys())
	if err != nil {
		t.Fatal(err)
	}
	equalRecords(t, got, list)
}

func TestAnyPieceOfAMadeFileIsThatOfTheWhole(t *testing.T) {
	src := &replay{list: chatRecords(2, 2<<20)}
	for name, format := range formats {
		t.Run(name, func(t *testing.T) {
			f := format(src)
			whole := readAll(t, format(src), 1<<20)
			rapid.Check(t, func(t *rapid.T) {
				off := rapid.Int64Range(0, int64(len(whole))+10).Draw(t, "off")
				p := make([]byte, rapid.IntRange(0, 200_000).Draw(t, "n"))
				n, err := f.ReadAt(context.Background(), p, off)
				want := whole[min(off, int64(len(whole))):]
				want = want[:min(len(want), len(p))]
				if n < len(p) && err != io.EOF || n == len(p) && err != nil && err != io.EOF {
					t.Fatalf("%d bytes: %v", n, err)
				}
				if !bytes.Equal(p[:n], want) {
					t.Fatal("other bytes")
				}
				if rapid.IntRange(0, 9).Draw(t, "forget") == 0 {
					f.Forget()
				}
			})
			f.Forget()
			if src.open != 0 {
				t.Errorf("%d readers of records are left open", src.open)
			}
		})
	}
}

func TestAPieceOfAMadeFileIsCheap(t *testing.T) {
	src := &replay{list: chatRecords(3, 8<<20)}
	f := formats["main"](src)
	size, err := f.Size(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if src.given = 0; size < 1<<20 {
		t.Fatal(size)
	}
	if _, err := f.ReadAt(context.Background(), make([]byte, 4096), size/2); err != nil {
		t.Fatal(err)
	}
	if src.given > len(src.list)/5 {
		t.Errorf("%d of %d records for a page", src.given, len(src.list))
	}
	// Of readers one after the other each record is made once.
	f.Forget()
	src.given = 0
	readAll(t, f, 4096)
	if src.given != len(src.list) {
		t.Errorf("%d records read for %d", src.given, len(src.list))
	}
}

func TestReadersOfAMadeFileAtTheSameTime(t *testing.T) {
	src := &replay{list: chatRecords(5, 2<<20)}
	for name, format := range formats {
		whole := readAll(t, format(src), 1<<20)
		f := format(src)
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				rng := rand.New(rand.NewSource(int64(i)))
				for range 8 {
					ctx, cancel := context.WithCancel(context.Background())
					if rng.Intn(3) == 0 {
						cancel()
					}
					off := rng.Int63n(int64(len(whole)))
					p := make([]byte, rng.Intn(300<<10))
					n, err := f.ReadAt(ctx, p, off)
					if !bytes.Equal(p[:n], whole[off:off+int64(n)]) {
						t.Errorf("%s: other bytes at %d", name, off)
					}
					if err != nil && err != io.EOF && ctx.Err() == nil {
						t.Errorf("%s: %v, though nobody interrupted", name, err)
					}
					cancel()
				}
			})
		}
		wg.Wait()
	}
}

func TestFindingTheSizeGoesOnWhereItWasInterrupted(t *testing.T) {
	src := &replay{list: chatRecords(6, 4<<20)}
	for name, format := range formats {
		whole := readAll(t, format(src), 1<<20)
		ctx, cancel := context.WithCancel(context.Background())
		stop := len(src.list) * 3 / 4
		src.fail = func(i int) error {
			if i == stop {
				cancel()
			}
			return ctx.Err()
		}
		f := format(src)
		if _, err := f.Size(ctx); !errors.Is(err, context.Canceled) {
			t.Fatal(name, err)
		}
		src.fail, src.given = nil, 0
		if size, err := f.Size(context.Background()); err != nil || size != int64(len(whole)) {
			t.Fatal(name, size, err)
		}
		if src.given > len(src.list)/2 {
			t.Errorf("%s: %d of %d records again", name, src.given, len(src.list))
		}
		if !bytes.Equal(readAll(t, f, 1<<20), whole) {
			t.Errorf("%s: other bytes", name)
		}
		src.fail = nil
	}
}

func TestAMadeFilePassesOnWhatItsRecordsSay(t *testing.T) {
	broken := errors.New("the disk is broken")
	src := &replay{list: chatRecords(7, 3<<20)}
	for name, format := range formats {
		f := format(src)
		if _, err := f.Size(context.Background()); err != nil {
			t.Fatal(err)
		}
		src.fail = func(i int) error {
			if i > len(src.list)/2 {
				return broken
			}
			return nil
		}
		if _, err := f.ReadAt(context.Background(), make([]byte, 4<<20), 0); !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := format(src).Size(context.Background()); !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
		src.fail = nil
		// Other records than when the size was found.
		list := src.list
		src.list = append(append([][]byte{}, list[:100]...), list[101:]...)
		if _, err := f.ReadAt(context.Background(), make([]byte, 4<<20), 0); !errors.Is(err, ErrDamaged) && name != "main" {
			t.Errorf("%s: other records: %v", name, err)
		}
		src.list = list
		f.Forget()
	}
	if src.open != 0 {
		t.Errorf("%d readers of records are left open", src.open)
	}
}

func BenchmarkMadeMain(b *testing.B) {
	var list [][]byte
	sealed, plain := benchMain(b, 32<<20)
	list, err := openMain(sealed, testKeys())
	if err != nil {
		b.Fatal(err)
	}
	src := &replay{list: list}
	b.Run("size", func(b *testing.B) {
		b.SetBytes(plain)
		for b.Loop() {
			if _, err := formats["main"](src).Size(context.Background()); err != nil {
				b.Fatal(err)
			}
		}
	})
	f := formats["main"](src)
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			b.SetBytes(int64(len(readAll(b, f, 128<<10))))
		}
	})
	b.Run("random", func(b *testing.B) {
		rng := rand.New(rand.NewSource(1))
		size, _ := f.Size(context.Background())
		p := make([]byte, 4096)
		for b.Loop() {
			f.ReadAt(context.Background(), p, rng.Int63n(size))
		}
	})
}
