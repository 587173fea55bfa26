package history

import (
	"cmp"
	"context"
	"encoding/binary"
	"hash/maphash"
	"slices"
	"strconv"
	"strings"

	"bakfs/signal"
	"bakfs/signal/archive"
	"bakfs/view/chat"
)

// An era is a run of backups in which one number means one recipient, as it is as
// long as a phone keeps its database: then the items of all of them can be read with
// one People.
type era struct {
	base       int // its newest backup, whose head counts; -1: there is none
	recipients map[uint64]recipient
	chats      map[uint64]string // keys
	extra      [][]byte          // records of older heads, of what the base does not have
	has        map[uint64]bool   // calls by link among these and in the base, by hash
}

// A recipient is one in a head.
type recipient struct {
	id     uint64
	own    string // the key that its record gives it; "" if none
	key    string // the key of the same person in newer heads, or own
	number string // "e164:…" of a contact, or ""
	pni    string // "pni:…" of a contact, or ""
}

// heads takes in the heads of all backups, the newest first.
type heads struct {
	h      *History
	f      *outline
	id     contentID            // of the head before
	byHash map[uint64]recipient // all records that were decoded
	alias  map[string]string    // a key → the key of the one who has it in the next newer head
	owners map[string]string    // folder of a conversation → key
	dirs   map[string]string    // key → folder
	names  map[string][]string  // key → names in older heads, newest first
}

func newHeads(h *History, f *outline) *heads {
	return &heads{
		h: h, f: f, byHash: map[uint64]recipient{}, alias: map[string]string{},
		owners: map[string]string{}, dirs: map[string]string{}, names: map[string][]string{},
	}
}

// A head is the head of one backup.
type head struct {
	recipients map[uint64]recipient
	order      []uint64
	raw        map[uint64][]byte // of those that the era may need
	chats      []headChat
	calls      [][]byte
}

type headChat struct {
	id, recipient uint64
	raw           []byte
}

// The numbers of the kinds of frames.
const (
	frameRecipient = 2
	frameChat      = 3
	frameCall      = 6
)

// frameKind returns which kind a frame's first field says; 0 if there is none.
func frameKind(rec []byte) int {
	tag, n := binary.Uvarint(rec)
	if n <= 0 || tag&7 != 2 || tag > 1<<10 {
		return 0
	}
	return int(tag >> 3)
}

// enter takes in the head of backup i.
func (b *heads) enter(ctx context.Context, i int) error {
	id, err := b.h.headID(ctx, i)
	if err != nil || id.same(b.id) {
		return err
	}
	hd, err := b.read(ctx, i)
	if err != nil {
		return err
	}
	b.id = id
	newest := i == len(b.h.backups)-1
	if newest {
		b.f.chats = map[string]bool{}
	}
	for _, c := range hd.chats {
		key, own := b.chatKey(hd, c)
		if newest {
			b.f.chats[key] = true
		}
		dir, ok := b.dirs[own]
		if !ok {
			dir = archive.ConversationDir(own)
			b.dirs[own] = dir
		}
		if _, ok := b.owners[dir]; !ok {
			b.owners[dir] = key
		}
	}
	b.join(hd, i)
	for _, id := range hd.order {
		r := hd.recipients[id]
		for _, k := range []string{r.number, r.pni} {
			if k != "" {
				b.alias[k] = r.key // who has it in the next newer head counts
			}
		}
	}
	return nil
}

