package integration

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A mount whose process was killed is no obstacle: a new one takes its place, and
// umount takes it away.
func TestMountProcessKilled(t *testing.T) {
	t.Parallel()
	needFUSE(t)
	m, _ := newRepository(t, "laptop")
	src := newTree(t, 20, 31)
	want := look(t, src)
	m.backup(src)
	v := m.mount()
	for range 3 {
		busy, err := os.Open(v.files(src) + "/photos/big") // somebody still uses it
		check(t, err)
		_, err = io.ReadFull(busy, make([]byte, 4096))
		check(t, err)
		kill(t, v.pid, func() bool { return !serves(v.pid, v.dir) })
		eventually(t, "the mount is dead", func() bool {
			_, err := os.Stat(v.dir + "/not asked before")
			return errors.Is(err, syscall.ENOTCONN)
		})
		v = m.mountOn(v.dir)
		same(t, "mounted again", want, look(t, v.files(src)))
		busy.Close() // says that its server is gone
	}
	kill(t, v.pid, func() bool { return !serves(v.pid, v.dir) })
	m.ok("umount", v.dir)
	if left := mountsBelow(v.dir); len(left) > 0 {
		t.Errorf("still mounted: %v", left)
	}
}

// A victim is a repository whose commands are killed.
type victim struct {
	t    tb
	m    *machine
	src  string
	made map[string]tree // what each snapshot must restore to
	last string          // the newest
	r    *rand.Rand
}

// backup makes a snapshot and remembers what it holds.
func (v *victim) backup() time.Duration {
	v.t.Helper()
	want, begun := look(v.t, v.src), time.Now()
	v.last = v.m.backup(v.src).ID
	v.made[v.last] = want
	return time.Since(begun)
}

// change gives the next backup something to write.
func (v *victim) change() {
	v.t.Helper()
	for range 1 + v.r.IntN(12) {
		size := v.r.Int64N(1 << v.r.IntN(22))
		check(v.t, os.WriteFile(fmt.Sprintf("%s/%d", v.src, v.r.IntN(40)), content("random", v.r.Uint64(), size), 0o600))
	}
}

// crash starts a command and kills it after a part of the time it may take. It reports
// whether the command was still running.
func (v *victim) crash(takes time.Duration, args ...string) bool {
	v.t.Helper()
	cmd := v.m.command(args...)
	check(v.t, cmd.Start())
	time.Sleep(time.Duration(v.r.Float64() * 1.1 * float64(takes)))
	check(v.t, cmd.Process.Kill())
	if err := cmd.Wait(); err != nil && cmd.ProcessState.Exited() {
		v.t.Fatalf("bakfs %q: %v", args, err)
	}
	return cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled()
}

// intact checks that the snapshots are those that were made, perhaps with the one that
// was being made, and that nothing of them is lost.
func (v *victim) intact(started tree) {
	v.t.Helper()
	v.m.ok("check")
	known := map[string]bool{}
	for _, s := range v.m.snapshots() {
		known[s.ID] = true
		if v.made[s.ID] == nil { // the entry was written before the command could say so
			v.made[s.ID] = started
		}
	}
	for id := range v.made {
		if !known[id] {
			v.t.Fatalf("snapshot %s is gone", id)
		}
	}
	same(v.t, "restored after a crash", v.made[v.last], look(v.t, v.m.restore(v.last, v.src)))
}

// Whenever a backup is killed, what was backed up before is whole, and the next one
// works and cleans up.
func TestBackupKilled(t *testing.T) {
	t.Parallel()
	m, key := newRepository(t, "laptop")
	v := &victim{t: t, m: m, src: newTree(t, 40, 41), made: map[string]tree{}, r: rand.New(rand.NewPCG(rand.Uint64(), 0))}
	takes := v.backup()
	rounds, killed := amount(4, 8, 200), 0
	for round := range rounds {
		v.change()
		started := look(t, v.src)
		args := []string{"backup", v.src}
		if round%4 == 3 {
			args = []string{"rebuild-index"}
		}
		if v.crash(takes, args...) {
			killed++
		}
		v.intact(started)
		if round%2 == 0 { // else the next one finds the rubbish of two
			takes = max(v.backup(), 5*time.Millisecond)
			same(t, "the run after a crash", v.made[v.last], look(t, m.restore(v.last, v.src)))
			noRubbish(t, m)
		}
	}
	t.Logf("%d of %d commands were killed while they ran", killed, rounds)
	v.backup()
	noRubbish(t, m)
	m.ok("check", "--read-data")
	lone := withKey(t, m.repo, key)
	for id, want := range v.made {
		same(t, "snapshot "+id[:8]+", with the key alone", want, look(t, lone.restore(id, v.src)))
		if !*long && len(v.made) > 4 {
			delete(v.made, id)
		}
	}
}

// noRubbish checks that a run that succeeds leaves no temporary files, its own or of
// runs before.
func noRubbish(t tb, m *machine) {
	t.Helper()
	for _, dir := range []string{m.repo, m.state()} {
		for _, path := range filesOf(t, dir) {
			if strings.HasPrefix(filepath.Base(path), ".tmp-") {
				t.Errorf("%s was left behind", path)
			}
		}
	}
}
