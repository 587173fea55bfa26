package integration

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bakfs/journal"
	"bakfs/seal"
	"bakfs/snapshot"
	"bakfs/store"
)

// A patient is a repository that is damaged again and again, and read each time by a
// device that knew it when it was whole.
type patient struct {
	t       tb
	forge   *forge
	dir     string            // a copy of the repository
	files   map[string][]byte // as they were
	names   []string
	index   string // of the whole repository
	proved  string // the same, where this device has verified every pack
	marks   string
	whole   map[string]string  // "snapshot/path": what is there
	entries map[seal.Hash]bool // of the journal
	cases   int
}

// newPatient backs up a small tree three times, by two devices.
func newPatient(t tb) *patient {
	t.Helper()
	f := newForge(t, seal.NewRecoveryKey())
	src := smallSource(t)
	f.backup(src)
	check(t, os.WriteFile(src+"/second", content("random", 9, 30_000), 0o600))
	f.backup(src)
	f.enrol("other")
	check(t, os.WriteFile(src+"/third", content("text", 3, 9_000), 0o600))
	f.backup(src)
	p := &patient{t: t, forge: f, files: map[string][]byte{}}
	for _, path := range filesOf(t, f.dir) {
		name, err := filepath.Rel(f.dir, path)
		check(t, err)
		if p.files[name], err = os.ReadFile(path); name == "README.txt" {
			delete(p.files, name)
		}
		check(t, err)
	}
	p.names = slices.Sorted(maps.Keys(p.files))
	p.dir = filepath.Join(tempDir(t), "copy")
	check(t, os.CopyFS(p.dir, os.DirFS(f.dir)))
	p.index, p.proved = filepath.Join(tempDir(t), "index"), filepath.Join(tempDir(t), "index")
	for dir, verify := range map[string]bool{p.index: false, p.proved: true} {
		st := f.open(dir)
		if verify {
			for _, name := range p.packs() {
				_, err := st.Verify(context.Background(), hashOf(name))
				check(t, err)
			}
		}
		check(t, st.Close())
	}
	p.marks = filepath.Join(tempDir(t), "marks")
	r := p.read(p.index, true)
	if len(r.problems) > 0 || len(r.found) < 3*40 {
		t.Fatalf("a whole repository: %d things, %q", len(r.found), r.problems)
	}
	p.whole, p.entries = r.found, map[seal.Hash]bool{}
	for name, data := range p.files {
		if strings.HasPrefix(name, "journal/") {
			p.entries[sha256.Sum256(data)] = true
		}
	}
	return p
}

// smallSource has every kind of content that the format knows, in little space.
func smallSource(t tb) string {
	t.Helper()
	src := newSource(t)
	check(t, os.Mkdir(src+"/dir", 0o755))
	for name, data := range map[string][]byte{
		"inline": []byte("small"), "empty": nil, "text": content("text", 1, 40_000), "raw": content("random", 2, 90_000), "dir/text": content("text", 7, 3_000),
	} {
		check(t, os.WriteFile(src+"/"+name, data, 0o640))
	}
	for i := range 40 {
		check(t, os.WriteFile(fmt.Sprintf("%s/dir/%03d", src, i), content("text", uint64(i), 100), 0o600))
	}
	sparse, err := os.Create(src + "/sparse")
	check(t, err)
	for i := range int64(10) {
		_, err := sparse.WriteAt(content("text", uint64(i), 4096), i<<13)
		check(t, err)
	}
	check(t, sparse.Close())
	check(t, os.Link(src+"/text", src+"/linked"))
	check(t, os.Symlink("dir/text", src+"/link"))
	return src
}

func (p *patient) packs() (names []string) {
	for _, name := range p.names {
		if strings.HasPrefix(name, "packs/") {
			names = append(names, name)
		}
	}
	return names
}

// hashOf is the name of the pack at a path.
func hashOf(name string) (h seal.Hash) {
	b, _ := hex.DecodeString(path.Base(name))
	copy(h[:], b)
	return h
}

// A reading is all that a device sees of a repository.
type reading struct {
	found    map[string]string // "snapshot/path": what is there
	problems []string
}

