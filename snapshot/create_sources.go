package snapshot

import (
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"

	"bakfs/seal"
)

// A wanted is a place in the tree of sources: a source, or a folder on the way to one, or both.
type wanted struct {
	all   bool // a source: everything below is wanted
	below map[string]*wanted
	prev  *Entry // of a source: its entry in the parent snapshot
}

// newWanted makes the tree of sources. Root stands for "/".
func newWanted(paths []string) (*wanted, error) {
	root := &wanted{}
	for _, p := range paths {
		if !path.IsAbs(p) || path.Clean(p) != p {
			return nil, fmt.Errorf("source %q is not an absolute, clean path", p)
		}
		w := root
		for _, name := range split(p) {
			if w.below == nil {
				w.below = map[string]*wanted{}
			}
			if w.below[name] == nil {
				w.below[name] = &wanted{}
			}
			w = w.below[name]
		}
		w.all = true
	}
	return root, nil
}

// split gives the names of an absolute, clean path; of "/" none.
func split(p string) []string {
	return strings.FieldsFunc(p, func(r rune) bool { return r == '/' })
}

func (w *wanted) child(name string) *wanted {
	if w == nil {
		return nil
	}
	return w.below[name]
}

// names gives the names below in order.
func (w *wanted) names() []string {
	if w == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(w.below))
}

// at finds the place of a source.
func (w *wanted) at(p string) *wanted {
	for _, name := range split(p) {
		w = w.child(name)
	}
	return w
}

// findParents gives each source its entry in the newest snapshot of this device that holds it. A snapshot that
// cannot be read is no parent: the source's files are read again, and a note says why.
func (c *creator) findParents(ctx context.Context, infos []Info, d seal.DeviceID) {
	for _, p := range c.Sources {
		for _, i := range slices.Backward(infos) {
			if i.Kind != Files || i.Device != d || !i.holds(p) {
				continue
			}
			e, err := c.parents.at(ctx, i.Root, p)
			if errors.Is(err, iofs.ErrNotExist) {
				continue // it was left out then
			}
			if err != nil && ctx.Err() == nil {
				c.note(p, fmt.Errorf("parent snapshot %x cannot be used, so all is read again: %w", i.ID[:4], err))
			}
			c.wanted.at(p).prev = e
			break
		}
	}
}

// holds says if p is a source of the snapshot, or lies in one.
func (i Info) holds(p string) bool {
	return slices.ContainsFunc(i.Sources, func(s string) bool {
		return s == p || s == "/" || strings.HasPrefix(p, s+"/")
	})
}

var errNotFolder = fmt.Errorf("what stands before it is no folder: %w", iofs.ErrNotExist)

// find is nodes.at without a cache.
func find(ctx context.Context, st source, root seal.ID, p string) (*Entry, error) {
	return newNodes(st, 0).at(ctx, root, p)
}

// at goes down from a root to the entry at an absolute path. "/" gives an entry without a name.
func (s *nodes) at(ctx context.Context, root seal.ID, p string) (*Entry, error) {
	e := &Entry{Kind: Dir, Mode: 0o755, Root: root}
	for i, name := range split(p) {
		if e.Kind != Dir || i >= maxDepth {
			return nil, fmt.Errorf("%q in %s: %w", name, p, errNotFolder)
		}
		next, err := s.lookup(ctx, e.Root, name)
		if err != nil {
			return nil, fmt.Errorf("%q in %s: %w", name, p, err)
		}
		e = next
	}
	return e, nil
}

// A prevDir is a folder of the parent snapshot, gone through in step with the folder of today.
type prevDir struct {
	next func() (*Entry, error, bool)
	stop func()
	cur  *Entry
}

func (c *creator) openPrev(ctx context.Context, d *dir) *prevDir {
	if d.prev == nil || d.prev.Kind != Dir {
		return &prevDir{}
	}
	p := &prevDir{}
	p.next, p.stop = iter.Pull2(c.parents.entries(ctx, d.prev.Root))
	return p
}

// find gives the entry of that name, or nil. Names are asked for in ascending order. After an error there are no more.
func (p *prevDir) find(name string) (*Entry, error) {
	for p.next != nil && (p.cur == nil || p.cur.Name < name) {
		e, err, ok := p.next()
		if err != nil || !ok {
			p.close()
			return nil, err
		}
		p.cur = e
	}
	if p.cur != nil && p.cur.Name == name {
		return p.cur, nil
	}
	return nil, nil
}

func (p *prevDir) close() {
	if p.stop != nil {
		p.stop()
	}
	*p = prevDir{}
}
