package snapshot

import (
	"context"
	"fmt"
	iofs "io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"bakfs/seal"
)

// A builtDir is a folder of a Builder. Its files are encoded entries: there may be a hundred thousand.
type builtDir struct {
	dirs  map[string]*builtDir
	files map[string][]byte
}

func newBuiltDir() *builtDir {
	return &builtDir{dirs: map[string]*builtDir{}, files: map[string][]byte{}}
}

// place finds the folder in which the file name can stand, or says why it cannot. It makes folders if it may; else
// the result may be nil.
func (d *builtDir) place(name string, create bool) (*builtDir, error) {
	dir, base := path.Split(name)
	for part := range strings.SplitSeq(strings.TrimSuffix(dir, "/"), "/") {
		if dir == "" {
			break
		}
		if d.files[part] != nil {
			return nil, errIsNoDir
		}
		next := d.dirs[part]
		switch {
		case next == nil && !create:
			return nil, nil
		case next == nil:
			next = newBuiltDir()
			d.dirs[part] = next
		}
		d = next
	}
	switch {
	case d.dirs[base] != nil:
		return nil, errIsDir
	case d.files[base] != nil:
		return nil, iofs.ErrExist
	}
	return d, nil
}

// saveTree stores all folders, those above Source too, and returns the root of the snapshot.
func (b *Builder) saveTree(ctx context.Context) (seal.ID, error) {
	top := b.tree
	for _, name := range slices.Backward(split(b.o.Source)) {
		up := newBuiltDir()
		up.dirs[name] = top
		top = up
	}
	e, err := b.saveDir(ctx, top, "")
	if err != nil {
		return seal.ID{}, err
	}
	return e.Root, nil
}

// saveDir stores a folder: what lies below before itself. It empties d.
func (b *Builder) saveDir(ctx context.Context, d *builtDir, name string) (*Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	e := b.newEntry(name, nanosecond(b.o.Date))
	e.Kind, e.Mode, e.Nlink = Dir, 0o700, 2+uint32(len(d.dirs))
	w := newDirWriter(b.put)
	names := slices.AppendSeq(slices.Collect(maps.Keys(d.files)), maps.Keys(d.dirs))
	slices.Sort(names)
	for i, name := range names {
		child, err := b.child(ctx, d, name)
		if err != nil {
			return nil, err
		}
		if err := w.add(ctx, child); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if i == 0 || child.MTime > e.MTime {
			e.MTime, e.CTime = child.MTime, child.MTime
		}
	}
	var err error
	e.Root, _, err = w.finish(ctx)
	return e, err
}

// child is the entry of a name in d, which forgets it.
func (b *Builder) child(ctx context.Context, d *builtDir, name string) (*Entry, error) {
	if sub := d.dirs[name]; sub != nil {
		delete(d.dirs, name)
		e, err := b.saveDir(ctx, sub, name)
		if err == nil {
			b.n.kept(e)
		}
		return e, err
	}
	e := new(Entry)
	c := cursor{b: d.files[name]}
	delete(d.files, name)
	return e, c.entry(e)
}
