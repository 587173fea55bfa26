package seal

import (
	"bytes"
	"io"
	"testing"
)

var benchPlace = Place{Class: ClassPack}

func benchObject(b *testing.B) (*Keys, []byte, []byte) {
	k := testKeys()
	file, plaintext := sealed(b, k, benchPlace, 1<<24)
	b.SetBytes(int64(len(plaintext)))
	b.ReportAllocs()
	return k, file, plaintext
}

func BenchmarkSeal(b *testing.B) {
	k, _, plaintext := benchObject(b)
	for b.Loop() {
		if _, err := k.Seal(benchPlace, plaintext); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWriter(b *testing.B) {
	k, _, plaintext := benchObject(b)
	for b.Loop() {
		w, err := k.NewWriter(io.Discard, benchPlace)
		if err != nil {
			b.Fatal(err)
		}
		w.Write(plaintext)
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	k, file, _ := benchObject(b)
	for b.Loop() {
		if _, err := k.Open(benchPlace, file); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadAt(b *testing.B) {
	for _, c := range []struct {
		name string
		size int
	}{{"whole", 0}, {"256K", 256 << 10}, {"64K", 64 << 10}, {"4K", 4 << 10}} {
		b.Run(c.name, func(b *testing.B) {
			k, file, plaintext := benchObject(b)
			r, err := k.NewReader(bytes.NewReader(file), int64(len(file)), benchPlace)
			if err != nil {
				b.Fatal(err)
			}
			size := c.size
			if size == 0 {
				size = len(plaintext)
			}
			b.SetBytes(int64(size))
			buf, rnd := make([]byte, size), random(60)
			for b.Loop() {
				if _, err := r.ReadAt(buf, rnd.Int64N(r.Size()-int64(size)+1)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkNewReader(b *testing.B) {
	k, file, _ := benchObject(b)
	b.SetBytes(0)
	for b.Loop() {
		if _, err := k.NewReader(bytes.NewReader(file), int64(len(file)), benchPlace); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkName(b *testing.B) {
	k, data := testKeys(), fill(256<<10, 61)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		k.Name(Content, data)
	}
}
