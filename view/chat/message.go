package chat

import (
	"cmp"
	"math"
	"slices"

	"bakfs/signal"
)

// maxVersions bounds the earlier versions of a message. The apps allow ten.
const maxVersions = 100

// MaxListed bounds the persons that views name for one message or group: who reacted, who
// voted, to whom it went, who is a member. A reference is a few bytes in a record, a name
// up to 1 KiB. A group of the apps has at most 1,000 others.
const MaxListed = 1001

// Message makes a message of an item, which it keeps as Raw: the item must not
// change any more. It never returns nil.
func (p *People) Message(item *signal.ChatItem) *Message {
	maker := p.Maker(1)
	return maker.Message(item)
}

// A Maker makes many messages with few allocations: they keep each other in memory.
// One goroutine uses it at a time.
type Maker struct {
	people *People
	free   []Message
	status []Delivery // free ones
}

// statusBatch is how many deliveries are allocated at once.
const statusBatch = 32

// Maker returns a Maker of about n messages.
func (p *People) Maker(n int) Maker { return Maker{people: p, free: make([]Message, n)} }

// Message is [People.Message].
func (k *Maker) Message(item *signal.ChatItem) *Message {
	if item == nil {
		item = new(signal.ChatItem)
	}
	if len(k.free) == 0 {
		k.free = make([]Message, 1)
	}
	p, m := k.people, &k.free[0]
	k.free = k.free[1:]
	m.Chat, m.First, m.Sent, m.SMS, m.Pinned, m.Raw = p.Conversation(item.ChatID), item.DateSent, item.DateSent, item.Sms, item.Pin != nil, item
	if m.Author = p.byID[item.AuthorID]; m.Author == nil && item.AuthorID != 0 {
		m.Author = stranger(item.AuthorID)
	}
	if old := item.Revisions; len(old) > 0 {
		m.First = cmp.Or(old[0].DateSent, m.First)
		for i := max(len(old)-maxVersions, 0); i < len(old); i++ {
			m.Versions = append(m.Versions, p.version(&old[i]))
		}
	}
	p.body(m, item)
	m.Dir = direction(m, item)
	if m.Dir != Event && m.Author == nil {
		m.Author = stranger(0)
	}
	k.delivery(m, item)
	author := ""
	if m.Author != nil {
		author = m.Author.Key
	}
	m.ID = MessageID(m.Chat.Key, author, m.First, m.Event)
	return m
}

// direction says which way a message went. Updates are events whatever their
// record says; what is none goes by its details, else by its author.
func direction(m *Message, item *signal.ChatItem) Direction {
	switch {
	case m.Event != "":
		return Event
	case item.Outgoing != nil:
		return Out
	case item.Incoming != nil:
		return In
	case m.Author != nil && m.Author.Self:
		return Out
	}
	return In
}

func (k *Maker) delivery(m *Message, item *signal.ChatItem) {
	if in := item.Incoming; in != nil {
		m.Got = in.DateReceived
	}
	if out := item.Outgoing; out != nil {
		m.Got = out.DateReceived
		if n := len(out.SendStatus); n > len(k.status) {
			k.status = make([]Delivery, max(n, statusBatch))
		}
		m.Status = k.status[:0:len(out.SendStatus)]
		k.status = k.status[len(out.SendStatus):]
		for i := range out.SendStatus {
			s := &out.SendStatus[i]
			state := "unknown"
			if s.Delivery > signal.DeliveryUnknown && s.Delivery <= signal.DeliveryFailed {
				state = s.Delivery.String()
			}
			m.Status = append(m.Status, Delivery{To: k.people.Person(s.RecipientID), State: state, Time: s.Timestamp})
		}
	}
	m.ExpiresMs = item.ExpiresInMs.V
	if start := item.ExpireStartDate.V; start > 0 && m.ExpiresMs > 0 {
		m.Expires = start + signal.Millis(min(m.ExpiresMs, math.MaxUint64-uint64(start)))
	}
}

