package weakdisk

import (
	"maps"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

const maxName = 255

// attr fills in what stat shows.
func (n *inode) attr(a *fuse.Attr) {
	*a = fuse.Attr{Ino: n.number, Mode: n.mode | syscall.S_IFREG, Nlink: n.links, Size: uint64(len(n.data)), Blksize: 4096,
		Owner: fuse.Owner{Uid: uint32(os.Getuid()), Gid: uint32(os.Getgid())}, Blocks: uint64(len(n.data)+511) / 512}
	if n.dir {
		a.Mode = n.mode | syscall.S_IFDIR
	}
	a.SetTimes(&n.time, &n.time, &n.time)
}

// entry fills in the answer to a lookup; nothing in it may be cached.
func (n *inode) entry(out *fuse.EntryOut) {
	out.NodeId = n.number
	out.Generation = 1
	n.attr(&out.Attr)
}

// add makes a new inode under a name.
func (d *Disk) add(dir *inode, name string, n *inode) {
	n.area = dir.area
	if dir.number == rootNumber {
		n.area = name
	}
	d.last++
	n.number, n.time = d.last, time.Now()
	d.nodes[n.number] = n
	d.change(change{to: dir, toName: name, node: n})
	dir.time = n.time
}

// find returns a child; the status is ENOENT without one.
func (n *inode) find(name string) (*inode, fuse.Status) {
	if !n.dir {
		return nil, fuse.ENOTDIR
	}
	if len(name) > maxName {
		return nil, fuse.Status(syscall.ENAMETOOLONG)
	}
	if c := n.names[name]; c != nil {
		return c, fuse.OK
	}
	return nil, fuse.ENOENT
}

func (d *Disk) Lookup(_ <-chan struct{}, h *fuse.InHeader, name string, out *fuse.EntryOut) fuse.Status {
	dir, status := d.enter(Lookup, h.NodeId)
	defer d.mu.Unlock()
	if status != fuse.OK {
		return status
	}
	n, status := dir.find(name)
	if status == fuse.OK {
		n.entry(out)
	}
	return status
}

func (d *Disk) Mkdir(_ <-chan struct{}, in *fuse.MkdirIn, name string, out *fuse.EntryOut) fuse.Status {
	dir, status := d.enter(Mkdir, in.NodeId)
	defer d.mu.Unlock()
	if status != fuse.OK {
		return status
	}
	if _, status := dir.find(name); status != fuse.ENOENT {
		return taken(status)
	}
	n := &inode{dir: true, mode: in.Mode & 0o7777, links: 2, names: map[string]*inode{}}
	d.add(dir, name, n)
	n.entry(out)
	return fuse.OK
}

// taken is the status where a name must be free.
func taken(found fuse.Status) fuse.Status {
	if found == fuse.OK {
		return fuse.Status(syscall.EEXIST)
	}
	return found
}

func (d *Disk) Create(_ <-chan struct{}, in *fuse.CreateIn, name string, out *fuse.CreateOut) fuse.Status {
	dir, status := d.enter(Create, in.NodeId)
	defer d.mu.Unlock()
	if status != fuse.OK {
		return status
	}
	n, status := dir.find(name)
	switch {
	case status == fuse.OK && (in.Flags&syscall.O_EXCL != 0 || n.dir):
		return fuse.Status(syscall.EEXIST)
	case status == fuse.ENOENT:
		n = &inode{mode: in.Mode & 0o7777, links: 1}
		d.add(dir, name, n)
	case status != fuse.OK:
		return status
	}
	if in.Flags&syscall.O_TRUNC != 0 {
		n.truncate(0)
	}
	n.entry(&out.EntryOut)
	return fuse.OK
}

func (d *Disk) Link(_ <-chan struct{}, in *fuse.LinkIn, name string, out *fuse.EntryOut) fuse.Status {
	dir, status := d.enter(Link, in.NodeId)
	defer d.mu.Unlock()
	if status != fuse.OK {
		return status
	}
	n := d.nodes[in.Oldnodeid]
	if n == nil || n.dir {
		return fuse.EPERM
	}
	if _, status := dir.find(name); status != fuse.ENOENT {
		return taken(status)
	}
	n.links++
	d.change(change{to: dir, toName: name, node: n})
	n.entry(out)
	return fuse.OK
}

func (d *Disk) Unlink(_ <-chan struct{}, h *fuse.InHeader, name string) fuse.Status {
	return d.remove(h, name, false)
}

func (d *Disk) Rmdir(_ <-chan struct{}, h *fuse.InHeader, name string) fuse.Status {
	return d.remove(h, name, true)
}

func (d *Disk) remove(h *fuse.InHeader, name string, wantDir bool) fuse.Status {
	dir, status := d.enter(Unlink, h.NodeId)
	defer d.mu.Unlock()
	if status != fuse.OK {
		return status
	}
	n, status := dir.find(name)
	switch {
	case status != fuse.OK:
		return status
	case n.dir && !wantDir:
		return fuse.Status(syscall.EISDIR)
	case !n.dir && wantDir:
		return fuse.ENOTDIR
	case len(n.names) > 0:
		return fuse.Status(syscall.ENOTEMPTY)
	}
	n.links--
	d.change(change{from: dir, fromName: name, node: n})
	return fuse.OK
}

func (d *Disk) Rename(_ <-chan struct{}, in *fuse.RenameIn, oldName, newName string) fuse.Status {
	from, status := d.enter(Rename, in.NodeId)
	defer d.mu.Unlock()
	if status != fuse.OK {
		return status
	}
	to := d.nodes[in.Newdir]
	if to == nil {
		return fuse.Status(syscall.ESTALE)
	}
	if in.Flags&^unix.RENAME_NOREPLACE != 0 {
		return fuse.EINVAL
	}
	n, status := from.find(oldName)
	if status != fuse.OK {
		return status
	}
	old, status := to.find(newName)
	switch {
	case status == fuse.OK && in.Flags&unix.RENAME_NOREPLACE != 0:
		return fuse.Status(syscall.EEXIST)
	case status == fuse.OK && (old.dir || n.dir):
		return fuse.Status(syscall.EEXIST)
	case status == fuse.OK && old != n:
		old.links--
	case status != fuse.OK && status != fuse.ENOENT:
		return status
	}
	d.change(change{from: from, fromName: oldName, to: to, toName: newName, node: n})
	return fuse.OK
}

func (d *Disk) OpenDir(_ <-chan struct{}, in *fuse.OpenIn, _ *fuse.OpenOut) fuse.Status {
	_, status := d.enter(Open, in.NodeId)
	d.mu.Unlock()
	return status
}

func (d *Disk) ReadDir(_ <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	dir, status := d.enter(List, in.NodeId)
	defer d.mu.Unlock()
	if status != fuse.OK {
		return status
	}
	names := slices.Sorted(maps.Keys(dir.names))
	for i := int(in.Offset); i < len(names); i++ {
		n := dir.names[names[i]]
		mode := uint32(syscall.S_IFREG)
		if n.dir {
			mode = syscall.S_IFDIR
		}
		if !out.AddDirEntry(fuse.DirEntry{Name: names[i], Ino: n.number, Mode: mode}) {
			break
		}
	}
	return fuse.OK
}

func (d *Disk) FsyncDir(_ <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	dir, status := d.enter(SyncDir, in.NodeId)
	defer d.mu.Unlock()
	if status == fuse.OK {
		d.settle(dir)
	}
	return status
}
