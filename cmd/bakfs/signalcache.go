package main

import (
	"bytes"
	"crypto/hmac"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"bakfs/seal"
	"bakfs/snapshot"
)

// A tag stands for something in the cache; see seal.Keys.Tag.
type tag [32]byte

// A signalCache remembers of Signal snapshots what would have to be read from each
// of them, and of backups that were not whole that they were tried. It is a file of
// this machine without which everything takes longer and comes out the same. In it
// are ids of snapshots, as the cloud folder has them, and tags: no name, no path, no
// number of a person. One that is damaged or cannot be written is no error.
type signalCache struct {
	path string // empty: nothing is kept
	keys *seal.Keys

	originals map[seal.Hash]tag // of snapshots: the backup that each is of
	proofs    map[seal.Hash]proof
	tried     []tag // fingerprints, the oldest first
	changed   bool
}

const (
	signalCacheMagic = "bakfs signal cache 1\n"
	maxSignalCache   = 256 << 20
	maxTried         = 10_000

	recordOriginal = 1 // snapshot ‖ tag
	recordTried    = 2 // tag
	recordProof    = 3 // snapshot ‖ tag of the keys, or zero ‖ tag of the profile key, or zero
)

// signalCache reads the cache of r.
func (r *repository) signalCache() *signalCache {
	c := &signalCache{path: filepath.Join(r.dirs.cache, "signal"), keys: r.keys}
	if !c.read() {
		c.originals, c.proofs, c.tried = map[seal.Hash]tag{}, map[seal.Hash]proof{}, nil
	}
	if r.dry {
		c.path = ""
	}
	return c
}

// read reads the file; false: it is not there, or not as it was written.
func (c *signalCache) read() bool {
	c.originals, c.proofs = map[seal.Hash]tag{}, map[seal.Hash]proof{}
	info, err := os.Lstat(c.path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxSignalCache {
		return false
	}
	b, err := os.ReadFile(c.path)
	if err != nil || len(b) < len(signalCacheMagic)+len(tag{}) {
		return false
	}
	b, sum := b[:len(b)-len(tag{})], b[len(b)-len(tag{}):]
	if want := c.tag("cache", b); !hmac.Equal(sum, want[:]) {
		return false
	}
	b, ok := bytes.CutPrefix(b, []byte(signalCacheMagic))
	for ok && len(b) > 0 {
		b, ok = c.record(b)
	}
	return ok
}

// record takes a record from the front of b.
func (c *signalCache) record(b []byte) (rest []byte, ok bool) {
	const size = len(tag{})
	switch kind := b[0]; {
	case kind == recordOriginal && len(b) > 2*size:
		c.originals[seal.Hash(b[1:])] = tag(b[1+size:])
		return b[1+2*size:], true
	case kind == recordProof && len(b) > 3*size:
		c.proofs[seal.Hash(b[1:])] = proof{tag(b[1+size:]), tag(b[1+2*size:])}
		return b[1+3*size:], true
	case kind == recordTried && len(b) > size:
		c.tried = append(c.tried, tag(b[1:]))
		return b[1+size:], true
	}
	return nil, false
}

// only forgets what is not of these snapshots.
func (c *signalCache) only(infos []snapshot.Info) {
	there := make(map[seal.Hash]bool, len(infos))
	for _, i := range infos {
		there[i.ID] = true
	}
	gone := func(id seal.Hash) bool { c.changed = c.changed || !there[id]; return !there[id] }
	maps.DeleteFunc(c.originals, func(id seal.Hash, _ tag) bool { return gone(id) })
	maps.DeleteFunc(c.proofs, func(id seal.Hash, _ proof) bool { return gone(id) })
}

// save writes what is known, if it changed.
func (c *signalCache) save() error {
	if !c.changed || c.path == "" {
		return nil
	}
	b := []byte(signalCacheMagic)
	for _, id := range inOrder(c.originals) {
		t := c.originals[id]
		b = append(append(append(b, recordOriginal), id[:]...), t[:]...)
	}
	for _, id := range inOrder(c.proofs) {
		p := c.proofs[id]
		b = append(append(append(append(b, recordProof), id[:]...), p.keys[:]...), p.profile[:]...)
	}
	for _, t := range c.tried[max(0, len(c.tried)-maxTried):] {
		b = append(append(b, recordTried), t[:]...)
	}
	sum := c.tag("cache", b)
	if err := os.MkdirAll(filepath.Dir(c.path), 0o700); err != nil {
		return err
	}
	if err := writeDurably(c.path, append(b, sum[:]...), true); err != nil {
		return err
	}
	c.changed = false
	return nil
}

func inOrder[V any](m map[seal.Hash]V) []seal.Hash {
	return slices.SortedFunc(maps.Keys(m), func(a, b seal.Hash) int { return bytes.Compare(a[:], b[:]) })
}

func (c *signalCache) tag(label string, what []byte) tag { return c.keys.Tag("signal "+label, what) }

// of are the snapshots that are said to be of the backup with an id.
func (c *signalCache) of(infos []snapshot.Info, id [32]byte) (found []snapshot.Info) {
	want := c.tag("original", id[:])
	for _, i := range infos {
		if t, ok := c.originals[i.ID]; ok && t == want {
			found = append(found, i)
		}
	}
	return found
}

// add notes which backup a snapshot is of.
func (c *signalCache) add(of seal.Hash, id [32]byte) {
	c.originals[of], c.changed = c.tag("original", id[:]), true
}

// forget makes the snapshot one of which nothing is known.
func (c *signalCache) forget(of seal.Hash) {
	delete(c.originals, of)
	c.changed = true
}

// wasTried reports whether a backup was stored as far as it could be read when it
// had this fingerprint.
func (c *signalCache) wasTried(id, fingerprint [32]byte) bool {
	return slices.Contains(c.tried, c.tag("tried", slices.Concat(id[:], fingerprint[:])))
}

// try notes that it was.
func (c *signalCache) try(id, fingerprint [32]byte) {
	t := c.tag("tried", slices.Concat(id[:], fingerprint[:]))
	if i := slices.Index(c.tried, t); i >= 0 {
		c.tried = slices.Delete(c.tried, i, i+1)
	}
	c.tried, c.changed = append(c.tried, t), true
}
