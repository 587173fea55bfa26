package journal

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"bakfs/seal"
)

func someMarks() map[seal.DeviceID]mark {
	return map[seal.DeviceID]mark{{1}: {7, seal.Hash{1}, 8}, {2}: {9, seal.Hash{2}, 0}}
}

func TestMarksComeBack(t *testing.T) {
	repo := seal.RepositoryID{5}
	rapid.Check(t, func(t *rapid.T) {
		want := make(map[seal.DeviceID]mark)
		for _, b := range rapid.SliceOfDistinct(rapid.Byte(), rapid.ID).Draw(t, "devices") {
			seq := uint64(rapid.IntRange(0, maxEntries-1).Draw(t, "seq"))
			want[seal.DeviceID{b}] = mark{seq, seal.Hash{b}, rapid.Uint64Range(0, seq+1).Draw(t, "whole")}
		}
		got, err := parseMarks(appendMarks(nil, repo, want), repo)
		if err != nil || !maps.Equal(got, want) {
			t.Fatalf("%v, %v; want %v", got, err, want)
		}
	})
}

func TestDamagedMarksAreRefused(t *testing.T) {
	repo := seal.RepositoryID{5}
	good := appendMarks(nil, repo, someMarks())
	for i := range good {
		good[i] ^= 1
		if _, err := parseMarks(good, repo); err == nil {
			t.Errorf("byte %d changed: accepted", i)
		}
		good[i] ^= 1
		if _, err := parseMarks(good[:i], repo); err == nil {
			t.Errorf("cut to %d: accepted", i)
		}
		if _, err := parseMarks(withSum(good[:i]), repo); err == nil && i < len(good)-32 {
			t.Errorf("cut to %d with a checksum: accepted", i)
		}
	}
	if _, err := parseMarks(withSum(append(slices.Clone(good[:len(good)-32]), 0)), repo); err == nil {
		t.Error("a byte behind the marks: accepted")
	}
	if _, err := parseMarks(good, seal.RepositoryID{6}); err == nil {
		t.Error("marks of another repository: accepted")
	}
	for name, m := range map[string]mark{"whole": {1, seal.Hash{}, 3}, "number": {maxEntries, seal.Hash{}, 0}} {
		if _, err := parseMarks(appendMarks(nil, repo, map[seal.DeviceID]mark{{}: m}), repo); err == nil {
			t.Errorf("%s over its limit: accepted", name)
		}
	}
}

// TestMarksOnTheDisk: mode 0600, no temporary file stays, damage and loss are
// survived, damage is told.
func TestMarksOnTheDisk(t *testing.T) {
	w := newWorld(t)
	anna := w.enrol("anna")
	path := filepath.Join(t.TempDir(), "marks")
	fresh := func() *Journal {
		j := w.open()
		j.SetMarks(path)
		return j
	}
	e := w.append(fresh(), anna, Enrol, nil)
	info, err := os.Stat(path)
	must(t, err)
	if info.Mode() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 1 {
		t.Errorf("files beside the marks: %v", files)
	}
	marks, err := readMarks(path, w.repo)
	must(t, err)
	if want := (mark{0, e.Hash, 1}); marks[anna.ID] != want {
		t.Errorf("mark %v, want %v", marks[anna.ID], want)
	}

	must(t, os.WriteFile(path, []byte("rubbish"), 0o600))
	if p := refresh(t, fresh()); len(p) != 1 || p[0].Name != path || !errors.Is(p[0].Err, errMarks) {
		t.Errorf("damaged marks: %v", p)
	}
	clean(t, fresh())
	must(t, os.Remove(path))
	j := fresh()
	w.append(j, anna, Heartbeat, nil)
	marks, err = readMarks(path, w.repo)
	must(t, err)
	if marks[anna.ID].seq != 1 || marks[anna.ID].whole != 2 {
		t.Errorf("mark %v", marks[anna.ID])
	}
}

