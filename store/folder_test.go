package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"bakfs/seal"
)

func TestCreateFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a/b")
	f, err := CreateFolder(dir)
	check(t, err)
	if f.Dir() != dir {
		t.Errorf("dir %q, want %q", f.Dir(), dir)
	}
	check(t, f.Finish())
	check(t, f.Close())
	if !strings.Contains(string(read(t, filepath.Join(dir, "README.txt"))), "recovery key") {
		t.Error("README.txt does not say what opens it")
	}
	f, err = OpenFolder(dir)
	check(t, err)
	defer f.Close()
	if _, err := f.Repository(); !errors.Is(err, ErrNotSynced) {
		t.Errorf("an empty repository's id: %v", err)
	}
	if _, err := CreateFolder(dir); err == nil {
		t.Error("made over a repository")
	}

	empty := t.TempDir()
	write(t, filepath.Join(empty, ".DS_Store"), []byte("x"))
	f, err = CreateFolder(empty)
	check(t, err)
	check(t, f.Close())

	full := t.TempDir()
	write(t, filepath.Join(full, "thesis.txt"), []byte("x"))
	if _, err := CreateFolder(full); err == nil || !strings.Contains(err.Error(), "thesis.txt") {
		t.Errorf("made in a folder of the user: %v", err)
	}
}

func TestOpenFolderThatIsNone(t *testing.T) {
	dir := t.TempDir()
	check(t, os.Mkdir(filepath.Join(dir, "packs"), 0o700))
	for _, d := range []string{dir, filepath.Join(dir, "nowhere")} {
		if _, err := OpenFolder(d); !errors.Is(err, ErrNoRepository) {
			t.Errorf("%s: %v", d, err)
		}
	}
}

func TestRepositoryID(t *testing.T) {
	r := newRepo(t)
	r.fill(t.TempDir(), []byte("one"))
	id, err := r.folder.Repository()
	if err != nil || id != r.keys.Repository() {
		t.Fatal(id, err)
	}
	// The journal goes before the packs; a damaged entry before a good one
	// does not hide the id.
	a, b := seal.NewRepositoryID(), seal.NewRepositoryID()
	journal := func(device byte, id seal.RepositoryID) {
		header := append([]byte("BAKFS\x01\x02\x00\x00\x00\x00\x00"), id[:]...)
		sub := fmt.Sprintf("journal/%032x/", device)
		check(t, r.folder.Write(sub+"0000000000-0123456789abcdef", "t", []byte("BAKFS?")))
		check(t, r.folder.Write(sub+"0000000001-0123456789abcdef", "t", append(header, make([]byte, 100)...)))
	}
	journal(1, a)
	if id, err = r.folder.Repository(); err != nil || id != a {
		t.Fatal(id, err)
	}
	journal(2, b)
	if _, err = r.folder.Repository(); err == nil || !strings.Contains(err.Error(), a.String()) || !strings.Contains(err.Error(), b.String()) {
		t.Fatalf("two repositories in one folder: %v", err)
	}
}

func TestWriteIsAtomicAndNeverReplaces(t *testing.T) {
	r := newRepo(t)
	check(t, r.folder.Write("journal/x/plain", "t", []byte("one")))
	check(t, r.folder.Write("journal/x/plain", "t", []byte("one")))
	if err := r.folder.Write("journal/x/plain", "t", []byte("two")); !errors.Is(err, iofs.ErrExist) {
		t.Fatalf("other content: %v", err)
	}
	path := filepath.Join(r.dir, "journal/x/plain")
	if string(read(t, path)) != "one" {
		t.Fatal("replaced")
	}
	info, err := os.Stat(path)
	check(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %o", info.Mode())
	}
	entries, err := r.folder.List("journal/x")
	check(t, err)
	if len(entries) != 1 {
		t.Errorf("files left: %v", entries)
	}
}

