package journal

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bakfs/seal"
)

// A tower is a device with a log of five entries, and marks that know them.
type tower struct {
	*world
	anna    *seal.Device
	entries []Entry
	marks   string
}

func newTower(t *testing.T) *tower {
	t.Helper()
	w := &tower{world: newWorld(t), marks: filepath.Join(t.TempDir(), "marks")}
	w.anna = w.enrol("anna")
	j := w.marked()
	for n := range 5 {
		k := Heartbeat
		if n == 0 {
			k = Enrol
		}
		w.entries = append(w.entries, w.append(j, w.anna, k, nil))
	}
	return w
}

// marked is a new process's journal.
func (w *tower) marked() *Journal {
	j := w.open()
	j.SetMarks(w.marks)
	return j
}

func (w *tower) remove(n int) { must(w.t, os.Remove(w.path(w.entries[n]))) }

// only checks that there is one problem, of this kind, with this name.
func only(t *testing.T, problems []Problem, path string, kind error) {
	t.Helper()
	if len(problems) != 1 || !errors.Is(problems[0].Err, kind) || !strings.HasSuffix(path, problems[0].Name) {
		t.Errorf("problems %v, want one of %s: %v", problems, path, kind)
	}
}

func TestVanishedEntries(t *testing.T) {
	for n := range 5 {
		w := newTower(t)
		running := w.marked()
		clean(t, running)
		w.remove(n)
		path := w.path(w.entries[n])
		only(t, refresh(t, running), path, ErrVanished)
		if got := len(running.Entries(0)); got != 5 {
			t.Errorf("entry %d vanished: %d shown", n, got)
		}
		for range 2 { // the alarm of today is one tomorrow
			only(t, refresh(t, w.marked()), path, ErrVanished)
		}
		_, err := w.marked().Append(ctx, w.anna, Heartbeat, nil, noon)
		if n == 4 != errors.Is(err, ErrBehind) {
			t.Errorf("append after entry %d vanished: %v", n, err)
		}
		if n == 4 {
			if _, err := running.Append(ctx, w.anna, Heartbeat, nil, noon); !errors.Is(err, ErrBehind) {
				t.Errorf("append by one who read entry 4: %v", err)
			}
		}
	}
}

func TestWholeLogVanished(t *testing.T) {
	w := newTower(t)
	running := w.marked()
	clean(t, running)
	must(t, os.RemoveAll(w.log(w.anna)))
	if p := refresh(t, running); len(p) != 5 || !errors.Is(p[0].Err, ErrVanished) {
		t.Errorf("problems %v", p)
	}
	only(t, refresh(t, w.marked()), w.path(w.entries[4]), ErrVanished)
	for _, k := range []Kind{Enrol, Heartbeat} {
		if _, err := w.marked().Append(ctx, w.anna, k, nil, noon); !errors.Is(err, ErrBehind) {
			t.Errorf("append of kind %d: %v", k, err)
		}
	}
	// Without marks a device still knows that it is enrolled.
	if _, err := w.open().Append(ctx, w.anna, Heartbeat, nil, noon); !errors.Is(err, ErrBehind) {
		t.Errorf("append without marks: %v", err)
	}
}

func TestComesBack(t *testing.T) {
	w := newTower(t)
	j := w.marked()
	clean(t, j)
	path := w.path(w.entries[2])
	raw, err := os.ReadFile(path)
	must(t, err)
	w.remove(2)
	only(t, refresh(t, j), path, ErrVanished)
	must(t, os.WriteFile(path, raw, 0o600))
	clean(t, j)
	clean(t, w.marked())
}

// TestNeverSeenIsPending: what a reader without marks misses may still come.
func TestNeverSeenIsPending(t *testing.T) {
	w := newTower(t)
	w.remove(2)
	only(t, refresh(t, w.open()), w.path(w.entries[2]), ErrPending)
	marks := filepath.Join(t.TempDir(), "marks")
	for range 2 { // the second reads the marks of the first
		j := w.open()
		j.SetMarks(marks)
		only(t, refresh(t, j), w.path(w.entries[2]), ErrPending)
	}
}

// TestOthersRemember: the marks are lost, but another device saw the entry.
func TestOthersRemember(t *testing.T) {
	w := newTower(t)
	w.append(w.open(), w.enrol("bert"), Enrol, nil)
	w.remove(4)
	only(t, refresh(t, w.open()), w.path(w.entries[4]), ErrPending)
	if _, err := w.open().Append(ctx, w.anna, Heartbeat, nil, noon); !errors.Is(err, ErrBehind) {
		t.Errorf("append behind what bert saw: %v", err)
	}
	only(t, refresh(t, w.marked()), w.path(w.entries[4]), ErrVanished)
}

// TestOthersHearOfIt: who remembers an entry that vanished says so in its own.
func TestOthersHearOfIt(t *testing.T) {
	w := newTower(t)
	w.remove(4)
	e, err := w.marked().Append(ctx, w.enrol("bert"), Enrol, nil, noon)
	must(t, err)
	if len(e.Seen) != 1 || e.Seen[0].Seq != 4 || e.Seen[0].Hash != w.entries[4].Hash {
		t.Errorf("seen %v", e.Seen)
	}
}

