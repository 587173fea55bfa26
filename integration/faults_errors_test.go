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
	return fmt.Sprintf("%s at operation %d in [%s]", s.name, s.at, s.area)
}

func (s sample) fault() weakdisk.Fault {
	return weakdisk.Fault{Ops: s.ops, Area: s.area, At: s.at, Err: s.err, Short: s.short, Sticky: s.sticky}
}

// samples chooses the operations of a job that fail: all of them in the long form, else
// a few for each flaw, spread over the job and over the flaws.
func (l *lab) samples(j job) []sample {
	l.t.Helper()
	var all []sample
	for a, area := range areas {
		count := l.operations(j, area)
		for i, f := range flaws {
			n := count(f.ops)
			if all := *long || *everyFault; all && area != "" && !f.sticky {
				continue // each is one of those anywhere
			} else if !all && (i+a*sparse(j)/2)%sparse(j) != 0 {
				continue
			}
			for k := range scale(min(1, n), n, n) {
				// Each flaw begins elsewhere, so that few samples reach all parts of a job.
				at := (k+i*n/len(flaws)+n/3)%n + 1
				all = append(all, sample{f, area, at})
			}
		}
	}
	return all
}

// sparse says that the short form tries one flaw in so many.
func sparse(j job) int {
	switch {
	case j.name == "check" || j.name == "rebuild-index" || j.known != nil:
		return 4 // they write to the cache alone, or as a backup does
	case j.name == "connect" || j.name == "second backup":
		return 3 // much of it is as in others
	}
	return 2
}

func TestEveryFailedOperationIsSurvived(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for _, j := range l.jobs() {
		t.Run(j.name, func(t *testing.T) {
			ran, hits, survived, seen := 0, 0, 0, seen{}
			samples := l.samples(j)
			for _, s := range samples {
				t.Run(s.String(), func(t *testing.T) {
					x := &trial{lab: l, job: j, t: t, what: s.String(), full: *long || *everyFault}
					hit, done := x.suffers(s, seen)
					ran++
					if hit {
						hits++
					}
					if done {
						survived++
					}
				})
			}
			t.Logf("%d samples, %d failed an operation, %d of them without harm; they left %d different things", ran, hits, survived, len(seen))
			if hits < ran*2/3 {
				t.Errorf("only %d of %d samples reached the operation that was to fail", hits, ran)
			}
		})
	}
}

// suffers runs the job, whose operation fails, and looks at what is left. It says
// whether the operation was reached, and whether the job ended with success.
func (x *trial) suffers(s sample, seen seen) (hit, done bool) {
	x.t.Helper()
	x.disk.Load(x.from)
	x.disk.Arm(s.fault())
	r := x.run(x.m, x.args...)
	_, hit = x.disk.Count()
	x.disk.Arm(weakdisk.Fault{})
	done = r.code == 0
	if !done {
		x.explained(r, s, hit)
	}
	if !x.again(seen, done, scale(0, 1, 3)) {
		x.aftermath(done)
	}
	return hit, done
}

// explained checks that a command fails only for a reason, and says which.
func (x *trial) explained(r result, s sample, hit bool) {
	x.t.Helper()
	if !hit {
		x.fatalf("no operation failed, yet exit code %d\n%s", r.code, r.stderr)
	}
	text := r.stderr + r.stdout
	// A page of the index that cannot be read has no error number, only a signal; and
	// what the kernel shows as the end of a file has none either.
	unnamed := s.area != "cloud" && strings.Contains(text, "a part of the file cannot be read") || strings.Contains(text, " bytes can be read")
	if s.err != 0 && !strings.Contains(text, s.err.Error()) && !unnamed {
		x.fatalf("exit code %d, and the error is not named\n%s", r.code, text)
	}
}
