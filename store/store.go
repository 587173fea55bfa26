// Package store keeps chunks in the packs of a cloud folder: chunks in, chunks
// out, each stored once.
//
// What always holds:
//   - A chunk that Get or ReadAt returns is the one that was named: its place is
//     confirmed by the sealed directory of its pack, and its name is computed
//     again unless this device has verified that whole pack before. The local
//     index is a hint; damage in it costs time, never wrong bytes.
//   - The index learns of a pack only after the pack is durable under its name.
//   - What another device wrote counts as stored only after this one has
//     verified the whole pack.
//   - A pack found damaged, by Verify or by a read, does not count as stored
//     until it is verified again: what it held is stored anew.
//   - Files of the folder are written once. Foreign files are never changed
//     or removed, and read only where one has the very bytes of a pack that is
//     missing or damaged.
package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"bakfs/index"
	"bakfs/seal"
)

const defaultCacheBytes = 24 << 20

// Options say what a store works on. Folder, Keys and Cache are required.
type Options struct {
	Folder     *Folder
	Keys       *seal.Keys
	Cache      string // directory of the local index
	CacheBytes int64  // decoded chunks kept in memory; 0: 24 MiB
	Tag        string // this device's pseudonym, for the names of temporary files
}

// A Store reads and writes the chunks of one repository. All methods may be
// called at the same time, but Close only after the others have returned.
type Store struct {
	folder *Folder
	keys   *seal.Keys
	index  *index.Index
	codec  *codec
	cache  *cache
	packs  *packFiles
	ahead  ahead

	learning learning
	trusted  trusted
	writer   *writer
	misled   atomic.Bool // the index has said what no pack says: Close removes it
	cacheDir string
	close    func() error // once, however often it is called
}

// Open opens a store. It takes the same time for any repository: packs are
// listed only if this device has no index yet, or a damaged one.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Folder == nil || o.Keys == nil || o.Cache == "" {
		return nil, errors.New("store: Folder, Keys and Cache are required")
	}
	if o.CacheBytes <= 0 {
		o.CacheBytes = defaultCacheBytes
	}
	x, err := index.Open(o.Cache)
	if err != nil {
		return nil, fmt.Errorf("local index in %s: %w", o.Cache, err)
	}
	codec, err := newCodec()
	if err != nil {
		return nil, errors.Join(err, x.Close())
	}
	s := &Store{folder: o.Folder, keys: o.Keys, index: x, codec: codec, cache: newCache(o.CacheBytes), cacheDir: o.Cache}
	s.ahead.ctx, s.ahead.stop = context.WithCancel(context.Background())
	s.close = sync.OnceValue(s.shut)
	s.packs = newPackFiles(o.Folder, o.Keys, s.doubt)
	s.learning.turn = newTurn()
	s.trusted.packs = map[seal.Hash]*verdict{}
	s.writer = newWriter(o.Tag)
	if x.Empty() || x.Dropped() > 0 {
		if _, err := s.Learn(ctx); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// Close waits for all that runs behind the store. Chunks that were put and not
// flushed are dropped. The error is ErrIndex: what was flushed is durable.
func (s *Store) Close() error { return s.close() }

func (s *Store) shut() error {
	s.ahead.end()
	s.writer.wait()
	s.cache.end()
	s.packs.close()
	s.codec.close()
	err := s.index.Close()
	if s.misled.Load() {
		err = errors.Join(err, index.Remove(s.cacheDir))
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrIndex, err)
	}
	return nil
}
