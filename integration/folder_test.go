package integration

import (
	"bytes"
	"encoding/binary"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// patterns are the names of FORMAT.md section 2, with the sizes of each.
var patterns = map[*regexp.Regexp][2]int64{
	regexp.MustCompile(`^packs/([0-9a-f]{2})/[0-9a-f]{64}$`):            {1 << 16, 1 << 24},
	regexp.MustCompile(`^journal/[0-9a-f]{32}/[0-9]{10}-[0-9a-f]{16}$`): {1 << 12, 1 << 20},
}

// objects are the sealed files of a repository, by their names in it. All names and
// sizes are checked.
func objects(t tb, repo string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, path := range filesOf(t, repo) {
		name, err := filepath.Rel(repo, path)
		check(t, err)
		b, err := os.ReadFile(path)
		check(t, err)
		if name == "README.txt" {
			continue
		}
		n, fits := int64(len(b)), false
		for pattern, sizes := range patterns {
			if pattern.MatchString(name) {
				fits = true
				if n < sizes[0] || n > sizes[1] || n&(n-1) != 0 {
					t.Errorf("%s has %d bytes, which is no size of its class", name, n)
				}
			}
		}
		if !fits {
			t.Errorf("%s fits no pattern", name)
		}
		all[name] = b
	}
	return all
}

// twoRepositories of one tree, each with a few snapshots.
func twoRepositories(t tb) (a, b map[string][]byte) {
	t.Helper()
	src := newTree(t, 50, 77)
	var both [2]map[string][]byte
	for i := range both {
		m, _ := newRepository(t, "laptop")
		m.backup(src)
		check(t, os.WriteFile(src+"/more", content("text", 5, 300_000), 0o600))
		m.backup(src)
		m.backup(src)
		check(t, os.Remove(src+"/more"))
		both[i] = objects(t, m.repo)
	}
	return both[0], both[1]
}

const headerSize = 32

// What the cloud sees is names of a few forms, sizes of a few classes, headers that
// say nothing, and noise; and the same data twice is other noise.
func TestFolderIsNoise(t *testing.T) {
	t.Parallel()
	a, b := twoRepositories(t)
	for _, repo := range []map[string][]byte{a, b} {
		headers := map[string]string{}
		for name, body := range repo {
			kind, _, _ := strings.Cut(name, "/")
			header := string(body[:headerSize])
			if headers[kind] == "" {
				headers[kind] = header
			}
			if headers[kind] != header || !strings.HasPrefix(header, "BAKFS\x01") {
				t.Errorf("%s has another header: %x", name, header)
			}
			looksRandom(t, name, body[headerSize:])
		}
		if len(headers) != 2 || headers["packs"][12:] != headers["journal"][12:] {
			t.Errorf("headers: %x", headers)
		}
	}
	for name := range a {
		if b[name] != nil {
			t.Errorf("both repositories hold %s", name)
		}
	}
	both := map[string][]byte{}
	for i, repo := range []map[string][]byte{a, b} {
		for name, body := range repo {
			both[[]string{"first/", "second/"}[i]+name] = body
		}
	}
	if where := inCommon(both); where != "" { // within one repository, and between the two
		t.Error(where)
	}
}

// looksRandom compares the frequencies of byte values with those of chance. The
// bounds are so wide that chance passes them once in a thousand million files.
func looksRandom(t tb, name string, b []byte) {
	t.Helper()
	if chi := chiSquare(b); chi < 135 || chi > 410 {
		t.Errorf("%s: chi-square %.0f of its bytes, expected about 255", name, chi)
	}
	odd := make([]byte, 0, len(b)) // and of the differences of neighbours
	for i := 1; i < len(b); i++ {
		odd = append(odd, b[i]-b[i-1])
	}
	if chi := chiSquare(odd); chi < 135 || chi > 410 {
		t.Errorf("%s: chi-square %.0f of the differences of its bytes, expected about 255", name, chi)
	}
}

func chiSquare(b []byte) (chi float64) {
	var counts [256]int
	for _, c := range b {
		counts[c]++
	}
	expected := float64(len(b)) / 256
	for _, n := range counts {
		d := float64(n) - expected
		chi += d * d / expected
	}
	return chi
}

// inCommon says where 32 bytes stand twice in objects, at whatever offset, headers left
// out: in every such run 16 bytes lie at a multiple of 16.
func inCommon(objects map[string][]byte) string {
	type spot struct {
		name string
		at   int
	}
	const few = 1<<27 - 1
	seen, filter := map[uint64]spot{}, make([]uint64, (few+1)/64) // most bytes end at the filter
	names := slices.Sorted(maps.Keys(objects))
	for _, name := range names {
		b := objects[name]
		for at := headerSize; at+16 <= len(b); at += 16 {
			key := binary.NativeEndian.Uint64(b[at:])
			seen[key] = spot{name, at}
			filter[key&few/64] |= 1 << (key % 64)
		}
	}
	for _, name := range names {
		b := objects[name]
		for at := headerSize; at+16 <= len(b); at++ {
			key := binary.NativeEndian.Uint64(b[at:])
			if filter[key&few/64]&(1<<(key%64)) == 0 {
				continue
			}
			s, ok := seen[key]
			if ok && s != (spot{name, at}) && bytes.Equal(objects[s.name][s.at:s.at+16], b[at:at+16]) {
				return s.name + " and " + name + " have bytes in common"
			}
		}
	}
	return ""
}

// The checks of this file see what they must.
func TestNoiseChecksSee(t *testing.T) {
	t.Parallel()
	if chi := chiSquare(content("text", 1, 1<<16)); chi < 410 {
		t.Errorf("chi-square %.0f of a text", chi)
	}
	if chi := chiSquare(content("random", 1, 1<<16)); chi < 135 || chi > 410 {
		t.Errorf("chi-square %.0f of noise", chi)
	}
	a, b := content("random", 2, 10_000), content("random", 3, 10_000)
	if where := inCommon(map[string][]byte{"a": a, "b": b}); where != "" {
		t.Error(where)
	}
	for at := range 40 {
		copy(b[5000+at:], a[3000:3032])
		if inCommon(map[string][]byte{"a": a, "b": b}) == "" {
			t.Errorf("32 bytes in common, %d off, are not seen", at)
		}
		copy(b[5000:], content("random", uint64(at), 200))
	}
}
