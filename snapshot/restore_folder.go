package snapshot

import (
	"errors"
	"fmt"
	iofs "io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"bakfs/seal"
	"bakfs/store"

	"golang.org/x/sys/unix"
)

// A folder is an open directory in dest. Every name is used in the folder that holds it, one component at a time, so no
// path is long and none leads through a link. It is closed when the last user drops it.
type folder struct {
	up       *folder
	name     string
	root     *os.Root
	depth    int
	inherits bool // what is made here gets an ACL from the folder
	users    atomic.Int32

	once sync.Once // guards what follows
	file *os.File
	err  error
}

func newFolder(up *folder, name string, root *os.Root) *folder {
	d := &folder{up: up, name: strings.Clone(name), root: root} // name may be cut out of much more
	if up != nil {
		d.depth, d.inherits = up.depth+1, up.inherits
	}
	d.users.Store(1)
	return d
}

func (d *folder) hold() { d.users.Add(1) }

func (d *folder) drop() {
	if d.users.Add(-1) > 0 {
		return
	}
	if d.file != nil {
		d.file.Close()
	}
	d.root.Close()
}

// fd is a descriptor of the folder, for the calls that os.Root does not have. They get a single name and do not
// follow it.
func (d *folder) fd() (int, error) {
	d.once.Do(func() { d.file, d.err = d.root.Open(".") })
	if d.err != nil {
		return -1, d.err
	}
	return int(d.file.Fd()), nil
}

// path gives the path of name in dest.
func (d *folder) path(name string) string {
	var parts []string
	if name != "" {
		parts = append(parts, name)
	}
	for up := d; up.up != nil; up = up.up {
		parts = append(parts, up.name)
	}
	for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
		parts[i], parts[j] = parts[j], parts[i]
	}
	return strings.Join(parts, "/")
}

// makeDir makes a folder that only its owner can enter until all is done. With Overwrite one that is there will do.
func (r *restorer) makeDir(d *folder, e *Entry) *folder {
	if d.depth >= maxDepth {
		r.fail(d, e.Name, fmt.Errorf("more than %d folders inside each other: %w", maxDepth, store.ErrDamaged))
		return nil
	}
	err := d.root.Mkdir(e.Name, 0o700)
	old := errors.Is(err, iofs.ErrExist) && r.Overwrite
	if err != nil && !old {
		r.fail(d, e.Name, err)
		return nil
	}
	if old {
		letOwnerIn(d, e.Name)
	}
	child := r.openDir(d, e)
	if child != nil && old {
		child.inherits, _ = hasDefaultACL(child)
	}
	if child != nil {
		r.n.dirs.Add(1)
	}
	return child
}

// letOwnerIn gives the owner of a folder that is there the right to make files in it, for as long as the restore
// takes: finishDir gives it the mode of its entry. Where it does not work, making files may all the same, as in a
// folder of somebody else; where not, that is reported.
func letOwnerIn(d *folder, name string) {
	dir, err := d.fd()
	if err != nil {
		return
	}
	fd, err := unix.Openat(dir, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	if st, err := statOf(fd); err == nil && st.Mode&0o700 != 0o700 {
		_ = unix.Chmod(procPath(fd, ""), st.Mode&0o7777|0o700)
	}
}

// openDir opens a real folder, never through a link.
func (r *restorer) openDir(d *folder, e *Entry) *folder {
	info, err := d.root.Lstat(e.Name)
	if err == nil && !info.IsDir() {
		err = errInTheWay
	}
	if err != nil {
		r.fail(d, e.Name, err)
		return nil
	}
	root, err := d.root.OpenRoot(e.Name)
	if err != nil {
		r.fail(d, e.Name, err)
		return nil
	}
	child := newFolder(d, e.Name, root)
	if now, err := root.Stat("."); err != nil || !os.SameFile(info, now) {
		r.fail(d, e.Name, errInTheWay)
		child.drop()
		return nil
	}
	return child
}

// hasDefaultACL says if files that are made in a folder get an ACL from it.
func hasDefaultACL(d *folder) (bool, error) {
	fd, err := d.fd()
	if err != nil {
		return false, err
	}
	n, err := unix.Fgetxattr(fd, "system.posix_acl_default", nil)
	return err == nil && n > 0, nil
}

// fail reports a name that could not be made, once; no later pass touches it or what is below.
func (r *restorer) fail(d *folder, name string, err error) {
	p := d.path(name)
	if name == "" {
		p += "/" // its list of names, not the folder itself
	}
	r.mu.Lock()
	known := r.failed[p]
	r.failed[p] = true
	r.mu.Unlock()
	if !known {
		r.problem(d, name, err)
	}
}

func (r *restorer) hasFailed(p string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed[p]
}

// problem reports what went wrong with one name. A full or read-only disk ends the run: each further file would say
// the same.
func (r *restorer) problem(d *folder, name string, err error) {
	p := filepath.Join(r.dest, d.path(name))
	for _, stop := range []error{unix.ENOSPC, unix.EDQUOT, unix.EROFS} {
		if errors.Is(err, stop) {
			r.cancel(fmt.Errorf("%s: %w", p, err))
			return
		}
	}
	r.n.errors.Add(1)
	for _, bad := range []error{store.ErrDamaged, store.ErrMissing, seal.ErrTampered, seal.ErrKey} {
		if errors.Is(err, bad) {
			r.n.damaged.Add(1)
			break
		}
	}
	r.note(p, err)
}

func (r *restorer) note(p string, err error) {
	if r.Warn == nil {
		return
	}
	r.warn.Lock()
	defer r.warn.Unlock()
	r.Warn(p, err)
}

func (r *restorer) result() RestoreResult {
	return RestoreResult{
		Files: r.n.files.Load(), Dirs: r.n.dirs.Load(), Others: r.n.others.Load(), Bytes: r.n.bytes.Load(),
		Skipped: r.n.skipped.Load(), Verified: r.n.verified.Load(), Errors: r.n.errors.Load(), Damaged: r.n.damaged.Load(),
	}
}
