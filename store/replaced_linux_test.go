package store

import (
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// What takes the place of a file after it was looked at is not read as that file.
func TestFileThatIsReplacedWhileItIsOpenedIsNotRead(t *testing.T) {
	r := newRepo(t)
	name, pipe := filepath.Join(r.dir, "name"), filepath.Join(r.dir, "pipe")
	write(t, name, []byte("content"))
	check(t, unix.Mkfifo(pipe, 0o600))
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default: // an error would only leave both as they are
				_ = unix.Renameat2(unix.AT_FDCWD, name, unix.AT_FDCWD, pipe, unix.RENAME_EXCHANGE)
			}
		}
	}()
	defer func() { close(stop); <-stopped }()
	for i := range 5000 {
		file, err := r.folder.Open("name")
		if err != nil {
			continue
		}
		info, err := file.Stat()
		file.Close()
		if check(t, err); !info.Mode().IsRegular() {
			t.Fatalf("a pipe was opened, the %d. time", i+1)
		}
	}
}
