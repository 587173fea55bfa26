package integration

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bakfs/seal"
)

// A bomb is a folder /s of a snapshot that is sealed and signed well and breaks a rule
// or strains it.
type bomb struct {
	name    string
	refused bool
	node    []byte // of the folder
	root    func(f *forge) seal.ID
	count   uint64 // entries that the snapshot claims
}

// entries are bombs of a folder with one odd entry.
func entryBombs() (all []bomb) {
	add := func(name string, refused bool, e ...evil) {
		var list [][]byte
		for _, one := range e {
			list = append(list, one.bytes())
		}
		all = append(all, bomb{name: name, refused: refused, node: node0(list...), count: 3})
	}
	long := strings.Repeat("n", 255)
	for name, text := range map[string]string{"..": "..", ".": ".", "empty": "", "a/b": "a/b", "/": "/", "NUL": "a\x00b", "256 bytes": long + "n", "../../../s": "../../../s"} {
		add("name "+name, true, evilInline(text, "evil"))
		add("folder named "+name, true, evilDir(text, seal.ID{1}))
		add("link named "+name, true, evilLink(text, "/etc"))
	}
	add("name of 255 bytes", false, evilInline(long, "good"))
	add("the same name twice", true, evilInline("a", "1"), evilInline("a", "2"))
	add("names not in order", true, evilInline("b", "1"), evilInline("a", "2"))
	add("link and then a file below it", true, evilLink("a", "/tmp"), evilInline("a/passwd", "evil"))
	with := func(change func(e *evil)) evil { e := evilInline("a", "text"); change(&e); return e }
	for name, change := range map[string]func(e *evil){
		"kind 0": func(e *evil) { e.kind = 0 }, "kind 8": func(e *evil) { e.kind = 8 }, "content 4": func(e *evil) { e.content = 4 },
		"FIFO with content": func(e *evil) { e.kind, e.body = 4, nil }, "unknown flag": func(e *evil) { e.flags = 8 },
		"mode 010000": func(e *evil) { e.mode = 0o10000 }, "size too small": func(e *evil) { e.size = 3 }, "size too large": func(e *evil) { e.size = 5 },
		"size 2^63": func(e *evil) { e.size = 1 << 63 }, "a byte more": func(e *evil) { e.tail = []byte{0} },
		"no attributes":           func(e *evil) { e.flags, e.tail = 2, []byte{0, 0} },
		"65537 attributes' bytes": func(e *evil) { *e = withXattrs(*e, 65537) }, "attributes not in order": func(e *evil) { *e = withXattrs(*e, 1); e.tail[1] = 2; e.tail = append(e.tail, e.tail[2:]...) },
		"attributes of 262145 bytes": func(e *evil) { *e = withXattrs(*e, 65535, 65535, 65535, 65536) },
	} {
		add(name, true, with(change))
	}
	add("512 bytes inline", false, evilInline("a", strings.Repeat("x", 512)))
	add("513 bytes inline", true, evilInline("a", strings.Repeat("x", 513)))
	add("attributes of 262144 bytes", false, withXattrs(evilInline("user", "x"), 65535, 65535, 65535, 65535))
	add("target of 4095 bytes", false, evilLink("a", strings.Repeat("t", 4095)))
	add("target of 4096 bytes", true, evilLink("a", strings.Repeat("t", 4096)))
	add("empty target", true, evilLink("a", ""))
	add("target with NUL", true, evilLink("a", "a\x00"))
	hole := extentOf(1<<32-1, seal.ID{})
	add("eight holes of 4 GiB", false, evilExtents("a", 8*(1<<32-1), repeated(8, hole)...))
	add("nine extents", true, evilExtents("a", 9*(1<<32-1), repeated(9, hole)...))
	add("no extents", true, evilExtents("a", 0))
	add("extent of no bytes", true, evilExtents("a", 0, extentOf(0, seal.ID{})))
	add("chunk of more than 1 MiB", true, evilExtents("a", 1<<20+1, extentOf(1<<20+1, seal.ID{1})))
	add("extents of another sum", true, evilExtents("a", 4, extentOf(3, seal.ID{})))
	add("chunk that is nowhere", true, evilExtents("a", 4, extentOf(4, seal.ID{1})))
	add("folder that is nowhere", true, evilDir("a", seal.ID{1}))
	return all
}

// withXattrs gives an entry attributes of these sizes, with names of one byte.
func withXattrs(e evil, sizes ...int) evil {
	e.flags |= 2
	e.tail = binary.BigEndian.AppendUint16(nil, uint16(len(sizes)))
	for i, n := range sizes {
		e.tail = append(e.tail, 1, 'a'+byte(i))
		e.tail = binary.BigEndian.AppendUint32(e.tail, uint32(n))
		e.tail = append(e.tail, make([]byte, n)...)
	}
	return e
}

