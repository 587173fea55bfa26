package snapshot

import (
	"context"
	"os"
	"strings"
	"testing"

	"bakfs/seal"

	"golang.org/x/sys/unix"
)

// tree writes a folder by hand, as a device that is hostile but has the keys could.
func (r *testRepo) tree(entries ...Entry) seal.ID {
	r.t.Helper()
	w := newDirWriter(r.st)
	for i := range entries {
		must(r.t, w.add(context.Background(), &entries[i]))
	}
	root, _, err := w.finish(context.Background())
	must(r.t, err)
	return root
}

func evilFile(name, content string, id uint64) Entry {
	e := Entry{Name: name, Kind: File, Mode: 0o644, Nlink: 1, Size: int64(len(content)), Inline: []byte(content)}
	if id != 0 {
		e.Flags, e.Inode, e.Nlink = flagHardLink, id, 2
	}
	return e
}

func evilDir(name string, root seal.ID) Entry {
	return Entry{Name: name, Kind: Dir, Mode: 0o755, Nlink: 2, Root: root}
}

func evilLink(name, target string) Entry {
	return Entry{Name: name, Kind: Symlink, Mode: 0o777, Nlink: 1, Target: target}
}

func TestEvilTreesStayInside(t *testing.T) {
	r := newTestRepo(t)
	outside := t.TempDir()
	write(t, outside+"/victim", "untouched")
	below := r.tree(evilFile("victim", "evil", 0))
	linked := evilLink("b", outside+"/victim")
	linked.Flags, linked.Inode, linked.Nlink = flagHardLink, 7, 2
	for name, test := range map[string]struct {
		root      seal.ID
		overwrite bool
		prepare   func(dest string)
		errors    uint64
	}{
		"links to elsewhere beside files": {root: r.tree(evilLink("a", outside), evilDir("b", below), evilLink("c", "../.."))},
		"hard link to a link":             {root: r.tree(evilFile("a", "evil", 7), linked, evilFile("c", "evil", 7))},
		"hard link to a link that comes first": {root: r.tree(func() Entry { l := linked; l.Name = "a"; return l }(),
			evilFile("b", "evil", 7), evilFile("c", "evil", 7))},
		"parent is a link in DEST": {
			root: r.tree(evilDir("a", below)), overwrite: true, errors: 1,
			prepare: func(dest string) { must(t, os.Symlink(outside, dest+"/a")) },
		},
		"parent is a link in DEST that stays inside": {
			root: r.tree(evilDir("a", below)), overwrite: true, errors: 1,
			prepare: func(dest string) { must(t, os.Mkdir(dest+"/i", 0o755)); must(t, os.Symlink("i", dest+"/a")) },
		},
		"name is a link in DEST": {
			root: r.tree(evilFile("victim", "evil", 0)), overwrite: true,
			prepare: func(dest string) { must(t, os.Symlink(outside+"/victim", dest+"/victim")) },
		},
		"name is a dangling link in DEST": {
			root: r.tree(evilFile("f", "evil", 0)), overwrite: true,
			prepare: func(dest string) { must(t, os.Symlink(outside+"/made", dest+"/f")) },
		},
		"attributes of a link": {root: r.tree(func() Entry {
			l := evilLink("a", outside+"/victim")
			l.Mode, l.UID, l.GID, l.MTime = 0o777, 1, 1, 1
			l.Xattrs = []Xattr{{"user.evil", []byte("evil")}}
			return l
		}()), errors: 1},
		"sizes that do not add up": {root: r.tree(Entry{Name: "f", Kind: File, Mode: 0o644, Nlink: 1, Size: 1 << 40, Root: seal.ID{1}}), errors: 1},
		"folder that is not there": {root: r.tree(evilDir("a", seal.ID{9}), evilFile("b", "fine", 0)), errors: 1},
		"a chunk that is no folder": {root: r.tree(evilDir("a", func() seal.ID {
			id, _, err := r.st.Put(context.Background(), seal.Tree, []byte("rubbish"))
			must(t, err)
			return id
		}())), errors: 1},
	} {
		t.Run(name, func(t *testing.T) {
			dest, before := t.TempDir(), describe(t, outside)
			if test.prepare != nil {
				test.prepare(dest)
			}
			got := r.restoreWarned(Info{Root: test.root}, "/", dest, RestoreOptions{Overwrite: test.overwrite, Verify: true, Devices: true})
			if got.Errors != test.errors {
				t.Errorf("%+v, %q", got, r.warns)
			}
			after := describe(t, outside)
			if len(after) != len(before) || after["victim"] != before["victim"] || after["."] != before["."] {
				t.Errorf("outside changed: %v", after)
			}
			if _, err := os.Stat(dest + "/i/victim"); err == nil {
				t.Error("a link inside DEST was followed")
			}
		})
	}
}

