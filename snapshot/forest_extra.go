package snapshot

import (
	"context"
	"fmt"
	iofs "io/fs"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"bakfs/seal"
)

// An ExtraDir is a directory that somebody else computes and a Forest shows. FS is rooted at the directory; it is
// mounted as package fs would mount it: its files may have ReadAt with a context, its infos should have a
// *syscall.Stat_t, and it may have WithContext, Volatile, Xattrs and the interfaces of io/fs.
type ExtraDir struct {
	Name  string // one name, which nothing else has in that place
	About string // for README.txt, of what is at the top: a line, or several
	FS    iofs.FS
}

// extras are the ExtraDirs of one place, asked for when somebody looks.
type extras struct{ list func() []ExtraDir }

func newExtras(ask func() []ExtraDir) *extras { return &extras{sync.OnceValue(ask)} }

// fs is what has the name; nil: nothing.
func (x *extras) fs(name string) iofs.FS {
	for _, e := range x.list() {
		if e.Name == name {
			return e.FS
		}
	}
	return nil
}

// about is what README.txt says of them.
func (x *extras) about() string {
	var b strings.Builder
	for _, e := range x.list() {
		fmt.Fprintf(&b, "%-12s %s\n", e.Name+"/", strings.ReplaceAll(e.About, "\n", "\n             "))
	}
	return b.String()
}

// beside are the directories of a snapshot beside its files/.
func (f *Forest) beside(info Info) *extras {
	f.mu.Lock()
	defer f.mu.Unlock()
	x := f.extra[info.ID]
	if x == nil {
		x = newExtras(func() []ExtraDir {
			if f.Beside == nil {
				return nil
			}
			return f.Beside(info, view{context.Background(), newTree(f.nodes, info, "beside").root()})
		})
		f.extra[info.ID] = x
	}
	return x
}

// atTop are the directories of the mount's top for a state.
func (f *Forest) atTop(s *state) *extras {
	return newExtras(func() []ExtraDir {
		if f.Top == nil {
			return nil
		}
		return f.Top(s.infos, func(info Info) iofs.FS {
			return view{context.Background(), newTree(f.nodes, info, "top").root()}
		})
	})
}

// An extraDir is an ExtraDir or a directory below one. It looks for itself anew when there are new ones, so that who holds it sees
// what is new.
type extraDir struct {
	now   func(ctx context.Context) (*extras, error)
	live  bool // what now gives may change
	name  string
	path  string // below the ExtraDir of that name; empty: that itself
	shown *item  // what the directory above shows of it
	found atomic.Pointer[foundExtra]
}

// A foundExtra is where an extraDir is in extras.
type foundExtra struct {
	in *extras
	at iofs.FS
}

// items are those of all ExtraDirs of a place of the mount.
func (x *extras) items(place string, mtime int64, live bool, now func(ctx context.Context) (*extras, error)) []*item {
	var all []*item
	for _, e := range x.list() {
		d := &extraDir{now: now, live: live, name: e.Name}
		d.shown = made(place+e.Name, &Entry{Name: e.Name, Kind: Dir, MTime: mtime}, d)
		all = append(all, d.shown)
	}
	return all
}

func (d *extraDir) self() *item { return d.shown }

// bind gives a directory whose calls end with ctx, where that can be.
func bind(ctx context.Context, dir iofs.FS) iofs.FS {
	if c, ok := dir.(interface {
		WithContext(ctx context.Context) iofs.FS
	}); ok {
		return c.WithContext(ctx)
	}
	return dir
}

// open is the directory as it is now.
func (d *extraDir) open(ctx context.Context) (iofs.FS, error) {
	in, err := d.now(ctx)
	if err != nil {
		return nil, err
	}
	found := d.found.Load()
	if found == nil || found.in != in {
		at := in.fs(d.name)
		if at == nil {
			return nil, iofs.ErrNotExist
		}
		if d.path != "" {
			if at, err = subOf(bind(ctx, at), d.path); err != nil {
				return nil, inner(err)
			}
		}
		found = &foundExtra{in, bind(context.Background(), at)} // it lives longer than ctx
		d.found.Store(found)
	}
	return bind(ctx, found.at), nil
}

// subOf is iofs.Sub without its rule that names are UTF-8, where dir can.
func subOf(dir iofs.FS, name string) (iofs.FS, error) {
	if s, ok := dir.(iofs.SubFS); ok {
		return s.Sub(name)
	}
	return iofs.Sub(dir, name)
}

