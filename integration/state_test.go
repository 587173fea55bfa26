package integration

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a machine may lose, alone or together.
const (
	losesCache = 1 << iota
	losesState
	losesKey
)

// Each combination of what is kept on a machine is lost. The key alone restores,
// the state alone restores, without both nothing opens.
func TestLocalStateLost(t *testing.T) {
	t.Parallel()
	origin, key := newRepository(t, "laptop")
	src := newTree(t, 20, 5)
	want := look(t, src)
	id := origin.backup(src).ID
	for lost := range 8 {
		m := newMachine(t, origin.repo)
		check(t, os.CopyFS(m.state(), os.DirFS(origin.state())))
		check(t, os.CopyFS(m.cache(), os.DirFS(origin.cache())))
		if lost&losesCache != 0 {
			check(t, os.RemoveAll(m.cache()))
		}
		if lost&losesState != 0 {
			check(t, os.RemoveAll(m.state()))
		}
		if lost&losesKey == 0 {
			m.extra = []string{"BAKFS_KEY_FILE=" + key}
		}
		if lost&losesState != 0 && lost&losesKey != 0 {
			words := m.fails(12, "snapshots")
			if !strings.Contains(words, "hint:") || !strings.Contains(words, "connect") {
				t.Errorf("neither state nor key: %s", words)
			}
			continue
		}
		if all := m.snapshots(); len(all) != 1 || all[0].ID != id {
			t.Errorf("lost %03b: snapshots %+v", lost, all)
		}
		same(t, "restored", want, look(t, m.restore(id, src)))
	}
}

// A device that lost its state is no device until it is connected again; then its
// backups go on, and store nothing twice.
func TestStateLostThenConnected(t *testing.T) {
	t.Parallel()
	m, key := newRepository(t, "laptop")
	src := newTree(t, 20, 6)
	m.backup(src)
	check(t, os.RemoveAll(m.state()))
	if words := m.fails(1, "backup", src); !strings.Contains(words, "bakfs connect") {
		t.Errorf("not enrolled any more, and no advice: %s", words)
	}
	m.ok("connect", "--device", "laptop again", "--key-file", key)
	if s := m.backup(src); s.Device != "laptop again" || s.Added > 8192 {
		t.Errorf("connected again: %+v", s)
	}
	check(t, os.RemoveAll(m.cache()))
	if s := m.backup(src); s.Added > 8192 {
		t.Errorf("without a cache %d bytes were stored again", s.Added)
	}
	for _, marks := range globbed(t, m.state()+"/*/marks") {
		check(t, os.Remove(marks))
	}
	if s := m.backup(src); s.Added > 8192 {
		t.Errorf("without marks %d bytes were stored again", s.Added)
	}
	if n := len(m.snapshots()); n != 4 {
		t.Errorf("%d snapshots, want 4", n)
	}
	m.ok("check")
}

// The index is only a cache: whatever happens to it between two runs, the next
// one reads all, stores nothing twice, and mends it.
func TestIndexDamagedBetweenRuns(t *testing.T) {
	t.Parallel()
	needFUSE(t)
	m, _ := newRepository(t, "laptop")
	src := newTree(t, 30, 8)
	want := look(t, src)
	id := m.backup(src).ID
	damages := map[string]func(b []byte) []byte{
		"truncated":        func(b []byte) []byte { return b[:len(b)/2] },
		"empty":            func([]byte) []byte { return nil },
		"zeroed":           func(b []byte) []byte { return make([]byte, len(b)) },
		"random":           func(b []byte) []byte { return content("random", 1, int64(len(b))) },
		"random inside":    func(b []byte) []byte { return append(b[:8192:8192], content("random", 2, int64(len(b)-8192))...) },
		"zeroed inside":    func(b []byte) []byte { return append(b[:8192:8192], make([]byte, len(b)-8192)...) },
		"one page zeroed":  func(b []byte) []byte { clear(b[3*4096 : 4*4096]); return b },
		"longer":           func(b []byte) []byte { return append(b, bytes.Repeat([]byte{1}, 4096)...) },
		"another's header": func(b []byte) []byte { copy(b, "SQLite format 3\x00"); return b },
	}
	next := 0
	for name, damage := range damages {
		if next == amount(4, len(damages), len(damages)) {
			break
		}
		segments := globbed(t, m.cache()+"/*/index/seg-*")
		if len(segments) == 0 {
			t.Fatalf("before %q there is no index", name)
		}
		for _, path := range segments {
			b, err := os.ReadFile(path)
			check(t, err)
			check(t, os.WriteFile(path, damage(b), 0o600))
		}
		switch next++; next % 3 { // whichever command comes first
		case 0:
			if s := m.backup(src); s.Added > 8192 || s.Read != 0 {
				t.Errorf("index %s: %d bytes read, %d stored again", name, s.Read, s.Added)
			}
		case 1:
			v := m.mount()
			same(t, "mounted, index "+name, want, look(t, v.files(src)))
			v.umount()
		}
		same(t, "restored, index "+name, want, look(t, m.restore(id, src)))
		m.ok("check")
	}
}

func globbed(t tb, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	check(t, err)
	return found
}
