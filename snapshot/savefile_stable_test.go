package snapshot

import (
	"os"
	"sync"
	"testing"
	"time"

	"bakfs/seal"

	"golang.org/x/sys/unix"
)

// A file's times prove that it has settled only when they are older than the steps they are kept in.
func TestYoungFiles(t *testing.T) {
	now := time.Unix(1_000_000_000, 500_000_000)
	at := func(ago time.Duration) unix.Timespec {
		return unix.NsecToTimespec(now.Add(-ago).UnixNano())
	}
	const half = time.Second / 2 // to a whole second
	for name, test := range map[string]struct {
		ctime, mtime time.Duration // ago
		wait         time.Duration
		racy         bool
	}{
		"fine, old":                 {time.Second + 1, time.Hour, -1, false},
		"fine, a tick old":          {tick, tick, 0, false},
		"fine, young":               {tick - 5, tick - 5, 5, false},
		"fine, young, mtime is old": {1, time.Hour, tick - 1, false},
		"coarse, old":               {2*time.Second + half, 2*time.Second + half, -1, false},
		"coarse, young":             {half, half, 1, true},
		"FAT, young":                {time.Second + half, time.Second + half, 1, true},
		"of a clock ahead":          {-time.Minute - 1, time.Hour, 1, true},
		"no ctime, young":           {500_000 * time.Hour / 2, 3, tick - 3, false},
		"no ctime, coarse, young":   {500_000 * time.Hour / 2, half, 1, true},
		"mtime set ahead":           {time.Second + 1, -time.Hour, -1, false},
	} {
		wait, racy := young(&unix.Stat_t{Ctim: at(test.ctime), Mtim: at(test.mtime)}, now)
		exact := !racy && test.wait >= 0
		if racy != test.racy || (wait > 0) != (test.wait > 0) || exact && wait != test.wait {
			t.Errorf("%s: wait %v, racy %v", name, wait, racy)
		}
	}
}

// newRun is a run whose parent has the tree root; seen changes what the system says of files.
func (r *testRepo) newRun(src string, root seal.ID, seen func(*unix.Stat_t)) (*creator, seal.ID) {
	r.t.Helper()
	r.warns = nil
	c, err := newCreator(r.st, Options{Keys: r.keys, Sources: []string{src}, Warn: r.warn})
	must(r.t, err)
	if root != (seal.ID{}) {
		c.wanted.at(src).prev, err = find(r.t.Context(), r.st, root, src)
		must(r.t, err)
	}
	c.seen = seen
	root, err = c.run(r.t.Context())
	must(r.t, err)
	return c, root
}

// A change that leaves no trace in the times is seen all the same, and nobody waits or is warned for it.
func TestRewriteWithinOneStepOfTheClockIsSeen(t *testing.T) {
	for name, step := range map[string]func() int64{
		"whole seconds": func() int64 { return time.Now().Unix() },
		"clock ahead":   func() int64 { return time.Now().Unix() + 3600 },
	} {
		t.Run(name, func(t *testing.T) {
			r, src := newTestRepo(t), t.TempDir()
			var mu sync.Mutex // guards last
			last := step()
			coarse := func(st *unix.Stat_t) {
				mu.Lock()
				defer mu.Unlock()
				last = max(last, step())
				st.Mtim = unix.NsecToTimespec(last * 1e9)
				st.Ctim = st.Mtim
			}
			write(t, src+"/f", "one")
			must(t, os.Link(src+"/f", src+"/g"))
			c, root := r.newRun(src, seal.ID{}, coarse)
			e, err := find(t.Context(), r.st, root, src+"/f")
			must(t, err)
			if e.Flags&flagAgain == 0 || c.n.unstable.Load() > 0 || c.n.notRead.Load() > 0 || len(r.warns) > 0 {
				t.Errorf("flags %d, %d unstable, %d not read, %q", e.Flags, c.n.unstable.Load(), c.n.notRead.Load(), r.warns)
			}
			at := unix.NsecToTimespec(e.CTime)
			still := func(st *unix.Stat_t) { st.Mtim, st.Ctim = at, at } // the clock stands
			write(t, src+"/f", "two")
			c, root = r.newRun(src, root, still)
			for _, name := range []string{"/f", "/g"} {
				if e, err = find(t.Context(), r.st, root, src+name); err != nil || string(e.Inline) != "two" {
					t.Errorf("%s: %q, %v", name, e.Inline, err)
				}
			}
			if c.n.filesChanged.Load() != 2 {
				t.Errorf("%d changed", c.n.filesChanged.Load())
			}
		})
	}
}

// When the times have become old, the file is read once more and then no more.
func TestRacyFileBecomesCertain(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	write(t, src+"/f", "one")
	sec := time.Now().Unix() + 3600
	fresh := func(st *unix.Stat_t) { st.Mtim = unix.NsecToTimespec(sec * 1e9); st.Ctim = st.Mtim }
	_, root := r.newRun(src, seal.ID{}, fresh)
	sec -= 7200
	for n, read := range []uint64{3, 0} {
		var c *creator
		if c, root = r.newRun(src, root, fresh); c.n.read.Load() != read {
			t.Errorf("run %d read %d bytes", n, c.n.read.Load())
		}
	}
}

// A file that always changes is read all the same, and again next time.
func TestSettlingHasAnEnd(t *testing.T) {
	p := t.TempDir() + "/f"
	write(t, p, "x")
	fd, err := unix.Open(p, unix.O_RDONLY, 0)
	must(t, err)
	defer unix.Close(fd)
	looks := 0
	c := &creator{seen: func(st *unix.Stat_t) {
		looks++
		st.Ctim = unix.NsecToTimespec(time.Now().UnixNano() | 1)
	}}
	st, err := c.statFile(fd)
	must(t, err)
	racy, err := c.settle(t.Context(), fd, &st)
	must(t, err)
	if looks > 4 || !racy && looks == 4 {
		t.Errorf("racy %v after %d looks", racy, looks)
	}
}

// What lacks extended attributes is not whole: it is read and reported again.
func TestFileWithoutAllItsXattrsIsReadAgain(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	write(t, src+"/f", "one")
	var root seal.ID
	for n, problem := range []error{errXattrsTooLarge, errXattrsTooLarge, nil, nil} {
		r.warns = nil
		c, err := newCreator(r.st, Options{Keys: r.keys, Sources: []string{src}, Warn: r.warn})
		must(t, err)
		if n > 0 {
			c.wanted.at(src).prev, err = find(t.Context(), r.st, root, src)
			must(t, err)
		}
		c.unkept = problem
		root, err = c.run(t.Context())
		must(t, err)
		lost := map[bool]int{true: 1}[problem != nil]
		read := map[bool]uint64{true: 3}[n < 3]
		if res := c.result(); res.NotRead != uint64(lost) || len(r.warns) != lost || res.BytesRead != read || res.Files != 1 {
			t.Errorf("run %d: %+v, %q", n, res, r.warns)
		}
	}
}
