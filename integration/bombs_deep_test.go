package integration

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"bakfs/seal"
)

// largeSiblings are entries that fill a node to nearly 1 MiB, each with as many attributes as it may
// have. They differ from one call to the next.
func largeSiblings(seed int) [][]byte {
	var all [][]byte
	for i := range 3 {
		e := withXattrs(evilInline(fmt.Sprintf("file-%d", i), "x"), 65535, 65535, 65535, 65535)
		copy(e.tail[8:], bytes.Repeat(fmt.Appendf(nil, "%d-%d,", seed, i), 1000))
		all = append(all, e.bytes())
	}
	return all
}

// Folders inside each other, up to a thousand, whose lists of names are of 1 MiB each:
// whoever walks them holds a few of the lists, not all.
func TestDeepTreesTakeLittleMemory(t *testing.T) {
	t.Parallel()
	depth := amount(300, 300, 1000)
	f := newForge(t, seal.NewRecoveryKey())
	inner := f.put(seal.Tree, node0(evilInline("f", "x").bytes()))
	st := f.open(tempDir(t))
	for i := range depth {
		dir := withXattrs(evilDir("!", inner), 65535, 65535, 65535, 55555)
		var err error
		inner, _, err = st.Put(t.Context(), seal.Tree, node0(append([][]byte{dir.bytes()}, largeSiblings(i)...)...))
		check(t, err)
	}
	check(t, st.Flush(t.Context()))
	check(t, st.Close())
	top := f.put(seal.Tree, node0(evilDir("s", inner).bytes()))
	id := f.snapshot(top, uint64(4*depth+2))
	m := f.machine()
	for _, args := range [][]string{{"check"}, {"ls", "-R", id + ":/s"}, {"restore", id + ":/s", filepath.Join(tempDir(t), "dest")}} {
		begun := time.Now()
		r, peak := watched(m, 5*time.Minute, args...)
		t.Logf("%s: %v", args[0], time.Since(begun).Round(time.Millisecond))
		bounded(t, args[0], peak)
		// Attributes of these names cannot be restored; all else can be.
		if ok := r.code == 0 || args[0] == "restore" && r.code != 13; !ok {
			t.Errorf("%s: exit code %d\n%.300s%.300s", args[0], r.code, r.stdout, r.stderr)
		}
	}
	v := m.mount()
	defer v.umount()
	for _, e := range globbed(t, v.dir+"/snapshots/2*") {
		if levels := descend(t, e+"/files/s"); levels != depth {
			t.Errorf("%s: %d levels", e, levels)
		}
	}
	bounded(t, "mount", peakMemory(v.pid))
}

// descend goes down the folders named "!", listing each, and returns how many there were.
func descend(t *testing.T, at string) (levels int) {
	dir, err := os.Open(at)
	check(t, err)
	for {
		names, err := dir.ReadDir(-1)
		check(t, err)
		if names[0].Name() != "!" {
			check(t, dir.Close())
			return levels
		}
		next, err := os.Open(fmt.Sprintf("/proc/self/fd/%d/!", dir.Fd()))
		check(t, err)
		check(t, dir.Close())
		dir = next
		levels++
	}
}
