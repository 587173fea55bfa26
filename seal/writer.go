package seal

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
)

// runBlocks is how many blocks are written or read at once: 256 KiB, enough that calls cost little.
const runBlocks = 16

// Writer seals a stream as one object. It writes to its target in large pieces. Not for concurrent use.
type Writer struct {
	secret[writer]
}

type writer struct {
	to      io.Writer
	class   Class
	cipher  *blockCipher
	nonce   nonce
	block   int64  // number of the next block
	pending []byte // plaintext of the block begun, less than blockSize
	out     []byte // sealed and not yet written
	size    int64  // plaintext taken
	limit   int64
	err     error // of an earlier call; the object is void
}

var errClosed = errors.New("the object is closed")

// NewWriter starts an object at a place. Nothing is written before the first large piece is full or Close.
func (k *Keys) NewWriter(w io.Writer, p Place) (*Writer, error) {
	key, context, err := k.object(p)
	if err != nil {
		return nil, err
	}
	var salt [saltSize]byte
	rand.Read(salt[:])
	c, commitment, err := newBlockCipher(key[:], salt[:], context[:])
	if err != nil {
		return nil, err
	}
	_, most, _ := p.Class.sizes()
	out := make([]byte, 0, objectHead+runBlocks*sealedBlock)
	out = append(append(append(out, context[:HeaderSize]...), salt[:]...), commitment[:]...)
	return &Writer{hide(&writer{
		to: w, class: p.Class, cipher: c, out: out,
		pending: make([]byte, 0, blockSize),
		limit:   bodyPlaintext(1<<most - objectHead),
	})}, nil
}

// Write takes more plaintext. After an error the object is void and every further call returns that error.
func (w *Writer) Write(b []byte) (int, error) { return w.get().write(b) }

// Close seals the last block and writes what is left; it does not close the target. The plaintext must then be
// padded as for Seal.
func (w *Writer) Close() error { return w.get().close() }

func (w *writer) write(b []byte) (int, error) {
	if w.err == nil && int64(len(b)) > w.limit-w.size {
		w.err = fmt.Errorf("more plaintext than a file of class %d holds", w.class)
	}
	if w.err != nil {
		return 0, w.err
	}
	taken := 0
	for taken < len(b) {
		rest := b[taken:]
		n := min(len(rest), blockSize-len(w.pending))
		if n == blockSize { // a whole block needs no copy
			w.seal(rest[:n])
		} else if w.pending = append(w.pending, rest[:n]...); len(w.pending) == blockSize {
			w.seal(w.pending)
			w.pending = w.pending[:0]
		}
		if w.err != nil {
			return taken, w.err
		}
		taken += n
		w.size += int64(n)
	}
	return taken, nil
}

// seal seals one block, and writes when there is no room for another.
func (w *writer) seal(plaintext []byte) {
	w.out = w.cipher.seal(w.out, &w.nonce, w.block, plaintext)
	w.block++
	if cap(w.out)-len(w.out) < sealedBlock {
		w.flush()
	}
}

func (w *writer) flush() {
	n, err := w.to.Write(w.out)
	if err == nil && n < len(w.out) {
		err = io.ErrShortWrite
	}
	w.out, w.err = w.out[:0], err
}

func (w *writer) close() error {
	if w.err != nil {
		return w.err
	}
	if !w.class.holds(objectHead + bodySize(w.size)) {
		w.err = fmt.Errorf("%d bytes are not padded to a size of class %d", w.size, w.class)
		return w.err
	}
	w.seal(w.pending)
	if w.err == nil && len(w.out) > 0 {
		w.flush()
	}
	clear(w.pending[:cap(w.pending)])
	if w.err != nil {
		return w.err
	}
	w.err = errClosed
	return nil
}
