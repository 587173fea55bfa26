package legacy

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"math/bits"
)

// MACSize is the length of a MAC in the file.
const MACSize = 10

// A MAC is the first ten bytes of a part's HMAC-SHA256.
type MAC [MACSize]byte

// frameExtra is what a frame in the file has beside its bytes: length and MAC.
const frameExtra = 4 + MACSize

// maxFrame is the longest frame that is believed. The app's own limit on a
// row is a few megabytes.
const maxFrame = 110 << 20

// A sealer knows how frames and blobs are encrypted and authenticated
// (section D.2). One goroutine uses it at a time.
type sealer struct {
	block   cipher.Block
	mac     hash.Hash
	iv      [16]byte
	version uint32
	sum     []byte
}

func newSealer(h *Header, k Keys) (*sealer, error) {
	if k.s.Empty() {
		return nil, fmt.Errorf("no keys: %w", ErrKey)
	}
	block, err := aes.NewCipher(k.cipher())
	if err != nil {
		return nil, err
	}
	return &sealer{block: block, mac: hmac.New(sha256.New, k.mac()), iv: h.IV, version: h.Version}, nil
}

// initial returns the counter block of the part with number counter.
func (s *sealer) initial(counter uint32) [16]byte {
	iv := s.iv
	binary.BigEndian.PutUint32(iv[:4], counter)
	return iv
}

// stream returns the key stream of part counter from byte off of it on.
func (s *sealer) stream(counter uint32, off int64) cipher.Stream {
	iv := s.initial(counter)
	if off >= 16 {
		lo, carry := bits.Add64(binary.BigEndian.Uint64(iv[8:]), uint64(off/16), 0)
		hi, _ := bits.Add64(binary.BigEndian.Uint64(iv[:8]), 0, carry)
		binary.BigEndian.PutUint64(iv[:8], hi)
		binary.BigEndian.PutUint64(iv[8:], lo)
	}
	c := cipher.NewCTR(s.block, iv[:])
	if r := off % 16; r > 0 {
		var skip [16]byte
		c.XORKeyStream(skip[:r], skip[:r])
	}
	return c
}

// finish returns the MAC of what was written to s.mac.
func (s *sealer) finish() MAC {
	s.sum = s.mac.Sum(s.sum[:0])
	return MAC(s.sum[:MACSize])
}

// appendFrame appends a frame as it is in the file.
func (s *sealer) appendFrame(b, frame []byte, counter uint32) []byte {
	at := len(b)
	b = binary.BigEndian.AppendUint32(b, uint32(len(frame)+MACSize))
	b = append(b, frame...)
	covered := b[at:]
	if s.version == 0 {
		covered = covered[4:]
	}
	s.stream(counter, 0).XORKeyStream(covered, covered)
	s.mac.Reset()
	s.mac.Write(covered)
	mac := s.finish()
	return append(b, mac[:]...)
}

// frameLength returns how many bytes follow the first four of a frame; raw
// has these four. False means that it cannot be right.
func (s *sealer) frameLength(raw []byte, c cipher.Stream) (int, bool) {
	var b [4]byte
	copy(b[:], raw)
	if s.version > 0 {
		c.XORKeyStream(b[:], b[:])
	}
	n := binary.BigEndian.Uint32(b[:])
	return int(n), n > MACSize && n <= maxFrame
}

// frameMAC reports whether raw, a whole frame as it is in the file, has the
// right MAC.
func (s *sealer) frameMAC(raw []byte) bool {
	covered := raw[:len(raw)-MACSize]
	if s.version == 0 {
		covered = covered[4:]
	}
	s.mac.Reset()
	s.mac.Write(covered)
	mac := s.finish()
	return hmac.Equal(mac[:], raw[len(raw)-MACSize:])
}

// startBlob begins the MAC of a blob.
func (s *sealer) startBlob(counter uint32) {
	iv := s.initial(counter)
	s.mac.Reset()
	s.mac.Write(iv[:])
}
