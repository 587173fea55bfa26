package snapshot

import (
	"bytes"
	"context"
	"encoding/binary"
	"sort"
	"sync"

	"golang.org/x/sys/unix"
)

// A nameList is the names of a folder in ascending order, in blocks of memory that are never copied: a folder of a
// million names costs little more than the names do.
type nameList struct {
	blocks [][]byte // names, each behind its length as a u16; none goes over a block's end
	by     []uint32 // the order: where names are, as the number of a block times nameBlock and the place in it
}

// nameBlock is the size of a block. It holds any name that a system lists.
const nameBlock = 64 << 10

func (l *nameList) append(name string) {
	last := len(l.blocks) - 1
	if last < 0 || len(l.blocks[last])+2+len(name) > nameBlock {
		size := nameBlock
		if last < 0 {
			size = 512 // most folders are small
		}
		l.blocks = append(l.blocks, make([]byte, 0, size))
		last++
	}
	l.by = append(l.by, uint32(last*nameBlock+len(l.blocks[last])))
	l.blocks[last] = append16(l.blocks[last], name)
}

func (l *nameList) bytes(i int) []byte { return l.textOf(l.by[i]) }

func (l *nameList) textOf(at uint32) []byte {
	b := l.blocks[at/nameBlock][at%nameBlock:]
	return b[2:][:binary.BigEndian.Uint16(b)]
}

func (l *nameList) at(i int) string { return string(l.bytes(i)) }

func (l *nameList) len() int { return len(l.by) }

func (l *nameList) sort() { sort.Sort(byName{l}) }

type byName struct{ *nameList }

func (b byName) Len() int           { return len(b.by) }
func (b byName) Less(i, j int) bool { return bytes.Compare(b.bytes(i), b.bytes(j)) < 0 }
func (b byName) Swap(i, j int)      { b.by[i], b.by[j] = b.by[j], b.by[i] }

var listBuffers = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// list gives the names of a folder that may be wanted, in order. With an error it gives the names that it got before.
func (c *creator) list(d *dir) (*nameList, error) {
	l := &nameList{}
	err := c.eachName(d, func(name string) bool {
		l.append(name)
		return true
	})
	if c.listed != nil && err == nil {
		err = c.listed(d)
	}
	for _, name := range d.want.names() {
		l.append(name) // a source that was not listed must be missed
	}
	l.sort()
	l.unique()
	return l, err
}

// eachName calls yield, until it returns false, with the names of a folder that may be wanted: all of a source, those
// that lead to sources of a folder on the way, the tag alone of a cache.
func (c *creator) eachName(d *dir, yield func(string) bool) error {
	switch {
	case !d.inside:
		for _, name := range d.want.names() {
			if !yield(name) {
				break
			}
		}
		return nil
	case c.ExcludeCaches && isCache(d.fd):
		for _, name := range append(d.want.names(), cacheTag) {
			if !yield(name) {
				break
			}
		}
		return nil
	}
	return eachDirent(d.fd, yield)
}

// eachDirent calls yield with the names that the system lists, until it returns false.
func eachDirent(fd int, yield func(string) bool) error {
	buf := listBuffers.Get().(*[64 << 10]byte)
	defer listBuffers.Put(buf)
	var names []string
	for {
		n, err := retry(func() (int, error) { return unix.ReadDirent(fd, buf[:]) })
		if err != nil || n <= 0 {
			return err
		}
		_, _, names = unix.ParseDirent(buf[:n], -1, names[:0])
		for _, name := range names {
			if !yield(name) {
				return nil
			}
		}
	}
}

// unique drops names that the file system listed twice, which happens when a folder changes meanwhile.
func (l *nameList) unique() {
	kept := l.by[:0]
	for i := range l.by {
		if i == 0 || !bytes.Equal(l.bytes(i), l.textOf(kept[len(kept)-1])) {
			kept = append(kept, l.by[i])
		}
	}
	l.by = kept
}

const (
	cacheTag       = "CACHEDIR.TAG"
	cacheSignature = "Signature: 8a477f597d28d172789f06886806bc55"
)

// isCache says if the folder is marked as a cache (https://bford.info/cachedir/): by the tag's first bytes, so that
// a file that only has the name hides nothing.
func isCache(dirfd int) bool {
	fd, err := openAt(dirfd, cacheTag, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	st, err := statOf(fd)
	if err != nil || kindOf(st.Mode) != File {
		return false
	}
	buf := make([]byte, len(cacheSignature))
	n, err := retry(func() (int, error) { return unix.Pread(fd, buf, 0) })
	return err == nil && string(buf[:n]) == cacheSignature
}

// count walks the sources for the totals of Progress, beside the run itself. What it cannot read it passes over.
func (c *creator) count(ctx context.Context) {
	fd, err := unix.Open("/", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil {
		return
	}
	c.countDir(ctx, &dir{fd: fd, want: c.wanted, inside: c.wanted.all, dev: uint64(st.Dev)})
	if ctx.Err() == nil {
		c.Progress.complete()
	}
}

// countDir keeps the names of folders only, and goes into them when no more of d is listed: a listing takes a buffer.
func (c *creator) countDir(ctx context.Context, d *dir) {
	var below nameList
	var inside []bool // of below
	c.eachName(d, func(name string) bool {
		if enter, in := c.countName(d, name); enter {
			below.append(name)
			inside = append(inside, in)
		}
		return ctx.Err() == nil
	})
	for i := range below.len() {
		if ctx.Err() != nil {
			return
		}
		name := below.at(i)
		want := d.want.child(name)
		child := &dir{up: d, name: name, inside: inside[i], want: want, dev: d.dev, depth: d.depth + 1}
		c.countBelow(ctx, d, child, want != nil && want.all)
	}
}

// countName counts a file, and says whether name is a folder to enter and whether that is inside of a source.
func (c *creator) countName(d *dir, name string) (enter, inside bool) {
	want := d.want.child(name)
	named := want != nil && want.all
	st, err := statAt(d.fd, name)
	if err != nil {
		return false, false
	}
	inside = named || d.inside && !c.leftOut(d, name, &st)
	if inside && kindOf(st.Mode) == File {
		c.Progress.total(1, st.Size)
		return false, true
	}
	return inside && kindOf(st.Mode) == Dir || !inside && want != nil, inside
}

func (c *creator) countBelow(ctx context.Context, d, child *dir, named bool) {
	var err error
	if child.inside {
		child.fd, err = openAt(d.fd, child.name, unix.O_DIRECTORY)
	} else {
		child.fd, err = unix.Openat(d.fd, child.name, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	}
	if err != nil {
		return
	}
	defer unix.Close(child.fd)
	st, err := statOf(child.fd)
	if err != nil {
		return
	}
	if named {
		child.dev = uint64(st.Dev)
	}
	if child.inside && (c.OneFileSystem && uint64(st.Dev) != child.dev || child.depth > maxDepth) {
		return
	}
	c.countDir(ctx, child)
}
