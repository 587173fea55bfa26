package fs

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"sync"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// idleFiles is how many files stay open without a read going on. It covers what
// is read in turns at one time; opening a file again is cheap.
const idleFiles = 128

// Open is answered with ENOSYS once, for all files: the kernel then opens and
// closes files without asking, and keeps what it has read of them.
func (b *bridge) Open(_ <-chan struct{}, in *fuse.OpenIn, _ *fuse.OpenOut) fuse.Status {
	if in.Flags&syscall.O_ACCMODE != syscall.O_RDONLY {
		return fuse.EROFS
	}
	return fuse.ENOSYS
}

// Flush is answered with ENOSYS, so that closing a file costs no request.
func (b *bridge) Flush(<-chan struct{}, *fuse.FlushIn) fuse.Status { return fuse.ENOSYS }

// Ioctl knows none.
func (b *bridge) Ioctl(<-chan struct{}, *fuse.IoctlIn, []byte, *fuse.IoctlOut, []byte) fuse.Status {
	return fuse.Status(syscall.ENOTTY)
}

// Read answers a read. A request that touches damage is EIO as a whole, because
// FUSE takes a short answer for the end of the file and fills up with zeros. The
// kernel then asks for each page by itself, so what lies around is still read.
func (b *bridge) Read(cancel <-chan struct{}, in *fuse.ReadIn, p []byte) (result fuse.ReadResult, status fuse.Status) {
	n := b.table.get(in.NodeId)
	if n == nil {
		return nil, fuse.Status(syscall.ESTALE)
	}
	defer b.guard(n, "", &status)
	ctx := newRead(cancel, in.Pid)
	defer ctx.end()
	f, err := b.files.acquire(ctx, n)
	if err != nil {
		return nil, b.fail(n.path(), err)
	}
	defer b.files.release(f)
	got, err := f.readAt(ctx, p, int64(in.Offset))
	if err != nil {
		return nil, b.fail(n.path(), fmt.Errorf("at byte %d: %w", in.Offset, err))
	}
	return fuse.ReadResultData(p[:got]), fuse.OK
}

// An openFile is a file of the tree that is open for a node.
type openFile struct {
	node *node
	file iofs.File
	size int64
	at   func(ctx context.Context, p []byte, off int64) (int, error)

	// Guarded by fileCache.mu.
	users int
	idle  *list.Element // in fileCache.idle while users is 0
	gone  bool          // close when users is 0
}

// openNode opens n's file and makes sure that it is the one n stands for.
func openNode(ctx context.Context, n *node) (*openFile, error) {
	fsys, name := n.place(ctx)
	file, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	f := &openFile{node: n, file: file}
	if err := f.check(); err != nil {
		file.Close()
		return nil, err
	}
	return f, nil
}

func (f *openFile) check() error {
	info, err := f.file.Stat()
	if err != nil {
		return err
	}
	a := owner{}.attr(info, f.node.dir, f.node.name)
	if !isFile(a.Mode) || fingerprint(&a, f.node.dir, f.node.name, "") != f.node.print {
		return errStale
	}
	f.size = info.Size()
	switch r := f.file.(type) {
	case File:
		f.at = r.ReadAt
	case io.ReaderAt:
		f.at = func(_ context.Context, p []byte, off int64) (int, error) { return r.ReadAt(p, off) }
	default:
		return fmt.Errorf("%T cannot be read at an offset", r)
	}
	return nil
}

// readAt reads what the file has at off, up to its size. Fewer bytes without an
// error of the tree's own is an error too.
func (f *openFile) readAt(ctx context.Context, p []byte, off int64) (int, error) {
	if off >= f.size {
		return 0, nil
	}
	p = p[:min(int64(len(p)), f.size-off)]
	got, err := f.at(ctx, p, off)
	if got == len(p) {
		return got, nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: %d of %d bytes", io.ErrUnexpectedEOF, got, len(p))
	}
	return 0, err
}

// A fileCache holds the files that are being read, and some that were. The
// kernel does not say when a file is closed.
type fileCache struct {
	mu     sync.Mutex
	open   map[*node]*openFile
	idle   *list.List // of *openFile, the newest in front
	closed bool
}

func newFileCache() fileCache {
	return fileCache{open: map[*node]*openFile{}, idle: list.New()}
}

// acquire returns n's open file; release must follow.
func (c *fileCache) acquire(ctx context.Context, n *node) (*openFile, error) {
	if f := c.use(n, nil); f != nil {
		return f, nil
	}
	mine, err := openNode(ctx, n)
	if err != nil {
		return nil, err
	}
	f := c.use(n, mine)
	if f != mine { // another request was faster
		mine.file.Close()
	}
	return f, nil
}

// use counts a user of n's file. If there is none, it takes fresh for it.
func (c *fileCache) use(n *node, fresh *openFile) *openFile {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.open[n]
	if f == nil {
		if fresh == nil {
			return nil
		}
		f = fresh
		c.open[n] = f
		f.gone = c.closed
	}
	f.users++
	if f.idle != nil {
		c.idle.Remove(f.idle)
		f.idle = nil
	}
	return f
}

func (c *fileCache) release(f *openFile) {
	c.mu.Lock()
	var out *openFile
	if f.users--; f.users == 0 {
		if f.idle = c.idle.PushFront(f); f.gone {
			out = c.remove(f)
		} else if c.idle.Len() > idleFiles {
			out = c.remove(c.idle.Back().Value.(*openFile))
		}
	}
	c.mu.Unlock()
	if out != nil {
		out.file.Close()
	}
}

// remove takes f, which nobody uses, out of the cache. c.mu is held.
func (c *fileCache) remove(f *openFile) *openFile {
	c.idle.Remove(f.idle)
	f.idle = nil
	if c.open[f.node] == f {
		delete(c.open, f.node)
	}
	return f
}

// drop closes n's file now, or after the last read of it.
func (c *fileCache) drop(n *node) {
	c.mu.Lock()
	f := c.open[n]
	if f != nil && f.users > 0 {
		f.gone, f = true, nil
	}
	if f != nil {
		c.remove(f)
	}
	c.mu.Unlock()
	if f != nil {
		f.file.Close()
	}
}

// close closes all files, those in use after their last read.
func (c *fileCache) close() {
	c.mu.Lock()
	c.closed = true
	nodes := make([]*node, 0, len(c.open))
	for n := range c.open {
		nodes = append(nodes, n)
	}
	c.mu.Unlock()
	for _, n := range nodes {
		c.drop(n)
	}
}
