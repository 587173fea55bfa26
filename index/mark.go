package index

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"bakfs/seal"
)

// A mark is what was found out about a whole pack after it was added. Of several marks for one pack the latest counts,
// in whatever segments they lie and in whatever order those are merged.
type mark struct {
	when    int64 // nanoseconds, later than the marks known before; 0: no mark for damage was known
	damaged bool
}

// after says that m counts and not o. Of two at one time the damage counts: then chunks are stored twice, not never.
func (m mark) after(o mark) bool {
	return m.when > o.when || m.when == o.when && m.damaged && !o.damaged
}

const markSize = 9

// markValue is the value of a mark in a segment. One of time 0 has an empty body.
func markValue(name seal.Hash, m mark) []byte {
	if m.when == 0 {
		return protect(name[:], nil)
	}
	b := binary.BigEndian.AppendUint64(make([]byte, 0, markSize+crcSize), uint64(m.when))
	if m.damaged {
		b = append(b, 1)
	} else {
		b = append(b, 0)
	}
	return protect(name[:], b)
}

// parseMark reads a record of the verified bucket.
func parseMark(key, value []byte) (mark, error) {
	if len(value) == crcSize {
		_, err := body(key, value, idSize, 0)
		return mark{}, err
	}
	b, err := body(key, value, idSize, markSize)
	if err != nil {
		return mark{}, err
	}
	m := mark{when: int64(binary.BigEndian.Uint64(b)), damaged: b[8] == 1}
	if m.when <= 0 || b[8] > 1 {
		return mark{}, fmt.Errorf("%w: mark of kind %d", ErrDamaged, b[8])
	}
	return m, nil
}

// marksOf are the latest marks, by pack.
type marksOf map[seal.Hash]mark

func (marks marksOf) note(name seal.Hash, m mark) {
	if old, ok := marks[name]; !ok || m.after(old) {
		marks[name] = m
	}
}

// judge says what p is by its own flag and its mark.
func (p *Pack) judge(m mark, marked bool) {
	p.Damaged = marked && m.damaged
	p.Verified = (p.Verified || marked) && !p.Damaged
}

// MarkVerified notes that this machine has checked the whole pack. The index need not know the pack yet. It takes back
// MarkDamaged.
func (x *Index) MarkVerified(name seal.Hash) error {
	if p, ok, err := x.Pack(name); err == nil && ok && p.Verified {
		return nil
	}
	m, _, err := x.latest(name)
	if err != nil && !errors.Is(err, ErrDamaged) {
		return err
	}
	if m.damaged {
		m = mark{when: later(m)}
	}
	return x.change(func(t *table) { t.marks.note(name, m) })
}

// MarkDamaged notes that the pack's bytes are not what was written: it is no longer verified, however it became so,
// and Find and Places give it last. That holds until MarkVerified. The index need not know the pack yet.
func (x *Index) MarkDamaged(name seal.Hash) error {
	m, marked, err := x.latest(name)
	if err != nil && !errors.Is(err, ErrDamaged) || marked && m.damaged {
		return err
	}
	m = mark{when: later(m), damaged: true}
	return x.change(func(t *table) { t.marks.note(name, m) })
}

// later is a time for a mark that counts more than m, also where the clock was set back.
func later(m mark) int64 { return max(time.Now().UnixNano(), m.when+1) }

// latest returns the mark that counts for a pack; ok is false where there is none.
func (x *Index) latest(name seal.Hash) (m mark, ok bool, err error) {
	if !x.anyMarks() {
		return mark{}, false, nil
	}
	err = x.each(func(r source) error {
		found, has, err := r.marked(&name)
		if has && (!ok || found.after(m)) {
			m, ok = found, true
		}
		return err
	})
	return m, ok, err
}

// anyMarks spares most walks: marks are few, and those that say verified end with the merge that meets their packs.
func (x *Index) anyMarks() bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.closed || len(x.table.marks) > 0 {
		return true // a walk says that it is closed
	}
	for _, s := range x.segments {
		if s.marks {
			return true
		}
	}
	return false
}
