package fs

import (
	"fmt"
	iofs "io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// diskFS shows a directory of the disk as it is.
type diskFS struct{ dir string }

func (d diskFS) Open(name string) (iofs.File, error)           { return os.Open(d.dir + "/" + name) }
func (d diskFS) Lstat(name string) (iofs.FileInfo, error)      { return os.Lstat(d.dir + "/" + name) }
func (d diskFS) ReadLink(name string) (string, error)          { return os.Readlink(d.dir + "/" + name) }
func (d diskFS) Sub(name string) (iofs.FS, error)              { return diskFS{d.dir + "/" + name}, nil }
func (d diskFS) ReadDir(name string) ([]iofs.DirEntry, error)  { return os.ReadDir(d.dir + "/" + name) }
func (d diskFS) Xattrs(name string) (map[string][]byte, error) { return diskXattrs(d.dir + "/" + name) }

func diskXattrs(path string) (map[string][]byte, error) {
	buf := make([]byte, 1<<16)
	n, err := unix.Llistxattr(path, buf)
	if err != nil || n == 0 {
		return nil, err
	}
	all := map[string][]byte{}
	for name := range strings.SplitSeq(string(buf[:n-1]), "\x00") {
		value := make([]byte, 1<<16)
		n, err := unix.Lgetxattr(path, name, value)
		if err != nil {
			return nil, err
		}
		all[name] = value[:n]
	}
	return all, nil
}

func run(t *testing.T, command ...string) string {
	t.Helper()
	if _, err := exec.LookPath(command[0]); err != nil {
		t.Skipf("no %s here", command[0])
	}
	out, err := exec.Command(command[0], command[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%q: %v\n%s", command, err, out)
	}
	return string(out)
}

// sourceTree makes a bit of everything a home folder may have.
func sourceTree(t *testing.T) string {
	t.Helper()
	src := t.TempDir()
	check := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	for i := range 20 {
		d := fmt.Sprintf("%s/dir %d/deeper\xff", src, i)
		check(os.MkdirAll(d, 0o750))
		for j := range 20 {
			check(os.WriteFile(fmt.Sprintf("%s/f%d", d, j), random(i*j*37), os.FileMode(0o400+j)))
		}
	}
	check(os.WriteFile(src+"/big", random(5<<20), 0o600))
	check(os.Link(src+"/big", src+"/dir 3/same"))
	check(os.Link(src+"/big", src+"/dir 4/same"))
	check(os.Symlink("dir 3/same", src+"/link"))
	check(os.Symlink("/nowhere", src+"/dangling"))
	check(unix.Mkfifo(src+"/fifo", 0o640))
	sparse, err := os.Create(src + "/sparse")
	check(err)
	check(sparse.Truncate(1 << 22))
	_, err = sparse.WriteAt([]byte("island"), 1<<21)
	check(err)
	check(sparse.Close())
	if err := unix.Setxattr(src+"/big", "user.comment", []byte("a comment"), 0); err != nil {
		t.Logf("no extended attributes on this disk: %v", err)
	}
	check(os.Chmod(src+"/dir 5", 0o1777))
	check(unix.UtimesNanoAt(unix.AT_FDCWD, src+"/dir 6", []unix.Timespec{{Sec: 1}, {Sec: 1234567890, Nsec: 987654321}}, 0))
	return src
}

// What the usual tools copy out of the mount is the source.
func TestToolsCopyTheSource(t *testing.T) {
	src := sourceTree(t)
	at, _ := mount(t, diskFS{src}, Options{})
	same := func(a, b string) {
		t.Helper()
		if diff := run(t, "rsync", "-aHAXn", "--checksum", "--delete", "--itemize-changes", a+"/", b+"/"); diff != "" {
			t.Errorf("%s and %s differ:\n%.2000s", a, b, diff)
		}
	}
	same(at, src)
	same(src, at)
	for name, command := range map[string]string{
		"cp":    `cp -a "$0"/. "$1"`,
		"tar":   `tar -C "$0" --xattrs --acls -cSf - . | tar -C "$1" --xattrs --acls -xpf -`,
		"rsync": `rsync -aHAXS "$0"/ "$1"`,
	} {
		to := t.TempDir()
		run(t, "sh", "-c", command, at, to)
		t.Log(name)
		same(src, to)
	}
	found := strings.Fields(strings.ReplaceAll(run(t, "find", at, "-samefile", at+"/big"), "dir ", "dir"))
	slices.Sort(found)
	if len(found) != 3 || filepath.Base(found[0]) != "big" {
		t.Errorf("find -samefile: %q", found)
	}
	if a, b := lstat(t, src+"/sparse"), lstat(t, at+"/sparse"); a.Blocks != b.Blocks || a.Blocks > 100 {
		t.Errorf("sparse: %d blocks in the source, %d in the mount", a.Blocks, b.Blocks)
	}
}
