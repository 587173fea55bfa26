package integration

import (
	"path/filepath"
	"testing"

	"bakfs/integration/weakdisk"
)

// signalJobs are the commands that store Signal's backups: the newest one of the
// sample where the one before is stored, and with -long both where nothing is.
func (l *lab) signalJobs() []job {
	args := l.phone.args(l.phone.dir)
	jobs := []job{{name: "backup --signal", m: l.a, args: args, from: l.states.signal, before: []tree{l.first}, known: l.days[:1]}}
	if *long || *everyFault {
		jobs = append(jobs, job{name: "first backup --signal", m: l.a, args: args, from: l.states.after, before: []tree{l.first}, known: l.days[:0]})
	}
	return jobs
}

// A day is what a backup of the sample must come back to.
type day struct{ original, texts digest }

// prepareSignal makes the state in which one of the sample's backups is stored, and
// learns what both hold.
func (l *lab) prepareSignal() {
	l.t.Helper()
	l.phone = newPhone(l.t)
	l.a.ok(l.phone.args(l.phone.days[0])...)
	l.states.signal = l.disk.Save()
	l.a.ok(l.phone.args(l.phone.dir)...)
	x := &trial{lab: l, job: job{name: "prepare", m: l.a}, t: l.t}
	l.days = x.daysStored()
	if len(l.days) != len(l.phone.days) {
		l.t.Fatalf("%d backups are stored", len(l.days))
	}
	for i, dir := range l.phone.days {
		name := filepath.Base(dir) + "/main"
		all := original(l.t, l.phone.dir, phoneKey, "")
		if all[name] == "" || all[name] != l.days[i].original[name] {
			l.t.Fatalf("%s: the records do not come back", name)
		}
	}
	l.disk.Load(l.states.after)
}

func (d day) differs(other day) bool {
	return d.original.differs(other.original)+d.texts.differs(other.texts) != ""
}

// daysStored exports every stored backup of Signal.
func (x *trial) daysStored() (all []day) {
	x.t.Helper()
	for _, s := range signalSnapshots(x.t, x.works(x.m, "snapshots", "--json")) {
		dest := tempDir(x.t)
		x.works(x.m, "export", "signal", s.ID, dest+"/signal")
		x.works(x.m, messagesArgs(s.ID, dest+"/messages")...)
		all = append(all, day{original(x.t, dest+"/signal", phoneKey, ""), texts(x.t, dest+"/messages")})
	}
	return all
}

// holdsDays checks that exactly these backups of Signal are stored, and come out again.
func (x *trial) holdsDays(when string, want []day) {
	x.t.Helper()
	got := x.daysStored()
	if len(got) != len(want) {
		x.fatalf("%s: %d backups of Signal are stored, want %d", when, len(got), len(want))
	}
	for i := range want {
		if d := want[i].original.differs(got[i].original) + want[i].texts.differs(got[i].texts); d != "" {
			x.fatalf("%s: backup %d of Signal is another:\n%s", when, i, d)
		}
	}
}

// signalAftermath checks all that must hold after a disturbed run of backup --signal.
func (x *trial) signalAftermath(done bool) {
	x.t.Helper()
	left := x.temporaries()
	if counted := x.whole(); counted != left {
		x.fatalf("%d unfinished files are left, check counts %d", left, counted)
	}
	stored := len(signalSnapshots(x.t, x.works(x.m, "snapshots", "--json")))
	if stored < len(x.known) || stored > len(x.days) || done && stored != len(x.days) {
		x.fatalf("%d backups of Signal are stored, the run was done: %v", stored, done)
	}
	switch {
	case done || stored == len(x.known):
		x.holdsDays("after it", x.days[:stored])
	case x.full: // a backup that fails is no reason to leave the next one out
		for i, got := range x.daysStored() {
			if got.differs(x.days[i]) && got.differs(x.days[len(x.days)-stored+i]) {
				x.fatalf("backup %d of Signal is none of the phone's", i)
			}
		}
	}
	x.works(x.m, x.args...) // what is not stored is stored now, and nothing is stored twice
	if left := x.temporaries(); left != 0 {
		x.fatalf("%d unfinished files are left by the next run\n%s", left, x.listing())
	}
	x.disk.Load(x.disk.Cut(weakdisk.Loss{}))
	x.holdsDays("after the next run", x.days)
	x.restores(x.before)
	x.whole()
}

// The days that the lab knows are those of the sample: an edit and a deletion lie
// between them, so that one cannot pass for the other.
func TestDaysOfTheSampleDiffer(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	if l.days[0].texts.differs(l.days[1].texts) == "" || l.days[0].original.differs(l.days[1].original) == "" {
		t.Error("both days of the sample are the same")
	}
}
