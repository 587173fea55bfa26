package snapshot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"bakfs/seal"
)

var errShort = errors.New("ends too early")

// A cursor reads fields from the front of b. After a field that is not whole it is short, and all that follow are zero.
// Strings it returns share b's memory: b must never change while they live.
type cursor struct {
	b     []byte
	short bool
}

func (c *cursor) take(n int) []byte {
	if n < 0 || n > len(c.b) {
		c.b, c.short = nil, true
		return nil
	}
	f := c.b[:n:n]
	c.b = c.b[n:]
	return f
}

func (c *cursor) u8() uint8 {
	if f := c.take(1); f != nil {
		return f[0]
	}
	return 0
}

func (c *cursor) u16() uint16 {
	if f := c.take(2); f != nil {
		return binary.BigEndian.Uint16(f)
	}
	return 0
}

func (c *cursor) u32() uint32 {
	if f := c.take(4); f != nil {
		return binary.BigEndian.Uint32(f)
	}
	return 0
}

func (c *cursor) u64() uint64 {
	if f := c.take(8); f != nil {
		return binary.BigEndian.Uint64(f)
	}
	return 0
}

func (c *cursor) id() (id seal.ID) {
	copy(id[:], c.take(len(id)))
	return id
}

func (c *cursor) text(n int) string {
	f := c.take(n)
	return unsafe.String(unsafe.SliceData(f), len(f))
}

// entry reads one entry into e and refuses what appendEntry would not have written. The memory of e's Extents and
// Xattrs is used again; set them nil to keep an earlier entry's.
func (c *cursor) entry(e *Entry) error {
	*e = Entry{Extents: e.Extents[:0], Xattrs: e.Xattrs[:0]}
	e.Name = c.text(int(c.u16()))
	e.Kind = Kind(c.u8())
	content := c.u8()
	e.Flags = c.u16()
	e.Mode, e.UID, e.GID = c.u32(), c.u32(), c.u32()
	e.User = c.text(int(c.u8()))
	e.Group = c.text(int(c.u8()))
	e.MTime, e.CTime = int64(c.u64()), int64(c.u64())
	e.Inode, e.Nlink = c.u64(), c.u32()
	if e.Flags&flagHardLink != 0 {
		e.Device = c.u64()
	}
	size := c.u64()
	e.Size = int64(size)
	if err := c.content(e, content); err != nil {
		return err
	}
	if e.Flags&flagXattrs != 0 {
		c.xattrs(e)
	}
	switch {
	case c.short:
		return errShort
	case e.Size < 0:
		return fmt.Errorf("size %d", size)
	case e.Flags&flagXattrs != 0 && len(e.Xattrs) == 0:
		return errors.New("flag of extended attributes without any")
	}
	if err := e.check(); err != nil {
		return err
	}
	if content != e.content() || size != e.storedSize() {
		return fmt.Errorf("kind %d with content %d and size %d", e.Kind, content, size)
	}
	return nil
}

// content reads the part that depends on the kind.
func (c *cursor) content(e *Entry, content uint8) error {
	switch e.Kind {
	case Dir:
		e.Root = c.id()
	case Symlink:
		e.Target = c.text(int(c.u16()))
	case CharDevice, BlockDevice:
		e.Major, e.Minor = c.u32(), c.u32()
	case File:
		switch content {
		case contentNone:
		case contentInline:
			e.Inline = c.take(int(c.u16()))
		case contentExtents:
			n := int(c.u8())
			e.Extents = slices.Grow(e.Extents, min(n, len(c.b)/extentBytes))
			for ; n > 0 && !c.short; n-- {
				e.Extents = append(e.Extents, c.extent())
			}
		case contentList:
			e.Root = c.id()
			e.Data = int64(c.u64())
		default:
			return fmt.Errorf("unknown content %d; a newer bakfs may know it", content)
		}
	}
	return nil
}

func (c *cursor) extent() Extent {
	return Extent{Length: c.u32(), ID: c.id()}
}

func (c *cursor) xattrs(e *Entry) {
	for n := c.u16(); n > 0 && !c.short; n-- {
		name := c.text(int(c.u8()))
		e.Xattrs = append(e.Xattrs, Xattr{Name: name, Value: c.take(int(c.u32()))})
	}
}
