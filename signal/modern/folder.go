package modern

import (
	"context"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"bakfs/signal"
)

// snapshotName is the form of a snapshot's name; one with -tmp is being
// written.
var snapshotName = regexp.MustCompile(`^signal-backups?-(\d{4}(?:-\d{2}){5})(-tmp)?$`)

// snapshotTime is the layout of the date in it.
const snapshotTime = "2006-01-02-15-04-05"

// The names of a folder backup. FilesName is a folder beside the snapshots, as it
// is beside main.jsonl in an export, and a file inside each.
const (
	mainName     = "main"
	MetadataName = "metadata"
	FilesName    = "files"
)

// DefaultName is what apps call a backup folder. The user may rename it.
const DefaultName = "SignalBackups"

// A Folder is a backup folder: snapshots and the media that they share.
type Folder struct {
	fsys iofs.FS
}

// NewFolder returns the folder backup whose root is fsys. Its files must
// implement io.ReaderAt, as those of os.DirFS do. What fsys opens it opens, so
// for a directory of the system OpenFolder is safer.
func NewFolder(fsys iofs.FS) *Folder { return &Folder{fsys} }

// OpenFolder returns the folder backup whose root is a directory of the system.
func OpenFolder(root string) *Folder { return NewFolder(dirFS(root)) }

// Locate finds the folder backup that path means: the root, the folder that
// holds it, or one snapshot, whose name it then returns too. Names do not
// matter, so a renamed folder is found; of several the one called SignalBackups
// is meant. The error wraps ErrNoSnapshot or, for a snapshot that lacks a file,
// nothing: that is for Open to say.
func Locate(dir string) (f *Folder, snapshot string, err error) {
	roots, snapshot, err := Roots(dir)
	if err != nil {
		return nil, "", err
	}
	for _, root := range roots {
		if len(roots) == 1 || filepath.Base(root) == DefaultName {
			return OpenFolder(root), snapshot, nil
		}
	}
	return nil, "", fmt.Errorf("%d backup folders in it, give one of them: %w", len(roots), ErrNoSnapshot)
}

// Roots returns the backup folders that dir means: itself, or, if it is one
// snapshot, the one around it and the snapshot's name, or else all that are in
// it, SignalBackups too if it cannot be listed. Without any the error is
// ErrNoSnapshot.
func Roots(dir string) (roots []string, snapshot string, err error) {
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, "", err
	}
	if isSnapshot(dirFS(dir), ".", filepath.Base(dir)) {
		return []string{filepath.Dir(dir)}, filepath.Base(dir), nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, "", err
	}
	if HoldsSnapshots(entries) {
		return []string{dir}, "", nil
	}
	for _, e := range entries {
		root := filepath.Join(dir, e.Name())
		if info, err := os.Stat(root); err != nil || !info.IsDir() {
			continue
		}
		sub, err := os.ReadDir(root)
		if err != nil && e.Name() == DefaultName || HoldsSnapshots(sub) {
			roots = append(roots, root)
		}
	}
	if len(roots) == 0 {
		return nil, "", ErrNoSnapshot
	}
	return roots, "", nil
}

// HoldsSnapshots reports whether the entries of a directory, by their names, are
// those of a backup folder.
func HoldsSnapshots(entries []iofs.DirEntry) bool {
	return slices.ContainsFunc(entries, func(e iofs.DirEntry) bool {
		return e.IsDir() && snapshotName.MatchString(e.Name())
	})
}

// isSnapshot reports whether dir is a snapshot: by its name, or because it has
// what one has.
func isSnapshot(fsys iofs.FS, dir, name string) bool {
	main, err1 := iofs.Stat(fsys, path.Join(dir, mainName))
	meta, err2 := iofs.Stat(fsys, path.Join(dir, MetadataName))
	if err1 == nil && err2 == nil && main.Mode().IsRegular() && meta.Mode().IsRegular() {
		return true
	}
	info, err := iofs.Stat(fsys, dir)
	return err == nil && info.IsDir() && snapshotName.MatchString(name)
}

// A Snapshot is one backup in a folder.
type Snapshot struct {
	Name    string
	Time    time.Time // from the name, read as UTC; zero if the folder was renamed
	Missing []string  // files that it lacks: it is incomplete
	Odd     []string  // files in whose place something else is, a folder or a pipe: the same
	Partial bool      // still being written
}

// Complete reports whether the snapshot has all its files.
func (s Snapshot) Complete() bool { return len(s.Missing)+len(s.Odd) == 0 && !s.Partial }

