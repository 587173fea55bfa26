package chunker

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// lengths cuts a whole stream.
func lengths(data []byte, cut func(data []byte, end bool) int) []int {
	var list []int
	for len(data) > 0 {
		n := cut(data, true)
		list = append(list, n)
		data = data[n:]
	}
	return list
}

func TestKnownCuts(t *testing.T) {
	var key, other [32]byte
	for i := range key {
		key[i], other[i] = byte(i), 1
	}
	c := NewCutter(key)
	if c.table[0] != 0xf29000b62a499fd0 || c.table[255] != 0x1c7bc5b6f9f8e399 {
		t.Errorf("table begins with %#x and ends with %#x", c.table[0], c.table[255])
	}
	block, err := aes.NewCipher(other[:])
	if err != nil {
		t.Fatal(err)
	}
	data := make([]byte, 4<<20)
	cipher.NewCTR(block, make([]byte, 16)).XORKeyStream(data, data)
	// Made with openssl and a loop in another language.
	want := []int{271670, 303383, 334738, 314264, 164108, 346358, 358975, 272614, 318059, 282218, 262958, 363512, 218061, 268091, 115295}
	if got := lengths(data, c.Cut); !slices.Equal(got, want) {
		t.Errorf("cuts %v", got)
	}
	// Made with a loop in another language too.
	want = []int{5638, 4900, 4817, 4396, 5270, 4518, 2582, 4819, 3951, 7009, 2161, 4696, 5809, 4117, 4352, 5220, 4534, 4627, 4924, 4940, 4670, 4205, 4226, 4323,
		4522, 4146, 3065, 3923, 4266, 446}
	if got := lengths(data[:1<<17], c.Fine().Cut); !slices.Equal(got, want) {
		t.Errorf("fine cuts %v", got)
	}
}

func TestCutsAreThoseOfThePlainLoop(t *testing.T) {
	c := testCutter(1)
	for name, data := range map[string][]byte{
		"random": randomBytes(1, 8<<20), "text": textBytes(1, 4<<20), "zeros": make([]byte, 2<<20+5), "two symbols": fewSymbols(1, 2, 4<<20),
	} {
		got := lengths(data, c.Cut)
		want := lengths(data, func(d []byte, end bool) int { return plain(c, d, end) })
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v instead of %v", name, got, want)
		}
		fine := c.Fine()
		got = lengths(data, fine.Cut)
		want = lengths(data, func(d []byte, end bool) int { return plain(fine, d, end) })
		if !slices.Equal(got, want) {
			t.Errorf("%s, cut finely: %d chunks instead of %d", name, len(got), len(want))
		}
	}
}

// Weak masks make cuts frequent, so that they fall on every place of the lanes.
func TestScanIsThePlainLoop(t *testing.T) {
	c := testCutter(2)
	data := randomBytes(2, 1<<16)
	rapid.Check(t, func(t *rapid.T) {
		bits := rapid.IntRange(4, 17).Draw(t, "bits")
		at := rapid.IntRange(lane, len(data)).Draw(t, "at")
		stop := rapid.IntRange(at, len(data)).Draw(t, "stop")
		mask := uint64(1<<bits-1) << (63 - bits)
		h := c.roll(data[at-window:at], 0)
		wantN, wantH := 0, h
		for i := at; i < stop && wantN == 0; i++ {
			if wantH = wantH<<1 + c.table[data[i]]; wantH&mask == 0 {
				wantN = i + 1
			}
		}
		n, hash := c.scan(data, at, stop, h, mask)
		if n != wantN || n == 0 && hash != wantH {
			t.Fatalf("%d, %x instead of %d, %x", n, hash, wantN, wantH)
		}
	})
}

// A made table in which the hash of a long run of 'a' is -A, and single other bytes in it decide.
func TestEdges(t *testing.T) {
	const a = 0x1234_5678_9abc_def1
	c := &Cutter{min: Min, average: Average, max: Max, strict: strict, loose: loose}
	c.table['a'] = a
	c.table['s'] = 2 * a       // hash 0 after the run: satisfies both masks
	c.table['l'] = 2*a + 1<<44 // satisfies the loose mask only
	c.table['0'] = 0           // satisfies both where the hash is 0 before
	for _, test := range []struct {
		symbol byte
		at     int
		size   int
		end    bool
		want   int
	}{
		{'0', Min, Max, false, Min + 1}, // nothing before offset Min is hashed
		{'s', Min, Max, false, Max},     // likewise
		{'s', Min - 1, Max, false, Max}, // not a place for a cut
		{'s', Min + window, Max, false, Min + window + 1},
		{'s', Average - 2, Max, false, Average - 1},
		{'l', Average - 2, Max, false, Average + 28}, // a chunk of Average-1 bytes needs the strict mask; forced where what 'l' added wraps around
		{'l', Average - 1, Max, false, Average},
		{'s', Average - 1, Max, false, Average},
		{'s', Max - 2, Max, false, Max - 1},
		{'s', Max - 1, 2 * Max, false, Max},
		{'s', Max, 2 * Max, false, Max},
		{'a', 0, Max - 1, false, 0},
		{'a', 0, Max - 1, true, Max - 1},
		{'a', 0, Min, false, 0},
		{'a', 0, Min, true, Min},
		{'a', 0, 1, true, 1},
		{'a', 0, 1, false, 0},
		{'0', Min, Min + 1, false, Min + 1},
		{'s', Average - 1, Average, false, Average},
		{'s', Average - 1, Average - 1, false, 0},
	} {
		data := bytes.Repeat([]byte{'a'}, test.size)
		if test.at < len(data) {
			data[test.at] = test.symbol
		}
		if got := c.Cut(data, test.end); got != test.want {
			t.Errorf("%c at %d of %d, end %v: %d instead of %d", test.symbol, test.at, test.size, test.end, got, test.want)
		}
		if got := plain(c, data, test.end); got != test.want {
			t.Errorf("the plain loop: %c at %d of %d, end %v: %d instead of %d", test.symbol, test.at, test.size, test.end, got, test.want)
		}
	}
	if c.Cut(nil, true) != 0 || c.Cut(nil, false) != 0 {
		t.Error("a cut in nothing")
	}
}

func TestMoreDataDoesNotMoveACut(t *testing.T) {
	c := testCutter(3)
	data := randomBytes(3, 2*Max)
	full := c.Cut(data, true)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, len(data)).Draw(t, "n")
		got := c.Cut(data[:n], false)
		if n >= full && got != full || n < full && got != 0 {
			t.Fatalf("%d bytes: %d instead of %d", n, got, full)
		}
	})
}

func FuzzCut(f *testing.F) {
	f.Add([]byte{0}, uint32(Max), false)
	f.Add([]byte("abc"), uint32(Average-1), true)
	f.Add([]byte("some longer text with a period of its own"), uint32(Min+1), true)
	c := testCutter(4)
	f.Fuzz(func(t *testing.T, pattern []byte, size uint32, end bool) {
		if len(pattern) == 0 {
			return
		}
		n := int(size % (Max + 100))
		data := bytes.Repeat(pattern, n/len(pattern)+1)[:n]
		if got, want := c.Cut(data, end), plain(c, data, end); got != want {
			t.Fatalf("%d instead of %d", got, want)
		}
	})
}
