package index

import (
	"bytes"
	"errors"
	"fmt"
	iofs "io/fs"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

const (
	// batch is how many records a transaction of a merge writes: bbolt holds them all in memory.
	batch = 1 << 14

	// fill is how full pages become. Records come in ascending order and never change.
	fill = 1.0
)

// writeMerged publishes one segment with all that the table and the others know, and opens it. If one of the others is
// damaged it is returned as bad; nothing is published then. s is nil where publishFile's is.
func writeMerged(dir string, t *table, others []*segment) (s *segment, bad *segment, err error) {
	w, err := newFile(dir)
	if err != nil {
		return nil, nil, err
	}
	m := &merge{to: w, from: []sorted{t}, at: -1}
	for i := 0; err == nil && i < len(others); i++ {
		var r *reader
		err = m.read(i+1, func() (err error) {
			r, err = others[i].reader()
			return err
		})
		if err == nil {
			m.from = append(m.from, r)
			defer func() { _ = others[i].release(r, err) }() // a reading transaction has nothing to lose
		}
	}
	if err == nil {
		err = m.run()
	}
	if err == nil {
		s, err = publishFile(dir, w)
	}
	if err != nil {
		err = errors.Join(err, w.discard())
	}
	if errors.Is(err, ErrDamaged) && m.at > 0 {
		bad = others[m.at-1]
	}
	return s, bad, err
}

// publishFile syncs w and gives it its name. It is still locked while it is renamed, so that nobody takes it for a dead
// process's. What it returns is nil if another process has merged the segment into its own already.
func publishFile(dir string, w *segment) (*segment, error) {
	if err := w.update(putComplete); err != nil {
		return nil, err
	}
	if err := w.db.Sync(); err != nil {
		return nil, err
	}
	info, err := os.Lstat(w.path)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, newSegmentName(info.Size()))
	if err := os.Rename(w.path, path); err != nil {
		return nil, err
	}
	w.path = path
	if err := w.close(); err != nil {
		return nil, err
	}
	if err := syncDir(dir); err != nil {
		return nil, err
	}
	s, err := openSegment(path, info.Size())
	if errors.Is(err, iofs.ErrNotExist) {
		return nil, nil
	}
	return s, err
}

func putComplete(tx *bbolt.Tx) error {
	b, err := tx.CreateBucket(bucketState)
	if err != nil {
		return err
	}
	return b.Put(keyComplete, protect(keyComplete, nil))
}

// A sorted source of a merge gives its chunks in ascending order, each with its pack's number.
type sorted interface {
	lists
	start() (e Entry, pack uint32, ok bool, err error)
	step() (e Entry, pack uint32, ok bool, err error)
}

// A merge copies several sources into one file.
type merge struct {
	to      *segment
	from    []sorted
	numbers [][]uint32 // of each source: pack number there to pack number here
	at      int        // the source being read, to know whose damage it is; -1: none
}

func (m *merge) run() error {
	marks := make(marksOf)
	for i := range m.from {
		if err := m.packs(i, marks); err != nil {
			return err
		}
	}
	if err := m.marks(marks); err != nil {
		return err
	}
	return m.chunks()
}

// read runs fn, which reads source i only; damage is then that source's.
func (m *merge) read(i int, fn func() error) error {
	m.at = i
	if err := guarded(fn); err != nil {
		return err
	}
	m.at = -1
	return nil
}

// packs copies the packs of source i and gathers its marks.
func (m *merge) packs(i int, marks marksOf) error {
	var list []Pack
	var numbers []uint32
	err := m.read(i, func() error {
		err := m.from[i].eachPack(func(p Pack) error {
			list = append(list, p)
			return nil
		})
		return errors.Join(err, m.from[i].eachMark(marks.note))
	})
	if err != nil {
		return err
	}
	for len(list) > 0 {
		part := list[:min(batch, len(list))]
		err := m.to.update(func(tx *bbolt.Tx) error {
			for _, p := range part {
				number, err := putPack(tx, p)
				if err != nil {
					return err
				}
				numbers = append(numbers, number)
			}
			return nil
		})
		if err != nil {
			return err
		}
		list = list[len(part):]
	}
	m.numbers = append(m.numbers, numbers)
	return nil
}

// marks makes the marked packs verified where they are here now, and copies the marks of others. Those that have a time
// are always copied: a segment that is not here may have one of another time.
func (m *merge) marks(marks marksOf) error {
	if len(marks) == 0 {
		return nil
	}
	return m.to.update(func(tx *bbolt.Tx) error {
		for name, mark := range marks {
			v := tx.Bucket(bucketNames).Get(name[:])
			if v == nil || mark.when > 0 {
				if err := putMark(tx.Bucket(bucketVerified), name, mark); err != nil {
					return err
				}
				continue
			}
			number, err := parseNumber(name[:], v)
			if err != nil {
				return err
			}
			key := packKey(number)
			p, err := parsePack(key, tx.Bucket(bucketPacks).Get(key))
			if err != nil {
				return err
			}
			p.Verified = true
			if err := tx.Bucket(bucketPacks).Put(key, packValue(key, &p)); err != nil {
				return err
			}
		}
		return nil
	})
}

// A head is the next chunk of one source, copied from it: what lies in the mapped file is read under guard only.
type head struct {
	entry  Entry
	number uint32 // of its pack, in the new file
	end    bool
}

// advance moves h on to what next, a method of source i, gives.
func (m *merge) advance(h *head, i int, next func() (Entry, uint32, bool, error)) error {
	return m.read(i, func() error {
		e, number, ok, err := next()
		if err != nil || !ok {
			h.end = true
			return err
		}
		if number == 0 || uint64(number) > uint64(len(m.numbers[i])) {
			return fmt.Errorf("%w: chunk of unknown pack %d", ErrDamaged, number)
		}
		h.entry, h.number = e, m.numbers[i][number-1]
		return nil
	})
}

// chunks copies the chunks of all sources in ascending order.
func (m *merge) chunks() error {
	heads := make([]head, len(m.from))
	for i := range heads {
		if err := m.advance(&heads[i], i, m.from[i].start); err != nil {
			return err
		}
	}
	entries, numbers := make([]Entry, 0, batch), make([]uint32, 0, batch)
	for {
		var err error
		if entries, numbers, err = m.gather(heads, entries[:0], numbers[:0]); err != nil || len(entries) == 0 {
			return err
		}
		err = m.to.update(func(tx *bbolt.Tx) error {
			chunks := tx.Bucket(bucketChunks)
			chunks.FillPercent = fill
			return putEntries(chunks, numbers, entries)
		})
		if err != nil {
			return err
		}
	}
}

// gather takes up to a batch from the heads, smallest names first, and moves them on.
func (m *merge) gather(heads []head, entries []Entry, numbers []uint32) ([]Entry, []uint32, error) {
	for len(entries) < batch {
		var least *head
		var at int
		for i := range heads {
			h := &heads[i]
			if !h.end && (least == nil || bytes.Compare(h.entry.ID[:], least.entry.ID[:]) < 0) {
				least, at = h, i
			}
		}
		if least == nil {
			break
		}
		entries, numbers = append(entries, least.entry), append(numbers, least.number)
		if err := m.advance(least, at, m.from[at].step); err != nil {
			return nil, nil, err
		}
	}
	return entries, numbers, nil
}