func (r *reading) problem(what string, err error) {
	r.problems = append(r.problems, what+": "+err.Error())
}

// read opens the copy anew and reads everything, as a mount does.
func (p *patient) read(index string, learn bool) *reading {
	p.t.Helper()
	r := &reading{found: map[string]string{}}
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	folder, err := store.OpenFolder(p.dir)
	if err != nil {
		r.problem("folder", err)
		return r
	}
	defer folder.Close()
	log := journal.Open(folder, p.forge.keys)
	log.SetMarks(p.marks)
	problems, err := log.Refresh(ctx)
	if err != nil {
		r.problem("journal", err)
		return r
	}
	for _, q := range problems {
		r.problem(q.Name, q.Err)
	}
	infos, errs := snapshot.List(log)
	for _, err := range errs {
		r.problem("journal", err)
	}
	st, err := store.Open(ctx, store.Options{Folder: folder, Keys: p.forge.keys, Cache: index, CacheBytes: 8 << 20})
	if err != nil {
		r.problem("packs", err)
		return r
	}
	defer st.Close()
	if learn {
		report, err := st.Learn(ctx)
		if err != nil {
			r.problem("packs", err)
		}
		for _, d := range report.Damaged {
			r.problem(d.Name, d.Err)
		}
	}
	for _, i := range infos {
		r.walk(snapshot.Open(st, i), ".", i.ID.String())
	}
	if ctx.Err() != nil {
		p.t.Errorf("reading took more than a minute")
	}
	return r
}

// walk reads a directory and all below.
func (r *reading) walk(dir iofs.FS, name, at string) {
	list, err := iofs.ReadDir(dir, name)
	if err != nil {
		r.problem(at, err)
	}
	for _, e := range list {
		here, full := path.Join(name, e.Name()), at+"/"+e.Name()
		info, err := e.Info()
		if err != nil {
			r.problem(full, err)
			continue
		}
		thing := fmt.Sprintf("%v %d %d ", info.Mode(), info.Size(), info.ModTime().UnixNano())
		switch {
		case info.IsDir():
			r.walk(dir, here, full)
			thing = info.Mode().String()
		case info.Mode()&iofs.ModeSymlink != 0:
			target, err := iofs.ReadLink(dir, here)
			if err != nil {
				r.problem(full, err)
				continue
			}
			thing += target
		case info.Mode().IsRegular():
			sum, err := sumOf(dir, here)
			if err != nil {
				r.problem(full, err)
				continue
			}
			thing += sum
		}
		r.found[full] = thing
	}
}

func sumOf(dir iofs.FS, name string) (string, error) {
	f, err := dir.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return fmt.Sprintf("%x", h.Sum(nil)), err
}

// A harm is what a case does to the files of the repository.
type harm struct {
	name  string
	files map[string][]byte // new content; nil: gone
}

// apply does it, and returns what undoes it.
func (p *patient) apply(h harm) (undo func()) {
	p.t.Helper()
	for name, data := range h.files {
		full := filepath.Join(p.dir, name)
		if data == nil {
			check(p.t, os.Remove(full))
			continue
		}
		check(p.t, os.MkdirAll(filepath.Dir(full), 0o700))
		check(p.t, os.WriteFile(full, data, 0o600))
	}
	return func() {
		for name := range h.files {
			if p.files[name] == nil {
				check(p.t, os.Remove(filepath.Join(p.dir, name)))
			} else {
				check(p.t, os.WriteFile(filepath.Join(p.dir, name), p.files[name], 0o600))
			}
		}
	}
}

// suffer does harm and judges what is read then: the right bytes, or an error that
// names the object. What is wrong is an error of the test.
func (p *patient) suffer(h harm) {
	p.t.Helper()
	defer p.apply(h)()
	p.cases++
	defer func() {
		if r := recover(); r != nil {
			p.t.Errorf("%s: panic: %v", h.name, r)
		}
	}()
	if p.cases%16 != 0 && p.ofSmall(h) {
		p.refresh(h)
		return
	}
	cache := filepath.Join(filepath.Dir(p.dir), fmt.Sprintf("index-%d", p.cases))
	check(p.t, os.CopyFS(cache, os.DirFS([]string{p.index, p.proved}[p.cases%2])))
	defer os.RemoveAll(cache)
	r := p.read(cache, p.cases%8 == 0)
	p.judge(h, r)
	p.verify(h, cache)
	if p.cases%16 == 0 {
		p.restore(h, cache)
	}
}

