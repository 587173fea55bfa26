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

// The names of a folder backup. files is a folder beside the snapshots and a
// file inside each.
const (
	mainName     = "main"
	metadataName = "metadata"
	filesName    = "files"
)

// A Folder is a backup folder: snapshots and the media that they share.
type Folder struct {
	fsys iofs.FS
}

// NewFolder returns the folder backup whose root is fsys. Its files must
// implement io.ReaderAt, as those of os.DirFS do.
func NewFolder(fsys iofs.FS) *Folder { return &Folder{fsys} }

// Locate finds the folder backup that path means: the root, the folder that
// holds it, or one snapshot, whose name it then returns too. Names do not
// matter, so a renamed folder is found. The error wraps ErrNoSnapshot or, for
// a snapshot that lacks a file, nothing: that is for Open to say.
func Locate(dir string) (f *Folder, snapshot string, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, "", err
	}
	if isSnapshot(os.DirFS(dir), ".", filepath.Base(dir)) {
		return NewFolder(os.DirFS(filepath.Dir(dir))), filepath.Base(dir), nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, "", err
	}
	if holdsSnapshots(entries) {
		return NewFolder(os.DirFS(dir)), "", nil
	}
	var found []string
	for _, e := range entries {
		if sub, err := os.ReadDir(filepath.Join(dir, e.Name())); err == nil && holdsSnapshots(sub) {
			found = append(found, e.Name())
		}
	}
	switch {
	case len(found) == 0:
		return nil, "", ErrNoSnapshot
	case len(found) > 1 && !slices.Contains(found, "SignalBackups"):
		return nil, "", fmt.Errorf("%d backup folders in it, give one of them: %w", len(found), ErrNoSnapshot)
	case len(found) > 1:
		found[0] = "SignalBackups"
	}
	return NewFolder(os.DirFS(filepath.Join(dir, found[0]))), "", nil
}

func holdsSnapshots(entries []iofs.DirEntry) bool {
	return slices.ContainsFunc(entries, func(e iofs.DirEntry) bool {
		return e.IsDir() && snapshotName.MatchString(e.Name())
	})
}

// isSnapshot reports whether dir is a snapshot: by its name, or because it has
// what one has.
func isSnapshot(fsys iofs.FS, dir, name string) bool {
	main, err1 := iofs.Stat(fsys, path.Join(dir, mainName))
	meta, err2 := iofs.Stat(fsys, path.Join(dir, metadataName))
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
	Partial bool      // still being written
}

// Complete reports whether the snapshot has all its files.
func (s Snapshot) Complete() bool { return len(s.Missing) == 0 && !s.Partial }

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
	for _, file := range []string{mainName, metadataName} {
		if info, err := iofs.Stat(f.fsys, path.Join(name, file)); err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
			s.Missing = append(s.Missing, file)
		}
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
// only OpenAs can open, ErrNoACI.
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
	if !s.Complete() {
		if _, err := iofs.Stat(f.fsys, name); err != nil {
			return nil, err
		}
		what := "it lacks " + strings.Join(s.Missing, " and ")
		if s.Partial {
			what = "it was not finished"
		}
		return nil, fmt.Errorf("%s: %s: %w", name, what, ErrIncomplete)
	}
	b := &Backup{Snapshot: s, Folder: f}
	if err := b.open(ctx, bk, id); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return b, nil
}

func (b *Backup) open(ctx context.Context, bk BackupKey, id *ID) (err error) {
	fsys, name := b.Folder.fsys, b.Snapshot.Name
	if b.Metadata, err = readSmall(fsys, path.Join(name, metadataName)); err != nil {
		return err
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
	if err != nil {
		return err
	}
	if b.main, err = OpenMain(ctx, r, size, b.Keys); err != nil {
		r.Close()
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

func readSmall(fsys iofs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxMetadata+1))
}

// A fileAt is an open file that can be read anywhere.
type fileAt interface {
	iofs.File
	io.ReaderAt
}

func openAt(fsys iofs.FS, name string) (fileAt, int64, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	at, ok := f.(fileAt)
	if !ok || !info.Mode().IsRegular() {
		f.Close()
		return nil, 0, &iofs.PathError{Op: "read", Path: name, Err: errors.ErrUnsupported}
	}
	return at, info.Size(), nil
}
