package chunker

import "io"

// emptyReads is how many reads in a row may give neither a byte nor an error.
const emptyReads = 100

// A Chunker cuts what a reader gives. It is used by one goroutine.
type Chunker struct {
	cutter *Cutter
	r      io.Reader
	buffer []byte
	start  int // buffer[start:end] has been read and not been cut
	end    int
	err    error // of the reader; stays
}

// New returns a chunker over r. It holds two of the longest chunks: what Cut may need at once, and as much again so that
// it reads large pieces.
func (c *Cutter) New(r io.Reader) *Chunker {
	k := &Chunker{cutter: c, buffer: make([]byte, 2*c.max)}
	k.Reset(r)
	return k
}

// Reset makes the chunker begin anew with r, in the same buffer.
func (k *Chunker) Reset(r io.Reader) {
	k.r, k.start, k.end, k.err = r, 0, 0, nil
}

// Next returns the next chunk, which is valid until the next call of Next or Reset, and io.EOF behind the last. Any other
// error of the reader is returned as soon as it is met, and again by every later call: what was read before it is not
// handed out as if the stream had ended there.
func (k *Chunker) Next() ([]byte, error) {
	if k.end-k.start < k.cutter.max && k.err == nil {
		k.fill()
	}
	if k.err != nil && k.err != io.EOF {
		return nil, k.err
	}
	n := k.cutter.Cut(k.buffer[k.start:k.end], k.err == io.EOF)
	if n == 0 {
		return nil, io.EOF
	}
	chunk := k.buffer[k.start : k.start+n : k.start+n]
	k.start += n
	return chunk, nil
}

// fill reads until the buffer is full or the reader ends.
func (k *Chunker) fill() {
	k.end = copy(k.buffer, k.buffer[k.start:k.end])
	k.start = 0
	for empty := 0; k.end < len(k.buffer) && k.err == nil; {
		var n int
		n, k.err = k.r.Read(k.buffer[k.end:])
		k.end += n
		if n > 0 {
			empty = 0
		} else if empty++; empty == emptyReads && k.err == nil {
			k.err = io.ErrNoProgress
		}
	}
}
