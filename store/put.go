package store

import (
	"context"
	"errors"
	"fmt"

	"bakfs/index"
	"bakfs/seal"
)

// Put stores a chunk of 1 byte to 1 MiB and returns its name, and the bytes
// that it takes in its pack: 0 if it was stored before. The chunk is durable
// only after the next Flush. plaintext is not kept. After a write error every
// Put and Flush returns that error.
func (s *Store) Put(ctx context.Context, t seal.ChunkType, plaintext []byte) (id seal.ID, stored int64, err error) {
	if len(plaintext) < 1 || len(plaintext) > maxChunk || streamOf(t) == 0 {
		return id, 0, fmt.Errorf("a chunk of %d bytes and type %d cannot be stored", len(plaintext), t)
	}
	if err := s.ready(ctx); err != nil {
		return id, 0, err
	}
	id = s.keys.Name(t, plaintext)
	c, mine, err := s.writer.claim(ctx, id)
	if err != nil || !mine {
		return id, 0, err
	}
	known, err := s.known(ctx, id, t)
	if err == nil && !known {
		stored, err = s.add(ctx, c, index.Entry{ID: id, Raw: uint32(len(plaintext)), Type: t}, plaintext)
	}
	s.writer.settle(c, id, err, stored > 0)
	if err != nil {
		return id, 0, fmt.Errorf("chunk %x: %w", id[:4], err)
	}
	return id, stored, nil
}

// Has says whether a chunk is stored: in a pack that this run wrote, or in one
// that is in the folder and that this device has verified. To say so of
// another device's pack it reads that once, whole.
func (s *Store) Has(ctx context.Context, id seal.ID, t seal.ChunkType) (bool, error) {
	if err := s.ready(ctx); err != nil {
		return false, err
	}
	if s.writer.has(id, t) {
		return true, nil
	}
	known, err := s.known(ctx, id, t)
	if err != nil {
		return false, fmt.Errorf("chunk %x: %w", id[:4], err)
	}
	return known, nil
}

// Flush makes all that was put durable, and known to other processes of this
// device where the index can be written: it is a cache, so that it cannot is
// no error before Close. Only Puts that have returned are counted.
func (s *Store) Flush(ctx context.Context) error {
	w := s.writer
	if err := w.flushing.take(ctx); err != nil {
		return err
	}
	defer w.flushing.leave()
	for _, st := range w.streams {
		if err := st.turn.take(ctx); err != nil {
			return err
		}
		err := s.handOver(ctx, st)
		st.turn.leave()
		if err != nil {
			return err
		}
	}
	if err := w.settled(ctx); err != nil {
		return err
	}
	_ = s.index.Publish() // Close does it again, and tells
	return nil
}

// ready looks into the folder once before the first chunk: what other devices
// wrote since is known then.
func (s *Store) ready(ctx context.Context) error {
	w := s.writer
	if err := w.failed(); err != nil {
		return err
	}
	if w.surveyed.Load() {
		return nil
	}
	if err := s.learning.turn.take(ctx); err != nil {
		return err
	}
	defer s.learning.turn.leave()
	if w.surveyed.Load() {
		return nil
	}
	if _, err := s.learn(ctx); err != nil {
		return err
	}
	w.surveyed.Store(true)
	return nil
}

// known says whether some pack that can be counted on has the chunk.
func (s *Store) known(ctx context.Context, id seal.ID, t seal.ChunkType) (bool, error) {
	place, ok, err := s.find(ctx, id)
	if err != nil || !ok {
		return false, err
	}
	if place.Type == t {
		if good, err := s.trust(ctx, place.Pack); good || err != nil {
			return good, err
		}
	}
	places, err := s.index.Places(id)
	if errors.Is(err, index.ErrDamaged) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for _, p := range places {
		if p.Type != t || p.Pack == place.Pack {
			continue
		}
		if good, err := s.trust(ctx, p.Pack); good || err != nil {
			return good, err
		}
	}
	return false, nil
}

// add compresses a chunk and appends it to its stream's pack.
func (s *Store) add(ctx context.Context, c *claim, e index.Entry, plaintext []byte) (int64, error) {
	scratch := s.codec.scratch.Get().(*[]byte)
	defer s.codec.scratch.Put(scratch)
	stored, compression := s.codec.compress(plaintext, scratch)
	e.Stored, e.Compression = uint32(len(stored)), compression

	st := s.writer.streams[streamOf(e.Type)-1]
	if err := st.turn.take(ctx); err != nil {
		return 0, err
	}
	defer st.turn.leave()
	if st.current != nil && !st.current.fits(len(stored)) {
		if err := s.handOver(ctx, st); err != nil {
			return 0, err
		}
	}
	if st.current == nil {
		st.current = &building{stream: st.number, data: s.writer.buffer()}
	}
	c.pack = st.current
	c.entry = c.pack.append(e, stored)
	return int64(len(stored)), nil
}
