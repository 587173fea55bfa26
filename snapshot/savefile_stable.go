package snapshot

import (
	"context"
	"time"

	"golang.org/x/sys/unix"
)

// readStable reads a file, and once more if it changed meanwhile. What the second reading got is kept in any case.
func (c *creator) readStable(ctx context.Context, d *dir, name string, fd int, st *unix.Stat_t) (*Entry, error) {
	r := c.readers.Get().(*fileReader)
	defer c.readers.Put(r)
	for attempt := 1; ; attempt++ {
		racy, err := c.settle(ctx, fd, st)
		if err != nil {
			return nil, err
		}
		e := c.names.newEntry(name, st)
		var lost error
		e.Xattrs, lost = readXattrs(xattrTarget{fd: fd})
		if c.unkept != nil {
			lost = c.unkept
		}
		if err := r.read(ctx, fd, st, e); err != nil {
			return nil, err
		}
		if c.reading != nil {
			c.reading(d.path(name))
		}
		after, err := c.statFile(fd)
		if err != nil {
			return nil, err
		}
		stable := e.Size == st.Size && sameStat(e, &after)
		if !stable && attempt == 1 {
			c.Progress.done(0, -e.Size)
			st = &after
			continue
		}
		if !stable {
			c.n.unstable.Add(1)
			c.note(d.path(name), ErrChanged)
		}
		if lost != nil {
			c.report(d.path(name), lost)
		}
		if racy || !stable || lost != nil {
			e.Flags |= flagAgain
		}
		return e, nil
	}
}

// statFile looks at an open file.
func (c *creator) statFile(fd int) (unix.Stat_t, error) {
	st, err := statOf(fd)
	if c.seen != nil {
		c.seen(&st)
	}
	return st, err
}

const (
	// tick is longer than the steps in which a system's file times go forward (10 ms at most).
	tick = 20 * time.Millisecond
	// coarseTick is that of file systems that keep whole seconds, or (FAT) every other one.
	coarseTick = 2*time.Second + tick
)

// settle waits until the last change of a file is at least a tick old. Only then a change during or after the
// reading must show in its times: without that, the next backup could take a file for unchanged that is not.
// Where the wait would be long or have no end, the file is racy instead: its times prove nothing.
func (c *creator) settle(ctx context.Context, fd int, st *unix.Stat_t) (racy bool, err error) {
	for tries := 0; ; tries++ {
		wait, racy := young(st, time.Now())
		if wait <= 0 || racy || tries == 3 {
			return wait > 0 || racy, nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return false, ctx.Err()
		}
		now, err := c.statFile(fd)
		if err != nil {
			return false, err
		}
		*st = now
	}
}

// young says how long a file must be left alone until its last change is a tick old. It is racy if that is longer
// than a fine tick: its file system keeps whole seconds, or another machine whose clock is ahead made the time.
func young(st *unix.Stat_t, now time.Time) (wait time.Duration, racy bool) {
	changed := st.Ctim
	if m := time.Unix(st.Mtim.Unix()); m.After(time.Unix(changed.Unix())) && !m.After(now) {
		changed = st.Mtim // some file systems keep no time of change
	}
	grain := tick
	if changed.Nsec == 0 {
		grain = coarseTick
	}
	wait = grain - now.Sub(time.Unix(changed.Unix()))
	return wait, wait > tick || wait > 0 && grain != tick
}
