package archive

import (
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bakfs/signal"
	"bakfs/signal/legacy"
	"bakfs/signal/modern"
)

// FindAll says what backups a path holds, by content: a file main; an
// unencrypted record stream; a legacy file; main.jsonl of an export; one
// snapshot of a backup folder; or a folder, of which each backup folder and
// export, and all legacy files together, are a source. Folders in it are looked
// into only for being a backup folder.
//
// What is recognised in a folder, or has the name of a legacy file, and cannot
// be stored, is an Item with Err. The error wraps ErrNoBackup if there is
// nothing else, or modern.ErrRemote, legacy.ErrVersion, legacy.ErrTruncated or
// what the system says of path. No error here or in package archive names path
// or the item: whoever has them says so, once.
func FindAll(path string) ([]*Source, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	var all []*Source
	switch {
	case err != nil:
	case info.IsDir():
		all, err = findIn(path)
	case info.Mode().IsRegular():
		var s *Source
		s, err = findFile(path, info)
		all = []*Source{s}
	default:
		err = fmt.Errorf("neither a file nor a folder: %w", ErrNoBackup)
	}
	if err != nil {
		return nil, bare(err)
	}
	return all, nil
}

// Find is FindAll for a path that holds one source. If it holds more the error
// wraps ErrSeveral.
func Find(path string) (*Source, error) {
	all, err := FindAll(path)
	if err == nil && len(all) > 1 {
		err = fmt.Errorf("%d of them: %w", len(all), ErrSeveral)
	}
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// bare takes the path off an error of the system.
func bare(err error) error {
	if p, ok := err.(*iofs.PathError); ok {
		return p.Err
	}
	return err
}

// findIn finds what a folder holds.
func findIn(dir string) ([]*Source, error) {
	roots, only, err := modern.Roots(dir)
	if err != nil && !errors.Is(err, modern.ErrNoSnapshot) {
		return nil, err
	}
	var all []*Source
	for _, root := range roots {
		all = append(all, findFolder(root, only))
	}
	if only != "" {
		return all, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	all = append(all, filesIn(dir, entries)...)
	if len(all) == 0 {
		return nil, ErrNoBackup
	}
	return all, nil
}

// filesIn returns the exports, and all legacy files together, of a folder.
func filesIn(dir string, entries []iofs.DirEntry) (all []*Source) {
	old := &Source{Format: Legacy, Path: dir}
	for _, e := range entries {
		switch s := findNamed(filepath.Join(dir, e.Name())); {
		case s == nil:
		case s.Format == Legacy:
			old.Items = append(old.Items, s.Items...)
		default:
			all = append(all, s)
		}
	}
	if len(old.Items) > 0 {
		slices.SortStableFunc(old.Items, func(a, b Item) int { return a.Time.Compare(b.Time) })
		all = append(all, old)
	}
	return all
}

// findNamed finds what a file in a folder is, going by its name first; nil if
// it is none of Signal's. Of one that is Signal's and cannot be stored the item
// has an error.
func findNamed(path string) *Source {
	name := filepath.Base(path)
	if name != modern.ExportMain && !strings.HasSuffix(name, ".backup") {
		return nil
	}
	signals := strings.HasPrefix(name, "signal-")
	info, err := os.Stat(path)
	if err == nil && (info.IsDir() || !info.Mode().IsRegular() && !signals) {
		return nil
	}
	var s *Source
	if err == nil {
		s, err = findFile(path, info)
	}
	if err == nil && s.Format != Main { // for which any bytes may be taken
		return s
	}
	if err == nil || errors.Is(err, ErrNoBackup) {
		if !signals {
			return nil
		}
		err = legacy.ErrNotBackup
		if info.Size() == 0 {
			err = fmt.Errorf("empty: %w", legacy.ErrTruncated)
		}
	}
	s = &Source{Format: Legacy, Path: filepath.Dir(path), Items: []Item{{Name: name, Time: legacyTime(name, info), Err: bare(err)}}}
	if name == modern.ExportMain {
		s.Format = Export
	}
	return s
}

// findFolder finds what a backup folder holds, or the one snapshot that is
// wanted of it.
func findFolder(root, only string) *Source {
	f := modern.OpenFolder(root)
	s := &Source{Format: Modern, Path: root, folder: f}
	list, err := f.Snapshots()
	if err != nil {
		s.Path, s.Items = filepath.Dir(root), []Item{{Name: filepath.Base(root), Err: bare(err)}}
		return s
	}
	for _, sn := range list {
		if only == "" || sn.Name == only {
			s.Items = append(s.Items, Item{Name: sn.Name, Time: sn.Time, Err: sn.Err()})
		}
	}
	return s
}

// findFile finds what a file is.
func findFile(path string, info os.FileInfo) (*Source, error) {
	f, err := modern.OpenFile(os.OpenFile, path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s := &Source{Path: filepath.Dir(path), Items: []Item{{Name: filepath.Base(path), Time: info.ModTime()}}}
	head := make([]byte, 5)
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if legacy.Looks(head[:n]) {
		_, err := legacy.ReadHeader(f, info.Size())
		if err == nil {
			s.Format = Legacy
			s.Items[0].Time = legacyTime(s.Items[0].Name, info)
			return s, nil
		}
		if !errors.Is(err, legacy.ErrNotBackup) {
			return nil, err
		}
	}
	kind, err := modern.Detect(f, info.Size())
	if err != nil {
		return nil, err
	}
	return s.ofKind(kind, f, info.Size())
}

// ofKind completes a source of one file.
func (s *Source) ofKind(kind modern.Kind, f io.ReaderAt, size int64) (*Source, error) {
	name := s.Items[0].Name
	if name == "main" && kind != modern.Remote {
		if roots, only, err := modern.Roots(s.Path); err == nil && only != "" {
			return findFolder(roots[0], only), nil // main inside its snapshot
		}
		if kind == modern.Unrecognised {
			kind = modern.Sealed // a damaged one: Open says so
		}
	}
	switch kind {
	case modern.Remote:
		return nil, modern.ErrRemote
	case modern.Sealed:
		s.Format = Main
	case modern.Plain:
		s.Format = Stream
	case modern.Export:
		s.Format = Export
	default:
		return nil, ErrNoBackup
	}
	if s.Format != Main {
		if t := streamTime(s.Format, io.NewSectionReader(f, 0, size)); !t.IsZero() {
			s.Items[0].Time = t
		}
	}
	return s, nil
}

// streamTime returns the time that the first record tells.
func streamTime(format Format, r io.Reader) time.Time {
	var records signal.Records = signal.NewRecordReader(r)
	if format == Export {
		records = modern.NewExportReader(r)
	}
	rec, err := records.Next()
	var info signal.BackupInfo
	if err != nil || signal.Unmarshal(rec, &info) != nil || info.BackupTimeMs == 0 {
		return time.Time{}
	}
	return info.BackupTimeMs.Time()
}

// legacyTime returns the time in the name of a legacy file, which is that of
// the phone's zone: this machine's is the best guess. Without one it is that of the file,
// if info is not nil.
func legacyTime(name string, info os.FileInfo) time.Time {
	for at := range len(name) {
		const layout = "2006-01-02-15-04-05"
		if rest := name[at:]; len(rest) >= len(layout) {
			if t, err := time.ParseInLocation(layout, rest[:len(layout)], time.Local); err == nil {
				return t
			}
		}
	}
	if info == nil {
		return time.Time{}
	}
	return info.ModTime()
}
