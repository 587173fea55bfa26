package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"bakfs/seal"

	"golang.org/x/sys/unix"
)

// unprivileged runs the named test once more in a process without rights, and says if this is that process.
func unprivileged(t *testing.T) bool {
	t.Helper()
	if os.Geteuid() != 0 {
		return true
	}
	dir, err := os.MkdirTemp("/tmp", "bakfs-test-") // t.TempDir lies in a folder that is root's alone
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o777))
	self, err := os.Open("/proc/self/exe")
	must(t, err)
	defer self.Close()
	exe, err := os.OpenFile(dir+"/test", os.O_CREATE|os.O_WRONLY, 0o755)
	must(t, err)
	_, err = io.Copy(exe, self)
	must(t, errors.Join(err, exe.Close(), os.Chmod(dir+"/test", 0o755)))
	cmd := exec.Command(dir+"/test", "-test.run=^"+t.Name()+"$", "-test.v", "-test.testlogfile=")
	cmd.Dir, cmd.Env = dir, []string{"TMPDIR=" + dir, "HOME=" + dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		t.Skip("cannot run as another user: ", err)
	}
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("without rights: %v\n%s", err, out)
	}
	return false
}

func TestUnreadableFilesAreReportedAndTheRestGoesOn(t *testing.T) {
	if !unprivileged(t) {
		return
	}
	r, src := newTestRepo(t), t.TempDir()
	write(t, src+"/fine", "fine")
	write(t, src+"/locked file", "secret")
	write(t, src+"/locked folder/f", "secret")
	write(t, src+"/no search/f", "secret")
	must(t, os.Chmod(src+"/locked file", 0))
	must(t, os.Chmod(src+"/locked folder", 0o111))
	must(t, os.Chmod(src+"/no search", 0o444))
	t.Cleanup(func() { os.Chmod(src+"/no search", 0o700); os.Chmod(src+"/locked folder", 0o700) })
	res := r.createWarned(Options{Sources: []string{src}})
	if !res.Incomplete || res.NotRead != 3 || res.Files != 1 || len(r.warns) != 3 {
		t.Errorf("%+v, %q", res, r.warns)
	}
	for name, kept := range map[string]bool{"locked file": false, "locked folder": true, "no search": true} {
		e, err := find(t.Context(), r.st, res.Root, src+"/"+name)
		if (err == nil) != kept || kept && (e.Mode == 0o755 || e.Nlink != 2) {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
	}
	for _, name := range []string{"locked file", "locked folder"} {
		p := src + "/" + name
		if err := r.createErr(Options{Sources: []string{p}}); !errors.Is(err, unix.EACCES) {
			t.Errorf("the only source, %s: %v", name, err)
		}
		res := r.createWarned(Options{Sources: []string{src + "/fine", p}})
		if _, err := find(t.Context(), r.st, res.Root, p); !errors.Is(err, os.ErrNotExist) || res.NotRead != 1 || res.Files != 1 ||
			!slices.Equal(res.Sources, []string{src + "/fine"}) || len(r.warns) != 1 || !strings.HasPrefix(r.warns[0], p+": ") {
			t.Errorf("one of two sources, %s: %+v, %q, %v", name, res, r.warns, err)
		}
	}
	inner := r.createWarned(Options{Sources: []string{src + "/locked folder", src + "/locked folder/f"}})
	if !slices.Equal(inner.Sources, []string{src + "/locked folder/f"}) || inner.NotRead != 1 || inner.Files != 1 {
		t.Errorf("a source in one that cannot be listed: %+v, %q", inner, r.warns)
	}
	dest := t.TempDir() + "/d"
	r.restore(res.Info, src, dest, RestoreOptions{Verify: true})
	must(t, os.Chmod(dest+"/locked folder", 0o700))
	if b, err := os.ReadFile(dest + "/fine"); string(b) != "fine" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
}

func TestWithoutRightsModesAndXattrsComeBack(t *testing.T) {
	if !unprivileged(t) {
		return
	}
	r, src := newTestRepo(t), t.TempDir()
	write(t, src+"/suid", "mine")
	must(t, os.Chmod(src+"/suid", 0o755|os.ModeSetuid))
	write(t, src+"/read only/f", "x")
	_ = unix.Setxattr(src+"/read only/f", "user.x", []byte("x"), 0)
	must(t, os.Chmod(src+"/read only/f", 0o400))
	must(t, os.Chmod(src+"/read only", 0o500))
	t.Cleanup(func() { os.Chmod(src+"/read only", 0o700) })
	res := r.create(Options{Sources: []string{src}})
	dest := t.TempDir() + "/d"
	t.Cleanup(func() { os.Chmod(dest+"/read only", 0o700) })
	r.restore(res.Info, src, dest, RestoreOptions{Verify: true})
	sameTrees(t, src, dest)
}

// A setuid bit must not turn a file of one person into a key to the rights of another.
func TestSetuidNeedsItsOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	r, src := newTestRepo(t), t.TempDir()
	write(t, src+"/f", "x")
	must(t, os.Chown(src+"/f", 12345, 54321))
	must(t, os.Chmod(src+"/f", 0o755|os.ModeSetuid|os.ModeSetgid))
	res := r.create(Options{Sources: []string{src}})
	dest := t.TempDir()
	_, err := Restore(t.Context(), r.st, res.Info, src, dest, RestoreOptions{})
	must(t, err)
	var st unix.Stat_t
	must(t, unix.Stat(dest+"/f", &st))
	if st.Mode&0o7777 != 0o755 || st.Uid != 0 {
		t.Errorf("mode %o of %d", st.Mode, st.Uid)
	}
}

