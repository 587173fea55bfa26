package store

import (
	"bytes"
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
	"sync"
	"syscall"

	"bakfs/seal"
)

const (
	packsDir   = "packs"
	journalDir = "journal"
	readmeName = "README.txt"
)

// A Folder is the cloud folder of a repository. Names are relative to it, with
// slashes; nothing outside of it is touched, whatever symbolic links it holds.
// All methods may be called at the same time.
type Folder struct {
	root    *os.Root
	dir     string
	durable sync.Map // directories whose names this process has made durable

	// step is asked before each change and each open; tests let it fail.
	step func(op, name string) error
}

// OpenFolder opens the folder of a repository. The error is ErrNoRepository
// if dir does not look like one.
func OpenFolder(dir string) (*Folder, error) {
	f, err := newFolder(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{packsDir, journalDir} {
		info, err := f.root.Lstat(name)
		if err == nil && info.IsDir() {
			continue
		}
		f.Close()
		if err == nil || errors.Is(err, iofs.ErrNotExist) {
			return nil, fmt.Errorf("%s: %w", dir, ErrNoRepository)
		}
		return nil, offline(err)
	}
	return f, nil
}

func newFolder(dir string) (*Folder, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(abs)
	if errors.Is(err, iofs.ErrNotExist) {
		return nil, fmt.Errorf("%s does not exist: %w", dir, ErrNoRepository)
	}
	if err != nil {
		return nil, offline(err)
	}
	return &Folder{root: root, dir: abs}, nil
}

// Dir returns the absolute path of the folder.
func (f *Folder) Dir() string { return f.dir }

// Close closes the folder. Files opened from it stay open.
func (f *Folder) Close() error { return f.root.Close() }

func (f *Folder) before(op, name string) error {
	if f.step == nil {
		return nil
	}
	return f.step(op, name)
}

// Open opens a regular file for reading; anything else is an error, and never
// waits as a FIFO would. A file that its sync program has taken away for now
// is ErrOffline.
func (f *Folder) Open(name string) (*os.File, error) {
	if err := f.before("open", name); err != nil {
		return nil, offline(err)
	}
	info, err := f.root.Lstat(name)
	if err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", name)
	}
	var file *os.File
	if err == nil {
		file, err = f.root.OpenFile(name, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	}
	if err != nil {
		return nil, f.absent(name, err)
	}
	opened, err := file.Stat()
	if err == nil && !os.SameFile(info, opened) {
		err = fmt.Errorf("%s was replaced while it was opened", name)
	}
	if err != nil {
		file.Close()
		return nil, offline(err)
	}
	return file, nil
}

// absent explains why name could not be opened: a placeholder beside it says
// that the file exists and is not here.
func (f *Folder) absent(name string, err error) error {
	if errors.Is(err, iofs.ErrNotExist) {
		dir, base := path.Split(name)
		if _, e := f.root.Lstat(dir + "." + base + icloudSuffix); e == nil {
			return fmt.Errorf("%s is in iCloud only: %w", name, ErrOffline)
		}
	}
	return offline(err)
}

// ReadFile reads a whole file of at most limit bytes.
func (f *Folder) ReadFile(name string, limit int64) ([]byte, error) {
	file, err := f.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, offline(err)
	}
	var b bytes.Buffer
	if info.Size() <= limit {
		b.Grow(int(info.Size()) + bytes.MinRead)
	}
	n, err := b.ReadFrom(io.LimitReader(file, limit+1))
	switch {
	case err != nil:
		return nil, offline(err)
	case n > limit:
		return nil, fmt.Errorf("%s is larger than %d bytes", name, limit)
	case n < info.Size():
		return nil, fmt.Errorf("%s: %w", name, endsEarly(n, info.Size()))
	}
	return b.Bytes(), nil
}

// List returns what is in a directory, by name.
func (f *Folder) List(dir string) ([]iofs.DirEntry, error) {
	if err := f.before("list", dir); err != nil {
		return nil, offline(err)
	}
	d, err := f.root.Open(dir)
	if err != nil {
		return nil, offline(err)
	}
	defer d.Close()
	entries, err := d.ReadDir(-1)
	if err != nil {
		return nil, offline(err)
	}
	slices.SortFunc(entries, func(a, b iofs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}

// Repository returns the id that the folder's objects carry in clear, as
// Repositories finds it; two ids are an error that names them.
func (f *Folder) Repository() (seal.RepositoryID, error) {
	found, err := f.Repositories(false)
	if err != nil {
		return seal.RepositoryID{}, err
	}
	if len(found) > 1 {
		return seal.RepositoryID{}, f.Mixed(slices.Collect(maps.Keys(found)))
	}
	for id := range found {
		return id, nil
	}
	return seal.RepositoryID{}, fmt.Errorf("%s: %w", f.dir, ErrNotSynced)
}

// Mixed is the error of a folder that is several repositories at once.
func (f *Folder) Mixed(ids []seal.RepositoryID) error {
	var names []string
	for _, id := range ids {
		names = append(names, id.String())
	}
	slices.Sort(names)
	return fmt.Errorf("%s holds files of several repositories: %s", f.dir, strings.Join(names, " and "))
}

// Repositories returns the ids that the folder's objects carry in clear, and the
// names of objects that do: those of the journal, or else of the packs. It asks
// every object, or the first readable one of each directory. Nothing is verified:
// who can write to the folder can put any id there. No id is ErrNotSynced, or
// ErrNoRepository where the folder is Unfinished.
func (f *Folder) Repositories(every bool) (map[seal.RepositoryID][]string, error) {
	for _, top := range []string{journalDir, packsDir} {
		found, err := f.idsBelow(top, every)
		if err != nil || len(found) > 0 {
			return found, err
		}
	}
	if began, err := Unfinished(f.dir); err == nil && began {
		return nil, fmt.Errorf("%s: the making of the repository was cut off: %w", f.dir, ErrNoRepository)
	}
	return nil, fmt.Errorf("%s: %w", f.dir, ErrNotSynced)
}

// idsBelow returns the ids found in the directories of top, and where.
func (f *Folder) idsBelow(top string, every bool) (map[seal.RepositoryID][]string, error) {
	dirs, err := f.List(top)
	if err != nil {
		return nil, err
	}
	found := map[seal.RepositoryID][]string{}
	var last error // an object that is there and cannot be reached
	for _, d := range dirs {
		if !d.IsDir() {
			continue
		}
		files, err := f.List(path.Join(top, d.Name()))
		if err != nil {
			last = err
			continue
		}
		for _, file := range files {
			name := path.Join(top, d.Name(), file.Name())
			if kind := parseName(name).kind; kind != namePack && kind != nameEntry {
				continue
			}
			h, err := f.header(name)
			if err != nil {
				if _, system := errors.AsType[syscall.Errno](err); errors.Is(err, ErrOffline) || system && !errors.Is(err, iofs.ErrNotExist) {
					last = err
				}
				continue
			}
			found[h.Repository] = append(found[h.Repository], name)
			if !every {
				break
			}
		}
	}
	if len(found) == 0 {
		return nil, last
	}
	return found, nil
}

func (f *Folder) header(name string) (seal.Header, error) {
	file, err := f.Open(name)
	if err != nil {
		return seal.Header{}, err
	}
	defer file.Close()
	var b [seal.HeaderSize]byte
	if _, err := io.ReadFull(file, b[:]); err != nil {
		return seal.Header{}, offline(err)
	}
	return seal.ParseHeader(b[:])
}
