package snapshot

import (
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"bakfs/journal"
	"bakfs/seal"
	"bakfs/store"
)

// A memLog is a journal that breaks where it is told to. News is what Refresh has not read yet.
type memLog struct {
	mu       sync.Mutex
	entries  []journal.Entry
	news     []journal.Entry
	problems []journal.Problem
	refresh  func(ctx context.Context) error // if set: runs after news are read
	looks    atomic.Int32
}

func (l *memLog) Refresh(ctx context.Context) ([]journal.Problem, error) {
	l.looks.Add(1)
	l.mu.Lock()
	l.entries = append(l.entries, l.news...)
	l.news = nil
	problems, then := l.problems, l.refresh
	l.mu.Unlock()
	if then != nil {
		return problems, then(ctx)
	}
	return problems, ctx.Err()
}

func (l *memLog) Entries(journal.Kind) []journal.Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.entries)
}

// A world is a forest over fakes, its clock in the test's hand.
type world struct {
	t      *testing.T
	m      *memStore
	l      *memLog
	f      *Forest
	clock  time.Time
	logged []string
	count  byte
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, m: newMemStore(), l: &memLog{}, clock: at("2026-06-01", "12:00")}
	w.f = newForest(w.m, w.l)
	w.f.Location = berlin
	w.f.now = func() time.Time { return w.clock }
	w.f.Log = func(path string, err error) { w.logged = append(w.logged, path+": "+err.Error()) }
	return w
}

// files are paths of a snapshot with their contents; "/" at the end: an empty directory.
func (w *world) tree(files map[string]string) seal.ID {
	var entries []Entry
	below := map[string]map[string]string{}
	for name, content := range files {
		first, rest, inside := strings.Cut(name, "/")
		switch {
		case !inside:
			entries = append(entries, plainFile(first, content))
		default:
			if below[first] == nil {
				below[first] = map[string]string{}
			}
			if rest != "" {
				below[first][rest] = content
			}
		}
	}
	for name, inside := range below {
		entries = append(entries, Entry{Name: name, Kind: Dir, Mode: 0o700, Nlink: 2, MTime: 1e18, Root: w.tree(inside)})
	}
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return writeDir(w.t, w.m, entries)
}

// snapshot adds one to the journal's news; sources are separated by blanks.
func (w *world) snapshot(device, day, clock, sources string, files map[string]string) Info {
	w.t.Helper()
	i := Info{Root: w.tree(files), Sources: slices.Sorted(slices.Values(strings.Fields(sources))), Start: time.Unix(0, 0), End: time.Unix(0, 0)}
	return w.enter(device, at(day, clock), i)
}

// enter adds a snapshot to the journal's news.
func (w *world) enter(device string, when time.Time, i Info) Info {
	w.t.Helper()
	payload, err := i.payload()
	if err != nil {
		w.t.Fatal(err)
	}
	w.count++
	i.ID, i.Time = seal.Hash{w.count}, when
	w.l.mu.Lock()
	defer w.l.mu.Unlock()
	w.l.news = append(w.l.news, journal.Entry{Kind: journal.Snapshot, Device: seal.DeviceID{device[0]}, Name: device, Hash: i.ID,
		Time: i.Time.UnixNano(), Payload: payload})
	return i
}

func (w *world) later() { w.clock = w.clock.Add(2 * time.Second) }

