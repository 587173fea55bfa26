package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"bakfs/seal"
	"bakfs/signal/archive"
	"bakfs/snapshot"
	"bakfs/store"
)

// A signalStored says which Signal backups the repository has. What the cache knows
// is looked at only if somebody asks for that backup, so that a run reads what is new
// in the journal and what it is about.
type signalStored struct {
	p     *program
	st    *store.Store
	cache *signalCache
	infos []snapshot.Info                // of Signal
	seen  map[[32]byte]*archive.Envelope // by original: of a whole one if there is one
}

// newSignalStored reads of each snapshot that the cache does not know which backup it
// is of. One that is damaged is told of in failed, and does not count; one that is not
// here now is err, since its backup would be stored a second time.
func (p *program) newSignalStored(ctx context.Context, r *repository, st *store.Store) (s *signalStored, failed []error, err error) {
	s = &signalStored{p: p, st: st, cache: r.signalCache(), seen: map[[32]byte]*archive.Envelope{}}
	s.infos = slices.DeleteFunc(p.snapshots(r.journal), func(i snapshot.Info) bool { return i.Kind != snapshot.Signal })
	s.cache.only(s.infos)
	for _, info := range s.infos {
		if _, known := s.cache.originals[info.ID]; known {
			continue
		}
		e, damage, err := s.open(ctx, info)
		if err != nil {
			return nil, nil, err
		}
		if damage != nil {
			failed = append(failed, damage)
			continue
		}
		s.cache.add(info.ID, e.ID)
	}
	s.keep()
	return s, failed, nil
}

// open reads the envelope of a snapshot: damage is of that one, err ends the run.
func (s *signalStored) open(ctx context.Context, info snapshot.Info) (e *archive.Envelope, damage, err error) {
	a, err := openArchive(ctx, s.st, info)
	switch {
	case ctx.Err() != nil:
		return nil, nil, ctx.Err()
	case errors.Is(err, store.ErrOffline) || errors.Is(err, store.ErrMissing) || errors.Is(err, store.ErrNotSynced):
		return nil, nil, fail(exitNotSynced, fmt.Errorf("which Signal backups are stored already cannot be read: snapshot %s: %w", shortID(info), err),
			"wait until the sync program has fetched everything, then try again")
	case err != nil:
		return nil, fail(exitDamaged, fmt.Errorf("snapshot %s: its Signal backup cannot be read: %w", shortID(info), err),
			"if its original is still there it is stored again; `bakfs check --read-data` tells what else is damaged"), nil
	}
	e = a.Envelope()
	if old := s.seen[e.ID]; old == nil || old.Report.Err() != nil && e.Report.Err() == nil {
		s.seen[e.ID] = e
	}
	return e, nil, nil
}

// of returns the envelope of the backup with an id, a whole one if there is one; nil:
// it is not stored. damage is of snapshots that should be of it and cannot be read.
func (s *signalStored) of(ctx context.Context, id [32]byte) (found *archive.Envelope, damage []error, err error) {
	if found = s.seen[id]; found != nil && found.Report.Err() == nil {
		return found, nil, nil
	}
	for _, info := range s.cache.of(s.infos, id) {
		e, bad, err := s.open(ctx, info)
		switch {
		case err != nil:
			return nil, nil, err
		case bad != nil:
			damage = append(damage, bad)
			s.cache.forget(info.ID)
		case e.Report.Err() == nil:
			return s.seen[id], damage, nil
		}
	}
	return s.seen[id], damage, nil
}

// add takes in a snapshot that was made; one without an id was not.
func (s *signalStored) add(info snapshot.Info, e *archive.Envelope) {
	s.seen[e.ID] = e
	if info.ID != (seal.Hash{}) {
		s.infos = append(s.infos, info)
		s.cache.add(info.ID, e.ID)
	}
}

// keep writes the cache. That it cannot be written costs the next run time.
func (s *signalStored) keep() {
	if err := s.cache.save(); err != nil {
		s.p.detail("the cache of Signal backups is not kept: %v", err)
	}
}
