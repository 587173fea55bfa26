package modern

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"slices"
)

// A sealer writes IV, CBC ciphertext and MAC: the form of a main and of a
// media file.
type sealer struct {
	w    io.Writer
	cbc  cipher.BlockMode
	mac  hash.Hash
	buf  []byte // plaintext that waits for more
	size int64  // of the plaintext so far

	chain [aes.BlockSize]byte // the last block written
	whole int64               // what size becomes with the zeros; 0 before these
}

// sealBuffer is a multiple of the block's size.
const sealBuffer = 64 << 10

func newSealer(w io.Writer, cipherKey, macKey []byte, iv [ivSize]byte) (*sealer, error) {
	s := &sealer{w: w, mac: hmac.New(sha256.New, macKey), buf: make([]byte, 0, sealBuffer), chain: iv,
		cbc: cipher.NewCBCEncrypter(block(cipherKey), iv[:])}
	s.mac.Write(iv[:])
	_, err := w.Write(iv[:])
	return s, err
}

func (s *sealer) Write(p []byte) (int, error) {
	for done := 0; done < len(p); {
		n := copy(s.buf[len(s.buf):cap(s.buf)], p[done:])
		s.buf = s.buf[:len(s.buf)+n]
		done += n
		s.size += int64(n)
		if len(s.buf) == cap(s.buf) {
			if err := s.flush(); err != nil {
				return done, err
			}
		}
	}
	return len(p), nil
}

// flush writes out what is buffered: whole blocks.
func (s *sealer) flush() error {
	if len(s.buf) == 0 {
		return nil
	}
	s.cbc.CryptBlocks(s.buf, s.buf)
	s.mac.Write(s.buf)
	copy(s.chain[:], s.buf[len(s.buf)-aes.BlockSize:])
	_, err := s.w.Write(s.buf)
	s.buf = s.buf[:0]
	return err
}

// pad appends zeros, at most n, until the plaintext has the length that hides
// its own, and returns how many are left.
func (s *sealer) pad(n int64) (left int64, err error) {
	if s.whole == 0 {
		s.whole = padded(s.size)
	}
	var zeros [4096]byte
	for n = min(n, s.whole-s.size); n > 0; {
		k, err := s.Write(zeros[:min(n, int64(len(zeros)))])
		if err != nil {
			return 0, err
		}
		n -= int64(k)
	}
	return s.whole - s.size, nil
}

// A sealerState is where a file can be sealed on. It has no key.
type sealerState struct {
	chain       [aes.BlockSize]byte // the block of ciphertext before, or the IV
	rest        []byte              // plaintext that is no block yet
	size, whole int64
	mac         hash.Hash // never written to
}

// cut writes out all blocks that are complete.
func (s *sealer) cut() (sealerState, error) {
	rest := slices.Clone(s.buf[len(s.buf)&^(aes.BlockSize-1):])
	s.buf = s.buf[:len(s.buf)-len(rest)]
	if err := s.flush(); err != nil {
		return sealerState{}, err
	}
	s.buf = append(s.buf, rest...)
	mac, err := cloneHash(s.mac)
	return sealerState{s.chain, rest, s.size, s.whole, mac}, err
}

// resumeSealer returns a sealer that goes on where another was cut.
func resumeSealer(w io.Writer, cipherKey []byte, at sealerState) (*sealer, error) {
	mac, err := cloneHash(at.mac)
	if err != nil {
		return nil, err
	}
	return &sealer{w: w, mac: mac, buf: append(make([]byte, 0, sealBuffer), at.rest...), size: at.size, whole: at.whole,
		chain: at.chain, cbc: cipher.NewCBCEncrypter(block(cipherKey), at.chain[:])}, nil
}

func cloneHash(h hash.Hash) (hash.Hash, error) {
	c, ok := h.(hash.Cloner)
	if !ok {
		return nil, fmt.Errorf("copy of a hash: %w", errors.ErrUnsupported)
	}
	return c.Clone()
}

// close writes the rest and the MAC. It does not close the writer.
func (s *sealer) close() error {
	n := aes.BlockSize - len(s.buf)%aes.BlockSize
	for range n {
		s.buf = append(s.buf, byte(n))
	}
	if err := s.flush(); err != nil {
		return err
	}
	_, err := s.w.Write(s.mac.Sum(nil))
	return err
}

// padded returns the length to which the apps pad n bytes with zeros: powers
// of 1.05, rounded down, at least 541.
func padded(n int64) int64 {
	const smallest, step = 541, 1.05
	if n <= smallest {
		return smallest
	}
	exp := math.Ceil(math.Log(float64(n)) / math.Log(step))
	return max(n, int64(math.Floor(math.Pow(step, exp))))
}

// sealedSize returns the length of the file that n plaintext bytes and their
// padding become.
func sealedSize(n int64) int64 {
	return ivSize + (padded(n)/aes.BlockSize+1)*aes.BlockSize + macSize
}
