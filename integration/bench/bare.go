package main

import (
	"fmt"
	"io"
	"log"
	"os"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// A bare server is as little as go-fuse needs to serve files from memory: numbers
// counted once, no table of what the kernel holds, slices of the data as answers.
type bare struct {
	fuse.RawFileSystem
	items  []*item // by number; 1 is the root
	number map[*item]uint64
}

// always is how long the kernel may believe it all.
const always = time.Hour

// serveBare mounts it with the settings that measured best, those of package fs.
func serveBare(root *item, at string) (wait func(), err error) {
	b := &bare{RawFileSystem: fuse.NewDefaultRawFileSystem(), items: make([]*item, 1), number: map[*item]uint64{}}
	b.add(root)
	server, err := fuse.NewServer(b, at, &fuse.MountOptions{
		Options: []string{"ro", "default_permissions"}, FsName: "bench", Name: "bench",
		DirectMount: os.Geteuid() == 0, DirectMountFlags: unix.MS_RDONLY | unix.MS_NOSUID | unix.MS_NODEV,
		MaxWrite: 1 << 20, MaxBackground: 64, DisableSplice: true, EnableSymlinkCaching: true,
		ExplicitDataCacheControl: true, Logger: log.New(io.Discard, "", 0),
	})
	if err != nil {
		return nil, err
	}
	go server.Serve()
	if err := server.WaitMount(); err != nil {
		return nil, err
	}
	var st unix.Stat_t
	if err := unix.Stat(at, &st); err != nil {
		return nil, err
	}
	knob := fmt.Sprintf("/sys/class/bdi/%d:%d/read_ahead_kb", unix.Major(st.Dev), unix.Minor(st.Dev))
	if f, err := os.OpenFile(knob, os.O_WRONLY, 0); err == nil { // root only
		fmt.Fprint(f, 1024)
		f.Close()
	}
	return server.Wait, nil
}

func (b *bare) add(i *item) {
	b.number[i] = uint64(len(b.items))
	b.items = append(b.items, i)
	for _, sub := range i.items {
		b.add(sub)
	}
}

func (b *bare) String() string { return "bench" }

func (b *bare) attr(n uint64) fuse.Attr {
	var a fuse.Attr
	a.FromStat(&b.items[n].stat)
	a.Ino = n
	return a
}

func (b *bare) enter(n uint64, out *fuse.EntryOut) {
	out.NodeId, out.Attr = n, b.attr(n)
	out.SetEntryTimeout(always)
	out.SetAttrTimeout(always)
}

func (b *bare) Lookup(_ <-chan struct{}, h *fuse.InHeader, name string, out *fuse.EntryOut) fuse.Status {
	i := b.items[h.NodeId].find(name)
	if i == nil {
		return fuse.ENOENT
	}
	b.enter(b.number[i], out)
	return fuse.OK
}

func (b *bare) Forget(uint64, uint64) {}

func (b *bare) GetAttr(_ <-chan struct{}, in *fuse.GetAttrIn, out *fuse.AttrOut) fuse.Status {
	out.Attr = b.attr(in.NodeId)
	out.SetTimeout(always)
	return fuse.OK
}

func (b *bare) Open(<-chan struct{}, *fuse.OpenIn, *fuse.OpenOut) fuse.Status { return fuse.ENOSYS }
func (b *bare) Flush(<-chan struct{}, *fuse.FlushIn) fuse.Status              { return fuse.ENOSYS }

func (b *bare) OpenDir(_ <-chan struct{}, _ *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	out.OpenFlags = fuse.FOPEN_KEEP_CACHE | fuse.FOPEN_CACHE_DIR
	return fuse.OK
}

func (b *bare) ReadDir(_ <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	return b.list(in, func(e fuse.DirEntry, _ uint64) bool { return out.AddDirEntry(e) })
}

func (b *bare) ReadDirPlus(_ <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	return b.list(in, func(e fuse.DirEntry, n uint64) bool {
		to := out.AddDirLookupEntry(e)
		if to != nil {
			b.enter(n, to)
		}
		return to != nil
	})
}

func (b *bare) list(in *fuse.ReadIn, add func(fuse.DirEntry, uint64) bool) fuse.Status {
	items := b.items[in.NodeId].items
	for off := in.Offset; off < uint64(len(items)); off++ {
		i := items[off]
		n := b.number[i]
		if !add(fuse.DirEntry{Name: i.name, Mode: i.stat.Mode, Ino: n, Off: off + 1}, n) {
			break
		}
	}
	return fuse.OK
}

func (b *bare) Read(_ <-chan struct{}, in *fuse.ReadIn, p []byte) (fuse.ReadResult, fuse.Status) {
	data := b.items[in.NodeId].data
	if in.Offset >= uint64(len(data)) {
		return fuse.ReadResultData(nil), fuse.OK
	}
	data = data[in.Offset:]
	return fuse.ReadResultData(data[:min(len(data), len(p))]), fuse.OK
}

func (b *bare) Ioctl(<-chan struct{}, *fuse.IoctlIn, []byte, *fuse.IoctlOut, []byte) fuse.Status {
	return fuse.Status(syscall.ENOTTY)
}
