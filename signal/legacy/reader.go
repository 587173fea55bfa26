package legacy

import (
	"crypto/cipher"
	"errors"
	"fmt"
	"io"

	"bakfs/signal"
)

// readAhead is how much of the file a Reader reads at once.
const readAhead = 256 << 10

// maxFirst bounds the first frame, which holds a number: with a wrong
// passphrase its length is noise, and no work is done on that.
const maxFirst = 64 << 10

// A Reader takes a file apart: Next returns its frames in order, each with
// the blob that follows it. It reads the file forward only, but for blobs,
// which are read twice (see Blob.Open). One goroutine uses it at a time.
type Reader struct {
	header  Header
	keys    Keys
	s       *sealer
	win     window
	back    windows // for frames that were read before
	off     int64   // of the next part
	counter uint32  // of the next part
	blobs   int     // seen so far
	plain   []byte
	key     cipher.Stream // of the frame that was read last, behind its length
	first   bool          // the next frame is the first encrypted one
	err     error
}

// A Frame is one frame of a file.
type Frame struct {
	At   Ref    // where it is, for AppendFrame
	Kind Kind   // what it holds
	Data []byte // as it was inside the encryption; valid until the next call
	Blob *Blob  // the raw data that follows; nil if none does
}

// A Ref is where a frame is: its offset in the file, or in the stored stream,
// and its number there.
type Ref struct {
	Offset  int64
	Counter uint32
}

// Open opens a file with its passphrase, as ParsePassphrase returns it. A
// wrong one is ErrKey. Other errors are those of ReadHeader and of the first
// frame.
func Open(src io.ReaderAt, size int64, passphrase signal.Secret) (*Reader, error) {
	h, err := ReadHeader(src, size)
	if err != nil {
		return nil, err
	}
	k, err := DeriveKeys(passphrase, h.Salt)
	if err != nil {
		return nil, err
	}
	return OpenKeys(src, size, k)
}

// OpenKeys opens a file with its derived keys. Errors are those of Open; a
// file whose first two frames are both damaged gives ErrKey too.
func OpenKeys(src io.ReaderAt, size int64, k Keys) (*Reader, error) {
	h, err := ReadHeader(src, size)
	if err != nil {
		return nil, err
	}
	s, err := newSealer(&h, k)
	if err != nil {
		return nil, err
	}
	r := &Reader{header: h, keys: k, s: s, win: window{src: src, size: size, fill: readAhead}, back: newWindows(src, size)}
	r.Rewind()
	if err := r.try(); err != nil {
		return nil, err
	}
	return r, nil
}

// try looks at the first encrypted frame.
func (r *Reader) try() error {
	raw, err := r.frame(&r.win, r.off, r.counter, maxFirst)
	if errors.Is(err, ErrDamaged) {
		if _, ok := r.resume(true); !ok {
			return ErrKey
		}
		return nil // that frame only is damaged, as the second one is good
	}
	if err != nil {
		return err
	}
	// The MAC of a frame does not cover the IV.
	if kind, _ := classify(r.decrypt(raw)); kind == KindUnknown {
		return &DamageError{Offset: 0, Part: "header", Parts: 1, Lost: true}
	}
	return nil
}

// Rewind goes back to the first frame.
func (r *Reader) Rewind() {
	r.off, r.counter, r.blobs, r.first, r.err = int64(len(r.header.Raw)), r.header.counter(), 0, true, nil
}

// Header returns the header of the file.
func (r *Reader) Header() Header { return r.header }

// Keys returns the derived keys of the file.
func (r *Reader) Keys() Keys { return r.keys }

// Offset returns where the next part begins: all before it has been read.
func (r *Reader) Offset() int64 { return r.off }

// Next returns the next frame, whose MAC was right. At the end of a whole file
// the error is io.EOF. One that wraps ErrTruncated ends the file too. A
// *DamageError tells of one frame; unless it says Lost, the next call returns
// what follows it. Other errors are those of reading the file.
func (r *Reader) Next() (Frame, error) {
	if r.err != nil {
		return Frame{}, r.err
	}
	limit := maxFrame
	if r.first {
		limit, r.first = maxFirst, false
	}
	at := Ref{r.off, r.counter}
	raw, err := r.frame(&r.win, r.off, r.counter, limit)
	if err != nil {
		return Frame{}, r.failed(err)
	}
	f := Frame{At: at, Data: r.decrypt(raw)}
	r.off += int64(len(raw))
	r.counter++
	var m message
	f.Kind, m = classify(f.Data)
	if f.Kind == KindEnd {
		r.err = io.EOF
		if r.off < r.win.size {
			r.err = &DamageError{Offset: r.off, Part: "data behind the end", Parts: 1, Lost: true}
		}
		return f, nil
	}
	if n, ok := blobLength(f.Kind, m); ok {
		f.Blob, err = r.follow(n)
	}
	return f, err
}

// frame returns the frame at off as it is in the file. If it is not whole the
// error wraps ErrTruncated, if its length or its MAC is wrong ErrDamaged.
func (r *Reader) frame(w span, off int64, counter uint32, limit int) ([]byte, error) {
	head, err := w.at(off, 4)
	if err != nil {
		return nil, r.short(err, off)
	}
	r.key = r.s.stream(counter, 0)
	n, ok := r.s.frameLength(head, r.key)
	if !ok || n > limit {
		return nil, &DamageError{Offset: off, Part: "frame", Parts: 1}
	}
	raw, err := w.at(off, 4+n)
	if err != nil {
		return nil, r.short(err, off)
	}
	if !r.s.frameMAC(raw) {
		return nil, &DamageError{Offset: off, Part: "frame", Parts: 1}
	}
	return raw, nil
}

func (r *Reader) short(err error, off int64) error {
	if err == io.ErrUnexpectedEOF {
		return truncated(off)
	}
	return fmt.Errorf("legacy backup at offset %d: %w", off, err)
}

// decrypt returns the frame in raw, which frame returned last, in the reader's
// own memory.
func (r *Reader) decrypt(raw []byte) []byte {
	n := len(raw) - frameExtra
	if cap(r.plain) < n || cap(r.plain) > 1<<20 && n < 1<<16 {
		r.plain = make([]byte, n, max(n, 4096))
	}
	r.plain = r.plain[:n]
	r.key.XORKeyStream(r.plain, raw[4:4+n])
	return r.plain
}

// failed keeps the error that Next returns from now on, or finds the place
// where it can go on.
func (r *Reader) failed(err error) error {
	var damage *DamageError
	short := errors.Is(err, ErrTruncated)
	if !short && !errors.As(err, &damage) {
		r.err = err
		return err
	}
	at := r.off
	next, ok := r.resume(false)
	switch {
	case ok:
		parts := int(next.Counter - r.counter)
		r.off, r.counter = next.Offset, next.Counter
		return &DamageError{Offset: at, Part: "frame", Parts: parts}
	case short:
		r.err = err
	default:
		damage.Lost = true
		r.err = err
	}
	return err
}

// follow returns the blob of n bytes that begins where the reader is, and
// steps over it. Of a blob that is not whole the next call of Next tells.
func (r *Reader) follow(n int64) (*Blob, error) {
	b := &Blob{Index: r.blobs, Offset: r.off, Length: n, counter: r.counter, r: r}
	if r.off+n+MACSize > r.win.size {
		r.err = truncated(r.off)
		b.cut = true
		return b, nil
	}
	if n == 0 {
		// Some apps write an empty file's frame without data.
		_, _, err := b.Open()
		if errors.Is(err, ErrDamaged) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
	}
	r.off += n + MACSize
	r.counter++
	r.blobs++
	return b, nil
}
