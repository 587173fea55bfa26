package view

import (
	"crypto/sha256"
	"encoding/binary"
)

// A key names something that was computed: equal keys, equal values.
type key [16]byte

// newKey is a key made of parts; different lists of parts give different keys.
func newKey(parts ...string) key {
	buf := make([]byte, 0, 128)
	for _, p := range parts {
		buf = binary.AppendUvarint(buf, uint64(len(p)))
		buf = append(buf, p...)
	}
	sum := sha256.Sum256(buf)
	return key(sum[:16])
}

// with is the key of a part of what k names.
func (k key) with(parts ...string) key { return newKey(append(parts, string(k[:]))...) }

// number is an inode number made of k.
func (k key) number() uint64 { return binary.BigEndian.Uint64(k[:8]) }
