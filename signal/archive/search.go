package archive

import (
	"errors"
	"fmt"
	iofs "io/fs"
	"os"
	"path/filepath"
	"strings"

	"bakfs/signal/modern"
)

// Limits on what Search looks into. People give the folder of a phone, or of its
// copy, and may give a disk.
const (
	searchDepth   = 2    // folders below the path
	searchFolders = 2000 // in all
)

// ErrTooMany says that there are more folders than are looked into.
var ErrTooMany = fmt.Errorf("more than %d folders are in it, and no further one was looked into", searchFolders)

// Search is FindAll, and looks further down where path itself holds none but in
// backup folders: into the folders in it and in these, and for a SignalBackups in
// those; into 2,000 folders in all. It finds SignalBackups, Signal/Backups and
// Documents/Signal/SignalBackups in the folder of a phone. A folder that holds
// backups is not looked into further, nor are those for which skip is true, those
// whose names begin with a dot, and links.
//
// Where not all was looked into there is a Source with a single Item that has
// ErrTooMany.
func Search(path string, skip func(dir string) bool) ([]*Source, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	all, err := FindAll(path)
	if err != nil && !errors.Is(err, ErrNoBackup) {
		return nil, err
	}
	s := search{skip: skip, known: map[string]bool{}, found: all}
	for _, source := range all {
		if s.known[source.Path] = true; source.Path == path || source.Path == filepath.Dir(path) {
			return all, nil
		}
	}
	if info, statErr := os.Stat(path); statErr != nil || !info.IsDir() {
		return nil, err
	}
	return s.below(path)
}

// A search goes through the folders below a path, level by level.
type search struct {
	skip  func(dir string) bool
	known map[string]bool // backup folders that are found already

	found   []*Source
	looked  int // folders
	failed  int // of these: cannot be listed
	stopped bool
}

// below is what there is, with what was found before.
func (s *search) below(path string) ([]*Source, error) {
	level := s.look(path, 0)
	for depth := 1; len(level) > 0; depth++ {
		var next []string
		for _, dir := range level {
			next = append(next, s.look(dir, depth)...)
		}
		level = next
	}
	if s.stopped && len(s.found) > 0 {
		s.found = append(s.found, &Source{Path: path, Items: []Item{{Err: ErrTooMany}}})
	}
	if len(s.found) > 0 {
		return s.found, nil
	}
	where := "here"
	switch n := s.looked - 1; {
	case n == 1:
		where += ", nor in the folder below"
	case n > 1:
		where += fmt.Sprintf(", nor in %d folders below", n)
	}
	if s.failed > 0 {
		where += fmt.Sprintf(" (%d cannot be read)", s.failed)
	}
	err := fmt.Errorf("there is no folder signal-backup-…, file signal-….backup or main.jsonl %s: %w", where, ErrNoBackup)
	if s.stopped {
		err = fmt.Errorf("%w; %w", err, ErrTooMany)
	}
	return nil, err
}

// look looks into a folder and returns those in it that are next.
func (s *search) look(dir string, depth int) (next []string) {
	if s.looked == searchFolders {
		s.stopped = true
		return nil
	}
	s.looked++
	entries, err := os.ReadDir(dir)
	if err != nil {
		s.failed++
	}
	if depth > 0 { // else FindAll has looked
		if here := s.in(dir, entries); len(here) > 0 {
			s.found = append(s.found, here...)
			return nil
		}
	}
	for _, e := range entries {
		sub := filepath.Join(dir, e.Name())
		switch {
		case !e.IsDir(), strings.HasPrefix(e.Name(), "."), s.known[sub]:
		case depth < searchDepth || depth == searchDepth && e.Name() == modern.DefaultName:
			if s.skip == nil || !s.skip(sub) {
				next = append(next, sub)
			}
		}
	}
	return next
}

// in returns what is in a folder itself.
func (s *search) in(dir string, entries []iofs.DirEntry) (all []*Source) {
	if modern.HoldsSnapshots(entries) {
		all = append(all, findFolder(dir, ""))
	}
	return append(all, filesIn(dir, entries)...)
}
