package snapshot

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// openAt opens name below the folder fd without following a link, without waiting for the other end of a FIFO, and
// without leaving an access time behind where the system allows that (to the owner and to root).
func openAt(fd int, name string, flags int) (int, error) {
	flags |= unix.O_RDONLY | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_CLOEXEC | unix.O_NOCTTY
	got, err := retry(func() (int, error) { return unix.Openat(fd, name, flags|unix.O_NOATIME, 0) })
	if errors.Is(err, unix.EPERM) {
		got, err = retry(func() (int, error) { return unix.Openat(fd, name, flags, 0) })
	}
	return got, err
}

// retry repeats a call that a signal interrupted.
func retry[T any](call func() (T, error)) (T, error) {
	for {
		v, err := call()
		if err != unix.EINTR {
			return v, err
		}
	}
}

func statAt(fd int, name string) (unix.Stat_t, error) {
	return retry(func() (st unix.Stat_t, err error) {
		err = unix.Fstatat(fd, name, &st, unix.AT_SYMLINK_NOFOLLOW)
		return st, err
	})
}

func statOf(fd int) (unix.Stat_t, error) {
	return retry(func() (st unix.Stat_t, err error) { err = unix.Fstat(fd, &st); return st, err })
}

// readLinkAt returns a link's target; it is at most 4,095 bytes on Linux.
func readLinkAt(fd int, name string) (string, error) {
	buf := make([]byte, unix.PathMax)
	n, err := retry(func() (int, error) { return unix.Readlinkat(fd, name, buf) })
	if err != nil {
		return "", err
	}
	return string(buf[:n]), nil
}

// kindOf gives an entry's kind; 0 for what no file system of today has.
func kindOf(mode uint32) Kind {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return File
	case unix.S_IFDIR:
		return Dir
	case unix.S_IFLNK:
		return Symlink
	case unix.S_IFIFO:
		return FIFO
	case unix.S_IFSOCK:
		return Socket
	case unix.S_IFCHR:
		return CharDevice
	case unix.S_IFBLK:
		return BlockDevice
	}
	return 0
}

// nanoseconds clamps to the years 1678 to 2262, which is what the format can say.
func nanoseconds(t unix.Timespec) int64 {
	const limit = math.MaxInt64/1_000_000_000 - 1
	sec := min(max(int64(t.Sec), -limit), limit)
	return sec*1_000_000_000 + int64(t.Nsec)
}

// owners turns numbers into names, asking the system once for each. Safe for concurrent use.
type owners struct{ users, groups sync.Map }

func (o *owners) user(id uint32) string {
	return cached(&o.users, id, func(text string) (string, error) {
		u, err := user.LookupId(text)
		if err != nil {
			return "", err
		}
		return u.Username, nil
	})
}

func (o *owners) group(id uint32) string {
	return cached(&o.groups, id, func(text string) (string, error) {
		g, err := user.LookupGroupId(text)
		if err != nil {
			return "", err
		}
		return g.Name, nil
	})
}

func cached(m *sync.Map, id uint32, look func(string) (string, error)) string {
	if name, ok := m.Load(id); ok {
		return name.(string)
	}
	name, err := look(strconv.FormatUint(uint64(id), 10))
	if err != nil || len(name) > 255 {
		name = "" // the number alone is kept
	}
	m.Store(id, name)
	return name
}

// newEntry takes over what stat says: all but content, target and extended attributes.
func (o *owners) newEntry(name string, st *unix.Stat_t) *Entry {
	e := &Entry{
		Name:  name,
		Kind:  kindOf(st.Mode),
		Mode:  st.Mode & 0o7777,
		UID:   st.Uid,
		GID:   st.Gid,
		User:  o.user(st.Uid),
		Group: o.group(st.Gid),
		MTime: nanoseconds(st.Mtim),
		CTime: nanoseconds(st.Ctim),
		Inode: st.Ino,
		Nlink: uint32(min(uint64(st.Nlink), math.MaxUint32)),
	}
	switch e.Kind {
	case CharDevice, BlockDevice:
		e.Major, e.Minor = unix.Major(uint64(st.Rdev)), unix.Minor(uint64(st.Rdev))
	}
	if e.Kind != Dir && st.Nlink > 1 {
		e.Flags |= flagHardLink
		e.Device = uint64(st.Dev)
	}
	return e
}

// A xattrTarget is a file whose extended attributes are read: by descriptor, or (links, sockets and what cannot be
// opened) by a path through /proc that goes to the folder's descriptor and then to one name, not following it.
type xattrTarget struct {
	fd   int
	path string
}

func (t xattrTarget) list(buf []byte) (int, error) {
	if t.path != "" {
		return unix.Llistxattr(t.path, buf)
	}
	return unix.Flistxattr(t.fd, buf)
}

func (t xattrTarget) get(name string, buf []byte) (int, error) {
	if t.path != "" {
		return unix.Lgetxattr(t.path, name, buf)
	}
	return unix.Fgetxattr(t.fd, name, buf)
}

func procPath(fd int, name string) string {
	p := "/proc/self/fd/" + strconv.Itoa(fd)
	if name != "" {
		p += "/" + name
	}
	return p
}

var errXattrsTooLarge = errors.New("more extended attributes than a snapshot keeps of one file (64 KiB each, 256 KiB in all)")

// readXattrs returns all that a file has; see readXattrsFrom.
func readXattrs(t xattrTarget) ([]Xattr, error) { return readXattrsFrom(t) }

// readXattrsFrom returns all that the system shows, sorted by name. What does not fit is left out, and the error says so;
// the rest is returned all the same.
func readXattrsFrom(t interface {
	list(buf []byte) (int, error)
	get(name string, buf []byte) (int, error)
}) ([]Xattr, error) {
	names, err := growing(func(buf []byte) (int, error) { return t.list(buf) })
	switch {
	case errors.Is(err, unix.ENOTSUP), errors.Is(err, unix.ENOSYS):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("extended attributes: %w", err)
	case len(names) == 0:
		return nil, nil
	}
	var list []Xattr
	var problem error
	total := 0
	for name := range strings.SplitSeq(string(bytes.TrimSuffix(names, []byte{0})), "\x00") {
		value, err := growing(func(buf []byte) (int, error) { return t.get(name, buf) })
		switch {
		case errors.Is(err, unix.ENODATA):
			continue // removed since
		case err != nil:
			problem = fmt.Errorf("extended attribute %q: %w", name, err)
		case len(value) > maxXattr || total+len(name)+len(value) > maxXattrs || len(list) == math.MaxUint16:
			problem = errXattrsTooLarge
		default:
			total += len(name) + len(value)
			list = append(list, Xattr{Name: name, Value: value})
		}
	}
	slices.SortFunc(list, func(a, b Xattr) int { return cmp.Compare(a.Name, b.Name) })
	return list, problem
}

// growing calls with a larger buffer as long as the answer does not fit.
func growing(call func([]byte) (int, error)) ([]byte, error) {
	var small [256]byte
	buf := small[:]
	for {
		n, err := retry(func() (int, error) { return call(buf) })
		switch {
		case err == nil:
			return bytes.Clone(buf[:n]), nil
		case errors.Is(err, unix.ERANGE) && len(buf) < 1<<20:
			buf = make([]byte, 8*len(buf))
		default:
			return nil, err
		}
	}
}
