package seal

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"
	"time"
)

func enrolled(t testing.TB, r *Root, name string) *Device {
	t.Helper()
	d, err := r.Enrol(name, time.Unix(1_780_000_000, 5))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestACertificateComesBack(t *testing.T) {
	root := testRoot()
	for _, name := range []string{"a", "Zoë's laptop", strings.Repeat("x", 255)} {
		d := enrolled(t, root, name)
		c, err := root.Keys().ParseCertificate(d.Certificate().Bytes())
		if err != nil || c != d.Certificate() {
			t.Fatalf("%q: %v, %v", name, c, err)
		}
		if c.Device != d.ID || c.Name != name || c.Time != 1_780_000_000_000_000_005 || c.Epoch != 0 {
			t.Fatalf("certificate says %+v", c)
		}
	}
	a, b := enrolled(t, root, "a"), enrolled(t, root, "a")
	if a.ID == b.ID || a.Certificate().Public == b.Certificate().Public {
		t.Fatal("two devices are one")
	}
}

func TestABadDeviceNameIsRefused(t *testing.T) {
	for _, name := range []string{"", strings.Repeat("x", 256), "\xff", "a\xc3"} {
		if _, err := testRoot().Enrol(name, time.Now()); err == nil {
			t.Errorf("%q is taken", name)
		}
	}
}

func TestOnlyTheRootOfTheRepositoryCertifies(t *testing.T) {
	root := testRoot()
	raw := enrolled(t, root, "laptop").Certificate().Bytes()
	for what, other := range map[string]*Root{
		"recovery key": DeriveRoot(keyFrom(random(30)), root.get().repository),
		"repository":   DeriveRoot(keyFrom(random(100)), RepositoryID{77}),
	} {
		if _, err := other.Keys().ParseCertificate(raw); !errors.Is(err, ErrTampered) {
			t.Errorf("other %s: %v", what, err)
		}
	}
}

func TestEveryChangeOfACertificateIsRefused(t *testing.T) {
	k := testRoot().Keys()
	raw := enrolled(t, testRoot(), "laptop").Certificate().Bytes()
	for i := range raw {
		for bit := range 8 {
			raw[i] ^= 1 << bit
			if _, err := k.ParseCertificate(raw); !errors.Is(err, ErrTampered) && !(i == 0 && errors.Is(err, ErrVersion)) {
				t.Fatalf("bit %d of byte %d: %v", bit, i, err)
			}
			raw[i] ^= 1 << bit
		}
	}
	for n := range raw {
		if _, err := k.ParseCertificate(raw[:n]); !errors.Is(err, ErrTampered) {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
	if _, err := k.ParseCertificate(append(raw, 0)); !errors.Is(err, ErrTampered) {
		t.Fatal("a trailing byte is taken")
	}
}

func TestASignedFormIsStillChecked(t *testing.T) {
	root := testRoot()
	raw := enrolled(t, root, "laptop").Certificate().Bytes()
	signed := raw[:len(raw)-64]
	again := func(change func([]byte)) []byte {
		b := bytes.Clone(signed)
		change(b)
		return append(b, sign(root.get().signing, labelCertificate, root.get().repository[:], b)...)
	}
	if _, err := root.Keys().ParseCertificate(again(func([]byte) {})); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		change func([]byte)
		want   error
	}{
		"version 2":      {func(b []byte) { b[0] = 2 }, ErrVersion},
		"epoch 1000":     {func(b []byte) { b[51], b[52] = 3, 0xe8 }, ErrTampered},
		"name not UTF-8": {func(b []byte) { b[62] = 0xff }, ErrTampered},
		"name longer":    {func(b []byte) { b[61]++ }, ErrTampered},
	} {
		if _, err := root.Keys().ParseCertificate(again(c.change)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestDevicesSignEntries(t *testing.T) {
	root := testRoot()
	d, other := enrolled(t, root, "a"), enrolled(t, root, "b")
	msg := fill(500, 31)
	sig := d.Sign(msg)
	c := d.Certificate()
	if err := c.Verify(msg, sig); err != nil {
		t.Fatal(err)
	}
	if !ed25519.Verify(c.Public[:], append([]byte("bakfs/v1 journal entry\x00"), msg...), sig) {
		t.Fatal("the label is not in front of the message")
	}
	if err := other.Certificate().Verify(msg, sig); !errors.Is(err, ErrTampered) {
		t.Fatalf("another device: %v", err)
	}
	for i := range msg {
		msg[i] ^= 1
		if err := c.Verify(msg, sig); !errors.Is(err, ErrTampered) {
			t.Fatalf("byte %d of the message: %v", i, err)
		}
		msg[i] ^= 1
	}
	for i := range sig {
		sig[i] ^= 4
		if err := c.Verify(msg, sig); !errors.Is(err, ErrTampered) {
			t.Fatalf("byte %d of the signature: %v", i, err)
		}
		sig[i] ^= 4
	}
	for _, s := range [][]byte{nil, sig[:63], append(sig[:64:64], 0)} {
		if err := c.Verify(msg, s); !errors.Is(err, ErrTampered) {
			t.Fatalf("a signature of %d bytes: %v", len(s), err)
		}
	}
}

// The zero public key is a point of order 4: with the neutral element and 0 as signature it verifies every fourth
// message. A certificate that was never read must not.
func TestTheZeroCertificateVerifiesNothing(t *testing.T) {
	sig := append([]byte{1}, make([]byte, 63)...)
	forged := 0
	for i := range byte(100) {
		msg := []byte{i}
		if verify(make([]byte, 32), sig, labelEntry, msg) {
			forged++
		}
		if err := (Certificate{}).Verify(msg, sig); !errors.Is(err, ErrTampered) {
			t.Fatalf("message %d: %v", i, err)
		}
	}
	if forged == 0 {
		t.Fatal("no message would have been forged: the test shows nothing")
	}
}

func TestEntryAndCertificateSignaturesAreApart(t *testing.T) {
	root := testRoot()
	d := enrolled(t, root, "a")
	raw := d.Certificate().Bytes()
	signed := append(bytes.Clone(root.get().repository[:]), raw[:len(raw)-64]...)
	if verify(root.Keys().get().root[:], raw[len(raw)-64:], labelEntry, signed) {
		t.Fatal("a certificate passes for an entry")
	}
}

func TestBytesAreACopy(t *testing.T) {
	c := enrolled(t, testRoot(), "a").Certificate()
	before := c
	clear(c.Bytes())
	if c != before || c.Bytes()[0] != 1 {
		t.Fatal("the caller can change a certificate")
	}
}

func TestKeysDependOnAllTheyShould(t *testing.T) {
	k := testKeys()
	data := []byte("data")
	if k.Name(Content, data) == k.Name(Tree, data) || k.Name(Tree, data) == k.Name(List, data) {
		t.Error("types share names")
	}
	if k.Name(Content, data) != testKeys().Name(Content, data) {
		t.Error("names are not stable")
	}
	if k.Pseudonym(DeviceID{1}) == k.Pseudonym(DeviceID{2}) || k.Pseudonym(DeviceID{1}) != testRoot().Keys().Pseudonym(DeviceID{1}) {
		t.Error("pseudonyms")
	}
	if a, b := NewRepositoryID(), NewRepositoryID(); a == b {
		t.Error("two repositories share their identity")
	}
	seen := map[[32]byte]string{}
	for name, root := range map[string]*Root{
		"this": testRoot(), "other key": DeriveRoot(keyFrom(random(32)), RepositoryID{1, 2, 3}),
		"other repository": DeriveRoot(keyFrom(random(100)), RepositoryID{1, 2, 4}),
	} {
		s := root.keysTo(1).get()
		for what, key := range map[string][32]byte{
			"root": s.root, "name": s.name, "cut": s.cut, "E0": s.epochs[0], "E1": s.epochs[1],
			"object0": s.epoch[0].object, "journal0": s.epoch[0].journal, "pseudonym0": s.epoch[0].pseudonym,
			"object1": s.epoch[1].object, "journal1": s.epoch[1].journal, "pseudonym1": s.epoch[1].pseudonym,
		} {
			if was, ok := seen[key]; ok {
				t.Errorf("%s %s is %s", name, what, was)
			}
			seen[key] = name + " " + what
		}
	}
}

func TestNameAllocatesNothing(t *testing.T) {
	k, data := testKeys(), fill(1000, 33)
	// The race detector makes sync.Pool drop values at random, so this allows a new hasher now and then.
	if n := testing.AllocsPerRun(100, func() { k.Name(Content, data) }); n > 3 {
		t.Fatalf("%v allocations", n)
	}
}
