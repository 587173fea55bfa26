package snapshot

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestBackupAndRestoreAreTheIdentity(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	write(t, src+"/empty", "")
	write(t, src+"/tiny", "hello")
	write(t, src+"/a/b/c/middle", strings.Repeat("text ", 10_000))
	write(t, src+"/a/big", string(noise(1, 5<<20)))
	write(t, src+"/"+strings.Repeat("n", 255), "long name")
	write(t, src+"/not\xffutf8\n", "name of any bytes")
	must(t, os.Mkdir(src+"/empty folder", 0o711))
	must(t, os.Symlink("../nowhere/\xfe", src+"/a/link"))
	must(t, os.Symlink("/", src+"/root"))
	must(t, unix.Mkfifo(src+"/fifo", 0o604))
	must(t, os.Chmod(src+"/tiny", 0o4751))
	must(t, os.Chmod(src+"/a", 0o2770))
	must(t, os.Chmod(src+"/a/b/c/middle", 0))
	must(t, os.Chtimes(src+"/tiny", time.Time{}, time.Unix(-77, 123456789)))
	must(t, os.Chmod(src+"/a/b", 0o500))

	res := r.create(Options{Sources: []string{src}, Tags: []string{"b", "a", "b"}})
	if res.FilesNew != res.Files || res.Files != 6 || res.Others != 3 || res.ID == [32]byte{} {
		t.Errorf("result %+v", res)
	}
	if !slices.Equal(res.Tags, []string{"a", "b"}) {
		t.Errorf("tags %q", res.Tags)
	}
	dest := filepath.Join(t.TempDir(), "made", "too")
	got := r.restore(res.Info, src, dest, RestoreOptions{Verify: true})
	if got.Files != 6 || got.Verified != 6 || got.Others != 3 || got.Bytes != res.Bytes {
		t.Errorf("restored %+v", got)
	}
	sameTrees(t, src, dest)
	infos, errs := List(r.j)
	if len(infos) != 1 || len(errs) > 0 || infos[0].ID != res.ID || infos[0].Root != res.Root || !infos[0].End.Equal(res.End) {
		t.Errorf("journal has %+v, %v; created %+v", infos, errs, res.Info)
	}
}

func TestSecondBackupReadsOnlyWhatChanged(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	write(t, src+"/same", "same")
	write(t, src+"/sub/big", string(noise(2, 3<<20)))
	write(t, src+"/sub/list", string(noise(3, 6<<20)))
	write(t, src+"/changes", "before")
	write(t, src+"/goes", "goes")
	first := r.create(Options{Sources: []string{src}})
	again := r.create(Options{Sources: []string{src}})
	if again.FilesUnchanged != 5 || again.BytesRead != 0 || again.Added > 1000 || r.rootOf(again, src) != r.rootOf(first, src) {
		t.Errorf("nothing changed, but %+v", again)
	}
	write(t, src+"/changes", "behind")
	write(t, src+"/comes", "new")
	must(t, os.Remove(src+"/goes"))
	third := r.create(Options{Sources: []string{src}})
	if third.FilesUnchanged != 3 || third.FilesChanged != 1 || third.FilesNew != 1 || third.BytesRead != 9 {
		t.Errorf("one changed, one new, but %+v", third)
	}
	dest := t.TempDir()
	r.restore(third.Info, src, dest, RestoreOptions{})
	sameTrees(t, src, dest)
	reread := r.create(Options{Sources: []string{src}, Reread: true})
	if reread.FilesUnchanged != 5 || reread.BytesRead < 9<<20 || r.rootOf(reread, src) != r.rootOf(third, src) {
		t.Errorf("all was to be read again, but %+v", reread)
	}
}

// A change that leaves size and time of modification alone still shows in ctime.
func TestChangeWithTheSameTimeIsSeen(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	write(t, src+"/f", "before")
	at := time.Unix(1_700_000_000, 5)
	must(t, os.Chtimes(src+"/f", at, at))
	r.create(Options{Sources: []string{src}})
	write(t, src+"/f", "behind")
	must(t, os.Chtimes(src+"/f", at, at))
	if res := r.create(Options{Sources: []string{src}}); res.FilesChanged != 1 {
		t.Errorf("%+v", res)
	}
}

func TestUnchangedFileIsReadAgainWhenItsChunksAreGone(t *testing.T) {
	for name, least := range map[string]int64{"content alone": 1 << 20, "trees too": 0} {
		t.Run(name, func(t *testing.T) {
			r, src := newTestRepo(t), t.TempDir()
			write(t, src+"/f", string(noise(4, 3<<20)))
			write(t, src+"/tiny", "in the tree itself")
			r.create(Options{Sources: []string{src}})
			packs, err := filepath.Glob(r.dir + "/packs/*/*")
			must(t, err)
			for _, p := range packs {
				info, err := os.Stat(p)
				must(t, err)
				if info.Size() >= least {
					must(t, os.Remove(p))
				}
			}
			r.open()
			res := r.createWarned(Options{Sources: []string{src}})
			if res.BytesRead < 3<<20 || least == 0 && res.FilesUnchanged > 0 {
				t.Errorf("packs are gone, but %+v", res)
			}
			dest := t.TempDir()
			r.restore(res.Info, src, dest, RestoreOptions{})
			sameTrees(t, src, dest)
		})
	}
}

