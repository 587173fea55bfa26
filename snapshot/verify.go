package snapshot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"bakfs/seal"

	"golang.org/x/sys/unix"
)

// startVerify gives a file to r.files to be read back.
func (r *restorer) startVerify(ctx context.Context, d *folder, e *Entry) {
	if e.Kind != File {
		return
	}
	d.hold()
	r.files.Go(func() error {
		defer d.drop()
		err := r.verify(ctx, d, e)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			r.fail(d, e.Name, err)
		default:
			r.n.verified.Add(1)
		}
		return nil
	})
}

// syncDest brings all that was written to the disk, so that reading it back can ask the disk.
func (r *restorer) syncDest(top *folder) {
	if fd, err := top.fd(); err == nil {
		if err := unix.Syncfs(fd); err != nil {
			r.problem(top, "", err)
		}
	}
}

// verify compares a file's bytes with the chunks of the repository, whose names were checked when they were read.
func (r *restorer) verify(ctx context.Context, d *folder, e *Entry) error {
	info, err := d.root.Lstat(e.Name)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Size() != e.Size {
		return ErrDiffers
	}
	f, err := r.openBack(d, e)
	if err != nil {
		return err
	}
	defer f.Close()
	unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED) // only advice: without it the page cache is compared
	if len(e.Inline) > 0 {
		return compareAt(f, e.Inline, 0)
	}
	off := int64(0)
	for x, err := range r.ahead(ctx, e) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if x.ID == (seal.ID{}) {
			err = compareHole(ctx, f, off, off+int64(x.Length))
		} else {
			var want []byte
			if want, err = r.get(ctx, x); err == nil {
				err = compareAt(f, want, off)
			}
		}
		if err != nil {
			return err
		}
		off += int64(x.Length)
	}
	return nil
}

// openBack opens a file for reading. The owner of a file that nobody may read gets in by a mode that is put back.
func (r *restorer) openBack(d *folder, e *Entry) (*os.File, error) {
	f, err := d.root.OpenFile(e.Name, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if !errors.Is(err, unix.EACCES) {
		return f, err
	}
	if err := d.root.Chmod(e.Name, 0o400); err != nil {
		return nil, err
	}
	f, err = d.root.OpenFile(e.Name, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, errors.Join(err, d.root.Chmod(e.Name, os.FileMode(e.Mode&0o777)))
	}
	r.attributes(d, e, int(f.Fd()))
	return f, nil
}

func compareAt(f *os.File, want []byte, off int64) error {
	got := make([]byte, len(want))
	if _, err := f.ReadAt(got, off); err != nil && err != io.EOF {
		return err
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("%w: bytes %d to %d", ErrDiffers, off, off+int64(len(want)))
	}
	return nil
}

// compareHole reads what the file system has as data between two offsets; the rest is zero by itself.
func compareHole(ctx context.Context, f *os.File, off, end int64) error {
	zero := make([]byte, 64<<10)
	for off < end {
		if err := ctx.Err(); err != nil {
			return err
		}
		data, stop := region(int(f.Fd()), off, end)
		for ; data < stop; data += int64(len(zero)) {
			if err := compareAt(f, zero[:min(int64(len(zero)), stop-data)], data); err != nil {
				return err
			}
		}
		off = stop
	}
	return nil
}
