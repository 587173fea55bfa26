package integration

import (
	"bytes"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"bakfs/integration/weakdisk"
	"bakfs/store"
)

// newDisk mounts a weak disk until the test ends.
func newDisk(t *testing.T) (*weakdisk.Disk, string) {
	t.Helper()
	needFUSE(t)
	dir := filepath.Join(tempDir(t), "disk")
	check(t, os.Mkdir(dir, 0o700))
	disk, err := weakdisk.Mount(dir)
	check(t, err)
	t.Cleanup(func() { check(t, disk.Unmount()) })
	return disk, dir
}

// Directories that were made are durable, or there is an error: also where the one
// above cannot be opened to make them so.
func TestMadeDirectoriesAreDurable(t *testing.T) {
	t.Parallel()
	disk, dir := newDisk(t)
	for at, hit := 1, true; hit; at++ {
		disk.Load(nil)
		disk.Arm(weakdisk.Fault{At: at, Err: syscall.EIO})
		err := store.MakeDirs(filepath.Join(dir, "a/b"))
		_, hit = disk.Count()
		_, durable := disk.Cut(weakdisk.Loss{}).Files()["/a/b"]
		if err == nil && !durable || err != nil && !hit {
			t.Errorf("operation %d fails: %v, durable: %v", at, err, durable)
		}
	}
}

// A file of the folder is read whole or not at all. From Linux 6.18 on a read that
// fails may look like the end of the file.
func TestFilesAreReadWhole(t *testing.T) {
	t.Parallel()
	disk, dir := newDisk(t)
	for _, name := range []string{"packs", "journal"} {
		check(t, os.Mkdir(filepath.Join(dir, name), 0o700))
	}
	want := content("random", 1, 200_000)
	check(t, os.WriteFile(filepath.Join(dir, "file"), want, 0o600))
	whole := disk.Save()
	for at, hit := 1, true; hit; at++ {
		disk.Load(whole)
		disk.Arm(weakdisk.Fault{At: at, Err: syscall.EIO})
		folder, err := store.OpenFolder(dir)
		if err == nil {
			var got []byte
			if got, err = folder.ReadFile("file", 1<<20); err == nil && !bytes.Equal(got, want) {
				t.Errorf("operation %d fails: %d bytes are read", at, len(got))
			}
			folder.Close()
		}
		_, hit = disk.Count()
		if err != nil && !hit {
			t.Fatal(err)
		}
	}
}

// Where nothing that this machine keeps can be read any more, a command names the error.
func TestStateThatCannotBeReadIsNamed(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for _, area := range []string{"state-a", "cache-a"} {
		for at, hit := 1, true; hit; at += scale(7, 1, 1) {
			x := &trial{lab: l, job: job{name: "backup", m: l.a, from: l.states.after}, t: t}
			l.disk.Load(l.states.after)
			s := sample{flaw{name: "EIO from now on", ops: weakdisk.All, err: syscall.EIO, sticky: true}, area, at}
			x.what = s.String()
			l.disk.Arm(s.fault())
			r := x.run(l.a, "backup", l.source)
			if _, hit = l.disk.Count(); r.code != 0 {
				x.explained(r, s, hit)
			}
		}
	}
}
