package integration

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// newSource is an empty folder to back up.
func newSource(t tb) string {
	t.Helper()
	src := filepath.Join(tempDir(t), "source")
	check(t, os.Mkdir(src, 0o755))
	return src
}

// identical checks that a restore of the snapshot, and the mount if there is one,
// are what was at the source.
func identical(t tb, m *machine, v *mounted, id, src string, want tree) {
	t.Helper()
	dest := m.restore(id, src)
	got := look(t, dest)
	same(t, "restored", want, got)
	holesKept(t, want, got)
	if v == nil {
		return
	}
	shown := look(t, v.files(src))
	same(t, "mounted", want, shown)
	sameCounts(t, want, shown)
}

// Whatever a tree looks like, a restore and a mount give it back, the state before
// a change too.
func TestBackupIsIdentity(t *testing.T) {
	t.Parallel()
	needFUSE(t)
	rapid.Check(t, func(t *rapid.T) {
		m, key := newRepository(t, "laptop")
		src := newSource(t)
		grow(t, src, drawTree(t))
		before := look(t, src)
		first := m.backup(src)
		v := m.mount()
		identical(t, m, v, first.ID, src, before)
		rsyncSame(t, "restored", src, m.restore(first.ID, src))
		rsyncSame(t, "mounted", src, v.files(src))
		old := namesIn(t, v.dir+"/snapshots")

		change(t, src, rapid.Uint64().Draw(t, "changes"))
		after := look(t, src)
		second := m.backup(src)
		v.waitFor(2, src)
		identical(t, m, v, second.ID, src, after)
		rsyncSame(t, "mounted", src, v.files(src))
		same(t, "the first snapshot, mounted", before, look(t, v.at(old[0], src)))
		same(t, "the first snapshot, with the key alone", before, look(t, withKey(t, m.repo, key).restore(first.ID, src)))
		m.ok("check", "--read-data")
		v.umount()
	})
}

// namesIn lists the snapshots that a mount shows, "latest" left out.
func namesIn(t tb, dir string) []string {
	t.Helper()
	all, err := os.ReadDir(dir)
	check(t, err)
	var names []string
	for _, e := range all {
		if e.Name() != "latest" {
			names = append(names, e.Name())
		}
	}
	return names
}

// waitFor waits until the mount shows n snapshots, and the newest of them in "latest"
// and files/. Something in the folder src itself must have changed since the one before.
func (v *mounted) waitFor(n int, src string) {
	t := v.m.t
	t.Helper()
	eventually(t, "the mount shows the new snapshot", func() bool { return len(namesIn(t, v.dir+"/snapshots")) == n })
	names := v.byTime()
	newest := names[len(names)-1]
	eventually(t, "latest follows", func() bool {
		latest, err := os.Readlink(v.dir + "/snapshots/latest")
		return err == nil && latest == newest
	})
	want, err := os.Stat(v.at(newest, src))
	check(t, err)
	eventually(t, "files/ follows", func() bool {
		info, err := os.Stat(v.files(src))
		return err == nil && info.Sys().(*syscall.Stat_t).Ctim == want.Sys().(*syscall.Stat_t).Ctim
	})
}

// byTime lists the names of the snapshots in a mount, oldest first.
func (v *mounted) byTime() []string {
	t := v.m.t
	t.Helper()
	when := map[string]int64{}
	for _, name := range namesIn(t, v.dir+"/snapshots") {
		info, err := os.Stat(v.dir + "/snapshots/" + name)
		check(t, err)
		when[name] = info.ModTime().UnixNano()
	}
	return slices.SortedFunc(maps.Keys(when), func(a, b string) int { return int(when[a] - when[b]) })
}

// change does to a tree what people do: new files, files removed, longer, of other
// modes, under other names.
func change(t tb, dir string, seed uint64) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 2))
	for path, x := range maps.All(look(t, dir)) {
		full := filepath.Join(dir, path)
		isFile := x.mode&unix.S_IFMT == unix.S_IFREG
		switch n := r.IntN(8); {
		case path == ".":
		case n == 0 && x.mode&unix.S_IFMT != unix.S_IFDIR:
			check(t, os.Remove(full))
		case n == 1 && isFile:
			f, err := os.OpenFile(full, os.O_WRONLY|os.O_APPEND, 0)
			if os.IsPermission(err) {
				continue
			}
			check(t, err)
			_, err = f.WriteString("and more")
			check(t, err)
			check(t, f.Close())
		case n == 2 && x.mode&unix.S_IFMT != unix.S_IFLNK:
			check(t, os.Chmod(full, 0o751))
		case n == 3 && x.mode&unix.S_IFMT != unix.S_IFDIR:
			check(t, os.Rename(full, fmt.Sprintf("%s/moved %d", dir, r.Uint64())))
		}
	}
	check(t, os.WriteFile(fmt.Sprintf("%s/new %d", dir, seed), content("random", seed, r.Int64N(1<<20)), 0o640))
}

