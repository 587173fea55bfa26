package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"bakfs/index"
	"bakfs/seal"
)

// Get returns a chunk. What it returns is shared and must not be modified. A
// chunk whose pack this device does not know makes it learn new packs, at
// most every few seconds. The error is ErrMissing if no pack has the chunk,
// ErrDamaged if its bytes are not what was written, ErrOffline if its pack
// cannot be reached.
func (s *Store) Get(ctx context.Context, id seal.ID, t seal.ChunkType) ([]byte, error) {
	data, err := s.cache.get(ctx, wanted{id, t}, func(ctx context.Context) ([]byte, error) { return s.load(ctx, id, t) })
	if err != nil && ctx.Err() == nil {
		return nil, fmt.Errorf("chunk %x: %w", id[:4], err)
	}
	return data, err
}

// ReadAt reads from a chunk as io.ReaderAt does. Of a chunk that is stored
// uncompressed in a verified pack only the sealed blocks touched are opened.
func (s *Store) ReadAt(ctx context.Context, id seal.ID, t seal.ChunkType, p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("chunk %x: negative offset", id[:4])
	}
	data, coming := s.cache.peek(wanted{id, t})
	if !coming {
		if n, ok := s.readRaw(ctx, id, t, p, off); ok {
			return n, short(n, p)
		}
	}
	if data == nil {
		var err error
		if data, err = s.Get(ctx, id, t); err != nil {
			return 0, err
		}
	}
	if off >= int64(len(data)) {
		return 0, io.EOF
	}
	n := copy(p, data[off:])
	return n, short(n, p)
}

func short(n int, p []byte) error {
	if n < len(p) {
		return io.EOF
	}
	return nil
}

// readRaw is the short way of ReadAt. When anything is not as it should be it
// leaves the chunk to Get, which knows what to do.
func (s *Store) readRaw(ctx context.Context, id seal.ID, t seal.ChunkType, p []byte, off int64) (int, bool) {
	if ctx.Err() != nil {
		return 0, false
	}
	place, ok, err := s.index.Find(id)
	if err != nil || !ok || !place.Verified || place.Compression != compressionNone || place.Type != t || off >= int64(place.Raw) {
		return 0, false
	}
	pack, err := s.packs.acquire(place.Pack)
	if err != nil {
		return 0, false
	}
	defer s.packs.release(pack)
	if err := pack.confirm(id, place); err != nil {
		return 0, false
	}
	p = p[:min(int64(len(p)), int64(place.Raw)-off)]
	if err := readFull(pack.reader, p, int64(place.Offset)+off); err != nil {
		return 0, false
	}
	return len(p), true
}

// load reads a chunk from the pack being built, or from where the index says.
func (s *Store) load(ctx context.Context, id seal.ID, t seal.ChunkType) ([]byte, error) {
	if data, ok, err := s.readPending(id, t); ok || err != nil {
		return data, err
	}
	since := time.Now()
	place, ok, err := s.find(ctx, id)
	if err != nil {
		return nil, err
	}
	first := ErrMissing
	if ok {
		var data []byte
		if data, first = s.read(id, t, place); first == nil {
			return data, nil
		}
	}
	return s.search(ctx, wanted{id, t}, since, first)
}

// search is what load does when the first place was not good: the index is
// mended where it was wrong, other packs that have the chunk are tried, and
// packs that are new in the folder are learnt. Without success the first
// error stands.
func (s *Store) search(ctx context.Context, w wanted, since time.Time, first error) ([]byte, error) {
	if data, ok := s.tryPlaces(ctx, w); ok {
		return data, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !errors.Is(first, ErrMissing) && !errors.Is(first, errPlace) {
		return nil, first
	}
	if err := s.learnSoon(ctx, since); err != nil {
		return nil, err
	}
	// Also where nothing was learnt here: while this call waited for its turn another
	// may have learnt, and have begun before since.
	if data, ok := s.tryPlaces(ctx, w); ok {
		return data, nil
	}
	return nil, first
}

func (s *Store) tryPlaces(ctx context.Context, w wanted) ([]byte, bool) {
	places, err := s.index.Places(w.id)
	if errors.Is(err, index.ErrDamaged) {
		places, err = s.index.Places(w.id)
	}
	if err != nil {
		return nil, false
	}
	for _, place := range places {
		if ctx.Err() != nil {
			return nil, false
		}
		data, err := s.read(w.id, w.t, place)
		if errors.Is(err, errPlace) {
			place, err = s.relearn(place.Pack, w.id)
			if err == nil {
				data, err = s.read(w.id, w.t, place)
			}
		}
		if err == nil {
			return data, true
		}
	}
	return nil, false
}

// find asks the index. Where that turns out damaged, the packs it has lost are
// learnt again.
func (s *Store) find(ctx context.Context, id seal.ID) (place index.Place, ok bool, err error) {
	for range damageTries {
		place, ok, err = s.index.Find(id)
		if !errors.Is(err, index.ErrDamaged) {
			return place, ok, err
		}
		if _, err := s.Learn(ctx); err != nil {
			return place, false, err
		}
	}
	return place, ok, err
}

// read reads a chunk from one place; where its pack is damaged, from a copy of
// the pack that a sync program has put beside it.
func (s *Store) read(id seal.ID, t seal.ChunkType, place index.Place) ([]byte, error) {
	if place.Type != t {
		return nil, damagedf("is of type %d, not %d", place.Type, t)
	}
	pack, err := s.packs.acquire(place.Pack)
	if err != nil {
		return nil, fmt.Errorf("in pack %s: %w", place.Pack, gone(err))
	}
	data, err := s.extract(pack, id, place)
	s.packs.release(pack)
	if errors.Is(err, ErrDamaged) && !errors.Is(err, errPlace) {
		if pack, err = s.packs.adopt(place.Pack, err); err == nil {
			data, err = s.extract(pack, id, place)
			s.packs.release(pack)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("in pack %s: %w", place.Pack, err)
	}
	return data, nil
}

// extract reads a chunk from an open pack and checks all that can be checked.
func (s *Store) extract(pack *packFile, id seal.ID, place index.Place) ([]byte, error) {
	if err := pack.confirm(id, place); err != nil {
		return nil, err
	}
	data, err := s.decode(place.Compression, int(place.Stored), int(place.Raw), func(b []byte) error {
		return readFull(pack.reader, b, int64(place.Offset))
	})
	if err != nil {
		return nil, err
	}
	if !place.Verified && s.keys.Name(place.Type, data) != id {
		return nil, damagedf("its bytes are not those that its name was made of")
	}
	return data, nil
}

// decode returns the raw bytes of a chunk whose stored bytes read delivers.
func (s *Store) decode(compression uint8, stored, raw int, read func([]byte) error) ([]byte, error) {
	if compression == compressionNone {
		data := make([]byte, raw)
		return data, read(data)
	}
	scratch := s.codec.scratch.Get().(*[]byte)
	defer s.codec.scratch.Put(scratch)
	b := (*scratch)[:stored]
	if err := read(b); err != nil {
		return nil, err
	}
	return s.codec.decompress(b, raw)
}
