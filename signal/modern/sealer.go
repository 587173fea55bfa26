package modern

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"io"
	"math"
)

// A sealer writes IV, CBC ciphertext and MAC: the form of a main and of a
// media file.
type sealer struct {
	w    io.Writer
	cbc  cipher.BlockMode
	mac  hash.Hash
	buf  []byte // plaintext that waits for more
	size int64  // of the plaintext so far
}

func newSealer(w io.Writer, cipherKey, macKey []byte, iv [ivSize]byte) (*sealer, error) {
	s := &sealer{w: w, mac: hmac.New(sha256.New, macKey), buf: make([]byte, 0, 64<<10),
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
	s.cbc.CryptBlocks(s.buf, s.buf)
	s.mac.Write(s.buf)
	_, err := s.w.Write(s.buf)
	s.buf = s.buf[:0]
	return err
}

// pad appends zeros until the plaintext has the length that hides its own.
func (s *sealer) pad() error {
	var zeros [4096]byte
	for left := padded(s.size) - s.size; left > 0; {
		n, err := s.Write(zeros[:min(left, int64(len(zeros)))])
		if err != nil {
			return err
		}
		left -= int64(n)
	}
	return nil
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
