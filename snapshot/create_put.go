package snapshot

import (
	"context"
	"io"
	"sync"
	"sync/atomic"

	"bakfs/chunker"
	"bakfs/seal"
	"bakfs/store"
)

// counters are what the goroutines of a run count together.
type counters struct {
	files, dirs, others, bytes        atomic.Uint64 // kept
	filesNew, filesChanged, filesSame atomic.Uint64
	read, added, stored               atomic.Uint64
	notRead, excluded, unstable       atomic.Uint64
}

// kept counts an entry that is in the new snapshot.
func (n *counters) kept(e *Entry) {
	switch e.Kind {
	case File:
		n.files.Add(1)
		n.bytes.Add(uint64(e.Size))
	case Dir:
		n.dirs.Add(1)
	default:
		n.others.Add(1)
	}
}

// result sums up a run. What was asked for, and what the journal knows, is not in it.
func (n *counters) result() Result {
	r := Result{
		FilesNew: n.filesNew.Load(), FilesChanged: n.filesChanged.Load(), FilesUnchanged: n.filesSame.Load(),
		BytesRead: n.read.Load(), Excluded: n.excluded.Load(), Unstable: n.unstable.Load(),
	}
	r.Files, r.Dirs, r.Others, r.Bytes = n.files.Load(), n.dirs.Load(), n.others.Load(), n.bytes.Load()
	r.Added, r.Stored, r.NotRead = n.added.Load(), n.stored.Load(), n.notRead.Load()
	r.Incomplete = r.NotRead > 0
	return r
}

// A tally counts what is new of all that goes to a sink. Safe for concurrent use if the sink is.
type tally struct {
	st sink
	n  *counters
}

// newTally counts in n what goes to st, or what would go there if the run is dry.
func newTally(st *store.Store, keys *seal.Keys, dryRun bool, n *counters) *tally {
	if dryRun {
		return &tally{st: &dry{st: st, keys: keys}, n: n}
	}
	return &tally{st: st, n: n}
}

func (t *tally) Put(ctx context.Context, typ seal.ChunkType, plaintext []byte) (seal.ID, int64, error) {
	id, stored, err := t.st.Put(ctx, typ, plaintext)
	if err == nil && stored > 0 {
		t.n.added.Add(uint64(len(plaintext)))
		t.n.stored.Add(uint64(stored))
	}
	return id, stored, err
}

// A dry sink writes nothing: it names chunks and says how many of their bytes the store does not have. It remembers
// the names of new ones, 32 bytes for each 256 KiB.
type dry struct {
	st   *store.Store
	keys *seal.Keys
	seen sync.Map
}

func (d *dry) Put(ctx context.Context, t seal.ChunkType, plaintext []byte) (seal.ID, int64, error) {
	id := d.keys.Name(t, plaintext)
	known, err := d.st.Has(ctx, id, t)
	if err != nil || known {
		return id, 0, err
	}
	if _, known = d.seen.LoadOrStore(id, nil); known {
		return id, 0, nil
	}
	return id, int64(len(plaintext)), nil
}

// putStream stores all that c cuts and appends it to a file's list. A storeError ends the run; any other error is the
// reader's.
func putStream(ctx context.Context, put sink, c *chunker.Chunker, w *listWriter) error {
	for {
		chunk, err := c.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := putChunk(ctx, put, chunk, w); err != nil {
			return err
		}
	}
}

// putChunk stores a chunk and appends it to a file's list.
func putChunk(ctx context.Context, put sink, chunk []byte, w *listWriter) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	id, _, err := put.Put(ctx, seal.Content, chunk)
	if err != nil {
		return storeError{err}
	}
	if err := w.add(ctx, Extent{Length: uint32(len(chunk)), ID: id}); err != nil {
		return storeError{err}
	}
	return nil
}

// reuseContent gives e the content of old, which a snapshot has; false: some chunk of it is not in the store any
// more, or its list cannot be read. A list is written again from its extents to w, so that its nodes are known to be
// there too; the same extents give the same nodes.
func reuseContent(ctx context.Context, st *store.Store, w *listWriter, e, old *Entry) (bool, error) {
	e.Size, e.Inline = old.Size, old.Inline
	if old.content() < contentExtents {
		return true, nil
	}
	for x, err := range extents(ctx, st, old) {
		if err != nil {
			return false, ctx.Err()
		}
		if x.ID != (seal.ID{}) {
			known, err := st.Has(ctx, x.ID, seal.Content)
			if !known || err != nil {
				return false, err
			}
		}
		if err := w.add(ctx, x); err != nil {
			return false, err
		}
	}
	_, err := w.finish(ctx, e)
	return err == nil, err
}
