package seal

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// The enrolment file is local state, in clear, so its bytes are not in FORMAT.md:
//
//	"BAKFS device" (12) ‖ u8 version = 1
//	repo (16) ‖ name (32) ‖ cut (32) ‖ root public key (32) ‖ Ed25519 seed of the device (32)
//	u16 n ‖ n × E[e] (32), 1 ≤ n ≤ 1000
//	bytes16 certificate
//	SHA-256 of all before (32)
//
// The checksum finds damage, not malice: who can write the file has its keys.
const (
	enrolmentMagic   = "BAKFS device"
	enrolmentVersion = 1
	enrolmentFixed   = len(enrolmentMagic) + 1 + 16 + 4*32 + 2 // all before the epochs
)

// MarshalEnrolment returns the file a device keeps its keys in, which must be readable by its owner alone. Keys
// and device must be of the same repository.
func MarshalEnrolment(k *Keys, d *Device) []byte {
	certificate := d.get().certificate.raw
	b := make([]byte, 0, enrolmentFixed+32*len(k.get().epochs)+2+len(certificate)+sha256.Size)
	b = append(append(b, enrolmentMagic...), enrolmentVersion)
	b = append(b, k.get().repository[:]...)
	b = append(b, k.get().name[:]...)
	b = append(b, k.get().cut[:]...)
	b = append(b, k.get().root[:]...)
	b = append(b, d.get().signing.Seed()...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(k.get().epochs)))
	for _, e := range k.get().epochs {
		b = append(b, e[:]...)
	}
	b = binary.BigEndian.AppendUint16(b, uint16(len(certificate)))
	b = append(b, certificate...)
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// ParseEnrolment reads what MarshalEnrolment returned. The error is ErrTampered if the file is damaged or its
// parts do not belong together, ErrVersion if a later bakfs wrote it.
func ParseEnrolment(b []byte) (*Keys, *Device, error) {
	body, err := enrolmentBody(b)
	if err != nil {
		return nil, nil, err
	}
	var s keySecrets
	var seed [ed25519.SeedSize]byte
	body = body[copy(s.repository[:], body):]
	for _, to := range []*[32]byte{&s.name, &s.cut, &s.root, &seed} {
		body = body[copy(to[:], body):]
	}
	n := int(binary.BigEndian.Uint16(body))
	body = body[2:]
	if n < 1 || n > maxEpochs || len(body) < 32*n+2 {
		return nil, nil, fmt.Errorf("device file: %d epochs: %w", n, ErrTampered)
	}
	for range n {
		s.epochs = append(s.epochs, [32]byte(body))
		body = body[32:]
	}
	if int(binary.BigEndian.Uint16(body)) != len(body)-2 {
		return nil, nil, fmt.Errorf("device file: certificate: %w", ErrTampered)
	}
	k := newKeys(s)
	c, err := k.ParseCertificate(body[2:])
	if err != nil {
		return nil, nil, fmt.Errorf("device file: %w", err)
	}
	signing := ed25519.NewKeyFromSeed(seed[:])
	if !bytes.Equal(signing.Public().(ed25519.PublicKey), c.Public[:]) || int(c.Epoch) >= n {
		return nil, nil, fmt.Errorf("device file: certificate of another device: %w", ErrTampered)
	}
	return k, &Device{hide(&deviceSecret{signing, c}), c.Device}, nil
}

// enrolmentBody checks the frame of the file and returns what lies between the version and the checksum, at least
// the fixed part.
func enrolmentBody(b []byte) ([]byte, error) {
	const start = len(enrolmentMagic) + 1
	if len(b) < start || string(b[:len(enrolmentMagic)]) != enrolmentMagic {
		return nil, fmt.Errorf("not a device file: %w", ErrTampered)
	}
	if b[start-1] != enrolmentVersion {
		return nil, fmt.Errorf("device file of version %d: %w", b[start-1], ErrVersion)
	}
	if len(b) < enrolmentFixed+sha256.Size {
		return nil, fmt.Errorf("device file of %d bytes: %w", len(b), ErrTampered)
	}
	body, sum := b[:len(b)-sha256.Size], sha256.Sum256(b[:len(b)-sha256.Size])
	if !hmac.Equal(sum[:], b[len(body):]) {
		return nil, fmt.Errorf("device file: checksum: %w", ErrTampered)
	}
	return body[start:], nil
}
