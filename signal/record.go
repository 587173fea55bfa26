package signal

import (
	"errors"
	"fmt"
	"io"
)

// ErrBadStream is wrapped by errors about a stream that cannot be read any
// further: where the next record begins is not known.
var ErrBadStream = errors.New("damaged record stream")

// ErrTruncated is wrapped by errors about input that ends too early.
var ErrTruncated = errors.New("cut short: it was not copied whole, copy it again")

const readerBuffer = 256 << 10

// A RecordReader cuts a record stream into its records. Its memory is bounded
// by MaxRecord.
type RecordReader struct {
	r      io.Reader
	buf    []byte
	lo, hi int   // what is read but not handed out
	base   int64 // offset of buf[0] in the stream
	offset int64 // of the record handed out last, its length
	err    error // what r said at its end
}

// NewRecordReader returns a reader of the records of r, which need no buffer.
func NewRecordReader(r io.Reader) *RecordReader {
	return &RecordReader{r: r, buf: make([]byte, readerBuffer)}
}

// Offset returns where in the stream the record handed out last begins.
func (r *RecordReader) Offset() int64 { return r.offset }

// Next returns the next record without its length, valid until the next call.
// At a clean end the error is io.EOF. A stream that ends inside a record gives
// ErrTruncated, a length that cannot be gives ErrBadStream, both with the
// offset; an error of the underlying reader comes as it is.
func (r *RecordReader) Next() ([]byte, error) {
	r.offset = r.base + int64(r.lo)
	n, size := uint64(0), 0
	for {
		if n, size = varintAt(r.buf[r.lo:r.hi]); size > 0 {
			break
		}
		if r.hi-r.lo >= 10 {
			return nil, r.badLength()
		}
		if err := r.fill(10); err != nil {
			if err == io.EOF && r.hi > r.lo {
				return nil, r.cut()
			}
			return nil, err
		}
	}
	if n > MaxRecord {
		return nil, r.badLength()
	}
	for r.hi-r.lo < size+int(n) {
		if err := r.fill(size + int(n)); err == io.EOF {
			return nil, r.cut()
		} else if err != nil {
			return nil, err
		}
	}
	rec := r.buf[r.lo+size : r.lo+size+int(n) : r.lo+size+int(n)]
	r.lo += size + int(n)
	return rec, nil
}

func (r *RecordReader) cut() error {
	return fmt.Errorf("record at offset %d: %w", r.offset, ErrTruncated)
}

func (r *RecordReader) badLength() error {
	return fmt.Errorf("%w: impossible record length at offset %d", ErrBadStream, r.offset)
}

// fill reads more, with room for n bytes from lo on. It returns nil if it got
// at least a byte.
func (r *RecordReader) fill(n int) error {
	if r.err != nil {
		return r.err
	}
	if r.lo == r.hi {
		r.base += int64(r.lo)
		r.lo, r.hi = 0, 0
	}
	if len(r.buf)-r.lo < n || r.hi == len(r.buf) {
		buf := r.buf
		if n > len(buf) {
			// Grows with what arrives, not with what a length claims.
			buf = make([]byte, min(max(2*len(buf), 2*(r.hi-r.lo)), 2*MaxRecord))
		}
		copy(buf, r.buf[r.lo:r.hi])
		r.base += int64(r.lo)
		r.buf, r.lo, r.hi = buf, 0, r.hi-r.lo
	}
	for range 100 {
		k, err := r.r.Read(r.buf[r.hi:])
		r.hi += k
		r.err = err
		if k > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
	r.err = io.ErrNoProgress
	return r.err
}

// A RecordWriter writes a record stream. It buffers nothing: give it a writer
// that does.
type RecordWriter struct {
	w       io.Writer
	head    []byte
	scratch []byte
}

// NewRecordWriter returns a writer of records to w.
func NewRecordWriter(w io.Writer) *RecordWriter { return &RecordWriter{w: w} }

// Write writes one record as it is.
func (w *RecordWriter) Write(rec []byte) error {
	if len(rec) > MaxRecord {
		return fmt.Errorf("record of %d bytes is over the limit of %d", len(rec), MaxRecord)
	}
	w.head = appendVarint(w.head[:0], uint64(len(rec)))
	if _, err := w.w.Write(w.head); err != nil {
		return err
	}
	_, err := w.w.Write(rec)
	return err
}

// WriteMessage writes m as a record: first a BackupInfo, then Frames.
func (w *RecordWriter) WriteMessage(m Message) error {
	w.scratch = Append(w.scratch[:0], m)
	return w.Write(w.scratch)
}
