// Package chunker cuts a stream where its content says, so that what two streams have in common becomes the same chunks
// wherever it stands in them.
//
// What always holds: the cuts depend on the bytes, the key and the grain alone, not on how the bytes were read; every
// chunk but a stream's last is longer than the grain's least length and no longer than its greatest; the chunks put
// together are the stream. The places of cuts depend on a secret key, so that the lengths of chunks tell nobody else what
// a file is. FORMAT.md section 7 has the rule.
package chunker

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
)

// Lengths of chunks in bytes. Average is about the mean on random data.
const (
	Min     = 128 << 10
	Average = 256 << 10
	Max     = 1 << 20

	FineMin     = 1 << 10
	FineAverage = 4 << 10
	FineMax     = 32 << 10
)

// A cut lies behind a byte where the hash has zeros in all bits of the mask: the strict one for chunks shorter than the
// average, the loose one from there on. The bits are the high ones, which depend on the last 43 to 63 bytes.
const (
	strict = (1<<20 - 1) << 43
	loose  = (1<<16 - 1) << 47

	fineStrict = (1<<14 - 1) << 49
	fineLoose  = (1<<10 - 1) << 53
)

// window is how many bytes the hash remembers: each byte moves it by a bit, out of 64.
const window = 64

// A Cutter knows where to cut under one key. It does not change and may be used at the same time.
type Cutter struct {
	table             [256]uint64
	min, average, max int
	strict, loose     uint64
}

// NewCutter makes the cutter of a key.
func NewCutter(key [32]byte) *Cutter {
	c := &Cutter{min: Min, average: Average, max: Max, strict: strict, loose: loose}
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // only another length of key is an error
	}
	var stream [8 * 256]byte
	cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(stream[:], stream[:])
	for i := range c.table {
		c.table[i] = binary.BigEndian.Uint64(stream[8*i:])
	}
	return c
}

// Fine returns the cutter of the same key for files of many small records of which some change from time to time: a
// change costs a few KiB instead of some hundred, and what does not change costs more.
func (c *Cutter) Fine() *Cutter {
	return &Cutter{table: c.table, min: FineMin, average: FineAverage, max: FineMax, strict: fineStrict, loose: fineLoose}
}

// Cut returns the length of the first chunk of data. Where data does not say because more may follow it returns 0; that
// is only where end is not set and data is shorter than the greatest chunk. With end set it is 0 for no data only.
func (c *Cutter) Cut(data []byte, end bool) int {
	if len(data) > c.max {
		data = data[:c.max]
	}
	if len(data) > c.min {
		h, at := uint64(0), c.min
		// The chunk is i+1 bytes at the byte i: the strict mask is for i < average-1.
		if stop := min(len(data), c.average-1); at < stop {
			var n int
			if n, h = c.scan(data, at, stop, h, c.strict); n > 0 {
				return n
			}
			at = stop
		}
		if n, _ := c.scan(data, at, len(data), h, c.loose); n > 0 {
			return n
		}
	}
	switch {
	case len(data) == c.max:
		return c.force(data)
	case end:
		return len(data)
	}
	return 0
}

// force cuts max bytes in which no mask found a place: behind the smallest hash from the average on, the last of equal
// ones. Data that repeats itself has no other landmark, and is cut at the same place of its period each time.
func (c *Cutter) force(data []byte) int {
	if from := c.average - window; bytes.Equal(data[from:c.max-1], data[from+1:]) {
		return c.max // a run: all hashes are equal
	}
	h := c.roll(data[c.min:c.average-1], 0)
	least, cut := ^uint64(0), 0
	for i, b := range data[c.average-1:] {
		if h = h<<1 + c.table[b]; h <= least {
			least, cut = h, c.average+i
		}
	}
	return cut
}
