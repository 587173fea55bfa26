package index

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"bakfs/seal"
)

// lockWait bounds the waits for bbolt's lock on a file. Published segments are only ever locked shared, so it is reached
// only between a segment's rename and the close of its writer, or when something foreign holds the file.
const lockWait = 5 * time.Second

// minimum is less than the smallest bbolt file. An empty one would be taken for a new one.
const minimum = 4096

// A segment is an open bbolt file: a published one, or one being written, which is not read.
type segment struct {
	path string
	size int64 // of a published one
	db   *bbolt.DB

	marks bool // of a published one: it holds some

	mu     sync.Mutex
	idle   []*reader
	closed bool
	stuck  bool // bbolt panicked while it held its locks

	dropped bool // guarded by the index's mu
}

// A reader reads one segment. It is used by one goroutine at a time.
type reader struct {
	tx                             *bbolt.Tx
	chunks, packs, names, verified *bbolt.Cursor // kept: a new one for each call would be most of its cost

	marks bool    // verified is not empty
	key   [4]byte // of the pack looked for
}

// guarded runs fn and turns a panic, or a fault in the mapped file, into ErrDamaged. bbolt trusts its files: a damaged one
// makes it panic, and one that was truncated after it was mapped makes the processor fault.
func guarded(fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %s", ErrDamaged, words(r))
		}
	}()
	return fn()
}

// words tells what a panic of bbolt means. The runtime's own words for a fault in
// the mapped file, and for what bbolt runs into after one, would speak of nil pointers.
func words(r any) string {
	if _, ok := r.(runtime.Error); ok {
		return "a part of the file cannot be read"
	}
	return fmt.Sprint(r)
}

// openFile opens regular files only and follows no link.
func openFile(path string, flag int, mode os.FileMode) (*os.File, error) {
	return os.OpenFile(path, flag|syscall.O_NOFOLLOW, mode)
}

// openSegment opens a published segment; size is what its name says. The error is ErrDamaged where the file is not
// one that was published.
func openSegment(path string, size int64) (*segment, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() != size || size < minimum {
		return nil, fmt.Errorf("%w: %d bytes instead of %d", ErrDamaged, info.Size(), size)
	}
	s := &segment{path: path, size: size}
	err = guarded(func() error {
		s.db, err = bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: lockWait, NoStatistics: true, OpenFile: openFile})
		return err
	})
	if err != nil {
		for _, damage := range []error{berrors.ErrInvalid, berrors.ErrChecksum, berrors.ErrVersionMismatch} {
			if errors.Is(err, damage) {
				err = fmt.Errorf("%w: %w", ErrDamaged, err)
			}
		}
		return nil, err
	}
	// A damaged meta page makes bbolt go back to the transaction before the last, which had less in it.
	err = s.view(func(r *reader) error {
		state := r.tx.Bucket(bucketState)
		if state == nil {
			return fmt.Errorf("%w: incomplete", ErrDamaged)
		}
		s.marks = r.marks
		_, err := body(keyComplete, state.Get(keyComplete), len(keyComplete), 0)
		return err
	})
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// view calls fn with a reader. Any damage fn meets is ErrDamaged.
func (s *segment) view(fn func(r *reader) error) error {
	var r *reader
	err := guarded(func() (err error) {
		if r, err = s.reader(); err != nil {
			return err
		}
		return fn(r)
	})
	if r != nil {
		err = s.release(r, err)
	}
	return err
}

// reader takes an idle reader or makes one. bbolt keeps its locks when it panics in Begin, so after that nothing of
// this segment may be called any more: hence one lock around all of it, and stuck.
func (s *segment) reader() (*reader, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stuck || s.closed {
		return nil, fmt.Errorf("%w: abandoned", ErrDamaged)
	}
	if n := len(s.idle); n > 0 {
		r := s.idle[n-1]
		s.idle = s.idle[:n-1]
		return r, nil
	}
	s.stuck = true
	tx, err := s.db.Begin(false)
	s.stuck = false
	if err != nil {
		return nil, err
	}
	r := &reader{tx: tx}
	if err = guarded(r.open); err != nil {
		_ = tx.Rollback() // a reading transaction has nothing to lose
		return nil, err
	}
	return r, nil
}

func (r *reader) open() error {
	for _, c := range []struct {
		cursor **bbolt.Cursor
		name   []byte
	}{{&r.chunks, bucketChunks}, {&r.packs, bucketPacks}, {&r.names, bucketNames}, {&r.verified, bucketVerified}} {
		b := r.tx.Bucket(c.name)
		if b == nil {
			return fmt.Errorf("%w: no bucket %s", ErrDamaged, c.name)
		}
		*c.cursor = b.Cursor()
	}
	k, _ := r.verified.First()
	r.marks = k != nil
	return nil
}

