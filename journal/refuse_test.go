package journal

import (
	"errors"
	iofs "io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bakfs/seal"
	"bakfs/store"
)

// TestLogThatCannotBeListed: nothing is said to be gone, what is known stays,
// and nothing is appended blindly.
func TestLogThatCannotBeListed(t *testing.T) {
	w := newTower(t)
	w.append(w.marked(), w.enrol("bert"), Enrol, nil) // has seen anna's log
	running := w.marked()
	clean(t, running)
	for _, j := range []*Journal{running, w.marked(), w.open()} {
		list := j.listDir
		j.listDir = func(dir string) ([]iofs.DirEntry, error) {
			if filepath.Base(dir) == filepath.Base(w.log(w.anna)) {
				return nil, store.ErrOffline
			}
			return list(dir)
		}
		only(t, refresh(t, j), w.log(w.anna), store.ErrOffline)
		if _, err := j.Append(ctx, w.anna, Heartbeat, nil, noon); !errors.Is(err, store.ErrOffline) || errors.Is(err, ErrBehind) {
			t.Errorf("append: %v", err)
		}
		j.listDir = list
		clean(t, j)
	}
	if n := len(running.Entries(0)); n != 6 {
		t.Errorf("%d entries", n)
	}
}

func TestLogOfAnotherKey(t *testing.T) {
	w := newWorld(t)
	anna := w.enrol("anna")
	x := w.draft(anna, Enrol, 0, seal.Hash{})
	(&bench{world: w}).secondKey(x)
	w.put(x)
	clean(t, w.open())
	if e, err := w.open().Append(ctx, anna, Heartbeat, nil, noon); err == nil {
		t.Errorf("%+v continues the log of another key", e)
	}
}

// TestOwnNewerEntries: a newer bakfs of this device went on with the log.
func TestOwnNewerEntries(t *testing.T) {
	w := newTower(t)
	x := w.draft(w.anna, Heartbeat, 5, w.entries[4].Hash)
	x.signed = poke(0, 2)
	w.put(x)
	if _, err := w.marked().Append(ctx, w.anna, Heartbeat, nil, noon); !errors.Is(err, seal.ErrVersion) {
		t.Errorf("append: %v", err)
	}
}

// TestDamagedNewestEntry: its number is taken, also when the marks are lost.
func TestDamagedNewestEntry(t *testing.T) {
	w := newTower(t)
	w.append(w.marked(), w.enrol("bert"), Enrol, nil) // has seen it
	must(t, os.Truncate(w.path(w.entries[4]), 100))
	for _, j := range []*Journal{w.open(), w.marked()} {
		only(t, refresh(t, j), w.path(w.entries[4]), seal.ErrTampered)
		if _, err := j.Append(ctx, w.anna, Heartbeat, nil, noon); !errors.Is(err, ErrBehind) {
			t.Errorf("append: %v", err)
		}
	}
}

// TestMostDevices: 256 devices fit, and each can still write; one more is told.
func TestMostDevices(t *testing.T) {
	w := newWorld(t)
	var last *seal.Device
	for range maxDevices {
		last = w.enrol("one of many")
		w.put(w.draft(last, Enrol, 0, seal.Hash{}))
	}
	j := w.open()
	j.SetMarks(filepath.Join(t.TempDir(), "marks"))
	e := w.append(j, last, Heartbeat, nil)
	if len(e.Seen) != maxDevices-1 {
		t.Errorf("%d devices seen", len(e.Seen))
	}
	clean(t, j)
	more := w.enrol("one more")
	if _, err := j.Append(ctx, more, Enrol, nil, noon); err == nil || !strings.Contains(err.Error(), "256 devices") {
		t.Errorf("one more: %v", err)
	}
	w.put(w.draft(more, Enrol, 0, seal.Hash{}))
	fresh := w.open()
	fresh.SetMarks(j.marksPath)
	for _, j := range []*Journal{j, fresh} { // the marks file holds no more than it may
		if p := refresh(t, j); len(p) != 1 || p[0].Name != "journal" {
			t.Errorf("problems %v", p)
		}
	}
}

// TestTwoProcessesShareTheMarks: neither undoes what the other noted.
func TestTwoProcessesShareTheMarks(t *testing.T) {
	w := newTower(t)
	bert := w.enrol("bert")
	a, b := w.marked(), w.marked()
	w.append(b, bert, Enrol, nil)
	clean(t, a)
	e := w.append(b, w.anna, Heartbeat, nil)
	must(t, os.Remove(w.path(e)))
	only(t, refresh(t, a), w.path(e), ErrVanished) // a never saw it, but b did
	marks, err := readMarks(w.marks, w.repo)
	must(t, err)
	if len(marks) != 2 || marks[w.anna.ID].hash != e.Hash {
		t.Errorf("marks %v", marks)
	}
}
