package legacy

import (
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"strings"

	"bakfs/signal"
)

// rounds is how often the passphrase is hashed (section D.1).
const rounds = 250_000

// digits is how many digits a passphrase has.
const digits = 30

// ParsePassphrase returns the 30 digits of a passphrase in any form in which
// people write it: in groups, over several lines, with hyphens, in the digits
// of some other scripts. The error wraps ErrPassphrase and does not repeat s.
func ParsePassphrase(s string) (signal.Secret, error) {
	var b strings.Builder
	for _, r := range s {
		switch d := digit(r); {
		case d >= 0:
			b.WriteByte('0' + byte(d))
		case strings.ContainsRune(" \t\r\n\v\f-–—_.,:;/|\"'\u00a0\u2007\u2009\u202f\u2060\u200b\ufeff\u200e\u200f", r):
		default:
			return signal.Secret{}, fmt.Errorf("%w, and this text has other characters", ErrPassphrase)
		}
	}
	if b.Len() != digits {
		return signal.Secret{}, fmt.Errorf("%w, and this text has %d", ErrPassphrase, b.Len())
	}
	return signal.NewSecret(b.String()), nil
}

// digit returns the value of a decimal digit, -1 if r is none.
func digit(r rune) int {
	for _, zero := range []rune{'0', 0x0660, 0x06f0, 0x0966, 0x09e6, 0xff10} {
		if r >= zero && r <= zero+9 {
			return int(r - zero)
		}
	}
	return -1
}

// Keys are the two keys of one file. They print as [secret]; Bytes has them.
// The zero value opens nothing.
type Keys struct{ s signal.Secret }

// KeysSize is the length of what Bytes returns.
const KeysSize = 64

// DeriveKeys stretches a passphrase, as ParsePassphrase returns it, with the
// salt of a file's header. It takes about a tenth of a second (section D.1).
func DeriveKeys(passphrase signal.Secret, salt []byte) (Keys, error) {
	p := []byte(passphrase.Reveal())
	h := sha512.New()
	h.Write(salt)
	h.Write(p)
	h.Write(p)
	sum := h.Sum(nil)
	for range rounds - 1 {
		h.Reset()
		h.Write(sum)
		h.Write(p)
		sum = h.Sum(sum[:0])
	}
	out, err := hkdf.Key(sha256.New, sum[:32], nil, "Backup Export", KeysSize)
	if err != nil {
		return Keys{}, fmt.Errorf("key derivation: %w", err)
	}
	return ParseKeys(out)
}

// ParseKeys takes back what Bytes returned.
func ParseKeys(b []byte) (Keys, error) {
	if len(b) != KeysSize {
		return Keys{}, errors.New("keys of a legacy backup have 64 bytes")
	}
	return Keys{signal.NewSecret(string(b))}, nil
}

// Bytes returns the cipher key and the MAC key, 32 bytes each: what must be
// stored, sealed, to make the file again without its passphrase.
func (k Keys) Bytes() []byte { return []byte(k.s.Reveal()) }

func (k Keys) cipher() []byte { return k.Bytes()[:32] }
func (k Keys) mac() []byte    { return k.Bytes()[32:] }

// Format implements fmt.Formatter; no verb shows the keys.
func (k Keys) Format(f fmt.State, _ rune) { f.Write([]byte("[secret]")) }

// String implements fmt.Stringer.
func (k Keys) String() string { return "[secret]" }

// MarshalText keeps the keys out of encoding/json and its like.
func (k Keys) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }
