package legacy

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"sync"
)

// Stored gives access to what was stored of a file. Both methods are like
// io.ReaderAt's and may be called at the same time.
type Stored interface {
	// ReadFrames reads from the stream of frames.
	ReadFrames(ctx context.Context, p []byte, off int64) (int, error)
	// ReadBlob reads from the plaintext of a blob; 0 is the first in the file.
	ReadBlob(ctx context.Context, blob int, p []byte, off int64) (int, error)
}

// A File is the original file, made again where it is read. Its methods may
// be called at the same time.
type File struct {
	layout *Layout
	stored Stored
	pool   sync.Pool // of *maker
}

// A maker is what one call of ReadAt needs.
type maker struct {
	s      *sealer
	frames []byte // as stored
	out    []byte // a frame as in the file
}

// NewFile returns the original of what was stored.
func NewFile(l *Layout, k Keys, stored Stored) (*File, error) {
	s, err := newSealer(&l.header, k)
	if err != nil {
		return nil, err
	}
	f := &File{layout: l, stored: stored}
	f.pool.New = func() any {
		s, _ := newSealer(&l.header, k) // it worked above
		return &maker{s: s}
	}
	f.pool.Put(&maker{s: s})
	return f, nil
}

// Size returns the length of the file.
func (f *File) Size() int64 { return f.layout.size }

// ReadAt fills p from byte off on, like io.ReaderAt. It reads no more of the
// blobs than what is asked for, and up to 64 KiB of frames around it.
func (f *File) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("offset %d: %w", off, io.ErrUnexpectedEOF)
	}
	m := f.pool.Get().(*maker)
	defer f.pool.Put(m)
	n := 0
	for n < len(p) && off+int64(n) < f.layout.size {
		k, err := f.piece(ctx, m, p[n:], off+int64(n))
		n += k
		if err != nil {
			return n, err
		}
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// piece fills p up to the end of the part that holds off.
func (f *File) piece(ctx context.Context, m *maker, p []byte, off int64) (int, error) {
	i := f.layout.find(off)
	if i < 0 {
		return copy(p, f.layout.header.Raw[off:]), nil
	}
	if f.layout.parts[i].blob >= 0 {
		return f.blob(ctx, m, i, p, off)
	}
	return f.run(ctx, m, i, p, off)
}

// blob fills p from part i, a blob: its data, or its MAC.
func (f *File) blob(ctx context.Context, m *maker, i int, p []byte, off int64) (int, error) {
	at := f.layout.parts[i]
	end, _ := f.layout.end(i)
	length, off := end-at.file-MACSize, off-at.file
	if off >= length {
		return copy(p, f.layout.macs[at.blob][off-length:]), nil
	}
	p = p[:min(int64(len(p)), length-off)]
	n, err := f.stored.ReadBlob(ctx, int(at.blob), p, off)
	if n < len(p) {
		return 0, fmt.Errorf("media %d at %d: %w", at.blob, off, short(err))
	}
	m.s.stream(at.counter, off).XORKeyStream(p, p)
	return len(p), nil
}

// run fills p from part i, a run of frames.
func (f *File) run(ctx context.Context, m *maker, i int, p []byte, off int64) (int, error) {
	at := f.layout.parts[i]
	end, stream := f.layout.end(i)
	want := int(stream - at.stream)
	if cap(m.frames) < want {
		m.frames = make([]byte, want, max(want, 2*runLength))
	}
	rest := m.frames[:want]
	if n, err := f.stored.ReadFrames(ctx, rest, at.stream); n < want {
		return 0, fmt.Errorf("frames at %d: %w", at.stream, short(err))
	}
	done, pos := 0, at.file
	for counter := at.counter; len(rest) > 0; counter++ {
		n, k := binary.Uvarint(rest)
		if k <= 0 || n > uint64(len(rest)-k) {
			return done, ErrLayout
		}
		next := pos + int64(n) + frameExtra
		if next > end {
			return done, ErrLayout
		}
		if skip := off + int64(done) - pos; skip < next-pos && done < len(p) {
			m.out = m.s.appendFrame(m.out[:0], rest[k:k+int(n)], counter)
			done += copy(p[done:], m.out[skip:])
		}
		pos, rest = next, rest[k+int(n):]
	}
	if pos != end {
		return done, ErrLayout
	}
	m.shrink()
	return done, nil
}

// shrink lets go of the memory that a huge frame needed.
func (m *maker) shrink() {
	if cap(m.frames) > 1<<20 {
		m.frames, m.out = nil, nil
	}
}

// short is the error about a read that gave fewer bytes than it should.
func short(err error) error {
	if err == nil || err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
