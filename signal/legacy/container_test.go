package legacy

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bakfs/signal"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The known answers of section H.
const (
	knownKeys = "fde33f10d582192b9b0d583b250593b18d9536649fa407a20257f008daae61eb" +
		"eb2d2d1a1036a6174dc63f56f8aeea0b62a4d4f9b076551818c7f59275b27667"
	knownV0 = "000000360a340a10fffffffe000102030405060708090a0b1220000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f0000000f402da74155fdadbe51028e938f5ff300000011464bd5c7c1f64a383c081a1b4af415167d34c468ac9fdbebd4d3af2f00802b6be97ba351100000000c5346e6363e0328fa0e1f489b"
	knownV1 = "000000380a360a10fffffffe000102030405060708090a0b1220000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f18016a2eaf917e7da9d1e262a5d380c9079cf5d1397c4ec5dce1f26f226e93803a5016567dff8ab8a0c334c468ac9fdbebd4d3af2f00802b6be97ba351106347a721d67a6a15acd915c64ad85f5b"
)

func TestKnownAnswers(t *testing.T) {
	for version, text := range []string{knownV0, knownV1} {
		file := unhex(t, text)
		r, err := Open(bytes.NewReader(file), int64(len(file)), passphrase(t, strings.Repeat("11111 ", 6)))
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(r.Keys().Bytes()); got != knownKeys {
			t.Errorf("keys are %s", got)
		}
		if h := r.Header(); h.Version != uint32(version) || len(h.Salt) != 32 {
			t.Errorf("header is %+v", h)
		}
		list, err := take(r)
		want := []entry{{frame: versionFrame(223)}, {frame: avatarFrame("5", 10), blob: []byte("AVATARDATA")}, {frame: endFrame}}
		if err != io.EOF || !same(list, want) {
			t.Errorf("version %d: %v, %q", version, err, list)
		}
		if !bytes.Equal(encode(t, r.Header(), r.Keys(), list), file) {
			t.Errorf("version %d is made again differently", version)
		}
	}
}

func TestPassphraseForms(t *testing.T) {
	want := strings.Repeat("1234567890", 3)
	for _, s := range []string{
		want, vectorPassphrase, "12345-67890-12345\n67890-12345-67890\n", "\ufeff\"" + want + "\"",
		strings.Repeat("١٢٣٤٥ ٦٧٨٩٠ ", 3), strings.Repeat("１２３４５６７８９０", 3),
	} {
		if p, err := ParsePassphrase(s); err != nil || p.Reveal() != want {
			t.Errorf("%q: %v", s, err)
		}
	}
	for _, s := range []string{"", "12345", want + "1", want[1:] + "l", "0x" + want} {
		_, err := ParsePassphrase(s)
		if !errors.Is(err, ErrPassphrase) {
			t.Errorf("%q: %v", s, err)
		} else if len(s) > 20 && strings.Contains(err.Error(), s[:20]) {
			t.Errorf("the error repeats the passphrase: %v", err)
		}
	}
}

func TestKeysNeverPrint(t *testing.T) {
	k := testKeys()
	secret := hex.EncodeToString(k.Bytes()[:4])
	raw := fmt.Sprint(k.Bytes()[:4])
	b, err := json.Marshal(map[string]any{"k": k})
	if err != nil {
		t.Fatal(err)
	}
	r := openBytes(t, encode(t, testHeader(t, 1), k, smallFile()), k)
	texts := []string{string(b)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%X", "%q", "%d"} {
		texts = append(texts, fmt.Sprintf(verb, k), fmt.Sprintf(verb, &k), fmt.Sprintf(verb, struct{ k Keys }{k}), fmt.Sprintf(verb, *r))
	}
	for _, s := range texts {
		if strings.Contains(strings.ToLower(s), secret) || strings.Contains(s, raw[1:len(raw)-1]) {
			t.Errorf("keys are in %q", s)
		}
	}
}

func TestVectorsComeOutTheSame(t *testing.T) {
	type file struct {
		path string
		pass signal.Secret
	}
	files := []file{{vectors(t, "legacy-v1.backup"), passphrase(t, vectorPassphrase)}}
	generated, err := filepath.Glob(filepath.Join(vectors(t, "generated"), "legacy", "*.backup"))
	if err != nil || len(generated) == 0 {
		t.Fatalf("no generated files: %v", err)
	}
	text, err := os.ReadFile(vectors(t, "generated/passphrase.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range append(generated, oldFiles(t)...) {
		files = append(files, file{p, passphrase(t, string(text))})
	}
	for _, f := range files {
		b, err := os.ReadFile(f.path)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Open(bytes.NewReader(b), int64(len(b)), f.pass)
		if err != nil {
			t.Fatal(err)
		}
		list, err := take(r)
		if err != io.EOF {
			t.Fatalf("%s: %v", f.path, err)
		}
		again := encode(t, r.Header(), r.Keys(), list)
		if sum(again) != sum(b) {
			t.Errorf("%s: made again differently", f.path)
		}
		checkFile(t, b, r.Header(), r.Keys())
	}
}

func TestWrongPassphrase(t *testing.T) {
	for version := range uint32(2) {
		b := encode(t, testHeader(t, version), testKeys(), smallFile())
		for i := range 20 {
			raw := testKeys().Bytes()
			raw[i] ^= 4
			raw[32+i] ^= 1
			k, _ := ParseKeys(raw)
			if _, err := OpenKeys(bytes.NewReader(b), int64(len(b)), k); !errors.Is(err, ErrKey) {
				t.Errorf("version %d: %v", version, err)
			}
		}
		if _, err := OpenKeys(bytes.NewReader(b), int64(len(b)), Keys{}); !errors.Is(err, ErrKey) {
			t.Errorf("no keys: %v", err)
		}
	}
}

// countingReader counts what is read.
type countingReader struct {
	io.ReaderAt
	n int64
}

func (c *countingReader) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, off)
	c.n += int64(n)
	return n, err
}

func TestWrongPassphraseReadsLittle(t *testing.T) {
	list := append(smallFile()[:1:1], entry{frame: attachmentFrame(1, 0, 20<<20), blob: filled(20<<20, 1)}, entry{frame: endFrame})
	for version := range uint32(2) {
		b := encode(t, testHeader(t, version), testKeys(), list)
		raw := testKeys().Bytes()
		raw[0]++
		raw[40]++
		k, _ := ParseKeys(raw)
		c := &countingReader{ReaderAt: bytes.NewReader(b)}
		if _, err := OpenKeys(c, int64(len(b)), k); !errors.Is(err, ErrKey) {
			t.Errorf("%v", err)
		}
		if c.n > 2*readAhead {
			t.Errorf("version %d: a wrong passphrase reads %d bytes", version, c.n)
		}
	}
}

func TestForeignFiles(t *testing.T) {
	good := encode(t, testHeader(t, 1), testKeys(), smallFile())
	newer := bytes.Replace(good, []byte{0x18, 1}, []byte{0x18, 2}, 1)
	for name, c := range map[string]struct {
		b    []byte
		want error
	}{
		"empty": {nil, ErrNotBackup}, "short": {[]byte{0, 0, 0}, ErrNotBackup}, "zip": {[]byte("PK\x03\x04 something"), ErrNotBackup},
		"newer": {newer, ErrVersion}, "header only cut": {good[:30], ErrTruncated},
		"iv of another length": {append([]byte{0, 0, 0, 20, 0x0a, 18, 0x0a, 15}, make([]byte, 40)...), ErrNotBackup},
	} {
		if _, err := OpenKeys(bytes.NewReader(c.b), int64(len(c.b)), testKeys()); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
