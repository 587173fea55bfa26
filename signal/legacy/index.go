package legacy

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
)

// A key is a row of one of the two tables of messages of the split era: its
// _id twice, plus 1 for the table that has the media (mms, later message).
type key uint64

func mainKey(id int64) key { return key(uint64(id)<<1&(1<<64-1)) | 1 }
func smsKey(id int64) key  { return key(uint64(id) << 1) }

// A place says where a message is and when it is shown.
type place struct {
	received int64
	key      key
	at       Ref
}

// A side is a row of another table that belongs to a message, or to a poll.
type side struct {
	key key
	at  Ref
}

// The tables whose rows belong to a message. They are not read before they
// are needed, so that each row costs 24 bytes of memory.
type sideTable int

const (
	sideAttachment sideTable = iota
	sideReaction
	sideMention
	sideReceipt
	sideRevision // older versions of an edited message, by the newest
	sideCall
	sidePoll
	sideOption // by poll
	sideVote   // by option
	sideTables
)

// blobKey is how an attachment's frame names its row.
type blobKey struct{ row, unique uint64 }

// An index is what the first pass over the frames keeps.
type index struct {
	report   Report
	tables   map[string]*table
	inserts  map[string]*insert
	messages []place
	sides    [sideTables][]side
	blobs    map[blobKey]int
	avatars  map[string]int
	book     *book
	rows     loader
	row      row
}

// An insert is what an INSERT statement fills.
type insert struct {
	t    *table // nil: of no interest
	role func(x *index, at Ref)
}

// Apps use one statement per table, of a few kilobytes. These bound how many
// different ones are remembered and how long one may be.
const (
	maxStatements = 4096
	maxSQL        = 64 << 10
)

// nothing is what a statement of no interest fills.
var nothing = &insert{}

func newIndex() *index {
	return &index{
		tables: make(map[string]*table), inserts: make(map[string]*insert), blobs: make(map[blobKey]int),
		avatars: make(map[string]int), book: newBook(),
	}
}

// read goes over all frames once. Damaged frames are counted; of a file that
// is cut short what is there counts.
func (x *index) read(ctx context.Context, frames Frames) error {
	frames.Rewind()
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		at, frame, blob, err := frames.NextFrame()
		var damage *DamageError
		switch {
		case err == io.EOF:
			x.finish()
			return nil
		case errors.As(err, &damage):
			x.report.damaged(damage)
			if damage.Lost {
				x.finish()
				return nil
			}
			continue
		case errors.Is(err, ErrTruncated):
			x.report.Truncated = true
			x.finish()
			return nil
		case err != nil:
			return err
		}
		x.frame(at, frame, blob)
	}
}

func (x *index) frame(at Ref, frame []byte, blob int) {
	kind, m := classify(frame)
	switch kind {
	case KindStatement:
		x.statement(at, m)
	case KindVersion:
		x.report.DatabaseVersion = int(m.number(1))
	case KindKeyValue:
		x.book.keyValue(m)
	case KindAttachment:
		if blob >= 0 {
			x.blobs[blobKey{m.number(1), m.number(2)}] = blob
		}
	case KindAvatar:
		if id := m.text(3); blob >= 0 && id != "" {
			x.avatars[id] = blob
		} else if blob >= 0 {
			x.avatars[m.text(1)] = blob
		}
	case KindUnknown:
		x.report.UnknownFrames++
	}
}

// statement reads a CREATE TABLE or an INSERT, and ignores all others.
func (x *index) statement(at Ref, m message) {
	sql := sqlOf(m)
	ins, ok := x.inserts[string(sql)]
	if !ok {
		if len(sql) > maxSQL {
			return
		}
		if t, ok := parseCreate(string(sql)); ok && len(x.tables) < maxStatements {
			x.tables[t.name] = t
			x.report.create(t.name)
			return
		}
		ins = x.prepare(string(sql))
		if len(x.inserts) < maxStatements {
			x.inserts[string(sql)] = ins
		}
	}
	if ins.t == nil {
		return
	}
	x.report.Rows++
	if !x.row.parse(ins.t, m) {
		x.report.BadRows++
		return
	}
	ins.role(x, at)
}

// sqlOf returns the text of a statement, which apps write first.
func sqlOf(m message) []byte {
	if f, _, ok := nextField(m); ok && f.num == 1 && f.wire == wireBytes {
		return f.b
	}
	return m.bytes(1)
}

// prepare finds out what a statement inserts.
func (x *index) prepare(sql string) *insert {
	name, columns, ok := parseInsert(sql)
	role := roles[name]
	if !ok || role == nil {
		return nothing
	}
	t := x.tables[name]
	if columns != nil {
		t = newTable(name, columns)
	}
	if t == nil {
		return nothing
	}
	return &insert{t, role}
}

