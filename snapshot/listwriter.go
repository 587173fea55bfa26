package snapshot

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"bakfs/seal"
)

const (
	maxListItems = 8192 // items of a list node
	listSplit    = 1024 // items of a list node, on average
	fineSplit    = 32   // likewise, of a file that is cut finely: a change rewrites one node of each level
)

// A listWriter takes a file's extents and puts them into its entry, or, when they are many, into list nodes that
// end where a chunk's name says so. It is for one goroutine.
type listWriter struct {
	st     sink
	split  uint16   // items of a node, on average
	few    []Extent // all, as long as they fit into the entry
	size   int64
	data   int64 // of it in chunks
	levels []*listLevel
	added  int64
}

type listLevel struct {
	buf     []byte // header and items
	count   uint32
	size    int64
	ended   bool // the node ends here; it is written when another item comes
	written bool // a node of this level is written already
}

func newListWriter(st sink) *listWriter { return &listWriter{st: st, split: listSplit} }

// newListOf is newListWriter for a file that may be cut finely.
func newListOf(st sink, fine bool) *listWriter {
	w := newListWriter(st)
	if fine {
		w.split = fineSplit
	}
	return w
}

// add appends the next extent of the file.
func (w *listWriter) add(ctx context.Context, x Extent) error {
	if err := x.check(); err != nil {
		return err
	}
	if w.size += int64(x.Length); w.size < 0 {
		return errors.New("file of more than 2⁶³−1 bytes")
	}
	if x.ID != (seal.ID{}) {
		w.data += int64(x.Length)
	}
	if w.levels == nil && len(w.few) < maxExtents {
		w.few = append(w.few, x)
		return nil
	}
	if w.levels == nil {
		for _, f := range w.few {
			if err := w.push(ctx, 0, int64(f.Length), f.ID); err != nil {
				return err
			}
		}
		w.few = nil
	}
	return w.push(ctx, 0, int64(x.Length), x.ID)
}

// push appends an extent or a child to the node being written at level l.
func (w *listWriter) push(ctx context.Context, l int, length int64, id seal.ID) error {
	if l == len(w.levels) {
		if l > maxListLevel {
			return fmt.Errorf("extent list of more than %d levels", maxListLevel)
		}
		w.levels = append(w.levels, &listLevel{})
	}
	level := w.levels[l]
	if level.ended {
		if err := w.flush(ctx, l); err != nil {
			return err
		}
	}
	if level.count == 0 {
		level.buf = appendNodeHeader(level.buf[:0], uint8(l), 0)
	}
	level.buf = appendListItem(level.buf, uint8(l), length, id)
	level.count++
	level.size += length
	level.ended = level.count == maxListItems || binary.BigEndian.Uint16(id[len(id)-2:])%w.split == 1
	return nil
}

// flush writes the node of level l and appends it to the level above.
func (w *listWriter) flush(ctx context.Context, l int) error {
	level := w.levels[l]
	id, err := w.write(ctx, level)
	if err != nil {
		return err
	}
	size := level.size
	level.count, level.size, level.ended, level.written = 0, 0, false, true
	return w.push(ctx, l+1, size, id)
}

func (w *listWriter) write(ctx context.Context, level *listLevel) (seal.ID, error) {
	binary.BigEndian.PutUint32(level.buf[nodeHeader-4:], level.count)
	id, stored, err := w.st.Put(ctx, seal.List, level.buf)
	w.added += stored
	return id, err
}

// finish writes what is left and sets e's Extents, or Root and Data, and its Size if there were extents. A file without
// extents keeps what e says. It returns how many bytes the list added to the repository.
func (w *listWriter) finish(ctx context.Context, e *Entry) (added int64, err error) {
	if w.size > 0 {
		e.Size, e.Inline = w.size, nil
		e.Extents, e.Root, e.Data = w.few, seal.ID{}, 0
	}
	if w.levels != nil {
		e.Data = w.data
	}
	for l := 0; l < len(w.levels); l++ {
		level := w.levels[l]
		if !level.written {
			e.Root, err = w.write(ctx, level)
			return w.added, err
		}
		if err := w.flush(ctx, l); err != nil {
			return w.added, err
		}
	}
	return w.added, nil
}
