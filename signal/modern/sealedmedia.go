package modern

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"

	"bakfs/signal"
)

// A ContextReaderAt is like io.ReaderAt, with a context.
type ContextReaderAt interface {
	ReadAt(ctx context.Context, p []byte, off int64) (int, error)
}

// A SealedMedia is the media file that WriteMedia makes, made where it is
// read. What lies before a place must have been made once, which the first
// read there does. Its methods may be called at the same time.
type SealedMedia struct {
	cipher cipher.Block
	plain  int64 // length of what is sealed
	whole  int64 // with zeros
	size   int64 // of the file

	// Holds an element while a call uses what follows.
	making chan struct{}
	mac    hash.Hash
	chain  [][aes.BlockSize]byte // the ciphertext before each piece, for those that were made and the next
	sum    []byte                // the MAC of all, when all were made
	last   []byte                // the piece that was asked for last
	lastAt int64                 // where it begins in the file
}

// mediaPiece is how much of a media file is made at once, a multiple of the
// block's size.
const mediaPiece = 64 << 10

// NewSealedMedia returns the media file of l for a plaintext of size bytes.
// The error is ErrNoMedia if l names none.
func NewSealedMedia(l *signal.Locator, size int64) (*SealedMedia, error) {
	if _, ok := MediaName(l); !ok {
		return nil, ErrNoMedia
	}
	key, iv := l.LocalKey.V.Reveal(), mediaIV(l)
	m := &SealedMedia{
		cipher: block([]byte(key[:32])), plain: size, whole: padded(size), size: sealedSize(size),
		making: make(chan struct{}, 1), mac: hmac.New(sha256.New, []byte(key[32:])), chain: [][aes.BlockSize]byte{iv},
	}
	m.mac.Write(iv[:])
	return m, nil
}

// Size returns the length of the file.
func (m *SealedMedia) Size() int64 { return m.size }

// ReadAt fills p from byte off on, like io.ReaderAt. src has the plaintext: the
// same in each call.
func (m *SealedMedia) ReadAt(ctx context.Context, src ContextReaderAt, p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("offset %d: %w", off, io.ErrUnexpectedEOF)
	}
	n := 0
	for n < len(p) && off+int64(n) < m.size {
		from, b, err := m.around(ctx, src, off+int64(n))
		if err != nil {
			return n, err
		}
		n += copy(p[n:], b[off+int64(n)-from:])
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// around returns bytes of the file that hold byte off, and where they begin.
func (m *SealedMedia) around(ctx context.Context, src ContextReaderAt, off int64) (from int64, b []byte, err error) {
	select {
	case m.making <- struct{}{}:
		defer func() { <-m.making }()
	case <-ctx.Done():
		return 0, nil, ctx.Err()
	}
	end := m.size - macSize
	i := (min(max(off, ivSize), end-1) - ivSize) / mediaPiece
	switch from = ivSize + i*mediaPiece; {
	case off < ivSize:
		return 0, m.chain[0][:], nil
	case off < end && from == m.lastAt:
		return from, m.last, nil
	case off < end && int64(len(m.chain)) > i+1: // it was made once
		b, err = m.seal(ctx, src, i)
	default:
		for int64(len(m.chain)) <= i || off >= end && m.sum == nil {
			if _, err := m.advance(ctx, src); err != nil {
				return 0, nil, err
			}
		}
		if off >= end {
			return end, m.sum, nil
		}
		b, err = m.advance(ctx, src)
	}
	if err == nil {
		m.last, m.lastAt = b, from
	}
	return from, b, err
}

// advance makes the first piece that was never made, or the last one again.
func (m *SealedMedia) advance(ctx context.Context, src ContextReaderAt) ([]byte, error) {
	i := int64(len(m.chain)) - 1
	b, err := m.seal(ctx, src, i)
	if err != nil || m.sum != nil {
		return b, err
	}
	m.mac.Write(b)
	if ivSize+i*mediaPiece+int64(len(b)) == m.size-macSize {
		m.sum = m.mac.Sum(nil)
	} else {
		m.chain = append(m.chain, [aes.BlockSize]byte(b[len(b)-aes.BlockSize:]))
	}
	return b, nil
}

// seal makes piece i, given the block before it.
func (m *SealedMedia) seal(ctx context.Context, src ContextReaderAt, i int64) ([]byte, error) {
	at := i * mediaPiece
	b := make([]byte, min(mediaPiece, m.size-ivSize-macSize-at))
	if want := min(int64(len(b)), m.plain-at); want > 0 {
		if n, err := src.ReadAt(ctx, b[:want], at); int64(n) < want {
			return nil, readError(err)
		}
	}
	for k := max(m.whole-at, 0); k < int64(len(b)); k++ { // the padding of the last block
		b[k] = byte(m.size - ivSize - macSize - m.whole)
	}
	cipher.NewCBCEncrypter(m.cipher, m.chain[i][:]).CryptBlocks(b, b)
	return b, nil
}
