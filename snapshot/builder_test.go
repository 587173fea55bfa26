package snapshot

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"

	"bakfs/seal"
)

var (
	backupDate = time.Date(2025, 5, 31, 3, 0, 0, 7, time.UTC)
	runDate    = time.Date(2026, 5, 31, 12, 0, 0, 0, time.UTC)
)

// builder begins a snapshot of an account.
func (r *testRepo) builder(o BuildOptions) *Builder {
	r.t.Helper()
	o.Keys, o.Warn = r.keys, r.warn
	if o.Source == "" {
		o.Source = "/signal/me"
	}
	if o.Date.IsZero() {
		o.Date = backupDate
	}
	if o.Now == nil {
		o.Now = func() time.Time { return runDate }
	}
	b, err := NewBuilder(context.Background(), r.st, r.j, r.d, o)
	must(r.t, err)
	return b
}

func (r *testRepo) put(b *Builder, name, content string) {
	r.t.Helper()
	must(r.t, b.Write(context.Background(), name, time.Unix(1e9, 5), "", strings.NewReader(content)))
}

func (r *testRepo) finish(b *Builder) Result {
	r.t.Helper()
	res, err := b.Finish(context.Background())
	must(r.t, err)
	return res
}

// contents are the files below the source, read through Open.
func (r *testRepo) contents(i Info) map[string]string {
	r.t.Helper()
	tree, err := iofs.Sub(Open(r.st, i), i.Sources[0][1:])
	must(r.t, err)
	all := map[string]string{}
	must(r.t, iofs.WalkDir(tree, ".", func(name string, d iofs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := iofs.ReadFile(tree, name)
		all[name] = string(b)
		return err
	}))
	return all
}

func TestBuilderMakesASignalSnapshot(t *testing.T) {
	r := newTestRepo(t)
	b := r.builder(BuildOptions{Tags: []string{"z", "a", "z"}})
	photo := string(noise(1, 3<<20))
	want := map[string]string{"envelope": "e", "chats/ab/2025-05": strings.Repeat("hello ", 1000), "empty": "", "media/aa/aa1": photo}
	for name, content := range want {
		mime := ""
		if content == photo {
			mime = "image/jpeg"
		}
		mtime := map[string]int64{"chats/ab/2025-05": 3e9, "envelope": 2e9, "empty": 1e9}[name]
		must(t, b.Write(t.Context(), name, time.Unix(mtime, 0), mime, iotest.HalfReader(strings.NewReader(content))))
	}
	res := r.finish(b)
	infos, errs := List(r.j)
	if len(infos) != 1 || len(errs) != 0 {
		t.Fatal(infos, errs)
	}
	i := infos[0]
	if i.Kind != Signal || !i.Date().Equal(backupDate) || !i.Time.Equal(runDate) || i.ID != res.ID || i.Root != res.Root {
		t.Errorf("%+v", i)
	}
	if !slices.Equal(i.Sources, []string{"/signal/me"}) || !slices.Equal(i.Tags, []string{"a", "z"}) || i.Incomplete {
		t.Errorf("%+v", i)
	}
	if i.Files != 4 || i.Dirs != 6 || i.Bytes != uint64(len(photo)+6001) || res.FilesNew != 4 || res.BytesRead != i.Bytes || i.Added < i.Bytes {
		t.Errorf("%+v", res)
	}
	if got := r.contents(i); !maps.Equal(got, want) {
		t.Error("the files have other content")
	}
	tree := Open(r.st, i).(view)
	for name, want := range map[string]int64{"signal": 3e9, "signal/me": 3e9, "signal/me/chats/ab": 3e9, "signal/me/media/aa": 0, "signal/me/media/aa/aa1": 0} {
		info, err := tree.Lstat(name)
		must(t, err)
		st := info.Sys().(*syscall.Stat_t)
		mode := uint32(syscall.S_IFREG | 0o600)
		if info.IsDir() {
			mode = syscall.S_IFDIR | 0o700
		}
		if info.ModTime().UnixNano() != want*1e9 || st.Mode != mode || st.Uid != uint32(os.Geteuid()) || st.Ctim != st.Mtim {
			t.Errorf("%s: %+v", name, st)
		}
	}
	x, err := tree.Xattrs("signal/me/media/aa/aa1")
	if err != nil || len(x) != 1 || string(x["user.mime_type"]) != "image/jpeg" {
		t.Error(x, err)
	}
	if x, err = tree.Xattrs("signal/me/envelope"); err != nil || len(x) != 0 {
		t.Error(x, err)
	}
	if harmed, err := NewReach(r.st).Visit(t.Context(), i, func(n Need) (bool, error) { return false, n.Err }); harmed || err != nil {
		t.Error(harmed, err)
	}
}

