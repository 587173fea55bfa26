package snapshot

import (
	"bytes"
	"context"
	"slices"
	"sort"
	"sync"

	"golang.org/x/sys/unix"
)

// A nameList is the names of a folder in ascending order, in one piece of memory: a folder of a million names costs
// about 16 MB, a third of what as many strings would.
type nameList struct {
	text []byte
	ends []uint32 // of each name in text
	by   []uint32 // the order: indexes into ends
}

func (l *nameList) append(name string) {
	l.text = append(l.text, name...)
	l.by = append(l.by, uint32(len(l.ends)))
	l.ends = append(l.ends, uint32(len(l.text)))
}

func (l *nameList) bytes(i int) []byte { return l.textOf(l.by[i]) }

func (l *nameList) textOf(n uint32) []byte {
	start := uint32(0)
	if n > 0 {
		start = l.ends[n-1]
	}
	return l.text[start:l.ends[n]]
}

func (l *nameList) at(i int) string { return string(l.bytes(i)) }

func (l *nameList) len() int { return len(l.by) }

func (l *nameList) sort() { sort.Sort(byName{l}) }

type byName struct{ *nameList }

func (b byName) Len() int           { return len(b.by) }
func (b byName) Less(i, j int) bool { return bytes.Compare(b.bytes(i), b.bytes(j)) < 0 }
func (b byName) Swap(i, j int)      { b.by[i], b.by[j] = b.by[j], b.by[i] }

var listBuffers = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// list gives the names of a folder that may be wanted: all of a source, those that lead to sources of a folder on
// the way, the tag alone of a cache. With an error it gives the names that it got before.
func (c *creator) list(d *dir) (*nameList, error) {
	l := &nameList{}
	switch {
	case !d.inside:
		for _, name := range d.want.names() {
			l.append(name)
		}
		return l, nil
	case c.ExcludeCaches && isCache(d.fd):
		names := append(d.want.names(), cacheTag)
		slices.Sort(names)
		for _, name := range slices.Compact(names) {
			l.append(name)
		}
		return l, nil
	}
	buf := listBuffers.Get().(*[64 << 10]byte)
	defer listBuffers.Put(buf)
	var names []string
	for {
		n, err := retry(func() (int, error) { return unix.ReadDirent(d.fd, buf[:]) })
		if err != nil || n <= 0 {
			l.sort()
			l.unique()
			return l, err
		}
		_, _, names = unix.ParseDirent(buf[:n], -1, names[:0])
		for _, name := range names {
			l.append(name)
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

func (c *creator) countDir(ctx context.Context, d *dir) {
	names, _ := c.list(d)
	for i := range names.len() {
		if ctx.Err() != nil {
			return
		}
		name := names.at(i)
		want := d.want.child(name)
		named := want != nil && want.all
		st, err := statAt(d.fd, name)
		if err != nil {
			continue
		}
		inside := named || d.inside && !c.leftOut(d, name, &st)
		switch {
		case !inside && want == nil:
		case inside && kindOf(st.Mode) == File:
			c.Progress.total(1, st.Size)
		case !inside || kindOf(st.Mode) == Dir:
			c.countBelow(ctx, d, &dir{up: d, name: name, inside: inside, want: want, dev: d.dev, depth: d.depth + 1}, named)
		}
	}
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
