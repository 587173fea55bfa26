package seal

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"
	"unicode/utf8"
)

const (
	labelEntry       = "bakfs/v1 journal entry\x00"
	labelCertificate = "bakfs/v1 device certificate\x00"

	certificateVersion = 1
	certificateFixed   = 1 + 16 + 32 + 4 + 8 + 1 // all before the name
)

// Device is an enrolled machine: its identity, its certificate and the private key it signs its journal with.
// Safe for concurrent use.
type Device struct {
	secret[deviceSecret]
	ID DeviceID
}

type deviceSecret struct {
	signing     ed25519.PrivateKey
	certificate Certificate
}

// Certificate is what the root says of a device: this key signs the device's journal. It is public within the
// repository. The zero value verifies nothing.
type Certificate struct {
	Device DeviceID
	Public [32]byte
	Epoch  uint32 // the newest when the device was enrolled
	Time   int64  // of the enrolment, nanoseconds since 1970
	Name   string // for people; 1 to 255 bytes of UTF-8

	raw string
}

// Enrol makes a new device with a key pair of its own. The name is 1 to 255 bytes of UTF-8.
func (r *Root) Enrol(name string, now time.Time) (*Device, error) {
	var id DeviceID
	var seed [ed25519.SeedSize]byte
	rand.Read(id[:])
	rand.Read(seed[:])
	return r.enrol(id, seed, name, now.UnixNano())
}

// enrol makes the device of an identity and a seed.
func (r *Root) enrol(id DeviceID, seed [ed25519.SeedSize]byte, name string, now int64) (*Device, error) {
	if !goodName(name) {
		return nil, fmt.Errorf("device name of %d bytes: must be 1 to 255 bytes of UTF-8", len(name))
	}
	signing := ed25519.NewKeyFromSeed(seed[:])
	raw := append([]byte{certificateVersion}, id[:]...)
	raw = append(raw, signing.Public().(ed25519.PublicKey)...)
	raw = binary.BigEndian.AppendUint32(raw, currentEpoch)
	raw = binary.BigEndian.AppendUint64(raw, uint64(now))
	raw = append(append(raw, byte(len(name))), name...)
	raw = append(raw, sign(r.get().signing, labelCertificate, r.get().repository[:], raw)...)
	c, err := readCertificate(raw)
	if err != nil {
		return nil, err
	}
	return &Device{hide(&deviceSecret{signing, c}), id}, nil
}

func goodName(name string) bool {
	return len(name) >= 1 && len(name) <= 255 && utf8.ValidString(name)
}

// Certificate returns the device's certificate.
func (d *Device) Certificate() Certificate { return d.get().certificate }

// Sign signs a journal entry. Certificate.Verify checks it.
func (d *Device) Sign(msg []byte) []byte { return sign(d.get().signing, labelEntry, msg) }

// Bytes returns the certificate as it stands in a journal entry. The caller may change the bytes.
func (c Certificate) Bytes() []byte { return []byte(c.raw) }

// Verify checks a signature by the device over a journal entry. The error is ErrTampered.
func (c Certificate) Verify(msg, sig []byte) error {
	// The zero key is a point of small order, for which anybody can sign.
	if c.raw == "" || !verify(c.Public[:], sig, labelEntry, msg) {
		return fmt.Errorf("signature of an entry: %w", ErrTampered)
	}
	return nil
}

// ParseCertificate reads a certificate and verifies that the root of this repository signed it. The error is
// ErrTampered, or ErrVersion for a later version.
func (k *Keys) ParseCertificate(raw []byte) (Certificate, error) {
	c, err := readCertificate(raw)
	if err != nil {
		return Certificate{}, err
	}
	signed, sig := raw[:len(raw)-ed25519.SignatureSize], raw[len(raw)-ed25519.SignatureSize:]
	if !verify(k.get().root[:], sig, labelCertificate, k.get().repository[:], signed) {
		return Certificate{}, fmt.Errorf("signature of a certificate: %w", ErrTampered)
	}
	return c, nil
}

// readCertificate reads the form of a certificate, without its signature.
func readCertificate(raw []byte) (Certificate, error) {
	if len(raw) > 0 && raw[0] != certificateVersion {
		return Certificate{}, fmt.Errorf("certificate of version %d: %w", raw[0], ErrVersion)
	}
	if len(raw) < certificateFixed || len(raw) != certificateFixed+int(raw[certificateFixed-1])+ed25519.SignatureSize {
		return Certificate{}, fmt.Errorf("certificate of %d bytes: %w", len(raw), ErrTampered)
	}
	c := Certificate{
		Epoch: binary.BigEndian.Uint32(raw[49:]),
		Time:  int64(binary.BigEndian.Uint64(raw[53:])),
		Name:  string(raw[certificateFixed : len(raw)-ed25519.SignatureSize]),
		raw:   string(raw),
	}
	copy(c.Device[:], raw[1:])
	copy(c.Public[:], raw[17:])
	if !goodName(c.Name) || c.Epoch >= maxEpochs {
		return Certificate{}, fmt.Errorf("certificate: %w", ErrTampered)
	}
	return c, nil
}

// join puts a label and the parts of a message together.
func join(label string, parts [][]byte) []byte {
	size := len(label)
	for _, p := range parts {
		size += len(p)
	}
	msg := append(make([]byte, 0, size), label...)
	for _, p := range parts {
		msg = append(msg, p...)
	}
	return msg
}

// sign signs the label and the parts, one behind the other.
func sign(key ed25519.PrivateKey, label string, parts ...[]byte) []byte {
	return ed25519.Sign(key, join(label, parts))
}

// verify checks what sign returned. public must be 32 bytes; any sig is taken.
func verify(public, sig []byte, label string, parts ...[]byte) bool {
	return ed25519.Verify(public, join(label, parts), sig)
}