// The same bytes are the same chunks, whoever stores them.
func TestBuilderStoresFilesAsCreateDoes(t *testing.T) {
	r := newTestRepo(t)
	src := t.TempDir()
	sizes := []int{0, 1, 512, 513, 131072, 700_000, 6 << 20}
	b := r.builder(BuildOptions{})
	for i, n := range sizes {
		write(t, filepath.Join(src, fmt.Sprint(n)), string(noise(i, n)))
	}
	files := r.create(Options{Sources: []string{src}})
	for i, n := range sizes {
		r.put(b, fmt.Sprint(n), string(noise(i, n)))
	}
	res := r.finish(b)
	if res.Added > 64<<10 {
		t.Errorf("%d bytes were stored again", res.Added)
	}
	of := func(i Info, dir string) map[string][32]byte {
		ids := map[string][32]byte{}
		list, err := iofs.ReadDir(Open(r.st, i), dir)
		must(t, err)
		for _, e := range list {
			id, ok := e.(interface{ ContentID() ([32]byte, bool) }).ContentID()
			if !ok {
				t.Errorf("%s has no content id", e.Name())
			}
			ids[e.Name()] = id
		}
		return ids
	}
	a, c := of(files.Info, src[1:]), of(res.Info, "signal/me")
	seen := map[[32]byte]bool{}
	for name := range a {
		seen[a[name]] = true
		if a[name] != c[name] {
			t.Errorf("%s has two content ids", name)
		}
	}
	if len(seen) != len(sizes) {
		t.Error("files of different content have the same id")
	}
}