// names lists a directory of the mount, in one line.
func (w *world) names(dir string) string {
	w.t.Helper()
	list, err := iofs.ReadDir(w.f.FS(), dir)
	if err != nil {
		w.t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

func (w *world) same(got, want string) {
	w.t.Helper()
	if got != want {
		w.t.Errorf("%q, want %q", got, want)
	}
}

func (w *world) read(name string) string {
	b, err := iofs.ReadFile(w.f.FS(), name)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func (w *world) ino(name string) uint64 {
	w.t.Helper()
	info, err := w.f.FS().(view).Lstat(name)
	if err != nil {
		w.t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Ino
}

func TestForestShowsEverySnapshot(t *testing.T) {
	w := newWorld(t)
	w.same(w.names("snapshots"), "")
	w.same(w.names("files"), "")
	w.later()
	w.snapshot("my pc/1", "2026-05-31", "03:00", "/home", map[string]string{"home/a": "old"})
	w.snapshot("my pc/1", "2026-05-31", "03:00", "/home", map[string]string{"home/a": "new"})
	w.snapshot("phone", "2026-05-31", "03:01", "/dcim", map[string]string{"dcim/p": "photo"})
	w.same(w.names("."), ".metadata_never_index .nomedia .trackerignore README.txt files snapshots")
	w.same(w.names("snapshots"), "2026-05-31_0300-2_my-pc-1 2026-05-31_0300_my-pc-1 2026-05-31_0301_phone latest")
	w.same(w.read("snapshots/2026-05-31_0300_my-pc-1/files/home/a"), "old")
	w.same(w.read("snapshots/2026-05-31_0300-2_my-pc-1/files/home/a"), "new")
	w.same(w.read(".nomedia"), "")
	if !strings.Contains(w.read("README.txt"), "read-only") {
		t.Error(w.read("README.txt"))
	}
	target, err := w.f.FS().(view).ReadLink("snapshots/latest")
	if target != "2026-05-31_0301_phone" || err != nil {
		t.Error(target, err)
	}
	if err := fstest.TestFS(w.f.FS(), "files/home/a", "files/dcim/p", "snapshots/2026-05-31_0301_phone/files/dcim/p", "README.txt"); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"snapshots/2026", "snapshots/..", "files/etc", "none", "snapshots/latest/none"} {
		if _, err := iofs.Stat(w.f.FS(), name); err == nil {
			t.Errorf("%s is there", name)
		}
	}
}

// Everything has an inode of its own, and the link's depends on where it leads.
func TestForestInodes(t *testing.T) {
	w := newWorld(t)
	w.snapshot("pc", "2026-05-30", "03:00", "/home /home/deep/in", map[string]string{"home/a": "1", "home/deep/in/b": "2"})
	w.snapshot("pc", "2026-05-31", "03:00", "/home", map[string]string{"home/a": "1"})
	w.names(".") // looks, so that all times below are those of the newest snapshot
	seen := map[uint64]string{}
	err := iofs.WalkDir(w.f.FS(), ".", func(name string, d iofs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		ino := w.ino(name)
		if seen[ino] != "" {
			t.Errorf("%s has the inode of %s", name, seen[ino])
		}
		seen[ino] = name
		info, err := d.Info()
		if err == nil && info.Sys().(*syscall.Stat_t).Ino != ino {
			t.Errorf("%s is listed with another inode", name)
		}
		if d.IsDir() { // seen from inside it is the same
			sub, err := iofs.Sub(w.f.FS(), name)
			if err != nil {
				return err
			}
			inside, err := sub.(view).Lstat(".")
			if err != nil {
				return err
			}
			if *inside.Sys().(*syscall.Stat_t) != *info.Sys().(*syscall.Stat_t) {
				t.Errorf("%s: listed %+v, from inside %+v", name, info.Sys(), inside.Sys())
			}
		}
		return err
	})
	if err != nil || len(seen) < 20 {
		t.Error(len(seen), err)
	}
	latest, files, home := w.ino("snapshots/latest"), w.ino("files"), w.ino("files/home/a")
	w.snapshot("pc", "2026-06-01", "03:00", "/home", map[string]string{"home/a": "1"})
	w.later()
	if w.ino("snapshots/latest") == latest {
		t.Error("the link leads elsewhere under the same inode")
	}
	if w.ino("files") != files || w.ino("files/home/a") == home {
		t.Error("files/ has another inode, or the new snapshot's file the old one's")
	}
}

func TestVolatileDirectories(t *testing.T) {
	w := newWorld(t)
	w.snapshot("pc", "2026-05-30", "03:00", "/home/ann /home/ann/sub", map[string]string{"home/ann/a": "1", "home/ann/sub/b": "2", "home/ann/c/d": ""})
	for name, want := range map[string]bool{
		".": true, "files": true, "files/home": true, "files/home/ann": true, "files/home/ann/sub": false, "files/home/ann/c": false,
		"snapshots": true, "snapshots/2026-05-30_0300_pc": false, "snapshots/2026-05-30_0300_pc/files": false,
	} {
		sub, err := iofs.Sub(w.f.FS(), name)
		if err != nil {
			t.Fatal(err)
		}
		if sub.(view).Volatile() != want {
			t.Errorf("%s: volatile is not %v", name, want)
		}
	}
}

// The same directory value shows new snapshots, but asks for them at most once a second.
func TestForestRefreshesOnceASecond(t *testing.T) {
	w := newWorld(t)
	snapshots, err := iofs.Sub(w.f.FS(), "snapshots")
	if err != nil {
		t.Fatal(err)
	}
	count := func() int {
		list, err := iofs.ReadDir(snapshots, ".")
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	if count() != 0 || w.l.looks.Load() != 1 {
		t.Error("the first read does not look")
	}
	w.snapshot("pc", "2026-05-30", "03:00", "/home", map[string]string{"home/a": "1"})
	w.clock = w.clock.Add(999 * time.Millisecond)
	if count() != 0 || w.l.looks.Load() != 1 {
		t.Error("looked twice within a second")
	}
	w.clock = w.clock.Add(time.Millisecond)
	if count() != 2 || w.l.looks.Load() != 2 {
		t.Error("did not look after a second")
	}
	w.snapshot("pc", "2026-05-31", "03:00", "/home", map[string]string{"home/a": "1"})
	if err := w.f.Refresh(t.Context()); err != nil || count() != 3 {
		t.Error("Refresh does not look at once:", err)
	}
}

// News that a cancelled refresh has read already are seen by the next read, within the same second.
func TestCancelledRefreshLosesNothing(t *testing.T) {
	w := newWorld(t)
	w.same(w.names("snapshots"), "")
	w.later()
	w.snapshot("pc", "2026-05-30", "03:00", "/home", map[string]string{"home/a": "1"})
	ctx, stop := context.WithCancel(t.Context())
	w.l.refresh = func(ctx context.Context) error { stop(); return ctx.Err() }
	if _, err := w.f.FS().(view).WithContext(ctx).(view).ReadDir("snapshots"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	w.l.refresh = nil
	w.snapshot("pc", "2026-05-31", "03:00", "/home", map[string]string{"home/a": "1"})
	w.same(w.names("snapshots"), "2026-05-30_0300_pc 2026-05-31_0300_pc latest")
}

// Callers at the same time share a look, and one that waits can be cancelled.
func TestConcurrentRefreshesShareALook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		leave := make(chan struct{})
		w.l.refresh = func(context.Context) error { <-leave; return nil }
		errs := make(chan error, 10)
		for range 10 {
			go func() { errs <- w.f.Refresh(t.Context()) }()
		}
		synctest.Wait()
		gone, stop := context.WithCancel(t.Context())
		go func() { errs <- w.f.Refresh(gone) }()
		synctest.Wait()
		stop()
		if err := <-errs; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		close(leave)
		for range 10 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		if n := w.l.looks.Load(); n != 1 {
			t.Errorf("looked %d times", n)
		}
	})
}

// When the caller that looks is cancelled, one that waits for it looks itself.
func TestAnotherLooksWhenTheFirstIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.l.refresh = func(ctx context.Context) error {
			if w.l.looks.Load() == 1 {
				<-ctx.Done()
			}
			return ctx.Err()
		}
		ctx, stop := context.WithCancel(t.Context())
		first, second := make(chan error, 1), make(chan error, 1)
		go func() { first <- w.f.Refresh(ctx) }()
		synctest.Wait()
		go func() { second <- w.f.Refresh(t.Context()) }()
		synctest.Wait()
		stop()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if err := <-second; err != nil || w.l.looks.Load() != 2 {
			t.Error(err, w.l.looks.Load())
		}
	})
}

func TestForestLogsOnce(t *testing.T) {
	w := newWorld(t)
	w.l.problems = []journal.Problem{{Name: "journal/x", Err: errBroken}}
	w.l.entries = []journal.Entry{{Kind: journal.Snapshot, Name: "pc", Payload: []byte{9}}}
	w.snapshot("pc", "2026-05-30", "03:00", "/home", map[string]string{"home/a": "1"})
	for range 3 {
		w.same(w.names("snapshots"), "2026-05-30_0300_pc latest")
		w.later()
	}
	if len(w.logged) != 2 {
		t.Errorf("%q", w.logged)
	}
	w.l.refresh = func(context.Context) error { return store.ErrOffline }
	w.same(w.names("snapshots"), "2026-05-30_0300_pc latest")
	if len(w.logged) != 3 || !strings.Contains(fmt.Sprint(w.logged), store.ErrOffline.Error()) {
		t.Errorf("%q", w.logged)
	}
	if err := w.f.Refresh(t.Context()); !errors.Is(err, store.ErrOffline) {
		t.Error(err)
	}
}