// A folder that holds another twice, 40 times over, is a small tree with 2^40 files.
func TestTreeWithoutEndIsRefused(t *testing.T) {
	r := newTestRepo(t)
	root := r.tree(evilFile("f", "x", 0))
	for range 40 {
		root = r.tree(evilDir("a", root), evilDir("b", root))
	}
	dest := t.TempDir()
	_, err := Restore(t.Context(), r.st, Info{Root: root, Files: 1000, Dirs: 1000}, "/", dest, RestoreOptions{})
	if err == nil || !strings.Contains(err.Error(), "more than the 2000 entries") {
		t.Error(err)
	}
	if len(describe(t, dest)) > 1 {
		t.Error("something was made")
	}
	root = r.tree()
	for range maxDepth + 3 {
		root = r.tree(evilDir("a", root))
	}
	got := r.restoreWarned(Info{Root: root}, "/", dest, RestoreOptions{})
	if got.Dirs != maxDepth || got.Errors != 1 {
		t.Errorf("%+v, %.300q", got, r.warns)
	}
}

func TestNamesThatLeadOutAreNeverWritten(t *testing.T) {
	r := newTestRepo(t)
	for _, name := range []string{"", ".", "..", "a/b", "/", "../x", "a\x00b"} {
		e := evilFile(name, "evil", 0)
		if err := newDirWriter(r.st).add(t.Context(), &e); err == nil {
			t.Errorf("%q", name)
		}
	}
}

func TestDevicesNeedTheOption(t *testing.T) {
	r := newTestRepo(t)
	root := r.tree(Entry{Name: "disk", Kind: BlockDevice, Mode: 0o666, Nlink: 1, Major: 8})
	dest := t.TempDir()
	got := r.restoreWarned(Info{Root: root}, "/", dest, RestoreOptions{})
	var st unix.Stat_t
	if err := unix.Lstat(dest+"/disk", &st); err == nil || got.Skipped != 1 || got.Errors != 0 {
		t.Errorf("%v, %+v", err, got)
	}
}

// If somebody puts a link in the place of a file that was made, other names of that file do not become names of it.
func TestHardLinksAreMadeToFilesOnly(t *testing.T) {
	dest := t.TempDir()
	must(t, os.Symlink("/etc/passwd", dest+"/first"))
	root, err := os.OpenRoot(dest)
	must(t, err)
	top := newFolder(nil, "", root)
	defer top.drop()
	e := evilFile("second", "content", 7)
	r := &restorer{dest: dest, failed: map[string]bool{}, links: map[inode]*madeLink{{0, 7}: {path: "first", done: true}}}
	r.linkFile(t.Context(), top, &e)
	if b, err := os.ReadFile(dest + "/second"); string(b) != "content" || err != nil || r.n.errors.Load() > 0 {
		t.Errorf("%q, %v", b, err)
	}
	if info, err := os.Lstat(dest + "/second"); err != nil || !info.Mode().IsRegular() {
		t.Errorf("%v, %v", info, err)
	}
}
