package snapshot

import (
	"crypto/sha256"
	"encoding/binary"
	iofs "io/fs"
	"path"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"bakfs/seal"
)

// A fileInfo describes an entry; it is its own DirEntry.
type fileInfo struct {
	name   string
	stat   syscall.Stat_t
	xattrs bool // there are some

	user, group string // as stored

	content seal.ID // see ContentID; zero: none
}

func newInfo(e *Entry, inode uint64) *fileInfo {
	i := new(fileInfo)
	i.set(e, inode)
	return i
}

// set fills i in.
func (i *fileInfo) set(e *Entry, inode uint64) {
	i.name, i.xattrs = e.Name, len(e.Xattrs) > 0
	i.user, i.group = e.User, e.Group
	s := &i.stat
	s.Ino = inode
	s.Mode = e.Mode | typeBits(e.Kind)
	s.Uid, s.Gid = e.UID, e.GID
	s.Size = int64(e.storedSize())
	number(&s.Nlink, uint64(max(e.Nlink, 1)))
	number(&s.Blksize, 128<<10)
	if e.Kind == CharDevice || e.Kind == BlockDevice {
		s.Rdev = unix.Mkdev(e.Major, e.Minor)
	}
	if e.Kind == File {
		s.Blocks = (dataBytes(e) + 511) / 512
	}
	s.Mtim = syscall.NsecToTimespec(e.MTime)
	s.Ctim = syscall.NsecToTimespec(e.CTime)
	s.Atim = s.Mtim
	i.content = contentOf(e)
}

// contentOf names what a directory or a file holds: by what the store calls it, or else by a hash. The names of chunks are
// keyed hashes, so that no other content has one of them.
func contentOf(e *Entry) seal.ID {
	switch {
	case e.Kind == Dir || e.content() == contentList:
		return e.Root
	case e.Kind != File:
		return seal.ID{}
	case len(e.Extents) == 1 && e.Extents[0].ID != seal.ID{}:
		return e.Extents[0].ID
	}
	var room [16 + maxInline]byte
	b := append(room[:0], "bakfs content\x00"...)
	b = append(b, e.content())
	return sha256.Sum256(appendContent(b, e))
}

// ContentID is equal only for files of the same bytes, and for directories that hold the same names with the same
// attributes and content. It is the same in all snapshots of a repository. ok is false where there is none, as for links.
func (i *fileInfo) ContentID() (id [sha256.Size]byte, ok bool) {
	return i.content, i.content != seal.ID{}
}

// number sets a field whose width differs between machines.
func number[T ~int32 | ~int64 | ~uint32 | ~uint64](field *T, n uint64) { *field = T(n) }

// dataBytes is the size without holes.
func dataBytes(e *Entry) int64 {
	if e.content() == contentList {
		return e.Data
	}
	data := e.Size
	for _, x := range e.Extents {
		if x.ID == (seal.ID{}) {
			data -= int64(x.Length)
		}
	}
	return data
}

func typeBits(k Kind) uint32 {
	switch k {
	case Dir:
		return syscall.S_IFDIR
	case Symlink:
		return syscall.S_IFLNK
	case FIFO:
		return syscall.S_IFIFO
	case Socket:
		return syscall.S_IFSOCK
	case CharDevice:
		return syscall.S_IFCHR
	case BlockDevice:
		return syscall.S_IFBLK
	}
	return syscall.S_IFREG
}

// named is i under the last part of path.
func (i *fileInfo) named(name string) *fileInfo {
	c := *i
	c.name = path.Base(name)
	return &c
}

func (i *fileInfo) Name() string                 { return i.name }
func (i *fileInfo) Size() int64                  { return i.stat.Size }
func (i *fileInfo) IsDir() bool                  { return i.stat.Mode&syscall.S_IFMT == syscall.S_IFDIR }
func (i *fileInfo) Type() iofs.FileMode          { return i.Mode().Type() }
func (i *fileInfo) Info() (iofs.FileInfo, error) { return i, nil }
func (i *fileInfo) HasXattrs() bool              { return i.xattrs }
func (i *fileInfo) Owner() (user, group string)  { return i.user, i.group } // their names at the backup, empty where unknown
func (i *fileInfo) Sys() any                     { return &i.stat }
func (i *fileInfo) ModTime() time.Time           { return time.Unix(i.stat.Mtim.Unix()) }
func (i *fileInfo) String() string               { return iofs.FormatDirEntry(i) }

func (i *fileInfo) Mode() iofs.FileMode {
	m := iofs.FileMode(i.stat.Mode & 0o777)
	if i.stat.Mode&syscall.S_ISUID != 0 {
		m |= iofs.ModeSetuid
	}
	if i.stat.Mode&syscall.S_ISGID != 0 {
		m |= iofs.ModeSetgid
	}
	if i.stat.Mode&syscall.S_ISVTX != 0 {
		m |= iofs.ModeSticky
	}
	switch i.stat.Mode & syscall.S_IFMT {
	case syscall.S_IFDIR:
		m |= iofs.ModeDir
	case syscall.S_IFLNK:
		m |= iofs.ModeSymlink
	case syscall.S_IFIFO:
		m |= iofs.ModeNamedPipe
	case syscall.S_IFSOCK:
		m |= iofs.ModeSocket
	case syscall.S_IFCHR:
		m |= iofs.ModeDevice | iofs.ModeCharDevice
	case syscall.S_IFBLK:
		m |= iofs.ModeDevice
	}
	return m
}

// An inodeKey makes inode numbers: one of the snapshot and the path, or of the snapshot and the hard link. It is
// a real hash, because someone who can choose the names in a folder must not be able to make two files seem one.
type inodeKey [sha256.Size]byte

func rootKey(domain string, id seal.Hash) inodeKey {
	return sha256.Sum256(append([]byte("bakfs inode "+domain+"\x00"), id[:]...))
}

// child is the key of a name below k.
func (k inodeKey) child(name string) inodeKey {
	var room [sha256.Size + maxName]byte
	return sha256.Sum256(append(append(room[:0], k[:]...), name...))
}

// link is the key of all names of a hard-linked file; no name has a NUL, so it is no child's.
func (k inodeKey) link(e *Entry) inodeKey {
	b := append(k[:len(k):len(k)], 0, uint8(e.Kind))
	b = binary.BigEndian.AppendUint64(b, e.Device)
	return sha256.Sum256(binary.BigEndian.AppendUint64(b, e.Inode))
}

// inode is never 0 or 1, which FUSE keeps for itself.
func (k inodeKey) inode() uint64 {
	if n := binary.BigEndian.Uint64(k[:]); n > 1 {
		return n
	}
	return 2
}
