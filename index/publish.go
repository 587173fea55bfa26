package index

import (
	"cmp"
	"errors"
	"fmt"
	iofs "io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Refresh takes in segments that other processes have published and lets go of those that were merged or removed. It
// returns ErrDamaged if it dropped any.
func (x *Index) Refresh() error {
	x.writing.Lock()
	defer x.writing.Unlock()
	return x.refresh()
}

func (x *Index) refresh() error {
	x.mu.RLock()
	have, closed := slices.Clone(x.segments), x.closed
	x.mu.RUnlock()
	if closed {
		return fmt.Errorf("index: %w", iofs.ErrClosed)
	}
	open := make(map[string]*segment)
	for _, s := range have {
		open[filepath.Base(s.path)] = s
	}
	var damage error
	var files map[string]int64
	// A merge may remove a file between the list and its opening; then the merged one is in the next list.
	for again, rounds := true, 0; again && rounds < 10; rounds++ {
		var err error
		if files, err = segmentFiles(x.dir); err != nil {
			return fmt.Errorf("index: %w", err)
		}
		again = false
		for name, size := range files {
			if open[name] != nil {
				continue
			}
			s, err := openSegment(filepath.Join(x.dir, name), size)
			switch {
			case err == nil:
				open[name] = s
			case errors.Is(err, iofs.ErrNotExist):
				again = true
			case errors.Is(err, ErrDamaged):
				damage = fmt.Errorf("index: %w", err)
				x.countDropped()
				again = true
				if err := os.Remove(filepath.Join(x.dir, name)); err != nil && !errors.Is(err, iofs.ErrNotExist) {
					return fmt.Errorf("index: %w", err)
				}
			default:
				x.exchange(open, files)
				return fmt.Errorf("index: %w", err)
			}
		}
	}
	return errors.Join(damage, x.exchange(open, files))
}

// exchange makes the open segments that are among files the index's, and closes the others.
func (x *Index) exchange(open map[string]*segment, files map[string]int64) error {
	var keep, gone []*segment
	x.mu.Lock()
	for name, s := range open {
		if _, ok := files[name]; ok && !s.dropped {
			keep = append(keep, s)
		} else {
			gone = append(gone, s)
		}
	}
	slices.SortFunc(keep, func(a, b *segment) int {
		return cmp.Or(cmp.Compare(b.size, a.size), cmp.Compare(a.path, b.path))
	})
	x.segments = keep
	x.mu.Unlock()
	var errs []error
	for _, s := range gone {
		errs = append(errs, s.close())
	}
	return errors.Join(errs...)
}

func (x *Index) countDropped() {
	x.mu.Lock()
	x.dropped++
	x.mu.Unlock()
}

// drop takes a damaged segment out of the index and of the directory, unless another call has.
func (x *Index) drop(s *segment) {
	x.mu.Lock()
	i := slices.Index(x.segments, s)
	if i < 0 {
		x.mu.Unlock()
		return
	}
	x.segments = slices.Delete(slices.Clone(x.segments), i, i+1)
	x.dropped++
	s.dropped = true
	x.mu.Unlock()
	// Where the file cannot be removed the next Open drops it again.
	_ = os.Remove(s.path)
	_ = s.close()
}

// Publish makes what was added durable and visible to other processes. Where nothing was added it does nothing.
func (x *Index) Publish() error {
	x.writing.Lock()
	defer x.writing.Unlock()
	return x.publish()
}

func (x *Index) publish() error {
	x.mu.RLock()
	closed := x.closed
	x.mu.RUnlock()
	if closed {
		return fmt.Errorf("index: %w", iofs.ErrClosed)
	}
	if x.table.empty() {
		return nil
	}
	lock, err := tryLock(x.dir)
	if err != nil {
		return fmt.Errorf("index: %w", err)
	}
	if lock != nil {
		defer lock.Close() // only read and locked
		// Merging what another process has merged meanwhile would bring it back.
		if err := x.refresh(); err != nil && !errors.Is(err, ErrDamaged) {
			return err
		}
	}
	for {
		var others []*segment
		if lock != nil {
			others = x.mergeable(x.table.size())
		}
		s, bad, err := writeMerged(x.dir, x.table, others)
		if bad != nil {
			x.drop(bad)
			continue
		}
		if err != nil {
			return fmt.Errorf("index: %w", err)
		}
		if s == nil {
			return x.superseded()
		}
		return x.replace(s, others)
	}
}

// superseded takes in the segment that another process has made of what was just published, and then lets go of the
// table: nothing is out of sight in between.
func (x *Index) superseded() error {
	if err := x.refresh(); err != nil && !errors.Is(err, ErrDamaged) {
		return err
	}
	x.mu.Lock()
	x.table = newTable()
	x.mu.Unlock()
	return nil
}

// small is the size up to which a segment is always merged: that costs less than to look in one more.
const small = 256 << 10

// mergeable returns the segments to merge with one of the given size: from the smallest up, while the next is less than
// twice what has been gathered. So each that stays is at least twice as large as all smaller ones together.
func (x *Index) mergeable(size int64) []*segment {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var list []*segment
	for _, s := range slices.Backward(x.segments) {
		if s.size >= max(small, 2*size) {
			break
		}
		list = append(list, s)
		size += s.size
	}
	return list
}

// replace puts s in the place of the table and of the segments it was made of, and removes those.
func (x *Index) replace(s *segment, others []*segment) error {
	x.mu.Lock()
	x.table = newTable()
	x.segments = slices.DeleteFunc(slices.Clone(x.segments), func(o *segment) bool { return slices.Contains(others, o) })
	at, _ := slices.BinarySearchFunc(x.segments, s.size, func(o *segment, size int64) int { return cmp.Compare(size, o.size) })
	x.segments = slices.Insert(x.segments, at, s)
	x.mu.Unlock()
	var errs []error
	for _, o := range others {
		errs = append(errs, o.discard())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("index: %w", err)
	}
	return nil
}

// Close publishes what was added and closes the index, which is closed even where publishing fails.
func (x *Index) Close() error {
	x.writing.Lock()
	defer x.writing.Unlock()
	err := x.publish()
	if errors.Is(err, iofs.ErrClosed) {
		return err
	}
	return errors.Join(err, x.closeAll())
}

// closeAll closes every segment; what was not published is lost.
func (x *Index) closeAll() error {
	x.mu.Lock()
	segments := x.segments
	x.table, x.segments, x.closed = newTable(), nil, true
	x.mu.Unlock()
	var errs []error
	for _, s := range segments {
		errs = append(errs, s.close())
	}
	return errors.Join(errs...)
}
