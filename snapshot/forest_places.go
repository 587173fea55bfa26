package snapshot

import (
	"context"
	iofs "io/fs"
)

// latestName is the link to the newest snapshot.
const latestName = "latest"

const mountReadme = `This folder shows a backup made with bakfs. It is read-only: look at everything, copy out
what you need; nothing you do here can change the backup.

files/       the newest state of everything that is backed up, under the path it has on
             its computer: /home/ann/photos is files/home/ann/photos
snapshots/   one folder for each backup, named by its time and its device. "latest" leads
             to the newest. Inside are the files as they were at that time.

New backups appear here by themselves within seconds.
`

// forestRoot is the top of the mount.
type forestRoot struct{ f *Forest }

func (r forestRoot) volatile() bool { return true }

func (r forestRoot) self() *item {
	return made(".", &Entry{Name: ".", Kind: Dir, MTime: r.f.known().time()}, r)
}

// totals are those of the newest snapshots; if ctx ends, of those known.
func (r forestRoot) totals(ctx context.Context) (bytes, files uint64) {
	s, err := r.f.fresh(ctx)
	if err != nil {
		s = r.f.known()
	}
	return s.bytes, s.files
}

// items are sorted by name. The empty files tell indexers of macOS, Android and GNOME to stay out: they would
// read, and so download, everything.
func (r forestRoot) items(ctx context.Context) ([]*item, error) {
	s, err := r.f.fresh(ctx)
	if err != nil {
		return nil, err
	}
	var all []*item
	for _, name := range []string{".metadata_never_index", ".nomedia", ".trackerignore"} {
		all = append(all, made(name, &Entry{Name: name, Kind: File}, nil))
	}
	t := s.time()
	return append(all,
		made("README.txt", &Entry{Name: "README.txt", Kind: File, Inline: []byte(mountReadme)}, nil),
		made("files", &Entry{Name: "files", Kind: Dir, MTime: t}, mergedDir{f: r.f}),
		made("snapshots", &Entry{Name: "snapshots", Kind: Dir, MTime: t}, snapshotsDir(r))), nil
}

func (r forestRoot) list(ctx context.Context) ([]iofs.DirEntry, error) {
	items, err := r.items(ctx)
	return entriesOf(items), err
}

func (r forestRoot) find(ctx context.Context, name string) (*item, error) {
	items, err := r.items(ctx)
	if err != nil {
		return nil, err
	}
	return pick(items, name)
}

// snapshotsDir lists the snapshots.
type snapshotsDir struct{ f *Forest }

func (d snapshotsDir) volatile() bool { return true }

func (d snapshotsDir) self() *item {
	return made("snapshots", &Entry{Name: "snapshots", Kind: Dir, MTime: d.f.known().time()}, d)
}

func (d snapshotsDir) list(ctx context.Context) ([]iofs.DirEntry, error) {
	s, err := d.f.fresh(ctx)
	if err != nil {
		return nil, err
	}
	var all []*item
	for i := range s.infos {
		all = append(all, d.item(s, i))
	}
	if len(all) > 0 {
		all = append(all, latest(s))
	}
	return entriesOf(all), nil
}

func (d snapshotsDir) find(ctx context.Context, name string) (*item, error) {
	s, err := d.f.fresh(ctx)
	if err != nil {
		return nil, err
	}
	if name == latestName && len(s.infos) > 0 {
		return latest(s), nil
	}
	if i, ok := s.byName[name]; ok {
		return d.item(s, i), nil
	}
	return nil, iofs.ErrNotExist
}

func (d snapshotsDir) item(s *state, i int) *item {
	return snapshotDir{d.f, s.infos[i], s.names[i]}.self()
}

// latest has an inode for each target: the kernel keeps a link's target as long as the inode lives.
func latest(s *state) *item {
	target := s.names[len(s.names)-1]
	return made("snapshots/latest/"+target,
		&Entry{Name: latestName, Kind: Symlink, Mode: 0o777, Target: target, MTime: s.time()}, nil)
}

// snapshotDir is one snapshot. Another kind of source will stand beside files.
type snapshotDir struct {
	f    *Forest
	info Info
	name string
}

func (d snapshotDir) volatile() bool { return false }

func (d snapshotDir) self() *item {
	e := &Entry{Name: d.name, Kind: Dir, MTime: d.info.Time.UnixNano()}
	return made("snapshots/"+d.info.ID.String(), e, d)
}

func (d snapshotDir) items() []*item {
	it := newTree(d.f.nodes, d.info, "snapshot").root().self()
	it.entry.Name, it.info.name = "files", "files"
	return []*item{it}
}

func (d snapshotDir) list(context.Context) ([]iofs.DirEntry, error) { return entriesOf(d.items()), nil }

func (d snapshotDir) find(_ context.Context, name string) (*item, error) {
	return pick(d.items(), name)
}

func entriesOf(items []*item) []iofs.DirEntry {
	all := make([]iofs.DirEntry, 0, len(items))
	for _, it := range items {
		all = append(all, it.info)
	}
	return sortEntries(all)
}

func pick(items []*item, name string) (*item, error) {
	for _, it := range items {
		if it.entry.Name == name {
			return it, nil
		}
	}
	return nil, iofs.ErrNotExist
}
