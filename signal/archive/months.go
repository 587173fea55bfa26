package archive

import (
	"bytes"
	"container/list"
	"context"
	"encoding/binary"

	"bakfs/signal"
)

// Limits on the messages that wait in memory for more of their month.
const (
	maxWaiting = 64 << 20 // all together
	maxPart    = 16 << 20 // of one month; then its next part begins
	perMonth   = 512      // what one takes beside its records
)

// months gathers messages into the files of chats/. A month is written when
// memory is needed and it is the one that got no message for longest; if
// messages of it come again there will be a further part. What is written does
// not depend on anything but the messages.
type months struct {
	tree    Tree
	waiting map[part]*list.Element // of *month; the key has n 0
	lru     *list.List             // the month used last in front
	parts   map[part]int32         // how many parts were written
	dirs    map[[16]byte]struct{}
	timers  []part // those that were written and have a message with a timer
	memory  int
	limit   int // maxWaiting, less in tests
}

// A month is a part of a month that is not written yet.
type month struct {
	part
	records []byte
	last    signal.Millis
	timers  bool // a message has one
}

func newMonths(t Tree) *months {
	return &months{tree: t, waiting: make(map[part]*list.Element), lru: list.New(), parts: make(map[part]int32),
		dirs: make(map[[16]byte]struct{}), limit: maxWaiting}
}

// lastMillis is the last moment of the year 9999.
const lastMillis = 253402300799999

// monthOf returns the month, in UTC, of a moment.
func monthOf(at signal.Millis) int32 {
	y, m, _ := min(at, lastMillis).Time().Date()
	return int32(y*12 + int(m) - 1)
}

// add takes a record of the conversation dir that was sent at a time. It
// returns the file in which the record will be and its offset and length there.
func (m *months) add(ctx context.Context, dir [16]byte, at signal.Millis, rec []byte) (p part, off, size int64, err error) {
	key := part{dir: dir, month: monthOf(at)}
	e := m.waiting[key]
	if e == nil {
		m.dirs[dir] = struct{}{}
		e = m.lru.PushFront(&month{part: part{dir, key.month, m.parts[key] + 1}})
		m.waiting[key] = e
		m.memory += perMonth
	} else {
		m.lru.MoveToFront(e)
	}
	mo := e.Value.(*month)
	p, off = mo.part, int64(len(mo.records))
	m.memory += mo.grow(len(rec) + binary.MaxVarintLen32)
	mo.records = binary.AppendUvarint(mo.records, uint64(len(rec)))
	mo.records = append(mo.records, rec...)
	mo.last = max(mo.last, min(at, lastMillis))
	mo.timers = mo.timers || mayHaveTimer(rec)
	size = int64(len(mo.records)) - off
	if len(mo.records) >= maxPart {
		err = m.write(ctx, e)
	}
	for m.memory > m.limit && err == nil {
		err = m.write(ctx, m.lru.Back())
	}
	return p, off, size, err
}

// grow makes room for n more bytes and returns by how much memory grew. The
// sizes must be the same everywhere, so append cannot choose them.
func (m *month) grow(n int) int {
	old := cap(m.records)
	if len(m.records)+n <= old {
		return 0
	}
	b := make([]byte, len(m.records), max(len(m.records)+n, old+old/2, 256))
	copy(b, m.records)
	m.records = b
	return cap(b) - old
}

// write writes a month and forgets it.
func (m *months) write(ctx context.Context, e *list.Element) error {
	mo := m.lru.Remove(e).(*month)
	key := part{dir: mo.dir, month: mo.month}
	delete(m.waiting, key)
	m.parts[key] = mo.n
	if mo.timers {
		m.timers = append(m.timers, mo.part)
	}
	m.memory -= cap(mo.records) + perMonth
	return m.tree.Write(ctx, mo.path(), mo.last.Time(), "", bytes.NewReader(mo.records))
}

// finish writes all that waits, the month that got no message for longest first.
func (m *months) finish(ctx context.Context) error {
	for m.lru.Len() > 0 {
		if err := m.write(ctx, m.lru.Back()); err != nil {
			return err
		}
	}
	return nil
}
