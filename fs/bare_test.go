package fs

import (
	"context"
	"errors"
	"io"
	iofs "io/fs"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// A knowingFS is a treeFS whose entries know whether they have extended attributes. It counts how often it is asked for some.
type knowingFS struct {
	treeFS
	asked *atomic.Int64
}

type knowingInfo struct {
	iofs.FileInfo
	xattrs bool
}

func (i knowingInfo) HasXattrs() bool { return i.xattrs }

func (k knowingFS) WithContext(ctx context.Context) iofs.FS {
	return knowingFS{treeFS{ctx, k.at}, k.asked}
}

func (k knowingFS) Lstat(name string) (iofs.FileInfo, error) {
	info, err := k.treeFS.Lstat(name)
	if err != nil {
		return nil, err
	}
	x, err := k.treeFS.Xattrs(name)
	return knowingInfo{info, len(x) > 0}, err
}

func (k knowingFS) Sub(name string) (iofs.FS, error) {
	s, err := k.treeFS.Sub(name)
	if err != nil {
		return nil, err
	}
	return knowingFS{s.(treeFS), k.asked}, nil
}

func (k knowingFS) Xattrs(name string) (map[string][]byte, error) {
	k.asked.Add(1)
	return k.treeFS.Xattrs(name)
}

func TestTreeIsNotAskedForXattrsItSaysAreNone(t *testing.T) {
	full, changing := file("x"), dir(items{"f": file("x")})
	full.xattrs = map[string][]byte{"user.a": []byte("1"), selinux: []byte("label")}
	changing.volatile = true
	var asked atomic.Int64
	at, _ := mount(t, knowingFS{tree(dir(items{"none": file("x"), "full": full, "changing": changing})), &asked}, Options{})
	for _, test := range []struct {
		path, attr string
		err        error
		asks       int64
	}{
		{"/none", "user.a", unix.ENODATA, 0},
		{"/none", selinux, unix.ENOTSUP, 0},
		{"/full", "user.a", nil, 1},
		{"/full", selinux, nil, 1},
		{"/full", "user.b", unix.ENODATA, 1},
		{"/changing/f", "user.a", unix.ENODATA, 1},
	} {
		before := asked.Load()
		_, err := unix.Lgetxattr(at+test.path, test.attr, make([]byte, 100))
		if err != test.err && (err != nil || test.err != nil) || asked.Load()-before != test.asks {
			t.Errorf("%s of %s: %v, asked %d times", test.attr, test.path, err, asked.Load()-before)
		}
	}
	before := asked.Load()
	if n, err := unix.Llistxattr(at+"/none", make([]byte, 100)); n != 0 || err != nil || asked.Load() != before {
		t.Errorf("list: %d, %v", n, err)
	}
}

// A stable directory is not kept whole, and still answers for every position.
func TestHandleKeepsFewEntries(t *testing.T) {
	const n = 10 * dirBatch
	for _, changes := range []bool{false, true} {
		many := dir(manyFiles(n))
		many.volatile = changes
		d := newDirectory(tree(many), nil, "", rootID, rootID)
		h := &dirHandle{node: &node{id: rootID}, dir: d}
		want := make([]string, n+2)
		for off := range want {
			e, _, err := h.entry(t.Context(), uint64(off))
			if err != nil {
				t.Fatal(off, err)
			}
			want[off] = e.Name
			if !changes && len(h.entries) > 3*dirBatch {
				t.Fatalf("%d entries are kept at %d", len(h.entries), off)
			}
		}
		if changes && len(h.entries) != n {
			t.Errorf("%d entries of a volatile directory are kept", len(h.entries))
		}
		if _, _, err := h.entry(t.Context(), n+2); !errors.Is(err, io.EOF) {
			t.Errorf("behind the last: %v", err)
		}
		for x, i := uint64(1), 0; i < 50; i++ { // seekdir, forwards and backwards
			x = mix(x + nextMix)
			off := x % (n + 2)
			e, _, err := h.entry(t.Context(), off)
			if err != nil || e.Name != want[off] {
				t.Fatalf("position %d: %q, want %q, %v", off, e.Name, want[off], err)
			}
		}
	}
}

// A node whose lookups cannot be counted any more stays.
func TestLookupsBeyondCountingAreForEver(t *testing.T) {
	b := newBridge(tree(dir(nil)), Options{})
	n := b.table.take(b.table.get(rootID).sub.Load(), "a", 5, 100, false)
	n.lookups = forever - 1
	for range 3 {
		b.table.take(n.dir, "a", 5, 100, false)
	}
	b.Forget(5, forever)
	if b.table.get(5) != n {
		t.Error("forgotten while the kernel may hold it")
	}
	if _, status := b.xattrs(nil, 77); status != fuse.Status(syscall.ESTALE) {
		t.Error(status)
	}
}
