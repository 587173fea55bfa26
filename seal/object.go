package seal

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"math/bits"
)

const (
	// HeaderSize is the length of an object's clear header.
	HeaderSize = 32

	contextSize   = HeaderSize + 16 + 8
	objectHead    = HeaderSize + coreOverhead // block 0 starts here
	magic         = "BAKFS"
	formatVersion = 1
)

// Class says what kind of object a file is. Each class has its own key and sizes.
type Class uint8

// The classes of version 1.
const (
	ClassPack  Class = 1
	ClassEntry Class = 2
)

// sizes returns the exponents of the smallest and the largest file of a class.
func (c Class) sizes() (least, most int, ok bool) {
	switch c {
	case ClassPack:
		return 16, 24, true
	case ClassEntry:
		return 12, 20, true
	}
	return 0, 0, false
}

// holds says whether a file of the class may have this size.
func (c Class) holds(fileSize int64) bool {
	least, most, ok := c.sizes()
	return ok && fileSize >= 1<<least && fileSize <= 1<<most && bits.OnesCount64(uint64(fileSize)) == 1
}

// Place is where an object belongs. It opens nowhere else. Pseudonym and Seq are zero for packs.
type Place struct {
	Class     Class
	Epoch     uint32
	Pseudonym Pseudonym
	Seq       uint64
}

// Header is the clear beginning of an object. It is authenticated only by opening the object.
type Header struct {
	Class      Class
	Epoch      uint32
	Repository RepositoryID
}

// ParseHeader reads the first HeaderSize bytes of a file. The error is ErrTampered if this cannot be an object
// and ErrVersion if it is one of a later version.
func ParseHeader(b []byte) (Header, error) {
	if len(b) < HeaderSize || string(b[:len(magic)]) != magic {
		return Header{}, fmt.Errorf("header: not a bakfs object: %w", ErrTampered)
	}
	if b[5] != formatVersion {
		return Header{}, fmt.Errorf("header: format version %d: %w", b[5], ErrVersion)
	}
	h := Header{Class: Class(b[6]), Epoch: binary.BigEndian.Uint32(b[8:])}
	if _, _, ok := h.Class.sizes(); !ok {
		return Header{}, fmt.Errorf("header: class %d: %w", b[6], ErrVersion)
	}
	if b[7] != 0 {
		return Header{}, fmt.Errorf("header: flags %#x: %w", b[7], ErrVersion)
	}
	if h.Epoch >= maxEpochs || binary.BigEndian.Uint32(b[28:]) != 0 {
		return Header{}, fmt.Errorf("header: %w", ErrTampered)
	}
	copy(h.Repository[:], b[12:28])
	return h, nil
}

// PlaintextSize returns how much plaintext a file holds. The error is ErrTampered if objects of no class have
// this size.
func PlaintextSize(fileSize int64) (int64, error) {
	if !ClassPack.holds(fileSize) && !ClassEntry.holds(fileSize) {
		return 0, fmt.Errorf("a file of %d bytes: %w", fileSize, ErrTampered)
	}
	return bodyPlaintext(fileSize - objectHead), nil
}

// FileSize returns the smallest file size of the class that holds so much plaintext. PlaintextSize of it is what
// the plaintext must be padded to.
func FileSize(c Class, plaintext int64) (int64, error) {
	least, most, ok := c.sizes()
	if !ok || plaintext < 0 {
		return 0, fmt.Errorf("no file of class %d holds %d bytes", c, plaintext)
	}
	for e := least; e <= most; e++ {
		if bodyPlaintext(1<<e-objectHead) >= plaintext {
			return 1 << e, nil
		}
	}
	return 0, fmt.Errorf("%d bytes are more than a file of class %d holds", plaintext, c)
}

// Seal returns the whole file of an object. The plaintext must be padded to what one of the class's file sizes
// holds (FileSize, PlaintextSize).
func (k *Keys) Seal(p Place, plaintext []byte) ([]byte, error) {
	var salt [saltSize]byte
	rand.Read(salt[:])
	return k.seal(p, salt, plaintext)
}

// seal is Seal with a given salt. No two objects may have the same.
func (k *Keys) seal(p Place, salt [saltSize]byte, plaintext []byte) ([]byte, error) {
	key, context, err := k.object(p)
	if err != nil {
		return nil, err
	}
	size := objectHead + bodySize(int64(len(plaintext)))
	if !p.Class.holds(size) {
		return nil, fmt.Errorf("%d bytes are not padded to a size of class %d", len(plaintext), p.Class)
	}
	file := append(make([]byte, 0, size), context[:HeaderSize]...)
	return sealBody(file, key[:], salt[:], context[:], plaintext)
}

// Open returns the plaintext, with its padding, of a whole file. The error is ErrKey if the file was not sealed
// for this place with these keys, ErrTampered if it was changed since, ErrVersion if its header is of a later
// version.
func (k *Keys) Open(p Place, file []byte) ([]byte, error) {
	key, context, err := k.object(p)
	if err != nil {
		return nil, err
	}
	if err := checkHeader(p, int64(len(file)), file, &context); err != nil {
		return nil, err
	}
	return openBody(key[:], context[:], file[HeaderSize:])
}

// object returns the input key and the context of an object.
func (k *Keys) object(p Place) (key *[32]byte, context [contextSize]byte, err error) {
	if p.Epoch >= uint32(len(k.get().epoch)) {
		return nil, context, fmt.Errorf("no key for epoch %d: %w", p.Epoch, ErrKey)
	}
	switch p.Class {
	case ClassPack:
		key = &k.get().epoch[p.Epoch].object
		if p.Pseudonym != (Pseudonym{}) || p.Seq != 0 {
			return nil, context, fmt.Errorf("a pack has no place in a journal: %w", ErrKey)
		}
	case ClassEntry:
		key = &k.get().epoch[p.Epoch].journal
	default:
		return nil, context, fmt.Errorf("class %d: %w", p.Class, ErrVersion)
	}
	c := append(context[:0], magic...)
	c = append(c, formatVersion, byte(p.Class), 0)
	c = binary.BigEndian.AppendUint32(c, p.Epoch)
	c = append(c, k.get().repository[:]...)
	c = append(c, 0, 0, 0, 0)
	c = append(c, p.Pseudonym[:]...)
	binary.BigEndian.AppendUint64(c, p.Seq)
	return key, context, nil
}

// checkHeader checks the size of a file, before anything is read from it, and that its header is the one that the
// place asks for. file needs only the first HeaderSize bytes.
func checkHeader(p Place, size int64, file []byte, context *[contextSize]byte) error {
	if !p.Class.holds(size) {
		return fmt.Errorf("a file of %d bytes in class %d: %w", size, p.Class, ErrTampered)
	}
	if bytes.Equal(file[:HeaderSize], context[:HeaderSize]) {
		return nil
	}
	if _, err := ParseHeader(file); err != nil {
		return err
	}
	return fmt.Errorf("header: %w", ErrKey)
}
