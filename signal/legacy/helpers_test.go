package legacy

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"bakfs/signal"
)

// vectors returns a path in the shared vectors, or skips.
func vectors(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("BAKFS_VECTORS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "vectors")
	}
	p := filepath.Join(dir, "signal", name)
	if _, err := os.Stat(p); err != nil {
		t.Skipf("no vectors (BAKFS_VECTORS): %v", err)
	}
	return p
}

const vectorPassphrase = "12345 67890 12345 67890 12345 67890"

func passphrase(t testing.TB, s string) signal.Secret {
	t.Helper()
	p, err := ParsePassphrase(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// testKeys are keys that need no derivation.
func testKeys() Keys {
	b := make([]byte, KeysSize)
	for i := range b {
		b[i] = byte(i*7 + 1)
	}
	k, err := ParseKeys(b)
	if err != nil {
		panic(err)
	}
	return k
}

func testHeader(t testing.TB, version uint32) Header {
	t.Helper()
	h, err := NewHeader([16]byte{0xff, 0xff, 0xff, 0xfd, 4, 5, 6, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe}, bytes.Repeat([]byte{9}, 32), version)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// An entry is one part of a file taken apart.
type entry struct {
	frame []byte
	blob  []byte // nil if none follows
}

// encode makes a file of entries.
func encode(t testing.TB, h Header, k Keys, list []entry) []byte {
	t.Helper()
	var out bytes.Buffer
	e, err := NewEncoder(&out, h, k)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range list {
		if err := e.Frame(x.frame); err != nil {
			t.Fatal(err)
		}
		if x.blob != nil {
			if _, err := e.Blob(bytes.NewReader(x.blob), int64(len(x.blob))); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// take takes a file apart until the first error, which is io.EOF if all is well.
func take(r *Reader) (list []entry, err error) {
	for {
		f, err := r.Next()
		if err != nil {
			return list, err
		}
		x := entry{frame: bytes.Clone(f.Data)}
		if f.Blob != nil {
			in, _, err := f.Blob.Open()
			if err != nil {
				return append(list, x), err
			}
			if x.blob, err = io.ReadAll(in); err != nil {
				return append(list, x), err
			}
		}
		list = append(list, x)
	}
}

func same(a, b []entry) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !bytes.Equal(a[i].frame, b[i].frame) || !bytes.Equal(a[i].blob, b[i].blob) || (a[i].blob == nil) != (b[i].blob == nil) {
			return false
		}
	}
	return true
}

// Frames of each kind, as apps write them.
func pb(num int, body []byte) []byte {
	return append(append(appendUvarint(nil, uint64(num)<<3|2), appendUvarint(nil, uint64(len(body)))...), body...)
}

func pbInt(num int, v uint64) []byte {
	return appendUvarint(appendUvarint(nil, uint64(num)<<3), v)
}

func appendUvarint(b []byte, v uint64) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func attachmentFrame(id, unique uint64, n int) []byte {
	body := pbInt(1, id)
	if unique != 0 {
		body = append(body, pbInt(2, unique)...)
	}
	return pb(int(KindAttachment), append(body, pbInt(3, uint64(n))...))
}

func avatarFrame(id string, n int) []byte {
	return pb(int(KindAvatar), join(pbInt(2, uint64(n)), pb(3, []byte(id))))
}

func stickerFrame(id uint64, n int) []byte {
	return pb(int(KindSticker), join(pbInt(1, id), pbInt(2, uint64(n))))
}

func versionFrame(v uint64) []byte { return pb(int(KindVersion), pbInt(1, v)) }

var endFrame = pbInt(int(KindEnd), 1)

func filled(n int, seed byte) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = seed + byte(i*i>>3)
	}
	return b
}

// smallFile has each kind of part.
func smallFile() []entry {
	return []entry{
		{frame: versionFrame(223)},
		{frame: pb(int(KindStatement), pb(1, []byte("CREATE TABLE t (_id INTEGER)")))},
		{frame: attachmentFrame(1, 0, 40), blob: filled(40, 3)},
		{frame: pb(int(KindStatement), pb(1, []byte("INSERT INTO t VALUES (?)")))},
		{frame: stickerFrame(2, 17), blob: filled(17, 5)},
		{frame: attachmentFrame(3, 0, 0), blob: []byte{}},
		{frame: attachmentFrame(4, 0, 0)}, // announced, but not there
		{frame: avatarFrame("5", 10), blob: []byte("AVATARDATA")},
		{frame: pb(77, []byte("from a newer app"))},
		{frame: endFrame},
	}
}

func openBytes(t testing.TB, b []byte, k Keys) *Reader {
	t.Helper()
	r, err := OpenKeys(bytes.NewReader(b), int64(len(b)), k)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func sum(b []byte) [32]byte { return sha256.Sum256(b) }

func isDamage(err error, off int64) bool {
	var d *DamageError
	return errors.As(err, &d) && d.Offset == off
}

func openVector(t testing.TB, name string) *Reader {
	t.Helper()
	b, err := os.ReadFile(vectors(t, name))
	if err != nil {
		t.Fatal(err)
	}
	r, err := Open(bytes.NewReader(b), int64(len(b)), passphrase(t, vectorPassphrase))
	if err != nil {
		t.Fatal(err)
	}
	return r
}
