package history

import (
	"container/list"
	"sync"
)

// What things in an outline take in memory, about.
const (
	outlineCost = 24 << 10
	recordCost  = 1500 // of a recipient: with its record and person
	chatCost    = 1000
	contentCost = 300
)

// A passing has the Histories with Options.Passing that remember an outline, up to a
// total cost. A mount has one for each snapshot that somebody looked at, and a walk
// looks at all. The one used last always remembers.
type passing struct {
	mu    sync.Mutex
	room  int64
	used  int64
	order list.List // of *passer, the last used in front
	at    map[*History]*list.Element
}

type passer struct {
	h    *History
	f    *outline
	cost int64
}

// use notes that h has just used its outline, and makes others forget if need be.
func (p *passing) use(h *History, f *outline) {
	for _, old := range p.note(h, f) {
		old.forget()
	}
}

func (p *passing) note(h *History, f *outline) (old []*History) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.at[h]
	if e != nil && e.Value.(*passer).f == f {
		p.order.MoveToFront(e)
		return nil
	}
	if e != nil { // it has read another one since
		p.drop(e)
	}
	if p.at == nil {
		p.at = map[*History]*list.Element{}
	}
	cost := f.cost()
	p.at[h] = p.order.PushFront(&passer{h, f, cost})
	for p.used += cost; p.used > p.room && p.order.Len() > 1; {
		old = append(old, p.drop(p.order.Back()))
	}
	return old
}

func (p *passing) drop(e *list.Element) *History {
	x := p.order.Remove(e).(*passer)
	delete(p.at, x.h)
	p.used -= x.cost
	return x.h
}

// cost is what an outline takes in memory, with the persons that are made of it.
func (f *outline) cost() int64 {
	n := int64(outlineCost) + chatCost*int64(len(f.all))
	for _, e := range f.eras {
		n += recordCost * int64(len(e.recipients)+len(e.extra))
	}
	for _, d := range f.index.dirs {
		for _, file := range d.files {
			n += contentCost * int64(1+len(file.contents))
		}
	}
	return n
}

// forget lets go of what can be read again. Calls that run, and what was returned,
// are not concerned.
func (h *History) forget() {
	h.outline.Clear()
	h.people.Clear()
	h.archives.Clear()
	h.originals.Clear()
	h.avatars.Clear()
	h.disappear.Clear()
	h.shown.Clear()
}