// State returns how far a sent message came: "failed" if it failed for anybody,
// else the least of what its addressees have; "" if that is not known.
func (m *Message) State() string {
	order := []string{"pending", "sent", "delivered", "read", "viewed"}
	least := len(order)
	for _, s := range m.Status {
		if s.State == "failed" {
			return s.State
		}
		if i := slices.Index(order, s.State); i >= 0 {
			least = min(least, i)
		}
	}
	if least == len(order) {
		return ""
	}
	return order[least]
}

// version makes an earlier version of a message; its own earlier versions, which
// no app writes, are left out.
func (p *People) version(item *signal.ChatItem) Version {
	v := Version{Sent: item.DateSent}
	if b, ok := item.Body.(*signal.StandardMessage); ok {
		v.Text, v.Files, v.Links, v.Quote = p.text(b.Text, b.LongText), p.files(b.Attachments), p.links(b.LinkPreview), p.quote(b.Quote)
	}
	return v
}

// body fills in what an item holds.
func (p *People) body(m *Message, item *signal.ChatItem) {
	switch b := item.Body.(type) {
	case *signal.StandardMessage:
		m.Kind, m.Text, m.Quote = Standard, p.textIn(&m.said, b.Text, b.LongText), p.quote(b.Quote)
		m.Files, m.Links = p.files(b.Attachments), p.links(b.LinkPreview)
		m.Reactions = p.reactions(b.Reactions)
	case *signal.ContactMessage:
		m.Kind, m.Card, m.Reactions = Card, p.card(b.Contact), p.reactions(b.Reactions)
	case *signal.StickerMessage:
		m.Kind, m.Sticker, m.Reactions = Sticker, p.sticker(b.Sticker), p.reactions(b.Reactions)
	case *signal.DeletedMessage:
		m.Kind, m.By = Deleted, p.Person(item.AuthorID)
	case *signal.AdminDeletedMessage:
		m.Kind, m.By = AdminDeleted, p.Person(b.AdminID)
	case *signal.ViewOnceMessage:
		m.Kind, m.Reactions = ViewOnce, p.reactions(b.Reactions)
		if b.Attachment != nil {
			m.Files = p.files([]signal.Attachment{*b.Attachment})
		}
	case *signal.Poll:
		m.Kind, m.Poll, m.Reactions = Poll, p.poll(b), p.reactions(b.Reactions)
	case *signal.Payment:
		m.Kind, m.Payment, m.Words = Payment, b, oneLine(paymentWords(b))
	case *signal.GiftBadge:
		m.Kind, m.Words = Gift, giftWords(b)
	case *signal.StoryReply:
		m.Kind, m.Emoji, m.Reactions = StoryReply, valid(b.Emoji.V), p.reactions(b.Reactions)
		if b.TextReply != nil {
			m.Text = p.text(b.TextReply.Text, b.TextReply.LongText)
		}
	case *signal.UpdateMessage:
		m.Kind = Update
		p.update(m, b.Update)
		m.Words = oneLine(m.Words)
	default:
		m.Kind, m.Words = Other, "A message of a newer kind of Signal"
		if item.Directionless != nil {
			m.Event, m.Words = newerEvent, newerEventWords
		}
	}
}

func (p *People) reactions(list []signal.Reaction) []Reaction {
	if len(list) == 0 {
		return nil
	}
	order := func(a, b signal.Reaction) int { return cmp.Compare(a.SortOrder, b.SortOrder) }
	if !slices.IsSortedFunc(list, order) {
		list = slices.Clone(list)
		slices.SortStableFunc(list, order)
	}
	made := make([]Reaction, len(list))
	for i := range list {
		made[i] = Reaction{Emoji: valid(list[i].Emoji), By: p.Person(list[i].AuthorID), Sent: list[i].SentTimestamp}
	}
	return made
}

func (p *People) poll(b *signal.Poll) *PollState {
	made := &PollState{Question: valid(b.Question), Multiple: b.AllowMultiple, Ended: b.HasEnded}
	for i := range b.Options {
		o := PollOption{Text: valid(b.Options[i].Option)}
		for _, v := range b.Options[i].Votes {
			o.Voters = append(o.Voters, p.Person(v.VoterID))
		}
		made.Options = append(made.Options, o)
	}
	return made
}
