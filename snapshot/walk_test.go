package snapshot

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestNamesOfOneFileStayOneFile(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	write(t, src+"/m/first", string(noise(10, 3<<20)))
	write(t, src+"/tiny", "tiny")
	must(t, os.Mkdir(src+"/a", 0o755))
	must(t, os.Link(src+"/m/first", src+"/a/before"))
	must(t, os.Link(src+"/m/first", src+"/z behind"))
	must(t, os.Link(src+"/tiny", src+"/tiny too"))
	for i := range 300 {
		must(t, os.Link(src+"/tiny", fmt.Sprintf("%s/a/%d", src, i)))
	}
	res := r.create(Options{Sources: []string{src}})
	if res.BytesRead != 3<<20+4 {
		t.Errorf("each file is to be read once, but %d bytes were read", res.BytesRead)
	}
	dest := t.TempDir()
	r.restore(res.Info, src, dest, RestoreOptions{})
	sameTrees(t, src, dest)

	part := t.TempDir()
	r.restore(res.Info, src+"/a", part, RestoreOptions{})
	if names := describe(t, part)["before"]; !strings.HasSuffix(names, `names ["before"]`) {
		t.Errorf("restored alone: %s", names)
	}
	must(t, os.Remove(dest+"/a/before"))
	r.restore(res.Info, src, dest, RestoreOptions{Overwrite: true})
	info, err := os.Stat(src)
	must(t, err)
	must(t, os.Chtimes(dest, time.Time{}, info.ModTime())) // DEST held something: its own time is its own
	sameTrees(t, src, dest)
}

func TestHolesStayHoles(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	sparse := func(name string, size int64, data ...int64) {
		f, err := os.Create(src + "/" + name)
		must(t, err)
		defer f.Close()
		for i, off := range data {
			_, err = f.WriteAt(noise(i, 300_000), off)
			must(t, err)
		}
		must(t, f.Truncate(size))
	}
	sparse("hole", 10<<20)
	sparse("hole at the end", 10<<20, 0)
	sparse("hole in front", 4<<20+300_000, 4<<20)
	sparse("many", 64<<20, 1<<20, 5<<20, 9<<20, 20<<20, 21<<20, 40<<20, 50<<20, 60<<20)
	sparse("large", 9<<30+5, 5<<30, 9<<30-300_000)
	sparse("small", 500)
	res := r.create(Options{Sources: []string{src}})
	if res.BytesRead > 5<<20 {
		t.Errorf("%d bytes were read", res.BytesRead)
	}
	dest := t.TempDir()
	r.restore(res.Info, src, dest, RestoreOptions{Verify: true})
	sameTrees(t, src, dest)
}

func TestXattrsAndACLs(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	write(t, src+"/f", "x")
	write(t, src+"/readonly", "x")
	must(t, os.Mkdir(src+"/dir", 0o755))
	if err := unix.Setxattr(src+"/f", "user.one", []byte("1\x00\xff"), 0); errors.Is(err, unix.ENOTSUP) {
		t.Skip("no extended attributes here")
	}
	must(t, unix.Setxattr(src+"/f", "user.empty", nil, 0))
	must(t, unix.Setxattr(src+"/readonly", "user.ro", []byte("ro"), 0))
	must(t, os.Chmod(src+"/readonly", 0o444))
	must(t, unix.Setxattr(src+"/dir", "user.dir", []byte("d"), 0))
	// user::rw-, user 12345 r--, group::r--, mask r--, other ---
	acl := "\x02\x00\x00\x00" + "\x01\x00\x06\x00\xff\xff\xff\xff" + "\x02\x00\x04\x00\x39\x30\x00\x00" +
		"\x04\x00\x04\x00\xff\xff\xff\xff" + "\x10\x00\x04\x00\xff\xff\xff\xff" + "\x20\x00\x00\x00\xff\xff\xff\xff"
	must(t, unix.Setxattr(src+"/f", aclAccess, []byte(acl), 0))
	must(t, unix.Setxattr(src+"/dir", aclDefault, []byte(acl), 0))
	write(t, src+"/dir/inherits", "x")
	must(t, os.WriteFile(src+"/dir/bare", nil, 0o640))
	must(t, unix.Removexattr(src+"/dir/bare", aclAccess))
	must(t, unix.Mkfifo(src+"/dir/fifo", 0o640))
	if os.Geteuid() == 0 {
		must(t, os.Symlink("x", src+"/link"))
		must(t, unix.Lsetxattr(src+"/link", "trusted.link", []byte("l"), 0))
		must(t, unix.Setxattr(src+"/f", "trusted.t", []byte("t"), 0))
	}
	res := r.create(Options{Sources: []string{src}})
	if again := r.create(Options{Sources: []string{src}}); r.rootOf(again, src) != r.rootOf(res, src) {
		t.Error("unchanged, but the tree differs")
	}
	plain, inheriting := t.TempDir(), t.TempDir()
	must(t, unix.Setxattr(inheriting, aclDefault, []byte(acl), 0))
	for _, dest := range []string{plain, inheriting} {
		r.restore(res.Info, src, dest, RestoreOptions{})
		sameTrees(t, src, dest)
	}
}

