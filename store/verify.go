package store

import (
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"sync"

	"bakfs/index"
	"bakfs/seal"
)

// Verify reads a whole pack: that the file has the hash of its name, that
// every block opens, that every chunk has the bytes its name was made of, and
// that the padding is zero. Then the index notes that this device has
// verified it. It returns the number of chunks.
func (s *Store) Verify(ctx context.Context, name seal.Hash) (int, error) {
	pack, entries, err := s.examine(ctx, name)
	if err != nil {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		return 0, fmt.Errorf("pack %s: %w", name, gone(err))
	}
	pack.Verified = true
	_, known, err := s.index.Pack(name)
	if errors.Is(err, index.ErrDamaged) {
		_, known, err = s.index.Pack(name)
	}
	switch {
	case err != nil:
	case known:
		err = s.index.MarkVerified(name)
	default:
		err = s.index.Add(pack, entries)
	}
	if err != nil {
		return 0, fmt.Errorf("pack %s: %w", name, err)
	}
	return len(entries), nil
}

// examine is the part of Verify that reads; it looks at the pack itself, at no
// copy of it.
func (s *Store) examine(ctx context.Context, name seal.Hash) (index.Pack, []index.Entry, error) {
	var none index.Pack
	p, err := openPack(s.folder, s.keys, packPath(name))
	if err != nil {
		return none, nil, err
	}
	defer p.file.Close()
	sum, err := s.folder.hashFile(packPath(name))
	if err != nil {
		return none, nil, err
	}
	if sum != name {
		return none, nil, damagedf("the file's hash is not its name")
	}
	h, entries, err := readDirectory(p.reader, p.reader.Size())
	if err != nil {
		return none, nil, err
	}
	end := headSize + h.directorySize()
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return none, nil, err
		}
		place := index.Place{Pack: name, Offset: e.Offset, Stored: e.Stored, Raw: e.Raw, Type: e.Type, Compression: e.Compression}
		if _, err := s.extract(p, e.ID, place); err != nil {
			return none, nil, fmt.Errorf("chunk %x: %w", e.ID[:4], err)
		}
		end = int64(e.Offset) + int64(e.Stored)
	}
	if err := checkPadding(p.reader, end); err != nil {
		return none, nil, err
	}
	size, err := seal.FileSize(seal.ClassPack, p.reader.Size())
	return index.Pack{Name: name, Size: size, Stream: h.stream}, entries, err
}

// checkPadding checks that all from off on is zero. The last block is never
// empty in a pack, so that reading to the end also shows that none was cut off.
func checkPadding(r *seal.Reader, off int64) error {
	b := make([]byte, 256<<10)
	for off < r.Size() {
		part := b[:min(int64(len(b)), r.Size()-off)]
		if err := readFull(r, part, off); err != nil {
			return err
		}
		for i, c := range part {
			if c != 0 {
				return damagedf("padding is not zero at %d", off+int64(i))
			}
		}
		off += int64(len(part))
	}
	return nil
}

// trusted remembers which packs this run may count on: there, of the right
// size, and verified by this device.
type trusted struct {
	mu    sync.Mutex
	packs map[seal.Hash]*verdict
}

// A verdict is good or not once done is closed; err says that it could not be
// reached, and then it is forgotten.
type verdict struct {
	done chan struct{}
	good bool
	err  error
}

// trust says whether chunks of a pack count as stored. It looks at each pack
// once in a run, and reads one whole that another device wrote.
func (s *Store) trust(ctx context.Context, name seal.Hash) (bool, error) {
	t := &s.trusted
	for {
		t.mu.Lock()
		v, ok := t.packs[name]
		if !ok {
			v = &verdict{done: make(chan struct{})}
			t.packs[name] = v
		}
		t.mu.Unlock()
		if !ok {
			v.good, v.err = s.judge(ctx, name)
			if v.err != nil {
				t.mu.Lock()
				delete(t.packs, name)
				t.mu.Unlock()
			}
			close(v.done)
			return v.good, v.err
		}
		select {
		case <-v.done:
			if v.err == nil {
				return v.good, nil
			}
			// Another's cancellation, or an error of the index: try ourselves.
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// set notes that a pack is good: this run wrote it.
func (t *trusted) set(name seal.Hash) {
	v := &verdict{done: make(chan struct{}), good: true}
	close(v.done)
	t.mu.Lock()
	t.packs[name] = v
	t.mu.Unlock()
}

func (s *Store) judge(ctx context.Context, name seal.Hash) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	pack, known, err := s.index.Pack(name)
	if errors.Is(err, index.ErrDamaged) {
		return false, nil // what the index has lost is stored again
	}
	if err != nil || !known {
		return false, err
	}
	info, err := s.folder.root.Lstat(packPath(name))
	if errors.Is(err, iofs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, offline(err)
	}
	if !info.Mode().IsRegular() || info.Size() != pack.Size {
		return false, nil
	}
	if pack.Verified {
		return true, nil
	}
	_, err = s.Verify(ctx, name)
	if errors.Is(err, ErrDamaged) || errors.Is(err, ErrMissing) || errors.Is(err, ErrOffline) {
		return false, nil // what cannot be verified is stored again
	}
	return err == nil, err
}
