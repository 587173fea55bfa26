package snapshot

import (
	"context"
	iofs "io/fs"
	"slices"
	"strings"
)

// latestName is the link to the newest snapshot.
const latestName = "latest"

const mountReadme = `This folder shows a backup made with bakfs. It is read-only: look at everything, copy out
what you need; nothing you do here can change the backup.

files/       the newest state of everything that is backed up, under the path it has on
             its computer: /home/ann/photos is files/home/ann/photos
snapshots/   one folder for each backup, named by its time and its device. "latest" leads
             to the newest. Inside are the files as they were at that time.
EXTRAS
New backups appear here by themselves within seconds.
`

// aboutExtras is where the readme tells of the directories that Top has added.
const aboutExtras = "EXTRAS\n"

// forestRoot is the top of the mount.
type forestRoot struct{ f *Forest }

func (r forestRoot) volatile() bool { return true }

func (r forestRoot) self() *item {
	return made(".", &Entry{Name: ".", Kind: Dir, MTime: r.f.known().time}, r)
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
		all = append(all, made(name, &Entry{Name: name, Kind: File, MTime: s.time}, nil))
	}
	readme := strings.Replace(mountReadme, aboutExtras, s.extras.about(), 1)
	all = append(all,
		made("README.txt", &Entry{Name: "README.txt", Kind: File, MTime: s.time, Inline: []byte(readme)}, nil),
		made("files", &Entry{Name: "files", Kind: Dir, MTime: s.time}, mergedDir{f: r.f}),
		made("snapshots", &Entry{Name: "snapshots", Kind: Dir, MTime: s.time}, snapshotsDir(r)))
	return append(all, s.extras.items("", s.time, true, r.extras)...), nil
}

// extras are those of the top as they are now.
func (r forestRoot) extras(ctx context.Context) (*extras, error) {
	s, err := r.f.fresh(ctx)
	if err != nil {
		return nil, err
	}
	return s.extras, nil
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
	return made("snapshots", &Entry{Name: "snapshots", Kind: Dir, MTime: d.f.known().time}, d)
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
	target := s.names[newest(s.infos)]
	return made("snapshots/latest/"+target,
		&Entry{Name: latestName, Kind: Symlink, Mode: 0o777, Target: target, MTime: s.time}, nil)
}

// newest is the snapshot that latest leads to: the newest of files, where there are any. Who backs up files and
// Signal's messages looks for the files there; messages/ has the newest of the others.
func newest(infos []Info) int {
	for i := range slices.Backward(infos) {
		if infos[i].Kind == Files {
			return i
		}
	}
	return len(infos) - 1
}

// snapshotDir is one snapshot: its files, and what Beside has added.
type snapshotDir struct {
	f    *Forest
	info Info
	name string
}

func (d snapshotDir) volatile() bool { return false }

func (d snapshotDir) self() *item {
	e := &Entry{Name: d.name, Kind: Dir, MTime: d.info.Date().UnixNano()}
	return made("snapshots/"+d.info.ID.String(), e, d)
}

func (d snapshotDir) items() []*item {
	var all []*item
	if d.info.Kind == Files {
		it := newTree(d.f.nodes, d.info, "snapshot").root().self()
		it.entry.Name, it.info.name = "files", "files"
		all = append(all, it)
	}
	x := d.f.beside(d.info)
	now := func(context.Context) (*extras, error) { return x, nil }
	return append(all, x.items("snapshots/"+d.info.ID.String()+"/", d.info.Date().UnixNano(), false, now)...)
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
