package index

import (
	"bytes"
	"slices"

	"bakfs/seal"
)

// A table holds what this process has added and not yet published. It is in memory: losing it in a crash costs reading
// the directories of the packs again, which are durable before the index hears of them.
type table struct {
	packs   []Pack // number n stands at n-1, as in a segment
	numbers map[seal.Hash]uint32
	marks   marksOf
	records []record
	first   map[seal.ID]int32 // the chunk's last added record; the others follow by next
	order   []int32           // records by name, once sort was called
	at      int
}

type record struct {
	Entry
	pack uint32
	next int32 // -1: none
}

func newTable() *table {
	return &table{numbers: make(map[seal.Hash]uint32), marks: make(marksOf), first: make(map[seal.ID]int32)}
}

func (t *table) empty() bool { return len(t.packs) == 0 && len(t.marks) == 0 }

// size is about what the table takes as a segment.
func (t *table) size() int64 {
	return int64(len(t.records)+2*len(t.packs)+len(t.marks)) * entryCost
}

func (t *table) add(p Pack, entries []Entry) {
	number, ok := t.numbers[p.Name]
	if !ok {
		t.packs = append(t.packs, p)
		number = uint32(len(t.packs))
		t.numbers[p.Name] = number
	} else if p.Verified {
		t.packs[number-1] = p
	}
	for _, e := range entries {
		head, ok := t.first[e.ID]
		if !ok {
			head = -1
		}
		if at := t.find(head, number); at >= 0 {
			t.records[at].Entry = e
			continue
		}
		t.first[e.ID] = int32(len(t.records))
		t.records = append(t.records, record{Entry: e, pack: number, next: head})
	}
}

// find follows the records from head to the one in the pack; -1: there is none.
func (t *table) find(head int32, pack uint32) int32 {
	for head >= 0 && t.records[head].pack != pack {
		head = t.records[head].next
	}
	return head
}

func (t *table) places(id *seal.ID, yield func(Place) error) error {
	at, ok := t.first[*id]
	for ok && at >= 0 {
		r := &t.records[at]
		if err := yield(place(&r.Entry, &t.packs[r.pack-1])); err != nil {
			return err
		}
		at = r.next
	}
	return nil
}

func (t *table) packNamed(name *seal.Hash) (Pack, bool, error) {
	number, ok := t.numbers[*name]
	if !ok {
		return Pack{}, false, nil
	}
	return t.packs[number-1], true, nil
}

func (t *table) marked(name *seal.Hash) (mark, bool, error) {
	m, ok := t.marks[*name]
	return m, ok, nil
}

func (t *table) eachPack(fn func(Pack) error) error {
	for _, p := range t.packs {
		if err := fn(p); err != nil {
			return err
		}
	}
	return nil
}

func (t *table) eachMark(fn func(seal.Hash, mark)) error {
	for name, m := range t.marks {
		fn(name, m)
	}
	return nil
}

// start and step go through the chunks in ascending order, for one merge at a time.
func (t *table) start() (Entry, uint32, bool, error) {
	t.order = make([]int32, len(t.records))
	for i := range t.order {
		t.order[i] = int32(i)
	}
	slices.SortFunc(t.order, func(a, b int32) int { return bytes.Compare(t.records[a].ID[:], t.records[b].ID[:]) })
	t.at = 0
	return t.step()
}

func (t *table) step() (Entry, uint32, bool, error) {
	if t.at == len(t.order) {
		return Entry{}, 0, false, nil
	}
	r := &t.records[t.order[t.at]]
	t.at++
	return r.Entry, r.pack, true, nil
}
