package fs

import "github.com/hanwen/go-fuse/v2/fuse"

// The kernel keeps what it knows until its own memory runs short, and each file
// it knows costs about 120 bytes here. So above a limit it is asked to drop some
// of what nobody uses. Kernels before 6.18 cannot be asked.

const (
	nodeLimit  = 200_000 // some 25 MB
	pruneEvery = 4096    // new nodes above the limit for a round
	pruneBatch = 2 * pruneEvery
)

// due says whether a round of pruning is due. t.mu is held.
func (t *table) due() bool {
	n := len(t.nodes)
	return n > t.limit && n%pruneEvery == 0
}

// some returns up to n ids, picked by chance.
func (t *table) some(n int) []uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	ids := make([]uint64, 0, n)
	for id := range t.nodes {
		if len(ids) == n {
			break
		}
		if id != rootID {
			ids = append(ids, id)
		}
	}
	return ids
}

// prune asks the kernel to drop nodes, each time one is due, until done. It never
// runs in a request: the kernel may hold locks for that.
func (b *bridge) prune(ask func(ids []uint64) fuse.Status, done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		case <-b.table.full:
			if ask(b.table.some(pruneBatch)) != fuse.OK {
				return // it cannot, or the mount is gone
			}
		}
	}
}
