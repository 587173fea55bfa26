package snapshot

import (
	"context"
	"errors"
	iofs "io/fs"
	"slices"
	"strings"
	"sync/atomic"

	"bakfs/seal"
)

// A spot is a path of files/ that is a source, or leads to one.
type spot struct {
	path     string // below files/; "" for files/ itself
	children map[string]*spot
	sources  []Info // snapshots that have the path as a source, newest first
	newest   Info   // newest snapshot with a source at or below the path
	chosen   atomic.Pointer[layer]
}

// A layer is what a snapshot has at a path.
type layer struct {
	it   *item
	info Info
}

// newSpots makes the tree of all sources of files. infos are oldest first.
func newSpots(infos []Info) *spot {
	root := &spot{children: map[string]*spot{}}
	for _, info := range slices.Backward(infos) {
		if info.Kind != Files {
			continue
		}
		for _, source := range info.Sources {
			s := root
			for part := range strings.SplitSeq(strings.TrimPrefix(source, "/"), "/") {
				s.touch(info)
				if part == "" {
					continue // the source is "/"
				}
				next := s.children[part]
				if next == nil {
					next = &spot{path: join(s.path, part), children: map[string]*spot{}}
					s.children[part] = next
				}
				s = next
			}
			s.touch(info)
			s.sources = append(s.sources, info)
		}
	}
	return root
}

// touch notes that info has a source at or below s; the first that does is the newest.
func (s *spot) touch(info Info) {
	if len(s.newest.Sources) == 0 {
		s.newest = info
	}
}

func join(dir, name string) string {
	if dir == "" {
		return name
	}
	return dir + "/" + name
}

// after says whether a is newer than b in the order of List.
func after(a, b Info) bool { return compareInfos(a, b) > 0 }

// filesTree is the tree of a snapshot as files/ shows it.
func (f *Forest) filesTree(info Info) *treeDir { return newTree(f.nodes, info, "files").root() }

// at is what the snapshot has at path, its directory read to see that it can be.
func (f *Forest) at(ctx context.Context, info Info, path string) (*layer, error) {
	name := path
	if name == "" {
		name = "."
	}
	it, err := view{ctx, f.filesTree(info)}.resolve(name)
	if err != nil {
		return nil, err
	}
	if it.dir != nil {
		if _, err := f.nodes.tree(ctx, it.entry.Root); err != nil {
			return nil, err
		}
	}
	return &layer{it, info}, nil
}

// choose is the newest snapshot's state of a source, or that of the newest that can be read.
func (f *Forest) choose(ctx context.Context, s *spot) (*layer, error) {
	if l := s.chosen.Load(); l != nil {
		return l, nil
	}
	var first error
	for i, info := range s.sources {
		l, err := f.at(ctx, info, s.path)
		switch {
		case err == nil && i == 0:
			s.chosen.Store(l) // an older one is not kept: the newest may become readable
			return l, nil
		case err == nil:
			return l, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case first == nil:
			first = err
		}
		f.tell("snapshot "+info.ID.String()[:8]+":/"+s.path, err)
	}
	return nil, first
}

// enter goes from a directory to the spot s below it: over is what stands at the directory, nil if nothing does.
// The result is nil if s only leads to sources.
func (f *Forest) enter(ctx context.Context, s *spot, over *layer, name string) (*layer, error) {
	var below *layer
	var broken error
	if over != nil && over.it.dir != nil {
		it, err := over.it.dir.find(ctx, name)
		switch {
		case err == nil:
			below = &layer{it, over.info}
		case !errors.Is(err, iofs.ErrNotExist):
			broken = err
		}
	}
	if len(s.sources) == 0 || below != nil && !after(s.sources[0], below.info) {
		return below, broken
	}
	own, err := f.choose(ctx, s)
	switch {
	case err == nil && (below == nil || after(own.info, below.info)):
		return own, nil
	case below != nil && ctx.Err() == nil:
		return below, nil
	}
	return nil, err
}

// A mergedDir is a directory of files/ that is above a source, or a source with others inside. It is
// looked for anew at each call, so that it shows the newest.
type mergedDir struct {
	f     *Forest
	parts []string
	shown *item // what the directory above shows of it; nil: made up
}

func (d mergedDir) volatile() bool { return true }

func (d mergedDir) self() *item {
	if d.shown != nil {
		return &item{info: d.shown.info, entry: d.shown.entry, nodes: d.f.nodes, dir: d}
	}
	name := "."
	if len(d.parts) > 0 {
		name = d.parts[len(d.parts)-1]
	}
	at := strings.Join(append([]string{"files"}, d.parts...), "/")
	return made(at, &Entry{Name: name, Kind: Dir, MTime: d.f.known().time}, d)
}

// where is the spot of d and what stands there.
func (d mergedDir) where(ctx context.Context) (s *spot, over *layer, err error) {
	state, err := d.f.fresh(ctx)
	if err != nil {
		return nil, nil, err
	}
	s = state.root
	if len(s.sources) > 0 {
		over, err = d.f.choose(ctx, s)
	}
	for _, part := range d.parts {
		if err != nil {
			return nil, nil, err
		}
		if s = s.children[part]; s == nil {
			return nil, nil, iofs.ErrNotExist
		}
		over, err = d.f.enter(ctx, s, over, part)
	}
	return s, over, err
}

func (d mergedDir) find(ctx context.Context, name string) (*item, error) {
	s, over, err := d.where(ctx)
	if err != nil {
		return nil, err
	}
	if child := s.children[name]; child != nil {
		return d.child(ctx, child, over, name)
	}
	if over == nil || over.it.dir == nil {
		return nil, iofs.ErrNotExist
	}
	return over.it.dir.find(ctx, name)
}

// child is what stands at a spot below d, where over is.
func (d mergedDir) child(ctx context.Context, s *spot, over *layer, name string) (*item, error) {
	l, err := d.f.enter(ctx, s, over, name)
	if err != nil {
		return nil, err
	}
	if l != nil && (l.it.dir == nil || len(s.children) == 0) {
		return l.it, nil
	}
	inner := d.below(name)
	it := inner.self()
	if l == nil { // it has the attributes that it had on the way to the newest source below
		l, err = d.f.at(ctx, s.newest, s.path)
		if err != nil || l.it.dir == nil {
			return it, ctx.Err()
		}
	}
	info := *l.it.info
	info.stat.Ino, info.content = it.info.stat.Ino, seal.ID{} // it holds what others have put there
	inner.shown = &item{info: &info, entry: l.it.entry}
	return inner.self(), nil
}

// below is the directory of that name below d, with nothing known of it.
func (d mergedDir) below(name string) mergedDir {
	return mergedDir{f: d.f, parts: append(slices.Clone(d.parts), name)}
}

func (d mergedDir) list(ctx context.Context) ([]iofs.DirEntry, error) {
	s, over, err := d.where(ctx)
	if err != nil {
		return nil, err
	}
	var all []iofs.DirEntry
	if over != nil && over.it.dir != nil {
		all, err = over.it.dir.list(ctx)
		all = slices.DeleteFunc(all, func(e iofs.DirEntry) bool { return s.children[e.Name()] != nil })
	}
	for name, child := range s.children {
		it, err := d.child(ctx, child, over, name)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil { // it stays listed, and entering it says what is wrong
			it = d.below(name).self()
		}
		all = append(all, it.info)
	}
	return sortEntries(all), err
}

func sortEntries(all []iofs.DirEntry) []iofs.DirEntry {
	slices.SortFunc(all, func(a, b iofs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return all
}
