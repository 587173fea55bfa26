package integration

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A machine is a computer as bakfs sees it: a state folder, a cache folder and
// an environment of its own. It may be used by several goroutines if no field
// is changed meanwhile.
type machine struct {
	t     tb
	dir   string   // all below is in it
	repo  string   // the cloud folder
	extra []string // more environment
}

// newMachine is a computer that never saw the repository. At the end of the
// test nothing may lie in its home or its folder for temporary files.
func newMachine(t tb, repo string) *machine {
	t.Helper()
	m := &machine{t: t, dir: tempDir(t), repo: repo}
	for _, name := range []string{"home", "tmp"} {
		check(t, os.Mkdir(m.path(name), 0o700))
	}
	t.Cleanup(func() {
		for _, name := range []string{"home", "tmp"} {
			if left, err := os.ReadDir(m.path(name)); err != nil || len(left) > 0 {
				t.Errorf("bakfs left things in %s: %v %v", name, left, err)
			}
		}
	})
	return m
}

// newRepository is a machine with a repository that it has just made, and the
// file with its recovery key.
func newRepository(t tb, device string) (m *machine, key string) {
	t.Helper()
	m = newMachine(t, filepath.Join(tempDir(t), "cloud"))
	key = m.path("key")
	m.ok("init", "--write-key", key, "--device", device)
	return m, key
}

// withKey is a machine that has nothing but the recovery key.
func withKey(t tb, repo, key string) *machine {
	t.Helper()
	m := newMachine(t, repo)
	m.extra = []string{"BAKFS_KEY_FILE=" + key}
	return m
}

func (m *machine) path(name string) string { return filepath.Join(m.dir, name) }
func (m *machine) state() string           { return m.path("state") }
func (m *machine) cache() string           { return m.path("cache") }

// env is the whole environment of a command: nothing of the tester's own.
func (m *machine) env() []string {
	return append([]string{
		"PATH=" + os.Getenv("PATH"), "TZ=UTC", "LC_ALL=C",
		"HOME=" + m.path("home"), "TMPDIR=" + m.path("tmp"),
		"XDG_STATE_HOME=" + m.path("home/xdg-state"), "XDG_CACHE_HOME=" + m.path("home/xdg-cache"),
		"XDG_CONFIG_HOME=" + m.path("home/xdg-config"), "XDG_RUNTIME_DIR=" + m.path("home/xdg-run"),
		"BAKFS_STATE_DIR=" + m.state(), "BAKFS_CACHE_DIR=" + m.cache(), "BAKFS_REPOSITORY=" + m.repo,
	}, m.extra...)
}

func (m *machine) command(args ...string) *exec.Cmd {
	cmd := exec.Command(bakfs, args...)
	cmd.Env = m.env()
	cmd.Dir = m.dir
	cmd.WaitDelay = 30 * time.Second // a child that keeps the pipes open is an error, not a hang
	return cmd
}

// A result is how a command ended.
type result struct {
	args           []string
	code           int
	stdout, stderr string
}

// run runs bakfs to its end.
func (m *machine) run(args ...string) result {
	m.t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := m.command(args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || !exit.Exited()) {
		m.t.Fatalf("bakfs %q: %v\n%s", args, err, &stderr)
	}
	r := result{args, cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
	if strings.Contains(r.stderr, "DATA RACE") || strings.Contains(r.stderr, "panic:") {
		m.t.Fatalf("bakfs %q:\n%s", args, r.stderr)
	}
	return r
}

// fails runs bakfs, which must end with this exit code, and returns its words.
func (m *machine) fails(code int, args ...string) string {
	m.t.Helper()
	r := m.run(args...)
	if r.code != code {
		m.t.Fatalf("bakfs %q: exit code %d, want %d\n%s%s", args, r.code, code, r.stdout, r.stderr)
	}
	return r.stderr
}

// ok runs bakfs, which must do what it is told, and returns what it printed.
func (m *machine) ok(args ...string) string {
	m.t.Helper()
	r := m.run(args...)
	if r.code != 0 {
		m.t.Fatalf("bakfs %q: exit code %d\n%s%s", args, r.code, r.stdout, r.stderr)
	}
	return r.stdout
}

// A summary is what backup --json and snapshots --json print of a snapshot.
type summary struct {
	Type    string   `json:"type"`
	ID      string   `json:"id"`
	Device  string   `json:"device"`
	Sources []string `json:"sources"`
	Files   uint64   `json:"files"`
	Bytes   uint64   `json:"bytes"`
	Added   uint64   `json:"bytes_added"`
	Read    uint64   `json:"bytes_read"`
}

// ofSignal says whether the snapshot is of a Signal backup.
func (s summary) ofSignal() bool {
	return len(s.Sources) == 1 && strings.HasPrefix(s.Sources[0], "/signal/")
}

// backup makes a snapshot of paths.
func (m *machine) backup(paths ...string) summary {
	m.t.Helper()
	out := m.ok(append([]string{"backup", "--json"}, paths...)...)
	all := parseLines[summary](m.t, out)
	if len(all) == 0 || all[len(all)-1].Type != "summary" || len(all[len(all)-1].ID) != 64 {
		m.t.Fatalf("backup --json ends without a summary: %q", out)
	}
	return all[len(all)-1]
}

// snapshots lists the snapshots, oldest first.
func (m *machine) snapshots() []summary {
	m.t.Helper()
	return parseLines[summary](m.t, m.ok("snapshots", "--json"))
}

func parseLines[T any](t tb, out string) []T {
	t.Helper()
	var all []T
	for line := range strings.Lines(out) {
		var v T
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("not a line of JSON: %q: %v", line, err)
		}
		all = append(all, v)
	}
	return all
}

