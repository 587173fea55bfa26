package signal

import (
	"encoding/hex"
	"fmt"
	"time"
)

// A Secret is a key or a PIN, or nothing. It prints as [secret] under every
// verb and in JSON: the bytes stand behind a pointer, since fmt ignores the
// methods of a value that it prints with a verb that does not fit. Two are
// equal if reflect.DeepEqual says so or Reveal gives the same.
type Secret struct{ p *string }

const secretMark = "[secret]"

// NewSecret returns the secret s. That of "" is the zero Secret.
func NewSecret(s string) Secret {
	if s == "" {
		return Secret{}
	}
	return Secret{&s}
}

// Reveal returns the bytes, for the encoder and for use as a key only.
func (s Secret) Reveal() string {
	if s.p == nil {
		return ""
	}
	return *s.p
}

// Empty reports whether there is no secret.
func (s Secret) Empty() bool { return s.p == nil }

// Format implements fmt.Formatter; no verb shows the bytes.
func (s Secret) Format(f fmt.State, _ rune) { f.Write([]byte(secretMark)) }

// String implements fmt.Stringer for code that does not go through fmt.
func (s Secret) String() string { return secretMark }

// MarshalText keeps the bytes out of encoding/json and its like.
func (s Secret) MarshalText() ([]byte, error) { return []byte(secretMark), nil }

// Bytes are opaque bytes that are no secret: hashes and ids. They print in hex.
type Bytes string

// String returns b in hex.
func (b Bytes) String() string { return hex.EncodeToString([]byte(b)) }

// MarshalText makes encoding/json write hex, since b is seldom UTF-8.
func (b Bytes) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// A ServiceID names an account: 16 bytes are an ACI (or a PNI where the field
// says so), 17 bytes are 0x01 and a PNI. It can be a map's key.
type ServiceID string

// IsACI reports whether s has the form of an ACI.
func (s ServiceID) IsACI() bool { return len(s) == 16 }

// String returns the UUID, with PNI: in front of a 17-byte PNI. Other lengths
// are damaged input and print in hex.
func (s ServiceID) String() string {
	prefix := ""
	if len(s) == 17 && s[0] == 1 {
		prefix, s = "PNI:", s[1:]
	}
	h := hex.EncodeToString([]byte(s))
	if len(h) != 32 {
		return h
	}
	return prefix + h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// MarshalText makes encoding/json write the UUID.
func (s ServiceID) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Millis is a moment: milliseconds since the Unix epoch, 0 where not known.
type Millis uint64

// maxMillis is the last moment that JavaScript, and so the apps, can express.
const maxMillis = 8_640_000_000_000_000

// Time returns the moment in UTC. Moments beyond what the apps can express
// are cut to the last one, so that the result is always a sensible time.
func (m Millis) Time() time.Time {
	if m > maxMillis {
		m = maxMillis
	}
	return time.UnixMilli(int64(m)).UTC()
}

// Opt is a value that may be absent. A present zero differs from an absent one.
type Opt[T any] struct {
	V  T    // the zero value if absent
	Ok bool // present
}

// Some returns a present v.
func Some[T any](v T) Opt[T] { return Opt[T]{v, true} }

// Unknown holds fields that this package does not know, as they were on the
// wire. It prints as their length, since a newer app may have secrets there;
// see Secret for the pointer.
type Unknown struct{ p *[]byte }

// NewUnknown returns b, fields in ascending order, as Unknown.
func NewUnknown(b []byte) Unknown {
	if len(b) == 0 {
		return Unknown{}
	}
	return Unknown{&b}
}

// Bytes returns the fields. The caller must not change them.
func (u Unknown) Bytes() []byte {
	if u.p == nil {
		return nil
	}
	return *u.p
}

func (u *Unknown) add(field string) {
	if u.p == nil {
		u.p = new([]byte)
	}
	*u.p = append(*u.p, field...)
}

// Format implements fmt.Formatter; no verb shows the bytes.
func (u Unknown) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "[%d unknown bytes]", len(u.Bytes()))
}

// MarshalText keeps the bytes out of encoding/json.
func (u Unknown) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "[%d unknown bytes]", len(u.Bytes())), nil
}
