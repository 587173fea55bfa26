package seal

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"testing"
)

// resum puts the right checksum behind a changed enrolment file.
func resum(b []byte) []byte {
	body := b[:max(0, len(b)-sha256.Size)]
	sum := sha256.Sum256(body)
	return append(bytes.Clone(body), sum[:]...)
}

func TestAnEnrolmentComesBack(t *testing.T) {
	root := testRoot()
	d := enrolled(t, root, "laptop")
	for _, k := range []*Keys{root.Keys(), root.keysTo(3)} {
		b := MarshalEnrolment(k, d)
		k2, d2, err := ParseEnrolment(b)
		if err != nil {
			t.Fatal(err)
		}
		if d2.ID != d.ID || d2.Certificate() != d.Certificate() || !bytes.Equal(MarshalEnrolment(k2, d2), b) {
			t.Fatal("another device comes back")
		}
		if err := d.Certificate().Verify([]byte("m"), d2.Sign([]byte("m"))); err != nil {
			t.Fatal(err)
		}
		file, plaintext := sealed(t, k, Place{Class: ClassPack}, 65536)
		got, err := k2.Open(Place{Class: ClassPack}, file)
		if err != nil || !bytes.Equal(got, plaintext) || k2.CutKey() != k.CutKey() || k2.Repository() != k.Repository() ||
			k2.Name(Tree, nil) != k.Name(Tree, nil) || k2.Pseudonym(d.ID) != k.Pseudonym(d.ID) {
			t.Fatalf("other keys come back: %v", err)
		}
		if _, err := k2.ParseCertificate(d.Certificate().Bytes()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestADeviceKeepsNeitherRecoveryKeyNorRoot(t *testing.T) {
	rk := keyFrom(random(100))
	root := DeriveRoot(rk, RepositoryID{1, 2, 3})
	b := MarshalEnrolment(root.Keys(), enrolled(t, root, "laptop"))
	for what, secret := range map[string][]byte{"recovery key": rk.get()[:], "PRK": root.get().prk, "root seed": root.get().signing.Seed()} {
		for i := 0; i+8 <= len(secret); i++ {
			if bytes.Contains(b, secret[i:i+8]) {
				t.Errorf("the file holds the %s", what)
			}
		}
	}
}

func TestEveryChangeOfAnEnrolmentIsRefused(t *testing.T) {
	root := testRoot()
	b := MarshalEnrolment(root.Keys(), enrolled(t, root, "laptop"))
	for i := range b {
		b[i] ^= 1 << (i % 8)
		if _, _, err := ParseEnrolment(b); !errors.Is(err, ErrTampered) && !(i == 12 && errors.Is(err, ErrVersion)) {
			t.Fatalf("byte %d: %v", i, err)
		}
		b[i] ^= 1 << (i % 8)
	}
	for n := range b {
		if _, _, err := ParseEnrolment(b[:n]); !errors.Is(err, ErrTampered) {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if _, _, err := ParseEnrolment(resum(b[:n])); !errors.Is(err, ErrTampered) && !(n == 32+12 && errors.Is(err, ErrVersion)) {
			t.Fatalf("%d bytes and a right checksum: %v", n, err)
		}
	}
	if _, _, err := ParseEnrolment(append(b, 0)); !errors.Is(err, ErrTampered) {
		t.Fatal("a trailing byte is taken")
	}
}

func TestPartsThatDoNotBelongTogetherAreRefused(t *testing.T) {
	root := testRoot()
	d := enrolled(t, root, "laptop")
	good := MarshalEnrolment(root.Keys(), d)
	const seedAt, countAt = enrolmentFixed - 34, enrolmentFixed - 2
	change := func(f func(b []byte) []byte) []byte {
		return resum(f(bytes.Clone(good)))
	}
	for what, b := range map[string][]byte{
		"other seed":       change(func(b []byte) []byte { b[seedAt]++; return b }),
		"other repository": change(func(b []byte) []byte { b[13]++; return b }),
		"other root":       change(func(b []byte) []byte { b[13+16+64]++; return b }),
		"no epoch":         change(func(b []byte) []byte { b[countAt+1] = 0; return b }),
		"2 epochs":         change(func(b []byte) []byte { b[countAt+1] = 2; return b }),
		"65535 epochs":     change(func(b []byte) []byte { b[countAt], b[countAt+1] = 255, 255; return b }),
		"longer":           change(func(b []byte) []byte { return append(b, 0) }),
		"other device's": change(func(b []byte) []byte {
			other := MarshalEnrolment(root.Keys(), enrolled(t, root, "laptop"))
			copy(b[seedAt:countAt], other[seedAt:countAt])
			return b
		}),
		"keys of another": MarshalEnrolment(DeriveRoot(keyFrom(random(40)), RepositoryID{1, 2, 3}).Keys(), d),
	} {
		if _, _, err := ParseEnrolment(b); !errors.Is(err, ErrTampered) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, _, err := ParseEnrolment(change(func(b []byte) []byte { return b })); err != nil {
		t.Fatalf("unchanged: %v", err)
	}
	if n := binary.BigEndian.Uint16(good[countAt:]); n != 1 {
		t.Fatalf("the test looks for the epochs at the wrong place: %d", n)
	}
}

// A certificate of an epoch whose keys the file does not hold cannot be this device's.
func TestACertificateOfALaterEpochIsRefused(t *testing.T) {
	root := testRoot()
	d := enrolled(t, root, "laptop")
	raw := d.Certificate().Bytes()
	raw[52] = 1
	signed := raw[:len(raw)-64]
	c, err := readCertificate(append(signed, sign(root.get().signing, labelCertificate, root.get().repository[:], signed)...))
	if err != nil {
		t.Fatal(err)
	}
	later := &Device{hide(&deviceSecret{d.get().signing, c}), d.ID}
	if _, _, err := ParseEnrolment(MarshalEnrolment(root.keysTo(1), later)); err != nil {
		t.Fatalf("with the epoch: %v", err)
	}
	if _, _, err := ParseEnrolment(MarshalEnrolment(root.keysTo(0), later)); !errors.Is(err, ErrTampered) {
		t.Fatalf("without the epoch: %v", err)
	}
}
