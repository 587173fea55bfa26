package modern

import (
	"context"
	"errors"
	iofs "io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"bakfs/signal"
)

// soon fails if f does not return at once.
func soon(t *testing.T, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("it waits")
	}
}

func TestNothingButRegularFilesIsOpened(t *testing.T) {
	root := filepath.Join(t.TempDir(), "SignalBackups")
	if err := os.CopyFS(root, os.DirFS(vectors(t, "v2/SignalBackups"))); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(root, "files", "*", "*"))
	if err != nil || len(names) < 3 {
		t.Fatal(names, err)
	}
	aside := filepath.Join(t.TempDir(), "aside")
	for i, name := range names {
		if err := os.Rename(name, aside); err != nil {
			t.Fatal(err)
		}
		switch i {
		case 0:
			err = syscall.Mkfifo(name, 0o600)
		case 1:
			err = os.Symlink("/dev/tty", name)
		case 2:
			err = os.Mkdir(name, 0o700)
		default:
			err = os.Rename(aside, name)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	soon(t, func() {
		f, _, err := Locate(root)
		if err != nil {
			t.Error(err)
			return
		}
		b, err := f.Open(context.Background(), v2Name, recoveryKey(t, knownKey))
		if err != nil {
			t.Error(err)
			return
		}
		defer b.Close()
		var index MediaIndex
		readFrames(t, b, func(f *signal.Frame) { index.Look(f) })
		bad := 0
		for _, file := range index.Files {
			r, err := f.Media(context.Background(), file.Locator)
			if err != nil {
				bad++
				if strings.Contains(err.Error(), root) {
					t.Errorf("the error has the path: %v", err)
				}
				continue
			}
			r.Close()
		}
		if bad != 3 {
			t.Errorf("%d of 3 are refused", bad)
		}
	})
	main := filepath.Join(root, v2Name, "main")
	if err := os.Remove(main); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(main, 0o600); err != nil {
		t.Fatal(err)
	}
	soon(t, func() {
		if _, err := OpenFile(os.OpenFile, main); !errors.Is(err, ErrDamaged) || !strings.HasSuffix(err.Error(), "not a regular file") {
			t.Error(err)
		}
		if _, err := OpenFolder(root).Open(context.Background(), v2Name, recoveryKey(t, knownKey)); !errors.Is(err, ErrIncomplete) {
			t.Error(err)
		}
	})
}

func TestNamesThatLeadOutOfAFolderAreRefused(t *testing.T) {
	d := dirFS(t.TempDir())
	for _, name := range []string{"../x", "/etc/passwd", "a/../b", ""} {
		_, err := d.Open(name)
		_, err2 := d.Stat(name)
		_, err3 := d.ReadDir(name)
		for _, err := range []error{err, err2, err3} {
			if !errors.Is(err, iofs.ErrInvalid) {
				t.Errorf("%q: %v", name, err)
			}
		}
	}
}

// Whoever opens a snapshot knows its name and says it: the error must not.
func TestErrorsNameTheFileInTheSnapshotOnly(t *testing.T) {
	for what, change := range map[string]func(dir string) error{
		"main: ":          func(dir string) error { return os.Truncate(filepath.Join(dir, "main"), 1001) },
		"it lacks main: ": func(dir string) error { return os.Remove(filepath.Join(dir, "main")) },
		"metadata: not a regular file: ": func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "metadata")), syscall.Mkfifo(filepath.Join(dir, "metadata"), 0o600))
		},
		"main: not a regular file: ": func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "main")), os.Mkdir(filepath.Join(dir, "main"), 0o700))
		},
		"it was not finished": func(dir string) error { return os.Rename(dir, dir+"-tmp") },
		"metadata version 2":  func(dir string) error { return os.WriteFile(filepath.Join(dir, "metadata"), []byte{8, 2}, 0o600) },
		"no such file":        os.RemoveAll,
	} {
		root := filepath.Join(t.TempDir(), "SignalBackups")
		if err := os.CopyFS(root, os.DirFS(vectors(t, "v2/SignalBackups"))); err != nil {
			t.Fatal(err)
		}
		name := v2Name
		if err := change(filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
		if what == "it was not finished" {
			name += "-tmp"
		}
		_, err := OpenFolder(root).Open(context.Background(), name, recoveryKey(t, knownKey))
		if err == nil || !strings.HasPrefix(err.Error(), what) || strings.Contains(err.Error(), v2Name) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestAllBackupFoldersBelowAFolderAreFound(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"SignalBackups", "of jana"} {
		if err := os.MkdirAll(filepath.Join(dir, name, v2Name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	roots, snapshot, err := Roots(dir)
	if err != nil || snapshot != "" || len(roots) != 2 || filepath.Base(roots[0]) != "SignalBackups" || filepath.Base(roots[1]) != "of jana" {
		t.Errorf("%q, %q, %v", roots, snapshot, err)
	}
	roots, snapshot, err = Roots(filepath.Join(dir, "of jana", v2Name))
	if err != nil || snapshot != v2Name || len(roots) != 1 || roots[0] != filepath.Join(dir, "of jana") {
		t.Errorf("%q, %q, %v", roots, snapshot, err)
	}
}

// A deniedFS cannot say what a snapshot has.
type deniedFS struct{ fstest.MapFS }

func (f deniedFS) Stat(name string) (iofs.FileInfo, error) {
	if filepath.Base(name) == "main" {
		return nil, &iofs.PathError{Op: "stat", Path: name, Err: iofs.ErrPermission}
	}
	return f.MapFS.Stat(name)
}

func (f deniedFS) Open(name string) (iofs.File, error) {
	if filepath.Base(name) == "main" {
		return nil, &iofs.PathError{Op: "open", Path: name, Err: iofs.ErrPermission}
	}
	return f.MapFS.Open(name)
}

func TestASnapshotThatCannotBeReadIsNotIncomplete(t *testing.T) {
	f := NewFolder(deniedFS{fstest.MapFS{
		v2Name + "/main": {}, v2Name + "/metadata": {Data: readFile(t, vectors(t, "v2/SignalBackups/"+v2Name+"/metadata"))},
	}})
	_, err := f.Open(context.Background(), v2Name, recoveryKey(t, knownKey))
	if !errors.Is(err, iofs.ErrPermission) || errors.Is(err, ErrIncomplete) {
		t.Error(err)
	}
}
