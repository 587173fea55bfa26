package fs

import (
	"context"
	"errors"
	"io"
	iofs "io/fs"
	"strings"
	"sync"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// dirBatch is how many entries are asked of the tree at a time: some answers'
// worth, so that the first ones of a large directory come at once.
const dirBatch = 512

// A dirHandle is one opendir. A position once told stays valid until rewinddir:
// of a volatile directory it keeps all entries it has read, of another the last
// ones, since what is before can be read again.
type dirHandle struct {
	node *node
	dir  *directory

	mu      sync.Mutex
	stream  iofs.ReadDirFile // nil: not begun, or all is read
	first   uint64           // how many entries stood before those in entries
	entries []iofs.DirEntry
	all     bool
}

// dirHandles are the open directories by handle.
type dirHandles struct {
	mu   sync.Mutex
	last uint64
	open map[uint64]*dirHandle
}

func (h *dirHandles) add(d *dirHandle) uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last++
	h.open[h.last] = d
	return h.last
}

func (h *dirHandles) get(id uint64) *dirHandle {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.open[id]
}

func (h *dirHandles) remove(id uint64) *dirHandle {
	h.mu.Lock()
	defer h.mu.Unlock()
	d := h.open[id]
	delete(h.open, id)
	return d
}

func (h *dirHandles) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, d := range h.open {
		d.reset()
	}
	clear(h.open)
}

// OpenDir begins a listing. What a stable directory lists, the kernel keeps.
// OPENDIR cannot be ENOSYS like OPEN: the kernel would keep volatile ones too.
func (b *bridge) OpenDir(cancel <-chan struct{}, in *fuse.OpenIn, out *fuse.OpenOut) (status fuse.Status) {
	n := b.table.get(in.NodeId)
	if n == nil {
		return fuse.Status(syscall.ESTALE)
	}
	defer b.guard(n, "", &status)
	ctx := newRequest(cancel)
	defer ctx.end()
	d, err := n.open(ctx)
	if err != nil {
		return b.fail(n.path(), err)
	}
	out.Fh = b.dirs.add(&dirHandle{node: n, dir: d})
	if !d.volatile {
		out.OpenFlags = fuse.FOPEN_KEEP_CACHE | fuse.FOPEN_CACHE_DIR
	}
	return fuse.OK
}

// ReleaseDir ends a listing.
func (b *bridge) ReleaseDir(in *fuse.ReleaseIn) {
	if h := b.dirs.remove(in.Fh); h != nil {
		var ignored fuse.Status
		defer b.guard(h.node, "", &ignored)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.reset()
	}
}

// ReadDir lists names.
func (b *bridge) ReadDir(cancel <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	return b.list(cancel, in, func(_ *request, _ *directory, e fuse.DirEntry, _ iofs.FileInfo) bool {
		return out.AddDirEntry(e)
	})
}

// ReadDirPlus lists names and tells the kernel what Lookup would.
func (b *bridge) ReadDirPlus(cancel <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	return b.list(cancel, in, func(ctx *request, d *directory, e fuse.DirEntry, info iofs.FileInfo) bool {
		to := out.AddDirLookupEntry(e)
		if to == nil {
			return false
		}
		if info != nil && b.enter(ctx, d, e.Name, info, to) != nil {
			*to = fuse.EntryOut{} // the kernel looks it up by itself and meets the error
		}
		return true
	})
}

// list hands entries to add, from the position the kernel asks for, until add
// has no more room. Position 0 is ".", 1 is "..", then come the tree's.
func (b *bridge) list(cancel <-chan struct{}, in *fuse.ReadIn,
	add func(*request, *directory, fuse.DirEntry, iofs.FileInfo) bool) (status fuse.Status) {
	h := b.dirs.get(in.Fh)
	if h == nil {
		return fuse.Status(syscall.EBADF)
	}
	added := false
	defer func() {
		if added { // what is listed the kernel counts as looked up; an error comes with the next request
			status = fuse.OK
		}
	}()
	defer b.guard(h.node, "", &status)
	ctx := newRequest(cancel)
	defer ctx.end()
	h.mu.Lock()
	defer h.mu.Unlock()
	if in.Offset == 0 && h.dir.volatile {
		h.reset()
	}
	for off := in.Offset; ; off++ {
		e, info, err := h.entry(ctx, off)
		switch {
		case errors.Is(err, io.EOF):
			return fuse.OK
		case errors.Is(err, errSkip):
			continue
		case err != nil:
			return b.fail(h.node.path(), err)
		}
		e.Off = off + 1
		if !add(ctx, h.dir, e, info) {
			return fuse.OK
		}
		added = true
	}
}