// read reads a head. What is not decodable is left out.
func (b *heads) read(ctx context.Context, i int) (*head, error) {
	hd := &head{recipients: map[uint64]recipient{}, raw: map[uint64][]byte{}}
	var fresh []uint64 // of records that no newer head has
	first := true
	err := b.h.headRecords(ctx, i, func(rec []byte) error {
		if first {
			first = false
			return nil
		}
		switch frameKind(rec) {
		case frameRecipient:
			if r, isNew, ok := b.recipient(rec); ok && hd.recipients[r.id].id == 0 {
				hd.recipients[r.id] = r
				hd.order = append(hd.order, r.id)
				if !b.era().knows(r.id) || isNew {
					hd.raw[r.id] = slices.Clone(rec)
				}
				if isNew {
					fresh = append(fresh, r.id)
				}
			}
		case frameChat:
			var f signal.Frame
			if signal.Unmarshal(rec, &f) == nil {
				if c, ok := f.Item.(*signal.Chat); ok {
					hd.chats = append(hd.chats, headChat{c.ID, c.RecipientID, slices.Clone(rec)})
				}
			}
		case frameCall:
			hd.calls = append(hd.calls, slices.Clone(rec))
		}
		return nil
	})
	if err != nil && len(hd.recipients) == 0 {
		return nil, err
	}
	if err != nil {
		if !b.h.lasting(err) {
			return nil, err
		}
		b.h.report(i, "frames", err)
	}
	if len(b.f.eras) > 0 {
		b.noteNames(hd, fresh)
	}
	return hd, nil
}

func (b *heads) era() *era {
	if len(b.f.eras) == 0 {
		return nil
	}
	return b.f.eras[len(b.f.eras)-1]
}

func (e *era) knows(id uint64) bool {
	if e == nil {
		return false
	}
	_, ok := e.recipients[id]
	return ok
}

// recipient returns who a record is about. Most stand in many heads, and are
// decoded once.
func (b *heads) recipient(rec []byte) (r recipient, isNew, ok bool) {
	hash := maphash.Bytes(b.h.seed, rec)
	r, ok = b.byHash[hash]
	if !ok {
		var f signal.Frame
		if signal.Unmarshal(rec, &f) != nil {
			return r, false, false
		}
		d, is := f.Item.(*signal.Recipient)
		if !is || d.ID == 0 {
			return r, false, false
		}
		r = recipientOf(d)
		b.byHash[hash] = r
		isNew = true
	}
	r.key = r.own
	if strings.HasPrefix(r.own, "e164:") || strings.HasPrefix(r.own, "pni:") {
		r.key = cmp.Or(b.alias[r.own], b.alias[r.number], r.own)
	}
	return r, isNew, true
}

func recipientOf(d *signal.Recipient) recipient {
	r := recipient{id: d.ID, own: archive.ConversationKey(d)}
	c, ok := d.Destination.(*signal.Contact)
	if !ok {
		return r
	}
	if c.E164.V != 0 {
		r.number = "e164:+" + strconv.FormatUint(c.E164.V, 10)
	}
	if pni := archive.ConversationKey(&signal.Recipient{Destination: &signal.Contact{PNI: c.PNI}}); pni != "" {
		r.pni = pni
	}
	return r
}

// chatKey returns the key of a chat's conversation, and the one by which its
// backup stored it.
func (b *heads) chatKey(hd *head, c headChat) (key, own string) {
	r := hd.recipients[c.recipient]
	if r.own == "" {
		own = "chat:" + strconv.FormatUint(c.id, 10)
		return own, own
	}
	return r.key, r.own
}

// join makes a head part of the era at hand, or begins another if numbers have
// got another meaning.
func (b *heads) join(hd *head, i int) {
	e := b.era()
	if e == nil || b.differs(e, hd) {
		e = &era{base: i, recipients: hd.recipients, chats: map[uint64]string{}, has: map[uint64]bool{}}
		for _, c := range hd.chats {
			e.chats[c.id], _ = b.chatKey(hd, c)
		}
		for _, rec := range hd.calls {
			e.has[maphash.Bytes(b.h.seed, rec)] = true
		}
		b.f.eras = append(b.f.eras, e)
		return
	}
	for _, id := range hd.order {
		if r := hd.recipients[id]; !e.knows(id) {
			e.recipients[id] = r
			e.extra = append(e.extra, hd.raw[id])
		}
	}
	for _, c := range hd.chats {
		if _, ok := e.chats[c.id]; !ok {
			e.chats[c.id], _ = b.chatKey(hd, c)
			e.extra = append(e.extra, c.raw)
		}
	}
	for _, rec := range hd.calls {
		if k := maphash.Bytes(b.h.seed, rec); !e.has[k] {
			e.has[k] = true
			e.extra = append(e.extra, rec)
		}
	}
}

