package snapshot

import (
	"context"
	"errors"
	"fmt"
	"path"

	"bakfs/seal"

	"golang.org/x/sys/unix"
)

// window is how many entries of one folder may wait for the one before them. It bounds memory, and is large enough
// that one big file does not keep the others from being read.
const window = 256

// A dir is a folder that is being walked. Its path is made only when somebody asks: with 1,024 levels of 255 bytes
// a path on each level would be 130 MB.
type dir struct {
	up     *dir
	name   string
	fd     int     // stays open until all below has ended
	inside bool    // a source or in one; else a folder on the way to one
	want   *wanted // what the sources say about this place; nil: nothing
	prev   *Entry  // the folder in the parent snapshot
	dev    uint64  // file system of the source
	depth  int
}

// path gives the absolute path of name in d.
func (d *dir) path(name string) string {
	size := len(name)
	for up := d; up.up != nil; up = up.up {
		size += 1 + len(up.name)
	}
	b := make([]byte, size+1)
	at := len(b) - len(name)
	copy(b[at:], name)
	for up := d; up.up != nil; up = up.up {
		at--
		b[at] = '/'
		at -= len(up.name)
		copy(b[at:], up.name)
	}
	b[0] = '/'
	return string(b)
}

// names gives the names on the path of name in d.
func (d *dir) names(name string) []string {
	list := make([]string, d.depth+1)
	list[d.depth] = name
	for up, i := d, d.depth-1; up.up != nil; up, i = up.up, i-1 {
		list[i] = up.name
	}
	return list
}

// A pending is an entry of a folder that may not be there yet. Its maker closes done; a nil done was ready from the start.
type pending struct {
	done  chan struct{}
	entry *Entry // nil: left out
	err   error  // why it was left out, if reported; or, fatal, what ends the run
	fatal bool
	path  string // of a source or a folder on the way to one
}

// fail ends the run.
func (p *pending) fail(c *creator, err error) *pending {
	p.entry, p.err, p.fatal = nil, err, true
	c.cancel(err)
	return p
}

func ready(e *Entry) *pending { return &pending{entry: e} }

