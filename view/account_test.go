package view

import (
	"io"
	iofs "io/fs"
	"path"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"bakfs/view/history"
	"bakfs/view/name"
)

var small = struct {
	sync.Once
	backups []history.Backup
	zone    *time.Location
}{}

// smallBackups are four days of a small account with everything in it.
func smallBackups(t testing.TB) []history.Backup {
	small.Do(func() {
		messages := "700"
		if testing.Short() {
			messages = "450"
		}
		s := generate(t, "--kind", "v2", "--days", "4", "--messages", messages, "--chats", "14", "--media", "60", "--media-bytes", "3000", "--seed", "5")
		small.backups = s.store(t, "SignalBackups", "recovery-key.txt")
	})
	if small.backups == nil {
		t.Skip("no generated backups")
	}
	return small.backups
}

var berlin = func() *time.Location {
	z, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		z = time.FixedZone("CEST", 7200)
	}
	return z
}()

func smallAccount(t testing.TB) iofs.FS {
	h := history.New(smallBackups(t), history.Options{Zone: berlin})
	return Account(h, Options{Zone: berlin})
}

// A census is what a walk through a whole tree has counted.
type census struct {
	t      testing.TB
	fsys   iofs.FS
	inodes map[uint64]*inode
	folds  map[string]string
	top    map[string]int // of what is in the account's folder
}

type inode struct {
	path         string
	size         int64
	links, found int
}

// take checks a tree: every file has exactly as many bytes as stat says, each name
// is alone in its folder on any file system, and one inode is one file.
func take(t testing.TB, fsys iofs.FS) *census {
	t.Helper()
	c := &census{t: t, fsys: fsys, inodes: map[uint64]*inode{}, folds: map[string]string{}, top: map[string]int{}}
	err := iofs.WalkDir(fsys, ".", func(p string, d iofs.DirEntry, err error) error {
		if err != nil {
			t.Errorf("%s: %v", p, err)
			return nil
		}
		c.name(p, d.Name())
		c.top[strings.SplitN(p, "/", 2)[0]]++
		info, err := d.Info()
		if err != nil {
			t.Errorf("%s: %v", p, err)
			return nil
		}
		c.attributes(p, info)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	for _, i := range c.inodes {
		if i.links != i.found {
			t.Errorf("%s has %d links and is in %d places", i.path, i.links, i.found)
		}
	}
	t.Logf("%d files, %v", len(c.inodes), c.top)
	return c
}

func (c *census) name(p, base string) {
	if len(base) > 255 || strings.ContainsAny(base, "/\x00\n") || !utf8.ValidString(base) {
		c.t.Errorf("name %q", base)
	}
	fold := path.Dir(p) + "/" + name.Fold(base)
	if other, ok := c.folds[fold]; ok && p != "." {
		c.t.Errorf("%q and %q are one name where case is folded", other, p)
	}
	c.folds[fold] = p
}

func (c *census) attributes(p string, info iofs.FileInfo) {
	st := info.Sys().(*syscall.Stat_t)
	if st.Ino == 0 || info.ModTime().Unix() <= 0 || st.Ctim != st.Mtim || st.Blocks != (st.Size+511)/512 && info.Mode().Type() != iofs.ModeSymlink {
		c.t.Errorf("%s: %+v", p, st)
	}
	if info.IsDir() && (info.Mode() != iofs.ModeDir|0o555 || st.Nlink != 1 || info.Size() != 4096) {
		c.t.Errorf("%s: %v, %d links, %d bytes", p, info.Mode(), st.Nlink, info.Size())
	}
	if !info.Mode().IsRegular() {
		return
	}
	b, err := iofs.ReadFile(c.fsys, p)
	if err != nil || int64(len(b)) != info.Size() || info.Mode() != 0o444 {
		c.t.Errorf("%s: %d bytes of %d, %v, %v", p, len(b), info.Size(), info.Mode(), err)
	}
	i := c.inodes[st.Ino]
	if i == nil {
		i = &inode{path: p, size: info.Size(), links: int(st.Nlink)}
		c.inodes[st.Ino] = i
	}
	if i.found++; i.size != info.Size() {
		c.t.Errorf("%s and %s are inode %d", i.path, p, st.Ino)
	}
}

func TestWholeTree(t *testing.T) {
	c := take(t, smallAccount(t))
	for _, top := range []string{
		"chats", "text", "media", "timeline", "contacts", "deleted", "search", "by-id", "signal-export", "index.html", "about.txt", "calls.txt", "calls.csv",
	} {
		if c.top[top] == 0 {
			t.Errorf("no %s", top)
		}
	}
}

// The same of legacy backups, in another zone and with other names.
func TestWholeTreeOfLegacyBackups(t *testing.T) {
	s := generate(t, "--kind", "legacy", "--days", "2", "--messages", "400", "--chats", "12", "--media", "40", "--media-bytes", "3000", "--seed", "6")
	zone := time.FixedZone("", -9*3600-1800)
	h := history.New(s.store(t, "legacy", "passphrase.txt"), history.Options{Zone: zone, Names: name.ASCII, OriginalNames: true, ShowExpired: true})
	take(t, Account(h, Options{Zone: zone, Names: name.ASCII, Expired: true}))
}

// readAll is a file as the tree gives it, through Read.
func readAll(t testing.TB, fsys iofs.FS, name string) string {
	t.Helper()
	f, err := fsys.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
