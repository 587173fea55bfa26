package seal

import (
	"errors"
	"fmt"
	"io"
	"sync"
)

// Reader reads the plaintext of one object at any offset. It opens only the blocks that a read touches. Safe for
// concurrent use if its source is.
//
// Each block is authenticated with its position, but that a file was not cut to a smaller size of its class shows
// only when its last block is read.
type Reader struct {
	secret[reader]
}

type reader struct {
	from   io.ReaderAt
	file   int64 // size of the file
	size   int64 // of the plaintext
	cipher *blockCipher
}

// scratch is the memory of one ReadAt.
type scratch struct {
	nonce  nonce
	plain  [blockSize]byte
	sealed [runBlocks * sealedBlock]byte
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// NewReader checks size, header and key commitment of an object, and reads no more than its first 88 bytes.
// Errors are as for Open; an error of r is wrapped.
func (k *Keys) NewReader(r io.ReaderAt, size int64, p Place) (*Reader, error) {
	key, context, err := k.object(p)
	if err != nil {
		return nil, err
	}
	if !p.Class.holds(size) {
		return nil, fmt.Errorf("a file of %d bytes in class %d: %w", size, p.Class, ErrTampered)
	}
	head := make([]byte, objectHead)
	if err := readFull(r, head, 0); err != nil {
		return nil, err
	}
	if err := checkHeader(p, size, head, &context); err != nil {
		return nil, err
	}
	c, err := openCipher(key[:], head[HeaderSize:], context[:])
	if err != nil {
		return nil, err
	}
	return &Reader{hide(&reader{r, size, bodyPlaintext(size - objectHead), c})}, nil
}

// Size returns the length of the plaintext, with its padding.
func (r *Reader) Size() int64 { return r.get().size }

// ReadAt is as io.ReaderAt asks. The error is ErrTampered if a block touched was changed or is not there; the
// bytes before that block are good.
func (r *Reader) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("negative offset")
	}
	if off >= r.get().size {
		return 0, io.EOF
	}
	var end error
	if left := r.get().size - off; int64(len(p)) > left {
		p, end = p[:left], io.EOF
	}
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	done := 0
	for done < len(p) {
		n, err := r.get().run(s, p[done:], off+int64(done))
		done += n
		if err != nil {
			return done, err
		}
	}
	return done, end
}

// run reads the first blocks of a range with one read of the source. The range lies in the plaintext and is not
// empty.
func (r *reader) run(s *scratch, p []byte, off int64) (int, error) {
	first := off / blockSize
	last := min((off+int64(len(p))-1)/blockSize, first+runBlocks-1)
	start := objectHead + first*sealedBlock
	sealed := s.sealed[:min(r.file, start+(last-first+1)*sealedBlock)-start]
	if err := readFull(r.from, sealed, start); err != nil {
		return 0, err
	}
	done, skip := 0, int(off%blockSize) // skip: what the range leaves out of its first block
	for k := first; k <= last; k++ {
		block := sealed[:min(len(sealed), sealedBlock)]
		sealed = sealed[len(block):]
		length := len(block) - tagSize
		if skip == 0 && len(p)-done >= length {
			if _, err := r.cipher.open(p[done:done:done+length], &s.nonce, k, block); err != nil {
				return done, err
			}
			done += length
			continue
		}
		plain, err := r.cipher.open(s.plain[:0], &s.nonce, k, block)
		if err != nil {
			return done, err
		}
		done += copy(p[done:], plain[skip:])
		skip = 0
	}
	return done, nil
}

// readFull fills b. A source that ends early is a file cut since its size was asked.
func readFull(r io.ReaderAt, b []byte, off int64) error {
	n, err := r.ReadAt(b, off)
	switch {
	case n == len(b):
		return nil
	case err == nil || errors.Is(err, io.EOF):
		return fmt.Errorf("the file ends at %d: %w", off+int64(n), ErrTampered)
	}
	return err
}