// restore restores path of a snapshot into a new folder. Devices are made where
// that is possible.
func (m *machine) restore(id, path string) string {
	m.t.Helper()
	dest := filepath.Join(tempDir(m.t), "dest")
	args := []string{"restore", "--verify", id + ":" + path, dest}
	if isRoot() {
		args = append(args, "--devices")
	}
	m.ok(args...)
	return dest
}

// A mounted is a mount that a process in the background serves.
type mounted struct {
	m   *machine
	dir string
	pid int
}

// mount mounts the repository until the test ends.
func (m *machine) mount() *mounted {
	m.t.Helper()
	needFUSE(m.t)
	dir := filepath.Join(tempDir(m.t), "mnt")
	check(m.t, os.Mkdir(dir, 0o700))
	return m.mountOn(dir)
}

func (m *machine) mountOn(dir string) *mounted { m.t.Helper(); return m.mountWith(dir) }

// mountWith mounts with more flags.
func (m *machine) mountWith(dir string, flags ...string) *mounted {
	m.t.Helper()
	m.t.Cleanup(func() { // whatever happens below
		for _, at := range mountsBelow(dir) {
			detach(at)
		}
	})
	m.ok(append(append([]string{"mount"}, flags...), dir)...)
	v := &mounted{m, dir, serverOf(m.t, dir)}
	return v
}

// files is the newest snapshot of the source path.
func (v *mounted) files(path string) string { return v.dir + "/files" + path }

// at is the source path in the snapshot of this name.
func (v *mounted) at(name, path string) string { return v.dir + "/snapshots/" + name + "/files" + path }

// umount ends the mount and waits until the process that served it is gone.
func (v *mounted) umount() {
	v.m.t.Helper()
	v.m.ok("umount", v.dir)
	if left := mountsBelow(v.dir); len(left) > 0 {
		v.m.t.Fatalf("still mounted: %v", left)
	}
	eventually(v.m.t, "the mount's process ends", func() bool { return !serves(v.pid, v.dir) })
}

// serverOf finds the process that serves the mount on dir.
func serverOf(t tb, dir string) int {
	t.Helper()
	all, err := os.ReadDir("/proc")
	check(t, err)
	for _, e := range all {
		if pid, err := strconv.Atoi(e.Name()); err == nil && serves(pid, dir) {
			return pid
		}
	}
	t.Fatalf("no process serves %s", dir)
	return 0
}

func serves(pid int, dir string) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	words := strings.Split(strings.TrimSuffix(string(b), "\x00"), "\x00")
	return err == nil && len(words) > 2 && words[0] == "bakfs" && slices.Contains(words, "--serve-for-parent") && words[len(words)-1] == dir
}

// kill ends a process as a crash does, and waits until it is gone.
func kill(t tb, pid int, gone func() bool) {
	t.Helper()
	check(t, syscall.Kill(pid, syscall.SIGKILL))
	eventually(t, "the killed process is gone", gone)
}

// eventually waits for what happens by itself, far longer than it ever takes.
func eventually(t tb, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not after a minute: %s", what)
		}
	}
}
