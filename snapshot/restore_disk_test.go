package snapshot

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// restoreWithoutLinks is a restore to a disk on which link fails.
func (r *testRepo) restoreWithoutLinks(s Info, path, dest string, linkErr error) RestoreResult {
	r.t.Helper()
	r.warns = nil
	o := RestoreOptions{Warn: r.warn, Verify: true, Progress: new(Progress), Owner: os.Geteuid() == 0}
	v := newRestorer(r.st, s, dest, o)
	v.link = func(*os.Root, string, string) error { return &os.LinkError{Op: "linkat", Err: linkErr} }
	res, err := v.restore(context.Background(), s, path)
	must(r.t, err)
	if o.Progress.Files.Load() != o.Progress.TotalFiles.Load() || o.Progress.Bytes.Load() != o.Progress.TotalBytes.Load() {
		r.t.Errorf("%d of %d files", o.Progress.Files.Load(), o.Progress.TotalFiles.Load())
	}
	return res
}

// A disk that has no hard links gets every name, each with its own copy, and that is told once.
func TestNamesAreCopiedWhereNoLinkIs(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	write(t, src+"/a", "content")
	must(t, os.Mkdir(src+"/dir", 0o755))
	must(t, os.Link(src+"/a", src+"/dir/b"))
	must(t, os.Link(src+"/a", src+"/z"))
	res := r.create(Options{Sources: []string{src}})
	for _, linkErr := range []error{unix.EPERM, unix.EOPNOTSUPP, unix.EMLINK, unix.EXDEV, unix.ENOSYS} {
		dest := t.TempDir()
		got := r.restoreWithoutLinks(res.Info, src, dest, linkErr)
		if got.Files != 3 || got.Errors != 0 || got.Verified != 3 || len(r.warns) != 1 || !strings.Contains(r.warns[0], ErrCopied.Error()) {
			t.Errorf("%v: %+v, %q", linkErr, got, r.warns)
		}
		for _, name := range []string{"a", "dir/b", "z"} {
			var st unix.Stat_t
			if b, err := os.ReadFile(dest + "/" + name); string(b) != "content" || unix.Stat(dest+"/"+name, &st) != nil || st.Nlink != 1 {
				t.Errorf("%v: %s: %q, %v, %d names", linkErr, name, b, err, st.Nlink)
			}
		}
	}
	if got := r.restoreWithoutLinks(res.Info, src, t.TempDir(), unix.EIO); got.Errors != 2 || got.Files != 1 {
		t.Errorf("EIO says nothing about the disk's kind: %+v, %q", got, r.warns)
	}
}

// Folders of DEST that not even their owner may write to are no obstacle, and have the snapshot's mode afterwards.
func TestOverwriteInFoldersWithoutWriteRight(t *testing.T) {
	if os.Geteuid() == 0 { // root is stopped by no mode: run this test as somebody else
		asNobody(t)
		return
	}
	r, src := newTestRepo(t), t.TempDir()
	for _, mode := range []os.FileMode{0o500, 0o555, 0o300, 0o000} {
		dir := "/m" + mode.String()
		write(t, src+dir+"/sub/f", "new")
		write(t, src+dir+"/g", "new")
	}
	res := r.create(Options{Sources: []string{src}})
	dest := t.TempDir()
	r.restore(res.Info, src, dest, RestoreOptions{})
	for _, mode := range []os.FileMode{0o500, 0o555, 0o300, 0o000} {
		dir := dest + "/m" + mode.String()
		must(t, os.Remove(dir+"/g"))
		must(t, os.Chmod(dir+"/sub", mode))
		must(t, os.Chmod(dir, mode))
	}
	r.restore(res.Info, src, dest, RestoreOptions{Overwrite: true})
	sameTrees(t, src, dest)
}

// asNobody runs the test once more, as a user with no rights.
func asNobody(t *testing.T) {
	t.Helper()
	dir, err := os.MkdirTemp("", "nobody-")
	must(t, err)
	defer os.RemoveAll(dir)
	must(t, os.Chown(dir, 65534, 65534))
	self, err := os.ReadFile("/proc/self/exe")
	must(t, err)
	must(t, os.WriteFile(dir+"/test", self, 0o755))
	must(t, os.Chmod(dir+"/test", 0o755))
	cmd := exec.Command(dir+"/test", "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Dir, cmd.Env = dir, []string{"TMPDIR=" + dir, "HOME=" + dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		t.Skip("cannot run as another user: ", err)
	}
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%v\n%s", err, out)
	}
}

// A folder that is in use keeps its attributes; one that is new or empty gets those of the snapshot.
func TestAttributesOfDest(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	write(t, src+"/sub/f", "new")
	must(t, os.Chmod(src+"/sub", 0o710))
	res := r.create(Options{Sources: []string{src}})
	for name, test := range map[string]struct {
		prepare func(dest string)
		want    os.FileMode
	}{
		"new":   {func(string) {}, 0o710},
		"empty": {func(dest string) { must(t, os.Mkdir(dest, 0o750)) }, 0o710},
		"in use": {func(dest string) {
			write(t, dest+"/mine", "old")
			must(t, os.Chmod(dest, 0o750))
		}, 0o750},
	} {
		dest := t.TempDir() + "/dest"
		test.prepare(dest)
		r.restore(res.Info, src+"/sub", dest, RestoreOptions{Overwrite: true})
		info, err := os.Stat(dest)
		must(t, err)
		if info.Mode().Perm() != test.want {
			t.Errorf("%s: %v", name, info.Mode())
		}
	}
}

// CheckDest refuses what Restore refuses, and makes nothing.
func TestCheckDest(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/full/f", "x")
	must(t, os.Mkdir(dir+"/empty", 0o755))
	for _, test := range []struct {
		dest, name string
		overwrite  bool
		want       error
	}{
		{"/full", "", false, ErrNotEmpty}, {"/full", "", true, nil}, {"/full", "f", false, os.ErrExist}, {"/full", "f", true, nil},
		{"/full", "g", false, nil}, {"/empty", "", false, nil}, {"/none/none", "", false, nil},
	} {
		if err := CheckDest(dir+test.dest, test.name, test.overwrite); !errors.Is(err, test.want) {
			t.Errorf("%+v: %v", test, err)
		}
	}
	if err := CheckDest(dir+"/full/f", "", true); err == nil {
		t.Error("a file is no DEST")
	}
	if _, err := os.Stat(dir + "/none"); err == nil {
		t.Error("a folder was made")
	}
}
