package fs

import (
	"fmt"
	"os"
	"runtime"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
)

func (t *table) size() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.nodes)
}

// What the kernel remembers of a large tree is bounded, and nothing in use is
// lost by that.
func TestNodesAreBounded(t *testing.T) {
	needFUSE(t)
	const n, limit = 60_000, 10_000
	root := folders(n, "data")
	b := newBridge(tree(root), Options{Log: func(path string, err error) { t.Errorf("%s: %v", path, err) }})
	b.table.limit = limit
	at := t.TempDir()
	s, err := mountBridge(at, b, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Unmount(); err != nil {
			t.Error(err)
		}
	})
	if !s.raw.KernelSettings().SupportsNotify(fuse.NOTIFY_PRUNE) {
		t.Skip("this kernel cannot be asked to drop anything")
	}
	open, err := os.Open(at + "/dir 7/file 7")
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	for i := range n / 100 {
		if got := names(t, fmt.Sprintf("%s/dir %d", at, i)); len(got) != 100 {
			t.Fatalf("%d names", len(got))
		}
	}
	within(t, "dropping", func() bool { return b.table.size() < n/2 })
	if got, err := os.ReadFile(at + "/dir 7/file 7"); err != nil || string(got) != "data" {
		t.Errorf("afterwards: %q, %v", got, err)
	}
	if _, err := open.ReadAt(make([]byte, 4), 0); err != nil {
		t.Errorf("the open file: %v", err)
	}
}

func TestForgottenNodesAreGone(t *testing.T) {
	b := newBridge(tree(dir(nil)), Options{})
	root := b.table.get(rootID).sub.Load()
	one := b.table.take(root, "a", 5, 100, false)
	same := b.table.take(root, "b", 5, 100, false)
	other := b.table.take(root, "a", 5, 200, false)
	reserved := b.table.take(root, "r", rootID, 1, false)
	if one != same || one.id != 5 || other == one || other.id == 5 || reserved.id == rootID {
		t.Errorf("ids %d %d %d %d", one.id, same.id, other.id, reserved.id)
	}
	b.Forget(5, 1)
	if b.table.get(5) != one {
		t.Error("forgotten too early")
	}
	b.Forget(5, 1)
	b.Forget(other.id, 1)
	b.Forget(reserved.id, 9)
	b.Forget(rootID, 1)
	b.Forget(12345, 1)
	if b.table.size() != 1 || b.table.get(rootID) == nil {
		t.Errorf("%d nodes left", b.table.size())
	}
	if again := b.table.take(root, "a", 5, 200, false); again.id != 5 {
		t.Errorf("a free id was not taken: %d", again.id)
	}
}

// BenchmarkNode says what a file costs that the kernel knows.
func BenchmarkNode(b *testing.B) {
	var before, after runtime.MemStats
	for b.Loop() {
		const n = 1 << 20
		runtime.GC()
		runtime.ReadMemStats(&before)
		br := newBridge(tree(dir(nil)), Options{})
		root := br.table.get(rootID).sub.Load()
		for i := range uint64(n) {
			br.table.take(root, fmt.Sprintf("some file %d", i), mix(i+nextMix), i, false)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n, "bytes/node")
		br.Forget(1, uint64(fuse.OK))
	}
}