// get returns the value of key; nil: there is none.
func get(c *bbolt.Cursor, key []byte) []byte {
	k, v := c.Seek(key)
	if !bytes.Equal(k, key) {
		return nil
	}
	return v
}

// release gives a reader back. One that met an error may be in any state and ends here.
func (s *segment) release(r *reader, err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stuck {
		return err
	}
	if !s.closed && (err == nil || err == errStop) {
		s.idle = append(s.idle, r)
		return err
	}
	if e := guarded(r.tx.Rollback); err == nil {
		err = e
	}
	return err
}

// close waits for the views that are still running. A stuck segment is left as it is: its descriptor and its mapping
// stay until the process ends, which is better than to wait for ever.
func (s *segment) close() error {
	s.mu.Lock()
	stuck, idle := s.stuck, s.idle
	s.idle, s.closed = nil, true
	s.mu.Unlock()
	if stuck {
		return nil
	}
	return guarded(func() error {
		for _, r := range idle {
			if err := r.tx.Rollback(); err != nil {
				return err
			}
		}
		return s.db.Close()
	})
}

// places calls yield with each place of the chunk in this segment.
func (r *reader) places(id *seal.ID, yield func(Place) error) error {
	for k, v := r.chunks.Seek(id[:]); k != nil; k, v = r.chunks.Next() {
		// The record the search ended at is checked even where it is another chunk's: a miss in a damaged page must not pass for one.
		e, number, err := parseEntry(k, v)
		if err != nil {
			return err
		}
		if !bytes.Equal(e.ID[:], id[:]) {
			return nil
		}
		p, err := r.pack(number)
		if err != nil {
			return err
		}
		if err = yield(place(&e, &p)); err != nil {
			return err
		}
	}
	return nil
}

func place(e *Entry, p *Pack) Place {
	return Place{Pack: p.Name, Offset: e.Offset, Stored: e.Stored, Raw: e.Raw, Type: e.Type, Compression: e.Compression, Verified: p.Verified}
}

func (r *reader) pack(number uint32) (Pack, error) {
	binary.BigEndian.PutUint32(r.key[:], number)
	return parsePack(r.key[:], get(r.packs, r.key[:]))
}

func (r *reader) packNamed(name *seal.Hash) (Pack, bool, error) {
	v := get(r.names, name[:])
	if v == nil {
		return Pack{}, false, nil
	}
	number, err := parseNumber(name[:], v)
	if err != nil {
		return Pack{}, false, err
	}
	p, err := r.pack(number)
	if err == nil && p.Name != *name {
		err = fmt.Errorf("%w: pack under another name", ErrDamaged)
	}
	return p, err == nil, err
}

// marked returns this segment's mark for a pack.
func (r *reader) marked(name *seal.Hash) (mark, bool, error) {
	if !r.marks {
		return mark{}, false, nil
	}
	v := get(r.verified, name[:])
	if v == nil {
		return mark{}, false, nil
	}
	m, err := parseMark(name[:], v)
	return m, err == nil, err
}

// eachPack calls fn with the packs in the order of their numbers, which begin at 1 and have no gaps.
func (r *reader) eachPack(fn func(Pack) error) error {
	n := uint32(0)
	for k, v := r.packs.First(); k != nil; k, v = r.packs.Next() {
		p, err := parsePack(k, v)
		if err != nil {
			return err
		}
		if n++; !bytes.Equal(k, packKey(n)) {
			return fmt.Errorf("%w: pack %d under another number", ErrDamaged, n)
		}
		if err := fn(p); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) eachMark(fn func(name seal.Hash, m mark)) error {
	for k, v := r.verified.First(); k != nil; k, v = r.verified.Next() {
		m, err := parseMark(k, v)
		if err != nil {
			return err
		}
		fn(seal.Hash(k), m)
	}
	return nil
}

// start and step go through the chunks in ascending order; the pack's number comes with each.
func (r *reader) start() (Entry, uint32, bool, error) { return chunk(r.chunks.First()) }
func (r *reader) step() (Entry, uint32, bool, error)  { return chunk(r.chunks.Next()) }

func chunk(key, value []byte) (Entry, uint32, bool, error) {
	if key == nil {
		return Entry{}, 0, false, nil
	}
	e, number, err := parseEntry(key, value)
	return e, number, err == nil, err
}
