package integration

import (
	"fmt"
	"testing"

	"bakfs/integration/weakdisk"
)

// losses are what power takes with it, from the kindest to the worst, and by chance.
func losses(seed uint64) []weakdisk.Loss {
	all := []weakdisk.Loss{
		{Names: weakdisk.Dropped, Data: weakdisk.Dropped},
		{Names: weakdisk.Kept, Data: weakdisk.Dropped},
		{Names: weakdisk.Dropped, Data: weakdisk.Kept},
		{Names: weakdisk.Kept, Data: weakdisk.Chance},
	}
	for i := range uint64(4) {
		all = append(all, weakdisk.Loss{Names: weakdisk.Chance, Data: weakdisk.Chance, Seed: seed + i})
	}
	return all
}

// moments spreads n moments over count operations, so that each command ends
// with one of its last.
func moments(n, count int) []int {
	n = min(n, count)
	all := make([]int, n)
	for i := range all {
		all[i] = (i + 1) * count / n
	}
	return all
}

// scale picks how much a test does: in short form, with -long, with -everyFault.
func scale(short, more, all int) int {
	switch {
	case *everyFault:
		return all
	case *long:
		return more
	}
	return short
}

func TestLossOfPowerAtAnyMoment(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for _, j := range l.jobs() {
		t.Run(j.name, func(t *testing.T) {
			count := l.operations(j, "")(weakdisk.All)
			short := 3
			if j.adds || j.name == "init" {
				short = 6
			}
			for i, at := range moments(scale(short, 60, count), count) {
				kinds := losses(uint64(at) * 100)
				for k, loss := range kinds {
					if !*everyFault && !*long && k != i%len(kinds) {
						continue
					}
					x := &trial{lab: l, job: j, t: t, what: fmt.Sprintf("power lost at operation %d of %d, %+v", at, count, loss), full: *long || *everyFault}
					l.disk.Load(j.from)
					l.disk.Arm(weakdisk.Fault{At: at, Power: &loss})
					r := x.run(j.m, j.args...)
					left := l.disk.Lost()
					if left == nil { // fewer operations than in the run that was counted
						left = l.disk.Cut(loss)
					}
					l.disk.Load(left)
					x.aftermath(r.code == 0)
				}
			}
		})
	}
}

// A run that is killed before it syncs a folder leaves names that are there and
// not durable. The next run builds on them, and then power is lost.
func TestWhatKilledRunsLeaveIsMadeDurable(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for _, j := range l.jobs() {
		t.Run(j.name, func(t *testing.T) {
			count := l.operations(j, "cloud")(weakdisk.SyncDir)
			n := count
			if j.name == "second backup" || j.name == "check" || j.known != nil { // as the first one
				n = scale(2, count, count)
			}
			for _, at := range moments(n, count) {
				l.survivesKill(t, j, at, false)
			}
			if count > 0 {
				l.survivesKill(t, j, count, true)
			}
		})
	}
}

// survivesKill kills a job before it syncs a folder the at-th time. With reader,
// one looks at what is left, and power is lost before the next run, not after
// it: nobody may rely on what was seen.
func (l *lab) survivesKill(t *testing.T, j job, at int, reader bool) {
	t.Helper()
	x := &trial{lab: l, job: j, t: t, what: fmt.Sprintf("killed at sync %d of a folder, reader %v", at, reader), full: *long || *everyFault}
	l.disk.Load(j.from)
	done := x.killed(weakdisk.Fault{Ops: weakdisk.SyncDir, Area: "cloud", At: at}, nil)
	if reader {
		x.run(j.m, "snapshots")
		l.disk.Load(l.disk.Cut(weakdisk.Loss{}))
	}
	x.aftermath(done)
}