// A file is not overwritten and not moved, not even one that is not what its name says.
func TestAFileThatIsInTheWayStays(t *testing.T) {
	r := newRepo(t)
	good := []byte("good bytes")
	sum := sha256.Sum256(good)
	for _, name := range []string{
		packPath(seal.Hash(sum)),
		"journal/00112233445566778899aabbccddeeff/0000000003-" + hex.EncodeToString(sum[:8]),
	} {
		path := filepath.Join(r.dir, name)
		check(t, os.MkdirAll(filepath.Dir(path), 0o700))
		write(t, path, []byte("rotten"))
		if err := r.folder.Write(name, "t", good); !errors.Is(err, iofs.ErrExist) {
			t.Errorf("%s: %v", name, err)
		}
		if string(read(t, path)) != "rotten" {
			t.Errorf("%s: replaced", name)
		}
		check(t, os.WriteFile(path, good, 0o600))
		check(t, r.folder.Write(name, "t", good))
		if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
			t.Errorf("%s: left %v, %v", name, left, err)
		}
	}
}

func TestRenameWithoutTheSystemCall(t *testing.T) {
	for _, lacks := range [][]string{{"renameat2"}, {"renameat2", "link"}} {
		for _, errno := range []syscall.Errno{syscall.EINVAL, syscall.ENOSYS} {
			r := newRepo(t)
			r.folder.step = func(op, name string) error {
				for _, l := range lacks {
					if op == l {
						return errno
					}
				}
				return nil
			}
			check(t, r.folder.Write("journal/n", "t", []byte("one")))
			check(t, r.folder.Write("journal/n", "t", []byte("one")))
			if err := r.folder.Write("journal/n", "t", []byte("two")); !errors.Is(err, iofs.ErrExist) {
				t.Errorf("%v: %v", lacks, err)
			}
			if string(read(t, filepath.Join(r.dir, "journal/n"))) != "one" {
				t.Errorf("%v: replaced", lacks)
			}
			if e, err := r.folder.List("journal"); err != nil || len(e) != 1 {
				t.Errorf("%v: left %v, %v", lacks, e, err)
			}
		}
	}
}

func TestOnlyRegularFilesAreOpened(t *testing.T) {
	r := newRepo(t)
	secret := filepath.Join(t.TempDir(), "secret")
	write(t, secret, []byte("outside"))
	at := func(name string) string { return filepath.Join(r.dir, name) }
	check(t, os.Symlink(secret, at("link")))
	check(t, os.Symlink("README.txt", at("inner")))
	check(t, os.Symlink(filepath.Dir(secret), at("dir")))
	check(t, syscall.Mkfifo(at("fifo"), 0o600))
	for _, name := range []string{"link", "inner", "dir/secret", "fifo", "packs", "../secret", "/etc/passwd", ""} {
		if f, err := r.folder.Open(name); err == nil {
			f.Close()
			t.Errorf("%q was opened", name)
		}
	}
	if _, err := r.folder.Open("none"); !errors.Is(err, iofs.ErrNotExist) || errors.Is(err, ErrOffline) {
		t.Errorf("absent: %v", err)
	}
	if _, err := r.folder.ReadFile("README.txt", 10); err == nil {
		t.Error("more than the limit was read")
	}
	if b, err := r.folder.ReadFile("README.txt", 10_000); err != nil || string(b) != readmeText {
		t.Error(err)
	}
	if err := r.folder.Write("dir/x", "t", []byte("x")); err == nil {
		t.Error("written outside")
	}
}

func TestTemporariesOfOneDeviceAreRemoved(t *testing.T) {
	r := newRepo(t)
	for _, dir := range []string{"packs", "packs/ab", "journal", "journal/xy"} {
		for _, tag := range []string{"aaaa", "aaaabbbb", "bbbb"} {
			p, err := r.folder.Begin(dir, tag)
			check(t, err)
			_, err = p.Write([]byte("12345"))
			check(t, err)
			check(t, p.file.Close()) // the process dies
		}
	}
	n, size, err := r.folder.RemoveTemporaries("aaaa")
	if n != 4 || size != 20 || err != nil {
		t.Fatal(n, size, err)
	}
	if e, err := r.folder.List("packs/ab"); err != nil || len(e) != 2 {
		t.Fatalf("left: %v, %v", e, err)
	}
}

