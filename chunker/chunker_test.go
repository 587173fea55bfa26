package chunker

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/iotest"
)

// all reads every chunk and returns the lengths and the whole.
func all(k *Chunker) (list []int, data []byte, err error) {
	for {
		chunk, err := k.Next()
		if err == io.EOF {
			return list, data, nil
		}
		if err != nil {
			return list, data, err
		}
		list = append(list, len(chunk))
		data = append(data, chunk...)
	}
}

// A randomReader gives pieces of random lengths, sometimes none, sometimes with the end.
type randomReader struct {
	data []byte
	most int
	rand *rand.Rand
}

func (r *randomReader) Read(p []byte) (int, error) {
	if len(r.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), r.rand.IntN(r.most))], r.data)
	r.data = r.data[n:]
	if len(r.data) == 0 && r.rand.IntN(2) == 0 {
		return n, io.EOF
	}
	return n, nil
}

func TestCutsDoNotDependOnReads(t *testing.T) {
	c := testCutter(20)
	k := c.New(nil)
	for _, size := range []int{0, 1, Min, Min + 1, Max - 1, Max, Max + 1, 2*Max + 1, 3<<20 + 12345} {
		data := randomBytes(uint64(size), size)
		want := lengths(data, c.Cut)
		readers := map[string]io.Reader{
			"whole": bytes.NewReader(data), "half": iotest.HalfReader(bytes.NewReader(data)), "end with data": iotest.DataErrReader(bytes.NewReader(data)),
		}
		if size <= Max {
			readers["one byte"] = iotest.OneByteReader(bytes.NewReader(data))
		}
		for _, most := range []int{300, 70_000, 3 << 20} {
			readers["random "+string(rune('a'+len(readers)))] = &randomReader{data, most, rand.New(rand.NewPCG(uint64(most), 1))}
		}
		for name, r := range readers {
			k.Reset(r)
			got, whole, err := all(k)
			if err != nil || !slices.Equal(got, want) || !bytes.Equal(whole, data) {
				t.Errorf("%d bytes, %s: %v instead of %v, error %v", size, name, got, want, err)
			}
			if _, err := k.Next(); err != io.EOF {
				t.Errorf("%s: after the end %v", name, err)
			}
		}
	}
}

func TestReaderErrorIsNotAnEnd(t *testing.T) {
	broken := errors.New("broken")
	c := testCutter(21)
	data := randomBytes(21, 5<<20)
	whole := lengths(data, c.Cut)
	for _, at := range []int{0, 1, Min, Max, 2 * Max, 3<<20 + 1, len(data)} {
		for name, r := range map[string]io.Reader{
			"after": io.MultiReader(bytes.NewReader(data[:at]), iotest.ErrReader(broken)),
			"with":  iotest.DataErrReader(io.MultiReader(bytes.NewReader(data[:at]), iotest.ErrReader(broken))),
		} {
			k := c.New(r)
			list, _, err := all(k)
			if err != broken {
				t.Errorf("%s %d bytes: %v", name, at, err)
			}
			if !slices.Equal(list, whole[:len(list)]) {
				t.Errorf("%s %d bytes: chunks %v are not the stream's", name, at, list)
			}
			if _, err := k.Next(); err != broken {
				t.Errorf("%s %d bytes: the second time %v", name, at, err)
			}
			k.Reset(bytes.NewReader(data))
			if list, _, err := all(k); err != nil || !slices.Equal(list, whole) {
				t.Errorf("after Reset: %v, %v", list, err)
			}
		}
	}
	k := c.New(io.MultiReader(bytes.NewReader(data[:100]), iotest.ErrReader(io.ErrUnexpectedEOF)))
	if _, _, err := all(k); err != io.ErrUnexpectedEOF {
		t.Errorf("cut short: %v", err)
	}
}

type idleReader struct{}

func (idleReader) Read([]byte) (int, error) { return 0, nil }

func TestIdleReaderIsAnError(t *testing.T) {
	if _, err := testCutter(22).New(idleReader{}).Next(); err != io.ErrNoProgress {
		t.Fatal(err)
	}
}

func TestNextDoesNotAllocate(t *testing.T) {
	data := randomBytes(23, 4<<20)
	r := bytes.NewReader(data)
	k := testCutter(23).New(r)
	n := testing.AllocsPerRun(5, func() {
		r.Reset(data)
		k.Reset(r)
		for {
			if _, err := k.Next(); err != nil {
				break
			}
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestAppendingToAChunkLeavesTheNextAlone(t *testing.T) {
	data := randomBytes(24, 4<<20)
	k := testCutter(24).New(bytes.NewReader(data))
	var whole []byte
	for {
		chunk, err := k.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		whole = append(whole, chunk...)
		_ = append(chunk, "overwritten"...)
	}
	if !bytes.Equal(whole, data) {
		t.Error("a chunk was overwritten")
	}
}
