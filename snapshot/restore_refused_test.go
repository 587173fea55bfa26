package snapshot

import (
	"errors"
	"os"
	"testing"

	"bakfs/seal"

	"golang.org/x/sys/unix"
)

// Paths in snapshots are absolute; one that is not is not guessed at.
func TestRelativePathIsRefused(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	write(t, src+"/f", "content")
	res := r.create(Options{Sources: []string{src}})
	for _, p := range []string{src[1:], "." + src, "x" + src, "."} {
		dest := t.TempDir()
		if got, err := Restore(t.Context(), r.st, res.Info, p, dest, RestoreOptions{}); err == nil {
			t.Errorf("%s: %+v", p, got)
		}
	}
}

// Where a folder has the name of a file nothing is written, not even beside it.
func TestOverwriteWritesNothingWhereAFolderIsInTheWay(t *testing.T) {
	dest := t.TempDir()
	must(t, os.Mkdir(dest+"/name", 0o755))
	root, err := os.OpenRoot(dest)
	must(t, err)
	top := newFolder(nil, "", root)
	defer top.drop()
	r := &restorer{RestoreOptions: RestoreOptions{Overwrite: true}}
	err = r.replace(top, "name", func(name string) error { t.Error("made ", name); return nil })
	if !errors.Is(err, errInTheWay) {
		t.Error(err)
	}
}

// What a file has behind its content differs too, and so does what is no file any more.
func TestVerifySeesWhatIsBehindTheContent(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	names := map[string]string{"empty": "", "inline": "inline", "big": string(noise(31, 1<<20))}
	for name, content := range names {
		write(t, src+"/"+name, content)
	}
	res := r.create(Options{Sources: []string{src}})
	for name := range names {
		e, err := find(t.Context(), r.st, res.Root, src+"/"+name)
		must(t, err)
		for what, spoil := range map[string]func(string){
			"longer": func(p string) { must(t, os.Truncate(p, e.Size+1)) },
			"fifo":   func(p string) { must(t, errors.Join(os.Remove(p), unix.Mkfifo(p, 0o600))) },
			"link":   func(p string) { must(t, errors.Join(os.Rename(p, p+"2"), os.Symlink(name+"2", p))) },
			"same":   nil,
		} {
			dest := t.TempDir()
			r.restore(res.Info, src, dest, RestoreOptions{})
			if spoil != nil {
				spoil(dest + "/" + name)
			}
			root, err := os.OpenRoot(dest)
			must(t, err)
			top := newFolder(nil, "", root)
			v := &restorer{st: r.st, dest: dest, failed: map[string]bool{}}
			if err := v.verify(t.Context(), top, e); errors.Is(err, ErrDiffers) != (spoil != nil) {
				t.Errorf("%s, %s: %v", name, what, err)
			}
			top.drop()
		}
	}
}

// Somebody who changes DEST at the same time can put a link in the place of a folder after it was looked at: the
// folder that it leads to is not taken for it.
func TestFolderOfDestThatBecomesALinkIsNotEntered(t *testing.T) {
	dest := t.TempDir()
	for _, name := range []string{"a", "elsewhere"} {
		must(t, os.Mkdir(dest+"/"+name, 0o755))
	}
	must(t, os.Symlink("elsewhere", dest+"/link"))
	elsewhere, err := os.Stat(dest + "/elsewhere")
	must(t, err)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default: // an error would only leave both as they are
				_ = unix.Renameat2(unix.AT_FDCWD, dest+"/a", unix.AT_FDCWD, dest+"/link", unix.RENAME_EXCHANGE)
			}
		}
	}()
	defer func() { close(stop); <-stopped }()
	root, err := os.OpenRoot(dest)
	must(t, err)
	top := newFolder(nil, "", root)
	defer top.drop()
	r := &restorer{dest: dest, failed: map[string]bool{}}
	e := evilDir("a", seal.ID{})
	for i := range 50000 {
		child := r.openDir(top, &e)
		if child == nil {
			continue
		}
		info, err := child.root.Stat(".")
		child.drop()
		if must(t, err); os.SameFile(info, elsewhere) {
			t.Fatalf("a link was followed, the %d. time", i+1)
		}
	}
}
