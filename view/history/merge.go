package history

import (
	"cmp"
	"context"
	"slices"
	"time"

	"bakfs/signal"
	"bakfs/view/chat"
)

// A monthKey names a month of a conversation.
type monthKey struct {
	of    *identity
	chat  string
	month month
}

// Messages returns the messages of a month, in the order in which they are shown.
// What cannot be read is an error if no other backup has the month.
func (h *History) Messages(ctx context.Context, c *Conversation, m Month) ([]*chat.Message, error) {
	return h.cache.months.Get(ctx, monthKey{h.id, c.Key, m.at()}, func(ctx context.Context) ([]*chat.Message, int64, error) {
		list, err := h.merge(ctx, c, m.at())
		if err != nil {
			return nil, 0, err
		}
		if err := h.namePaths(ctx, c, m.at(), list); err != nil {
			return nil, 0, err
		}
		return list, costOfAll(list), nil
	})
}

// merge makes the messages of a month but for the paths of their files.
func (h *History) merge(ctx context.Context, c *Conversation, m month) ([]*chat.Message, error) {
	f, err := h.theOutline(ctx)
	if err != nil {
		return nil, err
	}
	if c = f.byKey[c.Key]; c == nil {
		return nil, nil
	}
	l, err := h.gather(ctx, f, c, m)
	if err != nil {
		return nil, err
	}
	began, err := h.began(ctx, f, c, l)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(l.all, func(a, b *told) int { return order(&a.newest, &b.newest) })
	list := make([]*chat.Message, 0, len(l.all))
	long := &longTexts{room: h.limits.long, have: map[string]string{}}
	for i, t := range l.all {
		if i%1024 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		msg := t.newest.msg
		msg.Chat = c.Conversation
		h.unite(t)
		h.setPast(l, t, began)
		if h.hides(msg) {
			continue
		}
		if err := h.complete(ctx, t, long); err != nil {
			return nil, err
		}
		list = append(list, msg)
	}
	if len(l.lost) > 0 {
		list = append(list, h.lossOf(c, m, list, l.lost))
	}
	if n := l.room.without(); n > 0 {
		list = append(list, h.restOf(c, m, list, n))
	}
	return list, nil
}

// Unreadable is the Event of a line that says that something cannot be read.
const Unreadable = "unreadable"

// lossOf is an event at the end of a month that says which backups' versions of it
// cannot be read, so that nobody takes for all of it what the others have.
func (h *History) lossOf(c *Conversation, m month, list []*chat.Message, lost spans) *chat.Message {
	words := "What the backup " + h.backups[lost.last()].Label + " has of this month cannot be read"
	if first := lost.first(); first != lost.last() {
		words = "What backups from " + h.backups[first].Label + " to " + h.backups[lost.last()].Label + " have of this month cannot be read"
	}
	return h.noteOf(c, m, list, Unreadable, words+"; what is shown is from other backups")
}

// noteOf is an event at the end of a month, which has the messages of list.
func (h *History) noteOf(c *Conversation, m month, list []*chat.Message, event, words string) *chat.Message {
	at := millis(m.public().Start(h.o.Zone))
	if len(list) > 0 {
		at = list[len(list)-1].First
	}
	return &chat.Message{
		ID: chat.MessageID(c.Key, m.String(), at, event), Chat: c.Conversation, Kind: chat.Update, Dir: chat.Event,
		First: at, Sent: at, Event: event, Words: words,
	}
}

// order is that of messages on the screen: by time, then as the newest backup has
// them.
func order(a, b *variant) int {
	return cmp.Or(
		cmp.Compare(a.msg.First, b.msg.First), cmp.Compare(b.in.last(), a.in.last()), cmp.Compare(a.at.month, b.at.month),
		cmp.Compare(a.at.part, b.at.part), cmp.Compare(a.at.index, b.at.index), cmp.Compare(a.msg.ID, b.msg.ID),
	)
}

// isDeleted reports whether a message stands for one that was deleted for everyone.
func isDeleted(m *chat.Message) bool { return m.Kind == chat.Deleted || m.Kind == chat.AdminDeleted }

// unite adds to the newest variant what the older ones know beyond it: versions
// before edits, and what was deleted for everyone.
func (h *History) unite(t *told) {
	m := t.newest.msg
	for v := t.newest.older; v != nil; v = v.older {
		switch {
		case isDeleted(v.msg) || v.msg.Kind != m.Kind && !isDeleted(m):
		case isDeleted(m):
			if m.Past.Kept == nil && !h.o.HideDeleted {
				from := h.backups[v.in.last()]
				m.Past.Kept, m.Past.KeptFrom = keptOf(v.msg), from.Label
				m.Past.KeptTime = signal.Millis(max(0, from.Time.UnixMilli()))
			}
		default:
			if v.msg.Sent < m.Sent {
				addVersion(m, versionOf(v.msg))
			}
			for _, older := range v.msg.Versions {
				addVersion(m, older)
			}
		}
	}
}

