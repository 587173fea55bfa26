package snapshot

import (
	"fmt"
	"os"
	"testing"
)

const benchFiles = 10_000

func benchSource(b *testing.B) string {
	src := memoryDir(b)
	for i := range benchFiles {
		write(b, fmt.Sprintf("%s/%d/%d/file %d", src, i%10, i%100, i), string(noise(i, 200+i%5000)))
	}
	return src
}

func BenchmarkCreateFirst(b *testing.B) {
	src := benchSource(b)
	for b.Loop() {
		b.StopTimer()
		r := newTestRepo(b)
		b.StartTimer()
		r.create(Options{Sources: []string{src}})
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/benchFiles, "µs/file")
}

func BenchmarkCreateUnchanged(b *testing.B) {
	src, r := benchSource(b), newTestRepo(b)
	r.create(Options{Sources: []string{src}})
	for b.Loop() {
		if res := r.create(Options{Sources: []string{src}}); res.FilesUnchanged != benchFiles {
			b.Fatalf("%+v", res)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/benchFiles, "µs/file")
}

func BenchmarkRestore(b *testing.B) {
	src, r := benchSource(b), newTestRepo(b)
	res := r.create(Options{Sources: []string{src}})
	for b.Loop() {
		b.StopTimer()
		dest := memoryDir(b)
		b.StartTimer()
		r.restore(res.Info, src, dest, RestoreOptions{})
		b.StopTimer()
		os.RemoveAll(dest)
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/benchFiles, "µs/file")
}
