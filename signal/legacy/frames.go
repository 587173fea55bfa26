package legacy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Frames is where a History finds the frames of a file: a Reader, or
// StoredFrames. One goroutine uses it at a time.
type Frames interface {
	// NextFrame returns the next frame, valid until the next call, and the
	// number of the blob that follows it, -1 if none does. Errors are those of
	// Reader.Next.
	NextFrame() (at Ref, frame []byte, blob int, err error)
	// AppendFrame appends the frame at a place that NextFrame told to b.
	AppendFrame(b []byte, at Ref) ([]byte, error)
	// Rewind makes NextFrame begin again.
	Rewind()
}

// NextFrame implements Frames. It does not look at the blobs.
func (r *Reader) NextFrame() (Ref, []byte, int, error) {
	f, err := r.Next()
	if f.Blob != nil && !f.Blob.cut {
		return f.At, f.Data, f.Blob.Index, err
	}
	return f.At, f.Data, -1, err
}

// AppendFrame implements Frames.
func (r *Reader) AppendFrame(b []byte, at Ref) ([]byte, error) {
	raw, err := r.frame(&r.back, at.Offset, at.Counter, maxFrame)
	if err != nil {
		return b, err
	}
	return append(b, r.decrypt(raw)...), nil
}

// windows are several windows on one file, for reads that go forward in a few
// places at once.
type windows struct {
	list [8]window
	used [8]int
	tick int
}

// backFill is what each of the windows reads at once.
const backFill = 32 << 10

func newWindows(src io.ReaderAt, size int64) windows {
	var w windows
	for i := range w.list {
		w.list[i] = window{src: src, size: size, fill: backFill}
	}
	return w
}

func (w *windows) at(off int64, n int) ([]byte, error) {
	best := 0
	for i := range w.list {
		if lo := off - w.list[i].base; lo >= 0 && lo < int64(len(w.list[i].buf)) {
			best = i
			break
		}
		if w.used[i] < w.used[best] {
			best = i
		}
	}
	w.tick++
	w.used[best] = w.tick
	return w.list[best].at(off, n)
}

// StoredFrames reads the stream of frames that was stored of a file.
type StoredFrames struct {
	layout *Layout
	win    window
	back   windows
	off    int64
	part   int // of the layout, the next one that may be a blob
}

// NewStoredFrames returns a reader of the stream that AppendRecord made.
func NewStoredFrames(l *Layout, stream io.ReaderAt) *StoredFrames {
	return &StoredFrames{layout: l, win: window{src: stream, size: l.stream, fill: readAhead}, back: newWindows(stream, l.stream)}
}

// Rewind implements Frames.
func (s *StoredFrames) Rewind() { s.off, s.part = 0, 0 }

// NextFrame implements Frames. A stream that is not the layout's gives an
// error that wraps ErrLayout.
func (s *StoredFrames) NextFrame() (Ref, []byte, int, error) {
	if s.off == s.layout.stream {
		return Ref{}, nil, -1, io.EOF
	}
	at := Ref{Offset: s.off}
	frame, next, err := record(&s.win, s.off)
	if err != nil {
		return at, nil, -1, err
	}
	s.off = next
	parts := s.layout.parts
	for s.part < len(parts) && (parts[s.part].blob < 0 || parts[s.part].stream < next) {
		s.part++
	}
	blob := -1
	if s.part < len(parts) && parts[s.part].stream == next {
		blob = int(parts[s.part].blob)
	}
	return at, frame, blob, nil
}

// AppendFrame implements Frames.
func (s *StoredFrames) AppendFrame(b []byte, at Ref) ([]byte, error) {
	frame, _, err := record(&s.back, at.Offset)
	return append(b, frame...), err
}

// A span gives the bytes at a place, valid until the next call.
type span interface {
	at(off int64, n int) ([]byte, error)
}

// record reads the record at off and says where the next one begins.
func record(w span, off int64) ([]byte, int64, error) {
	var n uint64
	size := 1
	for ; ; size++ {
		b, err := w.at(off, size)
		if err != nil {
			return nil, 0, storedError(err, off)
		}
		var k int
		if n, k = binary.Uvarint(b); k > 0 {
			break
		}
		if k < 0 || size >= binary.MaxVarintLen64 {
			return nil, 0, ErrLayout
		}
	}
	if n > maxFrame {
		return nil, 0, ErrLayout
	}
	b, err := w.at(off, size+int(n))
	if err != nil {
		return nil, 0, storedError(err, off)
	}
	return b[size:], off + int64(size) + int64(n), nil
}

func storedError(err error, off int64) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("stored frame at %d: %w", off, ErrLayout)
	}
	return fmt.Errorf("stored frame at %d: %w", off, err)
}
