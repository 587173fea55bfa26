package chunker

import (
	"bytes"
	"crypto/sha256"
	"math/rand/v2"
	"slices"
	"testing"
)

func fewSymbols(seed uint64, symbols, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.IntN(symbols))
	}
	return b
}

func periodic(period, n int) []byte {
	pattern := randomBytes(uint64(period), period)
	return slices.Repeat(pattern, n/period+1)[:n]
}

// chunkSet cuts data and returns the chunks by hash, and checks the bounds of each.
func chunkSet(t *testing.T, c *Cutter, data []byte) map[[32]byte]bool {
	t.Helper()
	set := make(map[[32]byte]bool)
	for len(data) > 0 {
		n := c.Cut(data, true)
		if n > Max || n <= Min && n != len(data) {
			t.Fatalf("chunk of %d bytes", n)
		}
		set[sha256.Sum256(data[:n])] = true
		data = data[n:]
	}
	return set
}

// added counts what is in b and not in a.
func added(a, b map[[32]byte]bool) (n int) {
	for h := range b {
		if !a[h] {
			n++
		}
	}
	return n
}

func TestAChangeTouchesFewChunks(t *testing.T) {
	c := testCutter(5)
	for name, data := range map[string][]byte{"random": randomBytes(5, 4<<20), "text": textBytes(5, 4<<20), "three symbols": fewSymbols(5, 3, 4<<20)} {
		before := chunkSet(t, c, data)
		r := rand.New(rand.NewPCG(5, 5))
		const rounds = 6
		sum := 0
		for i := range rounds {
			at := r.IntN(len(data))
			if i == 0 {
				at = 0
			}
			changed := slices.Insert(slices.Clone(data), at, byte(r.IntN(256)))
			if i%2 == 1 {
				changed = slices.Delete(slices.Clone(data), at, at+1)
			}
			n := added(before, chunkSet(t, c, changed))
			if n > 8 {
				t.Errorf("%s: a byte at %d makes %d new chunks of %d", name, at, n, len(before))
			}
			sum += n
		}
		if sum > 2*rounds {
			t.Errorf("%s: %d changes made %d new chunks", name, rounds, sum)
		}
	}
}

func TestAKeySharesNoCutsWithAnother(t *testing.T) {
	data := randomBytes(6, 8<<20)
	offsets := func(c *Cutter) map[int]bool {
		set, at := make(map[int]bool), 0
		for _, n := range lengths(data, c.Cut) {
			at += n
			set[at] = true
		}
		delete(set, len(data))
		return set
	}
	a := offsets(testCutter(6))
	// 30 cuts in 8 M places: the chance that a second set of 30 hits one is 1 in 9,000.
	for key := byte(7); key < 9; key++ {
		for at := range offsets(testCutter(key)) {
			if a[at] {
				t.Errorf("keys 6 and %d both cut at %d", key, at)
			}
		}
	}
	if len(a) < 20 {
		t.Errorf("%d cuts", len(a))
	}
}

func TestMeanIsAboutAverage(t *testing.T) {
	list := lengths(randomBytes(8, 16<<20), testCutter(8).Cut)
	mean := 16 << 20 / len(list)
	if mean < Average*8/10 || mean > Average*12/10 {
		t.Errorf("mean %d", mean)
	}
	if slices.Max(list) == Max {
		t.Error("a chunk of Max bytes in random data")
	}
}

func TestFineChunks(t *testing.T) {
	c := testCutter(8).Fine()
	data := randomBytes(8, 4<<20)
	list := lengths(data, c.Cut)
	if mean := len(data) / len(list); mean < FineAverage*8/10 || mean > FineAverage*12/10 {
		t.Errorf("mean %d", mean)
	}
	for _, n := range list[:len(list)-1] {
		if n <= FineMin || n > FineMax {
			t.Errorf("chunk of %d bytes", n)
		}
	}
	k := c.New(bytes.NewReader(data))
	if got, whole, err := all(k); err != nil || !slices.Equal(got, list) || !bytes.Equal(whole, data) {
		t.Errorf("read: %d chunks instead of %d, %v", len(got), len(list), err)
	}
	if zeros := lengths(make([]byte, 1<<20), c.Cut); len(zeros) != 1<<20/FineMax {
		t.Errorf("zeros: %v", zeros)
	}
	changed := slices.Clone(data)
	copy(changed[2<<20:], "a change")
	known := map[string]bool{}
	at := 0
	for _, n := range list {
		known[string(data[at:at+n])], at = true, at+n
	}
	fresh := 0
	at = 0
	for _, n := range lengths(changed, c.Cut) {
		if !known[string(changed[at:at+n])] {
			fresh += n
		}
		at += n
	}
	if fresh == 0 || fresh > 3*FineAverage {
		t.Errorf("a change of 8 bytes makes %d bytes of chunks new", fresh)
	}
}

// In a run, and in data that repeats itself, the masks may find nothing to cut at. Chunks then end at one place of the
// period, so the same ones come again, after a shift too.
func TestRunsAndPeriodsStayDeduplicated(t *testing.T) {
	const size = 16 << 20
	c := testCutter(9)
	for _, period := range []int{1, 3, 24, 1000, 4096, 9999, 12 << 10, 100_001} {
		data := periodic(period, size)
		a := chunkSet(t, c, data)
		b := chunkSet(t, c, slices.Concat([]byte("shift"), data))
		for h := range b {
			a[h] = true
		}
		// One, the two ends, and the two beginnings.
		if len(a) > 6 {
			t.Errorf("period %d: %d different chunks", period, len(a))
		}
	}
}

func TestARunInsideDataDoesNotSpoilWhatFollows(t *testing.T) {
	c := testCutter(10)
	head, tail := randomBytes(10, 1<<20), randomBytes(11, 6<<20)
	for name, run := range map[string][]byte{"zeros": make([]byte, 5<<20), "period": periodic(48, 5<<20)} {
		a := chunkSet(t, c, slices.Concat(head, run, tail))
		for _, shift := range []int{1, 70_000} {
			b := chunkSet(t, c, slices.Concat(randomBytes(12, shift), head, run, tail))
			if n := added(a, b); n > 8 {
				t.Errorf("%s, shift %d: %d new chunks of %d", name, shift, n, len(b))
			}
			// Where a cut falls in the tail again is chance: 2 chunks on average, seldom more than 10.
			longer := chunkSet(t, c, slices.Concat(head, run, run[:48*min(shift, 1000)], tail))
			if n := added(a, longer); n > 14 {
				t.Errorf("%s longer by %d: %d new chunks of %d", name, 48*min(shift, 1000), n, len(longer))
			}
		}
	}
}

// Where no mask finds a place, many hashes are equally small: the last one is the cut, as FORMAT.md says.
func TestForcedCutIsTheLastOfTheSmallest(t *testing.T) {
	for key := range byte(4) {
		c := testCutter(20 + key)
		for _, period := range []int{1, 2, 3, 24, 1000, 9999, 100_001} {
			data := periodic(period, Max+5)
			if got, want := c.Cut(data, false), plain(c, data, false); got != want {
				t.Errorf("period %d: %d instead of %d", period, got, want)
			}
		}
	}
}
