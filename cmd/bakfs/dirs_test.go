package main

import (
	"errors"
	iofs "io/fs"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// Whatever a disk can do, a new file appears whole, no file is replaced, and nothing else is left.
func TestPlaceNew(t *testing.T) {
	refuse := func(err error) func(string, string) error {
		return func(string, string) error { return &os.LinkError{Op: "x", Err: err} }
	}
	for name, disk := range map[string]struct{ rename, link func(from, to string) error }{
		"all":               {renameNew, os.Link},
		"links only":        {refuse(unix.EINVAL), os.Link},
		"FAT of old kernel": {refuse(unix.ENOSYS), refuse(unix.EPERM)},
		"network":           {refuse(unix.EINVAL), refuse(unix.EOPNOTSUPP)},
	} {
		dir := t.TempDir()
		for _, exists := range []bool{false, true} {
			if err := os.WriteFile(dir+"/temp", []byte("key"), 0o600); err != nil {
				t.Fatal(err)
			}
			err := placeNew(dir+"/temp", dir+"/key", []byte("key"), disk.rename, disk.link)
			if errors.Is(err, iofs.ErrExist) != exists || !exists && err != nil {
				t.Errorf("%s: %v", name, err)
			}
			list, err := os.ReadDir(dir)
			if err != nil || !exists && len(list) != 1 {
				t.Errorf("%s: %v, %v", name, list, err)
			}
			if b, err := os.ReadFile(dir + "/key"); string(b) != "key" {
				t.Errorf("%s: %q, %v", name, b, err)
			}
		}
	}
	if err := placeNew("/temp", "/key", nil, refuse(unix.EIO), os.Link); !errors.Is(err, unix.EIO) {
		t.Errorf("an error that says nothing about the kind of disk: %v", err)
	}
}

func TestWriteDurably(t *testing.T) {
	path := t.TempDir() + "/f"
	for _, step := range []struct {
		text    string
		replace bool
		want    string
	}{{"one", false, "one"}, {"two", false, "one"}, {"three", true, "three"}} {
		if err := writeDurably(path, []byte(step.text), step.replace); errors.Is(err, iofs.ErrExist) != (step.text == "two") {
			t.Errorf("%s: %v", step.text, err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info, err)
		}
		if b, err := os.ReadFile(path); string(b) != step.want {
			t.Errorf("%q, %v", b, err)
		}
	}
}

// Modes mean nothing on the disks of memory sticks only.
func TestDisksWithoutModes(t *testing.T) {
	for magic, want := range map[int64]bool{0x4d44: false, 0x2011bab0: false, 0xef53: true, 0x01021994: true, 0x9123683e: true, 0x6969: true} {
		if got := diskHasModes(magic); got != want {
			t.Errorf("%#x: %v", magic, got)
		}
	}
}
