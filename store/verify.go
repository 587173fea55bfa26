package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"math"
	"slices"
	"sync"

	"bakfs/index"
	"bakfs/seal"
)

// Verify reads a whole pack: that the file has the hash of its name, that
// every block opens, that every chunk has the bytes its name was made of, and
// that the padding is zero. Then the index notes that this device has
// verified it, or else that it is damaged. It returns the number of chunks.
func (s *Store) Verify(ctx context.Context, name seal.Hash) (int, error) {
	n, seen, err := s.verify(ctx, name)
	if ctx.Err() != nil && err != nil {
		return 0, err
	}
	if errors.Is(seen, errPlace) {
		seen = nil // the pack is whole; it is the index that is made anew
	}
	if err = errors.Join(seen, err); err != nil {
		return 0, fmt.Errorf("pack %s: %w", name, err)
	}
	return n, nil
}

// verify is Verify; seen is what is wrong with the pack, err with the index.
func (s *Store) verify(ctx context.Context, name seal.Hash) (n int, seen, err error) {
	pack, entries, seen := s.examine(ctx, name)
	if ctx.Err() != nil {
		return 0, nil, ctx.Err()
	}
	if seen != nil {
		if spoilt(seen) {
			err = s.distrust(name)
		}
		return 0, gone(seen), err
	}
	pack.Verified = true
	_, known, err := s.index.Pack(name)
	if errors.Is(err, index.ErrDamaged) {
		_, known, err = s.index.Pack(name)
	}
	switch {
	case err != nil:
	case known:
		var same bool
		if same, err = s.agrees(name, entries); err == nil && !same {
			s.misled.Store(true)
			return len(entries), errPlace, nil
		}
		if err == nil {
			err = s.index.MarkVerified(name)
		}
	default:
		err = s.index.Add(pack, entries)
	}
	if err != nil {
		return 0, nil, err
	}
	if s.trusted.pardon(name) {
		s.packs.forget(name) // the file that is open may be the bad one
	}
	return len(entries), nil, nil
}

// agrees says whether what the index has of a pack is what the pack says. It
// was learnt without hashing the file, perhaps while another lay under the
// name: then nothing it says of the pack may be called verified.
func (s *Store) agrees(name seal.Hash, entries []index.Entry) (bool, error) {
	for _, e := range entries {
		places, err := s.index.Places(e.ID)
		if err != nil {
			return false, err
		}
		if !slices.ContainsFunc(places, func(p index.Place) bool {
			return p.Pack == name && p.Offset == e.Offset && p.Stored == e.Stored && p.Raw == e.Raw && p.Type == e.Type && p.Compression == e.Compression
		}) {
			return false, nil
		}
	}
	return true, nil
}

// examine is the part of Verify that reads; it looks at the pack itself, at no
// copy of it.
func (s *Store) examine(ctx context.Context, name seal.Hash) (index.Pack, []index.Entry, error) {
	var none index.Pack
	p, err := openPack(s.folder, s.keys, packPath(name))
	if errors.Is(err, seal.ErrVersion) { // a later version, or a bad byte
		if sum, e := s.folder.hashFile(packPath(name)); e == nil && sum != name {
			err = fmt.Errorf("%w: %w", errNotItsName, err)
		}
	}
	if err != nil {
		return none, nil, err
	}
	defer p.file.Close()
	// The file that is open, whatever a sync program puts in its place now.
	size, err := seal.FileSize(seal.ClassPack, p.reader.Size())
	if err != nil {
		return none, nil, err
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(steady{p.file, size}, 0, math.MaxInt64)); err != nil {
		return none, nil, err
	}
	if seal.Hash(sum.Sum(nil)) != name {
		return none, nil, errNotItsName
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
	// New snapshots will count on it: a run that was cut off, or a sync program,
	// may have left it where a loss of power takes it away.
	if err := s.folder.harden(p.file, packPath(name)); err != nil {
		return none, nil, err
	}
	return index.Pack{Name: name, Size: size, Stream: h.stream}, entries, nil
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

// set notes that a pack is good, as this run wrote it, or that it is not.
func (t *trusted) set(name seal.Hash, good bool) {
	v := &verdict{done: make(chan struct{}), good: good}
	close(v.done)
	t.mu.Lock()
	t.packs[name] = v
	t.mu.Unlock()
}

// pardon forgets a verdict that a pack is not good, and says whether there was
// one.
func (t *trusted) pardon(name seal.Hash) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	v, ok := t.packs[name]
	if !ok {
		return false
	}
	select {
	case <-v.done:
		if !v.good {
			delete(t.packs, name)
		}
		return !v.good
	default: // who judges it now sees it as it is now
		return false
	}
}

// judge says whether a pack counts as stored. One that was found damaged is
// read again: its good file may have come back.
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
	_, seen, err := s.verify(ctx, name)
	return seen == nil && err == nil, err // what cannot be verified is stored again
}
