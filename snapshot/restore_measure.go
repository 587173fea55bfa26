package snapshot

import (
	"context"
	"errors"
	"fmt"

	"bakfs/seal"
	"bakfs/store"

	"golang.org/x/sys/unix"
)

// measure adds up what is to be made and refuses what cannot fit. A tree may name one folder many times over, so it
// can be endless without being large: the snapshot's own numbers are its limit.
func (r *restorer) measure(ctx context.Context, top *folder, list names) error {
	var fs unix.Statfs_t
	fd, err := top.fd()
	if err != nil {
		return err
	}
	if err := unix.Fstatfs(fd, &fs); err != nil {
		return fmt.Errorf("%s: %w", r.dest, err)
	}
	m := &measure{r: r, free: int64(min(fs.Bavail, 1<<40)) * int64(fs.Bsize), inodes: fs.Ffree, seen: map[inode]bool{}}
	if fs.Files == 0 || r.Overwrite {
		m.inodes = 1<<64 - 1
	}
	if err := m.walk(ctx, list, 1); err != nil {
		return err
	}
	r.Progress.complete()
	return nil
}

type measure struct {
	r        *restorer
	free     int64
	inodes   uint64
	n, bytes int64
	seen     map[inode]bool // files with several names
}

var errTooLarge = errors.New("not enough free space")

func (m *measure) walk(ctx context.Context, list names, depth int) error {
	for e, err := range m.r.entries(ctx, list) {
		if err != nil {
			return ctx.Err() // reported when the folder is made
		}
		m.n++
		if uint64(m.n) > m.r.limit {
			return fmt.Errorf("the tree holds more than the %d entries of its snapshot: %w", m.r.limit, store.ErrDamaged)
		}
		if e.Kind == File {
			m.add(e)
		}
		if uint64(m.n) > m.inodes || !m.r.Overwrite && m.bytes > m.free {
			return fmt.Errorf("%s: %w: more than %d bytes or %d files do not fit", m.r.dest, errTooLarge, m.free, m.inodes)
		}
		if e.Kind == Dir && depth < maxDepth {
			if err := m.walk(ctx, names{root: e.Root}, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *measure) add(e *Entry) {
	if e.Flags&flagHardLink != 0 {
		key := inode{e.Device, e.Inode}
		if m.seen[key] {
			return
		}
		m.seen[key] = true
	}
	m.r.Progress.total(1, e.Size)
	bytes := e.Data // of a list what the entry says, which readers of it hold to: a list may be endless without being large
	if e.content() != contentList {
		bytes = int64(len(e.Inline))
		for _, x := range e.Extents {
			if x.ID != (seal.ID{}) {
				bytes += int64(x.Length)
			}
		}
	}
	if m.bytes += bytes; m.bytes < 0 {
		m.bytes = 1<<63 - 1
	}
}