// TestMarksThatCannotBeWritten stop an Append before it writes anything.
func TestMarksThatCannotBeWritten(t *testing.T) {
	w := newWorld(t)
	j := w.open()
	j.SetMarks(filepath.Join(t.TempDir(), "missing", "marks"))
	anna := w.enrol("anna")
	if _, err := j.Append(ctx, anna, Enrol, nil, noon); err == nil {
		t.Error("Append without marks")
	}
	if _, err := os.Stat(w.log(anna)); err == nil {
		t.Error("an entry was written")
	}
}

func TestMarksOnlyMoveForward(t *testing.T) {
	into := someMarks()
	if mergeMarks(into, map[seal.DeviceID]mark{{1}: {6, seal.Hash{9}, 7}, {2}: {9, seal.Hash{9}, 0}}) || !maps.Equal(into, someMarks()) {
		t.Errorf("moved back: %v", into)
	}
	if !mergeMarks(into, map[seal.DeviceID]mark{{1}: {9, seal.Hash{9}, 2}, {3}: {}}) {
		t.Error("did not move")
	}
	if want := (mark{9, seal.Hash{9}, 8}); into[seal.DeviceID{1}] != want || len(into) != 3 {
		t.Errorf("moved to %v", into)
	}
}

func FuzzMarks(f *testing.F) {
	repo := seal.RepositoryID{5}
	good := appendMarks(nil, repo, someMarks())
	f.Add(good, false)
	f.Add(good[:len(good)-32], true)
	f.Add([]byte(marksMagic), true)
	f.Fuzz(func(t *testing.T, b []byte, sum bool) {
		if sum {
			b = withSum(b)
		}
		marks, err := parseMarks(b, repo)
		if err == nil && string(appendMarks(nil, repo, marks)) != string(b) {
			t.Errorf("%x has another form too", b)
		}
	})
}

func withSum(b []byte) []byte {
	sum := sha256.Sum256(b)
	return append(slices.Clone(b), sum[:]...)
}

// TestMarksKnowOnlyWhatIsDurable: an entry of a run that was cut off counts when
// it cannot be lost with the power any more.
func TestMarksKnowOnlyWhatIsDurable(t *testing.T) {
	w := newTower(t)
	must(t, os.Remove(w.marks))
	j := w.marked()
	full := syscall.ENOSPC
	var synced []string
	j.syncDir = func(dir string) error {
		synced = append(synced, filepath.Base(dir))
		return full
	}
	only(t, refresh(t, j), w.marks, full)
	if _, err := os.Stat(w.marks); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there are marks: %v", err)
	}
	if _, err := j.Append(ctx, w.anna, Heartbeat, nil, noon); !errors.Is(err, full) {
		t.Errorf("append: %v", err)
	}
	if want := []string{filepath.Base(w.log(w.anna))}; !slices.Equal(synced[:1], want) {
		t.Errorf("synced %q, want %q", synced, want)
	}
	full = 0
	j.syncDir = func(string) error { return nil }
	clean(t, j)
	j.syncDir = func(string) error { return syscall.EIO }
	clean(t, j) // nothing is new, so nothing is synced
}

// Who only reads the marks is warned by them, and leaves no trace.
func TestReadMarksWritesNothing(t *testing.T) {
	w := newTower(t)
	marks := filepath.Join(t.TempDir(), "marks")
	j := w.open()
	j.ReadMarks(marks)
	clean(t, j)
	if _, err := os.Lstat(marks); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("marks were written: %v", err)
	}
	must(t, j.Ready(ctx, w.anna, Snapshot))
	clean(t, w.marked())
	before, err := os.ReadFile(w.marks)
	must(t, err)
	w.remove(4)
	j = w.open()
	j.ReadMarks(w.marks)
	only(t, refresh(t, j), w.path(w.entries[4]), ErrVanished)
	if err := j.Ready(ctx, w.anna, Snapshot); !errors.Is(err, ErrBehind) {
		t.Errorf("ready behind the marks: %v", err)
	}
	if after, err := os.ReadFile(w.marks); err != nil || !bytes.Equal(before, after) {
		t.Errorf("marks were changed: %v", err)
	}
}