func versionOf(m *chat.Message) chat.Version {
	return chat.Version{Sent: m.Sent, Text: m.Text, Files: m.Files, Links: m.Links, Quote: m.Quote}
}

// keptOf is what a message said, also one of a kind that cannot be edited.
func keptOf(m *chat.Message) *chat.Version {
	v := versionOf(m)
	switch {
	case m.Sticker != nil:
		v.Files = []chat.File{m.Sticker.File}
	case m.Poll != nil:
		v.Text = &chat.Text{Plain: m.Poll.Question}
	case m.Card != nil:
		v.Text = &chat.Text{Plain: m.Card.Name}
	case m.Emoji != "" && v.Text == nil:
		v.Text = &chat.Text{Plain: m.Emoji}
	case m.Words != "" && v.Text == nil:
		v.Text = &chat.Text{Plain: m.Words}
	}
	return &v
}

// addVersion adds an earlier version, unless there is one of that time.
func addVersion(m *chat.Message, v chat.Version) {
	i, have := slices.BinarySearchFunc(m.Versions, v.Sent, func(v chat.Version, sent signal.Millis) int { return cmp.Compare(v.Sent, sent) })
	if !have && v.Sent < m.Sent {
		m.Versions = slices.Insert(m.Versions, i, v)
	}
}

// setPast says which backups have a message, and why the newest does not.
func (h *History) setPast(l *loading, t *told, began signal.Millis) {
	m := t.newest.msg
	if len(h.backups) < 2 {
		return
	}
	in := t.in()
	first, last := in.first(), in.last()
	m.Past.FirstSeen = h.backups[first].Label
	if last == len(h.backups)-1 || l.unsure {
		return
	}
	m.Past.LastSeen = h.backups[last].Label
	switch newest := h.backups[len(h.backups)-1].Time; {
	case !l.c.Here:
		m.Past.Gone = chat.GoneChat
	case m.ExpiresMs > 0 && expiresBy(m, newest):
		m.Past.Gone = chat.GoneExpired
	case m.First < began:
		m.Past.Gone = chat.GoneTrimmed
	default:
		m.Past.Gone = chat.GoneMessage
	}
}

// expiresBy reports whether the timer of a message has run out at a moment. One
// that had not begun when it was seen last began soon after.
func expiresBy(m *chat.Message, at time.Time) bool {
	now := signal.Millis(max(0, at.UnixMilli()))
	if m.Expires > 0 {
		return m.Expires <= now
	}
	return m.Past.LastSeen != "" && m.First <= now && m.ExpiresMs <= uint64(now-m.First)
}

// hides reports whether the options keep a message from being shown.
func (h *History) hides(m *chat.Message) bool {
	switch {
	case !h.inTime(m.First):
		return true
	case h.o.HideDeleted && m.Past.Gone != chat.Here:
		return true
	case h.o.ShowExpired || m.ExpiresMs == 0:
		return false
	}
	return m.Past.Gone == chat.GoneExpired || expiresBy(m, h.o.AsOf)
}

// inTime reports whether the options ask for what was sent then.
func (h *History) inTime(at signal.Millis) bool {
	return (h.o.From.IsZero() || at >= millis(h.o.From)) && (h.o.To.IsZero() || at < millis(h.o.To))
}

// began returns when the oldest message was sent that the newest backup has of a
// conversation; what is older is trimmed. It is looked for only if something is gone.
func (h *History) began(ctx context.Context, f *outline, c *Conversation, l *loading) (signal.Millis, error) {
	newest := len(h.backups) - 1
	gone := slices.ContainsFunc(l.all, func(t *told) bool {
		return t.in().last() != newest
	})
	if !gone || !c.Here {
		return 0, nil
	}
	oldest := h.oldestHere(c)
	if len(oldest) == 0 {
		return signal.Millis(1<<64 - 1), nil // emptied
	}
	began := signal.Millis(1<<64 - 1)
	for _, s := range oldest {
		b, err := h.read(ctx, s)
		if err != nil && !h.lasting(err) {
			return 0, err
		}
		if err != nil {
			return 0, nil
		}
		d := new(decoder)
		for rec, err := range records(b) {
			if err != nil {
				break
			}
			if first, ok := d.first(rec); ok {
				began = min(began, first)
			}
		}
	}
	return began, nil
}
