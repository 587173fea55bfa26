package store

import (
	"errors"
	"fmt"

	"bakfs/seal"
)

var errNotItsName = damagedf("the file's hash is not its name")

// spoilt says that an error shows a pack's bytes to be wrong. A pack that is
// not here, cannot be reached, or has come in part only may be good, and where
// the index was wrong nothing is known of the pack.
func spoilt(err error) bool {
	for _, other := range []error{errPlace, ErrOffline, ErrMissing, ErrNotSynced} {
		if errors.Is(err, other) {
			return false
		}
	}
	return errors.Is(err, ErrDamaged)
}

// Distrust notes that packs are damaged, whoever found it: what they hold
// does not count as stored, in no process of this device, until Verify finds a
// pack good again.
func (s *Store) Distrust(names ...seal.Hash) error {
	for _, name := range names {
		if err := s.distrust(name); err != nil {
			return fmt.Errorf("pack %s: %w", name, err)
		}
	}
	if err := s.index.Publish(); err != nil {
		return fmt.Errorf("local index: %w", err)
	}
	return nil
}

func (s *Store) distrust(name seal.Hash) error {
	s.trusted.set(name, false)
	return s.index.MarkDamaged(name)
}

// doubt is told why a read could not use a pack. The note is published at
// once: a process that mounts lives long, and a backup is another's.
func (s *Store) doubt(name seal.Hash, cause error) {
	if !spoilt(cause) {
		return
	}
	if pack, known, err := s.index.Pack(name); err != nil || !known || pack.Damaged {
		return
	}
	// The read tells of the damage; without the note the next one tries again.
	_ = s.Distrust(name)
}
