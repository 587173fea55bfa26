package fs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

func random(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

func TestReadsAtAnyOffset(t *testing.T) {
	data := random(3<<20 + 4321)
	root := dir(items{"f": file(string(data)), "empty": file("")})
	for name, at := range map[string]string{
		"with a context": first(mount(t, tree(root), Options{})),
		"io.ReaderAt":    first(mount(t, plainFS{tree(root)}, Options{})),
	} {
		t.Run(name, func(t *testing.T) {
			f, err := os.Open(at + "/f")
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			for _, off := range []int64{int64(len(data)) - 1, 1, 4095, 4097, 1 << 20, 2<<20 - 3, 0, int64(len(data)), int64(len(data)) + 5000} {
				for _, n := range []int{1, 4096, 10000, 1<<20 + 1} {
					p := make([]byte, n)
					got, err := f.ReadAt(p, off)
					want := data[min(off, int64(len(data))):]
					want = want[:min(n, len(want))]
					if !bytes.Equal(p[:got], want) || (got < n) != (err == io.EOF) {
						t.Errorf("%d at %d: %d bytes, %v", n, off, got, err)
					}
				}
			}
			mem, err := unix.Mmap(int(f.Fd()), 0, len(data), unix.PROT_READ, unix.MAP_PRIVATE)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(mem, data) {
				t.Error("mmap shows other bytes")
			}
			unix.Munmap(mem)
			if got, err := os.ReadFile(at + "/empty"); err != nil || len(got) != 0 {
				t.Errorf("empty: %q, %v", got, err)
			}
		})
	}
}

func first(at string, _ *Server) string { return at }

func TestManyReadersAtOnce(t *testing.T) {
	all := items{}
	for i := range 200 {
		all[fmt.Sprint(i)] = file(string(random(50_000 + i)))
	}
	at, _ := mount(t, tree(dir(all)), Options{})
	var wg sync.WaitGroup
	for r := range 64 {
		wg.Go(func() {
			for i := range 200 {
				name := fmt.Sprint((i*7 + r) % 200)
				if got, err := os.ReadFile(at + "/" + name); err != nil || !bytes.Equal(got, all[name].data) {
					t.Errorf("%s: %d bytes, %v", name, len(got), err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// damaged makes [from, to) of the file unreadable.
func damaged(data []byte, from, to int64) *item {
	f := file(string(data))
	f.read = func(_ context.Context, p []byte, off int64) (int, error) {
		if off < to && off+int64(len(p)) > from {
			n := max(0, from-off)
			copy(p[:n], data[off:])
			return int(n), errors.New("chunk 12345678: tampered")
		}
		return bytes.NewReader(data).ReadAt(p, off)
	}
	return f
}

// Damage is EIO for the pages it touches and for nothing else, however far the
// kernel reads ahead, in whatever order.
func TestDamageIsEIOForItsRangeOnly(t *testing.T) {
	const page = 4096
	data := random(4<<20 + 77)
	from, to := int64(2<<20+100), int64(2<<20+300_000)
	var d damage
	at, s := mount(t, tree(dir(items{"up": damaged(data, from, to), "down": damaged(data, from, to)})), Options{Log: d.log})
	readAheadIs(t, s)
	lo, hi := from/page*page, (to+page-1)/page*page
	check := func(f *os.File, off int64) {
		p := make([]byte, 1000)
		p = p[:min(1000, int64(len(data))-off)]
		_, err := f.ReadAt(p, off)
		bad := off < hi && off+int64(len(p)) > lo
		switch {
		case bad && off >= lo && !errors.Is(err, unix.EIO):
			t.Fatalf("inside, at %d: %v", off, err)
		case !bad && (err != nil || !bytes.Equal(p, data[off:off+int64(len(p))])):
			t.Fatalf("outside, at %d: %v", off, err)
		}
	}
	up, _ := os.Open(at + "/up")
	defer up.Close()
	for off := int64(0); off < int64(len(data)); off += 1000 {
		check(up, off)
	}
	down, _ := os.Open(at + "/down")
	defer down.Close()
	for off := int64(len(data)) / 1000 * 1000; off >= 0; off -= 1000 {
		check(down, off)
	}
	whole, err := os.ReadFile(at + "/up") // a stream: all before the damage, then the error
	if !errors.Is(err, unix.EIO) || !bytes.Equal(whole, data[:lo]) {
		t.Errorf("stream: %d bytes, %v", len(whole), err)
	}
	paths, errs := d.seen()
	slices.Sort(paths)
	if !slices.Equal(paths, []string{"/down", "/up"}) || !strings.Contains(fmt.Sprint(errs), "tampered") {
		t.Errorf("reported %q, %v", paths, errs)
	}
}

func readAheadIs(t *testing.T, s *Server) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	got, err := os.ReadFile(fmt.Sprintf("/sys/class/bdi/%d:%d/read_ahead_kb", unix.Major(s.dev), unix.Minor(s.dev)))
	if err != nil || strings.TrimSpace(string(got)) != "1024" {
		t.Errorf("the kernel reads ahead %q KiB, %v", got, err)
	}
}

// A file that gives less than its size says is damaged; it never ends in zeros.
func TestShortFileIsAnError(t *testing.T) {
	for name, end := range map[string]error{"EOF": io.EOF, "nothing": nil} {
		f := file("")
		f.st.Size = 10_000
		f.read = func(_ context.Context, p []byte, off int64) (int, error) {
			n := copy(p, make([]byte, max(0, 5000-off)))
			if n < len(p) {
				return n, end
			}
			return n, nil
		}
		var d damage
		at, _ := mount(t, tree(dir(items{"f": f})), Options{Log: d.log})
		if got, err := os.ReadFile(at + "/f"); !errors.Is(err, unix.EIO) || len(got) > 4096 {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
		if _, errs := d.seen(); len(errs) != 1 || !errors.Is(errs[0], io.ErrUnexpectedEOF) {
			t.Errorf("%s: reported %v", name, errs)
		}
	}
}

// A panic is EIO for one request; the mount lives on.
func TestPanicIsEIO(t *testing.T) {
	var on atomic.Bool
	boom := file("boom")
	boom.st.Size = 4
	boom.read = func(context.Context, []byte, int64) (int, error) { panic("a bug in read") }
	lookup := file("")
	lookup.look = func(context.Context) error {
		if on.Load() {
			panic("a bug in lookup")
		}
		return nil
	}
	var d damage
	at, _ := mount(t, tree(dir(items{"boom": boom, "lookup": lookup, "good": file("good")})), Options{Log: d.log})
	on.Store(true)
	for range 3 {
		if _, err := os.ReadFile(at + "/boom"); !errors.Is(err, unix.EIO) {
			t.Errorf("read: %v", err)
		}
		if _, err := os.Lstat(at + "/lookup"); !errors.Is(err, unix.EIO) {
			t.Errorf("lookup: %v", err)
		}
	}
	if got, err := os.ReadFile(at + "/good"); err != nil || string(got) != "good" {
		t.Errorf("afterwards: %q, %v", got, err)
	}
	paths, errs := d.seen()
	slices.Sort(paths)
	if !slices.Equal(paths, []string{"/boom", "/lookup"}) || !strings.Contains(fmt.Sprint(errs), "file_test.go") {
		t.Errorf("reported %q, %v", paths, errs)
	}
}

// Files are closed when they are not read any more, and never while they are.
func TestFilesAreClosed(t *testing.T) {
	all := items{}
	for i := range 3 * idleFiles {
		all[fmt.Sprint(i)] = file("data")
	}
	b := newBridge(tree(dir(all)), Options{})
	ctx := newRequest(nil)
	defer ctx.end()
	root := b.table.get(rootID).sub.Load()
	var first *openFile
	for name, i := range all {
		a := b.owner.attr(i.info(name), root, name)
		n := b.table.take(root, name, a.Ino, fingerprint(&a, root, name, ""), false)
		f, err := b.files.acquire(ctx, n)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = f // stays in use
			continue
		}
		b.files.release(f)
	}
	if n := len(b.files.open); n != idleFiles+1 || b.files.idle.Len() != idleFiles {
		t.Errorf("%d files open, %d idle", n, b.files.idle.Len())
	}
	b.Forget(first.node.id, 1)
	b.OnUnmount()
	if _, err := first.readAt(ctx, make([]byte, 4), 0); err != nil {
		t.Errorf("a file in use: %v", err)
	}
	b.files.release(first)
	if len(b.files.open) != 0 || first.file.(*treeFile).i != nil {
		t.Errorf("%d files open at the end", len(b.files.open))
	}
}
