package journal

import (
	"bytes"
	"crypto/sha256"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"bakfs/seal"
)

// FuzzEntry gives the bytes to the reader as a file, and as a plaintext inside
// a valid seal. Its seeds are the entries of a vector, so that all processes
// that fuzz have the same.
func FuzzEntry(f *testing.F) {
	text, err := os.ReadFile(vectorPath("good-all-kinds"))
	must(f, err)
	keys, files, _ := parseVector(f, string(text))
	good := make(map[string]bool)
	var p place // of the last entry
	for _, name := range slices.Sorted(maps.Keys(files)) {
		p = placeOfPath(f, name)
		plain, err := keys.Open(sealPlace(p), files[name])
		must(f, err)
		good[string(files[name])] = true
		f.Add(files[name])
		f.Add(bytes.TrimRight(plain, "\x00"))
	}
	f.Add([]byte{1, 7, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, _, err := openEntry(keys, placeOf(p.pseudonym, p.seq, sha256.Sum256(b)), b); err == nil && !good[string(b)] {
			t.Errorf("a file that nobody made is taken: %+v", e)
		}
		if c, signed, err := parseContent(b); err == nil {
			again := append(c.appendSigned(nil), c.signature[:]...)
			if !bytes.HasPrefix(b, again) || len(bytes.Trim(b[len(again):], "\x00")) > 0 || !bytes.HasPrefix(again, signed) {
				t.Errorf("%x has another form too: %x", b, again)
			}
		}
		if len(b) > 3992 {
			return
		}
		raw, err := keys.Seal(sealPlace(p), append(slices.Clone(b), make([]byte, 3992-len(b))...))
		must(t, err)
		e, _, err := openEntry(keys, placeOf(p.pseudonym, p.seq, sha256.Sum256(raw)), raw)
		if err == nil && (e.Seq != p.seq || keys.Pseudonym(e.Device) != p.pseudonym) {
			t.Errorf("an entry of another place is taken: %+v", e)
		}
	})
}

func placeOfPath(t testing.TB, name string) (p place) {
	t.Helper()
	parts := strings.Split(name, "/")
	var ok bool
	p.seq, p.short, ok = parseFile(parts[2])
	if !ok || !unhex(p.pseudonym[:], parts[1]) {
		t.Fatalf("name %q", name)
	}
	return p
}

func sealPlace(p place) seal.Place {
	return seal.Place{Class: seal.ClassEntry, Pseudonym: p.pseudonym, Seq: p.seq}
}
