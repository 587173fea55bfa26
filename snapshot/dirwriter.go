package snapshot

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"bakfs/seal"
)

const (
	softNode   = 512 << 10 // a node of a directory with more than one item stays within
	splitEvery = 256       // items of a node, on average
)

// A dirWriter writes one directory as a hierarchy of nodes. Nodes end where a hash of a name says so, so that
// one changed entry changes one node of each level. It is for one goroutine.
type dirWriter struct {
	st     sink
	levels []*dirLevel
	last   string // name of the entry before
	total  int
	added  int64
	scratch
}

// scratch is memory for one encoded item and one name hashed.
type scratch struct{ item, hash []byte }

// A dirLevel collects the items of the node being written.
type dirLevel struct {
	buf     []byte // header and items
	count   uint32
	first   string
	below   uint32 // entries
	ended   bool   // the node ends here; it is written when another item comes
	written bool   // a node of this level is written already
}

func newDirWriter(st sink) *dirWriter { return &dirWriter{st: st} }

// add appends an entry. Entries come in ascending order of their names. It keeps nothing of e.
func (w *dirWriter) add(ctx context.Context, e *Entry) error {
	if w.total > 0 && e.Name <= w.last {
		return fmt.Errorf("entry %q does not stand behind %q", e.Name, w.last)
	}
	if w.total == maxDirEntries {
		return fmt.Errorf("more than %d entries in a directory", maxDirEntries)
	}
	item, err := appendEntry(w.item[:0], e)
	if err != nil {
		return fmt.Errorf("entry %q: %w", e.Name, err)
	}
	w.item, w.last, w.total = item, e.Name, w.total+1
	return w.push(ctx, 0, e.Name, 1)
}

// push appends the item in w.item, a child or an entry, to the node being written at level l.
func (w *dirWriter) push(ctx context.Context, l int, name string, below uint32) error {
	if l == len(w.levels) {
		if l > maxTreeLevel {
			return fmt.Errorf("more than %d levels", maxTreeLevel)
		}
		w.levels = append(w.levels, &dirLevel{})
	}
	level := w.levels[l]
	if level.count > 0 && (level.ended || len(level.buf)+len(w.item) > softNode) {
		item := append([]byte(nil), w.item...) // flush makes items of its own
		if err := w.flush(ctx, l); err != nil {
			return err
		}
		w.item = item
	}
	if level.count == 0 {
		level.buf = appendNodeHeader(level.buf[:0], uint8(l), 0)
		level.first = name
	}
	level.buf = append(level.buf, w.item...)
	level.count++
	level.below += below
	level.ended = w.ends(uint8(l), name)
	return nil
}

// ends says whether a node of level ends behind the item of that name.
func (w *dirWriter) ends(level uint8, name string) bool {
	w.hash = append(append(w.hash[:0], level), name...)
	sum := sha256.Sum256(w.hash)
	return binary.BigEndian.Uint16(sum[:])%splitEvery == 0
}

// flush writes the node of level l and appends it to the level above.
func (w *dirWriter) flush(ctx context.Context, l int) error {
	level := w.levels[l]
	id, err := w.write(ctx, level)
	if err != nil {
		return err
	}
	first, below := level.first, level.below
	level.count, level.below, level.written = 0, 0, true
	w.item = appendChild(w.item[:0], childItem{first: first, id: id, below: below})
	return w.push(ctx, l+1, first, below)
}

func (w *dirWriter) write(ctx context.Context, level *dirLevel) (seal.ID, error) {
	binary.BigEndian.PutUint32(level.buf[nodeHeader-4:], level.count)
	id, stored, err := w.st.Put(ctx, seal.Tree, level.buf)
	w.added += stored
	return id, err
}

// finish writes what is left and returns the directory's root and how many bytes it added to the repository.
// The writer is of no use afterwards.
func (w *dirWriter) finish(ctx context.Context) (root seal.ID, added int64, err error) {
	if w.total == 0 {
		w.levels = []*dirLevel{{buf: appendNodeHeader(nil, 0, 0)}}
	}
	// A node that ends is written only when another item comes. So the first level that has written nothing holds
	// all there is, and above level 0 it has two children at least.
	for l := 0; ; l++ {
		if !w.levels[l].written {
			root, err = w.write(ctx, w.levels[l])
			return root, w.added, err
		}
		if err := w.flush(ctx, l); err != nil {
			return root, w.added, err
		}
	}
}
