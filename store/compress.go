package store

import (
	"encoding/binary"
	"runtime"
	"sync"

	"github.com/klauspost/compress"
	"github.com/klauspost/compress/zstd"
)

const (
	probeSize  = 8 << 10
	probeFloor = 0.1     // an estimate up to this is incompressible
	maxWindow  = 8 << 20 // of a frame
	minChunk   = 64      // less never gains
)

// A codec compresses and decompresses chunks. Safe for concurrent use.
type codec struct {
	encoder *zstd.Encoder
	decoder *zstd.Decoder
	scratch sync.Pool // *[]byte, for the compressed form
}

func newCodec() (*codec, error) {
	workers := min(runtime.GOMAXPROCS(0), 8)
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false),
		zstd.WithAllLitEntropyCompression(true), zstd.WithEncoderConcurrency(workers), zstd.WithWindowSize(maxChunk))
	if err != nil {
		return nil, err
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderMaxWindow(maxWindow),
		zstd.WithDecoderMaxMemory(maxWindow), zstd.WithDecoderConcurrency(workers), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, err
	}
	c := &codec{encoder: encoder, decoder: decoder}
	c.scratch.New = func() any { b := make([]byte, 0, maxChunk); return &b }
	return c, nil
}

func (c *codec) close() { c.decoder.Close() }

// compress returns the bytes to store and how they are compressed. What it
// returns is plaintext itself or lies in the scratch buffer.
func (c *codec) compress(plaintext []byte, scratch *[]byte) ([]byte, uint8) {
	if !promising(plaintext) {
		return plaintext, compressionNone
	}
	*scratch = c.encoder.EncodeAll(plaintext, (*scratch)[:0])
	if len(*scratch)*100 > len(plaintext)*97 { // not worth its decompression
		return plaintext, compressionNone
	}
	return *scratch, compressionZstd
}

// promising looks at two samples: media is told from text almost for free.
func promising(b []byte) bool {
	if len(b) < minChunk {
		return false
	}
	if len(b) <= 2*probeSize {
		return true
	}
	third := len(b) / 3
	first := b[third-min(third, probeSize/2):]
	second := b[2*third:]
	return compress.Estimate(first[:probeSize]) > probeFloor || compress.Estimate(second[:min(probeSize, len(second))]) > probeFloor
}

// decompress returns the raw bytes of a chunk: one frame that holds exactly
// raw bytes. Nothing larger than that is ever allocated for it.
func (c *codec) decompress(stored []byte, raw int) ([]byte, error) {
	if err := oneFrame(stored, raw); err != nil {
		return nil, err
	}
	out, err := c.decoder.DecodeAll(stored, make([]byte, 0, raw))
	if err != nil {
		return nil, damagedf("zstd: %w", err)
	}
	if len(out) != raw {
		return nil, damagedf("zstd: %d bytes instead of %d", len(out), raw)
	}
	return out, nil
}

// oneFrame checks that b is a single frame and nothing else: the decoder would
// take several, and skip frames of rubbish, so that one chunk had many forms.
func oneFrame(b []byte, raw int) error {
	var h zstd.Header
	if err := h.Decode(b); err != nil {
		return damagedf("zstd: %w", err)
	}
	switch {
	case h.Skippable || h.DictionaryID != 0:
		return damagedf("zstd: unexpected frame")
	case h.HasFCS && h.FrameContentSize != uint64(raw):
		return damagedf("zstd: frame of %d bytes instead of %d", h.FrameContentSize, raw)
	case !h.SingleSegment && h.WindowSize > maxWindow:
		return damagedf("zstd: window of %d bytes", h.WindowSize)
	}
	rest := b[h.HeaderSize:]
	for last := false; !last; {
		if len(rest) < 3 {
			return damagedf("zstd: frame is cut off")
		}
		block := uint32(rest[0]) | uint32(binary.LittleEndian.Uint16(rest[1:]))<<8
		size := int(block >> 3)
		if block>>1&3 == 1 { // a run: one byte stands for size
			size = 1
		}
		if len(rest)-3 < size {
			return damagedf("zstd: frame is cut off")
		}
		rest = rest[3+size:]
		last = block&1 != 0
	}
	if h.HasCheckSum {
		if len(rest) < 4 {
			return damagedf("zstd: frame is cut off")
		}
		rest = rest[4:]
	}
	if len(rest) != 0 {
		return damagedf("zstd: %d bytes behind the frame", len(rest))
	}
	return nil
}
