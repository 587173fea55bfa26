package fs

import (
	"hash/maphash"
	"sync"
)

// reportLimit bounds the memory of a reporter: about this many paths are
// remembered, twice.
const reportLimit = 4096

// A reporter passes on the first error of each path. It remembers at least the
// last reportLimit paths, so a path comes up again only after that many others.
type reporter struct {
	log  func(path string, err error)
	seed maphash.Seed

	mu         sync.Mutex
	young, old map[uint64]struct{} // hashes of paths
}

func newReporter(log func(string, error)) *reporter {
	return &reporter{log: log, seed: maphash.MakeSeed(), young: map[uint64]struct{}{}}
}

func (r *reporter) report(path string, err error) {
	if r.log != nil && r.first(maphash.String(r.seed, path)) {
		r.log(path, err)
	}
}

func (r *reporter) first(h uint64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, a := r.young[h]
	_, b := r.old[h]
	if a {
		return false
	}
	if len(r.young) >= reportLimit {
		r.old, r.young = r.young, map[uint64]struct{}{}
	}
	r.young[h] = struct{}{}
	return !b
}
