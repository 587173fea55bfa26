package store

import (
	"errors"
	"testing"
)

// A frame need not say how long it is; one that decompresses to less than the pack's
// directory says is refused, as is one that decompresses to more.
func TestFrameOfAnotherLengthIsRefused(t *testing.T) {
	c, err := newCodec()
	check(t, err)
	defer c.close()
	run := []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 0x50, 1000<<3&0xff | 1<<1 | 1, 1000 >> 5, 0, 'x'} // 1000 times x, in one block
	for raw, good := range map[int]bool{999: false, 1000: true, 1001: false, maxChunk: false} {
		b, err := c.decompress(run, raw)
		if good && (err != nil || len(b) != raw) || !good && !errors.Is(err, ErrDamaged) {
			t.Errorf("as %d bytes: %d, %v", raw, len(b), err)
		}
	}
}
