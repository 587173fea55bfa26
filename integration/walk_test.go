package integration

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	iofs "io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// A tree is all there is to see of a folder: relative paths, and what lies there.
type tree map[string]thing

// A thing is a file of any kind with everything that a backup must keep.
type thing struct {
	mode     uint32 // type and permissions
	uid, gid uint32
	rdev     uint64
	size     int64 // of files and links
	mtime    int64
	names    string // the path of a file's first name, for files of several names
	target   string
	xattrs   string
	content  string // SHA-256
	data     string // where a sparse file holds data: offset+length …
	blocks   int64  // not compared for equality
	nlink    uint64 // not compared for equality
	subdirs  uint64 // not compared for equality
}

// look reads a folder with all that is in it, by system calls alone.
func look(t tb, dir string) tree {
	t.Helper()
	all := tree{}
	first := map[[2]uint64]string{}
	err := filepath.WalkDir(dir, func(path string, d iofs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		x, id, err := lookAt(path)
		if err != nil {
			return fmt.Errorf("%q: %w", rel, err)
		}
		if x.mode&unix.S_IFMT == unix.S_IFDIR {
			if rel != "." {
				up := all[filepath.Dir(rel)]
				up.subdirs++
				all[filepath.Dir(rel)] = up
			}
		} else if x.nlink > 1 {
			if first[id] == "" {
				first[id] = rel
			}
			x.names = first[id]
		}
		all[rel] = x
		return nil
	})
	check(t, err)
	return all
}

// lookAt reads one name, and says which file it is of.
func lookAt(path string) (thing, [2]uint64, error) {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return thing{}, [2]uint64{}, err
	}
	x := thing{mode: st.Mode, uid: st.Uid, gid: st.Gid, mtime: st.Mtim.Nano(), nlink: uint64(st.Nlink), blocks: st.Blocks}
	var err error
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		x.size = st.Size
		x.content, x.data, err = lookInto(path, st)
	case unix.S_IFLNK:
		x.size = st.Size
		x.target, err = os.Readlink(path)
	case unix.S_IFBLK, unix.S_IFCHR:
		x.rdev = st.Rdev
	}
	if err == nil {
		x.xattrs, err = xattrsOf(path)
	}
	return x, [2]uint64{st.Dev, st.Ino}, err
}

// lookInto reads a file's content, and where its data is if it has holes.
func lookInto(path string, st unix.Stat_t) (content, data string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", "", err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return "", "", err
	}
	if n != st.Size {
		return "", "", fmt.Errorf("%d bytes can be read of %d", n, st.Size)
	}
	if st.Blocks*512 < st.Size {
		data = regions(int(f.Fd()), st.Size)
	}
	return hex.EncodeToString(h.Sum(nil)), data, nil
}

func regions(fd int, size int64) string {
	var b strings.Builder
	for at := int64(0); at < size; {
		start, err := unix.Seek(fd, at, unix.SEEK_DATA)
		if err != nil {
			break
		}
		end, err := unix.Seek(fd, start, unix.SEEK_HOLE)
		if err != nil {
			break
		}
		fmt.Fprintf(&b, "%d+%d ", start, end-start)
		at = end
	}
	return b.String()
}

// xattrsOf is every extended attribute, ACLs too, by name.
func xattrsOf(path string) (string, error) {
	buf := make([]byte, 1<<16)
	n, err := unix.Llistxattr(path, buf)
	if err == unix.ENOTSUP || n == 0 {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	names := strings.Split(string(buf[:n-1]), "\x00")
	slices.Sort(names)
	var all strings.Builder
	for _, name := range names {
		n, err := unix.Lgetxattr(path, name, buf)
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintf(&all, "%q=%x ", name, buf[:n])
	}
	return all.String(), nil
}

// same compares two trees and says in words where they differ. Data regions are
// compared where both sides can tell them; a mount says of every file that it is all
// data, and holes are seen by the blocks.
func same(t tb, what string, want, got tree) {
	t.Helper()
	var diffs []string
	for _, path := range slices.Sorted(maps.Keys(want)) {
		w, g := want[path], got[path]
		if _, ok := got[path]; !ok {
			diffs = append(diffs, fmt.Sprintf("%q is missing", path))
			continue
		}
		w.blocks, w.nlink, w.subdirs, g.blocks, g.nlink, g.subdirs = 0, 0, 0, 0, 0, 0
		if all := fmt.Sprintf("0+%d ", g.size); g.data == "" || w.data == "" || g.data == all {
			w.data, g.data = "", ""
		}
		if w != g {
			diffs = append(diffs, fmt.Sprintf("%q:\n   was %+v\n    is %+v", path, w, g))
		}
	}
	for path := range got {
		if _, ok := want[path]; !ok {
			diffs = append(diffs, fmt.Sprintf("%q should not be there", path))
		}
	}
	if len(diffs) > 0 {
		more := len(diffs) - min(len(diffs), 10)
		t.Fatalf("%s: %d of %d differ:\n%s\n(and %d more)", what, len(diffs), len(want), strings.Join(diffs[:len(diffs)-more], "\n"), more)
	}
}

// sameCounts checks what a mount shows besides: the number of names of each file and
// folder, and that holes take no blocks.
func sameCounts(t tb, want, got tree) {
	t.Helper()
	for path, g := range got {
		w := want[path]
		links := w.nlink
		if g.mode&unix.S_IFMT == unix.S_IFDIR {
			links = 2 + w.subdirs
		}
		if g.nlink != links {
			t.Errorf("%q has %d links, want %d", path, g.nlink, links)
		}
		if g.mode&unix.S_IFMT == unix.S_IFREG && (g.blocks > w.blocks+8 || g.blocks*512 < g.size && w.blocks*512 >= w.size) {
			t.Errorf("%q takes %d blocks, %d at the source, of %d bytes", path, g.blocks, w.blocks, g.size)
		}
	}
}

// holesKept checks that a copy takes no more of the disk than the original.
func holesKept(t tb, want, got tree) {
	t.Helper()
	for path, g := range got {
		if w := want[path]; w.mode&unix.S_IFMT == unix.S_IFREG && g.blocks > w.blocks+16 {
			t.Errorf("%q takes %d blocks, %d at the source", path, g.blocks, w.blocks)
		}
	}
}

// rsyncSame asks rsync whether two folders are the same in all it knows of.
func rsyncSame(t tb, what, from, to string) {
	t.Helper()
	if _, err := exec.LookPath("rsync"); err != nil {
		t.Logf("rsync is not installed: %s is checked by our own walker only", what)
		return
	}
	cmd := exec.Command("rsync", "-aHAXn", "--checksum", "--delete", "--itemize-changes", from+"/", to+"/")
	out, err := cmd.CombinedOutput()
	if err != nil || len(bytes.TrimSpace(out)) > 0 {
		t.Fatalf("%s: rsync finds differences: %v\n%.4000s", what, err, out)
	}
}

// inodes lists the inode number of every path.
func inodes(t tb, dir string) map[string]uint64 {
	t.Helper()
	all := map[string]uint64{}
	check(t, filepath.WalkDir(dir, func(path string, d iofs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil {
			all[path] = info.Sys().(*syscall.Stat_t).Ino
		}
		return err
	}))
	return all
}
