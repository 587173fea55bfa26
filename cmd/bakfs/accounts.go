package main

import (
	"context"
	"strings"

	"bakfs/signal/archive"
	"bakfs/snapshot"
	"bakfs/store"
)

// A proof is what shows that snapshots of two sources are of one account: tags of
// secrets, zero where there is none.
type proof struct{ keys, profile tag }

func (p proof) fits(q proof) bool {
	return p.keys != (tag{}) && p.keys == q.keys || p.profile != (tag{}) && p.profile == q.profile
}

// knownBy says how well the account of a Signal snapshot's source is known: by its id,
// by its number, not at all; 0: it is none.
func knownBy(source string) int {
	name := strings.TrimPrefix(source, signalRoot+"/")
	switch id, err := archive.ParseAccount(name); {
	case err == nil && id == name:
		return 3
	case strings.HasPrefix(name, "+"):
		return 2
	case strings.HasPrefix(name, "unknown-"):
		return 1
	}
	return 0
}

// join says of sources whose account is not known by its id which better known one it
// is (FORMAT.md 13.3). Names prove nothing: whoever may write snapshots chooses them.
// Where two would do neither is taken, so that nobody can make two accounts one by
// standing between them.
func join(proofs map[string][]proof) map[string]string {
	joined := map[string]string{}
	for source, have := range proofs {
		best, rank := "", 0
		for other, those := range proofs {
			known := knownBy(other)
			if knownBy(source) == 0 || known <= knownBy(source) || known < rank || !anyFits(have, those) {
				continue
			}
			if known == rank {
				best = ""
				continue
			}
			best, rank = other, known
		}
		if best != "" {
			joined[source] = best
		}
	}
	for source := range joined { // unknown → number → id
		if further := joined[joined[source]]; further != "" {
			joined[source] = further
		}
	}
	return joined
}

func anyFits(a, b []proof) bool {
	for _, p := range a {
		for _, q := range b {
			if p.fits(q) {
				return true
			}
		}
	}
	return false
}

// mayJoin says whether there is anything to join, before anything is read.
func mayJoin(infos []snapshot.Info) bool {
	least, most := 4, 0
	for _, i := range infos {
		if i.Kind == snapshot.Signal {
			if known := knownBy(i.Sources[0]); known > 0 {
				least, most = min(least, known), max(most, known)
			}
		}
	}
	return least < most
}

// joiner returns what says which sources of snapshots are of which better known
// account. It reads nothing where all accounts are known equally well, and of each
// snapshot once in the life of the cache. One that cannot be read now proves nothing now.
func (p *program) joiner(ctx context.Context, r *repository, st *store.Store) func([]snapshot.Info) map[string]string {
	return func(infos []snapshot.Info) map[string]string {
		if !mayJoin(infos) {
			return nil
		}
		cache := r.signalCache()
		proofs := map[string][]proof{}
		seen := map[string]map[proof]bool{}
		for _, i := range infos {
			if i.Kind != snapshot.Signal || knownBy(i.Sources[0]) == 0 {
				continue
			}
			have, known := cache.proofs[i.ID]
			if !known {
				var err error
				if have, err = cache.prove(ctx, st, i); err != nil {
					continue
				}
			}
			source := i.Sources[0]
			if seen[source] == nil {
				seen[source] = map[proof]bool{}
			}
			if !seen[source][have] {
				seen[source][have] = true
				proofs[source] = append(proofs[source], have)
			}
		}
		if err := cache.save(); err != nil {
			p.detail("the cache of Signal backups is not kept: %v", err)
		}
		return join(proofs)
	}
}

// prove reads the proof of a snapshot.
func (c *signalCache) prove(ctx context.Context, st *store.Store, info snapshot.Info) (proof, error) {
	a, err := openArchive(ctx, st, info)
	if err != nil {
		return proof{}, err
	}
	secrets, err := a.Proof(ctx)
	if err != nil {
		return proof{}, err
	}
	var have proof
	if key := secrets.Keys.Reveal(); key != "" {
		have.keys = c.tag("keys", []byte(key))
	}
	if key := secrets.Profile.Reveal(); key != "" {
		have.profile = c.tag("profile", []byte(key))
	}
	c.proofs[info.ID], c.changed = have, true
	return have, nil
}
