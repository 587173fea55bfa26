package legacy

import "io"

// A window is the part of a file that is in memory. It serves reads that
// mostly go forward.
type window struct {
	src  io.ReaderAt
	size int64
	fill int // how much to read ahead
	buf  []byte
	base int64 // offset of buf[0]
}

// at returns the n bytes at off, valid until the next call. If the file ends
// before, the error is io.ErrUnexpectedEOF.
func (w *window) at(off int64, n int) ([]byte, error) {
	if off < 0 || off+int64(n) > w.size {
		return nil, io.ErrUnexpectedEOF
	}
	if lo := off - w.base; lo >= 0 && lo+int64(n) <= int64(len(w.buf)) {
		return w.buf[lo : lo+int64(n)], nil
	}
	want := int(min(int64(max(n, w.fill)), w.size-off))
	if cap(w.buf) < want {
		w.buf = make([]byte, want)
	}
	if want <= w.fill && cap(w.buf) > 4*w.fill {
		w.buf = make([]byte, w.fill) // a huge frame has passed
	}
	w.buf = w.buf[:want]
	w.base = off
	got, err := w.src.ReadAt(w.buf, off)
	if got < n {
		w.buf = w.buf[:0]
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF // the file shrank
		}
		return nil, err
	}
	w.buf = w.buf[:got]
	return w.buf[:n], nil
}
