package legacy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sort"
)

// A Layout is where each part of a file lies in it and in what was stored of
// it: the frames as one stream, each with its length in front as a varint
// (AppendRecord), and the blobs by themselves. It takes some 40 bytes per
// 64 KiB of frames and per blob. After the last call of Frame and Blob any
// number of goroutines may use it.
type Layout struct {
	header  Header
	parts   []part
	macs    []MAC // of the blobs
	size    int64 // of the file
	stream  int64 // of the stored stream
	counter uint32
}

// A part is a run of frames, or one blob.
type part struct {
	file    int64  // offset in the file
	stream  int64  // offset in the stored stream; of a blob, of what follows
	counter uint32 // of the first frame, or of the blob
	blob    int32  // which one; -1: frames
}

// runLength is how long a run of frames gets in the file: as much is looked
// through for one byte of it.
const runLength = 64 << 10

// ErrLayout is wrapped by errors about bytes that are no layout, or about
// stored frames that are not those of the layout.
var ErrLayout = errors.New("stored layout of a legacy backup is damaged")

// NewLayout returns the layout of a file that has a header so far. Frame and
// Blob add what a Reader returns, in order.
func NewLayout(h Header) *Layout {
	return &Layout{header: h, size: int64(len(h.Raw)), counter: h.counter()}
}

// AppendRecord appends a frame as it stands in the stored stream.
func AppendRecord(b, frame []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(frame))), frame...)
}

func recordSize(n int) int64 {
	var b [binary.MaxVarintLen64]byte
	return int64(binary.PutUvarint(b[:], uint64(n)) + n)
}

// Frame adds a frame of n bytes.
func (l *Layout) Frame(n int) {
	last := len(l.parts) - 1
	if last < 0 || l.parts[last].blob >= 0 || l.size-l.parts[last].file >= runLength {
		l.parts = append(l.parts, part{l.size, l.stream, l.counter, -1})
	}
	l.size += int64(n) + frameExtra
	l.stream += recordSize(n)
	l.counter++
}

// Blob adds the blob of n bytes that follows the frame before.
func (l *Layout) Blob(n int64, mac MAC) {
	l.parts = append(l.parts, part{l.size, l.stream, l.counter, int32(len(l.macs))})
	l.macs = append(l.macs, mac)
	l.size += n + MACSize
	l.counter++
}

// Header returns the header of the file.
func (l *Layout) Header() Header { return l.header }

// Size returns the length of the file.
func (l *Layout) Size() int64 { return l.size }

// StreamSize returns the length of the stored stream of frames.
func (l *Layout) StreamSize() int64 { return l.stream }

// Blobs returns the number of blobs.
func (l *Layout) Blobs() int { return len(l.macs) }

// find returns the part that holds byte off of the file; -1 is the header.
func (l *Layout) find(off int64) int {
	return sort.Search(len(l.parts), func(i int) bool { return l.parts[i].file > off }) - 1
}

// end returns where part i ends in the file and in the stream.
func (l *Layout) end(i int) (file, stream int64) {
	if i+1 < len(l.parts) {
		return l.parts[i+1].file, l.parts[i+1].stream
	}
	return l.size, l.stream
}

// Limits of a stored layout, so that whoever wrote it cannot make gigabytes of it: a part
// takes up to 34 bytes. A file of so many parts has 64 GiB or more of frames, or a million media.
const (
	maxParts = 1 << 21
	maxBlobs = 1 << 20
	// leastPair is what a run and the blob behind it take at least.
	leastPair = 3 + 1 + MACSize
)

// MaxLayout is the length of the longest stored layout: parts of the usual length.
const MaxLayout = 16 * maxParts

// layoutMagic begins the stored form of a layout.
const layoutMagic = "legacy layout 1\n"

// AppendBinary appends the stored form of l. It holds no keys; equal layouts
// have equal forms. The error, of one that is too large to be read, wraps ErrLayout.
//
//	magic, varint length of the header, the header as in the file;
//	each part: varint (length in the file << 1 | 1 if it is a blob), then
//	of a blob its MAC, of frames varint length in the stream, varint number.
func (l *Layout) AppendBinary(b []byte) ([]byte, error) {
	if len(l.parts) > maxParts || len(l.macs) > maxBlobs {
		return nil, fmt.Errorf("more than %d parts or %d media: %w", maxParts, maxBlobs, ErrLayout)
	}
	b = append(b, layoutMagic...)
	b = binary.AppendUvarint(b, uint64(len(l.header.Raw)))
	b = append(b, l.header.Raw...)
	for i, p := range l.parts {
		file, stream := l.end(i)
		if p.blob >= 0 {
			b = binary.AppendUvarint(b, uint64(file-p.file)<<1|1)
			b = append(b, l.macs[p.blob][:]...)
			continue
		}
		next := l.counter
		if i+1 < len(l.parts) {
			next = l.parts[i+1].counter
		}
		b = binary.AppendUvarint(b, uint64(file-p.file)<<1)
		b = binary.AppendUvarint(b, uint64(stream-p.stream))
		b = binary.AppendUvarint(b, uint64(next-p.counter))
	}
	return b, nil
}

// ParseLayout reads what AppendBinary wrote. The error wraps ErrLayout: also of a layout
// that Frame and Blob do not make, or that has too many parts.
func ParseLayout(b []byte) (*Layout, error) {
	rest, ok := bytes.CutPrefix(b, []byte(layoutMagic))
	n, k := binary.Uvarint(rest)
	if !ok || k <= 0 || n > uint64(len(rest)-k) {
		return nil, ErrLayout
	}
	h, err := ParseHeader(rest[k : k+int(n)])
	if err != nil {
		return nil, errors.Join(ErrLayout, err)
	}
	l := NewLayout(h)
	rest = rest[k+int(n):]
	pairs := min(len(rest)/leastPair+1, maxBlobs)
	l.parts, l.macs = make([]part, 0, 2*pairs), make([]MAC, 0, pairs)
	for len(rest) > 0 {
		if rest, ok = l.parsePart(rest); !ok {
			return nil, ErrLayout
		}
	}
	return l, nil
}

// parsePart adds the part at the start of b and returns what follows it.
func (l *Layout) parsePart(b []byte) ([]byte, bool) {
	n, k := binary.Uvarint(b)
	if k <= 0 || n>>1 > math.MaxInt64-uint64(l.size) {
		return nil, false
	}
	b = b[k:]
	length := int64(n >> 1)
	last := len(l.parts) - 1
	run := last >= 0 && l.parts[last].blob < 0
	if n&1 == 1 {
		if !run || length < MACSize || length > math.MaxUint32+MACSize || len(b) < MACSize || len(l.macs) == maxBlobs || len(l.parts) == maxParts {
			return nil, false
		}
		l.Blob(length-MACSize, MAC(b))
		return b[MACSize:], true
	}
	if run && l.size-l.parts[last].file < runLength || len(l.parts) == maxParts { // Frame would have gone on with that run
		return nil, false
	}
	stream, k := binary.Uvarint(b)
	if k <= 0 {
		return nil, false
	}
	frames, j := binary.Uvarint(b[k:])
	// A run has one frame beyond its length at most, and each is shorter in
	// the stream than in the file.
	if j <= 0 || frames == 0 || length > runLength+maxFrame+frameExtra || stream > uint64(length) || frames > uint64(length)/frameExtra {
		return nil, false
	}
	l.parts = append(l.parts, part{l.size, l.stream, l.counter, -1})
	l.size += length
	l.stream += int64(stream)
	l.counter += uint32(frames)
	return b[k+j:], true
}
