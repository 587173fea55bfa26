package snapshot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sys/unix"
)

// visitFile keeps an unchanged file's content as the parent snapshot has it, or gives the file to c.files.
func (c *creator) visitFile(ctx context.Context, d *dir, name string, st *unix.Stat_t, old *Entry, p *pending) {
	if old != nil && old.Kind != File {
		old = nil
	}
	same := old != nil && sameStat(old, st)
	if same && old.Flags&flagAgain == 0 && !c.Reread {
		e, err := c.reuse(ctx, name, st, old)
		switch {
		case err != nil:
			p.fail(c, err)
			return
		case e != nil:
			c.n.filesSame.Add(1)
			c.Progress.done(0, e.Size)
			p.entry = e
			return
		}
	}
	p.done = make(chan struct{})
	c.files.Go(func() error {
		defer close(p.done)
		c.readFile(ctx, d, name, p)
		switch {
		case p.entry == nil:
		case old == nil:
			c.n.filesNew.Add(1)
		case same && sameContent(old, p.entry):
			c.n.filesSame.Add(1)
		default:
			c.n.filesChanged.Add(1)
		}
		return nil
	})
}

// sameStat says that a file looks as it did when old was made. With flagAgain that does not mean that it is the same.
func sameStat(old *Entry, st *unix.Stat_t) bool {
	return old.Size == st.Size && old.MTime == nanoseconds(st.Mtim) && old.CTime == nanoseconds(st.Ctim) && old.Inode == st.Ino
}

func sameContent(a, b *Entry) bool {
	return a.Size == b.Size && bytes.Equal(a.Inline, b.Inline) && slices.Equal(a.Extents, b.Extents) && a.Root == b.Root && a.Data == b.Data
}

// reuse makes an entry of today's stat with the parent's content and extended attributes (to change those changes
// ctime). nil: some chunk is not in the store any more.
func (c *creator) reuse(ctx context.Context, name string, st *unix.Stat_t, old *Entry) (*Entry, error) {
	e := c.names.newEntry(name, st)
	e.Xattrs = old.Xattrs
	ok, err := reuseContent(ctx, c.st, newListWriter(c.put), e, old)
	if !ok || err != nil {
		return nil, err
	}
	return e, nil
}

// links remembers files with several names while not all names have come by.
type links struct {
	mu sync.Mutex // guards m
	m  map[inode]*link
}

// A link is a file with several names. The first name reads it; the others wait for done.
type link struct {
	done  chan struct{}
	entry *Entry // nil: it could not be read
	left  uint64 // names that have not come by; guarded by links.mu
}

// claim returns the link of a file, and if the caller is the one that reads it. The last name takes it off the list.
func (l *links) claim(st *unix.Stat_t) (*link, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := inode{uint64(st.Dev), st.Ino}
	got, known := l.m[key]
	if !known {
		got = &link{done: make(chan struct{}), left: uint64(st.Nlink)}
		l.m[key] = got
	}
	if got.left--; got.left == 0 {
		delete(l.m, key)
	}
	return got, !known
}

// readFile reads one file and fills in p.
func (c *creator) readFile(ctx context.Context, d *dir, name string, p *pending) {
	fd, err := openAt(d.fd, name, 0)
	if err == nil {
		defer unix.Close(fd)
		p.entry, err = c.readOpen(ctx, d, name, fd)
	}
	var fatal storeError
	switch {
	case err == nil:
		if c.Read != nil {
			c.Read(d.path(name))
		}
	case errors.As(err, &fatal) || ctx.Err() != nil:
		p.fail(c, fmt.Errorf("%s: %w", d.path(name), err))
	default:
		if p.err = err; p.path == "" {
			c.lost(d, name, nil, err)
		}
	}
}

// A storeError ends the run; any other error is about one file.
type storeError struct{ error }

func (e storeError) Unwrap() error { return e.error }

var errNotFile = errors.New("it was a file when its folder was listed, and is something else now")

func (c *creator) readOpen(ctx context.Context, d *dir, name string, fd int) (*Entry, error) {
	st, err := c.statFile(fd)
	if err != nil {
		return nil, err
	}
	if kindOf(st.Mode) != File {
		return nil, errNotFile
	}
	if st.Nlink < 2 {
		return c.readStable(ctx, d, name, fd, &st)
	}
	l, first := c.links.claim(&st)
	if first {
		defer close(l.done)
		l.entry, err = c.readStable(ctx, d, name, fd, &st)
		return l.entry, err
	}
	select {
	case <-l.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if l.entry == nil || !sameStat(l.entry, &st) {
		return c.readStable(ctx, d, name, fd, &st)
	}
	e := *l.entry
	e.Name = name
	c.Progress.done(0, e.Size)
	return &e, nil
}
