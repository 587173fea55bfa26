package seal

import (
	"bytes"
	"compress/zlib"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

type hexBytes []byte

func (h *hexBytes) UnmarshalText(b []byte) (err error) {
	*h, err = hex.DecodeString(string(b))
	return err
}

// wycheproofCase has the fields of all the sets used here.
type wycheproofCase struct {
	TcID                     int
	Comment, Result          string
	Flags                    []string
	Key, Ctx, Ct             hexBytes
	AeadKey, BaseNonce       hexBytes
	MsgLength                int64
	MsgSha512, Msg, Sig, Tag hexBytes
	Ikm, Salt, Info, Okm     hexBytes
	Size                     int
	publicKey                hexBytes
	tagBytes                 int
}

// wycheproof reads a published set, or skips the test.
func wycheproof(t *testing.T, name string, want int) []wycheproofCase {
	t.Helper()
	dir := os.Getenv("BAKFS_VECTORS")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "vectors")
	}
	b, err := os.ReadFile(filepath.Join(dir, "wycheproof", name))
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("%s is not there: set BAKFS_VECTORS to the folder that holds wycheproof/", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	var set struct {
		TestGroups []struct {
			TagSize   int
			PublicKey struct{ Pk hexBytes }
			Tests     []wycheproofCase
		}
	}
	if err := json.Unmarshal(b, &set); err != nil {
		t.Fatal(err)
	}
	var cases []wycheproofCase
	for _, g := range set.TestGroups {
		for _, c := range g.Tests {
			c.publicKey, c.tagBytes = g.PublicKey.Pk, g.TagSize/8
			cases = append(cases, c)
		}
	}
	if len(cases) != want {
		t.Fatalf("%s has %d cases, want %d", name, len(cases), want)
	}
	return cases
}

func TestWycheproofChunkedEncryption(t *testing.T) {
	for _, c := range wycheproof(t, "c2sp_chunked_encryption_aes_256_gcm_test.json", 35) {
		z, err := zlib.NewReader(bytes.NewReader(c.Ct))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		msg, err := openBody(c.Key, c.Ctx, body)
		if valid := c.Result == "valid"; valid != (err == nil) {
			t.Errorf("case %d, %s: %v", c.TcID, c.Comment, err)
			continue
		}
		read, rerr := readBody(c.Key, c.Ctx, body)
		if (err == nil) != (rerr == nil) || err == nil && !bytes.Equal(read, msg) {
			t.Errorf("case %d, %s: reading in pieces: %v", c.TcID, c.Comment, rerr)
		}
		if err != nil {
			if !errors.Is(err, ErrTampered) && !errors.Is(err, ErrKey) && len(c.Key) == 32 {
				t.Errorf("case %d, %s: %v", c.TcID, c.Comment, err)
			}
			continue
		}
		if sum := sha512.Sum512(msg); int64(len(msg)) != c.MsgLength || !bytes.Equal(sum[:], c.MsgSha512) {
			t.Errorf("case %d, %s: another message", c.TcID, c.Comment)
		}
		again, err := sealBody(nil, c.Key, body[:saltSize], c.Ctx, msg)
		if err != nil || !bytes.Equal(again, body) {
			t.Errorf("case %d, %s: sealed differently, %v", c.TcID, c.Comment, err)
		}
	}
}

// readBody opens a body through the code of Reader.
func readBody(key, context, body []byte) ([]byte, error) {
	size := bodyPlaintext(int64(len(body)) - coreOverhead)
	if size < 0 {
		return nil, ErrTampered
	}
	c, err := openCipher(key, body, context)
	if err != nil {
		return nil, err
	}
	file := append(make([]byte, HeaderSize), body...)
	r := &Reader{hide(&reader{bytes.NewReader(file), int64(len(file)), size, c})}
	if size%blockSize == 0 { // the last block is empty, which no class allows, and no read would touch it
		var n nonce
		if _, err := c.open(nil, &n, size/blockSize, body[len(body)-tagSize:]); err != nil {
			return nil, err
		}
	}
	msg := make([]byte, size)
	if size > 0 {
		_, err = r.ReadAt(msg, 0)
	}
	return msg, err
}

func TestWycheproofHKDF(t *testing.T) {
	for _, c := range wycheproof(t, "hkdf_sha512_test.json", 83) {
		okm, err := expand(extract(c.Ikm, c.Salt), string(c.Info), c.Size)
		if valid := c.Result == "valid"; valid != (err == nil) || valid && !bytes.Equal(okm, c.Okm) {
			t.Errorf("case %d, %s: %v", c.TcID, c.Comment, err)
		}
	}
}

func TestWycheproofHMAC(t *testing.T) {
	for _, c := range wycheproof(t, "hmac_sha256_test.json", 174) {
		h := newHasher(c.Key)
		h.sum([]byte("the hasher was used before"))
		half := len(c.Msg) / 2
		tag := h.sum(c.Msg[:half], c.Msg[half:])
		if valid := c.Result == "valid"; valid != bytes.Equal(tag[:c.tagBytes], c.Tag) {
			t.Errorf("case %d, %s", c.TcID, c.Comment)
		}
	}
}

func TestWycheproofEd25519(t *testing.T) {
	for _, c := range wycheproof(t, "ed25519_test.json", 151) {
		if valid := c.Result == "valid"; valid != verify(c.publicKey, c.Sig, "", c.Msg) {
			t.Errorf("case %d, %s", c.TcID, c.Comment)
		}
	}
}