// Err returns nil for a complete snapshot, else an error that wraps
// ErrIncomplete and says why.
func (s Snapshot) Err() error {
	switch {
	case s.Complete():
		return nil
	case s.Partial:
		return fmt.Errorf("it was not finished: %w", ErrIncomplete)
	case len(s.Odd) > 0:
		return fmt.Errorf("%s: %w: %w", s.Odd[0], notAFile{}, ErrIncomplete)
	}
	return fmt.Errorf("it lacks %s: %w", strings.Join(s.Missing, " and "), ErrIncomplete)
}

// Snapshots lists all snapshots, the oldest first, incomplete ones too. Their
// own records have the exact time. Without any it returns ErrNoSnapshot.
func (f *Folder) Snapshots() ([]Snapshot, error) {
	entries, err := iofs.ReadDir(f.fsys, ".")
	if err != nil {
		return nil, err
	}
	var list []Snapshot
	for _, e := range entries {
		if e.IsDir() && (snapshotName.MatchString(e.Name()) || isSnapshot(f.fsys, e.Name(), "")) {
			list = append(list, f.snapshot(e.Name()))
		}
	}
	if len(list) == 0 {
		return nil, ErrNoSnapshot
	}
	slices.SortStableFunc(list, func(a, b Snapshot) int {
		if c := a.Time.Compare(b.Time); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	return list, nil
}

func (f *Folder) snapshot(name string) Snapshot {
	s := Snapshot{Name: name}
	if m := snapshotName.FindStringSubmatch(name); m != nil {
		s.Time, _ = time.Parse(snapshotTime, m[1])
		s.Partial = m[2] != ""
	}
	for _, file := range []string{mainName, MetadataName} {
		info, err := iofs.Stat(f.fsys, path.Join(name, file))
		switch {
		case errors.Is(err, iofs.ErrNotExist), err == nil && info.Mode().IsRegular() && info.Size() == 0:
			s.Missing = append(s.Missing, file)
		case err == nil && !info.Mode().IsRegular():
			s.Odd = append(s.Odd, file)
		} // another error is for Open to meet
	}
	return s
}

// A Backup is an open snapshot whose key fits and whose main is whole.
type Backup struct {
	Snapshot Snapshot
	ID       ID
	Keys     Keys   // of its main
	Metadata []byte // its file metadata as it is, to write the same again
	Folder   *Folder

	main *Main
	file io.Closer
}

// Open opens one snapshot and checks all of its main. Beside the errors of
// OpenMain there are ErrIncomplete, ErrUnknownVersion and, for a snapshot that
// only OpenAs can open, ErrNoACI. They name the file in the snapshot, and leave
// the name of the snapshot to the caller.
func (f *Folder) Open(ctx context.Context, name string, key RecoveryKey) (*Backup, error) {
	return f.open(ctx, name, key.BackupKey(), nil)
}

// OpenAs is Open for a snapshot of the account aci, whose file metadata, made
// by a very early app, does not lead to the account.
func (f *Folder) OpenAs(ctx context.Context, name string, key RecoveryKey, aci signal.ServiceID) (*Backup, error) {
	bk := key.BackupKey()
	id := bk.ID(aci)
	return f.open(ctx, name, bk, &id)
}

func (f *Folder) open(ctx context.Context, name string, bk BackupKey, id *ID) (*Backup, error) {
	s := f.snapshot(name)
	if err := s.Err(); err != nil {
		if _, err := iofs.Stat(f.fsys, name); err != nil {
			return nil, reason(err)
		}
		return nil, err
	}
	b := &Backup{Snapshot: s, Folder: f}
	if err := b.open(ctx, bk, id); err != nil {
		return nil, err
	}
	return b, nil
}

func (b *Backup) open(ctx context.Context, bk BackupKey, id *ID) (err error) {
	fsys, name := b.Folder.fsys, b.Snapshot.Name
	if b.Metadata, err = readSmall(fsys, path.Join(name, MetadataName)); err != nil {
		return fmt.Errorf("%s: %w", MetadataName, err)
	}
	meta, err := ParseMetadata(b.Metadata)
	switch {
	case id != nil && (err == nil || errors.Is(err, ErrNoACI)):
		b.ID = *id
	case err != nil:
		return err
	default:
		b.ID = meta.ID(bk)
	}
	b.Keys = bk.Keys(b.ID)
	r, size, err := openAt(fsys, path.Join(name, mainName))
	if err == nil {
		if b.main, err = OpenMain(ctx, r, size, b.Keys); err != nil {
			r.Close()
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", mainName, err)
	}
	b.file = r
	return nil
}

// Records returns the records of the backup. The caller must Close them, and
// before the Backup.
func (b *Backup) Records(ctx context.Context) *Stream { return b.main.Records(ctx) }

// Close closes the backup's file.
func (b *Backup) Close() error { return b.file.Close() }
