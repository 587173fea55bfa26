package snapshot

import (
	"context"
	"errors"
	iofs "io/fs"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"
)

// signal adds a Signal backup of one date to the journal's news, entered at another.
func (w *world) signal(device, made, entered, account string, files map[string]string) Info {
	w.t.Helper()
	below := map[string]string{}
	for name, content := range files {
		below["signal/"+account+"/"+name] = content
	}
	date := at(made, "03:00")
	return w.enter(device, at(entered, "12:00"), Info{Kind: Signal, Root: w.tree(below), Sources: []string{"/signal/" + account}, Start: date, End: date})
}

// hooked adds a tree at the top that has a folder for each snapshot, and one in each Signal snapshot.
func (w *world) hooked() (asked *[]string) {
	asked = new([]string)
	w.f.Top = func(infos []Info, open func(Info) iofs.FS) []ExtraDir {
		*asked = append(*asked, "top")
		m := fstest.MapFS{}
		for _, i := range infos {
			if i.Kind == Signal {
				b, err := iofs.ReadFile(open(i), strings.TrimPrefix(i.Sources[0], "/")+"/frames")
				if err != nil {
					w.t.Error(err)
				}
				m["all/"+i.Date().UTC().Format("2006-01-02")] = &fstest.MapFile{Data: b, Mode: 0o400, ModTime: i.Date()}
			}
		}
		if len(m) == 0 {
			return nil
		}
		m["all"] = &fstest.MapFile{Mode: iofs.ModeDir | 0o500, ModTime: time.Unix(0, 1e18)}
		m["newest"] = &fstest.MapFile{Data: []byte("all"), Mode: iofs.ModeSymlink | 0o777, ModTime: time.Unix(0, 1e18)}
		return []ExtraDir{{Name: "messages", About: "all messages,\nmerged", FS: m}}
	}
	w.f.Beside = func(i Info, tree iofs.FS) []ExtraDir {
		*asked = append(*asked, "beside "+i.Date().UTC().Format("2006-01-02"))
		if i.Kind != Signal {
			return nil
		}
		dir, err := iofs.Sub(tree, "signal")
		if err != nil {
			w.t.Error(err)
		}
		return []ExtraDir{{Name: "signal", FS: dir}}
	}
	return asked
}

