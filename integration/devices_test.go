package integration

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// newTree is a source with an ordinary bit of everything.
func newTree(t tb, files int, seed uint64) string {
	t.Helper()
	src := newSource(t)
	plain := meta{mode: 0o644, mtime: 1_700_000_000_000_000_001}
	all := []plant{{name: "photos", kind: "dir", meta: meta{mode: 0o750, mtime: 5}}, {name: "letters", kind: "dir", meta: meta{mode: 0o755, mtime: 6}}}
	for i := range files {
		p := plant{parent: 1 + i%2, name: fmt.Sprintf("file %d", i), kind: "file", size: int64(i*i*37) % 200_000, fill: "text", seed: seed + uint64(i), meta: plain}
		if i%2 == 0 {
			p.fill = "random"
		}
		all = append(all, p)
	}
	all = append(all, plant{parent: 1, name: "big", kind: "file", size: 2_500_000, fill: "random", seed: seed, meta: plain},
		plant{parent: 2, name: "same", kind: "name", seed: 3}, plant{parent: 2, name: "link", kind: "link", target: "../photos", meta: plain},
		plant{parent: 1, name: "sparse", kind: "sparse", size: 300_000, seed: 13, meta: plain})
	grow(t, src, all)
	return src
}

// A machine that has nothing but the recovery key sees and restores everything.
func TestKeyAloneIsEnough(t *testing.T) {
	t.Parallel()
	needFUSE(t)
	first, key := newRepository(t, "laptop")
	src := newTree(t, 60, 1)
	want := look(t, src)
	id := first.backup(src).ID

	m := withKey(t, first.repo, key)
	if all := m.snapshots(); len(all) != 1 || all[0].ID != id || all[0].Device != "laptop" {
		t.Errorf("snapshots: %+v", all)
	}
	if out := m.ok("ls", "latest:"+src+"/letters"); !strings.Contains(out, "file 1") || !strings.Contains(out, "link") {
		t.Errorf("ls: %q", out)
	}
	big, err := os.ReadFile(src + "/photos/big")
	check(t, err)
	if out := m.ok("cat", id[:12]+":"+src+"/photos/big"); out != string(big) {
		t.Errorf("cat: %d bytes, which differ", len(out))
	}
	v := m.mount()
	identical(t, m, v, id, src, want)
	rsyncSame(t, "mounted", src, v.files(src))
	if entries, err := os.ReadDir(m.state()); err == nil && len(entries) > 0 {
		t.Errorf("a machine that is not enrolled keeps state: %v", entries)
	}
	v.umount()
}

// Two devices write into one folder at the same time, again and again. Nothing is
// lost, both see all, and each trusts what the other wrote only after a look at it.
func TestTwoDevicesWriteAtOnce(t *testing.T) {
	t.Parallel()
	a, key := newRepository(t, "laptop")
	b := withKey(t, a.repo, key)
	b.ok("connect", "--device", "desktop")
	b.extra = nil // enrolled now: no key from here on
	shared, own := newTree(t, 40, 7), newTree(t, 10, 1000)
	wanted := map[string]tree{}
	const rounds = 3
	for round := range rounds {
		check(t, os.WriteFile(fmt.Sprintf("%s/round %d", shared, round), content("random", uint64(round), 700_000), 0o600))
		outs := make([]result, 2)
		var both sync.WaitGroup
		for i, args := range [][]string{{shared}, {shared, own}} {
			both.Go(func() { outs[i] = runQuietly([]*machine{a, b}[i], append([]string{"backup", "--json"}, args...)...) })
		}
		both.Wait()
		for _, r := range outs {
			if r.code != 0 {
				t.Fatalf("round %d: exit code %d\n%s%s", round, r.code, r.stdout, r.stderr)
			}
			wanted[parseLines[summary](t, r.stdout)[0].ID] = look(t, shared)
		}
	}
	for _, m := range []*machine{a, b} {
		if all := m.snapshots(); len(all) != 2*rounds {
			t.Errorf("%d snapshots, want %d", len(all), 2*rounds)
		}
		m.ok("check", "--read-data")
		for id, want := range wanted {
			same(t, "snapshot "+id[:8], want, look(t, m.restore(id, shared)))
		}
	}
	packsOnce(t, a.repo)
}

// runQuietly is run for other goroutines than the test's own: it never ends the test.
func runQuietly(m *machine, args ...string) result {
	var stdout, stderr bytes.Buffer
	cmd := m.command(args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		fmt.Fprintln(&stderr, err)
	}
	return result{args, cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// packsOnce checks that no pack lies in the folder under two names, and that nothing
// unfinished was left behind.
func packsOnce(t tb, repo string) {
	t.Helper()
	seen := map[string]string{}
	for _, path := range filesOf(t, repo) {
		name := filepath.Base(path)
		if strings.HasPrefix(name, ".tmp-") {
			t.Errorf("%s was left behind", path)
		}
		if seen[name] != "" {
			t.Errorf("%s and %s have one name", seen[name], path)
		}
		seen[name] = path
	}
}

// A backup runs beside a mount; the mount shows its snapshot, "latest" and files/
// follow, and what was open stays what it was.
func TestBackupWhileMounted(t *testing.T) {
	t.Parallel()
	needFUSE(t)
	m, key := newRepository(t, "laptop")
	src := newTree(t, 30, 3)
	before := look(t, src)
	m.backup(src)
	for name, viewer := range map[string]*machine{"the same device": m, "another device": withKey(t, m.repo, key)} {
		v := viewer.mount()
		n := len(namesIn(t, v.dir+"/snapshots"))
		was, err := os.Readlink(v.dir + "/snapshots/latest")
		check(t, err)
		old, err := os.Open(v.dir + "/snapshots/latest/files" + src + "/photos/big")
		check(t, err)
		defer old.Close()
		same(t, name+": files/ at first", look(t, src), look(t, v.files(src)))
		want, err := os.ReadFile(src + "/photos/big")
		check(t, err)
		check(t, os.WriteFile(src+"/photos/big", content("random", uint64(100+n), 2_000_000), 0o644))
		check(t, os.WriteFile(fmt.Sprintf("%s/new %d", src, n), []byte(name), 0o644))
		m.backup(src)
		v.waitFor(n+1, src)
		if now, err := os.Readlink(v.dir + "/snapshots/latest"); err != nil || now == was {
			t.Errorf("%s: latest still leads to %s (%v)", name, now, err)
		}
		got := make([]byte, len(want))
		if k, err := old.ReadAt(got, 0); err != nil || k != len(want) || !bytes.Equal(got, want) {
			t.Errorf("%s: an old open file reads %d bytes, %v", name, k, err)
		}
		after := look(t, src)
		same(t, name+": files/", after, look(t, v.files(src)))
		same(t, name+": latest", after, look(t, v.dir+"/snapshots/latest/files"+src))
		same(t, name+": the first snapshot", before, look(t, v.at(v.byTime()[0], src)))
		old.Close()
		v.umount()
	}
}

// filesOf lists all files in dir, by paths that begin with dir.
func filesOf(t tb, dir string) []string {
	t.Helper()
	var all []string
	check(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			all = append(all, path)
		}
		return err
	}))
	return all
}
