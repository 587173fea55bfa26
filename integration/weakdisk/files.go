package weakdisk

import (
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// own makes the first n bytes of data ours alone, and data n bytes long.
func (n *inode) own(size int) {
	b := make([]byte, size, max(size, 2*len(n.data)))
	copy(b, n.data)
	n.data, n.shared = b, 0
}

func (n *inode) truncate(size int) {
	n.own(size)
	n.changed, n.time = true, time.Now()
}

// write puts b at off.
func (n *inode) write(b []byte, off int) {
	end := off + len(b)
	switch {
	case off < n.shared || end > cap(n.data):
		n.own(max(end, len(n.data)))
	case end > len(n.data):
		clear(n.data[len(n.data):end:end])
		n.data = n.data[:end]
	}
	copy(n.data[off:], b)
	n.changed, n.time = true, time.Now()
}

func (d *Disk) GetAttr(_ <-chan struct{}, in *fuse.GetAttrIn, out *fuse.AttrOut) fuse.Status {
	n, status := d.enter(Stat, in.NodeId)
	defer d.mu.Unlock()
	if status == fuse.OK {
		n.attr(&out.Attr)
	}
	return status
}

func (d *Disk) SetAttr(_ <-chan struct{}, in *fuse.SetAttrIn, out *fuse.AttrOut) fuse.Status {
	n, status := d.enter(SetAttr, in.NodeId)
	defer d.mu.Unlock()
	if status != fuse.OK {
		return status
	}
	if size, ok := in.GetSize(); ok {
		n.truncate(int(size))
	}
	if mode, ok := in.GetMode(); ok {
		n.mode = mode & 0o7777
	}
	if t, ok := in.GetMTime(); ok {
		n.time = t
	}
	n.attr(&out.Attr)
	return fuse.OK
}

func (d *Disk) Open(_ <-chan struct{}, in *fuse.OpenIn, _ *fuse.OpenOut) fuse.Status {
	n, status := d.enter(Open, in.NodeId)
	defer d.mu.Unlock()
	if status == fuse.OK && in.Flags&syscall.O_TRUNC != 0 {
		n.truncate(0)
	}
	return status
}

func (d *Disk) Read(_ <-chan struct{}, in *fuse.ReadIn, buf []byte) (fuse.ReadResult, fuse.Status) {
	n, status := d.enter(Read, in.NodeId)
	defer d.mu.Unlock()
	if status != fuse.OK || in.Offset >= uint64(len(n.data)) {
		return fuse.ReadResultData(nil), status
	}
	return fuse.ReadResultData(buf[:copy(buf, n.data[in.Offset:])]), fuse.OK
}

func (d *Disk) Write(_ <-chan struct{}, in *fuse.WriteIn, b []byte) (uint32, fuse.Status) {
	n, status := d.enter(0, in.NodeId)
	defer d.mu.Unlock()
	if status != fuse.OK {
		return 0, status
	}
	err, short := d.step(Write, n)
	if short {
		b = b[:(len(b)+1)/2]
	}
	if err != 0 && (!short || d.fault.Sticky && d.count > d.fault.At) {
		return 0, fuse.Status(err)
	}
	n.write(b, int(in.Offset))
	return uint32(len(b)), fuse.OK
}

// Fsync makes a file durable. One that has failed with anything but EINTR takes
// the file's content with it, as on real disks: the kernel holds its pages for
// clean, so that a later fsync succeeds and saves nothing.
func (d *Disk) Fsync(_ <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	n, status := d.enter(Sync, in.NodeId)
	defer d.mu.Unlock()
	switch {
	case status == fuse.EINTR || n == nil:
	case status != fuse.OK:
		n.failed = true
	case !n.failed:
		n.synced, n.shared, n.changed = n.data[:len(n.data):len(n.data)], len(n.data), false
	}
	return status
}

func (d *Disk) Flush(_ <-chan struct{}, in *fuse.FlushIn) fuse.Status {
	_, status := d.enter(Close, in.NodeId)
	d.mu.Unlock()
	return status
}

func (d *Disk) Release(<-chan struct{}, *fuse.ReleaseIn) {}

func (d *Disk) ReleaseDir(*fuse.ReleaseIn) {}

func (d *Disk) Forget(uint64, uint64) {}

func (d *Disk) StatFs(_ <-chan struct{}, _ *fuse.InHeader, out *fuse.StatfsOut) fuse.Status {
	*out = fuse.StatfsOut{Blocks: 1 << 20, Bfree: 1 << 19, Bavail: 1 << 19, Files: 1 << 20, Ffree: 1 << 19, Bsize: 4096, NameLen: maxName}
	return fuse.OK
}

// String names the disk.
func (d *Disk) String() string { return "weakdisk" }
