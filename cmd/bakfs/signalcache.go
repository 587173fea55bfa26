package main

import (
	"bytes"
	"crypto/hmac"
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
	tried     []tag             // fingerprints, the oldest first
	changed   bool
}

const (
	signalCacheMagic = "bakfs signal cache 1\n"
	maxSignalCache   = 256 << 20
	maxTried         = 10_000

	recordOriginal = 1 // snapshot ‖ tag
	recordTried    = 2 // tag
)

// signalCache reads the cache of r.
func (r *repository) signalCache() *signalCache {
	c := &signalCache{path: filepath.Join(r.dirs.cache, "signal"), keys: r.keys}
	if !c.read() {
		c.originals, c.tried = map[seal.Hash]tag{}, nil
	}
	if r.dry {
		c.path = ""
	}
	return c
}

// read reads the file; false: it is not there, or not as it was written.
func (c *signalCache) read() bool {
	c.originals = map[seal.Hash]tag{}
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
	case kind == recordTried && len(b) > size:
		c.tried = append(c.tried, tag(b[1:]))
		return b[1+size:], true
	}
	return nil, false
}

// save writes what is known of these snapshots, if it changed.
func (c *signalCache) save(infos []snapshot.Info) error {
	if !c.changed || c.path == "" {
		return nil
	}
	b := []byte(signalCacheMagic)
	for _, i := range infos {
		if t, ok := c.originals[i.ID]; ok {
			b = append(append(append(b, recordOriginal), i.ID[:]...), t[:]...)
		}
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
