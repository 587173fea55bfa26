package history

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/maphash"
	iofs "io/fs"
	"slices"
	"strconv"

	"bakfs/signal"
	"bakfs/view/chat"
)

// maxFile bounds a file of messages. Package archive begins another part of a month
// after 16 MiB; the last message may have 8.
const maxFile = 32 << 20

var errTooLarge = fmt.Errorf("more than %d MiB of messages in one file: %w", maxFile>>20, signal.ErrBadStream)

// A fileKey names a content: one of the backups that have it, and its place.
type fileKey struct {
	of     *identity
	backup int
	path   string
}

// read returns what a content holds. Of two backups that have it, one may be damaged.
func (h *History) read(ctx context.Context, c *content) ([]byte, error) {
	path := c.path()
	return h.cache.files.Get(ctx, fileKey{h.id, c.in.last(), path}, func(ctx context.Context) ([]byte, int64, error) {
		if c.size > maxFile {
			return nil, 0, errTooLarge
		}
		b, err := iofs.ReadFile(within(ctx, h.backups[c.in.last()].FS), path)
		if first := c.in.first(); err != nil && h.lasting(err) && first < c.in.last() {
			h.report(c.in.last(), path, err)
			b, err = iofs.ReadFile(within(ctx, h.backups[first].FS), path)
		}
		return b, int64(cap(b)), err
	})
}

// A variant is a message as one record tells it, and the backups that have it so.
type variant struct {
	msg   *chat.Message
	in    spans
	at    place
	older *variant // of the same message, that of the next older backups
}

// A place is where a record stands in a backup.
type place struct {
	month       month
	part, index int
}

// A told is one message: its variants, those of newer backups first.
type told struct {
	newest variant
	next   *told // another message of the same ID
	same   int   // how many more there are; counted by the first
}

// variants are all variants.
func (t *told) variants(yield func(*variant) bool) {
	for v := &t.newest; v != nil && yield(v); v = v.older {
	}
}

// in are the backups that have the message.
func (t *told) in() (in spans) {
	for v := range t.variants {
		in = in.with(v.in)
	}
	return in
}

// A loading gathers the messages of one conversation and month.
type loading struct {
	h      *History
	f      *outline
	c      *Conversation
	month  month
	byRaw  map[rawKey]*variant // nil if each record comes from one content
	byID   map[string]*told
	bySent map[string]*told // an edited one, see sentID
	all    []*told
	spare  []told // for all
	unsure bool   // something of the newest backup could not be read
	lost   spans  // the backups whose version of the month cannot be read
	room   *room
}

// A rawKey stands for the bytes of a record, in a month and an era.
type rawKey struct {
	hash uint64
	era  int
}

// gather reads all contents that may hold messages of the month. What the newest
// backups have comes first, so that a record of an older one is looked at only if
// it differs.
func (h *History) gather(ctx context.Context, f *outline, c *Conversation, m month) (*loading, error) {
	list := h.sources(c, m)
	l := &loading{h: h, f: f, c: c, month: m, unsure: f.partial, byID: map[string]*told{}, bySent: map[string]*told{}, room: newRoom(h.limits)}
	if slices.ContainsFunc(list, func(s *content) bool { return !s.in.overlaps(list[0].in) }) {
		l.byRaw = map[rawKey]*variant{}
	}
	read, failed := map[*monthFile]bool{}, map[*monthFile]error{}
	for _, s := range list {
		err := l.enter(ctx, s)
		if err == nil {
			read[s.file] = true
			continue
		}
		err = fmt.Errorf("%s in backup %s: %w", s.path(), h.backups[s.in.last()].Label, err)
		if !h.lasting(err) {
			return nil, err
		}
		h.report(s.in.last(), s.path(), err)
		l.unsure = l.unsure || s.in.last() == len(h.backups)-1
		failed[s.file] = cmp.Or(failed[s.file], err)
		if _, known := h.lastMonth(s); s.file.month == m || s.file.month < m && known { // else it is not known to have anything of the month
			l.lost = l.lost.with(s.in)
		}
	}
	for file, err := range failed { // its neighbours have little of the month; it is not lost with them
		if file.month == m && !read[file] {
			return nil, err
		}
	}
	return l, nil
}

// sources returns the contents that may hold messages of the month, those of newer
// backups first.
func (h *History) sources(c *Conversation, m month) []*content {
	var list []*content
	for _, d := range c.dirs {
		for _, f := range d.files {
			if f.month < m-1 || f.month > m+1 {
				continue
			}
			for _, s := range f.contents {
				// Only a message near the end of the month before can be of this one, and an edited one of the month behind.
				if last, known := h.lastMonth(s); f.month == m-1 && known && last < m {
					continue
				}
				list = append(list, s)
			}
		}
	}
	slices.SortFunc(list, func(a, b *content) int {
		return cmp.Or(
			cmp.Compare(b.in.last(), a.in.last()), cmp.Compare(a.file.month, b.file.month), cmp.Compare(a.file.part, b.file.part),
			cmp.Compare(a.file.dir.name, b.file.dir.name), cmp.Compare(b.in.first(), a.in.first()),
		)
	})
	return list
}

