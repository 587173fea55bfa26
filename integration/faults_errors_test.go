package integration

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"bakfs/integration/weakdisk"
)

// A flaw is one way in which an operation fails.
type flaw struct {
	name   string
	ops    weakdisk.Op
	err    syscall.Errno
	short  bool
	sticky bool
}

// grows are the operations that need room on a disk.
const grows = weakdisk.Create | weakdisk.Write | weakdisk.Mkdir | weakdisk.Rename | weakdisk.Link

var flaws = []flaw{
	{name: "disk full", ops: grows, err: syscall.ENOSPC, short: true, sticky: true},
	{name: "disk full once", ops: grows | weakdisk.Sync | weakdisk.Close | weakdisk.SyncDir, err: syscall.ENOSPC},
	{name: "over quota", ops: grows | weakdisk.Sync | weakdisk.Close, err: syscall.EDQUOT},
	{name: "EIO", ops: weakdisk.All, err: syscall.EIO},
	{name: "EIO from now on", ops: weakdisk.All, err: syscall.EIO, sticky: true},
	{name: "EINTR", ops: weakdisk.All &^ weakdisk.Close, err: syscall.EINTR},
	{name: "too many files", ops: weakdisk.Open | weakdisk.Create, err: syscall.EMFILE},
	{name: "read-only", ops: weakdisk.Changes, err: syscall.EROFS, sticky: true},
	{name: "short write", ops: weakdisk.Write, short: true},
	{name: "sync", ops: weakdisk.Sync, err: syscall.EIO},
	{name: "close", ops: weakdisk.Close, err: syscall.EIO},
	{name: "rename", ops: weakdisk.Rename, err: syscall.EIO},
	{name: "rename unknown", ops: weakdisk.Rename, err: syscall.EINVAL, sticky: true},
	{name: "sync of a folder", ops: weakdisk.SyncDir, err: syscall.EIO},
}

// areas are where faults happen: in the cloud folder alone, or anywhere.
var areas = []string{"cloud", ""}

// A sample is an operation that fails, and how.
type sample struct {
	flaw
	area string
	at   int
}

func (s sample) String() string {
	return fmt.Sprintf("%s at operation %d in %q", s.name, s.at, s.area)
}

func (s sample) fault() weakdisk.Fault {
	return weakdisk.Fault{Ops: s.ops, Area: s.area, At: s.at, Err: s.err, Short: s.short, Sticky: s.sticky}
}

// samples chooses the operations of a job that fail: a few for each flaw, spread
// over the job and over the flaws, or as many as are asked for.
func (l *lab) samples(j job) []sample {
	l.t.Helper()
	each := 1
	if *long {
		each = 40
	}
	var all []sample
	for a, area := range areas {
		count := l.operations(j, area)
		for i, f := range flaws {
			n := count(f.ops)
			step := 2
			if j.name == "connect" || j.name == "second backup" {
				step = 3 // much of it is as in others
			}
			if j.name == "check" || j.name == "rebuild-index" || j.known != nil {
				step = 4 // they write to the cache alone, or as a backup does
			}
			if !*long && !*everyFault && (i+a*step/2)%step != 0 {
				continue
			}
			if *everyFault {
				each = n
			}
			for k := range min(each, n) {
				// Each flaw begins elsewhere, so that few samples reach all parts of a job.
				at := (k*n/min(each, n)+i*n/len(flaws)+n/3)%n + 1
				all = append(all, sample{f, area, at})
			}
		}
	}
	return all
}

func TestEveryFailedOperationIsSurvived(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for _, j := range l.jobs() {
		t.Run(j.name, func(t *testing.T) {
			hits, survived := 0, 0
			samples := l.samples(j)
			for _, s := range samples {
				x := &trial{lab: l, job: j, t: t, what: s.String(), full: *long || *everyFault}
				l.disk.Load(j.from)
				l.disk.Arm(s.fault())
				r := x.run(j.m, j.args...)
				_, hit := l.disk.Count()
				l.disk.Arm(weakdisk.Fault{})
				if hit {
					hits++
				}
				if r.code == 0 {
					survived++
				} else {
					x.explained(r, s, hit)
				}
				x.aftermath(r.code == 0)
			}
			t.Logf("%d samples, %d failed an operation, %d of them without harm", len(samples), hits, survived)
			if hits < len(samples)*2/3 {
				t.Errorf("only %d of %d samples reached the operation that was to fail", hits, len(samples))
			}
		})
	}
}

// explained checks that a command fails only for a reason, and says which.
func (x *trial) explained(r result, s sample, hit bool) {
	x.t.Helper()
	if !hit {
		x.fatalf("no operation failed, yet exit code %d\n%s", r.code, r.stderr)
	}
	text := r.stderr + r.stdout
	// A page of the index that cannot be read has no error number, only a signal.
	mapped := s.area == "" && strings.Contains(text, "a part of the file cannot be read")
	if s.err != 0 && !strings.Contains(text, s.err.Error()) && !mapped {
		x.fatalf("exit code %d, and the error is not named\n%s", r.code, text)
	}
}
