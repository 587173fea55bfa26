package journal

import (
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"bakfs/seal"
)

// A marks file that cannot be read for now may know more than the folder, so nothing replaces it, and no entry is
// appended meanwhile. Here the file is a link to itself.
func TestUnreadableMarksAreNotReplaced(t *testing.T) {
	w := newWorld(t)
	anna := w.enrol("anna")
	path := filepath.Join(t.TempDir(), "marks")
	j := w.open()
	j.SetMarks(path)
	w.append(j, anna, Enrol, nil)
	newest := w.append(j, anna, Heartbeat, nil)
	must(t, os.Remove(w.path(newest)))
	must(t, os.Rename(path, path+".good"))
	must(t, os.Symlink("marks", path))
	j = w.open()
	j.SetMarks(path)
	if p := refresh(t, j); len(p) == 0 {
		t.Error("nobody is told")
	}
	if info, err := os.Lstat(path); err != nil || info.Mode().IsRegular() {
		t.Errorf("replaced: %v, %v", info, err)
	}
	if _, err := j.Append(ctx, anna, Heartbeat, nil, noon); err == nil {
		t.Error("an entry was appended without the marks")
	}
	must(t, os.Rename(path+".good", path))
	j = w.open()
	j.SetMarks(path)
	if _, err := j.Append(ctx, anna, Heartbeat, nil, noon); !errors.Is(err, ErrBehind) {
		t.Errorf("with the marks again: %v", err)
	}
}

func TestMarksOfANewerVersionAreNotReplaced(t *testing.T) {
	w := newWorld(t)
	anna := w.enrol("anna")
	path := filepath.Join(t.TempDir(), "marks")
	j := w.open()
	j.SetMarks(path)
	w.append(j, anna, Enrol, nil)
	newer := appendMarks(nil, w.keys.Repository(), nil)
	newer[len(marksMagic)]++
	sum := sha256.Sum256(newer[:len(newer)-sha256.Size])
	copy(newer[len(newer)-sha256.Size:], sum[:])
	must(t, os.WriteFile(path, newer, 0o600))
	j = w.open()
	j.SetMarks(path)
	if p := refresh(t, j); len(p) != 1 || !errors.Is(p[0].Err, seal.ErrVersion) {
		t.Errorf("%v", p)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != string(newer) {
		t.Errorf("replaced: %v", err)
	}
}