// nodeBombs are bombs of how directories are split.
func nodeBombs() (all []bomb) {
	small := evilInline("a", "x").bytes()
	raw := func(name string, refused bool, node []byte) {
		all = append(all, bomb{name: name, refused: refused, node: node, count: 20_000})
	}
	raw("version 2", true, append([]byte{2}, node0(small)[1:]...))
	raw("reserved bytes", true, append([]byte{1, 0, 0, 1}, node0(small)[4:]...))
	raw("a byte behind", true, append(node0(small), 0))
	raw("count of 2^32-1", true, nodeOf(0, 1<<32-1, small))
	raw("an entry less", true, nodeOf(0, 2, small))
	raw("level 1 without items", true, nodeOf(1, 0))
	raw("level 9", true, nodeOf(9, 1, child("a", seal.ID{1}, 1)))
	raw("nothing", true, []byte{1})
	raw("an empty folder", false, node0())
	raw("a full node", false, node0(manyFiles(14_000)...))
	split := func(name string, refused bool, below []byte, items func(id seal.ID) [][]byte, level byte) {
		all = append(all, bomb{name: name, refused: refused, count: 20_000, root: func(f *forge) seal.ID {
			list := items(f.put(seal.Tree, below))
			return f.put(seal.Tree, nodeOf(level, uint32(len(list)), list...))
		}})
	}
	one := func(first string, below uint32) func(id seal.ID) [][]byte {
		return func(id seal.ID) [][]byte { return [][]byte{child(first, id, below)} }
	}
	split("a child", false, node0(small), one("a", 1), 1)
	split("a child of another level", true, node0(small), one("a", 1), 2)
	split("a child of another name", true, node0(small), one("b", 1), 1)
	split("a child that claims more", true, node0(small), one("a", 10_000_000), 1)
	split("10,000,001 entries", true, node0(small), one("a", 10_000_001), 1)
	split("a child of nothing", true, node0(), one("a", 0), 1)
	split("the same child twice", true, node0(small), func(id seal.ID) [][]byte { return [][]byte{child("a", id, 1), child("a", id, 1)} }, 1)
	split("children that overlap", true, node0(small, evilInline("c", "x").bytes()), func(id seal.ID) [][]byte {
		return [][]byte{child("a", id, 2), child("b", id, 2)}
	}, 1)
	split("ten million by one child", true, node0(manyFiles(10_000)...), func(id seal.ID) [][]byte {
		var list [][]byte
		for i := range 1000 {
			list = append(list, child(fmt.Sprintf("%08d", i*10_000), id, 10_000))
		}
		return list
	}, 1)
	return all
}

// Each rule of trees is asked for by every command that reads them, at the limit and
// beyond; and nothing beside the folder that is restored to is touched.
func TestEvilFolders(t *testing.T) {
	t.Parallel()
	f := newForge(t, seal.NewRecoveryKey())
	bombs := append(append(entryBombs(), nodeBombs()...), listBombs()...)
	ids := plant1(f, bombs)
	m := f.machine()
	base := tempDir(t)
	check(t, os.WriteFile(base+"/s", []byte("mine"), 0o600))
	beside := func() tree {
		all := look(t, base)
		delete(all, ".") // its time changes with DEST
		return all
	}
	before := beside()
	for i, b := range bombs {
		if !*long && i%4 != 1 { // the mount below looks at all
			continue
		}
		dest := filepath.Join(base, "dest")
		for _, args := range [][]string{{"ls", "-R", ids[i] + ":/s"}, {"restore", ids[i] + ":/s", dest}} {
			r, _ := watched(m, time.Minute, args...)
			if refused := r.code != 0; refused != b.refused && !(args[0] == "ls" && b.ofContent()) || r.code == 2 {
				t.Errorf("%s: %s: exit code %d\n%.500s%.500s", b.name, args[0], r.code, r.stdout, r.stderr)
			}
		}
		check(t, os.RemoveAll(dest))
		same(t, b.name+": beside DEST", before, beside())
	}
	r, peak := watched(m, time.Minute, "check", "--read-data")
	if r.code != 13 {
		t.Errorf("check: exit code %d\n%.2000s%.2000s", r.code, r.stdout, r.stderr)
	}
	bounded(t, "check", peak)
	mountBombs(t, m, bombs)
}

