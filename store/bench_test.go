package store

import (
	"context"
	"testing"

	"bakfs/seal"
)

const benchChunk = 256 << 10

func benchData(kind string, n int) [][]byte {
	var chunks [][]byte
	for i := range n {
		if kind == "text" {
			chunks = append(chunks, text(uint64(i), benchChunk))
		} else {
			chunks = append(chunks, noise(uint64(i), benchChunk))
		}
	}
	return chunks
}

func BenchmarkPut(b *testing.B) {
	for _, kind := range []string{"random", "text"} {
		b.Run(kind, func(b *testing.B) {
			ctx := context.Background()
			chunks := benchData(kind, 256)
			s := newRepo(b).device()
			b.SetBytes(benchChunk)
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				c := chunks[n%len(chunks)]
				n++
				c[0], c[1], c[2], c[3] = byte(n), byte(n>>8), byte(n>>16), byte(n>>24) // never the same
				if _, _, err := s.Put(ctx, seal.Content, c); err != nil {
					b.Fatal(err)
				}
			}
			check(b, s.Flush(ctx))
		})
	}
}

func BenchmarkPutParallel(b *testing.B) {
	for _, kind := range []string{"random", "text"} {
		b.Run(kind, func(b *testing.B) {
			ctx := context.Background()
			s := newRepo(b).device()
			b.SetBytes(benchChunk)
			b.RunParallel(func(pb *testing.PB) {
				chunk := benchData(kind, 1)[0]
				for n := uint64(0); pb.Next(); n++ {
					copy(chunk, noise(n, 16))
					if _, _, err := s.Put(ctx, seal.Content, chunk); err != nil {
						b.Error(err)
						return
					}
				}
			})
			check(b, s.Flush(ctx))
		})
	}
}

func benchRead(b *testing.B, kind string, foreign bool) (*Store, []seal.ID) {
	r := newRepo(b)
	cache := b.TempDir()
	ids := r.fill(cache, benchData(kind, 256)...)
	if foreign {
		cache = b.TempDir()
	}
	s, err := Open(context.Background(), Options{Folder: r.folder, Keys: r.keys, Cache: cache, CacheBytes: 1})
	check(b, err)
	b.Cleanup(func() { s.Close() })
	return s, ids
}

func BenchmarkGet(b *testing.B) {
	for _, c := range []struct {
		name, kind string
		foreign    bool
	}{{"random", "random", false}, {"random-unverified", "random", true}, {"text", "text", false}} {
		b.Run(c.name, func(b *testing.B) {
			s, ids := benchRead(b, c.kind, c.foreign)
			b.SetBytes(benchChunk)
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n++
				if _, err := s.Get(context.Background(), ids[n%len(ids)], seal.Content); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkReadAt4KiB(b *testing.B) {
	s, ids := benchRead(b, "random", false)
	p := make([]byte, 4096)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		if _, err := s.ReadAt(context.Background(), ids[(n*37)%len(ids)], seal.Content, p, int64(n*7919%(benchChunk-4096))); err != nil {
			b.Fatal(err)
		}
	}
}
