package chunker

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"
)

// plain is the rule of FORMAT.md section 7, word for word.
func plain(c *Cutter, data []byte, end bool) int {
	var h, least uint64
	cut := 0
	strictBits, looseBits := [2]uint{20, 43}, [2]uint{16, 47}
	if c.max == FineMax {
		strictBits, looseBits = [2]uint{14, 49}, [2]uint{10, 53}
	}
	for i := c.min; i < len(data) && i < c.max; i++ {
		h = h<<1 + c.table[data[i]]
		mask := uint64(1<<strictBits[0]-1) << strictBits[1]
		if i+1 >= c.average {
			mask = uint64(1<<looseBits[0]-1) << looseBits[1]
			if cut == 0 || h <= least {
				least, cut = h, i+1
			}
		}
		if h&mask == 0 {
			return i + 1
		}
		if i+1 == c.max {
			return cut
		}
	}
	if end {
		return len(data)
	}
	return 0
}

func testCutter(n byte) *Cutter { return NewCutter([32]byte{n}) }

func randomBytes(seed uint64, n int) []byte {
	var key [32]byte
	key[0], key[1] = byte(seed), byte(seed>>8)
	b := make([]byte, n)
	rand.NewChaCha8(key).Read(b)
	return b
}

var words = bytes.Fields([]byte("a folder of letters and notes was kept for years in the cellar under old coats until water came through one wall " +
	"so she carried it up dried each page by the stove read them again and found that nothing in it had been worth hiding"))

func textBytes(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	b := make([]byte, 0, n+16)
	for len(b) < n {
		b = append(b, words[r.IntN(len(words))]...)
		b = append(b, " \n"[r.IntN(12)/11])
	}
	return b[:n]
}

func benchmarkCut(b *testing.B, cut func(c *Cutter, data []byte, end bool) int) {
	const size = 32 << 20
	for _, data := range []struct {
		name  string
		bytes []byte
	}{{"random", randomBytes(1, size)}, {"text", textBytes(1, size)}, {"zeros", make([]byte, size)}} {
		b.Run(data.name, func(b *testing.B) {
			c := testCutter(1)
			b.SetBytes(size)
			for b.Loop() {
				for d := data.bytes; len(d) > 0; {
					d = d[cut(c, d, true):]
				}
			}
		})
	}
}

func BenchmarkCut(b *testing.B)   { benchmarkCut(b, (*Cutter).Cut) }
func BenchmarkPlain(b *testing.B) { benchmarkCut(b, plain) }

func BenchmarkNext(b *testing.B) {
	const size = 32 << 20
	data := randomBytes(1, size)
	k := testCutter(1).New(nil)
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		k.Reset(bytes.NewReader(data))
		for {
			if _, err := k.Next(); err == io.EOF {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
}
