package fs

import (
	"context"
	"errors"
	iofs "io/fs"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// holeFS gives files whose spaces are holes.
type holeFS struct{ treeFS }

type holeFile struct{ *treeFile }

func (t holeFS) WithContext(ctx context.Context) iofs.FS { return holeFS{treeFS{ctx, t.at}} }

func (t holeFS) Open(name string) (iofs.File, error) {
	f, err := t.treeFS.Open(name)
	if err != nil || name == "plain" {
		return f, err
	}
	return holeFile{f.(*treeFile)}, nil
}

// Extent gives a hole in pieces of one byte.
func (f holeFile) Extent(_ context.Context, off int64) (bool, int64, error) {
	rest := string(f.i.data[off:])
	switch {
	case rest[0] == '!':
		return false, 0, errors.New("a damaged list")
	case rest[0] == '?':
		return true, off, nil
	case rest[0] == ' ':
		return false, off + 1, nil
	}
	if i := strings.IndexAny(rest, " !"); i >= 0 {
		return true, off + int64(i), nil
	}
	return true, int64(len(f.i.data)), nil
}

func TestSeekFindsDataAndHoles(t *testing.T) {
	var d damage
	at, _ := mount(t, holeFS{tree(dir(items{
		"f": file("aa  bbb "), "plain": file("aa  bbb "), "data": file("abc"), "hole": file("   "), "bad": file("ab!"), "stuck": file("?"), "empty": file(""),
	}))}, Options{Log: d.log})
	for _, c := range []struct {
		name   string
		off    int64
		whence int
		want   int64
		err    error
	}{
		{"f", 0, unix.SEEK_DATA, 0, nil}, {"f", 0, unix.SEEK_HOLE, 2, nil}, {"f", 2, unix.SEEK_DATA, 4, nil}, {"f", 3, unix.SEEK_HOLE, 3, nil},
		{"f", 5, unix.SEEK_HOLE, 7, nil}, {"f", 7, unix.SEEK_DATA, 0, unix.ENXIO}, {"f", 8, unix.SEEK_HOLE, 0, unix.ENXIO}, {"f", 3, unix.SEEK_SET, 3, nil},
		{"f", 0, unix.SEEK_END, 8, nil}, {"plain", 2, unix.SEEK_DATA, 2, nil}, {"plain", 2, unix.SEEK_HOLE, 8, nil}, {"data", 1, unix.SEEK_HOLE, 3, nil},
		{"hole", 0, unix.SEEK_DATA, 0, unix.ENXIO}, {"hole", 1, unix.SEEK_HOLE, 1, nil}, {"empty", 0, unix.SEEK_DATA, 0, unix.ENXIO},
		{"bad", 0, unix.SEEK_DATA, 0, nil}, {"bad", 0, unix.SEEK_HOLE, 0, unix.EIO}, {"stuck", 0, unix.SEEK_HOLE, 0, unix.EIO},
	} {
		f, err := os.Open(at + "/" + c.name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := unix.Seek(int(f.Fd()), c.off, c.whence)
		if err != c.err || err == nil && got != c.want {
			t.Errorf("%s: %d from %d: %d, %v; want %d, %v", c.name, c.whence, c.off, got, err, c.want, c.err)
		}
		f.Close()
	}
	if paths, errs := d.seen(); len(paths) != 2 || !strings.Contains(errors.Join(errs...).Error(), "a damaged list") {
		t.Errorf("reported %q, %v", paths, errs)
	}
}