// judge finds what is silent.
func (p *patient) judge(h harm, r *reading) {
	p.t.Helper()
	missing := 0
	for at, want := range p.whole {
		got, ok := r.found[at]
		if !ok {
			missing++
		} else if got != want {
			p.t.Errorf("%s: SILENT: %s is %s, was %s", h.name, at, got, want)
		}
	}
	for at := range r.found {
		if _, ok := p.whole[at]; !ok {
			p.t.Errorf("%s: SILENT: %s should not be there", h.name, at)
		}
	}
	if missing > 0 && len(r.problems) == 0 {
		p.t.Errorf("%s: SILENT: %d things are missing", h.name, missing)
	}
	for _, q := range r.problems {
		if !p.named(h, q) {
			p.t.Errorf("%s: names no object: %s", h.name, q)
		}
	}
}

// named says whether a problem names a file that was harmed, or the entry of the
// journal that is missing, or the chunk.
func (p *patient) named(h harm, problem string) bool {
	for name := range h.files {
		if strings.Contains(problem, path.Base(name)) || strings.Contains(problem, path.Dir(name)+":") {
			return true
		}
		if dir := path.Dir(name); strings.HasPrefix(name, "journal/") && strings.Contains(problem, path.Base(dir)) {
			return true
		}
	}
	return strings.Contains(problem, "chunk ")
}

// verify says that reading whole packs finds every harm to one.
func (p *patient) verify(h harm, cache string) {
	p.t.Helper()
	folder, err := store.OpenFolder(p.dir)
	if err != nil {
		return
	}
	defer folder.Close()
	st, err := store.Open(context.Background(), store.Options{Folder: folder, Keys: p.forge.keys, Cache: cache})
	check(p.t, err)
	defer st.Close()
	for name, data := range h.files {
		if !strings.HasPrefix(name, "packs/") || data != nil && bytes.Equal(data, p.files[name]) {
			continue
		}
		if _, err := st.Verify(context.Background(), hashOf(name)); err == nil || !strings.Contains(err.Error(), path.Base(name)) {
			p.t.Errorf("%s: verified: %v", h.name, err)
		}
	}
}

// restore restores all snapshots; what is made must be right, what is not is counted.
func (p *patient) restore(h harm, cache string) {
	p.t.Helper()
	folder, err := store.OpenFolder(p.dir)
	check(p.t, err)
	defer folder.Close()
	log := journal.Open(folder, p.forge.keys)
	if _, err := log.Refresh(context.Background()); err != nil {
		return
	}
	st, err := store.Open(context.Background(), store.Options{Folder: folder, Keys: p.forge.keys, Cache: cache})
	check(p.t, err)
	defer st.Close()
	infos, _ := snapshot.List(log)
	for _, i := range infos {
		dest := tempDir(p.t)
		words := 0
		result, err := snapshot.Restore(context.Background(), st, i, "/", dest, snapshot.RestoreOptions{Warn: func(string, error) { words++ }})
		if errors.Is(err, context.Canceled) || uint64(words) < result.Errors {
			p.t.Errorf("%s: restore: %v, %d words for %d errors", h.name, err, words, result.Errors)
		}
		r := &reading{found: map[string]string{}}
		r.walk(os.DirFS(dest), ".", i.ID.String())
		lost := 0
		for at, want := range p.whole {
			if !strings.HasPrefix(at, i.ID.String()) || want[0] == 'd' {
				continue
			}
			if got, ok := r.found[at]; !ok {
				lost++
			} else if got != want {
				p.t.Errorf("%s: SILENT: restored %s as %s, was %s", h.name, at, got, want)
			}
		}
		if lost > 0 && result.Errors == 0 && err == nil {
			p.t.Errorf("%s: SILENT: %d files were not restored", h.name, lost)
		}
		check(p.t, os.RemoveAll(dest))
	}
}
