package snapshot

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// A randomTree makes files below dir, by rapid's choice.
type randomTree struct {
	rt    *rapid.T
	dirs  []string
	files []string
	all   []string
}

var anyName = rapid.Custom(func(rt *rapid.T) string {
	alphabet := rapid.SampledFrom([]byte("ab.\\*?[] \n\x7f\xff\xc3\xa9-"))
	n := rapid.SampledFrom([]int{1, 2, 3, 5, 20, 254, 255}).Draw(rt, "length")
	return string(rapid.SliceOfN(alphabet, n, n).Draw(rt, "name"))
})

func (r *randomTree) add(t *testing.T) {
	name := anyName.Draw(r.rt, "name")
	p := rapid.SampledFrom(r.dirs).Draw(r.rt, "folder") + "/" + name
	if _, err := os.Lstat(p); err == nil || name == "." || name == ".." || len(p) > 3000 {
		return
	}
	switch rapid.SampledFrom([]string{"file", "file", "sparse", "dir", "dir", "link", "hard", "fifo", "socket"}).Draw(r.rt, "kind") {
	case "file":
		size := rapid.SampledFrom([]int{0, 1, 511, 512, 513, 4096, 131072, 131073, 400_000, 1_500_000}).Draw(r.rt, "size")
		must(t, os.WriteFile(p, noise(rapid.IntRange(0, 3).Draw(r.rt, "seed"), size), 0o600))
		r.files = append(r.files, p)
	case "sparse":
		f, err := os.Create(p)
		must(t, err)
		for range rapid.IntRange(0, 3).Draw(r.rt, "pieces") {
			_, err = f.WriteAt(noise(9, 5000), rapid.Int64Range(0, 1<<22).Draw(r.rt, "offset"))
			must(t, err)
		}
		must(t, errors.Join(f.Truncate(rapid.Int64Range(0, 1<<23).Draw(r.rt, "end")), f.Close()))
		r.files = append(r.files, p)
	case "dir":
		must(t, os.Mkdir(p, 0o700))
		r.dirs = append(r.dirs, p)
	case "link":
		must(t, os.Symlink(anyName.Draw(r.rt, "target"), p))
	case "hard":
		if len(r.files) == 0 {
			return
		}
		must(t, os.Link(rapid.SampledFrom(r.files).Draw(r.rt, "file"), p))
	case "fifo":
		must(t, unix.Mkfifo(p, 0o600))
	case "socket":
		must(t, unix.Mknod(p, unix.S_IFSOCK|0o600, 0))
	}
	r.all = append(r.all, p)
}

// dress gives modes, times and attributes, to folders last of all.
func (r *randomTree) dress(t *testing.T) {
	for i := len(r.all) - 1; i >= 0; i-- {
		p := r.all[i]
		info, err := os.Lstat(p)
		must(t, err)
		link := info.Mode()&os.ModeSymlink != 0
		if !link {
			must(t, unix.Chmod(p, rapid.Uint32Range(0, 0o7777).Draw(r.rt, "mode")|0o500))
		}
		if (info.IsDir() || info.Mode().IsRegular()) && rapid.Bool().Draw(r.rt, "xattr") {
			value := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(r.rt, "value")
			if err := unix.Setxattr(p, "user.\xff"+fmt.Sprint(i%3), value, 0); err != nil && !errors.Is(err, unix.ENOTSUP) {
				t.Fatal(err)
			}
		}
		ts := []unix.Timespec{{}, unix.NsecToTimespec(rapid.Int64Range(-1e18, 4e18).Draw(r.rt, "mtime"))}
		must(t, unix.UtimesNanoAt(unix.AT_FDCWD, p, ts, unix.AT_SYMLINK_NOFOLLOW))
	}
}

func TestRandomTreesComeBackAsTheyWere(t *testing.T) {
	r, base := newTestRepo(t), memoryDir(t)
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		src, dest := filepath.Join(base, fmt.Sprint("s", run)), filepath.Join(base, fmt.Sprint("d", run))
		must(t, os.Mkdir(src, 0o755))
		defer os.RemoveAll(src)
		defer os.RemoveAll(dest)
		tree := &randomTree{rt: rt, dirs: []string{src}}
		for range rapid.IntRange(0, 25).Draw(rt, "names") {
			tree.add(t)
		}
		tree.dress(t)
		res := r.create(Options{Sources: []string{src}})
		r.restore(res.Info, src, dest, RestoreOptions{Verify: true})
		sameTrees(t, src, dest)
		again := r.create(Options{Sources: []string{src}})
		if r.rootOf(again, src) != r.rootOf(res, src) || again.BytesRead > 0 {
			rt.Errorf("nothing changed, but %+v", again)
		}
		overwrite := RestoreOptions{Overwrite: true, Verify: true}
		r.restore(res.Info, src, dest, overwrite)
		info, err := os.Stat(src)
		must(t, err)
		must(t, os.Chtimes(dest, time.Time{}, info.ModTime())) // DEST held something: its own time is its own
		sameTrees(t, src, dest)
		if t.Failed() {
			rt.FailNow()
		}
	})
}
