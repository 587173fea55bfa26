// Package snapshot makes a backup of files, opens one as a tree of io/fs, and restores one.
//
// What always holds: a snapshot is written after all that it names is durable. Everything read is checked against
// FORMAT.md and against what its parent says of it before it is used; what fails is an error for the file range
// or the directory it belongs to, and for nothing else. Reader and writer share one set of checks, so what is written can be read.
package snapshot

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"bakfs/seal"
)

// A Kind says what an entry of a directory is.
type Kind uint8

// The kinds of FORMAT.md section 8.2.
const (
	File Kind = 1 + iota
	Dir
	Symlink
	FIFO
	Socket
	CharDevice
	BlockDevice
)

// Flags of an entry. appendEntry sets flagXattrs by itself.
const (
	flagHardLink = 1 << iota // Inode and Device name the file, of which this is one name
	flagXattrs
	flagAgain  // it changed or may have changed while it was read, or not all could be read: to be read again
	flagsKnown = flagHardLink | flagXattrs | flagAgain
)

// Limits of FORMAT.md sections 8 and 11.
const (
	maxName       = 255
	maxTarget     = 4095
	maxInline     = 512
	maxExtents    = 8       // in an entry; more are a list
	maxChunk      = 1 << 20 // raw bytes of a chunk, nodes included
	maxXattr      = 1 << 16 // one value
	maxXattrs     = 1 << 18 // names and values of one entry
	maxMode       = 0o7777
	minEntryBytes = 57 // an entry with a name of one byte and nothing optional
)

// How the content of a file is stored.
const (
	contentNone uint8 = iota
	contentInline
	contentExtents
	contentList
)

// An Extent is a run of a file's bytes: one chunk, or a hole if ID is zero.
type Extent struct {
	Length uint32
	ID     seal.ID
}

// An Xattr is one extended attribute.
type Xattr struct {
	Name  string
	Value []byte
}

// An Entry is one name of a directory with all that is kept about it. A file's content is in one of
// Inline, Extents and Root, and in none if it is empty; a directory's content is the tree at Root.
// Strings and slices of an Entry that was read belong to a shared node and must not be modified.
type Entry struct {
	Name         string
	Kind         Kind
	Flags        uint16
	Mode         uint32 // permission bits, setuid, setgid, sticky
	UID, GID     uint32
	User, Group  string // empty: unknown
	MTime, CTime int64  // ns since 1970
	Inode        uint64 // at the source
	Device       uint64 // at the source; stored for hard links only
	Nlink        uint32
	Size         int64 // of a file; computed for all others
	Inline       []byte
	Extents      []Extent
	Root         seal.ID // of the extent list or of the directory
	Data         int64   // with an extent list: bytes of the file that are not holes
	Target       string
	Major, Minor uint32
	Xattrs       []Xattr
}

// detached is e without its extended attributes, in memory of its own.
func (e *Entry) detached() *Entry {
	c := *e
	all := strings.Join([]string{e.Name, e.User, e.Group, e.Target}, "\x00") // one allocation, and never one of theirs
	cut := func(n int) string {
		s := all[:n]
		all = all[min(n+1, len(all)):]
		return s
	}
	c.Name, c.User, c.Group, c.Target = cut(len(e.Name)), cut(len(e.User)), cut(len(e.Group)), cut(len(e.Target))
	c.Inline, c.Xattrs = slices.Clone(e.Inline), nil
	return &c
}

// content says how the content is stored.
func (e *Entry) content() uint8 {
	switch {
	case e.Kind != File:
		return contentNone
	case len(e.Inline) > 0:
		return contentInline
	case len(e.Extents) > 0:
		return contentExtents
	case e.Root != seal.ID{}:
		return contentList
	}
	return contentNone
}

// storedSize is the size field: the length of a file or of a link's target.
func (e *Entry) storedSize() uint64 {
	switch e.Kind {
	case File:
		return uint64(e.Size)
	case Symlink:
		return uint64(len(e.Target))
	}
	return 0
}

// check refuses what the format cannot hold. Reader and writer share it, so nothing is written that is not read.
func (e *Entry) check() error {
	if err := checkName(e.Name); err != nil {
		return err
	}
	switch {
	case e.Kind < File || e.Kind > BlockDevice:
		return fmt.Errorf("unknown kind %d; a newer bakfs may know it", e.Kind)
	case e.Flags&^flagsKnown != 0:
		return fmt.Errorf("unknown flags %#x; a newer bakfs may know them", e.Flags)
	case e.Kind == Dir && e.Flags&flagHardLink != 0:
		return fmt.Errorf("a directory with a hard link")
	case e.Mode > maxMode:
		return fmt.Errorf("mode %#o has more than permission bits", e.Mode)
	case len(e.User) > 255 || len(e.Group) > 255:
		return fmt.Errorf("user or group name longer than 255 bytes")
	}
	if err := e.checkContent(); err != nil {
		return err
	}
	return e.checkXattrs()
}