func TestXattrsThatDoNotFitAreReported(t *testing.T) {
	fake := fakeXattrs{"user.b": make([]byte, maxXattr), "user.a": []byte("a"), "user.large": make([]byte, maxXattr+1)}
	list, err := readXattrsFrom(fake)
	if !errors.Is(err, errXattrsTooLarge) || len(list) != 2 || list[0].Name != "user.a" || list[1].Name != "user.b" {
		t.Errorf("%d, %v", len(list), err)
	}
	for i := range 5 {
		fake[fmt.Sprint("user.c", i)] = make([]byte, maxXattr)
	}
	delete(fake, "user.large")
	list, err = readXattrsFrom(fake)
	if e := (&Entry{Name: "n", Kind: FIFO, Xattrs: list}); !errors.Is(err, errXattrsTooLarge) || e.check() != nil {
		t.Errorf("%d, %v, %v", len(list), err, e.check())
	}
}

type fakeXattrs map[string][]byte

func (f fakeXattrs) list(buf []byte) (int, error) {
	all := ""
	for name := range f {
		all += name + "\x00"
	}
	if len(buf) < len(all) {
		return 0, unix.ERANGE
	}
	return copy(buf, all), nil
}

func (f fakeXattrs) get(name string, buf []byte) (int, error) {
	if len(buf) < len(f[name]) {
		return 0, unix.ERANGE
	}
	return copy(buf, f[name]), nil
}

func TestSocketsAndDevices(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	must(t, unix.Mknod(src+"/socket", unix.S_IFSOCK|0o640, 0))
	devices := unix.Mknod(src+"/null", unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))) == nil
	if devices {
		must(t, unix.Mknod(src+"/block", unix.S_IFBLK|0o600, int(unix.Mkdev(259, 70000))))
	}
	res := r.create(Options{Sources: []string{src}})
	dest := t.TempDir()
	if devices {
		got := r.restoreWarned(res.Info, src, dest, RestoreOptions{})
		if got.Skipped != 2 || got.Others != 1 || got.Errors != 0 || len(r.warns) != 2 {
			t.Errorf("devices were not asked for, but %+v, %q", got, r.warns)
		}
		dest = t.TempDir()
	}
	r.restore(res.Info, src, dest, RestoreOptions{Devices: true})
	sameTrees(t, src, dest)
}

// chain makes folders inside each other by descriptors, since their path is too long for any call.
func chain(t *testing.T, dir, name string, depth int) {
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	must(t, err)
	for range depth {
		must(t, unix.Mkdirat(fd, name, 0o755))
		next, err := unix.Openat(fd, name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
		must(t, err)
		unix.Close(fd)
		fd = next
	}
	f, err := unix.Openat(fd, "bottom", unix.O_WRONLY|unix.O_CREAT, 0o644)
	must(t, err)
	_, err = unix.Write(f, []byte("deep"))
	must(t, err)
	unix.Close(f)
	unix.Close(fd)
}

func TestDeepTreesBeyondPathMax(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	above := len(split(src))
	name := strings.Repeat("d", 200)
	chain(t, src, name, maxDepth-above)
	res := r.create(Options{Sources: []string{src}})
	if res.Dirs != maxDepth {
		t.Errorf("%d folders", res.Dirs)
	}
	dest := t.TempDir()
	got := r.restore(res.Info, src, dest, RestoreOptions{Verify: true})
	if got.Dirs != uint64(maxDepth-above) || got.Files != 1 || got.Verified != 1 {
		t.Errorf("%+v", got)
	}
	again := r.create(Options{Sources: []string{dest}})
	if again.Dirs != res.Dirs || again.Files != 1 || again.Added > 1<<20 {
		t.Errorf("the restored tree: %+v", again)
	}

	deeper := t.TempDir()
	chain(t, deeper, "d", maxDepth)
	res = r.createWarned(Options{Sources: []string{deeper}})
	if res.NotRead != 1 || res.Files != 0 || !strings.Contains(strings.Join(r.warns, ""), "more than 1024 folders inside each other") {
		t.Errorf("too deep: %+v, %.200q", res, r.warns)
	}
}

// memoryDir is a folder where making 100,000 files is quick, if the system has one.
func memoryDir(t testing.TB) string {
	dir, err := os.MkdirTemp("/dev/shm", "bakfs-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func TestLargeFolder(t *testing.T) {
	if testing.Short() {
		t.Skip("100,000 files")
	}
	r, src := newTestRepo(t), memoryDir(t)
	const n = 100_000
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := w; i < n; i += 4 {
				fd, err := unix.Open(fmt.Sprintf("%s/file %d", src, i), unix.O_WRONLY|unix.O_CREAT, 0o644)
				if err != nil {
					t.Error(err)
					return
				}
				unix.Close(fd)
			}
		})
	}
	wg.Wait()
	res := r.create(Options{Sources: []string{src}})
	if res.Files != n {
		t.Errorf("%d files", res.Files)
	}
	again := r.create(Options{Sources: []string{src}})
	if again.FilesUnchanged != n || r.rootOf(again, src) != r.rootOf(res, src) {
		t.Errorf("%+v", again)
	}
	dest := memoryDir(t)
	if got := r.restore(res.Info, src, dest, RestoreOptions{}); got.Files != n {
		t.Errorf("%+v", got)
	}
	want, err := os.ReadDir(src)
	must(t, err)
	have, err := os.ReadDir(dest)
	must(t, err)
	if !slices.EqualFunc(want, have, func(a, b os.DirEntry) bool { return a.Name() == b.Name() }) {
		t.Error("the names differ")
	}
}