// enter takes in a content. A record that is damaged is left out and reported.
func (l *loading) enter(ctx context.Context, s *content) error {
	if l.room.full() {
		if l.room.waste -= s.size; l.room.waste < 0 {
			return nil
		}
	}
	b, err := l.h.read(ctx, s)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	era := l.f.eraOf[s.in.last()]
	p, err := l.h.peopleOf(ctx, l.f, era)
	if err != nil {
		return err
	}
	list, err := l.fresh(ctx, s, b, era)
	if err != nil {
		return err
	}
	if l.all == nil { // mostly all of the month comes from one content
		l.all = make([]*told, 0, len(list))
		l.byID = make(map[string]*told, len(list))
		l.spare = make([]told, len(list))
	}
	for len(list) > 0 {
		n := l.room.fit(list)
		if n == 0 {
			l.room.left[s.in.last()] += len(list)
			break
		}
		decodeAll(ctx, p, list[:n])
		if err := ctx.Err(); err != nil {
			return err
		}
		l.placeAll(s, list[:n])
		list = list[n:]
	}
	return nil
}

// placeAll places what records say.
func (l *loading) placeAll(s *content, list []record) {
	for i := range list {
		r := &list[i]
		if l.room.full() {
			l.room.left[s.in.last()]++
			continue
		}
		l.room.take(r)
		if r.err != nil {
			l.damaged(s, fmt.Errorf("record %d: %w", r.index, r.err))
			continue
		}
		v := l.place(variant{msg: r.msg, in: s.in, at: place{s.file.month, s.file.part, r.index}})
		if l.byRaw != nil {
			l.byRaw[r.key] = v
		}
	}
}

// fresh returns the records of a content that no newer one has. What others have too is
// noted.
func (l *loading) fresh(ctx context.Context, s *content, b []byte, era int) ([]record, error) {
	var list []record
	if l.all == nil { // of the others most are known
		list = make([]record, 0, min(countRecords(b), l.room.messages))
	}
	index, d := 0, new(decoder)
	for rec, err := range records(b) {
		if err != nil {
			l.damaged(s, err)
			break
		}
		if index++; index%4096 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		first, ok := d.first(rec)
		if !ok {
			l.damaged(s, fmt.Errorf("record %d: %w", index, signal.ErrBadRecord))
			continue
		}
		if l.h.shownIn(first, s.file.month) != l.month {
			continue
		}
		k := rawKey{0, era}
		if l.byRaw != nil {
			k.hash = maphash.Bytes(l.h.seed, rec)
			if v := l.byRaw[k]; v != nil {
				v.in = v.in.with(s.in)
				continue
			}
		}
		if len(list) >= l.room.messages {
			l.room.left[s.in.last()]++
			continue
		}
		list = append(list, record{rec: rec, index: index, key: k})
	}
	return list, nil
}

// damaged notes that a part of a content cannot be read.
func (l *loading) damaged(s *content, err error) {
	l.h.report(s.in.last(), s.path(), err)
	l.unsure = l.unsure || s.in.last() == len(l.h.backups)-1
}

// toldBatch is how many told are made at once where nobody knows how many there will be.
const toldBatch = 16

// place adds a variant to the message that it is of. Two of one ID that one backup
// has are two messages, unless they are the same to the last byte.
func (l *loading) place(v variant) *variant {
	id := v.msg.ID
	first := l.byID[id]
	if first == nil || first.same < maxSame {
		if have := l.find(v); have != nil {
			return have
		}
	}
	if len(l.spare) == 0 {
		l.spare = make([]told, toldBatch)
	}
	t := &l.spare[0]
	l.spare, t.newest = l.spare[1:], v
	l.all = append(l.all, t)
	if v.msg.Sent != v.msg.First {
		l.bySent[sentID(v.msg)] = t
	}
	if first == nil {
		l.byID[id] = t
		return &t.newest
	}
	first.same++
	sum := sha256.Sum256([]byte(id + " " + strconv.Itoa(first.same)))
	v.msg.ID = hex.EncodeToString(sum[:8])
	for first.next != nil && first.same <= maxSame {
		first = first.next
	}
	t.next, first.next = first.next, t
	return &t.newest
}

// maxSame bounds how many messages of one ID are compared with each other. Apps allow
// one, and now and then write a few events.
const maxSame = 32

// find adds a variant to a message that is there already, if it is of one. An edited
// message loses its earlier versions when it is deleted for everyone: then the
// time of its newest version is all that stays.
func (l *loading) find(v variant) *variant {
	other := l.bySent[v.msg.ID]
	if v.msg.Sent != v.msg.First {
		other = l.byID[sentID(v.msg)]
	}
	for t := l.byID[v.msg.ID]; t != nil; t = t.next {
		if have := t.add(v); have != nil {
			return have
		}
	}
	if other == nil {
		return nil
	}
	have := other.add(v)
	if have != nil && l.byID[v.msg.ID] == nil { // even older backups may have it before it was edited
		l.byID[v.msg.ID] = other
	}
	return have
}

// add adds a variant unless a backup has both it and another one of the message.
func (t *told) add(v variant) *variant {
	last := &t.newest
	for have := range t.variants {
		last = have
		if !have.in.overlaps(v.in) {
			continue
		}
		if bytes.Equal(signal.Append(nil, have.msg.Raw), signal.Append(nil, v.msg.Raw)) {
			have.in = have.in.with(v.in)
			return have
		}
		return nil
	}
	last.older = &v
	return last.older
}

// sentID is the ID that a message would have without its earlier versions.
func sentID(m *chat.Message) string {
	author := ""
	if m.Author != nil {
		author = m.Author.Key
	}
	return chat.MessageID(m.Chat.Key, author, m.Sent, m.Event)
}
