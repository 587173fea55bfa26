package store

import (
	"bytes"
	"errors"
	"testing"

	"github.com/klauspost/compress/zstd"
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

// A frame that ends anywhere before its end is refused, with a checksum and without.
func TestFrameThatIsCutOffIsRefused(t *testing.T) {
	c, err := newCodec()
	check(t, err)
	defer c.close()
	for _, sum := range []bool{false, true} {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderCRC(sum), zstd.WithEncoderConcurrency(1))
		check(t, err)
		plain := text(1, 400)
		b := e.EncodeAll(plain, nil)
		check(t, e.Close())
		for n := range b {
			if out, err := c.decompress(b[:n:n], len(plain)); !errors.Is(err, ErrDamaged) {
				t.Errorf("%d of %d bytes: %d, %v", n, len(b), len(out), err)
			}
		}
		if out, err := c.decompress(b, len(plain)); err != nil || !bytes.Equal(out, plain) {
			t.Errorf("the whole frame: %v", err)
		}
	}
}

// A frame that decoders skip is refused before another one even where its content could be taken for a block that
// reaches to the end of it: a chunk has one form.
func TestFrameBehindASkippableOneIsRefused(t *testing.T) {
	c, err := newCodec()
	check(t, err)
	defer c.close()
	plain := text(1, 400)
	frame := c.encoder.EncodeAll(plain, nil)
	block := len(frame)<<3 | 1 // raw, and the last
	b := append([]byte{0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, byte(block), byte(block >> 8), byte(block >> 16)}, frame...)
	if out, err := c.decoder.DecodeAll(b, make([]byte, 0, len(plain))); err != nil || !bytes.Equal(out, plain) {
		t.Fatalf("the decoder takes it: %v", err)
	}
	if _, err := c.decompress(b, len(plain)); !errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
}
