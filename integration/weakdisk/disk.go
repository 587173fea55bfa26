// Package weakdisk is a disk in memory for tests, mounted by FUSE, that fails
// where a test wants it: its n-th operation with an error, a short write, or a
// loss of power, after which only what was synced is sure to be there.
//
// What always holds:
//   - The kernel caches no names and no attributes, and content only while a file
//     is open: nearly all that a program asks is seen and counted here.
//   - Content of a file is durable by fsync of the file, a name by fsync of the
//     directory it is in, and the name of a directory by fsync of the one above
//     it. Nothing else makes anything durable: no order of writes, no time.
//   - Taking the disk away never waits for the programs that use it.
package weakdisk

import (
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"sync"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// A Disk is a mounted disk. Its methods may be called at any time.
type Disk struct {
	fuse.RawFileSystem // answers ENOSYS to all that is not here

	dir    string
	server *fuse.Server

	mu      sync.Mutex
	nodes   map[uint64]*inode // of this state; older ones are stale
	last    uint64            // newest node number, never used again
	pending []change          // of names, since the last Load that are not durable
	fault   Fault
	count   int
	kinds   map[Op]int // count of each kind
	hit     bool
	dead    bool   // power is lost, or a sticky fault has begun
	lost    *State // what a loss of power has left
}

// An inode is a file or a directory.
type inode struct {
	number  uint64
	area    string // the name below the root that it lies under
	dir     bool
	mode    uint32
	time    time.Time
	links   uint32
	data    []byte            // never changed in place below shared
	shared  int               // length of data that others may hold too
	names   map[string]*inode // as programs see them
	base    map[string]*inode // as they are durable, before pending
	synced  []byte            // durable content
	changed bool              // content is not durable
	failed  bool              // a sync has failed: none makes it durable any more
}

const rootNumber = fuse.FUSE_ROOT_ID

// Mount makes an empty disk at dir, an empty directory.
func Mount(dir string) (*Disk, error) {
	d := &Disk{RawFileSystem: fuse.NewDefaultRawFileSystem(), dir: dir, last: rootNumber}
	d.Load(nil)
	server, err := fuse.NewServer(d, dir, &fuse.MountOptions{
		FsName:             "weakdisk",
		Name:               "weakdisk",
		DirectMount:        os.Geteuid() == 0,
		Options:            []string{"default_permissions"},
		MaxWrite:           1 << 20,
		DisableReadDirPlus: true,
		DisableSplice:      true,
		Logger:             log.New(io.Discard, "", 0),
	})
	if err != nil {
		return nil, fmt.Errorf("weakdisk at %s: %w", dir, err)
	}
	d.server = server
	closeOnExec()
	go server.Serve()
	if err := server.WaitMount(); err != nil {
		return nil, errors.Join(err, d.Unmount())
	}
	return d, nil
}

// closeOnExec keeps programs that the test starts from holding the disk.
func closeOnExec() {
	fds, _ := os.ReadDir("/proc/self/fd")
	for _, e := range fds {
		if to, _ := os.Readlink("/proc/self/fd/" + e.Name()); to == "/dev/fuse" {
			var fd int
			if _, err := fmt.Sscan(e.Name(), &fd); err == nil {
				unix.CloseOnExec(fd)
			}
		}
	}
}

// Unmount takes the disk away, also from programs that still use it.
func (d *Disk) Unmount() error {
	var st unix.Stat_t
	err := unix.Stat(d.dir, &st)
	if e := d.server.Unmount(); e == nil {
		return nil
	}
	if e := unix.Unmount(d.dir, unix.MNT_DETACH); e != nil {
		return fmt.Errorf("unmount %s: %w", d.dir, e)
	}
	if err != nil {
		return err
	}
	abort := fmt.Sprintf("/sys/fs/fuse/connections/%d/abort", unix.Minor(st.Dev))
	return os.WriteFile(abort, []byte("1"), 0)
}

// A State is all that was on a disk at one moment, durable as a whole.
type State struct{ root *inode }

// Save returns what programs see now.
func (d *Disk) Save() *State {
	d.mu.Lock()
	defer d.mu.Unlock()
	return &State{copyTree(d.nodes[rootNumber], map[*inode]*inode{}, now)}
}

// Load replaces all on the disk by s, nil for an empty disk, and ends any
// fault. Files that programs have open are stale from then on.
func (d *Disk) Load(s *State) {
	if s == nil {
		s = &State{&inode{dir: true, mode: 0o755, time: time.Now(), links: 2, names: map[string]*inode{}}}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.nodes = map[uint64]*inode{}
	d.pending = nil
	d.arm(Fault{})
	d.adopt(copyTree(s.root, map[*inode]*inode{}, now), "")
}

// adopt gives the inodes of a tree their numbers.
func (d *Disk) adopt(n *inode, area string) {
	if n.number != 0 {
		return
	}
	n.area = area
	if area == "" && len(d.nodes) == 0 {
		n.number = rootNumber
	} else {
		d.last++
		n.number = d.last
	}
	d.nodes[n.number] = n
	for name, child := range n.names {
		if n.number == rootNumber {
			d.adopt(child, name)
		} else {
			d.adopt(child, area)
		}
	}
}

// now shows a directory and a file as programs see them.
func now(n *inode) (map[string]*inode, []byte) { return n.names, n.data }

// copyTree copies what view shows of a tree, durable as a whole. Links of one
// file stay links of one file; data is shared and copied when it is written.
func copyTree(n *inode, seen map[*inode]*inode, view func(*inode) (map[string]*inode, []byte)) *inode {
	if c := seen[n]; c != nil {
		c.links++
		return c
	}
	names, data := view(n)
	c := &inode{dir: n.dir, mode: n.mode, time: n.time, links: 1}
	seen[n] = c
	if !n.dir {
		data = data[:len(data):len(data)]
		n.shared = max(n.shared, len(data))
		c.data, c.shared, c.synced = data, len(data), data
		return c
	}
	c.links = 2
	c.names = make(map[string]*inode, len(names))
	for name, child := range names {
		c.names[name] = copyTree(child, seen, view)
	}
	c.base = maps.Clone(c.names)
	return c
}
