package weakdisk

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// newDisk mounts a disk until the test ends.
func newDisk(t *testing.T) (*Disk, string) {
	t.Helper()
	f, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err != nil {
		t.Skip("skipped: /dev/fuse cannot be used here")
	}
	f.Close()
	dir := t.TempDir()
	d, err := Mount(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Unmount(); err != nil {
			t.Error(err)
		}
	})
	return d, dir
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func syncDir(t *testing.T, dir string) {
	t.Helper()
	f, err := os.Open(dir)
	must(t, err)
	must(t, errors.Join(f.Sync(), f.Close()))
}

// put writes a file, synced if asked.
func put(t *testing.T, path string, data []byte, sync bool) {
	t.Helper()
	f, err := os.Create(path)
	must(t, err)
	_, err = f.Write(data)
	must(t, err)
	if sync {
		must(t, f.Sync())
	}
	must(t, f.Close())
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func TestDiskIsADisk(t *testing.T) {
	_, dir := newDisk(t)
	must(t, os.MkdirAll(dir+"/a/b", 0o700))
	data := bytes.Repeat([]byte("0123456789"), 300_000)
	put(t, dir+"/a/x", data, true)
	if got, err := os.ReadFile(dir + "/a/x"); err != nil || !bytes.Equal(got, data) {
		t.Fatalf("read %d bytes: %v", len(got), err)
	}
	put(t, dir+"/y", []byte("y"), false)
	at := unix.AT_FDCWD
	if err := unix.Renameat2(at, dir+"/a/x", at, dir+"/y", unix.RENAME_NOREPLACE); err != unix.EEXIST {
		t.Fatalf("rename without replacing: %v", err)
	}
	must(t, unix.Renameat2(at, dir+"/a/x", at, dir+"/a/b/z", unix.RENAME_NOREPLACE))
	must(t, os.Link(dir+"/y", dir+"/a/y"))
	if err := os.Link(dir+"/y", dir+"/a/y"); !errors.Is(err, os.ErrExist) {
		t.Fatalf("link over a file: %v", err)
	}
	must(t, os.Rename(dir+"/y", dir+"/a/b/z"))
	if got, err := os.ReadFile(dir + "/a/b/z"); err != nil || string(got) != "y" {
		t.Fatalf("after the rename: %q, %v", got, err)
	}
	if err := os.Remove(dir + "/a"); !errors.Is(err, syscall.ENOTEMPTY) {
		t.Fatalf("remove of a full folder: %v", err)
	}
	must(t, os.RemoveAll(dir+"/a"))
	if got := names(t, dir); len(got) != 0 {
		t.Fatalf("left: %q", got)
	}
}

func TestChosenOperationFails(t *testing.T) {
	d, dir := newDisk(t)
	write := func() error {
		return os.WriteFile(dir+"/f", []byte("12345678"), 0o600)
	}
	for _, c := range []struct {
		name string
		f    Fault
		want error
	}{
		{"create", Fault{Ops: Create | Open, At: 1, Err: syscall.EMFILE}, syscall.EMFILE},
		{"write", Fault{Ops: Write, At: 1, Err: syscall.ENOSPC}, syscall.ENOSPC},
		{"close", Fault{Ops: Close, At: 1, Err: syscall.EDQUOT}, syscall.EDQUOT},
		{"other area", Fault{Ops: Write, Area: "else", At: 1, Err: syscall.EIO}, nil},
		{"not reached", Fault{Ops: Write, At: 2, Err: syscall.EIO}, nil},
		{"short", Fault{Ops: Write, At: 1, Short: true}, nil},
		{"short, then full", Fault{Ops: Write, At: 1, Short: true, Err: syscall.ENOSPC, Sticky: true}, syscall.ENOSPC},
	} {
		d.Load(nil)
		d.Arm(c.f)
		if err := write(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		d.Arm(Fault{})
		if c.want == nil {
			if got, err := os.ReadFile(dir + "/f"); err != nil || string(got) != "12345678" {
				t.Errorf("%s: %q, %v", c.name, got, err)
			}
		}
	}
}

func TestOnlyWhatIsSyncedIsDurable(t *testing.T) {
	d, dir := newDisk(t)
	must(t, os.Mkdir(dir+"/sub", 0o700))
	syncDir(t, dir)
	put(t, dir+"/sub/tmp", []byte("whole"), true)
	must(t, os.Rename(dir+"/sub/tmp", dir+"/sub/name"))
	put(t, dir+"/torn", []byte("12345678"), false)
	syncDir(t, dir)
	after := func(l Loss) (sub, top []string) {
		s := d.Cut(l)
		before := d.Save()
		d.Load(s)
		defer d.Load(before)
		return names(t, dir+"/sub"), names(t, dir)
	}
	if sub, top := after(Loss{}); len(sub) != 0 || !slices.Equal(top, []string{"sub", "torn"}) {
		t.Errorf("all dropped: %q %q", sub, top)
	}
}

func TestLossOfPower(t *testing.T) {
	d, dir := newDisk(t)
	seen := map[string]bool{}
	for seed := range uint64(40) {
		d.Load(nil)
		must(t, os.Mkdir(dir+"/sub", 0o700))
		syncDir(t, dir)
		put(t, dir+"/sub/tmp", []byte("12345678"), false)
		d.Arm(Fault{Ops: Rename, At: 2, Power: &Loss{Names: Chance, Data: Chance, Seed: seed}})
		must(t, os.Rename(dir+"/sub/tmp", dir+"/sub/name"))
		if err := os.Rename(dir+"/sub/name", dir+"/sub/more"); !errors.Is(err, syscall.EIO) {
			t.Fatalf("the rename without power: %v", err)
		}
		if _, err := os.ReadDir(dir); err == nil {
			t.Fatal("a disk without power lists a folder")
		}
		d.Load(d.Lost())
		what := "nothing"
		for _, name := range names(t, dir+"/sub") {
			got, err := os.ReadFile(filepath.Join(dir, "sub", name))
			must(t, err)
			what = name + "=" + string(got)
		}
		seen[what] = true
	}
	for _, want := range []string{"nothing", "tmp=1234", "name=", "name=1234", "name=1234567"} {
		if !seen[want] {
			t.Errorf("never after a loss of power: %s (there were %v)", want, seen)
		}
	}
}

func TestFailedSyncLosesContent(t *testing.T) {
	d, dir := newDisk(t)
	f, err := os.Create(dir + "/f")
	must(t, err)
	defer f.Close()
	_, err = f.Write([]byte("x"))
	must(t, err)
	d.Arm(Fault{Ops: Sync, At: 1, Err: syscall.EIO})
	if err := f.Sync(); !errors.Is(err, syscall.EIO) {
		t.Fatalf("sync: %v", err)
	}
	must(t, f.Sync()) // which is a lie, as on real disks
	syncDir(t, dir)
	d.Load(d.Cut(Loss{}))
	if got, err := os.ReadFile(dir + "/f"); err != nil || len(got) != 0 {
		t.Fatalf("after the loss: %q, %v", got, err)
	}
}

func TestSavedStateStays(t *testing.T) {
	d, dir := newDisk(t)
	put(t, dir+"/f", []byte("before"), false)
	s := d.Save()
	f, err := os.OpenFile(dir+"/f", os.O_WRONLY, 0)
	must(t, err)
	_, err = f.Write([]byte("BEFORE and after"))
	must(t, errors.Join(err, f.Close()))
	for range 2 {
		d.Load(s)
		if got, err := os.ReadFile(dir + "/f"); err != nil || string(got) != "before" {
			t.Fatalf("after Load: %q, %v", got, err)
		}
		must(t, os.WriteFile(dir+"/f", []byte("another"), 0o600))
	}
}