func TestBuilderTakesFilesOfItsParent(t *testing.T) {
	r := newTestRepo(t)
	b := r.builder(BuildOptions{Source: "/signal/unknown-12345678"})
	big := string(noise(1, 5<<20)) // a list of extents
	must(t, b.Write(t.Context(), "media/1", time.Unix(7, 0), "video/mp4", strings.NewReader(big)))
	r.put(b, "small", "x")
	r.put(b, "same", "s")
	first := r.finish(b).Info
	b = r.builder(BuildOptions{Parent: &first, Date: backupDate.AddDate(0, 0, 1)})
	for _, name := range []string{"media", "small/x"} { // while neither is taken
		if _, ok, err := b.Reuse(t.Context(), name); ok || err != nil {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
	}
	for name, want := range map[string]int64{"media/1": int64(len(big)), "small": 1, "none": -1, "media/2": -1} {
		size, ok, err := b.Reuse(t.Context(), name)
		if err != nil || ok != (want >= 0) || ok && size != want {
			t.Errorf("%s: %d, %v, %v", name, size, ok, err)
		}
	}
	r.put(b, "same", "s")
	r.put(b, "new", "n")
	res := r.finish(b)
	if res.FilesUnchanged != 3 || res.FilesNew != 1 || res.BytesRead != 2 || res.Files != 4 || res.Bytes != uint64(len(big)+3) {
		t.Errorf("%+v", res)
	}
	if got := r.contents(res.Info); got["media/1"] != big || got["small"] != "x" || len(got) != 4 {
		t.Error("not what was taken over")
	}
	tree := Open(r.st, res.Info).(view)
	x, err := tree.Xattrs("signal/me/media/1")
	info, _ := tree.Lstat("signal/me/media/1")
	if err != nil || string(x["user.mime_type"]) != "video/mp4" || !info.ModTime().Equal(time.Unix(7, 0)) {
		t.Error(x, err, info.ModTime())
	}
}

// What the store does not have any more is not taken over; nothing dangles.
func TestBuilderDoesNotTakeWhatIsLost(t *testing.T) {
	r := newTestRepo(t)
	b := r.builder(BuildOptions{})
	r.put(b, "photo", string(noise(1, 1<<20)))
	first := r.finish(b).Info
	packs, err := filepath.Glob(filepath.Join(r.dir, "packs", "*", "*"))
	must(t, err)
	for _, p := range packs {
		name, err := hex.DecodeString(filepath.Base(p))
		must(t, err)
		s, err := r.f.Summary(r.keys, seal.Hash(name))
		must(t, err)
		if !s.Metadata {
			must(t, os.Remove(p))
		}
	}
	r.open()
	b = r.builder(BuildOptions{Parent: &first})
	if _, ok, err := b.Reuse(t.Context(), "photo"); ok || err != nil {
		t.Error(ok, err)
	}
	r.put(b, "photo", string(noise(1, 1<<20)))
	if got := r.contents(r.finish(b).Info); got["photo"] != string(noise(1, 1<<20)) {
		t.Error("the photo was not stored again")
	}
}

// A parent whose tree cannot be read is as none.
func TestBuilderWithADamagedParent(t *testing.T) {
	r := newTestRepo(t)
	parent := Info{Kind: Signal, Root: seal.ID{9}, Sources: []string{"/signal/me"}}
	b := r.builder(BuildOptions{Parent: &parent})
	if _, ok, err := b.Reuse(t.Context(), "photo"); ok || err != nil {
		t.Error(ok, err)
	}
	r.put(b, "photo", "p")
	r.finish(b)
}

func TestBuilderStopsWithItsContext(t *testing.T) {
	r := newTestRepo(t)
	b := r.builder(BuildOptions{})
	ctx, stop := context.WithCancel(t.Context())
	in := io.MultiReader(bytes.NewReader(noise(1, 1<<20)), readerFunc(func([]byte) (int, error) { stop(); return 0, io.EOF }))
	if err := b.Write(ctx, "photo", time.Time{}, "", in); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := b.Finish(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if infos, _ := List(r.j); len(infos) != 0 {
		t.Error("a snapshot is entered")
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestBuilderDryRunWritesNothing(t *testing.T) {
	r := newTestRepo(t)
	b := r.builder(BuildOptions{DryRun: true})
	r.put(b, "photo", string(noise(1, 1<<20)))
	res := r.finish(b)
	if res.Added < 1<<20 || res.Root != (seal.ID{}) || res.ID != (seal.Hash{}) || res.Stored != 0 || res.Files != 1 {
		t.Errorf("%+v", res)
	}
	if infos, _ := List(r.j); len(infos) != 0 {
		t.Error("a snapshot is entered")
	}
	if packs, _ := filepath.Glob(filepath.Join(r.dir, "packs", "*", "*")); len(packs) != 0 {
		t.Error(packs)
	}
}

// Whatever is written, in whatever order and at the same time, is there, and the same tree has the same root.
func TestBuilderOfRandomTrees(t *testing.T) {
	r := newTestRepo(t)
	rapid.Check(t, func(rt *rapid.T) {
		files := map[string]string{}
		part := rapid.StringMatching(`[a-c\x{e9}.-]{3,5}`)
		for range rapid.IntRange(0, 30).Draw(rt, "files") {
			name := strings.Join(rapid.SliceOfN(part, 1, 4).Draw(rt, "name"), "/")
			size := rapid.SampledFrom([]int{0, 3, 512, 513, 140_000, 900_000}).Draw(rt, "size")
			files[name] = string(noise(rapid.IntRange(0, 3).Draw(rt, "seed"), size))
		}
		var roots []seal.ID
		for range 2 {
			b := r.builder(BuildOptions{})
			var g errgroup.Group
			refused := map[string]bool{}
			for name, content := range files {
				if clashes(files, name) {
					refused[name] = true
					continue
				}
				g.Go(func() error {
					return b.Write(context.Background(), name, time.Unix(int64(len(content)), 0), "", strings.NewReader(content))
				})
			}
			if err := g.Wait(); err != nil {
				rt.Fatal(err)
			}
			res := r.finish(b)
			got := r.contents(res.Info)
			for name := range refused {
				got[name] = files[name]
			}
			if !maps.Equal(got, files) {
				rt.Fatal("other files")
			}
			roots = append(roots, res.Root)
		}
		if roots[0] != roots[1] {
			rt.Fatal("the same tree has two roots")
		}
	})
}

// clashes says that a name is a folder on the way to another.
func clashes(files map[string]string, name string) bool {
	for other := range files {
		if strings.HasPrefix(other, name+"/") {
			return true
		}
	}
	return false
}

// A sound is a reader that tells at its end how long it is.
type sound struct {
	io.Reader
	ended bool
}

func (s *sound) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	s.ended = s.ended || err == io.EOF
	return n, err
}

func (s *sound) Length() time.Duration {
	if !s.ended {
		return 0
	}
	return 42_007*time.Millisecond + 3
}

// The length of sound is kept, also where the file is taken over from the backup before.
func TestBuilderKeepsLengths(t *testing.T) {
	r := newTestRepo(t)
	b := r.builder(BuildOptions{})
	must(t, b.Write(t.Context(), "media/aa/aa1", time.Unix(0, 0), "audio/aac", &sound{Reader: strings.NewReader("la la la")}))
	first := r.finish(b)
	b = r.builder(BuildOptions{Parent: &first.Info})
	if _, ok, err := b.Reuse(t.Context(), "media/aa/aa1"); !ok || err != nil {
		t.Fatal(ok, err)
	}
	for _, i := range []Info{first.Info, r.finish(b).Info} {
		x, err := Open(r.st, i).(view).Xattrs("signal/me/media/aa/aa1")
		if err != nil || len(x) != 2 || string(x["user.mime_type"]) != "audio/aac" || string(x["user.bakfs.length"]) != "42007" {
			t.Errorf("%q, %v", x, err)
		}
	}
}
