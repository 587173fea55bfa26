package seal

import (
	"bytes"
	"errors"
	"testing"
)

func FuzzParseRecoveryKey(f *testing.F) {
	r := random(50)
	for range 5 {
		text := keyFrom(r).Text()
		f.Add(text)
		f.Add(bytes.ToUpper(text))
		text[r.IntN(len(text))] = 'x'
		f.Add(text)
	}
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, text []byte) {
		k, err := ParseRecoveryKey(text)
		if err != nil {
			var e *KeyError
			if !errors.As(err, &e) || e.Group < 0 || e.Group > groups || e.Reason == "" {
				t.Fatalf("%v", err)
			}
			return
		}
		back, err := ParseRecoveryKey(k.Text())
		if err != nil || *back.get() != *k.get() {
			t.Fatalf("what was read does not come back: %v", err)
		}
	})
}

func FuzzParseHeader(f *testing.F) {
	k := testKeys()
	for _, p := range []Place{{Class: ClassPack}, entryPlace} {
		_, context, err := k.object(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(context[:HeaderSize])
		f.Add(context[:HeaderSize-1])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := ParseHeader(b)
		if err != nil {
			if !errors.Is(err, ErrTampered) && !errors.Is(err, ErrVersion) {
				t.Fatal(err)
			}
			return
		}
		keys := newKeys(keySecrets{repository: h.Repository, epochs: make([][32]byte, h.Epoch+1)})
		_, context, err := keys.object(Place{Class: h.Class, Epoch: h.Epoch})
		if err != nil || !bytes.Equal(context[:HeaderSize], b[:HeaderSize]) {
			t.Fatalf("%x is read as %v, which is written %x", b, h, context[:HeaderSize])
		}
	})
}

// FuzzOpen opens the input itself, and a good object with the input laid over it at an offset.
func FuzzOpen(f *testing.F) {
	k := testKeys()
	salt := [saltSize]byte{1}
	good := map[Class][]byte{}
	for _, p := range []Place{{Class: ClassPack}, {Class: ClassEntry}} {
		n, _ := PlaintextSize(65536)
		file, err := k.seal(p, salt, fill(n, 51))
		if err != nil {
			f.Fatal(err)
		}
		good[p.Class] = file
		f.Add(file[:4096], uint16(0), p.Class == ClassPack)
		f.Add(file[:HeaderSize], uint16(0), p.Class == ClassPack)
	}
	f.Add([]byte{0}, uint16(objectHead), true)
	f.Add(make([]byte, tagSize), uint16(objectHead+blockSize), false)
	f.Add([]byte{}, uint16(7), true)
	f.Fuzz(func(t *testing.T, b []byte, at uint16, pack bool) {
		p := Place{Class: ClassEntry}
		if pack {
			p.Class = ClassPack
		}
		original := good[p.Class]
		mutated := bytes.Clone(original)
		copy(mutated[at:], b)
		for _, file := range [][]byte{b, mutated} {
			plaintext, err := k.Open(p, file)
			read, rerr := openByReader(k, p, file)
			if bytes.Equal(file, original) {
				if err != nil || rerr != nil || !bytes.Equal(plaintext, read) {
					t.Fatalf("the good object does not open: %v, %v", err, rerr)
				}
				continue
			}
			if err == nil || rerr == nil {
				t.Fatalf("a forgery opens: %v, %v", err, rerr)
			}
			if plaintext != nil {
				t.Fatal("plaintext of a forgery")
			}
		}
	})
}

func FuzzParseCertificate(f *testing.F) {
	root := testRoot()
	k := root.Keys()
	d, err := root.enrol(DeviceID{1}, [32]byte{2}, "laptop", 3)
	if err != nil {
		f.Fatal(err)
	}
	raw := d.Certificate().Bytes()
	f.Add(raw)
	f.Add(raw[:len(raw)-64])
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := k.ParseCertificate(b); err == nil && !bytes.Equal(b, raw) {
			t.Fatalf("a forgery is taken: %x", b)
		}
		// Inside a valid signature: what is taken has one form.
		signed := append(bytes.Clone(b), sign(root.get().signing, labelCertificate, root.get().repository[:], b)...)
		c, err := k.ParseCertificate(signed)
		if err != nil {
			if !errors.Is(err, ErrTampered) && !errors.Is(err, ErrVersion) {
				t.Fatal(err)
			}
			return
		}
		if !bytes.Equal(c.Bytes(), signed) || !goodName(c.Name) || len(signed) != certificateFixed+len(c.Name)+64 {
			t.Fatalf("%x is read as %+v", signed, c)
		}
	})
}

// FuzzParseEnrolment reads the input itself, and with a right checksum behind it.
func FuzzParseEnrolment(f *testing.F) {
	root := testRoot()
	d, err := root.enrol(DeviceID{1}, [32]byte{2}, "laptop", 3)
	if err != nil {
		f.Fatal(err)
	}
	for _, k := range []*Keys{root.Keys(), root.keysTo(2)} {
		b := MarshalEnrolment(k, d)
		f.Add(b)
		f.Add(b[:len(b)-32])
		f.Add(b[:enrolmentFixed])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, file := range [][]byte{b, resum(append(bytes.Clone(b), make([]byte, 32)...))} {
			k, d, err := ParseEnrolment(file)
			if err != nil {
				if !errors.Is(err, ErrTampered) && !errors.Is(err, ErrVersion) {
					t.Fatal(err)
				}
				continue
			}
			if !bytes.Equal(MarshalEnrolment(k, d), file) {
				t.Fatalf("%x does not come back", file)
			}
		}
	})
}
