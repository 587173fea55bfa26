package integration

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	iofs "io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bakfs/integration/weakdisk"
)

// everyFault asks for a fault at every single operation.
var everyFault = flag.Bool("everything", false, "let every operation of every command fail, in every way; takes hours")

// A lab is a weak disk that holds all that bakfs writes: the cloud folder and
// what two devices keep of their own. Only the source lies elsewhere.
type lab struct {
	t      *testing.T
	disk   *weakdisk.Disk
	dir    string // of the disk
	source string
	a, b   *machine // a makes the repository, b connects to it

	now    tree // the source
	first  tree // the source when the first snapshot of states after was made
	states struct{ empty, made, after, signal *weakdisk.State }

	phone *phone
	days  []day // what the phone's backups hold
}

// A job is a writing command that is disturbed.
type job struct {
	name   string
	m      *machine
	args   []string
	from   *weakdisk.State
	before []tree // what the snapshots in from hold
	adds   bool   // it makes a snapshot of the source
	known  []day  // what is stored of the phone in from; nil if it is not about that
}

// newLab makes a lab and the states from which the jobs start.
func newLab(t *testing.T) *lab {
	t.Helper()
	needFUSE(t)
	l := &lab{t: t, dir: filepath.Join(tempDir(t), "disk"), source: filepath.Join(tempDir(t), "source")}
	check(t, os.Mkdir(l.dir, 0o700))
	disk, err := weakdisk.Mount(l.dir)
	check(t, err)
	l.disk = disk
	t.Cleanup(func() {
		if err := disk.Unmount(); err != nil {
			t.Error(err)
		}
	})
	l.a, l.b = l.machine("a"), l.machine("b")
	l.b.extra = append(l.b.extra, "BAKFS_KEY_FILE="+l.key())
	check(t, os.Mkdir(filepath.Join(l.dir, "keys"), 0o700))
	l.states.empty = disk.Save()
	l.a.ok(l.initArgs(l.key())...)
	l.states.made = disk.Save()
	l.writeSource(1)
	l.first = look(t, l.source)
	l.a.backup(l.source)
	l.states.after = disk.Save()
	l.prepareSignal()
	l.writeSource(2)
	l.now = look(t, l.source)
	return l
}

func (l *lab) machine(name string) *machine {
	m := newMachine(l.t, filepath.Join(l.dir, "cloud"))
	m.extra = []string{"BAKFS_STATE_DIR=" + filepath.Join(l.dir, "state-"+name), "BAKFS_CACHE_DIR=" + filepath.Join(l.dir, "cache-"+name)}
	return m
}

func (l *lab) key() string { return filepath.Join(l.dir, "keys", "key") }

func (l *lab) initArgs(key string) []string {
	return []string{"init", "--write-key", key, "--device", "a"}
}

// writeSource writes 30 files of 3 MB, some of which differ between versions.
func (l *lab) writeSource(version uint64) {
	l.t.Helper()
	for i := range uint64(30) {
		seed := i
		if i%4 == 0 {
			seed += version << 8
		}
		b := make([]byte, []int{10, 700, 20_000, 90_000, 400_000}[i%5])
		random := rand.New(rand.NewPCG(seed, 7))
		for k := range b {
			b[k] = byte(random.Uint32())
		}
		path := filepath.Join(l.source, fmt.Sprintf("folder %d", i%3), fmt.Sprintf("file %d", i))
		check(l.t, os.MkdirAll(filepath.Dir(path), 0o755))
		if old, err := os.ReadFile(path); err != nil || !bytes.Equal(old, b) {
			check(l.t, os.WriteFile(path, b, 0o644))
		}
	}
}

// jobs are all commands that write.
func (l *lab) jobs() []job {
	backup := []string{"backup", l.source}
	return append([]job{
		{name: "init", m: l.a, args: l.initArgs(l.key()), from: l.states.empty},
		{name: "connect", m: l.b, args: []string{"connect", "--device", "b"}, from: l.states.after, before: []tree{l.first}},
		{name: "first backup", m: l.a, args: backup, from: l.states.made, adds: true},
		{name: "second backup", m: l.a, args: backup, from: l.states.after, before: []tree{l.first}, adds: true},
		{name: "rebuild-index", m: l.a, args: []string{"rebuild-index"}, from: l.states.after, before: []tree{l.first}},
		{name: "check", m: l.a, args: []string{"check", "--read-data"}, from: l.states.after, before: []tree{l.first}},
	}, l.signalJobs()...)
}

// operations runs a job undisturbed and says how many operations of each kind
// it asks for; it must do its work.
func (l *lab) operations(j job, area string) func(weakdisk.Op) int {
	l.t.Helper()
	l.disk.Load(j.from)
	l.disk.Arm(weakdisk.Fault{Area: area})
	j.m.ok(j.args...)
	counts := map[weakdisk.Op]int{}
	for op := weakdisk.Lookup; op <= weakdisk.SetAttr; op <<= 1 {
		counts[op] = l.disk.Counted(op)
	}
	return func(ops weakdisk.Op) (sum int) {
		for op, n := range counts {
			if ops&op != 0 {
				sum += n
			}
		}
		return sum
	}
}

// A trial is one disturbed run of a job, and what is found after it.
type trial struct {
	*lab
	job
	t    *testing.T
	what string
	full bool // look at everything, not only at what says most
}

func (x *trial) fatalf(format string, args ...any) {
	x.t.Helper()
	x.t.Fatalf("%s: %s: %s", x.name, x.what, fmt.Sprintf(format, args...))
}

