package journal

import (
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"bakfs/seal"
	"bakfs/store"
)

// A log is what is known of one device's folder.
type log struct {
	pseudonym seal.Pseudonym
	files     map[string]*file // by name
}

// A file is one file of a log that was read.
type file struct {
	place   place
	present bool // in the folder at the last complete Refresh

	// Either entry and public are good, or err says why not.
	entry  Entry
	public [32]byte
	err    error

	// Size and time of a refused file; it is read again when they change,
	// because a sync program may still be writing it. Zero: always.
	size  int64
	mtime time.Time
}

// A listing is the journal's folder at one moment.
type listing struct {
	names    map[string][]string // files by log; a log that could not be listed is missing
	todo     []*file             // to be read
	foreign  []string
	unlisted map[string]bool
	causes   map[string]error // of logs that could not be listed
	problems []Problem        // of the same
}

// Refresh reads the files that were not read before and tells all that is
// wrong with the logs, sorted by name. A verified file is read once in the
// life of j; when nothing changed, only the folders are listed.
//
// When it fails or is interrupted, Entries and Devices stay as they were, and
// the next call goes on where it stopped. When no entry opens because of the
// key, the error is seal.ErrKey.
func (j *Journal) Refresh(ctx context.Context) ([]Problem, error) {
	if err := j.take(ctx); err != nil {
		return nil, err
	}
	defer func() { <-j.turn }()
	return j.refresh(ctx)
}

// refresh needs the turn.
func (j *Journal) refresh(ctx context.Context) ([]Problem, error) {
	var local []Problem
	if err := j.loadMarks(); err != nil {
		local = append(local, Problem{j.marksPath, err})
	}
	l, err := j.list(ctx)
	if err != nil {
		return nil, err
	}
	shut, unread, err := j.readAll(ctx, l.todo)
	if err != nil {
		return nil, err
	}
	j.settle(l, shut)
	if err := j.wrongKey(); err != nil {
		return nil, err
	}
	j.rebuild(l.foreign)
	if err := j.saveMarks(); err != nil && len(local) == 0 {
		local = append(local, Problem{j.marksPath, err})
	}
	problems := slices.Concat(j.view.problems, l.problems, unread, local)
	slices.SortStableFunc(problems, func(a, b Problem) int { return strings.Compare(a.Name, b.Name) })
	return problems, nil
}

func (j *Journal) list(ctx context.Context) (*listing, error) {
	l := &listing{names: make(map[string][]string), unlisted: make(map[string]bool), causes: make(map[string]error)}
	dirs, err := j.listDir("journal")
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	for _, d := range dirs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var p seal.Pseudonym
		if !d.IsDir() || !unhex(p[:], d.Name()) {
			l.strange("journal", d.Name())
			continue
		}
		files, err := j.listDir(path.Join("journal", d.Name()))
		if errors.Is(err, iofs.ErrNotExist) {
			l.names[d.Name()] = nil
			continue
		}
		if err != nil {
			l.unlisted[d.Name()], l.causes[d.Name()] = true, err
			l.problems = append(l.problems, Problem{path.Join("journal", d.Name()), err})
			continue
		}
		j.listLog(l, d.Name(), p, files)
	}
	for name := range j.logs {
		if !slices.ContainsFunc(dirs, func(d iofs.DirEntry) bool { return d.Name() == name }) {
			l.names[name] = nil
		}
	}
	return l, nil
}

// listLog sorts the files of one log into known, to be read and foreign.
func (j *Journal) listLog(l *listing, dir string, p seal.Pseudonym, files []iofs.DirEntry) {
	known := j.logs[dir]
	names := make([]string, 0, len(files))
	for _, e := range files {
		name := awake(e.Name())
		seq, short, ok := parseFile(name)
		if !ok || e.IsDir() {
			l.strange(path.Join("journal", dir), e.Name())
			continue
		}
		names = append(names, name)
		if known == nil || known.files[name] == nil {
			l.todo = append(l.todo, newFile(place{p, seq, short}, e))
		} else if f := known.files[name]; f.err != nil {
			if again := newFile(f.place, e); again.differs(f) {
				l.todo = append(l.todo, again)
			}
		}
	}
	l.names[dir] = names
}

// awake is the name of the file that an iCloud placeholder stands for: an entry
// whose content is elsewhere for now has not vanished.
func awake(name string) string {
	if inner, ok := strings.CutSuffix(name, ".icloud"); ok {
		return strings.TrimPrefix(inner, ".")
	}
	return name
}

