package index

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A fault in a mapped file is told in words about the file.
func TestFaultInMappedFileIsTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	check(t, os.WriteFile(path, make([]byte, 4096), 0o600))
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	check(t, err)
	defer f.Close()
	b, err := syscall.Mmap(int(f.Fd()), 0, 4096, syscall.PROT_READ, syscall.MAP_SHARED)
	check(t, err)
	defer syscall.Munmap(b)
	check(t, f.Truncate(0))
	sum := byte(0)
	err = guarded(func() error { sum += b[7]; return nil })
	if !errors.Is(err, ErrDamaged) || !strings.HasSuffix(err.Error(), "a part of the file cannot be read") {
		t.Errorf("read beyond the end: %v, %d", err, sum)
	}
	err = guarded(func() error { panic("page 7 is freed twice") })
	if !errors.Is(err, ErrDamaged) || !strings.HasSuffix(err.Error(), "page 7 is freed twice") {
		t.Errorf("panic of bbolt: %v", err)
	}
}
