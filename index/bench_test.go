package index

import (
	"math/rand/v2"
	"os"
	"testing"

	"bakfs/seal"
)

const (
	million  = 1 << 20
	packOf64 = 64 // chunks of Average bytes in a pack of 16 MiB
)

// addMillion adds a million chunks, 64 a pack, as rebuilding does.
func addMillion(b *testing.B, x *Index) {
	for n := range million / packOf64 {
		check(b, x.Add(testPack(n, true), testEntries(n*packOf64, packOf64)))
	}
}

func BenchmarkAdd(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		dir := b.TempDir()
		x := open(b, dir)
		b.StartTimer()
		addMillion(b, x)
		check(b, x.Publish())
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/million, "ns/entry")
}

func BenchmarkFind(b *testing.B) {
	dir := b.TempDir()
	x := open(b, dir)
	addMillion(b, x)
	check(b, x.Publish())
	for _, path := range files(b, dir, "seg-") {
		info, err := os.Stat(path)
		check(b, err)
		b.Logf("%d MB", info.Size()>>20)
	}
	const some = 1 << 17
	names := make([]seal.ID, 2*some) // the first half is known
	for i := range names {
		names[i] = chunkName(i * (million / some))
	}
	b.Run("known", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, ok, err := x.Find(names[i*7919%some]); !ok || err != nil {
				b.Fatal(ok, err)
			}
		}
	})
	b.Run("unknown", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if _, ok, err := x.Find(names[some+i*7919%some]); ok || err != nil {
				b.Fatal(ok, err)
			}
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.RunParallel(func(p *testing.PB) {
			for i := rand.IntN(some); p.Next(); i++ {
				if _, ok, err := x.Find(names[i*7919%some]); !ok || err != nil {
					b.Error(ok, err)
				}
			}
		})
	})
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			y, err := Open(dir)
			check(b, err)
			check(b, y.Close())
		}
	})
}