func (l *listing) strange(dir, name string) {
	if !strings.HasPrefix(name, ".tmp-") {
		l.foreign = append(l.foreign, path.Join(dir, name))
	}
}

// newFile notes size and time before the file is read: if it changes later, the
// note is too old and not too new.
func newFile(p place, e iofs.DirEntry) *file {
	f := &file{place: p}
	if info, err := e.Info(); err == nil {
		f.size, f.mtime = info.Size(), info.ModTime()
	}
	return f
}

func (f *file) differs(old *file) bool {
	return f.mtime.IsZero() || f.size != old.size || !f.mtime.Equal(old.mtime)
}

// readAll reads the files of todo and keeps what it learns of them, also when
// ctx ends early. It returns those that could not be read now, and why.
func (j *Journal) readAll(ctx context.Context, todo []*file) (shut []*file, problems []Problem, err error) {
	failed := make([]error, len(todo))
	done := make([]bool, len(todo))
	var g errgroup.Group
	g.SetLimit(readers)
	for i, f := range todo {
		if ctx.Err() != nil {
			break
		}
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			failed[i] = j.readFile(f)
			done[i] = failed[i] == nil
			return nil
		})
	}
	err = g.Wait()
	for i, f := range todo {
		switch {
		case done[i]:
			j.keep(f)
		case failed[i] != nil && !errors.Is(failed[i], iofs.ErrNotExist):
			shut = append(shut, f)
			problems = append(problems, Problem{f.place.path(), failed[i]})
		}
	}
	if err == nil {
		err = ctx.Err()
	}
	return shut, problems, err
}

// readFile fills f with an entry or the reason to refuse it. An error: the
// file could not be read, which says nothing about it.
func (j *Journal) readFile(f *file) error {
	if f.size > maxFile {
		f.err = sizeError(f.size)
		return nil
	}
	raw, err := j.read(f.place.path())
	if err != nil {
		return err
	}
	f.entry, f.public, f.err = openEntry(j.keys, f.place, raw)
	return nil
}

// Opens says whether one of the files of the journal that are named is an entry that
// the keys open: then the repository is theirs, whatever others have put beside it.
func Opens(f *store.Folder, k *seal.Keys, names []string) bool {
	for _, name := range names {
		var p seal.Pseudonym
		dir, base := path.Split(name)
		seq, short, ok := parseFile(base)
		if !ok || !unhex(p[:], path.Base(dir)) {
			continue
		}
		if raw, err := f.ReadFile(name, maxFile); err == nil {
			if _, _, err = openEntry(k, place{p, seq, short}, raw); err == nil {
				return true
			}
		}
	}
	return false
}

func (j *Journal) keep(f *file) {
	dir := f.place.pseudonym.String()
	l := j.logs[dir]
	if l == nil {
		l = &log{pseudonym: f.place.pseudonym, files: make(map[string]*file)}
		j.logs[dir] = l
	}
	l.files[f.place.file()] = f
	j.built = false
}

// settle notes which files are in the folder. A refused one that is gone is
// forgotten.
func (j *Journal) settle(l *listing, shut []*file) {
	for dir, names := range l.names {
		known := j.logs[dir]
		if known == nil {
			continue
		}
		here := make(map[string]bool, len(names))
		for _, n := range names {
			here[n] = true
		}
		for name, f := range known.files {
			if f.present == here[name] {
				continue
			}
			j.built = false
			f.present = here[name]
			if !f.present && f.err != nil {
				delete(known.files, name)
			}
		}
	}
	j.causes = l.causes
	same := slices.EqualFunc(shut, j.shut, func(a, b *file) bool { return a.place == b.place })
	if !same || !maps.Equal(l.unlisted, j.unlisted) {
		j.shut, j.unlisted, j.built = shut, l.unlisted, false
	}
}

// wrongKey is seal.ErrKey if that is why no entry opened. Files that never came
// to the seal say nothing about the key.
func (j *Journal) wrongKey() error {
	var found error
	for _, l := range j.logs {
		for _, f := range l.files {
			if f.err == nil {
				return nil
			}
			if errors.Is(f.err, seal.ErrKey) {
				found = fmt.Errorf("journal: %w", seal.ErrKey)
			}
		}
	}
	return found
}
