package legacy

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"
)

// benchFile has the mix of a real file: many rows of some hundred bytes, and
// media between them.
func benchFile(b *testing.B) []byte {
	b.Helper()
	list := []entry{{frame: versionFrame(223)}}
	for i := range 100000 {
		list = append(list, entry{frame: pb(int(KindStatement), filled(300+i%200, byte(i)))})
		if i%1000 == 0 {
			list = append(list, entry{frame: attachmentFrame(uint64(i), 0, 400000), blob: filled(400000, byte(i))})
		}
	}
	return encode(b, testHeader(b, 1), testKeys(), append(list, entry{frame: endFrame}))
}

func BenchmarkDecode(b *testing.B) {
	file := benchFile(b)
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		r := openBytes(b, file, testKeys())
		for {
			f, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			if f.Blob != nil {
				in, _, err := f.Blob.Open()
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, in); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	file := benchFile(b)
	list, _ := take(openBytes(b, file, testKeys()))
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		e, err := NewEncoder(io.Discard, testHeader(b, 1), testKeys())
		if err != nil {
			b.Fatal(err)
		}
		for _, x := range list {
			if err := e.Frame(x.frame); err != nil {
				b.Fatal(err)
			}
			if x.blob != nil {
				if _, err := e.Blob(bytes.NewReader(x.blob), int64(len(x.blob))); err != nil {
					b.Fatal(err)
				}
			}
		}
		e.Close()
	}
}

func BenchmarkReadAt(b *testing.B) {
	file := benchFile(b)
	l, s := store(b, openBytes(b, file, testKeys()))
	f, err := NewFile(l, testKeys(), s)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("sequential 128 KiB", func(b *testing.B) {
		p, off := make([]byte, 128<<10), int64(0)
		b.SetBytes(int64(len(p)))
		for b.Loop() {
			if off+int64(len(p)) > f.Size() {
				off = 0
			}
			if _, err := f.ReadAt(context.Background(), p, off); err != nil {
				b.Fatal(err)
			}
			off += int64(len(p))
		}
	})
	b.Run("random 4 KiB", func(b *testing.B) {
		p, rnd := make([]byte, 4<<10), rand.New(rand.NewPCG(1, 2))
		b.SetBytes(int64(len(p)))
		for b.Loop() {
			if _, err := f.ReadAt(context.Background(), p, rnd.Int64N(f.Size()-int64(len(p)))); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkDeriveKeys(b *testing.B) {
	p := passphrase(b, strings.Repeat("1", 30))
	for b.Loop() {
		if _, err := DeriveKeys(p, make([]byte, 32)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHistory reads the file BAKFS_LEGACY, whose passphrase is that of
// BAKFS_LEGACY_PASSPHRASE, as messages; without it a made-up one.
func BenchmarkHistory(b *testing.B) {
	var src io.ReaderAt
	var size int64
	keys := testKeys()
	if path := os.Getenv("BAKFS_LEGACY"); path != "" {
		f, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		st, err := f.Stat()
		if err != nil {
			b.Fatal(err)
		}
		src, size = f, st.Size()
		h, err := ReadHeader(f, size)
		if err != nil {
			b.Fatal(err)
		}
		if keys, err = DeriveKeys(passphrase(b, os.Getenv("BAKFS_LEGACY_PASSPHRASE")), h.Salt); err != nil {
			b.Fatal(err)
		}
	} else {
		file := encode(b, testHeader(b, 1), keys, manyMessages(50000))
		src, size = bytes.NewReader(file), int64(len(file))
	}
	b.SetBytes(size)
	var peak uint64
	for b.Loop() {
		r, err := OpenKeys(src, size, keys)
		if err != nil {
			b.Fatal(err)
		}
		h, err := NewHistory(context.Background(), r, nil, 0)
		if err != nil {
			b.Fatal(err)
		}
		for n := 0; ; n++ {
			if _, err := h.Next(); err == io.EOF {
				b.ReportMetric(float64(n), "frames")
				break
			} else if err != nil {
				b.Fatal(err)
			}
			if n%100000 == 0 {
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak = max(peak, m.Sys)
			}
		}
	}
	b.ReportMetric(float64(peak)/1e6, "MB-sys")
}
