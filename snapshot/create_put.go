package snapshot

import (
	"context"
	"sync"

	"bakfs/seal"
	"bakfs/store"
)

// A tally counts what is new of all that goes to a sink. Safe for concurrent use if the sink is.
type tally struct {
	st sink
	n  *counters
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
