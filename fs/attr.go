package fs

import (
	"hash/maphash"
	iofs "io/fs"
	"os"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// How long the kernel may believe what it was told. What is not volatile never
// changes; an hour is long enough to cost nothing and short enough to heal.
const (
	stable   = time.Hour
	volatile = time.Second
)

// blockSize is what stat and statfs advise for reading: a request's size.
const blockSize = 1 << 20

// owner says whose everything is; nil: as stored.
type owner struct{ uid, gid *uint32 }

// newOwner applies the rule of Options: root sees the stored owners, anybody
// else would be locked out by them and sees all as his own.
func newOwner(o Options) owner {
	w := owner{o.UID, o.GID}
	if os.Geteuid() != 0 {
		u, g := uint32(os.Geteuid()), uint32(os.Getegid())
		if w.uid == nil {
			w.uid = &u
		}
		if w.gid == nil {
			w.gid = &g
		}
	}
	return w
}

// attr converts what the tree says. d and name stand in for the inode number of
// a tree that has none; d is nil for the root.
func (w owner) attr(info iofs.FileInfo, d *directory, name string) fuse.Attr {
	var a fuse.Attr
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		a.FromStat(st)
	} else {
		a = plainAttr(info)
	}
	a.Blksize = blockSize
	a.Ino = inode(info, d, name)
	if w.uid != nil {
		a.Uid = *w.uid
	}
	if w.gid != nil {
		a.Gid = *w.gid
	}
	return a
}

// inode returns the tree's inode number, or one made up from the place.
func inode(info iofs.FileInfo, d *directory, name string) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Ino != 0 {
		return st.Ino
	}
	if d == nil {
		return rootID
	}
	return madeUp(d, name)
}

func plainAttr(info iofs.FileInfo) fuse.Attr {
	m, t := info.Mode(), info.ModTime()
	a := fuse.Attr{Mode: uint32(m.Perm()) | typeBits(m), Size: uint64(info.Size()), Nlink: 1}
	a.Owner = fuse.Owner{Uid: uint32(os.Geteuid()), Gid: uint32(os.Getegid())}
	if m.IsDir() {
		a.Nlink = 2
	}
	for bit, raw := range map[iofs.FileMode]uint32{
		iofs.ModeSetuid: syscall.S_ISUID, iofs.ModeSetgid: syscall.S_ISGID, iofs.ModeSticky: syscall.S_ISVTX,
	} {
		if m&bit != 0 {
			a.Mode |= raw
		}
	}
	if !t.IsZero() {
		a.SetTimes(&t, &t, &t)
	}
	a.Blocks = (a.Size + 511) / 512
	return a
}

func typeBits(m iofs.FileMode) uint32 {
	switch m.Type() {
	case iofs.ModeDir:
		return syscall.S_IFDIR
	case iofs.ModeSymlink:
		return syscall.S_IFLNK
	case iofs.ModeNamedPipe:
		return syscall.S_IFIFO
	case iofs.ModeSocket:
		return syscall.S_IFSOCK
	case iofs.ModeDevice:
		return syscall.S_IFBLK
	case iofs.ModeDevice | iofs.ModeCharDevice:
		return syscall.S_IFCHR
	}
	return syscall.S_IFREG
}

// seed makes the fingerprints of one process; nothing of them lasts longer.
var seed = maphash.MakeSeed()

// madeUp is a number for a place in the tree.
func madeUp(d *directory, name string) uint64 {
	return maphash.Comparable(seed, struct {
		dir  uint64
		name string
	}{d.id, name})
}

// fingerprint tells two files of one inode number apart, so that the kernel's cache of
// the one is never taken for the other. A directory is its place: the kernel can
// hold a directory in one place only, while a tree may show it in two.
func fingerprint(a *fuse.Attr, d *directory, name, target string) uint64 {
	if isDir(a.Mode) {
		return madeUp(d, name) ^ syscall.S_IFDIR
	}
	return maphash.Comparable(seed, struct {
		typ, rdev     uint32
		size          uint64
		mtime, ctime  uint64
		mnsec, cnsec  uint32
		volatileLinks string
	}{a.Mode & syscall.S_IFMT, a.Rdev, a.Size, a.Mtime, a.Ctime, a.Mtimensec, a.Ctimensec, target})
}

func isDir(mode uint32) bool  { return mode&syscall.S_IFMT == syscall.S_IFDIR }
func isLink(mode uint32) bool { return mode&syscall.S_IFMT == syscall.S_IFLNK }
func isFile(mode uint32) bool { return mode&syscall.S_IFMT == syscall.S_IFREG }
