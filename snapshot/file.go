package snapshot

import (
	"context"
	"fmt"
	"io"
	iofs "io/fs"
	"sync"
	"sync/atomic"

	"bakfs/seal"
	"bakfs/store"
)

const (
	// near, and two reads, is how far from the last read's end a read may start and still count as the next one:
	// the kernel reads ahead with several requests at once, and they arrive in any order.
	near = 1 << 20
	// aheadFirst is how much of a file is asked for when its start is read, or a read goes on just where the last
	// one ended, in lengths of that read: who looks at a file's first bytes only asks for few. aheadStep and
	// aheadMax are by how much the read-ahead of a sequential reader grows, and to what.
	aheadFirst = 4
	aheadStep  = 512 << 10
	aheadMax   = 2 << 20
)

// An openFile is an open file of a snapshot. ReadAt may run at the same time as any other call.
type openFile struct {
	ctx   context.Context // of Read
	name  string
	info  *fileInfo
	entry *Entry
	nodes *nodes
	few   *listNode // the extents that stand in the entry

	next  atomic.Int64 // where the last read ended
	run   atomic.Int64 // how many reads before it were sequential
	ahead atomic.Int64 // what is before is asked for already

	mu  sync.Mutex // guards off
	off int64      // of Read
}

func newOpenFile(ctx context.Context, name string, info *fileInfo, it *item) *openFile {
	f := &openFile{ctx: ctx, name: name, info: info, entry: it.entry.detached(), nodes: it.nodes}
	if n := len(it.entry.Extents); n > 0 {
		f.few = &listNode{ids: make([]seal.ID, n), ends: make([]int64, n)}
		end := int64(0)
		for i, x := range it.entry.Extents {
			end += int64(x.Length)
			f.few.ids[i], f.few.ends[i] = x.ID, end
		}
	}
	return f
}

// Stat describes the file.
func (f *openFile) Stat() (iofs.FileInfo, error) { return f.info, nil }

// Close does nothing: an open file holds nothing.
func (f *openFile) Close() error { return nil }

// Read reads on from where the last Read ended.
func (f *openFile) Read(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(p) == 0 {
		return 0, nil
	}
	n, err := f.ReadAt(f.ctx, p, f.off)
	f.off += int64(n)
	if err == io.EOF && n > 0 {
		err = nil
	}
	return n, err
}

// ReadAt reads len(p) bytes at off, or up to the end of the file and then io.EOF. A damaged chunk is an error
// for the reads that touch it; what stands before it is read.
func (f *openFile) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, f.fail(off, iofs.ErrInvalid)
	}
	size := int64(0)
	if f.entry.Kind == File {
		size = f.entry.Size
	}
	var end error
	if off >= size {
		return 0, io.EOF
	}
	if int64(len(p)) > size-off {
		p, end = p[:size-off], io.EOF
	}
	if f.entry.content() == contentInline {
		return copy(p, f.entry.Inline[off:]), end
	}
	sequential := f.note(ctx, off, len(p))
	n, err := f.read(ctx, p, off, sequential)
	if err != nil {
		return n, f.fail(off+int64(n), err)
	}
	return n, end
}

func (f *openFile) fail(off int64, err error) error {
	return &iofs.PathError{Op: "read", Path: f.name, Err: fmt.Errorf("at byte %d: %w", off, err)}
}

// read fills p, which ends within the file.
func (f *openFile) read(ctx context.Context, p []byte, off int64, sequential bool) (int, error) {
	n := 0
	for n < len(p) {
		leaf, base, err := f.leaf(ctx, off+int64(n))
		if err != nil {
			return n, err
		}
		for i := leaf.search(off + int64(n) - base); n < len(p) && i < len(leaf.ids); i++ {
			x, skip := leaf.extent(i), off+int64(n)-base-leaf.start(i)
			part := p[n:min(int64(len(p)), int64(n)+int64(x.Length)-skip)]
			if err := f.copy(ctx, x, part, skip, sequential); err != nil {
				return n, err
			}
			n += len(part)
		}
	}
	return n, nil
}

// leaf is the node of level 0 that holds the byte at off, and where in the file it starts.
func (f *openFile) leaf(ctx context.Context, off int64) (n *listNode, base int64, err error) {
	if f.few != nil {
		return f.few, 0, nil
	}
	n, err = f.nodes.listRoot(ctx, f.entry.Root, f.entry.Size)
	for err == nil && n.level > 0 {
		i := n.search(off - base)
		base += n.start(i)
		n, err = f.nodes.downList(ctx, n, i)
	}
	return n, base, err
}

// copy fills p with what stands behind the first skip bytes of x. A sequential reader wants the rest of the chunk
// too; for others the store need not open all of it.
func (f *openFile) copy(ctx context.Context, x Extent, p []byte, skip int64, sequential bool) error {
	if x.ID == (seal.ID{}) {
		clear(p)
		return ctx.Err()
	}
	if !sequential && len(p) < int(x.Length) {
		n, err := f.nodes.st.ReadAt(ctx, x.ID, seal.Content, p, skip)
		if n == len(p) {
			return nil
		}
		if err == nil || err == io.EOF {
			err = wrongLength(x, skip+int64(n))
		}
		return err
	}
	data, err := f.nodes.st.Get(ctx, x.ID, seal.Content)
	if err != nil {
		return err
	}
	if len(data) != int(x.Length) {
		return wrongLength(x, int64(len(data)))
	}
	copy(p, data[skip:])
	return nil
}

func wrongLength(x Extent, got int64) error {
	return fmt.Errorf("chunk %x has %d bytes, the file says %d: %w", x.ID[:4], got, x.Length, store.ErrDamaged)
}

// note remembers a read and says whether it continues the one before; if so, what follows is asked for.
func (f *openFile) note(ctx context.Context, off int64, length int) bool {
	end := off + int64(length)
	gap, slack := off-f.next.Swap(end), int64(near+2*length)
	if gap > slack || gap < -slack {
		f.run.Store(0)
		f.ahead.Store(end)
		return false
	}
	window := (f.run.Add(1) - 1) * aheadStep
	if gap == 0 {
		window = max(window, int64(aheadFirst*length))
	}
	f.prefetch(ctx, off, end+min(aheadMax, window))
	return true
}

// prefetch asks the store for the chunks that start between from and to and are not asked for yet.
func (f *openFile) prefetch(ctx context.Context, from, to int64) {
	to = min(to, f.entry.Size)
	asked := f.ahead.Load()
	if to <= asked || !f.ahead.CompareAndSwap(asked, to) {
		return // another read does it
	}
	for off := max(from, asked); off < to; {
		leaf, base, err := f.leaf(ctx, off)
		if err != nil {
			return // the read that needs it says so
		}
		for i := leaf.search(off - base); i < len(leaf.ids) && off < to; i++ {
			start := base + leaf.start(i)
			if start > from && start >= asked && leaf.ids[i] != (seal.ID{}) {
				f.nodes.st.Prefetch(leaf.ids[i], seal.Content)
			}
			off = base + leaf.ends[i]
		}
	}
}