// differs reports whether a number means somebody else in a head than in an era.
func (b *heads) differs(e *era, hd *head) bool {
	for _, id := range hd.order {
		r := hd.recipients[id]
		if known, ok := e.recipients[id]; ok && known.key != r.key {
			return true
		}
	}
	for _, c := range hd.chats {
		key, _ := b.chatKey(hd, c)
		if known, ok := e.chats[c.id]; ok && known != key {
			return true
		}
	}
	return false
}

// noteNames notes what conversations were called whose recipients were changed.
func (b *heads) noteNames(hd *head, fresh []uint64) {
	for _, id := range fresh {
		r := hd.recipients[id]
		var f signal.Frame
		if r.own == "" || signal.Unmarshal(hd.raw[id], &f) != nil {
			continue
		}
		p := chat.NewPeople(slices.Values([]*signal.Frame{&f, {Item: &signal.Chat{ID: 1, RecipientID: id}}}), "")
		if n := p.Conversation(1).Name; !slices.Contains(b.names[r.key], n) {
			b.names[r.key] = append(b.names[r.key], n)
		}
	}
}

// eraRecords returns the records of an era: those of its newest head, then what
// only older ones have; all with the newest record of each person and group.
func (h *History) eraRecords(ctx context.Context, f *outline, n int) ([][]byte, error) {
	e := f.eras[n]
	var list [][]byte
	if e.base >= 0 {
		err := h.headRecords(ctx, e.base, func(rec []byte) error {
			list = append(list, slices.Clone(rec))
			return nil
		})
		if err != nil && !h.lasting(err) {
			return nil, err
		}
	}
	list = append(list, e.extra...)
	best := map[string]*signal.Recipient{}
	var account []byte
	if n > 0 {
		newest, err := h.eraRecords(ctx, f, 0)
		if err != nil {
			return nil, err
		}
		account = f.eras[0].best(newest, best)
	} else {
		e.best(list, best)
	}
	for i, rec := range list {
		switch k := frameKind(rec); {
		case i == 0:
		case k == frameAccount && account != nil:
			list[i] = account
		case k == frameRecipient:
			list[i] = e.renewed(rec, best)
		}
	}
	return list, nil
}

const frameAccount = 1

// best finds the first record of each key among the records of e, and that of the account.
func (e *era) best(list [][]byte, best map[string]*signal.Recipient) (account []byte) {
	for i, rec := range list {
		if i == 0 {
			continue
		}
		if frameKind(rec) == frameAccount && account == nil {
			account = rec
		}
		if frameKind(rec) != frameRecipient {
			continue
		}
		var f signal.Frame
		if signal.Unmarshal(rec, &f) != nil {
			continue
		}
		if r, ok := f.Item.(*signal.Recipient); ok {
			if key := e.recipients[r.ID].key; key != "" && best[key] == nil {
				best[key] = r
			}
		}
	}
	return account
}

// renewed returns the record of a recipient with the newest that is known of who it is.
func (e *era) renewed(rec []byte, best map[string]*signal.Recipient) []byte {
	var f signal.Frame
	if signal.Unmarshal(rec, &f) != nil {
		return rec
	}
	r, ok := f.Item.(*signal.Recipient)
	if !ok {
		return rec
	}
	b := best[e.recipients[r.ID].key]
	if b == nil || b.ID == r.ID && archive.ConversationKey(b) == archive.ConversationKey(r) {
		return rec
	}
	copied := *b
	copied.ID = r.ID
	return signal.Append(nil, &signal.Frame{Item: &copied})
}
