package snapshot

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	iofs "io/fs"
	"os"

	"bakfs/seal"
	"bakfs/store"

	"golang.org/x/sys/unix"
)

// readAheadChunks is how many chunks of a file are asked for before they are written.
const readAheadChunks = 4

// startFile gives a file to r.files. Of a file with several names only the first is made now.
func (r *restorer) startFile(ctx context.Context, d *folder, e *Entry) {
	if e.Kind != File {
		return
	}
	var first *madeLink
	if e.Flags&flagHardLink != 0 {
		if first = r.claim(d, e); first == nil {
			return
		}
	}
	d.hold()
	r.files.Go(func() error {
		defer d.drop()
		r.makeFile(ctx, d, e, first)
		return nil
	})
}

// claim returns a new link for the first name of a file, nil for others.
func (r *restorer) claim(d *folder, e *Entry) *madeLink {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := inode{e.Device, e.Inode}
	if r.links[key] != nil {
		return nil
	}
	r.links[key] = &madeLink{path: d.path(e.Name)}
	return r.links[key]
}

// linkFile makes the further names of files: links to regular files that this run made, or, where the first name
// could not be made or the disk takes no link, a file of its own.
func (r *restorer) linkFile(ctx context.Context, d *folder, e *Entry) {
	if e.Kind != File || e.Flags&flagHardLink == 0 {
		return
	}
	p := d.path(e.Name)
	var first madeLink
	r.mu.Lock()
	if known := r.links[inode{e.Device, e.Inode}]; known != nil { // else its folder could not be read before
		first = *known
	}
	r.mu.Unlock()
	if first.path == p {
		return
	}
	top := d
	for top.up != nil {
		top = top.up
	}
	info, err := top.root.Lstat(first.path)
	if !first.done || err != nil || !info.Mode().IsRegular() {
		r.makeFile(ctx, d, e, nil)
		return
	}
	err = r.replace(d, e.Name, func(name string) error {
		if d.up != nil {
			name = d.path("") + "/" + name
		}
		return r.link(top.root, first.path, name)
	})
	switch {
	case err == nil:
		r.n.files.Add(1)
	case takesNoLink(err):
		r.copies.Do(func() { r.note(r.dest+"/"+p, fmt.Errorf("%w: %w", ErrCopied, err)) })
		r.Progress.total(1, e.Size)
		r.makeFile(ctx, d, e, nil)
	default:
		r.fail(d, e.Name, err)
	}
}

// takesNoLink says if a hard link failed for what the disk is, not for what the file is: FAT and many network disks
// have none, others have few for each file or none across folders.
func takesNoLink(err error) bool {
	for _, e := range []error{unix.EPERM, unix.EOPNOTSUPP, unix.ENOSYS, unix.EMLINK, unix.EXDEV} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// makeFile writes one file with its attributes.
func (r *restorer) makeFile(ctx context.Context, d *folder, e *Entry, first *madeLink) {
	if ctx.Err() != nil {
		return
	}
	err := r.replace(d, e.Name, func(name string) error {
		f, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		if err = r.content(ctx, f, e); err == nil {
			r.attributes(d, e, int(f.Fd()))
		}
		err = errors.Join(err, f.Close())
		if err != nil { // half a file must not look like one
			err = errors.Join(err, d.root.Remove(name))
		}
		return err
	})
	switch {
	case ctx.Err() != nil:
	case err != nil:
		r.fail(d, e.Name, err)
	default:
		r.n.files.Add(1)
		r.n.bytes.Add(uint64(e.Size))
		r.Progress.done(1, 0)
		if first != nil {
			r.mu.Lock()
			first.done = true
			r.mu.Unlock()
		}
	}
}

// replace makes something under a name that must be free; with Overwrite under another name beside it, which then
// takes the place of what is there, unless that is a folder.
func (r *restorer) replace(d *folder, name string, make func(name string) error) error {
	if !r.Overwrite {
		return make(name)
	}
	info, err := d.root.Lstat(name)
	switch {
	case errors.Is(err, iofs.ErrNotExist):
		return make(name)
	case err != nil:
		return err
	case info.IsDir():
		return errInTheWay
	}
	var random [8]byte
	rand.Read(random[:])
	beside := ".bakfs-restore-" + hex.EncodeToString(random[:])
	if err := make(beside); err != nil {
		return err
	}
	err = d.root.Rename(beside, name)
	// Renaming one name of a file to another name of it does nothing and leaves both.
	if gone := d.root.Remove(beside); gone != nil && !errors.Is(gone, iofs.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}

// content writes a file's bytes; holes are not written.
func (r *restorer) content(ctx context.Context, f *os.File, e *Entry) error {
	if len(e.Inline) > 0 {
		_, err := f.WriteAt(e.Inline, 0)
		r.Progress.done(0, int64(len(e.Inline)))
		return err
	}
	off, hole := int64(0), false
	for x, err := range r.ahead(ctx, e) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("at byte %d: %w", off, err)
		}
		if hole = x.ID == (seal.ID{}); !hole {
			if err := r.chunk(ctx, f, x, off); err != nil {
				return fmt.Errorf("at byte %d: %w", off, err)
			}
		}
		off += int64(x.Length)
		r.Progress.done(0, int64(x.Length))
	}
	if hole {
		return f.Truncate(off)
	}
	return nil
}

// ahead yields the extents of a file and asks the store for those that follow.
func (r *restorer) ahead(ctx context.Context, e *Entry) func(func(Extent, error) bool) {
	return func(yield func(Extent, error) bool) {
		var queue []Extent
		for x, err := range extents(ctx, r.st, e) {
			if err != nil {
				yield(Extent{}, err)
				return
			}
			if len(queue) > 0 && x.ID != (seal.ID{}) {
				r.st.Prefetch(x.ID, seal.Content)
			}
			if queue = append(queue, x); len(queue) <= readAheadChunks {
				continue
			}
			if !yield(queue[0], nil) {
				return
			}
			queue = queue[1:]
		}
		for _, x := range queue {
			if !yield(x, nil) {
				return
			}
		}
	}
}

func (r *restorer) chunk(ctx context.Context, f *os.File, x Extent, off int64) error {
	b, err := r.get(ctx, x)
	if err == nil {
		_, err = f.WriteAt(b, off)
	}
	return err
}

// get reads a chunk and checks that it is as long as the file's list says.
func (r *restorer) get(ctx context.Context, x Extent) ([]byte, error) {
	b, err := r.st.Get(ctx, x.ID, seal.Content)
	if err == nil && len(b) != int(x.Length) {
		err = fmt.Errorf("chunk %x has %d bytes, not %d: %w", x.ID[:4], len(b), x.Length, store.ErrDamaged)
	}
	return b, err
}