func TestForks(t *testing.T) {
	w := newTower(t)
	x := w.draft(w.anna, Heartbeat, 4, w.entries[3].Hash)
	x.time++
	h := w.put(x)
	follower := w.draft(w.anna, Heartbeat, 5, h) // the mark must not go over to this version
	w.put(follower)
	p := refresh(t, w.marked())
	if len(p) != 1 || !errors.Is(p[0].Err, ErrFork) {
		t.Fatalf("problems %v", p)
	}
	words := p[0].Name + p[0].Err.Error()
	for _, h := range []seal.Hash{h, w.entries[4].Hash} {
		if !strings.Contains(words, h.String()[:16]) {
			t.Errorf("%q does not name %v", words, h)
		}
	}
	if _, err := w.marked().Append(ctx, w.anna, Heartbeat, nil, noon); !errors.Is(err, ErrFork) {
		t.Errorf("append to a fork: %v", err)
	}
	// The version that was seen first goes; the other is still not it.
	w.remove(4)
	for range 2 {
		p := refresh(t, w.marked())
		if len(p) != 1 || !errors.Is(p[0].Err, ErrFork) {
			t.Errorf("problems %v", p)
		}
	}
}

func TestAppendRefuses(t *testing.T) {
	w := newTower(t)
	stranger := newWorld(t).enrol("stranger")
	for name, c := range map[string]struct {
		d       *seal.Device
		k       Kind
		payload []byte
	}{
		"a second enrol":               {w.anna, Enrol, nil},
		"a device of another key":      {stranger, Enrol, nil},
		"an unknown kind":              {w.anna, 0, nil},
		"a heartbeat with payload":     {w.anna, Heartbeat, []byte{1}},
		"a payload in no form":         {w.anna, Forget, []byte{1}},
		"more than an entry can carry": {w.anna, Snapshot, make([]byte, 1<<20)},
	} {
		if e, err := w.marked().Append(ctx, c.d, c.k, c.payload, noon); err == nil {
			t.Errorf("%s: written as %v", name, e)
		}
	}
	clean(t, w.marked())
	if files, _ := os.ReadDir(w.log(w.anna)); len(files) != 5 {
		t.Errorf("%d files", len(files))
	}
}

// TestDamagedOnesAreReadAgain when a sync program goes on writing them; not before.
func TestDamagedOnesAreReadAgain(t *testing.T) {
	w := newTower(t)
	path := w.path(w.entries[2])
	raw, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path, raw[:1000], 0o600))
	j := w.open()
	reads := counted(j)
	only(t, refresh(t, j), path, seal.ErrTampered)
	only(t, refresh(t, j), path, seal.ErrTampered)
	if len(j.Entries(0)) != 4 || len(*reads) != 5 {
		t.Errorf("%d entries, %d reads", len(j.Entries(0)), len(*reads))
	}
	must(t, os.WriteFile(path, raw, 0o600))
	clean(t, j)
	if len(j.Entries(0)) != 5 || len(*reads) != 6 {
		t.Errorf("%d entries, %d reads", len(j.Entries(0)), len(*reads))
	}
}

func TestDamagedOnesMayGo(t *testing.T) {
	w := newTower(t)
	name := placeOf(w.keys.Pseudonym(w.anna.ID), 5, seal.Hash{1}).path()
	write(t, w.dir, name, []byte("half a file"))
	j := w.open()
	only(t, refresh(t, j), name, seal.ErrTampered)
	must(t, os.Remove(filepath.Join(w.dir, name)))
	clean(t, j)
}

// TestGoneBetweenListAndRead is no problem of the file, whatever it was.
func TestGoneBetweenListAndRead(t *testing.T) {
	w := newTower(t)
	j := w.open()
	read := j.read
	j.read = func(name string) ([]byte, error) {
		if strings.HasSuffix(w.path(w.entries[4]), name) {
			w.remove(4)
		}
		return read(name)
	}
	clean(t, j)
	if n := len(j.Entries(0)); n != 4 {
		t.Errorf("%d entries", n)
	}
}

func TestLargestEntry(t *testing.T) {
	w := newTower(t)
	empty := w.draft(w.anna, Snapshot, 5, seal.Hash{})
	most := 1_047_464 - sigSize - len(empty.appendSigned(nil))
	w.append(w.marked(), w.anna, Snapshot, make([]byte, most))
	if _, err := w.marked().Append(ctx, w.anna, Snapshot, make([]byte, most+1), noon); err == nil {
		t.Error("one byte more is written")
	}
	j := w.marked()
	clean(t, j)
	if got := j.Entries(Snapshot); len(got) != 1 || len(got[0].Payload) != most {
		t.Error("the largest entry does not come back")
	}
}

func TestOrder(t *testing.T) {
	a, b := seal.DeviceID{1}, seal.DeviceID{2}
	list := []Entry{{Time: 1, Device: b, Seq: 9}, {Time: 2, Device: a, Seq: 1}, {Time: 2, Device: a, Seq: 2}, {Time: 2, Device: b, Seq: 0}}
	for i := range list {
		for k := range list {
			if got := compareEntries(list[i], list[k]); (got < 0) != (i < k) || (got == 0) != (i == k) {
				t.Errorf("%d to %d: %d", i, k, got)
			}
		}
	}
	if compareEntries(Entry{Time: -1}, Entry{Time: int64(time.Second)}) >= 0 {
		t.Error("a time before 1970 is not first")
	}
}
