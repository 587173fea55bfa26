package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"bakfs/seal"
)

// A repository whose making was cut off anywhere is made by trying again.
func TestCreateFolderAgainAfterEveryStep(t *testing.T) {
	for n := 0; ; n++ {
		dir := t.TempDir()
		f, err := newFolder(dir)
		check(t, err)
		count := 0
		f.step = func(string, string) error {
			if count++; count > n {
				return syscall.ENOSPC
			}
			return nil
		}
		err = f.furnish(false)
		check(t, f.Close())
		if n > 0 {
			if began, err := Unfinished(dir); err != nil || !began {
				t.Fatalf("step %d: unfinished is %v, %v", n, began, err)
			}
		}
		write(t, filepath.Join(dir, ".tmp-readme-0"), []byte("part"))
		if n > 0 {
			f, err := CreateFolder(dir)
			if err != nil {
				t.Fatalf("step %d: %v", n, err)
			}
			if _, err := f.Repository(); !errors.Is(err, ErrNoRepository) {
				t.Fatalf("step %d: the id of an unfinished repository: %v", n, err)
			}
			check(t, f.Finish())
			if left, size, err := f.Temporaries(); left != 0 || err != nil {
				t.Fatalf("step %d: %d files of %d bytes are left: %v", n, left, size, err)
			}
			check(t, f.Close())
		}
		if err == nil {
			break
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("step %d: %v", n, err)
		}
	}
}

func TestUnfinishedIsOnlyWhatHoldsNothing(t *testing.T) {
	entry := "journal/0123456789abcdef0123456789abcdef/0000000000-0123456789abcdef"
	for name, want := range map[string]bool{
		"":                 true,
		"packs/ab/.tmp-x":  true,
		"packs/.tmp-x":     true,
		".DS_Store":        true,
		entry:              false,
		"packs/ab/unknown": false,
		"packs/unknown":    false,
		"letter.txt":       false,
	} {
		dir := t.TempDir()
		f, err := CreateFolder(dir)
		check(t, err)
		if name != "" {
			check(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700))
			write(t, filepath.Join(dir, name), nil)
		}
		if got, err := Unfinished(dir); got != want || err != nil {
			t.Errorf("with %q: %v, %v", name, got, err)
		}
		check(t, f.Finish())
		if got, err := Unfinished(dir); got || err != nil {
			t.Errorf("finished, with %q: %v, %v", name, got, err)
		}
		if _, err := CreateFolder(dir); err == nil {
			t.Errorf("finished, with %q: made again", name)
		}
		check(t, f.Close())
	}
	if got, err := Unfinished(filepath.Join(t.TempDir(), "nowhere")); got || err != nil {
		t.Errorf("no folder: %v, %v", got, err)
	}
}

// syncs notes the directories that r's folder makes durable.
func (r *repo) syncs() *[]string {
	var all []string
	r.folder.step = func(op, name string) error {
		if op == "syncdir" {
			all = append(all, name)
		}
		return nil
	}
	return &all
}

// A directory that is there may be of a run that died before it was durable.
func TestDirectoriesFoundAreMadeDurable(t *testing.T) {
	r := newRepo(t)
	check(t, os.Mkdir(filepath.Join(r.dir, "journal/aa"), 0o700))
	other, err := OpenFolder(r.dir)
	check(t, err)
	defer other.Close()
	r.folder = other
	synced := r.syncs()
	for range 2 {
		check(t, other.mkdir("journal/aa"))
	}
	if want := []string{".", "journal"}; !slices.Equal(*synced, want) {
		t.Errorf("synced %q, want %q once each", *synced, want)
	}
}

// A pack that another run left may be there and not be durable.
func TestPacksThatCountAsStoredAreDurable(t *testing.T) {
	r := newRepo(t)
	r.fill(t.TempDir(), []byte("of a run that died"))
	s := r.device()
	synced := r.syncs()
	name := r.packs()[0]
	if known, err := s.Has(context.Background(), s.keys.Name(seal.Content, []byte("of a run that died")), seal.Content); !known || err != nil {
		t.Fatal(known, err)
	}
	dir, err := filepath.Rel(r.dir, filepath.Dir(name))
	if err != nil || !slices.Contains(*synced, filepath.ToSlash(dir)) {
		t.Errorf("%s was not made durable: synced %q", dir, *synced)
	}
}

func TestMakeDirs(t *testing.T) {
	base := t.TempDir()
	for range 2 {
		check(t, MakeDirs(filepath.Join(base, "a/b/c")))
	}
	if info, err := os.Stat(filepath.Join(base, "a/b")); err != nil || info.Mode().Perm() != 0o700 {
		t.Fatal(info, err)
	}
	write(t, filepath.Join(base, "file"), nil)
	for _, bad := range []string{"file", "file/below"} {
		if err := MakeDirs(filepath.Join(base, bad)); !errors.Is(err, syscall.ENOTDIR) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	check(t, os.Symlink("nowhere", filepath.Join(base, "dangling")))
	if err := MakeDirs(filepath.Join(base, "dangling")); err != nil {
		if _, err := CreateFolder(filepath.Join(base, "dangling")); err == nil {
			t.Error("made a repository at a dangling link")
		}
	}
}

// An object that cannot be opened is no sign of a folder that is not synced.
func TestRepositoryOfObjectsThatCannotBeOpened(t *testing.T) {
	r := newRepo(t)
	r.fill(t.TempDir(), []byte("x"))
	r.folder.step = func(op, name string) error {
		if op == "open" {
			return syscall.EMFILE
		}
		return nil
	}
	if _, err := r.folder.Repository(); !errors.Is(err, syscall.EMFILE) || errors.Is(err, ErrNotSynced) {
		t.Errorf("with no descriptor left: %v", err)
	}
}

// A call that is interrupted after it has made its file finds it when it is
// repeated.
func TestTemporaryFileThatExistsIsPassedOver(t *testing.T) {
	r := newRepo(t)
	tries := 0
	r.folder.step = func(op, name string) error {
		if op != "create" {
			return nil
		}
		if tries++; tries == 1 {
			write(t, filepath.Join(r.dir, name), nil)
		}
		return nil
	}
	check(t, r.folder.Write("packs/x", "tag", []byte("x")))
	if tries != 2 {
		t.Errorf("%d tries", tries)
	}
}
