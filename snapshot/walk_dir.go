package snapshot

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// visitDir stores a folder below a source.
func (c *creator) visitDir(ctx context.Context, child *dir, st *unix.Stat_t, p *pending) {
	p.done = make(chan struct{})
	walk := func() error {
		defer close(p.done)
		c.walkDir(ctx, child, st, p)
		return nil
	}
	if !c.trees.TryGo(walk) {
		walk()
	}
}

// walkDir fills in p. A folder that cannot be opened or listed is reported, and kept with its attributes unless
// it is a source: an older snapshot of that is the better one.
func (c *creator) walkDir(ctx context.Context, child *dir, st *unix.Stat_t, p *pending) {
	d, name := child.up, child.name
	fd, err := openAt(d.fd, name, unix.O_DIRECTORY)
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.ELOOP):
		if p.err = err; p.path == "" {
			c.lost(d, name, nil, err)
			c.loseBelow(d.path(name), child.want, err)
		}
		return
	case err != nil:
		c.emptyDir(ctx, child, st, p, err)
		return
	}
	defer unix.Close(fd)
	if now, err := statOf(fd); err == nil {
		st = &now
	}
	child.fd = fd
	otherFS := c.OneFileSystem && uint64(st.Dev) != child.dev
	switch {
	case otherFS && child.want != nil:
		c.passThrough(ctx, child, p)
		return
	case otherFS:
		c.emptyDir(ctx, child, st, p, nil)
		return
	case child.depth > maxDepth:
		c.emptyDir(ctx, child, st, p, fmt.Errorf("more than %d folders inside each other", maxDepth))
		return
	}
	root, dirs, err := c.saveDir(ctx, child)
	var partly unlistable
	switch {
	case errors.As(err, &partly) && p.path != "" && partly.whole && len(child.want.names()) == 0:
		p.err = partly.error
		return
	case errors.As(err, &partly) && p.path != "":
		c.losePart(p.path, partly)
	case errors.As(err, &partly):
		c.report(d.path(name), partly.error)
	case err != nil:
		p.fail(c, err)
		return
	}
	e := c.names.newEntry(name, st)
	e.Xattrs = c.xattrs(d, name, xattrTarget{fd: fd})
	e.Root, e.Nlink = root, 2+dirs
	p.entry = e
}

// passThrough stores a folder below which only the sources in it are wanted.
func (c *creator) passThrough(ctx context.Context, child *dir, p *pending) {
	q := c.visitAncestor(ctx, child.up, child.name, child.want)
	p.entry, p.err, p.fatal = q.entry, q.err, q.fatal
	if q.entry == nil {
		p.path = q.path
	}
}

// emptyDir stores a folder without what is in it; err is why, unless that is asked for.
func (c *creator) emptyDir(ctx context.Context, child *dir, st *unix.Stat_t, p *pending, err error) {
	inner := len(child.want.names()) > 0
	switch {
	case err == nil:
	case p.path != "" && !inner:
		p.err = err
		return
	case p.path != "":
		c.losePart(p.path, unlistable{err, true})
	default:
		c.report(child.up.path(child.name), err)
	}
	if err != nil && inner {
		c.passThrough(ctx, child, p)
		return
	}
	root, _, err := newDirWriter(c.put).finish(ctx)
	if err != nil {
		p.fail(c, err)
		return
	}
	e := c.names.newEntry(child.name, st)
	e.Xattrs = c.xattrs(child.up, child.name, xattrTarget{path: procPath(child.up.fd, child.name)})
	e.Root, e.Nlink = root, 2
	p.entry = e
}
