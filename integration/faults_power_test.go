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
			short, losses, seen := 3, 0, seen{}
			if j.adds || j.name == "init" {
				short = 6
			}
			all := moments(scale(short, count, count), count)
			for i, at := range all {
				t.Run(fmt.Sprint(at), func(t *testing.T) { losses += l.losesPower(t, j, i, at, seen) })
			}
			t.Logf("%d moments, %d losses; they left %d different things", len(all), losses, len(seen))
		})
	}
}

// losesPower runs a job until power is lost at operation at. From then on nothing
// changes on the disk, so one run serves all kinds of losses; in the short form it
// is one of them.
func (l *lab) losesPower(t *testing.T, j job, i, at int, seen seen) (n int) {
	t.Helper()
	kinds := losses(uint64(at) * 100)
	if !*everyFault && !*long {
		kinds = kinds[i%len(kinds):][:1]
	}
	x := &trial{lab: l, job: j, t: t, full: *long || *everyFault}
	l.disk.Load(j.from)
	l.disk.Arm(weakdisk.Fault{At: at, Power: &kinds[0]})
	x.what = fmt.Sprintf("power lost at operation %d", at)
	r := x.run(j.m, j.args...)
	var left []*weakdisk.State
	for _, loss := range kinds {
		left = append(left, l.disk.Cut(loss))
	}
	for k, loss := range kinds {
		x.what = fmt.Sprintf("power lost at operation %d, %+v", at, loss)
		l.disk.Load(left[k])
		if !x.again(seen, r.code == 0, scale(0, 1, 3)) {
			x.aftermath(r.code == 0)
		}
	}
	return len(kinds)
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
