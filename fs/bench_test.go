package fs

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// These measure the mount alone, over a tree in memory: the ceiling for all that
// is mounted by it.

// forget makes the kernel drop what it has read of a file.
func forget(b *testing.B, f *os.File) {
	b.Helper()
	if err := unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkSequentialRead(b *testing.B) {
	const size = 512 << 20
	f := file(string(random(size)))
	at, _ := mount(b, tree(dir(items{"f": f})), Options{})
	buf := make([]byte, 1<<20)
	b.SetBytes(size)
	for b.Loop() {
		b.StopTimer()
		r, err := os.Open(at + "/f")
		if err != nil {
			b.Fatal(err)
		}
		forget(b, r)
		b.StartTimer()
		if n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{r}, buf); n != size {
			b.Fatal(n, err)
		}
		r.Close()
	}
}

func BenchmarkRandomRead4K(b *testing.B) {
	const size = 256 << 20
	f := file(string(random(size)))
	at, _ := mount(b, tree(dir(items{"f": f})), Options{})
	r, err := os.Open(at + "/f")
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	if err := unix.Fadvise(int(r.Fd()), 0, 0, unix.FADV_RANDOM); err != nil {
		b.Fatal(err)
	}
	forget(b, r)
	buf, x := make([]byte, 4096), uint64(1)
	for b.Loop() {
		x = mix(x + nextMix)
		if _, err := r.ReadAt(buf, int64(x%(size/4096)*4096)); err != nil {
			b.Fatal(err)
		}
	}
}

// folders is a tree of n small files, 100 in a directory.
func folders(n int, data string) *item {
	root := dir(nil)
	for i := range n / 100 {
		d := dir(nil)
		for j := range 100 {
			d.items[fmt.Sprintf("file %d", j)] = file(data)
		}
		root.items[fmt.Sprintf("dir %d", i)] = d
	}
	return root
}

// BenchmarkListLong is ls -lR of 100,000 files, each time in a fresh mount.
func BenchmarkListLong(b *testing.B) {
	root := folders(100_000, "")
	for b.Loop() {
		b.StopTimer()
		at := b.TempDir()
		s, err := Mount(at, tree(root), Options{})
		if err != nil {
			b.Skip(err)
		}
		b.StartTimer()
		n := 0
		filepath.WalkDir(at, func(path string, _ os.DirEntry, err error) error {
			n++
			return syscall.Lstat(path, new(syscall.Stat_t))
		})
		b.StopTimer()
		if err := s.Unmount(); err != nil || n != 101_001 {
			b.Fatal(n, err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(101_000*b.N)/b.Elapsed().Seconds(), "entries/s")
}

// BenchmarkSmallFiles opens and reads 20,000 files of 4 KiB, each time in a
// fresh mount.
func BenchmarkSmallFiles(b *testing.B) {
	root := folders(20_000, string(random(4096)))
	for b.Loop() {
		b.StopTimer()
		at := b.TempDir()
		s, err := Mount(at, tree(root), Options{})
		if err != nil {
			b.Skip(err)
		}
		b.StartTimer()
		n, buf := 0, make([]byte, 8192)
		filepath.WalkDir(at, func(path string, e os.DirEntry, err error) error {
			if e.IsDir() {
				return err
			}
			fd, err := syscall.Open(path, syscall.O_RDONLY, 0)
			if err != nil {
				return err
			}
			got, err := syscall.Read(fd, buf)
			syscall.Close(fd)
			if got == 4096 {
				n++
			}
			return err
		})
		b.StopTimer()
		if err := s.Unmount(); err != nil || n != 20_000 {
			b.Fatal(n, err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(20_000*b.N)/b.Elapsed().Seconds(), "files/s")
}
