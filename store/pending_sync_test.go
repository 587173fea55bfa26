package store

import (
	"errors"
	"os"
	"syscall"
	"testing"

	"bakfs/seal"
)

// Some network file systems cannot sync a directory: that ends no run. A disk that fails does.
func TestOnlyAMissingSyncIsForgiven(t *testing.T) {
	r := newRepo(t)
	f, err := OpenFolder(r.dir)
	check(t, err)
	var says error
	f.step = func(op, name string) error {
		if op == "syncdir" {
			return says
		}
		return nil
	}
	says = syscall.EINVAL
	check(t, f.Write("journal/x", "t", []byte("abc")))
	says = syscall.EIO
	if err := f.Write("journal/y", "t", []byte("abc")); !errors.Is(err, syscall.EIO) {
		t.Errorf("a disk that fails: %v", err)
	}
	// A pipe cannot be synced, which must not hide that its folder's disk fails.
	pipe, w, err := os.Pipe()
	check(t, err)
	defer pipe.Close()
	defer w.Close()
	if err := f.harden(pipe, packPath(seal.Hash{1})); !errors.Is(err, syscall.EIO) {
		t.Errorf("made durable by %v", err)
	}
}
