package weakdisk

import (
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// An Op is a set of kinds of operations.
type Op uint32

// The kinds of operations. Close is what close(2) reports, SyncDir the fsync of
// a directory.
const (
	Lookup Op = 1 << iota
	Stat
	Open
	Read
	List
	Create
	Write
	Sync
	Close
	Rename
	Link
	Unlink
	Mkdir
	SyncDir
	SetAttr

	Reads   = Lookup | Stat | Open | Read | List
	Changes = Create | Write | Sync | Close | Rename | Link | Unlink | Mkdir | SyncDir | SetAttr
	All     = Reads | Changes
)

// A Fault says which operation fails, and how. The zero Fault counts all
// operations and lets none fail.
type Fault struct {
	Ops    Op            // kinds that are counted; 0: All
	Area   string        // name below the root under which they are counted; "": everywhere
	At     int           // number, from 1, of the operation that fails; 0: none
	Err    syscall.Errno // what it fails with
	Short  bool          // a write takes half of its bytes first; with no Err nothing else happens
	Sticky bool          // all further ones fail as well
	Power  *Loss         // power is lost before the operation: all operations fail from then on
	Before func()        // called before the operation, for example to kill who asks for it
}

// Arm begins counting anew, for f. A loss of power is forgotten.
func (d *Disk) Arm(f Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.arm(f)
}

// arm is Arm under the lock.
func (d *Disk) arm(f Fault) {
	if f.Ops == 0 {
		f.Ops = All
	}
	d.fault, d.count, d.kinds, d.hit, d.dead, d.lost = f, 0, map[Op]int{}, false, false, nil
}

// Count returns how many operations were counted since Arm, and whether the
// one that was to fail was among them.
func (d *Disk) Count() (n int, hit bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.count, d.hit
}

// Counted returns how many operations of some kinds were counted since Arm.
func (d *Disk) Counted(ops Op) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	sum := 0
	for op, n := range d.kinds {
		if ops&op != 0 {
			sum += n
		}
	}
	return sum
}

// Lost returns what was left when power was lost; nil: it was not.
func (d *Disk) Lost() *State {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lost
}

// step counts an operation on n and says how it fails. The caller holds d.mu.
func (d *Disk) step(op Op, n *inode) (err syscall.Errno, short bool) {
	f := &d.fault
	if d.dead && f.Power != nil {
		return syscall.EIO, false
	}
	if f.Ops&op == 0 || f.Area != "" && n.area != f.Area {
		return 0, false
	}
	d.count++
	d.kinds[op]++
	if d.count != f.At && !d.dead {
		return 0, false
	}
	if !d.hit && f.Before != nil {
		f.Before()
	}
	d.hit = true
	d.dead = f.Sticky || f.Power != nil
	if f.Power != nil {
		d.lost = d.lose(*f.Power)
		return syscall.EIO, false
	}
	return f.Err, f.Short && op == Write
}

// enter takes the lock and finds a node, counting op on it. The caller calls
// d.mu.Unlock whatever it returns.
func (d *Disk) enter(op Op, number uint64) (*inode, fuse.Status) {
	d.mu.Lock()
	n := d.nodes[number]
	if n == nil {
		return nil, fuse.Status(syscall.ESTALE)
	}
	if op == 0 {
		return n, fuse.OK
	}
	if err, _ := d.step(op, n); err != 0 {
		return n, fuse.Status(err)
	}
	return n, fuse.OK
}
