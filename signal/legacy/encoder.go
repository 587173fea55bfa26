package legacy

import (
	"errors"
	"fmt"
	"io"
)

// An Encoder writes a file: the header, then Frame and Blob in the order in
// which a Reader returned them give the same bytes again. It buffers up to
// 256 KiB; Close writes the rest.
type Encoder struct {
	w       io.Writer
	s       *sealer
	counter uint32
	buf     []byte
	err     error
}

// encoderBuffer is how much an Encoder collects before it writes.
const encoderBuffer = 256 << 10

// NewEncoder writes the header to w.
func NewEncoder(w io.Writer, h Header, k Keys) (*Encoder, error) {
	s, err := newSealer(&h, k)
	if err != nil {
		return nil, err
	}
	return &Encoder{w: w, s: s, counter: h.counter(), buf: append(make([]byte, 0, encoderBuffer), h.Raw...)}, nil
}

// NewHeader returns the header of a new file. The IV and the salt must be
// fresh random bytes; version is 0 or 1.
func NewHeader(iv [16]byte, salt []byte, version uint32) (Header, error) {
	m := append([]byte{0x0a, 16}, iv[:]...)
	if len(salt) > 0 {
		if len(salt) > 127 {
			return Header{}, errors.New("salt is too long")
		}
		m = append(append(m, 0x12, byte(len(salt))), salt...)
	}
	if version > 0 {
		m = append(m, 0x18, byte(version))
	}
	if len(m) > 127 {
		return Header{}, errors.New("salt is too long")
	}
	return ParseHeader(append([]byte{0, 0, 0, byte(len(m) + 2), 0x0a, byte(len(m))}, m...))
}

// Frame writes a frame. It must not be empty.
func (e *Encoder) Frame(frame []byte) error {
	if len(frame) == 0 || len(frame) > maxFrame-MACSize {
		return fmt.Errorf("a frame of %d bytes cannot be written", len(frame))
	}
	if e.err == nil {
		e.buf = e.s.appendFrame(e.buf, frame, e.counter)
		e.counter++
		e.flush(encoderBuffer - 4096)
	}
	return e.err
}

// Blob writes the n bytes of r as the raw data of the frame before. If r has
// fewer the error is io.ErrUnexpectedEOF and the file is spoilt.
func (e *Encoder) Blob(r io.Reader, n int64) (MAC, error) {
	if e.err != nil {
		return MAC{}, e.err
	}
	c := e.s.stream(e.counter, 0)
	e.s.startBlob(e.counter)
	e.counter++
	for n > 0 {
		e.flush(encoderBuffer / 2)
		at := len(e.buf)
		p := e.buf[at : at+int(min(n, int64(cap(e.buf)-at)))]
		if _, err := io.ReadFull(r, p); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			e.err = err
			return MAC{}, err
		}
		c.XORKeyStream(p, p)
		e.s.mac.Write(p)
		e.buf = e.buf[:at+len(p)]
		n -= int64(len(p))
	}
	mac := e.s.finish()
	e.buf = append(e.buf, mac[:]...)
	return mac, e.err
}

// flush writes the buffer if it holds more than limit.
func (e *Encoder) flush(limit int) {
	if len(e.buf) > limit && e.err == nil {
		_, e.err = e.w.Write(e.buf)
		if cap(e.buf) > 4*encoderBuffer {
			e.buf = make([]byte, 0, encoderBuffer)
		}
		e.buf = e.buf[:0]
	}
}

// Close writes what is buffered. It does not close the writer.
func (e *Encoder) Close() error {
	e.flush(0)
	return e.err
}
