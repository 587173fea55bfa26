package snapshot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	aclAccess  = "system.posix_acl_access"
	aclDefault = "system.posix_acl_default"
)

// attributes gives an open file or folder what its entry says, in the order in which nothing undoes what was done: a
// new owner clears setuid and capabilities, extended attributes need the right to write, a mode changes the ACL, and
// all of it changes times.
func (r *restorer) attributes(d *folder, e *Entry, fd int) {
	var errs []error
	try := func(what string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", what, err))
		}
	}
	if r.Owner {
		try("owner", unix.Fchown(fd, int(e.UID), int(e.GID)))
	}
	r.xattrs(e, false, try, func(name string, value []byte) error { return unix.Fsetxattr(fd, name, value, 0) })
	mode, err := r.mode(e, fd)
	try("mode", err)
	try("mode", unix.Fchmod(fd, mode))
	if d.inherits {
		r.dropACL(e, fd, try)
	}
	r.xattrs(e, true, try, func(name string, value []byte) error { return unix.Fsetxattr(fd, name, value, 0) })
	try("times", setTimes(fd, e.MTime))
	if len(errs) > 0 {
		r.problem(d, e.Name, fmt.Errorf("restored, but not all of its attributes: %w", errors.Join(errs...)))
	}
}

// mode leaves setuid and setgid out of files that do not get the owner or group they had: there the bits would lend
// the rights of somebody else.
func (r *restorer) mode(e *Entry, fd int) (uint32, error) {
	mode := e.Mode
	if e.Kind == Dir || mode&(unix.S_ISUID|unix.S_ISGID) == 0 {
		return mode, nil
	}
	st, err := statOf(fd)
	if err != nil || st.Uid != e.UID {
		mode &^= unix.S_ISUID
	}
	if err != nil || st.Gid != e.GID {
		mode &^= unix.S_ISGID
	}
	return mode, err
}

// xattrs sets those extended attributes that a restore may: a person's own and ACLs; trusted and security ones,
// which can lend rights, only together with owners.
func (r *restorer) xattrs(e *Entry, acls bool, try func(string, error), set func(string, []byte) error) {
	for _, x := range e.Xattrs {
		isACL := x.Name == aclAccess || x.Name == aclDefault
		root := strings.HasPrefix(x.Name, "trusted.") || strings.HasPrefix(x.Name, "security.")
		switch {
		case isACL != acls:
		case isACL, strings.HasPrefix(x.Name, "user."), root && r.Owner && os.Geteuid() == 0:
			try(fmt.Sprintf("extended attribute %q", x.Name), set(x.Name, x.Value))
		}
	}
}

// dropACL takes away what a file got from the folder's default ACL and its entry does not say.
func (r *restorer) dropACL(e *Entry, fd int, try func(string, error)) {
	has := map[string]bool{}
	for _, x := range e.Xattrs {
		has[x.Name] = true
	}
	for _, name := range []string{aclAccess, aclDefault} {
		if name == aclDefault && e.Kind != Dir || has[name] {
			continue
		}
		if err := unix.Fremovexattr(fd, name); !errors.Is(err, unix.ENODATA) && !errors.Is(err, unix.ENOTSUP) {
			try(name, err)
		}
	}
}

// timespecs are for utimensat: access time left alone, and the time of modification.
func timespecs(mtime int64) [2]unix.Timespec {
	t := [2]unix.Timespec{{Nsec: unix.UTIME_OMIT}, unix.NsecToTimespec(mtime)}
	return t
}

