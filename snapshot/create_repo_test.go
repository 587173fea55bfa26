package snapshot

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	iofs "io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bakfs/journal"
	"bakfs/seal"
	"bakfs/store"

	"golang.org/x/sys/unix"
)

// A testRepo is a real repository with one device.
type testRepo struct {
	t    testing.TB
	f    *store.Folder
	st   *store.Store
	j    *journal.Journal
	d    *seal.Device
	keys *seal.Keys
	dir  string

	mu    sync.Mutex
	warns []string // "path: error"
}

func newTestRepo(t testing.TB) *testRepo {
	t.Helper()
	root := seal.DeriveRoot(seal.NewRecoveryKey(), seal.NewRepositoryID())
	d, err := root.Enrol("here", time.Now())
	must(t, err)
	dir := filepath.Join(t.TempDir(), "repo")
	f, err := store.CreateFolder(dir)
	must(t, err)
	t.Cleanup(func() { f.Close() })
	r := &testRepo{t: t, d: d, keys: root.Keys(), f: f, dir: dir}
	r.open()
	_, err = r.j.Append(context.Background(), d, journal.Enrol, nil, time.Now())
	must(t, err)
	return r
}

// open makes a store without any index, and a journal that knows what the folder holds.
func (r *testRepo) open() {
	r.t.Helper()
	r.j = journal.Open(r.f, r.keys)
	_, err := r.j.Refresh(context.Background())
	must(r.t, err)
	st, err := store.Open(context.Background(), store.Options{Folder: r.f, Keys: r.keys, Cache: r.t.TempDir(), Tag: "test"})
	must(r.t, err)
	r.st = st
	r.t.Cleanup(func() {
		if err := st.Close(); err != nil {
			r.t.Error(err)
		}
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (r *testRepo) warn(path string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.warns = append(r.warns, path+": "+err.Error())
}

// create backs up and expects that nothing is reported.
func (r *testRepo) create(o Options) Result {
	r.t.Helper()
	res := r.createWarned(o)
	if len(r.warns) > 0 || res.Incomplete {
		r.t.Fatalf("reported: %q", r.warns)
	}
	return res
}

func (r *testRepo) createWarned(o Options) Result {
	r.t.Helper()
	r.warns = nil
	o.Keys, o.Warn = r.keys, r.warn
	res, err := Create(context.Background(), r.st, r.j, r.d, o)
	must(r.t, err)
	return res
}

func (r *testRepo) createErr(o Options) error {
	o.Keys, o.Warn = r.keys, r.warn
	_, err := Create(context.Background(), r.st, r.j, r.d, o)
	return err
}

// rootOf is the root of one folder; that of the whole snapshot also holds the attributes of /tmp.
func (r *testRepo) rootOf(i Result, path string) seal.ID {
	r.t.Helper()
	e, err := find(context.Background(), r.st, i.Root, path)
	must(r.t, err)
	return e.Root
}

// restore restores a path and expects that nothing is reported.
func (r *testRepo) restore(s Info, path, dest string, o RestoreOptions) RestoreResult {
	r.t.Helper()
	res := r.restoreWarned(s, path, dest, o)
	if len(r.warns) > 0 || res.Errors > 0 {
		r.t.Fatalf("reported: %q", r.warns)
	}
	return res
}

func (r *testRepo) restoreWarned(s Info, path, dest string, o RestoreOptions) RestoreResult {
	r.t.Helper()
	r.warns = nil
	o.Warn = r.warn
	if os.Geteuid() == 0 {
		o.Owner = true
	}
	res, err := Restore(context.Background(), r.st, s, path, dest, o)
	must(r.t, err)
	return res
}

// describe gives a line for each file below dir that says all a restore must bring back. It shares no code with the package.
func describe(t testing.TB, dir string) map[string]string {
	t.Helper()
	lines := map[string]string{}
	groups := map[uint64][]string{}
	must(t, filepath.WalkDir(dir, func(p string, _ iofs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, p)
		var st unix.Stat_t
		if err := unix.Lstat(p, &st); err != nil {
			return err
		}
		line := fmt.Sprintf("mode %o owner %d:%d mtime %d.%09d", st.Mode, st.Uid, st.Gid, st.Mtim.Sec, st.Mtim.Nsec)
		switch st.Mode & unix.S_IFMT {
		case unix.S_IFREG:
			groups[st.Ino] = append(groups[st.Ino], rel)
			line += describeFile(t, p, st.Size)
		case unix.S_IFLNK:
			target, _ := os.Readlink(p)
			line += fmt.Sprintf(" to %q", target)
		case unix.S_IFCHR, unix.S_IFBLK:
			line += fmt.Sprintf(" device %x", st.Rdev)
		case unix.S_IFDIR:
			line += fmt.Sprintf(" nlink %d", st.Nlink)
		}
		lines[rel] = line + describeXattrs(p)
		return nil
	}))
	for _, names := range groups {
		slices.Sort(names)
		for _, n := range names {
			lines[n] += fmt.Sprintf(" names %q", names)
		}
	}
	return lines
}

// describeFile gives the size, the hash and the map of data and holes.
func describeFile(t testing.TB, p string, size int64) string {
	f, err := os.Open(p)
	must(t, err)
	defer f.Close()
	if size <= 4096 {
		all, err := os.ReadFile(p)
		must(t, err)
		return fmt.Sprintf(" size %d content %x", size, all)
	}
	var b strings.Builder
	h := sha256.New()
	for off := int64(0); off < size; {
		data, err := f.Seek(off, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) {
			break
		}
		must(t, err)
		end, err := f.Seek(data, unix.SEEK_HOLE)
		must(t, err)
		fmt.Fprintf(&b, " data %d-%d", data, end)
		buf := make([]byte, end-data)
		_, err = f.ReadAt(buf, data)
		must(t, err)
		fmt.Fprintf(h, "%d:", data)
		h.Write(buf)
		off = end
	}
	return fmt.Sprintf(" size %d%s sum %x", size, b.String(), h.Sum(nil)[:8])
}

func describeXattrs(p string) string {
	buf := make([]byte, 64<<10)
	n, err := unix.Llistxattr(p, buf)
	if err != nil || n == 0 {
		return ""
	}
	names := strings.Split(strings.TrimSuffix(string(buf[:n]), "\x00"), "\x00")
	slices.Sort(names)
	var b strings.Builder
	for _, name := range names {
		v := make([]byte, 64<<10)
		n, err := unix.Lgetxattr(p, name, v)
		fmt.Fprintf(&b, " %s=%x,%v", name, v[:max(n, 0)], err)
	}
	return b.String()
}

// sameTrees compares two folders.
func sameTrees(t testing.TB, want, got string) {
	t.Helper()
	a, b := describe(t, want), describe(t, got)
	for name := range maps.Keys(b) {
		if a[name] == "" {
			t.Errorf("%q is too much: %s", name, b[name])
		}
	}
	for name, line := range a {
		if b[name] != line {
			t.Errorf("%q\nwant %s\ngot  %s", name, line, b[name])
		}
	}
}

func write(t testing.TB, path, content string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, []byte(content), 0o644))
}

func noise(seed, n int) []byte {
	b := make([]byte, 0, n+32)
	sum := sha256.Sum256(fmt.Appendf(nil, "noise %d", seed))
	for len(b) < n {
		b = append(b, sum[:]...)
		sum = sha256.Sum256(sum[:])
	}
	return b[:n]
}
