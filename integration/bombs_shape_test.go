package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bakfs/seal"
)

// Trees that are small in the repository and endless or huge to walk. None may take
// memory by what it claims, nor go on when the user has had enough.
func TestEndlessTrees(t *testing.T) {
	t.Parallel()
	f := newForge(t, seal.NewRecoveryKey())
	depth := 3_000
	if *long {
		depth = 1_000_000
	}
	leaf := f.put(seal.Tree, node0(evilInline("f", "x").bytes()))
	bombs := []bomb{
		{name: "2^40 paths", count: 1000, root: func(f *forge) seal.ID { return f.doubled(40, leaf) }},
		{name: "2^40 paths and no claim", root: func(f *forge) seal.ID { return f.doubled(40, leaf) }},
		{name: "too deep", count: uint64(depth) + 2, root: func(f *forge) seal.ID { return f.chain(depth, leaf) }},
		{name: "deep and wide", count: 2000, root: func(f *forge) seal.ID { return f.chain(200, leaf, manyFiles(14_000)...) }},
	}
	ids := plant1(f, bombs)
	m := f.machine()
	before := look(t, m.dir)
	for i, b := range bombs {
		endless := strings.HasPrefix(b.name, "2^40")
		for _, args := range [][]string{{"ls", "-R", ids[i] + ":/s"}, {"restore", ids[i] + ":/s", filepath.Join(tempDir(t), "dest")}} {
			most := 10 * time.Minute
			if endless && args[0] == "ls" {
				most = time.Second
			}
			r, peak := watched(m, most, args...)
			bounded(t, b.name+": "+args[0], peak)
			switch {
			case endless && args[0] == "ls" && r.code != 130 && r.code != 13:
				t.Errorf("%s: %s: exit code %d\n%.300s", b.name, args[0], r.code, r.stderr)
			case b.name == "deep and wide" && (r.code != 0) != (args[0] == "restore"), b.name == "too deep" && r.code == 0, endless && args[0] == "restore" && r.code != 13:
				t.Errorf("%s: %s: exit code %d\n%.300s", b.name, args[0], r.code, r.stderr)
			}
		}
	}
	r, peak := watched(m, 5*time.Minute, "check")
	bounded(t, "check", peak)
	if r.code != 13 {
		t.Errorf("check of trees that are too deep: exit code %d\n%.500s%.500s", r.code, r.stdout, r.stderr)
	}
	delete(before, ".")
	for path := range look(t, m.dir) {
		if _, ok := before[path]; !ok && path != "." && !strings.HasPrefix(path, "cache") {
			t.Errorf("%s was made", path)
		}
	}
}

// doubled is a directory of two, each of two …, all of them inner at the end.
func (f *forge) doubled(levels int, inner seal.ID) seal.ID {
	f.t.Helper()
	for range levels {
		inner = f.put(seal.Tree, node0(evilDir("a", inner).bytes(), evilDir("b", inner).bytes()))
	}
	return inner
}

// A mount of endless trees answers each question about them.
func TestEndlessTreesMounted(t *testing.T) {
	t.Parallel()
	f := newForge(t, seal.NewRecoveryKey())
	leaf := f.put(seal.Tree, node0(evilInline("f", "x").bytes()))
	plant1(f, []bomb{
		{count: 9, root: func(f *forge) seal.ID { return f.doubled(40, leaf) }},
		{count: 9, root: func(f *forge) seal.ID { return f.chain(1500, leaf) }},
	})
	m := f.machine()
	v := m.mount()
	defer v.umount()
	for _, e := range globbed(t, v.dir+"/snapshots/2*") {
		dir, err := os.Open(e + "/files/s")
		check(t, err)
		for depth := 0; ; depth++ {
			names, err := dir.ReadDir(-1)
			if err != nil || len(names) == 0 || !names[0].IsDir() {
				break
			}
			next, err := os.Open(fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), names[0].Name()))
			if err != nil {
				if depth < 1000 {
					t.Errorf("%s: at depth %d: %v", e, depth, err)
				}
				break
			}
			dir.Close()
			dir = next
			if depth > 1030 {
				t.Errorf("%s: more than 1,024 folders deep", e)
				break
			}
		}
		dir.Close()
	}
	bounded(t, "mount", peakMemory(v.pid))
}
