package snapshot

import (
	"context"
	"errors"
	"io"

	"bakfs/chunker"

	"golang.org/x/sys/unix"
)

// A fileReader reads files one after another, each up to the size it had at first: a file that grows for ever has
// an end. It is for one goroutine.
type fileReader struct {
	c     *creator
	chunk *chunker.Chunker

	fd  int // the region being read: [off, end)
	off int64
	end int64
}

func (c *creator) newFileReader() *fileReader {
	r := &fileReader{c: c}
	r.chunk = c.cutter.New(r)
	return r
}

// Read is the chunker's source.
func (r *fileReader) Read(p []byte) (int, error) {
	if r.off >= r.end {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), r.end-r.off)]
	n, err := retry(func() (int, error) { return unix.Pread(r.fd, p, r.off) })
	if err != nil {
		return 0, err
	}
	if n == 0 {
		return 0, io.EOF
	}
	r.off += int64(n)
	r.c.n.read.Add(uint64(n))
	r.c.Progress.done(0, int64(n))
	return n, nil
}

// read stores the content of a file in e, and its size as it was read.
func (r *fileReader) read(ctx context.Context, fd int, st *unix.Stat_t, e *Entry) error {
	r.fd = fd
	if st.Size <= maxInline {
		return r.readInline(st.Size, e)
	}
	w := newListWriter(r.c.put)
	sparse := st.Blocks*512 < st.Size
	for at := int64(0); at < st.Size; {
		data, end := at, st.Size
		if sparse {
			data, end = region(fd, at, st.Size)
		}
		if err := r.hole(ctx, w, data-at); err != nil {
			return err
		}
		r.off, r.end = data, end
		if err := r.region(ctx, w); err != nil {
			return err
		}
		if r.off < end {
			break // it became shorter
		}
		at = end
	}
	if _, err := w.finish(ctx, e); err != nil {
		return storeError{err}
	}
	return nil
}

func (r *fileReader) readInline(size int64, e *Entry) error {
	buf := make([]byte, size)
	r.off, r.end = 0, size
	n, err := io.ReadFull(r, buf)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	e.Inline, e.Size = buf[:n], int64(n)
	return nil
}

// region finds the next data at or behind an offset: what lies before it is a hole. Where the file system does not
// know of holes, all is data.
func region(fd int, at, size int64) (data, end int64) {
	data, err := retry(func() (int64, error) { return unix.Seek(fd, at, unix.SEEK_DATA) })
	if errors.Is(err, unix.ENXIO) || err == nil && data >= size {
		return size, size
	}
	if err != nil {
		return at, size
	}
	end, err = retry(func() (int64, error) { return unix.Seek(fd, data, unix.SEEK_HOLE) })
	if err != nil || end <= data {
		return data, size
	}
	return data, min(end, size)
}

// hole stores a hole, in several extents if it is larger than one can say.
func (r *fileReader) hole(ctx context.Context, w *listWriter, length int64) error {
	for length > 0 {
		n := min(length, 1<<32-1)
		if err := w.add(ctx, Extent{Length: uint32(n)}); err != nil {
			return storeError{err}
		}
		r.c.Progress.done(0, n)
		length -= n
	}
	return nil
}

// region cuts and stores the bytes from off to end.
func (r *fileReader) region(ctx context.Context, w *listWriter) error {
	r.chunk.Reset(r)
	return putStream(ctx, r.c.put, r.chunk, w)
}