func TestNames(t *testing.T) {
	h := strings.Repeat("ab", 32)
	for name, want := range map[string]nameKind{
		"README.txt":                     nameReadme,
		"packs/ab/" + h:                  namePack,
		"packs/ab/.tmp-xx-yy":            nameTemporary,
		"packs/ac/" + h:                  nameForeign,
		"packs/AB/" + strings.ToUpper(h): nameForeign,
		"packs/ab/" + h[1:]:              nameForeign,
		"packs/ab/" + h + "0":            nameForeign,
		"packs/ab/x/" + h:                nameForeign,
		"packs/" + h:                     nameForeign,
		"journal/" + h[:32] + "/0000000001-0123456789abcdef":  nameEntry,
		"journal/" + h[:32] + "/000000001-0123456789abcdef":   nameForeign,
		"journal/" + h[:32] + "/0000000001-0123456789abcdeg":  nameForeign,
		"journal/" + h[:32] + "/0000000001-0123456789abcdef ": nameForeign,
		"journal/" + h[:31] + "/0000000001-0123456789abcdef":  nameForeign,
		"packs/README.txt": nameForeign,
		"":                 nameForeign,
	} {
		if n := parseName(name); n.kind != want || (n.reason != "") != (want == nameForeign) {
			t.Errorf("%q: kind %d, %q; want %d", name, n.kind, n.reason, want)
		}
	}
	for name, want := range map[string]string{
		"packs/ab/" + h + " (alice's conflicted copy 2026-05-31)": "sync program",
		"packs/ab/" + h + ".sync-conflict-20260531-030000-ABC":    "Syncthing",
		"packs/ab/." + h + ".icloud":                              "iCloud",
		"packs/ab/" + h + "-DESKTOP-7":                            "copy of a pack",
		"packs/ab/" + h + " 2":                                    "copy of a pack",
		"packs/ab/~syncthing~x.tmp":                               "Syncthing",
		"packs/.DS_Store":                                         "system",
		"packs/ab/._" + h:                                         "system",
		"packs/ab/upload.part":                                    "temporary",
		"packs/notes.txt":                                         "unknown",
	} {
		if got := Foreign(name); !strings.Contains(got, want) {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func FuzzName(f *testing.F) {
	h := strings.Repeat("0f", 32)
	for _, s := range []string{"packs/0f/" + h, "packs/0f/" + h + " 2", "journal/" + h[:32] + "/0000000001-0123456789abcdef", "README.txt", ".tmp-", "packs/ab/x", "\xff/\x00", h + h} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n := parseName(s)
		if n.kind == namePack && s != packPath(n.pack) {
			t.Fatalf("%q is taken for %s", s, packPath(n.pack))
		}
		if n.kind == nameEntry && len(s) != len("journal/")+33+27 {
			t.Fatalf("%q is taken for an entry", s)
		}
		if (n.reason == "") != (n.kind != nameForeign) {
			t.Fatalf("%q: kind %d, %q", s, n.kind, n.reason)
		}
	})
}

// A file that ends before its size is one that cannot be read now: not a shorter one,
// and not a damaged one. Files of /sys have a size and less in them.
func TestFileThatEndsEarlyIsOffline(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, make([]byte, 10))
	file, err := os.Open(path)
	check(t, err)
	defer file.Close()
	if n, err := (steady{file, 20}).ReadAt(make([]byte, 20), 0); n != 10 || !errors.Is(err, ErrOffline) {
		t.Errorf("%d bytes, %v", n, err)
	}
	if n, err := (steady{file, 10}).ReadAt(make([]byte, 20), 0); n != 10 || err != io.EOF {
		t.Errorf("%d bytes, %v", n, err)
	}
	const dir, name = "/sys/kernel/mm/transparent_hugepage", "enabled"
	if info, err := os.Stat(dir + "/" + name); err != nil || info.Size() < 4096 {
		t.Skip("no such file on this system")
	}
	f, err := newFolder(dir)
	check(t, err)
	defer f.Close()
	if b, err := f.ReadFile(name, 10_000); !errors.Is(err, ErrOffline) {
		t.Errorf("%q, %v", b, err)
	}
	if b, err := ReadFile(dir + "/" + name); err == nil {
		t.Errorf("%q", b)
	}
}