func TestForestShowsOtherTrees(t *testing.T) {
	w := newWorld(t)
	asked := w.hooked()
	w.snapshot("pc", "2026-05-30", "03:00", "/home", map[string]string{"home/a": "1"})
	w.same(w.names("."), ".metadata_never_index .nomedia .trackerignore README.txt files snapshots")
	w.later()
	w.signal("pc", "2026-05-29", "2026-05-31", "me", map[string]string{"frames": "old"})
	w.same(w.names("."), ".metadata_never_index .nomedia .trackerignore README.txt files messages snapshots")
	w.same(w.names("messages"), "all newest")
	w.same(w.names("messages/all"), "2026-05-29")
	w.same(w.read("messages/all/2026-05-29"), "old")
	w.same(w.names("snapshots"), "2026-05-29_0300_pc 2026-05-30_0300_pc latest")
	w.same(w.names("snapshots/2026-05-29_0300_pc"), "signal")
	w.same(w.names("snapshots/2026-05-30_0300_pc"), "files")
	w.same(w.read("snapshots/2026-05-29_0300_pc/signal/me/frames"), "old")
	w.same(w.names("files"), "home")
	if target, err := w.f.FS().(view).ReadLink("snapshots/latest"); target != "2026-05-30_0300_pc" || err != nil {
		t.Error(target, err)
	}
	if readme := w.read("README.txt"); !strings.Contains(readme, "\nmessages/    all messages,\n             merged\n") {
		t.Error(readme)
	}
	if err := fstest.TestFS(w.f.FS(), "messages/all/2026-05-29", "snapshots/2026-05-29_0300_pc/signal/me/frames"); err != nil {
		t.Error(err)
	}
	for _, made := range []string{".", "files", "messages", "snapshots", "snapshots/2026-05-29_0300_pc", "snapshots/2026-05-29_0300_pc/signal"} {
		if info, err := iofs.Stat(w.f.FS(), made); err != nil || info.Mode() != iofs.ModeDir|0o555 || info.Size() != 4096 {
			t.Errorf("%s: %v, %d bytes, %v", made, info.Mode(), info.Size(), err)
		}
	}
	slices.Sort(*asked)
	w.same(strings.Join(*asked, ","), "beside 2026-05-29,beside 2026-05-30,top,top")
	for _, name := range []string{"messages/none", "messages/all/none", "messages/all/2026-05-29/x", "snapshots/2026-05-29_0300_pc/files"} {
		_, err := iofs.Stat(w.f.FS(), name)
		if p, ok := errors.AsType[*iofs.PathError](err); !ok || p.Path != name || errors.As(p.Err, new(*iofs.PathError)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if x, err := w.f.FS().(view).Xattrs("messages/all/2026-05-29"); len(x) != 0 || err != nil {
		t.Error(x, err)
	}
}

// Who holds a directory of another tree sees what is new in it, and that it is gone.
func TestOtherTreesAreLive(t *testing.T) {
	w := newWorld(t)
	w.hooked()
	w.signal("pc", "2026-05-29", "2026-05-29", "me", map[string]string{"frames": "1"})
	held := map[string]iofs.FS{}
	for _, name := range []string{"messages", "messages/all"} {
		dir, err := iofs.Sub(w.f.FS(), name)
		if err != nil {
			t.Fatal(err)
		}
		held[name] = dir.(view).WithContext(context.Background())
		if !dir.(view).Volatile() {
			t.Error(name, "is not volatile")
		}
	}
	w.later()
	w.signal("pc", "2026-05-30", "2026-05-30", "me", map[string]string{"frames": "2"})
	if b, err := iofs.ReadFile(held["messages/all"], "2026-05-30"); err != nil || string(b) != "2" {
		t.Errorf("%q, %v", b, err)
	}
	if b, err := iofs.ReadFile(held["messages"], "all/2026-05-30"); err != nil || string(b) != "2" {
		t.Errorf("%q, %v", b, err)
	}
	w.l.mu.Lock()
	w.l.entries = nil
	w.l.mu.Unlock()
	w.later()
	for name, dir := range held {
		if _, err := iofs.ReadDir(dir, "."); !errors.Is(err, iofs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
	dir, err := iofs.Sub(newHooked(t), "snapshots/2026-05-29_0300_pc/signal/me")
	if err != nil || dir.(view).Volatile() {
		t.Error("a folder of one snapshot may change:", err)
	}
}

// newHooked is a mount of one Signal backup.
func newHooked(t *testing.T) iofs.FS {
	w := newWorld(t)
	w.hooked()
	w.signal("pc", "2026-05-29", "2026-05-29", "me", map[string]string{"frames": "1"})
	return w.f.FS()
}

// What another tree says of its files is passed on: attributes, inodes, content ids, extended attributes, contexts.
func TestOtherTreesKeepTheirPowers(t *testing.T) {
	fsys := newHooked(t).(view)
	const name = "snapshots/2026-05-29_0300_pc/signal/me/frames"
	info, err := fsys.Lstat(name)
	if err != nil {
		t.Fatal(err)
	}
	st := info.Sys().(*syscall.Stat_t)
	if st.Ino == 0 || st.Nlink != 1 || !info.ModTime().Equal(time.Unix(0, 1e18)) || info.(*fileInfo).HasXattrs() {
		t.Errorf("%+v", st)
	}
	if _, ok := info.(*fileInfo).ContentID(); !ok {
		t.Error("no content id")
	}
	f, err := fsys.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1)
	if _, err := f.(interface {
		ReadAt(ctx context.Context, p []byte, off int64) (int, error)
	}).ReadAt(t.Context(), b, 0); err != nil || string(b) != "1" {
		t.Error(string(b), err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := fsys.WithContext(ctx).(view).Lstat(name); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	for _, dir := range []string{"messages", "snapshots/2026-05-29_0300_pc/signal"} {
		from, err := fsys.Lstat(dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := from.(*fileInfo).ContentID(); ok {
			t.Error(dir, "has a content id")
		}
		sub, err := fsys.Sub(dir)
		if err != nil {
			t.Fatal(err)
		}
		inside, err := sub.(view).Lstat(".")
		if err != nil || *inside.Sys().(*syscall.Stat_t) != *from.Sys().(*syscall.Stat_t) {
			t.Errorf("%s is another directory from inside: %v", dir, err)
		}
		file, err := fsys.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := file.(iofs.ReadDirFile); !ok {
			t.Error(dir, "cannot be listed in parts")
		}
	}
}
