package snapshot

import (
	"context"
	"errors"
	iofs "io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bakfs/store"

	"golang.org/x/sys/unix"
)

func TestRestoreOneFileAndOneFolder(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	write(t, src+"/sub/f", "content")
	write(t, src+"/sub/g", "other")
	must(t, os.Symlink("f", src+"/sub/link"))
	res := r.create(Options{Sources: []string{src}})
	dest := t.TempDir()
	r.restore(res.Info, src+"/sub/f", dest, RestoreOptions{})
	r.restore(res.Info, src+"/sub/link", dest, RestoreOptions{})
	if b, err := os.ReadFile(dest + "/link"); string(b) != "content" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	folder := filepath.Join(dest, "new", "folder")
	r.restore(res.Info, src+"/sub/", folder, RestoreOptions{})
	sameTrees(t, src+"/sub", folder)

	for _, test := range []struct {
		path, dest string
		want       error
	}{
		{src + "/sub/f", dest, iofs.ErrExist},
		{src + "/sub", folder, ErrNotEmpty},
		{src + "/absent", t.TempDir(), iofs.ErrNotExist},
		{src + "/sub/f/g", t.TempDir(), errNotFolder},
		{src + "/sub/link/g", t.TempDir(), errNotFolder},
		{src + "/sub", dest + "/f", nil},
		{"sub", t.TempDir(), nil},
	} {
		_, err := Restore(t.Context(), r.st, res.Info, test.path, test.dest, RestoreOptions{})
		if err == nil || test.want != nil && !errors.Is(err, test.want) {
			t.Errorf("%s to %s: %v", test.path, test.dest, err)
		}
	}
}

