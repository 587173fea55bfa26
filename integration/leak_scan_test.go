package integration

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf16"
)

// A scanner finds canaries in bytes, in any of the forms in which programs write
// bytes down. All its patterns are at least eight bytes long.
type scanner struct {
	first    [1 << 16]bool // whether a pattern begins with these two bytes
	patterns map[uint64][]pattern
}

type pattern struct {
	bytes []byte
	what  string
}

func newScanner(canaries map[string][]byte) *scanner {
	s := &scanner{patterns: map[uint64][]pattern{}}
	for name, c := range canaries {
		for form, b := range forms(c) {
			if len(b) < 8 {
				continue
			}
			key := binary.BigEndian.Uint64(b)
			s.first[key>>48] = true
			s.patterns[key] = append(s.patterns[key], pattern{b, name + " as " + form})
		}
	}
	return s
}

// forms are the ways to write b down: raw, hex, base64 and base32 at each alignment,
// UTF-16.
func forms(b []byte) map[string][]byte {
	all := map[string][]byte{
		"raw": b, "hex": []byte(hex.EncodeToString(b)), "HEX": []byte(strings.ToUpper(hex.EncodeToString(b))),
		"UTF-16LE": wide(b, binary.LittleEndian), "UTF-16BE": wide(b, binary.BigEndian),
	}
	for at := range 3 {
		all[fmt.Sprint("base64+", at)] = aligned(b, at, 6, base64.RawStdEncoding.EncodeToString)
		all[fmt.Sprint("base64url+", at)] = aligned(b, at, 6, base64.RawURLEncoding.EncodeToString)
	}
	for at := range 5 {
		encode := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString
		all[fmt.Sprint("base32+", at)] = aligned(b, at, 5, encode)
		all[fmt.Sprint("base32 low+", at)] = bytes.ToLower(all[fmt.Sprint("base32+", at)])
	}
	return all
}

func wide(b []byte, order binary.AppendByteOrder) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(string(b))) {
		out = order.AppendUint16(out, u)
	}
	return out
}

// aligned is what an encoding of something long shows of b if b lies at bytes behind
// a border: without the characters that also hold bits of the neighbours.
func aligned(b []byte, at, bits int, encode func([]byte) string) []byte {
	text := encode(append(make([]byte, at), b...))
	from := (at*8 + bits - 1) / bits
	to := (at + len(b)) * 8 / bits
	return []byte(text[from:to])
}

// find returns what of the canaries is in b.
func (s *scanner) find(b []byte) []string {
	var found []string
	for i := 0; i+8 <= len(b); i++ {
		if !s.first[binary.BigEndian.Uint16(b[i:])] {
			continue
		}
		for _, p := range s.patterns[binary.BigEndian.Uint64(b[i:])] {
			if bytes.HasPrefix(b[i:], p.bytes) {
				found = append(found, p.what)
			}
		}
	}
	return found
}

// clean checks that no canary is in b.
func (s *scanner) clean(t tb, where string, b []byte) {
	t.Helper()
	for _, what := range s.find(b) {
		t.Errorf("%s holds the %s", where, what)
	}
}

// cleanDir checks names and contents of all files in dir, but of those in except.
func (s *scanner) cleanDir(t tb, dir string, except func(path string) bool) (files int) {
	t.Helper()
	for _, path := range filesOf(t, dir) {
		s.clean(t, "the name of "+path, []byte(strings.TrimPrefix(path, dir)))
		if except != nil && except(path) {
			continue
		}
		b, err := os.ReadFile(path)
		check(t, err)
		s.clean(t, path, b)
		files++
	}
	return files
}

// The scanner is no use if it is blind.
func TestScannerSees(t *testing.T) {
	t.Parallel()
	canary := []byte("canary-\x00\xff-0123456789 Zwölf")
	s := newScanner(map[string][]byte{"canary": canary})
	for at := range 16 {
		noise := content("random", uint64(at), 1000)
		in := append(append(bytes.Clone(noise[:500+at]), canary...), noise[500:]...)
		for form, b := range map[string][]byte{
			"raw": in, "hex": []byte(hex.EncodeToString(in)), "base64": []byte(base64.StdEncoding.EncodeToString(in)),
			"base64url": []byte(base64.URLEncoding.EncodeToString(in)), "base32": []byte(base32.StdEncoding.EncodeToString(in)),
			"wide": append(bytes.Clone(noise[:at]), wide(canary, binary.BigEndian)...),
		} {
			if len(s.find(b)) == 0 {
				t.Errorf("%s, %d bytes in: not seen", form, at)
			}
		}
		if found := s.find(noise); len(found) > 0 {
			t.Errorf("seen where nothing is: %v", found)
		}
	}
}
