package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"path/filepath"

	"bakfs/journal"
	"bakfs/seal"
	"bakfs/store"
)

// A repository is an open one: the folder, and after open or openDevice the keys
// and the journal as it is now.
type repository struct {
	folder   *store.Folder
	id       seal.RepositoryID // zero: several are possible, and choose decides
	base     dirs              // of all repositories
	dirs     dirs
	keys     *seal.Keys
	device   *seal.Device // nil: not enrolled, or opened with a key
	journal  *journal.Journal
	problems []journal.Problem // what Refresh found
	dry      bool              // nothing is written, neither here nor to the folder
}

// folder opens the folder that -r or BAKFS_REPOSITORY names, and no more.
func (p *program) folder() (*repository, error) {
	dir, err := p.repositoryDir()
	if err != nil {
		return nil, err
	}
	base, err := baseDirs(p.getenv)
	if err != nil {
		return nil, err
	}
	f, err := store.OpenFolder(dir)
	if err != nil {
		return nil, err
	}
	r := &repository{folder: f, base: base}
	if err := r.find(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return r, nil
}

func (p *program) repositoryDir() (string, error) {
	dir := p.repo
	if dir == "" {
		dir = p.getenv("BAKFS_REPOSITORY")
	}
	if dir == "" {
		return "", fail(exitUsage, errors.New("no repository is named"), "give -r DIR, or set BAKFS_REPOSITORY")
	}
	return filepath.Abs(dir)
}

// open opens the repository for reading, and warns about what is wrong with its journal.
func (p *program) open(ctx context.Context) (*repository, error) {
	r, err := p.openQuietly(ctx)
	if err != nil {
		return nil, err
	}
	p.tell(r.problems)
	return r, nil
}

// openQuietly opens the repository for reading: with a key that is given, else as
// the device enrolled here, else with a key typed on the terminal.
func (p *program) openQuietly(ctx context.Context) (*repository, error) {
	r, err := p.folder()
	if err != nil {
		return nil, err
	}
	if err = p.unlock(ctx, r); err == nil {
		err = r.refresh(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// unlock gets the keys of r.
func (p *program) unlock(ctx context.Context, r *repository) error {
	source, err := p.keySource()
	if err != nil {
		return err
	}
	if !source.given() && p.key == nil {
		r.keys, r.device, err = enrolment(r.dirs)
		if !errors.Is(err, iofs.ErrNotExist) {
			return err
		}
	}
	key, err := p.readKey(ctx)
	if err != nil {
		return err
	}
	if err := r.choose(key); err != nil {
		return err
	}
	r.keys = seal.DeriveRoot(key, r.id).Keys()
	return nil
}

// openDevice opens the repository as the device enrolled here, and takes the
// device's lock unless the run is dry; the caller closes what it returns last.
func (p *program) openDevice(ctx context.Context, dry bool) (*repository, io.Closer, error) {
	r, err := p.folder()
	if err != nil {
		return nil, nil, err
	}
	r.dry = dry
	lock, err := r.become(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, r.Close())
	}
	p.tell(r.problems)
	return r, lock, nil
}

// become makes r the enrolled device's.
func (r *repository) become(ctx context.Context) (lock io.Closer, err error) {
	r.keys, r.device, err = enrolment(r.dirs)
	if errors.Is(err, iofs.ErrNotExist) {
		return nil, fail(exitError, errors.New("this device is not enrolled in the repository"),
			"enrol it once with the recovery key: bakfs connect -r "+quote(r.folder.Dir()))
	}
	if err != nil {
		return nil, err
	}
	if r.dry {
		return io.NopCloser(nil), r.refresh(ctx)
	}
	if lock, err = r.dirs.lock(); err != nil {
		return nil, err
	}
	if err := r.refresh(ctx); err != nil {
		lock.Close()
		return nil, err
	}
	return lock, nil
}

// enrolment reads the keys of the device enrolled here; iofs.ErrNotExist: none is.
func enrolment(d dirs) (*seal.Keys, *seal.Device, error) {
	b, err := store.ReadFile(d.device())
	if err != nil {
		return nil, nil, err
	}
	defer clear(b)
	keys, device, err := seal.ParseEnrolment(b)
	if err != nil {
		return nil, nil, fail(exitDamaged, fmt.Errorf("the device's keys in %s: %w", d.device(), err),
			"move that file away and enrol again: bakfs connect")
	}
	return keys, device, nil
}

// refresh opens and reads the journal. Only where a device was enrolled is there
// a memory of what the folder held before.
func (r *repository) refresh(ctx context.Context) (err error) {
	r.journal = journal.Open(r.folder, r.keys)
	if r.dry {
		r.journal.ReadMarks(r.dirs.marks())
	} else if _, err := os.Stat(r.dirs.state); err == nil {
		r.journal.SetMarks(r.dirs.marks())
	}
	r.problems, err = r.journal.Refresh(ctx)
	if errors.Is(err, seal.ErrKey) {
		return fail(exitWrongKey, fmt.Errorf("the key does not open the repository %s", quote(r.folder.Dir())), "is it the recovery key of another repository?")
	}
	return err
}

// tell warns about what is wrong with the journal, in few lines.
func (p *program) tell(problems []journal.Problem) {
	const most = 5
	pending, shown := 0, 0
	for _, q := range problems {
		switch {
		case errors.Is(q.Err, journal.ErrPending):
			pending++
		case shown == most:
			shown++
			p.warn("and more of that; `bakfs check` lists all")
		case shown < most:
			shown++
			p.warn("warning: %s: %v", q.Name, q.Err)
		}
	}
	if pending > 0 {
		p.say("warning: the folder is not completely synced: %s of the journal not here yet", count(uint64(pending), "file is", "files are"))
	}
}

// openStore opens the chunks; the caller closes the store before r.
func (p *program) openStore(ctx context.Context, r *repository) (*store.Store, error) {
	return p.openStoreFor(ctx, r, 0)
}

// backupCache is enough for a backup, which reads nothing but the trees of its
// parent, once, and needs the memory for the packs it writes.
const backupCache = 8 << 20

// openStoreFor is openStore with room for this many bytes of decoded chunks; 0: the usual.
func (p *program) openStoreFor(ctx context.Context, r *repository, cache int64) (*store.Store, error) {
	return store.Open(ctx, store.Options{Folder: r.folder, Keys: r.keys, Cache: r.dirs.index(), CacheBytes: cache, Tag: r.tag()})
}

// tag is what names this device's temporary files; empty where nothing is written.
func (r *repository) tag() string {
	if r.device == nil {
		return ""
	}
	return r.keys.Pseudonym(r.device.ID).String()
}

// tidy removes what earlier runs of this device that were cut off have left.
func (r *repository) tidy() (files int, bytes int64, err error) {
	if err := r.folder.Finish(); err != nil {
		return 0, 0, err
	}
	return r.folder.RemoveTemporaries(r.tag())
}

// own are the folders that bakfs itself writes, by what they are.
func (r *repository) own() map[string]string {
	return map[string]string{"the repository": r.folder.Dir(), "the cache of bakfs": r.dirs.cache, "the state of bakfs": r.dirs.state}
}

func (r *repository) Close() error { return r.folder.Close() }
