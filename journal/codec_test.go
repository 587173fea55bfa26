package journal

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"bakfs/seal"
)

// TestEveryByteOfAFile changes each byte of an entry's file, first under its
// old name, then under the name it would have.
func TestEveryByteOfAFile(t *testing.T) {
	w := newWorld(t)
	x := w.draft(w.enrol("anna"), Enrol, 0, seal.Hash{})
	_, raw, h := x.make(t)
	p := placeOf(w.keys.Pseudonym(x.device), 0, h)
	if _, _, err := openEntry(w.keys, p, raw); err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		raw[i] ^= 0x80
		if _, _, err := openEntry(w.keys, p, raw); !errors.Is(err, seal.ErrTampered) {
			t.Fatalf("byte %d changed under the old name: %v", i, err)
		}
		renamed := placeOf(p.pseudonym, 0, sha256.Sum256(raw))
		if _, _, err := openEntry(w.keys, renamed, raw); err == nil {
			t.Fatalf("byte %d changed: accepted", i)
		}
		raw[i] ^= 0x80
	}
}

// TestEveryByteOfAPlaintext does the same inside a valid seal.
func TestEveryByteOfAPlaintext(t *testing.T) {
	w := newWorld(t)
	x := w.draft(w.enrol("anna"), Snapshot, 1, seal.Hash{1})
	x.payload = []byte("payload")
	x.seen = []Seen{{seal.DeviceID{1}, 2, seal.Hash{3}}}
	used := len(x.appendSigned(nil)) + sigSize
	for i := 0; i < 3992; i++ {
		if i > used {
			i = min(i+90, 3991) // the padding is all alike
		}
		x.plain = func(p []byte, n int) { p[i] ^= 1 }
		_, raw, h := x.make(t)
		if _, _, err := openEntry(w.keys, placeOf(w.keys.Pseudonym(x.device), 1, h), raw); err == nil {
			t.Fatalf("byte %d changed: accepted", i)
		}
	}
}

func TestFilesOfOtherSizes(t *testing.T) {
	w := newWorld(t)
	_, raw, h := w.draft(w.enrol("anna"), Enrol, 0, seal.Hash{}).make(t)
	for n := range len(raw) {
		if _, _, err := openEntry(w.keys, placeOf(seal.Pseudonym{}, 0, h), raw[:n]); !errors.Is(err, seal.ErrTampered) {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
}

func drawContent(t *rapid.T) content {
	c := content{
		kind:    Kind(rapid.IntRange(1, 8).Draw(t, "kind")),
		seq:     uint64(rapid.IntRange(1, maxEntries-1).Draw(t, "seq")),
		time:    rapid.Int64().Draw(t, "time"),
		cert:    rapid.SliceOfN(rapid.Byte(), 0, 400).Draw(t, "cert"),
		payload: rapid.SliceOfN(rapid.Byte(), 0, 900).Draw(t, "payload"),
		device:  seal.DeviceID{255, 255},
	}
	copy(c.repository[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "repository"))
	copy(c.prev[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "prev"))
	copy(c.signature[:], rapid.SliceOfN(rapid.Byte(), 64, 64).Draw(t, "signature"))
	for _, b := range slices.Sorted(slices.Values(rapid.SliceOfNDistinct(rapid.ByteMax(254), 0, 20, rapid.ID).Draw(t, "seen"))) {
		c.seen = append(c.seen, Seen{seal.DeviceID{b}, rapid.Uint64().Draw(t, "seq"), seal.Hash{b}})
	}
	switch c.kind {
	case Enrol:
		c.seq, c.prev, c.payload = 0, seal.Hash{}, nil
	case Heartbeat:
		c.payload = nil
	case Snapshot:
	default:
		c.payload = drawTargets(t, c.kind).Payload(c.kind)
	}
	return c
}

func drawTargets(t *rapid.T, k Kind) Targets {
	var x Targets
	if k == Sweep || k == Unmark {
		x.Mark = seal.Hash{rapid.Byte().Draw(t, "mark")}
	}
	if k != Unmark {
		for _, b := range slices.Sorted(slices.Values(rapid.SliceOfDistinct(rapid.Byte(), rapid.ID).Draw(t, "names"))) {
			x.Names = append(x.Names, seal.Hash{b})
		}
	}
	return x
}

func TestParseIsTheInverseOfAppend(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawContent(t)
		signed := c.appendSigned(nil)
		plain := append(append(slices.Clone(signed), c.signature[:]...), make([]byte, rapid.IntRange(0, 50).Draw(t, "padding"))...)
		got, part, err := parseContent(plain)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(part, signed) {
			t.Fatal("another part is signed")
		}
		if len(got.payload) == 0 {
			got.payload, c.payload = nil, nil
		}
		if len(got.cert) == 0 {
			got.cert, c.cert = nil, nil
		}
		if !reflect.DeepEqual(got, c) {
			t.Fatalf("got %+v, want %+v", got, c)
		}
	})
}

func TestTargetsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.SampledFrom([]Kind{Forget, Mark, Sweep, Checkpoint, Unmark}).Draw(t, "kind")
		want := drawTargets(t, k)
		got, err := ParseTargets(k, want.Payload(k))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v, %v; want %+v", got, err, want)
		}
	})
	for _, k := range []Kind{0, Enrol, Snapshot, Heartbeat, 9} {
		if _, err := ParseTargets(k, nil); err == nil {
			t.Errorf("kind %d names something", k)
		}
	}
}

func TestFileNames(t *testing.T) {
	p := place{seal.Pseudonym{1}, 42, [8]byte{0xab, 1}}
	if p.file() != "0000000042-ab01000000000000" {
		t.Fatal(p.file())
	}
	if seq, short, ok := parseFile(p.file()); !ok || seq != 42 || short != p.short {
		t.Fatal(seq, short, ok)
	}
	for _, name := range []string{
		"", "42-ab01000000000000", "0000000042-AB01000000000000", "0000000042-ab0100000000000", "0000000042-ab010000000000000",
		"0000000042_ab01000000000000", "000000004x-ab01000000000000", "+000000042-ab01000000000000", " 000000042-ab01000000000000",
		"0000000042-ab0100000000000g", "0000000042-ab01000000000000.icloud",
	} {
		if _, _, ok := parseFile(name); ok {
			t.Errorf("%q is taken for an entry", name)
		}
	}
}
