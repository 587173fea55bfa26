package fs

import (
	iofs "io/fs"
	"slices"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// selinux is the attribute that ls -l asks for first. Where SELinux runs the
// kernel answers it by itself.
const selinux = "security.selinux"

// GetXAttr answers getxattr. An empty dest asks for the size. The label of a file
// that has none is "not supported" rather than "no data": after that ls asks about
// no further file, which is half of what it asks for.
func (b *bridge) GetXAttr(cancel <-chan struct{}, h *fuse.InHeader, attr string, dest []byte) (size uint32, status fuse.Status) {
	if n := b.table.get(h.NodeId); n != nil && n.bare && attr == selinux {
		return 0, fuse.Status(syscall.ENOTSUP)
	}
	all, status := b.xattrs(cancel, h.NodeId)
	if status != fuse.OK {
		return 0, status
	}
	value, ok := all[attr]
	if !ok {
		return 0, fuse.ENODATA
	}
	return give(dest, value)
}

// ListXAttr answers listxattr, in the order of names. An empty dest asks for the
// size.
func (b *bridge) ListXAttr(cancel <-chan struct{}, h *fuse.InHeader, dest []byte) (uint32, fuse.Status) {
	all, status := b.xattrs(cancel, h.NodeId)
	if status != fuse.OK {
		return 0, status
	}
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	var list []byte
	for _, name := range names {
		list = append(append(list, name...), 0)
	}
	return give(dest, list)
}

func give(dest, value []byte) (uint32, fuse.Status) {
	if len(dest) > 0 && len(dest) < len(value) {
		return uint32(len(value)), fuse.ERANGE
	}
	copy(dest, value)
	return uint32(len(value)), fuse.OK
}

// xattrs asks the tree. A tree without extended attributes has none on any file;
// that is not ENOSYS, since a directory further down may be able to have them.
func (b *bridge) xattrs(cancel <-chan struct{}, id uint64) (all map[string][]byte, status fuse.Status) {
	n := b.table.get(id)
	if n == nil {
		return nil, fuse.Status(syscall.ESTALE)
	}
	if n.bare {
		return nil, fuse.OK
	}
	defer b.guard(n, "", &status)
	ctx := newRequest(cancel)
	defer ctx.end()
	f, name := n.place(ctx)
	x, ok := f.(XattrFS)
	if !ok {
		return nil, fuse.OK
	}
	all, err := x.Xattrs(name)
	if err == nil && n.dir != nil && n.dir.volatile {
		err = b.still(ctx, n)
	}
	if err != nil {
		return nil, b.fail(n.path(), err)
	}
	return all, fuse.OK
}

// still says that n's name means n's file, not another. Asked after something was
// got by that name, so that it holds for what was got.
func (b *bridge) still(ctx *request, n *node) error {
	f, name := n.place(ctx)
	info, err := iofs.Lstat(f, name)
	if err != nil {
		return err
	}
	a, target := b.owner.attr(info, n.dir, n.name), ""
	if isLink(a.Mode) {
		if target, err = iofs.ReadLink(f, name); err != nil {
			return err
		}
	}
	if fingerprint(&a, n.dir, n.name, target) != n.print {
		return errStale
	}
	return nil
}

// isBare says whether a file certainly has no extended attributes, now and later.
func isBare(info iofs.FileInfo, d *directory) bool {
	x, ok := info.(XattrInfo)
	return ok && !d.volatile && !x.HasXattrs()
}