// run runs bakfs. It must not crash, and must say something if it fails.
func (x *trial) run(m *machine, args ...string) result {
	x.t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := m.command(args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || !exit.Exited()) {
		x.fatalf("bakfs %q: %v\n%s", args, err, &stderr)
	}
	r := result{args, cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
	x.sane(r)
	return r
}

// sane checks that a command that failed says so as a program does that knows
// what it does.
func (x *trial) sane(r result) {
	x.t.Helper()
	for _, bad := range []string{"panic", "goroutine ", "runtime error", "DATA RACE", "SIGBUS"} {
		if strings.Contains(r.stderr, bad) {
			x.fatalf("bakfs %q: exit code %d\n%s", r.args, r.code, r.stderr)
		}
	}
	if r.code != 0 && !strings.Contains(r.stderr, "bakfs: ") && !strings.Contains(r.stdout, ": ") {
		x.fatalf("bakfs %q ends with %d and says nothing\n%s%s", r.args, r.code, r.stdout, r.stderr)
	}
}

// works runs bakfs, which must do what it is told.
func (x *trial) works(m *machine, args ...string) string {
	x.t.Helper()
	r := x.run(m, args...)
	if r.code != 0 {
		x.fatalf("then bakfs %q ends with %d\n%s%s\n%s", args, r.code, r.stdout, r.stderr, x.listing())
	}
	return r.stdout
}

// listing is what lies on the disk, for a report.
func (x *trial) listing() string {
	out, err := exec.Command("find", x.dir, "-printf", "%s %P\n").CombinedOutput()
	if err != nil {
		return err.Error()
	}
	return string(out)
}

// aftermath checks all that must hold after a disturbed run, whatever happened
// in it: done says that it ended with success.
func (x *trial) aftermath(done bool) {
	x.t.Helper()
	if x.known != nil {
		x.signalAftermath(done)
		return
	}
	if x.name == "init" && !done {
		x.initAgain()
	}
	want := x.before
	if x.adds && (done || len(x.snapshots()) > len(want)) {
		want = append(want[:len(want):len(want)], x.now)
	}
	if x.full { // else check says that nothing is missing, and the end compares
		x.restores(want)
	}
	left := x.temporaries()
	if counted := x.whole(); counted != left {
		x.fatalf("%d unfinished files are left, check counts %d", left, counted)
	}
	if !x.adds && x.name != "init" {
		x.works(x.m, x.args...)
	}
	x.backupAgain(want)
}

// backupAgain shows that the next run works, that its snapshot is durable, and
// that it cleans up.
func (x *trial) backupAgain(want []tree) {
	x.t.Helper()
	m := x.m
	x.works(m, "backup", x.source)
	if x.name == "connect" {
		x.works(x.a, "backup", x.source)
		want = append(want[:len(want):len(want)], x.now)
	}
	want = append(want[:len(want):len(want)], x.now)
	if left := x.temporaries(); left != 0 {
		x.fatalf("%d unfinished files are left by the next run\n%s", left, x.listing())
	}
	x.disk.Load(x.disk.Cut(weakdisk.Loss{}))
	x.restores(want)
	x.whole()
}

// initAgain does what a person does whose init has failed: the same again with
// a new key file, or if the repository is there, enrol with the key.
func (x *trial) initAgain() {
	x.t.Helper()
	r := x.run(x.m, x.args...)
	if r.code != 0 && strings.Contains(r.stderr, "exists already") {
		r = x.run(x.m, x.initArgs(x.key()+"-2")...)
	}
	if r.code != 0 {
		if !strings.Contains(r.stderr, "is a repository already") {
			x.fatalf("init again ends with %d\n%s\n%s", r.code, r.stderr, x.listing())
		}
		x.works(x.m, "connect", "--key-file", x.key(), "--device", "a")
	}
}

// snapshots are those of files.
func (x *trial) snapshots() []summary {
	x.t.Helper()
	return slices.DeleteFunc(parseLines[summary](x.t, x.works(x.m, "snapshots", "--json")), summary.ofSignal)
}

// restores checks that the repository holds these snapshots, byte for byte.
func (x *trial) restores(want []tree) {
	x.t.Helper()
	all := x.snapshots()
	if len(all) != len(want) {
		x.fatalf("there are %d snapshots, want %d", len(all), len(want))
	}
	for i, s := range all {
		if !x.full && i > 0 && i < len(all)-1 {
			continue
		}
		dest := filepath.Join(tempDir(x.t), "dest")
		x.works(x.m, "restore", s.ID+":"+x.source, dest)
		same(x.t, fmt.Sprintf("%s: %s: snapshot %d", x.name, x.what, i), want[i], look(x.t, dest))
	}
}

// whole runs check over everything and returns how many unfinished files it counts.
func (x *trial) whole() int {
	x.t.Helper()
	out := x.works(x.m, "check", "--read-data", "--json")
	var sum struct {
		Type        string `json:"type"`
		Problems    int    `json:"problems"`
		Unfinished  int    `json:"unfinished"`
		Snapshots   int    `json:"snapshots"`
		SnapshotsOK int    `json:"snapshots_whole"`
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &sum); err != nil || sum.Type != "summary" {
		x.fatalf("check --json: %v\n%s", err, out)
	}
	if sum.Problems != 0 || sum.Snapshots != sum.SnapshotsOK {
		x.fatalf("check finds something\n%s", out)
	}
	return sum.Unfinished
}

// temporaries counts the unfinished files in the cloud folder.
func (x *trial) temporaries() (n int) {
	x.t.Helper()
	check(x.t, filepath.WalkDir(x.a.repo, func(_ string, d iofs.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(d.Name(), ".tmp-") {
			n++
		}
		return err
	}))
	return n
}
