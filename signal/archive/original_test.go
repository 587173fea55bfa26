package archive

import (
	"bytes"
	"context"
	"errors"
	"io"
	iofs "io/fs"
	"math/rand"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"bakfs/signal"
	"bakfs/signal/modern"
)

// copyOut copies a tree that is given out into a new folder, and checks all
// that must hold of such a tree.
func copyOut(t testing.TB, tree iofs.FS) string {
	t.Helper()
	dest := t.TempDir()
	inodes := make(map[uint64]string)
	err := iofs.WalkDir(tree, ".", func(name string, d iofs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		st := info.Sys().(*syscall.Stat_t)
		if other, twice := inodes[st.Ino]; twice || st.Ino == 0 {
			t.Errorf("%s and %s are inode %d", name, other, st.Ino)
		}
		inodes[st.Ino] = name
		if info.IsDir() {
			if info.Mode() != iofs.ModeDir|0o500 {
				t.Errorf("%s has mode %v", name, info.Mode())
			}
			return os.MkdirAll(filepath.Join(dest, name), 0o700)
		}
		f, err := tree.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		b, err := io.ReadAll(f)
		if err != nil {
			return err
		}
		if int64(len(b)) != info.Size() || st.Size != info.Size() || info.Mode() != 0o400 || st.Blocks != (st.Size+511)/512 {
			t.Errorf("%s: %d bytes, %+v", name, len(b), st)
		}
		pieces(t, f, name, b)
		return os.WriteFile(filepath.Join(dest, name), b, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return dest
}

// pieces reads f here and there.
func pieces(t testing.TB, f iofs.File, name string, want []byte) {
	t.Helper()
	rng := rand.New(rand.NewSource(1))
	at := f.(contextFile)
	for range 5 {
		off := rng.Int63n(int64(len(want)) + 20)
		p := make([]byte, rng.Intn(70_000))
		n, err := at.ReadAt(context.Background(), p, off)
		rest := want[min(off, int64(len(want))):]
		if !bytes.Equal(p[:n], rest[:min(n, len(rest))]) || n < min(len(p), len(rest)) || err != nil && err != io.EOF || n < len(p) && err != io.EOF {
			t.Errorf("%s: %d bytes at %d: %v", name, n, off, err)
		}
	}
}

func originalOf(t testing.TB, a *Archive) iofs.FS {
	t.Helper()
	tree, err := a.Original(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func TestOriginalFolderOpensWithTheKeyOfThen(t *testing.T) {
	for root, key := range folders(t) {
		s := find(t, root)
		for _, item := range s.Items {
			_, _, a := store(t, s, item, key, nil)
			dest := copyOut(t, originalOf(t, a))
			again := find(t, dest)
			if len(again.Items) != 1 || again.Items[0].Name != item.Name || again.Format != Modern {
				t.Fatalf("%+v", again)
			}
			made := filepath.Join(dest, rootName)
			equalRecords(t, recordsOf(t, made, item.Name, key), recordsOf(t, root, item.Name, key))
			if !bytes.Equal(readFile(t, filepath.Join(made, item.Name, "metadata")), readFile(t, filepath.Join(root, item.Name, "metadata"))) {
				t.Error("metadata differs")
			}
			sameMedia(t, made, root, item.Name, key)
			if _, report, _ := store(t, again, again.Items[0], key, nil); report.Missing != a.Envelope().Report.Missing || report.Media != a.Envelope().Report.Media {
				t.Errorf("stored again: %+v, was %+v", report, a.Envelope().Report)
			}
		}
	}
}

// sameMedia fails unless both folders have the same media for a snapshot, and
// its list names them.
func sameMedia(t testing.TB, made, root, name, key string) {
	t.Helper()
	ctx := context.Background()
	var index modern.MediaIndex
	for _, rec := range recordsOf(t, root, name, key)[1:] {
		f := new(signal.Frame)
		if signal.Unmarshal(rec, f) == nil {
			index.Look(f)
		}
	}
	got, want := modern.NewFolder(os.DirFS(made)), modern.NewFolder(os.DirFS(root))
	var names []string
	for _, file := range index.Files {
		w, err := want.Media(ctx, file.Locator)
		if err != nil {
			continue
		}
		defer w.Close()
		g, err := got.Media(ctx, file.Locator)
		if err != nil {
			t.Errorf("%s: %v", file.Name, err)
			continue
		}
		defer g.Close()
		a, err1 := io.ReadAll(g)
		b, err2 := io.ReadAll(w)
		if err1 != nil || err2 != nil || !bytes.Equal(a, b) {
			t.Errorf("%s: %v, %v", file.Name, err1, err2)
		}
		names = append(names, file.Name)
	}
	list, err := modern.ReadFilesList(bytes.NewReader(readFile(t, filepath.Join(made, name, "files"))))
	if err != nil || !slices.Equal(list, names) {
		t.Errorf("the list of media has %d names, not %d: %v", len(list), len(names), err)
	}
	if len(names) == 0 {
		t.Error("no media")
	}
}

func TestOriginalIsMadeTheSameEachTime(t *testing.T) {
	for root, key := range folders(t) {
		s := find(t, root)
		tree, _, a := store(t, s, s.Items[0], key, nil)
		b, err := Open(tree.files)
		if err != nil {
			t.Fatal(err)
		}
		first, second := os.DirFS(copyOut(t, originalOf(t, a))), os.DirFS(copyOut(t, originalOf(t, b)))
		sameFiles(t, first, second)
		if len(s.Items) > 1 {
			_, _, next := store(t, s, s.Items[1], key, nil)
			f, err := originalOf(t, next).Open(rootName + "/" + s.Items[1].Name + "/main")
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			iv := make([]byte, 16)
			io.ReadFull(f, iv)
			if main, _ := iofs.ReadFile(first, rootName+"/"+s.Items[0].Name+"/main"); bytes.Equal(iv, main[:16]) {
				t.Error("two mains have one IV")
			}
		}
	}
}

func sameFiles(t testing.TB, got, want iofs.FS) {
	t.Helper()
	n := 0
	err := iofs.WalkDir(want, ".", func(name string, d iofs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		n++
		g, err1 := iofs.ReadFile(got, name)
		w, err2 := iofs.ReadFile(want, name)
		if !bytes.Equal(g, w) {
			t.Errorf("%s differs", name)
		}
		return errors.Join(err1, err2)
	})
	if err != nil || n == 0 {
		t.Fatal(n, err)
	}
}

func TestOriginalOfALegacyFileIsTheSameFile(t *testing.T) {
	for path, passphrase := range legacyFiles(t) {
		s := find(t, path)
		for _, item := range s.Items {
			_, _, a := store(t, s, item, passphrase, nil)
			dest := copyOut(t, originalOf(t, a))
			if got, want := sum(readFile(t, filepath.Join(dest, item.Name))), sum(readFile(t, filepath.Join(s.Path, item.Name))); got != want {
				t.Errorf("%s: %x, want %x", item.Name, got, want)
			}
		}
	}
}

func TestOriginalOfACutLegacyFile(t *testing.T) {
	whole, passphrase := copyOf(t)
	path := writeFile(t, filepath.Join(t.TempDir(), "signal-2026-01-01-00-00-00.backup"), whole[:len(whole)*2/3])
	s := find(t, path)
	_, _, a := store(t, s, s.Items[0], passphrase, nil)
	if _, err := a.Original(context.Background()); !errors.Is(err, ErrNoOriginal) {
		t.Error(err)
	}
	if _, err := a.Gives(); !errors.Is(err, ErrNoOriginal) {
		t.Error(err)
	}
	tree, err := a.Plaintext(context.Background(), modern.ExportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	copyOut(t, tree)
}

func TestOriginalOfAMainByItself(t *testing.T) {
	root := vectors(t, "generated/SignalBackups")
	key := string(readFile(t, vectors(t, "generated/recovery-key.txt")))
	folder := find(t, root)
	item := folder.Items[0]
	path := writeFile(t, filepath.Join(t.TempDir(), "main"), readFile(t, filepath.Join(root, item.Name, "main")))
	s := find(t, path)
	s.Account = "1c55463f-2dc9-4ae3-98e6-e02da2a6f8c2"
	_, _, a := store(t, s, s.Items[0], key, nil)
	dest := copyOut(t, originalOf(t, a))
	again := find(t, filepath.Join(dest, "main"))
	again.Account = s.Account
	_, _, b := store(t, again, again.Items[0], key, nil)
	equalRecords(t, stored(t, b), recordsOf(t, root, item.Name, key))
}

func TestOriginalOfARecordStream(t *testing.T) {
	for _, name := range []string{"canonical-backup.binproto", "v2/plain.binproto"} {
		path := vectors(t, name)
		s := find(t, path)
		_, _, a := store(t, s, s.Items[0], "", nil)
		dest := copyOut(t, originalOf(t, a))
		if !bytes.Equal(readFile(t, filepath.Join(dest, filepath.Base(name))), readFile(t, path)) {
			t.Errorf("%s differs", name)
		}
	}
}

func TestOriginalOfAnExportIsTheExport(t *testing.T) {
	dir := makeExport(t)
	s := find(t, dir)
	_, _, a := store(t, s, s.Items[0], "", nil)
	dest := os.DirFS(copyOut(t, originalOf(t, a)))
	sameFiles(t, dest, os.DirFS(dir))
	sameFiles(t, os.DirFS(dir), dest)
}

func TestOriginalIsAnOrderlyTree(t *testing.T) {
	root := vectors(t, "v2/SignalBackups")
	s := find(t, root)
	_, _, a := store(t, s, s.Items[0], folders(t)[root], nil)
	plain, err := a.Plaintext(context.Background(), modern.ExportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := fstest.TestFS(plain, "main.jsonl", "metadata.json"); err != nil {
		t.Error(err)
	}
	tree := originalOf(t, a)
	if err := fstest.TestFS(tree, "SignalBackups/.nomedia", "SignalBackups/"+s.Items[0].Name+"/main"); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"x", "SignalBackups/files/zz", "SignalBackups/files/00/00", "SignalBackups/files/+1", "SignalBackups/x",
		"SignalBackups/files/00/" + strings.Repeat("0", 64), "SignalBackups/files/26/" + strings.Repeat("2", 65)} {
		if _, err := iofs.Stat(tree, name); !errors.Is(err, iofs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	bound := originalOf(t, a).(nodeFS).WithContext(ctx)
	if _, err := iofs.Stat(bound, "SignalBackups/"+s.Items[0].Name+"/main"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestOriginalNamesAreSafe(t *testing.T) {
	at := time.Date(2026, 5, 14, 23, 30, 0, 0, time.FixedZone("", -3600))
	for name, want := range map[string]string{
		"signal-backup-2026-01-02-03-04-05": "signal-backup-2026-01-02-03-04-05", "signal-backups-2026-01-02-03-04-05": "signal-backups-2026-01-02-03-04-05",
		"": "signal-backup-2026-05-15-00-30-00", "../../etc": "signal-backup-2026-05-15-00-30-00", "renamed": "signal-backup-2026-05-15-00-30-00",
		"signal-backup-2026-13-02-03-04-05": "signal-backup-2026-05-15-00-30-00", "signal-backup-2026-1-2-3-4-5": "signal-backup-2026-05-15-00-30-00",
	} {
		if got := snapshotName(name, at); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"", ".", "..", "a/b", "/etc/passwd", "a\x00b", "\xff", strings.Repeat("x", 256)} {
		if got := safeName(name, "instead"); got != "instead" {
			t.Errorf("%q stays %q", name, got)
		}
	}
	if got := safeName("signal-2026 (1).backup", "instead"); got != "signal-2026 (1).backup" {
		t.Error(got)
	}
}

// Who lists the media of an original does not wait until its main is made: what making one
// takes first is a compressor's tables, which are larger than all that listing needs.
func TestListingAnOriginalMakesNoMain(t *testing.T) {
	for root, key := range folders(t) {
		s := find(t, root)
		_, _, a := store(t, s, s.Items[0], key, nil)
		tree := originalOf(t, a)
		took := func(do func()) uint64 {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			do()
			runtime.ReadMemStats(&after)
			return after.TotalAlloc - before.TotalAlloc
		}
		var listed []string
		list := took(func() { listed, _ = iofs.Glob(tree, rootName+"/files/*/*") })
		size := took(func() { iofs.Stat(tree, rootName+"/"+s.Items[0].Name+"/main") })
		if again, err := iofs.Glob(originalOf(t, a), rootName+"/files/*/*"); err != nil || !slices.Equal(again, listed) {
			t.Errorf("another time there are %d files, not %d, %v", len(again), len(listed), err)
		}
		if size < 500_000 {
			t.Errorf("making a main took %d bytes: this test shows nothing", size)
		}
		t.Logf("listing %d files took %d bytes, making the main %d", len(listed), list, size)
	}
}