// saveRoot stores the folder that stands for "/".
func (c *creator) saveRoot(ctx context.Context) (seal.ID, error) {
	fd, err := retry(func() (int, error) {
		return unix.Open("/", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		return seal.ID{}, fmt.Errorf("/: %w", err)
	}
	defer unix.Close(fd)
	d := &dir{fd: fd, want: c.wanted, inside: c.wanted.all, prev: c.wanted.prev}
	if d.inside {
		st, err := statOf(fd)
		if err != nil {
			return seal.ID{}, fmt.Errorf("/: %w", err)
		}
		d.dev = uint64(st.Dev)
	}
	root, _, err := c.saveDir(ctx, d)
	if partly, ok := errors.AsType[unlistable](err); ok {
		c.losePart("/", partly)
		err = nil
	}
	return root, err
}

// saveDir stores a folder: its names in order, what lies below before itself. It returns the folder's root and how
// many folders it holds. An error ends the run, except an unlistable.
func (c *creator) saveDir(ctx context.Context, d *dir) (seal.ID, uint32, error) {
	names, problem := c.list(d)
	w := &dirSaver{c: c, d: d, w: newDirWriter(c.put)}
	prev := c.openPrev(ctx, d)
	defer prev.close()
	var err error
	for i := range names.len() {
		name := names.at(i)
		if err = ctx.Err(); err != nil {
			break
		}
		if err = w.add(ctx, c.visit(ctx, d, name, prev)); err != nil {
			break
		}
	}
	err = w.wait(ctx, err)
	if err != nil {
		return seal.ID{}, 0, err
	}
	root, _, err := w.w.finish(ctx)
	if err != nil {
		return seal.ID{}, 0, fmt.Errorf("%s: %w", d.path(""), err)
	}
	if problem != nil {
		return root, w.dirs, unlistable{problem, names.len() == len(d.want.names())}
	}
	return root, w.dirs, nil
}

// unlistable says that a folder could not be listed, or only in part.
type unlistable struct {
	error
	whole bool // nothing was listed but sources inside, whose names are known
}

func (u unlistable) Unwrap() error { return u.error }

// A dirSaver puts entries that become ready in any order into a folder in their own.
type dirSaver struct {
	c     *creator
	d     *dir
	w     *dirWriter
	queue []*pending
	dirs  uint32
}

// add takes the next entry, and waits for the oldest when too many are waiting.
func (s *dirSaver) add(ctx context.Context, p *pending) error {
	if p == nil {
		return nil
	}
	s.queue = append(s.queue, p)
	for len(s.queue) > 0 {
		oldest := s.queue[0]
		if oldest.done != nil && len(s.queue) < window {
			select {
			case <-oldest.done:
			default:
				return nil
			}
		}
		if err := s.take(ctx); err != nil {
			return err
		}
	}
	return nil
}

// take waits for the oldest entry and stores it. Its maker ends when ctx does, so done is enough to wait for.
func (s *dirSaver) take(ctx context.Context) error {
	p := s.queue[0]
	s.queue[0] = nil
	s.queue = s.queue[1:]
	if p.done != nil {
		<-p.done
	}
	switch {
	case p.fatal:
		return p.err
	case p.entry == nil && p.path != "":
		s.lose(p)
		return nil
	case p.entry == nil:
		return nil
	}
	if err := p.entry.check(); err != nil { // some file systems have names of more than 255 bytes
		if p.err = err; p.path != "" {
			s.lose(p)
			return nil
		}
		s.c.report(s.d.path(p.entry.Name), err)
		return nil
	}
	if err := s.w.add(ctx, p.entry); err != nil {
		return fmt.Errorf("%s: %w", s.d.path(p.entry.Name), err)
	}
	s.c.kept(p.entry)
	if p.entry.Kind == Dir {
		s.dirs++
	}
	return nil
}

// lose leaves out a place of the sources.
func (s *dirSaver) lose(p *pending) { s.c.loseSource(p.path, s.d.want.child(path.Base(p.path)), p.err) }

// wait ends all that is still waiting; err is why, if something went wrong.
func (s *dirSaver) wait(ctx context.Context, err error) error {
	for len(s.queue) > 0 {
		if err == nil {
			err = s.take(ctx)
			continue
		}
		if done := s.queue[0].done; done != nil {
			<-done
		}
		s.queue = s.queue[1:]
	}
	return err
}

// kept counts an entry that is in the new snapshot.
func (c *creator) kept(e *Entry) {
	if c.n.kept(e); e.Kind == File {
		c.Progress.done(1, 0)
	}
}

// visit looks at one name of a folder: entries that need no reading are ready at once, files are read by c.files,
// folders are walked by c.trees if it has room and here if not. nil: the name is left out, and that is as it should be.
func (c *creator) visit(ctx context.Context, d *dir, name string, prev *prevDir) *pending {
	want := d.want.child(name)
	named := want != nil && want.all
	st, err := statAt(d.fd, name)
	if c.seen != nil {
		c.seen(&st)
	}
	if err != nil {
		return c.lost(d, name, want, err)
	}
	if !named && (!d.inside || c.leftOut(d, name, &st)) {
		if want != nil {
			return c.visitAncestor(ctx, d, name, want)
		}
		c.n.excluded.Add(1)
		return nil
	}
	p := &pending{}
	var old *Entry
	if d.inside {
		if old, err = prev.find(name); err != nil && ctx.Err() == nil {
			c.note(d.path(name), fmt.Errorf("the parent snapshot cannot be read here, so all is read again: %w", err))
		}
	} else {
		old = want.prev
	}
	if named {
		p.path = d.path(name)
	}
	switch kindOf(st.Mode) {
	case File:
		c.visitFile(ctx, d, name, &st, old, p)
	case Dir:
		child := &dir{up: d, name: name, inside: true, want: want, prev: old, dev: d.dev, depth: d.depth + 1}
		if named {
			child.dev = uint64(st.Dev)
		}
		c.visitDir(ctx, child, &st, p)
	default:
		if p.entry, err = c.special(d, name, &st); err != nil {
			return c.lost(d, name, want, err)
		}
		if named && p.entry.Kind == Symlink {
			c.note(p.path, ErrLink)
		}
	}
	if want != nil && kindOf(st.Mode) != Dir {
		c.loseBelow(d.path(name), want, errNotFolder)
	}
	return p
}

// leftOut says if the options keep a name out of the snapshot.
func (c *creator) leftOut(d *dir, name string, st *unix.Stat_t) bool {
	kind := kindOf(st.Mode)
	switch {
	case kind == 0, c.exclude.out(d, name, kind == Dir):
		return true
	case kind == Dir:
		return c.never[inode{uint64(st.Dev), st.Ino}]
	}
	return c.OneFileSystem && uint64(st.Dev) != d.dev
}

// lost is what becomes of a name that cannot be read: dirSaver.lose has a source; one that vanished is a note, else a report.
func (c *creator) lost(d *dir, name string, want *wanted, err error) *pending {
	p := d.path(name)
	switch {
	case want != nil:
		return &pending{err: err, path: p}
	case errors.Is(err, unix.ENOENT):
		c.note(p, ErrVanished)
	default:
		c.report(p, err)
	}
	return nil
}

// visitAncestor stores a folder on the way to a source: itself and the names that lead to sources. Unlike
// everything below a source it may be reached through a link, because the person named that path.
func (c *creator) visitAncestor(ctx context.Context, d *dir, name string, want *wanted) *pending {
	fd, err := retry(func() (int, error) {
		return unix.Openat(d.fd, name, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		return &pending{err: err, path: d.path(name)}
	}
	defer unix.Close(fd)
	st, err := statOf(fd)
	if err != nil {
		return &pending{err: err, path: d.path(name)}
	}
	child := &dir{up: d, name: name, fd: fd, want: want, depth: d.depth + 1}
	p := ready(c.names.newEntry(name, &st))
	if p.entry.Xattrs, err = readXattrs(xattrTarget{path: procPath(fd, ".")}); err != nil {
		c.note(d.path(name), err) // it is not what was asked for, so nothing is incomplete
	}
	root, dirs, err := c.saveDir(ctx, child)
	if err != nil {
		return p.fail(c, err)
	}
	p.entry.Root, p.entry.Nlink = root, 2+dirs
	return p
}

// special stores what has no content: links, FIFOs, sockets and devices.
func (c *creator) special(d *dir, name string, st *unix.Stat_t) (*Entry, error) {
	e := c.names.newEntry(name, st)
	if e.Kind == Symlink {
		var err error
		if e.Target, err = readLinkAt(d.fd, name); err != nil {
			return nil, err
		}
		e.Size = int64(len(e.Target))
	}
	e.Xattrs = c.xattrs(d, name, xattrTarget{path: procPath(d.fd, name)})
	return e, nil
}

// xattrs reads extended attributes; what is missing of them is reported.
func (c *creator) xattrs(d *dir, name string, t xattrTarget) []Xattr {
	list, err := readXattrs(t)
	if err != nil && !errors.Is(err, unix.ENOENT) {
		c.report(d.path(name), err)
	}
	return list
}
