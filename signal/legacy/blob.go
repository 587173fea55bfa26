package legacy

import (
	"bytes"
	"crypto/cipher"
	"crypto/hmac"
	"fmt"
	"io"
)

// blobBuffer is the memory that a blob's reader needs. A blob that fits is
// read once.
const blobBuffer = 256 << 10

// A Blob is the raw data behind a frame: a media file.
type Blob struct {
	Index  int   // how many blobs are before it in the file
	Offset int64 // in the file
	Length int64 // of the data, without the MAC

	counter uint32
	cut     bool
	r       *Reader
}

// Open checks the MAC of the whole blob and then returns a reader of its
// plaintext and the MAC. If the MAC is wrong the error is a *DamageError; the
// file can be read on. If the blob is not whole it wraps ErrTruncated. The
// reader checks the MAC a second time, as the file may have changed in
// between, and says so with ErrDamaged in place of io.EOF.
//
// Open can be called at any time, also after further calls of Next, but not
// at the same time as another method of the Reader.
func (b *Blob) Open() (io.Reader, MAC, error) {
	if b.cut {
		return nil, MAC{}, truncated(b.Offset)
	}
	s, err := newSealer(&b.r.header, b.r.keys)
	if err != nil {
		return nil, MAC{}, err
	}
	if b.Length <= blobBuffer {
		return b.small(s)
	}
	mac, err := b.check(s)
	if err != nil {
		return nil, MAC{}, err
	}
	s.startBlob(b.counter)
	return &blobReader{b: b, s: s, c: s.stream(b.counter, 0), want: mac}, mac, nil
}

// verify checks the MAC.
func (b *Blob) verify() error {
	_, _, err := b.Open()
	return err
}

// small reads a blob whole.
func (b *Blob) small(s *sealer) (io.Reader, MAC, error) {
	raw := make([]byte, b.Length+MACSize)
	if err := b.read(raw, 0); err != nil {
		return nil, MAC{}, err
	}
	data, tail := raw[:b.Length], MAC(raw[b.Length:])
	s.startBlob(b.counter)
	s.mac.Write(data)
	if mac := s.finish(); !hmac.Equal(mac[:], tail[:]) {
		return nil, MAC{}, &DamageError{Offset: b.Offset, Part: "media", Parts: 1}
	}
	s.stream(b.counter, 0).XORKeyStream(data, data)
	return bytes.NewReader(data), tail, nil
}

// check reads the blob and compares its MAC.
func (b *Blob) check(s *sealer) (MAC, error) {
	s.startBlob(b.counter)
	buf := make([]byte, blobBuffer)
	for off := int64(0); off < b.Length; {
		p := buf[:min(int64(len(buf)), b.Length-off)]
		if err := b.read(p, off); err != nil {
			return MAC{}, err
		}
		s.mac.Write(p)
		off += int64(len(p))
	}
	var tail MAC
	if err := b.read(tail[:], b.Length); err != nil {
		return MAC{}, err
	}
	if mac := s.finish(); !hmac.Equal(mac[:], tail[:]) {
		return MAC{}, &DamageError{Offset: b.Offset, Part: "media", Parts: 1}
	}
	return tail, nil
}

// read fills p from byte off of the blob on, as it is in the file.
func (b *Blob) read(p []byte, off int64) error {
	n, err := b.r.win.src.ReadAt(p, b.Offset+off)
	switch {
	case n == len(p):
		return nil
	case err == nil || err == io.EOF:
		return truncated(b.Offset)
	}
	return fmt.Errorf("media at offset %d: %w", b.Offset, err)
}

// A blobReader decrypts a large blob.
type blobReader struct {
	b    *Blob
	s    *sealer
	c    cipher.Stream
	want MAC
	off  int64
	err  error
}

// Read implements io.Reader.
func (r *blobReader) Read(p []byte) (int, error) {
	if r.err != nil || len(p) == 0 {
		return 0, r.err
	}
	if r.off == r.b.Length {
		r.err = io.EOF
		if mac := r.s.finish(); mac != r.want {
			r.err = &DamageError{Offset: r.b.Offset, Part: "media", Parts: 1}
		}
		return 0, r.err
	}
	p = p[:min(int64(len(p)), r.b.Length-r.off)]
	if r.err = r.b.read(p, r.off); r.err != nil {
		return 0, r.err
	}
	r.s.mac.Write(p)
	r.c.XORKeyStream(p, p)
	r.off += int64(len(p))
	return len(p), nil
}
