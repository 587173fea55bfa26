package integration

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"bakfs/integration/weakdisk"
)

// killed runs the job and kills it: before the operation that f names, or when
// after has passed. It says whether the job had ended by itself, with success.
func (x *trial) killed(f weakdisk.Fault, after *time.Duration) (done bool) {
	x.t.Helper()
	var stderr bytes.Buffer
	cmd := x.m.command(x.args...)
	cmd.Stderr = &stderr
	started := make(chan *exec.Cmd, 1)
	f.Err = syscall.EIO // nobody is there to see it; the operation is not done
	f.Before = func() {
		c := <-started
		_ = syscall.Kill(c.Process.Pid, syscall.SIGKILL) // not yet waited for, so its own
		started <- c
	}
	x.disk.Arm(f)
	check(x.t, cmd.Start())
	started <- cmd
	if after != nil {
		time.Sleep(*after)
		_ = syscall.Kill(cmd.Process.Pid, syscall.SIGKILL)
	}
	_ = cmd.Wait()
	x.disk.Arm(weakdisk.Fault{})
	code := cmd.ProcessState.ExitCode()
	if cmd.ProcessState.Exited() {
		x.sane(result{args: x.args, code: code, stderr: stderr.String()})
		if code != 0 {
			x.fatalf("undisturbed, and exit code %d\n%s", code, &stderr)
		}
	}
	return code == 0
}

func TestKilledAtAnyTime(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for _, j := range l.jobs() {
		t.Run(j.name, func(t *testing.T) {
			span := time.Hour
			for range 3 { // the shortest: other programs may be in the way
				begun := time.Now()
				l.operations(j, "")
				span = min(span, time.Since(begun))
			}
			random := rand.New(rand.NewPCG(uint64(len(j.name)), 3))
			killed, seen := 0, seen{}
			n := scale(5, 200, 200)
			for i := range n {
				after := time.Duration(random.Float64() * float64(span))
				x := &trial{lab: l, job: j, t: t, what: fmt.Sprintf("killed after %v of %v", after, span), full: *long || *everyFault}
				l.disk.Load(j.from)
				done := x.killed(weakdisk.Fault{}, &after)
				if !done {
					killed++
				}
				if !x.again(seen, done, scale(0, 10, 200)) {
					x.aftermath(done)
				}
				if i == n-1 {
					t.Logf("%d of %d runs were killed before their end; they left %d different things", killed, n, len(seen))
				}
			}
		})
	}
}