// inner takes off the path that an FS has put around an error: whoever asked puts another one.
func inner(err error) error {
	if p, ok := err.(*iofs.PathError); ok {
		return p.Err
	}
	return err
}

func (d *extraDir) volatile() bool {
	if d.live && d.path == "" {
		return true
	}
	if dir, err := d.open(context.Background()); err == nil {
		if v, ok := dir.(interface{ Volatile() bool }); ok {
			return v.Volatile()
		}
	}
	return d.live
}

func (d *extraDir) list(ctx context.Context) ([]iofs.DirEntry, error) {
	dir, err := d.open(ctx)
	if err != nil {
		return nil, err
	}
	list, err := iofs.ReadDir(dir, ".")
	return list, inner(err)
}

func (d *extraDir) find(ctx context.Context, name string) (*item, error) {
	dir, err := d.open(ctx)
	if err != nil {
		return nil, err
	}
	info, err := iofs.Lstat(dir, name)
	if err != nil {
		return nil, inner(err)
	}
	it := &item{info: infoOf(info, name), entry: &Entry{Name: name, Kind: File}, in: d}
	switch info.Mode().Type() {
	case iofs.ModeDir:
		it.entry.Kind = Dir
		it.dir = &extraDir{now: d.now, live: d.live, name: d.name, path: join(d.path, name), shown: it}
	case iofs.ModeSymlink:
		it.entry.Kind = Symlink
		if it.entry.Target, err = iofs.ReadLink(dir, name); err != nil {
			return nil, inner(err)
		}
	}
	return it, nil
}

// openExtra opens a file or directory of another tree under a name; nil: it is none, or one that is listed through its
// entries.
func (it *item) openExtra(ctx context.Context, name string) (iofs.File, error) {
	if d, is := it.dir.(*extraDir); is {
		f, err := d.file(ctx, ".")
		if err != nil {
			return nil, err
		}
		if list, ok := f.(iofs.ReadDirFile); ok {
			return &openExtraDir{list, it.info.named(name)}, nil
		}
		return nil, f.Close()
	}
	if it.in == nil {
		return nil, nil
	}
	return it.in.file(ctx, it.entry.Name)
}

// An openExtraDir is an open directory of another tree, described as where it hangs.
type openExtraDir struct {
	iofs.ReadDirFile
	info *fileInfo
}

func (d *openExtraDir) Stat() (iofs.FileInfo, error) { return d.info, nil }

// file opens a file of the directory, or the directory itself.
func (d *extraDir) file(ctx context.Context, name string) (iofs.File, error) {
	dir, err := d.open(ctx)
	if err != nil {
		return nil, err
	}
	f, err := dir.Open(name)
	return f, inner(err)
}

// xattrs are those of a name in the directory, or of itself.
func (d *extraDir) xattrs(ctx context.Context, name string) (map[string][]byte, error) {
	dir, err := d.open(ctx)
	if err != nil {
		return nil, err
	}
	x, ok := dir.(interface {
		Xattrs(name string) (map[string][]byte, error)
	})
	if !ok {
		return nil, nil
	}
	m, err := x.Xattrs(name)
	return m, inner(err)
}

// infoOf is another tree's description of a file.
func infoOf(info iofs.FileInfo, name string) *fileInfo {
	i := &fileInfo{name: name, xattrs: true}
	if x, ok := info.(interface{ HasXattrs() bool }); ok {
		i.xattrs = x.HasXattrs()
	}
	if c, ok := info.(interface{ ContentID() ([32]byte, bool) }); ok {
		id, known := c.ContentID()
		if i.content = seal.ID(id); !known {
			i.content = seal.ID{}
		}
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		i.stat = *st
		return i
	}
	i.stat.Mode, i.stat.Size = uint32(info.Mode().Perm())|modeBits(info.Mode()), info.Size()
	i.stat.Mtim = syscall.NsecToTimespec(nanosecond(info.ModTime()))
	i.stat.Ctim, i.stat.Atim = i.stat.Mtim, i.stat.Mtim
	i.stat.Blocks = (i.stat.Size + 511) / 512
	number(&i.stat.Nlink, 1)
	return i
}

// modeBits are the type of a file, directory or link, the only ones that are computed.
func modeBits(m iofs.FileMode) uint32 {
	switch m.Type() {
	case iofs.ModeDir:
		return syscall.S_IFDIR
	case iofs.ModeSymlink:
		return syscall.S_IFLNK
	}
	return syscall.S_IFREG
}
