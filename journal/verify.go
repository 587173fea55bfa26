package journal

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"bakfs/seal"
)

func sizeClass(n int64) bool { return n >= minFile && n <= maxFile && n&(n-1) == 0 }

func sizeError(n int64) error {
	return fmt.Errorf("size: %d bytes is no size of an entry: %w", n, seal.ErrTampered)
}

// openEntry makes every check that an entry can pass by itself, in FORMAT's order.
func openEntry(k *seal.Keys, p place, raw []byte) (Entry, [32]byte, error) {
	none := [32]byte{}
	if !sizeClass(int64(len(raw))) {
		return Entry{}, none, sizeError(int64(len(raw)))
	}
	hash := seal.Hash(sha256.Sum256(raw))
	if [8]byte(hash[:8]) != p.short {
		return Entry{}, none, fmt.Errorf("name: the file's SHA-256 begins with %x: %w", hash[:8], seal.ErrTampered)
	}
	c, signed, err := openSeal(k, p, raw)
	if err != nil {
		return Entry{}, none, err
	}
	if err := checkPlace(k, p, c); err != nil {
		return Entry{}, none, err
	}
	cert, err := k.ParseCertificate(c.cert)
	if err != nil {
		return Entry{}, none, err
	}
	if cert.Device != c.device {
		return Entry{}, none, fmt.Errorf("certificate: is of device %v: %w", cert.Device, seal.ErrTampered)
	}
	if err := cert.Verify(signed, c.signature[:]); err != nil {
		return Entry{}, none, err
	}
	return entryOf(c, cert.Name, hash), cert.Public, nil
}

func openSeal(k *seal.Keys, p place, raw []byte) (content, []byte, error) {
	h, err := seal.ParseHeader(raw)
	if err != nil {
		return content{}, nil, err
	}
	if h.Class != seal.ClassEntry {
		return content{}, nil, fmt.Errorf("header: class %d is no entry: %w", h.Class, seal.ErrTampered)
	}
	if h.Repository != k.Repository() {
		return content{}, nil, fmt.Errorf("header: %w %v: %w", ErrForeign, h.Repository, seal.ErrTampered)
	}
	sp := seal.Place{Class: seal.ClassEntry, Epoch: h.Epoch, Pseudonym: p.pseudonym, Seq: p.seq}
	plain, err := k.Open(sp, raw)
	if err != nil {
		return content{}, nil, fmt.Errorf("seal: %w", err)
	}
	c, signed, err := parseContent(plain)
	if err != nil {
		return content{}, nil, err
	}
	smallest, err := seal.FileSize(seal.ClassEntry, int64(len(signed)+sigSize))
	if err != nil {
		return content{}, nil, fmt.Errorf("form: %w", err)
	}
	if smallest != int64(len(raw)) {
		return content{}, nil, formError("%d bytes where %d would do", len(raw), smallest)
	}
	return c, signed, nil
}

func checkPlace(k *seal.Keys, p place, c content) error {
	switch {
	case c.repository != k.Repository():
		return fmt.Errorf("place: is of repository %v: %w", c.repository, seal.ErrTampered)
	case k.Pseudonym(c.device) != p.pseudonym:
		return fmt.Errorf("place: is of device %v: %w", c.device, seal.ErrTampered)
	case c.seq != p.seq:
		return fmt.Errorf("place: is number %d: %w", c.seq, seal.ErrTampered)
	}
	return nil
}

// entryOf copies what it keeps, so that the plaintext with its padding goes.
func entryOf(c content, name string, hash seal.Hash) Entry {
	return Entry{
		Kind: c.kind, Device: c.device, Name: name, Seq: c.seq, Hash: hash, Prev: c.prev,
		Time: c.time, Seen: c.seen, Payload: slices.Clone(c.payload),
	}
}