// One tree with everything that there is, so that no luck is needed to meet it.
func TestEverythingThereIs(t *testing.T) {
	t.Parallel()
	m, key := newRepository(t, "laptop")
	src := newSource(t)
	grow(t, src, everyKind())
	deep := src + strings.Repeat("/d", amount(100, 300, 1000))
	check(t, os.MkdirAll(deep, 0o755))
	check(t, os.WriteFile(deep+"/bottom", []byte("the bottom"), 0o644))
	want := look(t, src)
	id := m.backup(src).ID
	identical(t, m, nil, id, src, want)
	rsyncSame(t, "restored", src, m.restore(id, src))
	if got := m.backup(src); got.Added > 8192 || got.Read != 0 { // the folders above it changed
		t.Errorf("nothing changed, yet %d bytes were read and %d added", got.Read, got.Added)
	}
	v := withKey(t, m.repo, key).mount()
	shown := look(t, v.files(src))
	same(t, "mounted", want, shown)
	sameCounts(t, want, shown)
	rsyncSame(t, "mounted", src, v.files(src))
	was := inodes(t, v.dir+"/snapshots")
	v.umount()
	v = m.mountOn(v.dir)
	if again := inodes(t, v.dir+"/snapshots"); !maps.Equal(was, again) {
		t.Error("inode numbers differ from one mount to the next")
	}
	v.umount()
}

// everyKind is a plant of each kind, size, name, mode and time that matters.
func everyKind() []plant {
	plain := meta{mode: 0o644, mtime: 1_700_000_000_123_456_789}
	var all []plant
	add := func(p plant) { all = append(all, p) }
	add(plant{name: "all", kind: "dir", meta: meta{mode: 0o755, mtime: 1}})
	for i, size := range borders() {
		for j, fill := range []string{"random", "text", "zeros"} {
			add(plant{parent: 1, name: fmt.Sprintf("%s %d", fill, size), kind: "file", size: size, fill: fill, seed: uint64(9*i + j), meta: plain})
		}
		add(plant{parent: 1, name: fmt.Sprintf("sparse %d", size), kind: "sparse", size: size, seed: uint64(i), meta: plain})
		add(plant{name: fmt.Sprintf("name %d", i), kind: "name", seed: uint64(i / 2)})
	}
	for i, name := range oddNames() {
		add(plant{name: name, kind: "file", size: int64(i), fill: "random", seed: 1, meta: meta{mode: uint32(i), mtime: int64(i)}})
		add(plant{name: "to " + name, kind: "link", target: name, meta: meta{mtime: int64(i) * 1e17}})
	}
	for i, target := range []string{"/nowhere", "/", "..", strings.Repeat("x/", 2047)} {
		add(plant{name: fmt.Sprint("link ", i), kind: "link", target: target, meta: plain})
	}
	for i, mode := range []uint32{0, 0o4755, 0o2755, 0o1755, 0o7777, 0o111} {
		m := meta{mode: mode, uid: uint32(i), gid: uint32(i) * 1000, mtime: -int64(i) * 1e17}
		add(plant{name: fmt.Sprintf("mode %o", mode), kind: "file", size: 3, meta: m})
		add(plant{name: fmt.Sprintf("folder %o", mode), kind: "dir", meta: m})
		add(plant{name: fmt.Sprintf("fifo %o", mode), kind: "fifo", meta: m})
		add(plant{name: fmt.Sprintf("socket %o", mode), kind: "socket", meta: m})
	}
	if isRoot() {
		add(plant{name: "null", kind: "char", seed: 3, meta: plain})
		add(plant{name: "loop", kind: "block", seed: 70000, meta: plain})
	}
	rich := plain
	rich.xattrs = map[string][]byte{"user.empty": {}, "user.\xff": {0, 1, 2}, "user.big": content("random", 1, 2000)}
	rich.acl = acl(5, 4242)
	add(plant{name: "rich", kind: "file", size: 100, meta: rich})
	add(plant{name: "rich folder", kind: "dir", meta: rich})
	return all
}
