package modern

import (
	"crypto/sha256"
	"fmt"
	"io"
	"math"

	"bakfs/signal"
)

// MediaSize returns the length of the media file that WriteMedia makes of n bytes.
func MediaSize(n int64) int64 { return sealedSize(n) }

// WriteMedia writes the plaintext src as the media file of l. The same l and
// plaintext give the same bytes: the IV is derived from the file's own key,
// which Signal makes at random for each file. It returns ErrDamaged, after
// writing, if src is not the file that l names.
func WriteMedia(w io.Writer, l *signal.Locator, src io.Reader) error {
	if _, ok := MediaName(l); !ok {
		return ErrNoMedia
	}
	key := l.LocalKey.V.Reveal()
	s, err := newSealer(w, []byte(key[:32]), []byte(key[32:]), mediaIV(l))
	if err != nil {
		return err
	}
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(s, sum), src); err != nil {
		return err
	}
	if size := s.size; size != int64(l.Size) || string(sum.Sum(nil)) != string(l.PlaintextHash.V) {
		return fmt.Errorf("%d bytes that are not the file of the message: %w", size, ErrDamaged)
	}
	if _, err := s.pad(math.MaxInt64); err != nil {
		return err
	}
	return s.close()
}

// mediaIV returns the IV of the media file of l.
func mediaIV(l *signal.Locator) (iv [ivSize]byte) {
	copy(iv[:], derive(l.LocalKey.V, string(l.PlaintextHash.V), "bakfs/v1 signal media iv", ivSize).Reveal())
	return iv
}