func TestOverwriteReplacesButFollowsNoLink(t *testing.T) {
	r, src, outside := newTestRepo(t), t.TempDir(), t.TempDir()
	write(t, outside+"/target", "outside")
	write(t, src+"/plain", "new")
	write(t, src+"/was link", "new")
	write(t, src+"/was folder", "new")
	write(t, src+"/dir/f", "new")
	write(t, src+"/dir was file/f", "new")
	write(t, src+"/dir was link/f", "new")
	write(t, src+"/dir was fifo/f", "new")
	must(t, os.Symlink("new", src+"/link"))
	must(t, unix.Mkfifo(src+"/fifo", 0o644))
	res := r.create(Options{Sources: []string{src}})

	dest := t.TempDir()
	write(t, dest+"/plain", "old")
	must(t, os.Link(dest+"/plain", dest+"/another name"))
	must(t, os.Symlink(outside+"/target", dest+"/was link"))
	write(t, dest+"/was folder/f", "old")
	write(t, dest+"/dir/f", "old")
	write(t, dest+"/dir/stays", "old")
	write(t, dest+"/dir was file", "old")
	must(t, unix.Mkfifo(dest+"/dir was fifo", 0o600))
	must(t, os.Mkdir(dest+"/inside", 0o755))
	must(t, os.Symlink("inside", dest+"/dir was link"))
	must(t, os.Symlink(outside+"/target", dest+"/link"))
	must(t, os.Symlink(outside+"/target", dest+"/fifo"))
	before := describe(t, outside)

	got := r.restoreWarned(res.Info, src, dest, RestoreOptions{Overwrite: true, Verify: true})
	if got.Errors != 4 || len(r.warns) != 4 || got.Damaged != 0 {
		t.Errorf("%+v, %q", got, r.warns)
	}
	all := strings.Join(r.warns, "\n")
	for _, name := range []string{"/was folder: ", "/dir was file: ", "/dir was link: ", "/dir was fifo: "} {
		if !strings.Contains(all, dest+name) {
			t.Errorf("%s is not reported", name)
		}
	}
	want, have := describe(t, src), describe(t, dest)
	for _, name := range []string{"plain", "was link", "dir", "dir/f", "link", "fifo"} {
		if want[name] != have[name] {
			t.Errorf("%s: %s", name, have[name])
		}
	}
	for name, content := range map[string]string{"another name": "old", "dir/stays": "old", "was folder/f": "old", "dir was file": "old"} {
		if b, err := os.ReadFile(dest + "/" + name); string(b) != content || err != nil {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
	if list, _ := os.ReadDir(dest + "/inside"); len(list) != 0 {
		t.Errorf("a link inside DEST was followed: %v", list)
	}
	if after := describe(t, outside); after["target"] != before["target"] || len(after) != len(before) {
		t.Errorf("outside: %v", after)
	}
	if len(have) != len(want)+1 { // names that were there, and stay, no temporary ones
		t.Errorf("%d names, %d in the snapshot", len(have), len(want))
	}
}

// damagePacks flips bytes in the packs of content and returns how many.
func damagePacks(t *testing.T, dir string) (n int) {
	packs, err := filepath.Glob(dir + "/packs/*/*")
	must(t, err)
	for _, p := range packs {
		b, err := os.ReadFile(p)
		must(t, err)
		if len(b) < 1<<20 {
			continue
		}
		b[len(b)/2] ^= 1
		must(t, os.WriteFile(p, b, 0o600))
		n++
	}
	return n
}

func TestDamageCostsOnlyTheFilesInIt(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	write(t, src+"/small", "small")
	for i := range 6 {
		write(t, src+"/"+string(rune('a'+i)), string(noise(20+i, 1<<20)))
	}
	res := r.create(Options{Sources: []string{src}})
	if damagePacks(t, r.dir) != 1 {
		t.Fatal("expected one large pack")
	}
	must(t, r.st.Close())
	r.open()
	dest := t.TempDir()
	got := r.restoreWarned(res.Info, src, dest, RestoreOptions{Verify: true})
	// The one damaged block can hold the end of one file's chunk and the start of another's.
	lost := got.Errors
	if lost < 1 || lost > 2 || got.Damaged != lost || got.Files != 7-lost || got.Verified != 7-lost || len(r.warns) != int(lost) {
		t.Errorf("%+v, %q", got, r.warns)
	}
	have, want := describe(t, dest), describe(t, src)
	if len(have) != len(want)-int(lost) {
		t.Errorf("half a file was left: %v", have)
	}
	for name, line := range have {
		if line != want[name] {
			t.Errorf("%s: want %s, got %s", name, want[name], line)
		}
	}
}

func TestVerifySeesWhatDiffers(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	write(t, src+"/big", string(noise(30, 3<<20)))
	write(t, src+"/inline", "inline")
	f, err := os.Create(src + "/hole")
	must(t, err)
	must(t, errors.Join(f.Truncate(3<<20), f.Close()))
	res := r.create(Options{Sources: []string{src}})
	for name, off := range map[string]int64{"big": 2 << 20, "inline": 3, "hole": 2<<20 + 7} {
		dest := t.TempDir()
		r.restore(res.Info, src, dest, RestoreOptions{})
		f, err := os.OpenFile(dest+"/"+name, os.O_WRONLY, 0)
		must(t, err)
		_, err = f.WriteAt([]byte{0x55}, off)
		must(t, errors.Join(err, f.Close()))
		v := &restorer{st: r.st, dest: dest, failed: map[string]bool{}}
		root, err := os.OpenRoot(dest)
		must(t, err)
		top := newFolder(nil, "", root)
		for _, other := range []string{"big", "inline", "hole"} {
			e, err := find(t.Context(), r.st, res.Root, src+"/"+other)
			must(t, err)
			if err := v.verify(t.Context(), top, e); errors.Is(err, ErrDiffers) != (name == other) {
				t.Errorf("%s changed: %s: %v", name, other, err)
			}
		}
		top.drop()
	}
}

func TestWhatDoesNotFitIsRefused(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	write(t, src+"/a", string(noise(40, 3<<20)))
	write(t, src+"/b", string(noise(41, 3<<20)))
	res := r.create(Options{Sources: []string{src}})
	small := t.TempDir()
	if err := unix.Mount("none", small, "tmpfs", 0, "size=4m"); err != nil {
		t.Skip("cannot mount: ", err)
	}
	defer unix.Unmount(small, unix.MNT_DETACH)
	_, err := Restore(t.Context(), r.st, res.Info, src, small+"/d", RestoreOptions{})
	if list, _ := os.ReadDir(small + "/d"); !errors.Is(err, errTooLarge) || len(list) > 0 {
		t.Errorf("%v, %v", err, list)
	}
	_, err = Restore(t.Context(), r.st, res.Info, src, small+"/d", RestoreOptions{Overwrite: true})
	if !errors.Is(err, unix.ENOSPC) {
		t.Errorf("a full disk ends the run, but %v", err)
	}
	if list, _ := os.ReadDir(small + "/d"); len(list) > 1 {
		t.Errorf("half a file was left: %v", list)
	}
}

func TestCancelledRestoreStops(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	write(t, src+"/a", string(noise(50, 3<<20)))
	res := r.create(Options{Sources: []string{src}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Restore(ctx, r.st, res.Info, src, t.TempDir(), RestoreOptions{})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestMissingRepositoryIsNoDamageToDest(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	write(t, src+"/a", "x")
	res := r.create(Options{Sources: []string{src}})
	res.Root[0] ^= 1
	_, err := Restore(t.Context(), r.st, res.Info, src, t.TempDir(), RestoreOptions{})
	if !errors.Is(err, store.ErrMissing) {
		t.Error(err)
	}
}
