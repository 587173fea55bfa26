package chunker

// lane is how many bytes each of the two lanes of scan goes before both move on. The second lane costs another window of
// bytes to get its hash right, and is in vain where the first finds a cut.
const lane = 4096

// scan looks for a cut behind the bytes from at to stop, with the hash h of those before. It returns the length of the
// chunk, or 0 and the hash at stop.
//
// The hash of a byte waits for that of the byte before. So two lanes run at the same time, one lane's length apart: the
// processor works on one while it waits for the other. The hash remembers no more than a window, so the second lane
// begins a window early and is then the same as if it had come all the way.
func (c *Cutter) scan(data []byte, at, stop int, h, mask uint64) (int, uint64) {
	for at+2*lane <= stop {
		g := c.roll(data[at+lane-window:at+lane], 0)
		var n int
		if n, h = c.pair((*[lane]byte)(data[at:]), (*[lane]byte)(data[at+lane:]), h, g, mask); n > 0 {
			return at + n, 0
		}
		at += 2 * lane
	}
	for i, b := range data[at:stop] {
		h = h<<1 + c.table[b]
		if h&mask == 0 {
			return at + i + 1, 0
		}
	}
	return 0, h
}

// roll returns the hash behind data.
func (c *Cutter) roll(data []byte, h uint64) uint64 {
	for _, b := range data {
		h = h<<1 + c.table[b]
	}
	return h
}

// pair scans two stretches that follow each other, with the hashes of what is before each. It returns how many bytes
// there are up to the first cut, or 0 and the hash behind the second stretch.
func (c *Cutter) pair(a, b *[lane]byte, h, g, mask uint64) (int, uint64) {
	table := &c.table
	i := 0
	for ; i < lane; i += 4 {
		x, y := (*[4]byte)(a[i:]), (*[4]byte)(b[i:])
		h, g = h<<1+table[x[0]], g<<1+table[y[0]]
		if h&mask == 0 {
			return i + 1, 0
		}
		if g&mask == 0 {
			break
		}
		h, g = h<<1+table[x[1]], g<<1+table[y[1]]
		if h&mask == 0 {
			return i + 2, 0
		}
		if g&mask == 0 {
			i++
			break
		}
		h, g = h<<1+table[x[2]], g<<1+table[y[2]]
		if h&mask == 0 {
			return i + 3, 0
		}
		if g&mask == 0 {
			i += 2
			break
		}
		h, g = h<<1+table[x[3]], g<<1+table[y[3]]
		if h&mask == 0 {
			return i + 4, 0
		}
		if g&mask == 0 {
			i += 3
			break
		}
	}
	if i == lane {
		return 0, g
	}
	// There is a cut in the second stretch, but one in the rest of the first comes before it.
	for j := i + 1; j < lane; j++ {
		if h = h<<1 + table[a[j]]; h&mask == 0 {
			return j + 1, 0
		}
	}
	return lane + i + 1, 0
}
