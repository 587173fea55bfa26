package fs

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	iofs "io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A dirent is what getdents64 gives.
type dirent struct {
	ino  uint64
	off  int64
	typ  byte
	name string
}

// getdents reads on from where fd is, with a buffer of this size.
func getdents(fd, size int) ([]dirent, error) {
	buf := make([]byte, size)
	n, err := unix.Getdents(fd, buf)
	if err != nil {
		return nil, err
	}
	var all []dirent
	for b := buf[:n]; len(b) > 0; {
		l := binary.NativeEndian.Uint16(b[16:])
		name := b[19:l]
		if i := slices.Index(name, 0); i >= 0 {
			name = name[:i]
		}
		all = append(all, dirent{binary.NativeEndian.Uint64(b), int64(binary.NativeEndian.Uint64(b[8:])), b[18], string(name)})
		b = b[l:]
	}
	return all, nil
}

func listAll(t *testing.T, fd, size int) []dirent {
	t.Helper()
	var all []dirent
	for {
		some, err := getdents(fd, size)
		if err != nil {
			t.Fatal(err)
		}
		if len(some) == 0 {
			return all
		}
		all = append(all, some...)
	}
}

func openDir(t *testing.T, path string) int {
	t.Helper()
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

func manyFiles(n int) items {
	all := items{}
	for i := range n {
		f := newItem(syscall.S_IFREG | 0o644)
		f.st.Size = int64(i)
		all[fmt.Sprintf("file %06d", i)] = f
	}
	return all
}

// plainFS has no streaming ReadDir and no powers beyond the seam's.
type plainFS struct{ t treeFS }

type plainFile struct{ iofs.File }

func (p plainFS) Open(name string) (iofs.File, error) {
	f, err := p.t.Open(name)
	return plainFile{f}, err
}
func (p plainFS) ReadDir(name string) ([]iofs.DirEntry, error) { return p.t.ReadDir(name) }
func (p plainFS) Lstat(name string) (iofs.FileInfo, error)     { return p.t.Lstat(name) }
func (p plainFS) ReadLink(name string) (string, error)         { return p.t.ReadLink(name) }
func (p plainFS) Sub(name string) (iofs.FS, error) {
	s, err := p.t.Sub(name)
	if err != nil {
		return nil, err
	}
	return plainFS{s.(treeFS)}, nil
}
func (p plainFile) ReadAt(b []byte, off int64) (int, error) {
	return p.File.(*treeFile).ReadAt(context.Background(), b, off)
}

func TestLargeDirectory(t *testing.T) {
	for _, streams := range []bool{true, false} {
		n := 100_000
		if !streams {
			n = 5000
		}
		many := dir(manyFiles(n))
		var root iofs.FS = tree(dir(items{"d": many}))
		if !streams {
			root = plainFS{tree(dir(items{"d": many}))}
		}
		at, _ := mount(t, root, Options{})
		for pass := range 2 { // from the tree, then from the kernel's cache
			fd := openDir(t, at+"/d")
			all := listAll(t, fd, 300+pass*30000)
			if len(all) != n+2 {
				t.Fatalf("%d entries", len(all))
			}
			seen := map[string]bool{}
			for _, e := range all {
				seen[e.name] = true
				if i := many.items[e.name]; i != nil && (e.ino != i.st.Ino || e.typ != unix.DT_REG) {
					t.Fatalf("%q: inode %d, type %d", e.name, e.ino, e.typ)
				}
			}
			if len(seen) != n+2 || !seen["."] || !seen[".."] {
				t.Fatalf("%d names", len(seen))
			}
		}
	}
}

func TestDotAndDotDot(t *testing.T) {
	in := dir(items{"x": file("")})
	up := dir(items{"in": in})
	at, _ := mount(t, tree(dir(items{"up": up})), Options{})
	all := listAll(t, openDir(t, at+"/up/in"), 4096)
	if len(all) != 3 || all[0].name != "." || all[0].ino != in.st.Ino || all[1].name != ".." || all[1].ino != up.st.Ino {
		t.Errorf("%+v", all)
	}
	if st := lstat(t, at+"/up/in/.."); st.Ino != up.st.Ino {
		t.Errorf("..: %d", st.Ino)
	}
}

// Every position once told can be gone back to, whatever was read in between.
func TestSeekdir(t *testing.T) {
	for _, vol := range []bool{false, true} {
		d := dir(manyFiles(2000))
		d.volatile = vol
		at, _ := mount(t, tree(dir(items{"d": d})), Options{})
		for range 2 {
			fd := openDir(t, at+"/d")
			all := listAll(t, fd, 1024)
			for i := len(all) - 2; i >= 0; i -= 97 {
				if _, err := unix.Seek(fd, all[i].off, 0); err != nil {
					t.Fatal(err)
				}
				some, err := getdents(fd, 512)
				if err != nil || len(some) == 0 || some[0] != all[i+1] {
					t.Fatalf("volatile %v: after %q came %+v, %v", vol, all[i].name, some, err)
				}
			}
			if _, err := unix.Seek(fd, 0, 0); err != nil {
				t.Fatal(err)
			}
			if again := listAll(t, fd, 700); !slices.Equal(all, again) {
				t.Fatalf("volatile %v: another listing after rewinddir", vol)
			}
		}
	}
}

// A name the kernel does not take does not take the directory with it, and one
// whose stat is damaged is listed all the same.
func TestListingWithBadEntries(t *testing.T) {
	bad := file("x")
	bad.look = func(context.Context) error { return errors.New("damaged") }
	var d damage
	all := items{"a/b": file(""), "nul\x00": file(""), "": file(""), "..": file(""), "good": file(""), "bad": bad,
		string(make([]byte, 256)): file("")}
	at, _ := mount(t, tree(dir(all)), Options{Log: d.log})
	got, err := os.ReadDir(at)
	if err != nil || len(got) != 2 || got[0].Name() != "bad" || got[1].Name() != "good" {
		t.Errorf("%v, %v", got, err)
	}
}

// An error in the middle of a listing comes after the entries before it, and
// goes away with its cause.
func TestListingThatFails(t *testing.T) {
	var broken atomic.Bool
	broken.Store(true)
	f := &failingDir{treeFS: tree(dir(manyFiles(3000))), broken: &broken}
	var d damage
	at, _ := mount(t, f, Options{Log: d.log})
	fd := openDir(t, at)
	var got int
	var err error
	for err == nil {
		var some []dirent
		some, err = getdents(fd, 4096)
		got += len(some)
	}
	if err != unix.EIO || got < dirBatch || got >= 3000 {
		t.Errorf("%d entries, then %v", got, err)
	}
	if paths, _ := d.seen(); !slices.Equal(paths, []string{"/"}) {
		t.Errorf("reported %q", paths)
	}
	broken.Store(false)
	if all, err := filepath.Glob(at + "/*"); err != nil || len(all) != 3000 {
		t.Errorf("after repair: %d, %v", len(all), err)
	}
	rest := listAll(t, fd, 4096)
	if got+len(rest) != 3002 {
		t.Errorf("%d entries, then %d", got, len(rest))
	}
}

type failingDir struct {
	treeFS
	broken *atomic.Bool
}

type failingStream struct {
	*treeFile
	f *failingDir
	n int
}

func (f *failingDir) WithContext(context.Context) iofs.FS { return f }

func (f *failingDir) Open(name string) (iofs.File, error) {
	o, err := f.treeFS.Open(name)
	return &failingStream{treeFile: o.(*treeFile), f: f}, err
}

func (s *failingStream) ReadDir(n int) ([]iofs.DirEntry, error) {
	if s.n += n; s.n > 2*dirBatch && s.f.broken.Load() {
		return nil, errors.New("damaged node")
	}
	return s.treeFile.ReadDir(n)
}