// roles says what the first pass does with the row in x.row of each table.
var roles = map[string]func(x *index, at Ref){
	"sms":                   func(x *index, at Ref) { x.message(at, smsKey(x.row.int("_id"))) },
	"mms":                   func(x *index, at Ref) { x.message(at, mainKey(x.row.int("_id"))) },
	"message":               func(x *index, at Ref) { x.message(at, mainKey(x.row.int("_id"))) },
	"part":                  func(x *index, at Ref) { x.side(sideAttachment, "message_id", at) },
	"attachment":            func(x *index, at Ref) { x.side(sideAttachment, "message_id", at) },
	"reaction":              func(x *index, at Ref) { x.reaction(at) },
	"mention":               func(x *index, at Ref) { x.side(sideMention, "message_id", at) },
	"group_receipts":        func(x *index, at Ref) { x.side(sideReceipt, "mms_id", at) },
	"call":                  func(x *index, at Ref) { x.side(sideCall, "message_id", at) },
	"poll":                  func(x *index, at Ref) { x.side(sidePoll, "message_id", at) },
	"poll_option":           func(x *index, at Ref) { x.side(sideOption, "poll_id", at) },
	"poll_vote":             func(x *index, at Ref) { x.side(sideVote, "poll_option_id", at) },
	"recipient":             func(x *index, _ Ref) { x.book.recipient(&x.row) },
	"recipient_preferences": func(x *index, _ Ref) { x.book.preferences(&x.row) },
	"groups":                func(x *index, _ Ref) { x.book.group(&x.row) },
	"group_membership":      func(x *index, _ Ref) { x.book.membership(&x.row) },
	"identities":            func(x *index, _ Ref) { x.book.identity(&x.row) },
	"distribution_list":     func(x *index, _ Ref) { x.book.list(&x.row) },
	"thread":                func(x *index, _ Ref) { x.book.thread(&x.row) },
	"sticker":               func(x *index, _ Ref) { x.book.sticker(&x.row) },
}

// side notes a row that belongs to the message whose _id a column has.
func (x *index) side(t sideTable, column string, at Ref) {
	x.sides[t] = append(x.sides[t], side{mainKey(x.row.int(column)), at})
}

// reaction notes a reaction; while there are two tables of messages it says
// to which it belongs.
func (x *index) reaction(at Ref) {
	k := mainKey(x.row.int("message_id"))
	if x.row.t.has("is_mms") && !x.row.bool("is_mms") {
		k = smsKey(x.row.int("message_id"))
	}
	x.sides[sideReaction] = append(x.sides[sideReaction], side{k, at})
}

// message notes a message, unless it is not part of a chat.
func (x *index) message(at Ref, k key) {
	r := &x.row
	typ := r.int("type")
	switch {
	case r.int("story_type") != 0 || r.int("parent_story_id") > 0:
		x.report.Stories++
		return
	case r.int("scheduled_date") > 0:
		x.report.Scheduled++
		return
	case base(typ) == baseDraft:
		x.report.Drafts++
		return
	}
	x.book.seen(r, typ)
	if latest := r.int("latest_revision_id"); latest != 0 && mainKey(latest) != k {
		x.sides[sideRevision] = append(x.sides[sideRevision], side{mainKey(latest), at})
		return
	}
	x.messages = append(x.messages, place{r.int("date_received"), k, at})
}

// finish puts all in order, and lets go of the room for more: the index is kept for
// as long as a file is stored.
func (x *index) finish() {
	x.messages = exact(x.messages)
	for i := range x.sides {
		x.sides[i] = exact(x.sides[i])
	}
	slices.SortFunc(x.messages, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.received, b.received), cmp.Compare(a.key>>1, b.key>>1), cmp.Compare(a.key, b.key))
	})
	for i := range x.sides {
		slices.SortStableFunc(x.sides[i], func(a, b side) int { return cmp.Compare(a.key, b.key) })
	}
	x.book.finish()
}

// exact returns a copy of list without room for more.
func exact[T any](list []T) []T { return append(make([]T, 0, len(list)), list...) }

// of returns the rows of a table that belong to k, in the order of the file.
func (x *index) of(t sideTable, k key) []side {
	list := x.sides[t]
	lo, _ := slices.BinarySearchFunc(list, k, func(s side, k key) int { return cmp.Compare(s.key, k) })
	hi := lo
	for hi < len(list) && list[hi].key == k {
		hi++
	}
	return list[lo:hi]
}

// A loader reads rows again, each in memory of its own that is used for the
// next row at the same depth.
type loader struct {
	frames Frames
	slots  []slot
}

type slot struct {
	buf []byte
	row row
}

// load reads the row at a place. It is valid until the next call with depth.
func (x *index) load(at Ref, depth int) (*row, error) {
	for len(x.rows.slots) <= depth {
		x.rows.slots = append(x.rows.slots, slot{})
	}
	s := &x.rows.slots[depth]
	if cap(s.buf) > 1<<20 {
		s.buf = nil
	}
	var err error
	if s.buf, err = x.rows.frames.AppendFrame(s.buf[:0], at); err != nil {
		return nil, err
	}
	_, m := classify(s.buf)
	ins := x.inserts[string(sqlOf(m))]
	if ins == nil {
		ins = x.prepare(string(sqlOf(m)))
	}
	if ins.t == nil || !s.row.parse(ins.t, m) {
		return nil, ErrDamaged
	}
	return &s.row, nil
}
