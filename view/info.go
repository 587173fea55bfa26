package view

import (
	iofs "io/fs"
	"os"
	"syscall"
	"time"
)

const (
	dirSize   = 4096 // what stat says of each directory
	blockSize = 128 << 10
)

// An attr is what stat says of a node.
type attr struct {
	mode  uint32 // as in stat
	size  int64
	ino   uint64
	links int
	mtime time.Time

	xattrs bool // it has some
}

// An info is an attr with a name: the FileInfo of all that views show.
type info struct {
	name string
	sys  syscall.Stat_t

	xattrs bool
}

func newInfo(name string, a attr) *info {
	i := &info{name: name, xattrs: a.xattrs}
	s := &i.sys
	s.Ino, s.Mode, s.Size = a.ino, a.mode, a.size
	s.Uid, s.Gid = uint32(os.Geteuid()), uint32(os.Getegid())
	number(&s.Nlink, uint64(max(a.links, 1)))
	number(&s.Blksize, blockSize)
	s.Blocks = (a.size + 511) / 512
	if a.mode&syscall.S_IFMT == syscall.S_IFLNK {
		s.Blocks = 0
	}
	s.Mtim = timespec(a.mtime)
	s.Ctim, s.Atim = s.Mtim, s.Mtim
	return i
}

// number sets a field whose width differs between machines.
func number[T ~int32 | ~int64 | ~uint32 | ~uint64](field *T, n uint64) { *field = T(n) }

// timespec is t as the kernel counts; times that it cannot count are 1970.
func timespec(t time.Time) syscall.Timespec {
	if sec := t.Unix(); sec < 0 || sec >= 1<<33 {
		return syscall.Timespec{}
	}
	return syscall.NsecToTimespec(t.UnixNano())
}

func (i *info) Name() string       { return i.name }
func (i *info) Size() int64        { return i.sys.Size }
func (i *info) IsDir() bool        { return i.Mode().IsDir() }
func (i *info) HasXattrs() bool    { return i.xattrs }
func (i *info) Sys() any           { return &i.sys }
func (i *info) ModTime() time.Time { return time.Unix(i.sys.Mtim.Unix()) }
func (i *info) String() string     { return iofs.FormatFileInfo(i) }

func (i *info) Mode() iofs.FileMode {
	m := iofs.FileMode(i.sys.Mode & 0o777)
	switch i.sys.Mode & syscall.S_IFMT {
	case syscall.S_IFDIR:
		m |= iofs.ModeDir
	case syscall.S_IFLNK:
		m |= iofs.ModeSymlink
	}
	return m
}
