package snapshot

import (
	"errors"
	iofs "io/fs"
	"strings"
	"testing"
	"time"

	"bakfs/seal"
	"bakfs/store"
)

// files/ shows the newest of each source, whoever made it.
func TestFilesMergesSources(t *testing.T) {
	w := newWorld(t)
	w.snapshot("pc", "2026-05-01", "03:00", "/home/ann /etc", map[string]string{"home/ann/a": "1", "etc/passwd": "1"})
	w.snapshot("pc", "2026-05-02", "03:00", "/home/ann", map[string]string{"home/ann/a": "2"})
	w.snapshot("phone", "2026-05-03", "03:00", "/home/bob /one/file", map[string]string{"home/bob/b": "3", "one/file": "f"})
	w.same(w.names("files"), "etc home one")
	w.same(w.names("files/home"), "ann bob")
	w.same(w.names("files/one"), "file")
	w.same(w.read("files/home/ann/a"), "2")
	w.same(w.read("files/etc/passwd"), "1")
	w.same(w.read("files/one/file"), "f")
	info, err := iofs.Stat(w.f.FS(), "files/home")
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("files/home has not the mode it had: %v, %v", info, err)
	}
}

// Of a source inside another the newer one is shown at its path, and the older one if the newer lacks it.
func TestFilesMergesNestedSources(t *testing.T) {
	w := newWorld(t)
	w.snapshot("pc", "2026-05-01", "03:00", "/home", map[string]string{"home/a": "1", "home/sub/x": "1", "home/sub/only1": "1"})
	w.snapshot("pc", "2026-05-02", "03:00", "/home/sub", map[string]string{"home/sub/x": "2"})
	w.snapshot("pc", "2026-05-02", "04:00", "/home/far/away", map[string]string{"home/far/away/y": "2"})
	w.same(w.names("files/home"), "a far sub")
	w.same(w.read("files/home/a"), "1")
	w.same(w.read("files/home/sub/x"), "2")
	w.same(w.names("files/home/sub"), "x")
	w.same(w.read("files/home/far/away/y"), "2")

	w.later()
	w.snapshot("pc", "2026-05-03", "03:00", "/home", map[string]string{"home/a": "3", "home/sub/x": "3"})
	w.same(w.read("files/home/sub/x"), "3")
	w.same(w.read("files/home/far/away/y"), "2")

	w.later()
	w.snapshot("pc", "2026-05-04", "03:00", "/", map[string]string{"home/a": "4", "etc/e": "4", "home/sub": "a file now"})
	w.same(w.names("files"), "etc home")
	w.same(w.read("files/home/a"), "4")
	w.same(w.read("files/home/sub"), "a file now")
	w.same(w.names("files/home"), "a far sub")

	w.later()
	w.snapshot("pc", "2026-05-05", "03:00", "/home/sub", map[string]string{"home/sub/x": "5"})
	w.same(w.read("files/home/sub/x"), "5")
	w.same(w.read("files/home/a"), "4")
	w.same(w.read("files/etc/e"), "4")
}

// A snapshot that cannot be read hides nothing: files/ shows the newest that can, says so, and comes back.
func TestFilesPassesOverWhatCannotBeRead(t *testing.T) {
	w := newWorld(t)
	w.snapshot("pc", "2026-05-01", "03:00", "/home", map[string]string{"home/a": "1"})
	bad := w.snapshot("pc", "2026-05-02", "03:00", "/home", map[string]string{"home/a": "2"})
	w.snapshot("pc", "2026-05-03", "03:00", "/etc", map[string]string{"etc/e": "3"})
	w.m.broken[bad.Root] = errBroken
	w.same(w.names("snapshots"), "2026-05-01_0300_pc 2026-05-02_0300_pc 2026-05-03_0300_pc latest")
	w.same(w.names("files"), "etc home")
	w.same(w.read("files/home/a"), "1")
	w.same(w.read("files/etc/e"), "3")
	w.same(w.read("snapshots/2026-05-01_0300_pc/files/home/a"), "1")
	if _, err := iofs.ReadDir(w.f.FS(), "snapshots/2026-05-02_0300_pc/files"); !errors.Is(err, store.ErrDamaged) {
		t.Error(err)
	}
	if len(w.logged) != 1 || !strings.HasPrefix(w.logged[0], "snapshot "+bad.ID.String()[:8]+":/home: ") {
		t.Errorf("%q", w.logged)
	}
	delete(w.m.broken, bad.Root)
	w.same(w.read("files/home/a"), "2")
}

// A source with no snapshot that can be read stays listed, and is an error to look into; others are not.
func TestFilesOfALostSource(t *testing.T) {
	w := newWorld(t)
	bad := w.snapshot("pc", "2026-05-01", "03:00", "/home", map[string]string{"home/a": "1"})
	w.snapshot("pc", "2026-05-02", "03:00", "/etc", map[string]string{"etc/e": "2"})
	w.m.broken[bad.Root] = errBroken
	w.same(w.names("files"), "etc home")
	w.same(w.read("files/etc/e"), "2")
	if _, err := iofs.ReadDir(w.f.FS(), "files/home"); !errors.Is(err, store.ErrDamaged) {
		t.Error(err)
	}
}

// A source that a snapshot has by name only, because it was not there, shows what an older one has.
func TestFilesOfASourceThatWasNotThere(t *testing.T) {
	w := newWorld(t)
	w.snapshot("pc", "2026-05-01", "03:00", "/disk", map[string]string{"disk/a": "1"})
	w.snapshot("pc", "2026-05-02", "03:00", "/disk /home", map[string]string{"home/h": "2"})
	w.same(w.read("files/disk/a"), "1")
	w.same(w.read("files/home/h"), "2")
}

func TestNamesOfSnapshots(t *testing.T) {
	early := time.Date(2026, 5, 30, 23, 30, 0, 0, time.UTC)
	info := func(device byte, name string, seconds int) Info {
		return Info{Device: seal.DeviceID{device}, DeviceName: name, Time: early.Add(time.Duration(seconds) * time.Second)}
	}
	got := Names([]Info{
		info(1, "pc", 0), info(1, "pc", 1), info(1, "pc", 59), info(1, "pc", 60),
		info(2, "../../etc", 0), info(3, "Ännes Büro", 0), info(4, "\x00\n", 0), info(5, strings.Repeat("ä", 60), 0),
		info(6, "twin", 0), info(7, "twin", 0), info(8, "\xff", 0), info(9, ".hidden", 0),
	}, berlin)
	want := []string{
		"2026-05-31_0130_pc", "2026-05-31_0130-2_pc", "2026-05-31_0130-3_pc", "2026-05-31_0131_pc",
		"2026-05-31_0130_etc", "2026-05-31_0130_Ännes-Büro", "2026-05-31_0130_device-04000000", "2026-05-31_0130_" + strings.Repeat("ä", 32),
		"2026-05-31_0130_twin-06000000", "2026-05-31_0130_twin-07000000", "2026-05-31_0130_device-08000000", "2026-05-31_0130_hidden",
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%q, want %q", got[i], want[i])
		}
	}
}