// setTimes is futimens, which x/sys does not have: utimensat without a name.
func setTimes(fd int, mtime int64) error {
	t := timespecs(mtime)
	_, _, errno := unix.Syscall6(unix.SYS_UTIMENSAT, uintptr(fd), 0, uintptr(unsafe.Pointer(&t)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// finishDir gives a folder its attributes, when all in it is done.
func (r *restorer) finishDir(d *folder, e *Entry) error {
	fd, err := d.fd()
	if err != nil {
		r.fail(d, "", err)
		return nil
	}
	named := *e
	named.Name = "" // the folder itself, in reports
	r.attributes(d, &named, fd)
	return nil
}

// makeOther makes links, FIFOs, sockets and devices.
func (r *restorer) makeOther(ctx context.Context, d *folder, e *Entry) {
	if e.Kind == File {
		return
	}
	isDevice := e.Kind == CharDevice || e.Kind == BlockDevice
	if isDevice && !r.Devices {
		r.skip(d, e, ErrSkipped)
		return
	}
	err := r.replace(d, e.Name, func(name string) error {
		if e.Kind == Symlink {
			return d.root.Symlink(e.Target, name)
		}
		return r.makeNode(d, e, name)
	})
	switch {
	case err != nil && (isDevice || e.Kind == Socket) && (errors.Is(err, unix.EPERM) || errors.Is(err, unix.EOPNOTSUPP)):
		r.skip(d, e, fmt.Errorf("%w: %w", ErrSkipped, err))
		return
	case err != nil:
		r.fail(d, e.Name, err)
		return
	}
	r.n.others.Add(1)
	r.otherAttributes(d, e)
	if r.Verify && e.Kind == Symlink {
		if target, err := d.root.Readlink(e.Name); err != nil || target != e.Target {
			r.fail(d, e.Name, errors.Join(err, ErrDiffers))
		}
	}
}

func (r *restorer) skip(d *folder, e *Entry, err error) {
	r.n.skipped.Add(1)
	r.note(r.dest+"/"+d.path(e.Name), err)
}

func (r *restorer) makeNode(d *folder, e *Entry, name string) error {
	fd, err := d.fd()
	if err != nil {
		return err
	}
	types := map[Kind]uint32{FIFO: unix.S_IFIFO, Socket: unix.S_IFSOCK, CharDevice: unix.S_IFCHR, BlockDevice: unix.S_IFBLK}
	dev := uint64(0)
	if e.Kind == CharDevice || e.Kind == BlockDevice {
		dev = unix.Mkdev(e.Major, e.Minor)
	}
	return unix.Mknodat(fd, name, types[e.Kind]|0o600, int(dev))
}

// otherAttributes works on a name that cannot be opened. Owner and times have calls that do not follow a link; a
// mode is set, and extended attributes of what is no link, through a descriptor of the name itself.
func (r *restorer) otherAttributes(d *folder, e *Entry) {
	var errs []error
	try := func(what string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", what, err))
		}
	}
	fd, err := d.fd()
	if err != nil {
		r.problem(d, e.Name, err)
		return
	}
	if r.Owner {
		try("owner", unix.Fchownat(fd, e.Name, int(e.UID), int(e.GID), unix.AT_SYMLINK_NOFOLLOW))
	}
	p := procPath(fd, e.Name)
	r.xattrs(e, false, try, func(name string, value []byte) error { return unix.Lsetxattr(p, name, value, 0) })
	if e.Kind != Symlink {
		try("mode", r.otherMode(d, e, fd, try))
	}
	t := timespecs(e.MTime)
	try("times", unix.UtimesNanoAt(fd, e.Name, t[:], unix.AT_SYMLINK_NOFOLLOW))
	if len(errs) > 0 {
		r.problem(d, e.Name, fmt.Errorf("restored, but not all of its attributes: %w", errors.Join(errs...)))
	}
}

// otherMode sets mode and ACLs of a FIFO, socket or device.
func (r *restorer) otherMode(d *folder, e *Entry, dirfd int, try func(string, error)) error {
	fd, err := unix.Openat(dirfd, e.Name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	st, err := statOf(fd)
	if err != nil || kindOf(st.Mode) != e.Kind {
		return errors.Join(err, errInTheWay)
	}
	mode, err := r.mode(e, fd)
	if err != nil {
		return err
	}
	p := procPath(fd, "")
	if err := unix.Chmod(p, mode); err != nil {
		return err
	}
	if d.inherits {
		if err := unix.Removexattr(p, aclAccess); err != nil && !errors.Is(err, unix.ENODATA) && !errors.Is(err, unix.ENOTSUP) {
			return err
		}
	}
	r.xattrs(e, true, try, func(name string, value []byte) error { return unix.Setxattr(p, name, value, 0) })
	return nil
}