// errSkip says that there is nothing to list at a position.
var errSkip = errors.New("nothing here")

// entry returns what is at a position; io.EOF behind the last.
func (h *dirHandle) entry(ctx context.Context, off uint64) (fuse.DirEntry, iofs.FileInfo, error) {
	switch off {
	case 0:
		return fuse.DirEntry{Name: ".", Mode: syscall.S_IFDIR, Ino: h.dir.ino}, nil, nil
	case 1:
		up := h.dir
		if up.up != nil {
			up = up.up
		}
		return fuse.DirEntry{Name: "..", Mode: syscall.S_IFDIR, Ino: up.ino}, nil, nil
	}
	if err := h.fill(ctx, off-2); err != nil {
		return fuse.DirEntry{}, nil, err
	}
	d := h.entries[off-2-h.first]
	name := d.Name()
	if !listable(name) {
		return fuse.DirEntry{}, nil, errSkip
	}
	info, err := d.Info()
	switch {
	case errors.Is(err, iofs.ErrNotExist):
		return fuse.DirEntry{}, nil, errSkip
	case err != nil: // the name is there; stat will say what is wrong with it
		return fuse.DirEntry{Name: name, Mode: typeBits(d.Type())}, nil, nil
	}
	return fuse.DirEntry{Name: name, Mode: typeBits(info.Mode()), Ino: inode(info, h.dir, name)}, info, nil
}

// listable says whether the kernel takes a name; one that it does not take would
// make it refuse the whole directory.
func listable(name string) bool {
	return name != "" && name != "." && name != ".." && len(name) <= nameMax && !strings.ContainsAny(name, "/\x00")
}

// fill reads until there is an entry i; io.EOF if there is none. After another
// error it begins anew next time.
func (h *dirHandle) fill(ctx context.Context, i uint64) error {
	if i < h.first {
		h.reset()
	}
	for i >= h.first+uint64(len(h.entries)) {
		if h.all {
			return io.EOF
		}
		if err := h.more(ctx); err != nil {
			h.reset()
			return err
		}
	}
	return nil
}

// more reads the next entries: a batch where the tree can, else all.
func (h *dirHandle) more(ctx context.Context) error {
	if h.stream == nil {
		f, err := h.dir.in(ctx).Open(".")
		if err != nil {
			return err
		}
		s, ok := f.(iofs.ReadDirFile)
		if !ok {
			f.Close()
			h.entries, err = iofs.ReadDir(h.dir.in(ctx), ".")
			h.all = err == nil
			return err
		}
		h.stream = s
	}
	h.trim()
	batch, err := h.stream.ReadDir(dirBatch)
	h.entries = append(h.entries, batch...)
	if errors.Is(err, io.EOF) || err == nil && len(batch) == 0 {
		h.stream.Close()
		h.stream, h.all, err = nil, true, nil
	}
	return err
}

// trim drops entries that were read long ago, where they can be read again.
func (h *dirHandle) trim() {
	drop := len(h.entries) - dirBatch
	if h.dir.volatile || drop < dirBatch {
		return
	}
	n := copy(h.entries, h.entries[drop:])
	clear(h.entries[n:])
	h.entries, h.first = h.entries[:n], h.first+uint64(drop)
}

// reset forgets all that was read.
func (h *dirHandle) reset() {
	if h.stream != nil {
		h.stream.Close()
	}
	h.stream, h.first, h.entries, h.all = nil, 0, nil, false
}
