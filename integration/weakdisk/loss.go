package weakdisk

import (
	"math/rand/v2"
)

// A Loss says what becomes of what is not durable when power is lost.
type Loss struct {
	// Names says whether changes of names survive that no fsync of their
	// directory has made durable: none, all, or each by chance.
	Names Fate
	// Data says the same of content that no fsync of its file has made durable.
	// What survives by chance is torn: nothing, half, or all but the last byte.
	Data Fate
	Seed uint64 // of chance
}

// A Fate is what a loss does.
type Fate int

// The fates.
const (
	Dropped Fate = iota
	Kept
	Chance
)

// A change is one operation on names: what it takes from one directory and
// puts into another, in one step.
type change struct {
	from, to         *inode // nil: takes or puts nothing
	fromName, toName string
	node             *inode
	durable          bool
}

// apply makes the change to names, as far as it can be made.
func (c change) apply(names func(*inode) map[string]*inode) {
	if c.from != nil {
		if m := names(c.from); m[c.fromName] == c.node {
			delete(m, c.fromName)
		}
	}
	if c.to != nil {
		names(c.to)[c.toName] = c.node
	}
}

// change makes a change that programs see at once. The caller holds d.mu.
func (d *Disk) change(c change) {
	c.apply(func(n *inode) map[string]*inode { return n.names })
	d.pending = append(d.pending, c)
}

// settle makes the names of a directory durable. A change that concerns two
// directories is durable when one of them is synced.
func (d *Disk) settle(dir *inode) {
	for i := range d.pending {
		if c := &d.pending[i]; c.from == dir || c.to == dir {
			c.durable = true
		}
	}
}

// lose returns what a loss of power leaves. The caller holds d.mu.
func (d *Disk) lose(l Loss) *State {
	chance := rand.New(rand.NewPCG(l.Seed, 1))
	survives := func(f Fate) bool { return f == Kept || f == Chance && chance.IntN(2) == 0 }
	after := map[*inode]map[string]*inode{}
	names := func(n *inode) map[string]*inode {
		m := after[n]
		if m == nil {
			m = map[string]*inode{}
			for name, child := range n.base {
				m[name] = child
			}
			after[n] = m
		}
		return m
	}
	for _, c := range d.pending {
		if c.durable || survives(l.Names) {
			c.apply(names)
		}
	}
	torn := func(n *inode) []byte {
		if !n.changed || l.Data == Kept {
			return n.data
		}
		if l.Data == Dropped || len(n.data) == 0 {
			return n.synced
		}
		return n.data[:[]int{0, len(n.data) / 2, len(n.data) - 1}[chance.IntN(3)]]
	}
	return &State{copyTree(d.nodes[rootNumber], map[*inode]*inode{}, func(n *inode) (map[string]*inode, []byte) {
		if n.dir {
			return names(n), nil
		}
		return nil, torn(n)
	})}
}

// Cut loses power now, whatever fault is armed, and returns what is left.
func (d *Disk) Cut(l Loss) *State {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lose(l)
}

// Files returns the content of every file of s by its path, and nil for every
// directory. Nobody may change it.
func (s *State) Files() map[string][]byte {
	all := map[string][]byte{}
	var add func(at string, n *inode)
	add = func(at string, n *inode) {
		if !n.dir {
			all[at] = n.data[:len(n.data):len(n.data)]
			return
		}
		all[at] = nil
		for name, child := range n.names {
			add(at+"/"+name, child)
		}
	}
	add("", s.root)
	return all
}

// Unsure counts the files whose content no sync makes durable any more, because
// one has failed.
func (d *Disk) Unsure() (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var count func(at *inode)
	count = func(at *inode) {
		if at.failed {
			n++
		}
		for _, child := range at.names {
			count(child)
		}
	}
	count(d.nodes[rootNumber])
	return n
}