// ofContent says that only who reads the content of files finds the bomb.
func (b bomb) ofContent() bool {
	return strings.HasPrefix(b.name, "chunk ") || strings.HasPrefix(b.name, "list ")
}

// plant1 makes a snapshot of each bomb, and returns their ids.
func plant1(f *forge, bombs []bomb) (ids []string) {
	f.t.Helper()
	var nodes [][]byte
	for _, b := range bombs {
		if b.root == nil {
			nodes = append(nodes, b.node)
		}
	}
	roots := f.puts(seal.Tree, nodes...)
	var tops [][]byte
	for _, b := range bombs {
		var root seal.ID
		if b.root != nil {
			root = b.root(f)
		} else {
			root, roots = roots[0], roots[1:]
		}
		tops = append(tops, node0(evilDir("s", root).bytes()))
	}
	for i, top := range f.puts(seal.Tree, tops...) {
		ids = append(ids, f.snapshot(top, bombs[i].count))
	}
	return ids
}

// mountBombs looks at every bomb through a mount: what is refused is an error, what
// is not is there, and no name is odd.
func mountBombs(t *testing.T, m *machine, bombs []bomb) {
	v := m.mount()
	defer v.umount()
	list, err := os.ReadDir(v.dir + "/snapshots")
	check(t, err)
	failed, whole := 0, 0
	for _, e := range list {
		if e.Type()&os.ModeSymlink != 0 {
			continue
		}
		dir := v.at(e.Name(), "/s")
		names, err := os.ReadDir(dir)
		for _, n := range names {
			if strings.ContainsAny(n.Name(), "/\x00") || n.Name() == ".." || n.Name() == "" {
				t.Errorf("the mount shows the name %q", n.Name())
			}
			full := filepath.Join(dir, n.Name())
			switch info, e := n.Info(); {
			case e != nil:
				err = e
			case info.Mode().IsRegular():
				if f, e := os.Open(full); e != nil {
					err = e
				} else {
					if _, e := f.Read(make([]byte, 100)); e != nil && e.Error() != "EOF" {
						err = e
					}
					f.Close()
				}
			case info.IsDir():
				if _, e := os.ReadDir(full); e != nil {
					err = e
				}
			}
		}
		if err != nil {
			failed++
		} else {
			whole++
		}
	}
	refused := 0
	for _, b := range bombs {
		if b.refused && !strings.HasPrefix(b.name, "list ") {
			refused++
		}
	}
	if failed < refused || failed+whole != len(bombs) || whole == 0 {
		t.Errorf("mounted: %d of %d folders give errors, %d should", failed, len(bombs), refused)
	}
}

// watched runs a command and looks at its memory all the time. Longer than most is
// interrupted, as a user would, and must end then.
func watched(m *machine, most time.Duration, args ...string) (result, int) {
	m.t.Helper()
	var stdout, stderr limited
	cmd := m.command(args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	check(m.t, cmd.Start())
	done := make(chan struct{})
	go func() { cmd.Wait(); close(done) }()
	peak, begun, interrupted := 0, time.Now(), false
	for running := true; running; {
		select {
		case <-done:
			running = false
		case <-time.After(3 * time.Millisecond):
			if n := peakMemory(cmd.Process.Pid); n > 0 {
				peak = n
			}
			if time.Since(begun) > most && !interrupted {
				interrupted = true
				cmd.Process.Signal(os.Interrupt)
			}
			if time.Since(begun) > most+time.Minute {
				cmd.Process.Kill()
				m.t.Errorf("bakfs %q does not end", args)
			}
		}
	}
	r := result{args, cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
	if strings.Contains(r.stderr, "panic:") || strings.Contains(r.stderr, "DATA RACE") || r.code < 0 {
		m.t.Errorf("bakfs %q: exit code %d\n%s", args, r.code, r.stderr)
	}
	return r, peak
}

// peakMemory is the most memory that a process has had, in MiB.
func peakMemory(pid int) (n int) {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if _, rest, ok := bytes.Cut(b, []byte("VmHWM:")); ok {
		fmt.Sscan(string(rest), &n)
	}
	return n >> 10
}

// bounded says that a command took no more memory than it may, whatever it read.
func bounded(t *testing.T, what string, peak int) {
	t.Helper()
	const most = 128
	t.Logf("%s: at most %d MiB", what, peak)
	if peak > most && !raceDetector {
		t.Errorf("%s took %d MiB of memory", what, peak)
	}
}

// limited keeps the beginning of what is written to it.
type limited struct{ bytes.Buffer }

func (l *limited) Write(b []byte) (int, error) {
	if l.Len() < 1<<20 {
		l.Buffer.Write(b)
	}
	return len(b), nil
}