func TestFileThatChangesWhileItIsRead(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	for name, test := range map[string]struct {
		times    int // changes after that many readings
		change   func(path string)
		size     int64
		unstable bool
	}{
		"grows once":     {1, func(p string) { appendTo(t, p, "more") }, 100_004, false},
		"grows for ever": {9, func(p string) { appendTo(t, p, "more") }, 100_004, true},
		"shrinks":        {1, func(p string) { must(t, os.Truncate(p, 10)) }, 10, false},
		"same size": {9, func(p string) {
			f, _ := os.OpenFile(p, os.O_WRONLY, 0)
			f.WriteAt([]byte(time.Now().String()[:20]), 50)
			f.Close()
		}, 100_000, true},
	} {
		t.Run(name, func(t *testing.T) {
			p := filepath.Join(src, name)
			write(t, p, strings.Repeat("x", 100_000))
			var warned []error
			c, err := newCreator(r.st, Options{Keys: r.keys, Sources: []string{p}, Warn: func(_ string, err error) { warned = append(warned, err) }})
			must(t, err)
			left := test.times
			c.reading = func(path string) {
				if left--; left >= 0 && path == p {
					time.Sleep(2 * tick) // so that the clock of file times has moved on
					test.change(p)
				}
			}
			root, err := c.run(t.Context())
			must(t, err)
			e, err := find(t.Context(), r.st, root, p)
			must(t, err)
			if e.Size != test.size || (e.Flags&flagAgain != 0) != test.unstable || (len(warned) == 1) != test.unstable {
				t.Errorf("size %d, flags %d, warned %v", e.Size, e.Flags, warned)
			}
			if c.n.notRead.Load() != 0 {
				t.Error("this is not an error")
			}
		})
	}
}

func appendTo(t *testing.T, path, text string) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	must(t, err)
	_, err = f.WriteString(text)
	must(t, errors.Join(err, f.Close()))
}

func TestOneFileSystem(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	write(t, src+"/f", "here")
	must(t, os.Mkdir(src+"/mount", 0o755))
	if err := unix.Mount("none", src+"/mount", "tmpfs", 0, "size=1m"); err != nil {
		t.Skip("cannot mount: ", err)
	}
	defer unix.Unmount(src+"/mount", unix.MNT_DETACH)
	write(t, src+"/mount/other/g", "there")
	if res := r.create(Options{Sources: []string{src}}); res.Files != 2 {
		t.Errorf("without the option: %+v", res)
	}
	res := r.create(Options{Sources: []string{src}, OneFileSystem: true})
	if _, err := find(t.Context(), r.st, res.Root, src+"/mount"); res.Files != 1 || err != nil {
		t.Errorf("with it: %+v, %v", res, err)
	}
	res = r.create(Options{Sources: []string{src, src + "/mount/other"}, OneFileSystem: true})
	if res.Files != 2 {
		t.Errorf("a source on the other file system: %+v", res)
	}
}

func TestCacheFolders(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	write(t, src+"/cache/CACHEDIR.TAG", cacheSignature+"\n# made by a test\n")
	write(t, src+"/cache/a", "left out")
	write(t, src+"/cache/b/c", "left out")
	write(t, src+"/fake/CACHEDIR.TAG", "Signature: something else")
	write(t, src+"/fake/a", "kept")
	must(t, os.MkdirAll(src+"/pipe", 0o755))
	must(t, unix.Mkfifo(src+"/pipe/CACHEDIR.TAG", 0o644))
	if res := r.create(Options{Sources: []string{src}, ExcludeCaches: true}); res.Files != 3 || res.Others != 1 {
		t.Errorf("%+v", res)
	}
}

func TestNothingIsLeftOpen(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	for i := range 50 {
		write(t, fmt.Sprintf("%s/%d/f", src, i), "x")
	}
	count := func() int {
		fds, err := os.ReadDir("/proc/self/fd")
		must(t, err)
		return len(fds)
	}
	res := r.create(Options{Sources: []string{src}})
	r.restore(res.Info, src, t.TempDir(), RestoreOptions{Verify: true})
	fds, goroutines := count(), runtime.NumGoroutine()
	for range 3 {
		r.create(Options{Sources: []string{src}, Progress: &Progress{}})
		r.restore(res.Info, src, t.TempDir(), RestoreOptions{Verify: true})
	}
	if now := count(); now > fds+5 {
		t.Errorf("%d descriptors, then %d", fds, now)
	}
	if now := runtime.NumGoroutine(); now > goroutines+5 {
		t.Errorf("%d goroutines, then %d", goroutines, now)
	}
}