func TestSourcesInsideEachOtherAreMerged(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	write(t, src+"/a/keep/f", "1")
	write(t, src+"/a/skip/deep/f", "2")
	write(t, src+"/a/skip/other", "3")
	write(t, src+"/b/file", "4")
	write(t, src+"/c/never", "5")
	sources := []string{src + "/b/file", src + "/a/skip/deep", src + "/a"}
	res := r.create(Options{Sources: sources, Exclude: []string{"skip"}})
	dest := t.TempDir()
	r.restore(res.Info, "/", dest, RestoreOptions{})
	got := filepath.Join(dest, src)
	for name, want := range map[string]bool{"/a/keep/f": true, "/a/skip/deep/f": true, "/a/skip/other": false, "/b/file": true, "/c": false} {
		if _, err := os.Lstat(got + name); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	a, b := describe(t, src), describe(t, got)
	for _, dir := range []string{"a/skip", "b"} {
		if trimLinks(a[dir]) != trimLinks(b[dir]) {
			t.Errorf("folder on the way to a source: want %s, got %s", a[dir], b[dir])
		}
	}
	if again := r.create(Options{Sources: sources, Exclude: []string{"skip"}}); again.FilesUnchanged != 3 || r.rootOf(again, src) != r.rootOf(res, src) {
		t.Errorf("again %+v", again)
	}
}

func trimLinks(line string) string { line, _, _ = strings.Cut(line, " nlink"); return line }

func TestCreateRefuses(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	write(t, src+"/repo/f", "x")
	for name, o := range map[string]Options{
		"none":                 {},
		"absent":               {Sources: []string{src + "/absent"}},
		"relative":             {Sources: []string{"repo"}},
		"not clean":            {Sources: []string{src + "/repo/"}},
		"in a folder of bakfs": {Sources: []string{src + "/repo/f"}, Never: []string{src + "/repo"}},
		"bad pattern":          {Sources: []string{src}, Exclude: []string{"[a"}},
		"bad tag":              {Sources: []string{src}, Tags: []string{"\xff"}},
	} {
		if err := r.createErr(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if infos, _ := List(r.j); len(infos) > 0 {
		t.Errorf("%d snapshots", len(infos))
	}
}

func TestFoldersOfBakfsItselfAreLeftOut(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	write(t, src+"/mine/f", "x")
	write(t, src+"/state/f", "x")
	must(t, os.Symlink(src+"/state", src+"/alias"))
	res := r.create(Options{Sources: []string{src}, Never: []string{src + "/alias", src + "/absent"}})
	if res.Files != 1 {
		t.Errorf("%+v", res)
	}
}

func TestDryRunWritesNothingAndCounts(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	write(t, src+"/a", string(noise(5, 2<<20)))
	write(t, src+"/b", string(noise(5, 2<<20)))
	before := countFiles(t, r.dir)
	dry := r.create(Options{Sources: []string{src}, DryRun: true})
	if dry.BytesRead != 4<<20 || dry.Added < 2<<20 || dry.Added > 2<<20+4096 || dry.Stored != 0 || dry.Files != 2 {
		t.Errorf("%+v", dry)
	}
	if after := countFiles(t, r.dir); after != before {
		t.Errorf("%d files, then %d", before, after)
	}
	wet := r.create(Options{Sources: []string{src}})
	if wet.Added > dry.Added+1000 || wet.Added < dry.Added-1000 { // /tmp itself may change between the two
		t.Errorf("dry run said %d new bytes, then there were %d", dry.Added, wet.Added)
	}
	if dry = r.create(Options{Sources: []string{src}, DryRun: true}); dry.Added > 1000 || dry.BytesRead > 0 {
		t.Errorf("all is there, but a dry run says %+v", dry)
	}
}

func countFiles(t testing.TB, dir string) int {
	return len(describe(t, dir))
}

func TestProgressReachesItsTotal(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	write(t, src+"/a", string(noise(6, 1<<20)))
	write(t, src+"/sub/b", "small")
	write(t, src+"/skip", "left out")
	must(t, os.Link(src+"/a", src+"/again"))
	for _, run := range []string{"first", "unchanged"} {
		p := &Progress{}
		r.create(Options{Sources: []string{src}, Exclude: []string{"skip"}, Progress: p})
		if p.Files.Load() != 3 || p.Bytes.Load() != 2<<20+5 {
			t.Errorf("%s: %d files, %d bytes", run, p.Files.Load(), p.Bytes.Load())
		}
		if p.Total.Load() && (p.TotalFiles.Load() != 3 || p.TotalBytes.Load() != 2<<20+5) {
			t.Errorf("%s: total %d files, %d bytes", run, p.TotalFiles.Load(), p.TotalBytes.Load())
		}
	}
}

func TestCancelledRunLeavesNoSnapshot(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	write(t, src+"/sub/a", string(noise(7, 8<<20)))
	ctx, cancel := context.WithCancel(t.Context())
	c, err := newCreator(r.st, Options{Keys: r.keys, Sources: []string{src}})
	must(t, err)
	c.reading = func(string) { cancel() }
	write(t, src+"/sub/b", "x")
	if _, err := c.run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if _, err := Create(ctx, r.st, r.j, r.d, Options{Keys: r.keys, Sources: []string{src}}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if infos, _ := List(r.j); len(infos) > 0 {
		t.Errorf("%d snapshots", len(infos))
	}
}