// checkName refuses names that cannot stand in a directory.
func checkName(name string) error {
	switch {
	case name == "" || len(name) > maxName:
		return fmt.Errorf("name of %d bytes", len(name))
	case name == "." || name == "..":
		return fmt.Errorf("name %q", name)
	case strings.IndexByte(name, '/') >= 0 || strings.IndexByte(name, 0) >= 0:
		return fmt.Errorf("name %q holds a slash or NUL", name)
	}
	return nil
}

func (e *Entry) checkContent() error {
	switch e.Kind {
	case File:
		return e.checkFile()
	case Dir:
		if e.Root == (seal.ID{}) {
			return fmt.Errorf("directory without a root")
		}
	case Symlink:
		if e.Target == "" || len(e.Target) > maxTarget || strings.IndexByte(e.Target, 0) >= 0 {
			return fmt.Errorf("link target of %d bytes or with NUL", len(e.Target))
		}
	}
	return nil
}

func (e *Entry) checkFile() error {
	var held int64
	switch e.content() {
	case contentInline:
		if held = int64(len(e.Inline)); held > maxInline {
			return fmt.Errorf("%d bytes inline", held)
		}
	case contentExtents:
		if len(e.Extents) > maxExtents {
			return fmt.Errorf("%d extents in an entry", len(e.Extents))
		}
		for _, x := range e.Extents {
			if err := x.check(); err != nil {
				return err
			}
			held += int64(x.Length)
		}
	case contentList:
		if e.Size <= 0 || e.Data < 0 || e.Data > e.Size {
			return fmt.Errorf("extent list of a file of %d bytes, %d of them data", e.Size, e.Data)
		}
		return nil // its lengths are added up when it is read
	}
	if e.Size != held {
		return fmt.Errorf("size %d, but content of %d bytes", e.Size, held)
	}
	return nil
}

func (x Extent) check() error {
	if x.Length == 0 || x.Length > maxChunk && x.ID != (seal.ID{}) {
		return fmt.Errorf("extent of %d bytes", x.Length)
	}
	return nil
}

func (e *Entry) checkXattrs() error {
	sum, last := 0, ""
	for _, x := range e.Xattrs {
		switch {
		case x.Name == "" || len(x.Name) > 255:
			return fmt.Errorf("extended attribute with a name of %d bytes", len(x.Name))
		case len(x.Value) > maxXattr:
			return fmt.Errorf("extended attribute %q of %d bytes", x.Name, len(x.Value))
		case x.Name <= last:
			return fmt.Errorf("extended attributes %q and %q are not in order", last, x.Name)
		}
		sum, last = sum+len(x.Name)+len(x.Value), x.Name
	}
	if sum > maxXattrs {
		return fmt.Errorf("extended attributes of %d bytes in all", sum)
	}
	return nil
}

// appendEntry appends the encoding of e to b, or returns what the format cannot hold of it.
func appendEntry(b []byte, e *Entry) ([]byte, error) {
	if err := e.check(); err != nil {
		return b, err
	}
	be := binary.BigEndian
	flags := e.Flags &^ flagXattrs
	if len(e.Xattrs) > 0 {
		flags |= flagXattrs
	}
	b = append16(b, e.Name)
	b = append(b, uint8(e.Kind), e.content())
	b = be.AppendUint16(b, flags)
	b = be.AppendUint32(b, e.Mode)
	b = be.AppendUint32(b, e.UID)
	b = be.AppendUint32(b, e.GID)
	b = append8(b, e.User)
	b = append8(b, e.Group)
	b = be.AppendUint64(b, uint64(e.MTime))
	b = be.AppendUint64(b, uint64(e.CTime))
	b = be.AppendUint64(b, e.Inode)
	b = be.AppendUint32(b, e.Nlink)
	if flags&flagHardLink != 0 {
		b = be.AppendUint64(b, e.Device)
	}
	b = be.AppendUint64(b, e.storedSize())
	b = appendContent(b, e)
	if flags&flagXattrs != 0 {
		b = be.AppendUint16(b, uint16(len(e.Xattrs)))
	}
	for _, x := range e.Xattrs {
		b = append8(b, x.Name)
		b = be.AppendUint32(b, uint32(len(x.Value)))
		b = append(b, x.Value...)
	}
	return b, nil
}

func appendContent(b []byte, e *Entry) []byte {
	switch e.Kind {
	case Dir:
		return append(b, e.Root[:]...)
	case Symlink:
		return append16(b, e.Target)
	case CharDevice, BlockDevice:
		b = binary.BigEndian.AppendUint32(b, e.Major)
		return binary.BigEndian.AppendUint32(b, e.Minor)
	}
	switch e.content() {
	case contentInline:
		return append16(b, string(e.Inline))
	case contentExtents:
		b = append(b, uint8(len(e.Extents)))
		for _, x := range e.Extents {
			b = appendExtent(b, x)
		}
	case contentList:
		b = append(b, e.Root[:]...)
		b = binary.BigEndian.AppendUint64(b, uint64(e.Data))
	}
	return b
}

func appendExtent(b []byte, x Extent) []byte {
	b = binary.BigEndian.AppendUint32(b, x.Length)
	return append(b, x.ID[:]...)
}

func append8(b []byte, s string) []byte {
	return append(append(b, uint8(len(s))), s...)
}

func append16(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...)
}
