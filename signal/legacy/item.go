package legacy

import (
	"cmp"
	"slices"

	"bakfs/signal"
)

// A draft is a message on its way from its row to the model.
type draft struct {
	row     *row
	key     key
	typ     int64
	out     bool
	author  uint64
	chat    *signal.Chat
	files   []file // of the message, in the order in which they are shown
	reacted []signal.Reaction
}

func sortRevisions(list []signal.ChatItem) {
	slices.SortStableFunc(list, func(a, b signal.ChatItem) int { return cmp.Compare(a.DateSent, b.DateSent) })
}

// item makes the item of one row.
func (h *History) item(r *row, k key) (*signal.ChatItem, error) {
	d := &draft{row: r, key: k, typ: r.int("type")}
	d.out = outgoing(d.typ)
	d.author, d.out = h.author(d)
	d.chat = h.chat(d)
	item := &signal.ChatItem{ChatID: d.chat.ID, AuthorID: d.author, DateSent: r.millis("date_sent")}
	update, isUpdate := h.update(d)
	if isUpdate {
		item.Directionless = &signal.Directionless{}
		item.Body = &signal.UpdateMessage{Update: update}
		return item, h.fillUpdate(d, update)
	}
	if err := h.load(d); err != nil {
		return nil, err
	}
	item.Sms = d.typ&(flagPush|flagSecure) == 0
	if n := r.int("expires_in"); n > 0 {
		item.ExpiresInMs = signal.Some(uint64(n))
		if at := r.millis("expire_started"); at > 0 {
			item.ExpireStartDate = signal.Some(at)
		}
	}
	if at := r.millis("pinned_at"); at > 0 {
		item.Pin = pin(at, r.int("pinned_until"))
	}
	var err error
	if d.out {
		item.Outgoing = &signal.Outgoing{DateReceived: r.millis("date_received")}
		item.Outgoing.SendStatus, err = h.statuses(d)
	} else {
		item.Incoming = &signal.Incoming{DateReceived: r.millis("date_received"), Read: r.bool("read"), SealedSender: r.bool("unidentified")}
		if at := r.millis("date_server"); at > 0 {
			item.Incoming.DateServerSent = signal.Some(at)
		}
	}
	if err != nil {
		return nil, err
	}
	item.Body, err = h.body(d)
	return item, err
}

// never is what pinned_until is for a message that stays pinned.
const never = 1<<63 - 1

func pin(at signal.Millis, until int64) *signal.Pin {
	p := &signal.Pin{PinnedAtTimestamp: at}
	if until <= 0 || until == never {
		p.PinNeverExpires = signal.Some(true)
	} else {
		p.PinExpiresAtTimestamp = signal.Some(signal.Millis(until))
	}
	return p
}

// author returns who wrote a message and whether that is the owner. Before the
// rows named both sides, the one they name is the other side, also of what the
// owner sent; a group as the sender means the owner.
func (h *History) author(d *draft) (uint64, bool) {
	b := h.x.book
	id := b.resolve(d.row.at("from_recipient_id"))
	if d.out && !d.row.t.has("to_recipient_id") || b.isGroup(id) || id == 0 && d.out {
		return b.owner, d.out
	}
	return b.need(id), d.out
}

// chat returns the conversation of a message, and makes one up if there is no
// such row.
func (h *History) chat(d *draft) *signal.Chat {
	b := h.x.book
	id := uint64(d.row.int("thread_id"))
	if id == 0 {
		id = firstSynthetic // no row has it
	}
	if c := b.chatOf[id]; c != nil {
		return c
	}
	partner := d.author
	if d.out {
		for _, column := range []string{"to_recipient_id", "from_recipient_id"} {
			if d.row.t.has(column) {
				partner = b.resolve(d.row.at(column))
				break
			}
		}
	}
	partner = b.need(partner)
	c := &signal.Chat{ID: id, RecipientID: partner}
	b.chatOf[id] = c
	h.queue = append(h.queue, &signal.Frame{Item: c})
	return c
}

// statuses returns how far a sent message has come, at each addressee.
func (h *History) statuses(d *draft) ([]signal.SendStatus, error) {
	group, ok := h.x.book.byID[d.chat.RecipientID].Destination.(*signal.Group)
	if !ok {
		return []signal.SendStatus{{RecipientID: d.chat.RecipientID, Delivery: single(d.row, d.typ)}}, nil
	}
	// What a receipt says of people whom nothing has reached yet.
	rest := signal.DeliverySent
	if s := single(d.row, d.typ); s == signal.DeliveryFailed || s == signal.DeliveryPending {
		rest = s
	}
	states := map[int64]signal.Delivery{1: signal.DeliveryDelivered, 2: signal.DeliveryRead, 3: signal.DeliveryViewed, 4: signal.DeliverySkipped}
	var list []signal.SendStatus
	err := h.each(sideReceipt, d.key, depthSide, func(r *row) {
		s := signal.SendStatus{RecipientID: h.x.book.need(h.x.book.resolve(r.at("address"))), Timestamp: r.millis("timestamp"),
			Delivery: states[r.int("status")], SealedSender: r.bool("unidentified")}
		if s.Delivery == signal.DeliveryUnknown {
			s.Delivery = rest
		}
		if s.Delivery == signal.DeliveryPending || s.Delivery == signal.DeliveryFailed || s.Delivery == signal.DeliverySkipped {
			s.SealedSender = false
		}
		list = append(list, s)
	})
	if len(list) == 0 && rest != signal.DeliverySent {
		for _, id := range h.x.book.memberIDs[group] {
			if id != h.x.book.owner {
				list = append(list, signal.SendStatus{RecipientID: id, Delivery: rest})
			}
		}
	}
	return list, err
}

// single is the state that a message's own row tells.
func single(r *row, typ int64) signal.Delivery {
	switch {
	case base(typ) == baseFailed:
		return signal.DeliveryFailed
	case base(typ) != baseSent:
		return signal.DeliveryPending
	case r.bool("viewed"):
		return signal.DeliveryViewed
	case r.bool("has_read_receipt"):
		return signal.DeliveryRead
	case r.bool("has_delivery_receipt"):
		return signal.DeliveryDelivered
	}
	return signal.DeliverySent
}

// load reads what other tables have of a message.
func (h *History) load(d *draft) error {
	err := h.each(sideAttachment, d.key, depthSide, func(r *row) { d.files = append(d.files, h.file(r)) })
	if err != nil {
		return err
	}
	slices.SortStableFunc(d.files, func(a, b file) int { return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.row, b.row)) })
	err = h.each(sideReaction, d.key, depthSide, func(r *row) {
		d.react(h, r.text("emoji"), uint64(r.int("author_id")), r.millis("date_sent"), r.int("date_received"))
	})
	message(d.row.bytes("reactions")).each(1, func(m message) {
		d.react(h, m.text(1), m.number(2), signal.Millis(m.number(3)), int64(m.number(4)))
	})
	return err
}

func (d *draft) react(h *History, emoji string, by uint64, sent signal.Millis, received int64) {
	if emoji == "" {
		return
	}
	d.reacted = append(d.reacted, signal.Reaction{Emoji: emoji, AuthorID: h.x.book.need(by), SentTimestamp: sent, SortOrder: uint64(max(received, 0))})
}