// While folders are swapped for links to elsewhere, nothing from there may get into a snapshot.
func TestSwappedFoldersLeadNowhere(t *testing.T) {
	r, src, outside := newTestRepo(t), t.TempDir(), t.TempDir()
	write(t, outside+"/sub/secret", "secret")
	write(t, src+"/a/sub/f", "x")
	must(t, os.Symlink(outside, src+"/z"))
	var stop atomic.Bool
	var swaps sync.WaitGroup
	swaps.Go(func() {
		for !stop.Load() {
			if err := unix.Renameat2(unix.AT_FDCWD, src+"/a", unix.AT_FDCWD, src+"/z", unix.RENAME_EXCHANGE); err != nil {
				return
			}
		}
	})
	defer swaps.Wait()
	defer stop.Store(true)
	for range 200 {
		c, err := newCreator(r.st, Options{Keys: r.keys, Sources: []string{src}, DryRun: false})
		must(t, err)
		root, err := c.run(t.Context())
		must(t, err)
		for _, dir := range []string{"/a", "/z"} {
			if e, err := find(t.Context(), r.st, root, src+dir+"/sub/secret"); err == nil {
				t.Fatalf("%s leads out: %+v", dir, e)
			}
		}
	}
}

func TestVanishedFileIsNoError(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	write(t, src+"/a", "x")
	write(t, src+"/b", "x")
	c, err := newCreator(r.st, Options{Keys: r.keys, Sources: []string{src}, Warn: r.warn})
	must(t, err)
	fd, err := unix.Open(src, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	must(t, err)
	defer unix.Close(fd)
	d := &dir{up: &dir{}, name: "src", fd: fd, inside: true, depth: 1}
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	c.cancel = cancel
	if p := c.visit(ctx, d, "gone", &prevDir{}); p != nil {
		t.Errorf("%+v", p)
	}
	p := &pending{}
	c.readFile(ctx, d, "gone too", p)
	if p.entry != nil || p.fatal || c.n.notRead.Load() != 0 || len(r.warns) != 2 {
		t.Errorf("%+v, %d not read, %q", p, c.n.notRead.Load(), r.warns)
	}
	must(t, os.Symlink("a", src+"/now a link"))
	c.readFile(ctx, d, "now a link", p)
	if p.entry != nil || c.n.notRead.Load() != 1 {
		t.Errorf("%+v, %d not read", p, c.n.notRead.Load())
	}
	must(t, unix.Mkfifo(src+"/now a fifo", 0o644))
	c.readFile(ctx, d, "now a fifo", p) // must not wait for a writer
	if p.entry != nil || c.n.notRead.Load() != 2 {
		t.Errorf("%+v, %d not read", p, c.n.notRead.Load())
	}
}

// A store that fails ends the run with its error, and everything that was started has ended when run returns.
func TestFailingStoreEndsTheRun(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	for i := range 40 {
		write(t, fmt.Sprintf("%s/%d/%d", src, i%7, i), string(noise(i, 1000+i)))
	}
	for n := range 60 {
		c, err := newCreator(r.st, Options{Keys: r.keys, Sources: []string{src}})
		must(t, err)
		sink := &failingSink{sink: c.put}
		sink.left.Store(int64(n))
		c.put = sink
		_, err = c.run(t.Context())
		if failed := sink.left.Load() < 0; failed != errors.Is(err, errSink) || !failed && err != nil {
			t.Errorf("after %d chunks: %v", n, err)
		}
		if running := sink.running.Load(); running != 0 {
			t.Errorf("after %d chunks: %d still running", n, running)
		}
	}
}

var errSink = errors.New("the disk broke")

type failingSink struct {
	sink
	left, running atomic.Int64
}

func (f *failingSink) Put(ctx context.Context, t seal.ChunkType, b []byte) (seal.ID, int64, error) {
	f.running.Add(1)
	defer f.running.Add(-1)
	if f.left.Add(-1) < 0 {
		return seal.ID{}, 0, errSink
	}
	return f.sink.Put(ctx, t, b)
}

func TestParentThatCannotBeReadIsNoParent(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	for i := range 600 { // several nodes
		write(t, fmt.Sprintf("%s/%d", src, i), "x")
	}
	res := r.create(Options{Sources: []string{src}})
	packs, err := filepath.Glob(r.dir + "/packs/*/*")
	must(t, err)
	for _, p := range packs {
		b, err := os.ReadFile(p)
		must(t, err)
		for i := 200; i < len(b); i += 5000 {
			b[i] ^= 1
		}
		must(t, os.WriteFile(p, b, 0o600))
	}
	r.open()
	again := r.createWarned(Options{Sources: []string{src}})
	if again.Files != res.Files || again.FilesUnchanged > 0 || again.Incomplete || len(r.warns) == 0 {
		t.Errorf("%+v, %q", again, r.warns)
	}
	dest := t.TempDir()
	r.restore(again.Info, src, dest, RestoreOptions{})
	sameTrees(t, src, dest)
}

func TestNewestParentOfTheSameSourceIsUsed(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	write(t, src+"/a/f", "a")
	write(t, src+"/b/f", "b")
	r.create(Options{Sources: []string{src}})
	write(t, src+"/a/f", "A")
	r.create(Options{Sources: []string{src + "/a"}})
	res := r.create(Options{Sources: []string{src + "/b", src + "/a"}, Now: func() time.Time { return time.Unix(1e9, 0) }})
	if res.FilesUnchanged != 2 || !res.Start.Equal(time.Unix(1e9, 0)) {
		t.Errorf("%+v", res)
	}
}

// A name that the format cannot hold costs that name, not the run.
func TestNameThatDoesNotFitIsReported(t *testing.T) {
	r := newTestRepo(t)
	c, err := newCreator(r.st, Options{Keys: r.keys, Sources: []string{r.dir}, Warn: r.warn})
	must(t, err)
	s := &dirSaver{c: c, d: &dir{up: &dir{}, name: "a"}, w: newDirWriter(c.put)}
	long := strings.Repeat("n", 256)
	must(t, s.add(t.Context(), ready(&Entry{Name: long, Kind: FIFO})))
	must(t, s.add(t.Context(), ready(&Entry{Name: "z", Kind: FIFO})))
	if c.n.notRead.Load() != 1 || c.n.others.Load() != 1 || len(r.warns) != 1 || !strings.HasPrefix(r.warns[0], "/a/"+long) {
		t.Errorf("%d not read, %d kept, %q", c.n.notRead.Load(), c.n.others.Load(), r.warns)
	}
	s.d.want = &wanted{below: map[string]*wanted{long: {all: true}}}
	p := ready(&Entry{Name: long, Kind: FIFO})
	p.path = "/a/" + long
	must(t, s.add(t.Context(), p))
	if c.n.notRead.Load() != 2 || c.gone.all([]string{p.path}) == nil {
		t.Error("a whole source was left out in silence")
	}
}

func TestSourceThatIsALinkIsKeptAsOne(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	write(t, src+"/real/f", "x")
	must(t, os.Symlink("real", src+"/link"))
	res := r.createWarned(Options{Sources: []string{src + "/link"}})
	if res.Files != 0 || res.Others != 1 || res.Incomplete || len(r.warns) != 1 {
		t.Errorf("%+v, %q", res, r.warns)
	}
	res = r.create(Options{Sources: []string{src + "/link/f"}})
	if e, err := find(t.Context(), r.st, res.Root, src+"/link"); err != nil || e.Kind != Dir || res.Files != 1 {
		t.Errorf("a link on the way is followed, because it was named: %+v, %v", e, err)
	}
}

// Within a tick of its last change a file can change again without a trace in its times.
func TestFreshFilesSettleBeforeTheyAreRead(t *testing.T) {
	p := t.TempDir() + "/f"
	write(t, p, "x")
	fd, err := unix.Open(p, unix.O_RDONLY, 0)
	must(t, err)
	defer unix.Close(fd)
	must(t, os.Chmod(p, 0o600)) // as fresh as can be
	st, err := statOf(fd)
	must(t, err)
	c := &creator{}
	racy, err := c.settle(t.Context(), fd, &st)
	must(t, err)
	if age := time.Since(time.Unix(0, nanoseconds(st.Ctim))); age < tick && !racy {
		t.Errorf("read %v after its last change", age)
	}
}

func TestWaitEndsWhenAllHaveEnded(t *testing.T) {
	s := &dirSaver{}
	var ended atomic.Int32
	for range 3 {
		p := &pending{done: make(chan struct{})}
		s.queue = append(s.queue, p)
		go func() {
			time.Sleep(time.Millisecond)
			ended.Add(1)
			close(p.done)
		}()
	}
	if err := s.wait(t.Context(), errSink); !errors.Is(err, errSink) || ended.Load() != 3 {
		t.Errorf("%d of 3 have ended, %v", ended.Load(), err)
	}
}
