package fs

import (
	"context"
	"fmt"
	"io"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// An ExtentFile is a File that knows its holes, so that programs which copy large
// sparse files need not read them. Extent says what stands at off, which is inside
// the file: data, or a hole, which reads as zeros; and where that ends, behind off
// and at most at the file's size. What follows may be of the same kind. A file
// without this method is data up to its end.
type ExtentFile interface {
	Extent(ctx context.Context, off int64) (data bool, end int64, err error)
}

// Lseek answers SEEK_DATA and SEEK_HOLE; the kernel does all other seeking itself.
func (b *bridge) Lseek(cancel <-chan struct{}, in *fuse.LseekIn, out *fuse.LseekOut) (status fuse.Status) {
	n := b.table.get(in.NodeId)
	if n == nil {
		return fuse.Status(unix.ESTALE)
	}
	if in.Whence != unix.SEEK_DATA && in.Whence != unix.SEEK_HOLE {
		return fuse.EINVAL
	}
	defer b.guard(n, "", &status)
	ctx := newRequest(cancel)
	defer ctx.end()
	f, err := b.files.acquire(ctx, n)
	if err != nil {
		return b.fail(n.path(), err)
	}
	defer b.files.release(f)
	if in.Offset >= uint64(f.size) {
		return fuse.Status(unix.ENXIO)
	}
	at, err := f.seek(ctx, int64(in.Offset), in.Whence == unix.SEEK_DATA)
	switch {
	case err == io.EOF:
		return fuse.Status(unix.ENXIO)
	case err != nil:
		return b.fail(n.path(), fmt.Errorf("extents from byte %d: %w", in.Offset, err))
	}
	out.Offset = uint64(at)
	return fuse.OK
}

// seek finds the first byte of data, or of a hole, from off on, which is inside the
// file. At the end of a file there is a hole, and no data: io.EOF.
func (f *openFile) seek(ctx context.Context, off int64, want bool) (int64, error) {
	x, ok := f.file.(ExtentFile)
	for off < f.size {
		data, end := true, f.size
		if ok {
			var err error
			if data, end, err = x.Extent(ctx, off); err != nil {
				return 0, err
			}
		}
		if data == want {
			return off, nil
		}
		if end <= off || end > f.size {
			return 0, fmt.Errorf("%w: an extent from %d to %d of %d bytes", io.ErrUnexpectedEOF, off, end, f.size)
		}
		off = end
	}
	if want {
		return 0, io.EOF
	}
	return f.size, nil
}
