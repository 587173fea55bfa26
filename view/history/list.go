package history

import (
	"cmp"
	"context"
	"iter"
	"slices"

	"bakfs/view/chat"
)

// All returns the messages of all conversations in a month, one conversation after
// the other, as Conversations orders them. An error about one does not end it.
func (h *History) All(ctx context.Context, m Month) iter.Seq2[*chat.Message, error] {
	return func(yield func(*chat.Message, error) bool) {
		all, err := h.Conversations(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, c := range all {
			list, err := h.Messages(ctx, c, m)
			if err != nil && (!yield(nil, err) || ctx.Err() != nil) {
				return
			}
			for _, msg := range list {
				if !yield(msg, nil) {
					return
				}
			}
		}
	}
}

// Days returns the days of a month on which there are messages.
func (h *History) Days(ctx context.Context, m Month) ([]int, error) {
	var has [32]bool
	for msg, err := range h.All(ctx, m) {
		if err != nil {
			return nil, err
		}
		has[h.dayOf(msg, m)] = true
	}
	var days []int
	for d, ok := range has {
		if ok {
			days = append(days, d)
		}
	}
	return days, nil
}

// Day returns the messages of all conversations on one day of a month, by time.
func (h *History) Day(ctx context.Context, m Month, day int) ([]*chat.Message, error) {
	var list []*chat.Message
	for msg, err := range h.All(ctx, m) {
		if err != nil {
			return nil, err
		}
		if h.dayOf(msg, m) == day {
			list = append(list, msg)
		}
	}
	slices.SortStableFunc(list, func(a, b *chat.Message) int { return cmp.Compare(a.First, b.First) })
	return list, nil
}

// dayOf returns the day of a message in its month.
func (h *History) dayOf(msg *chat.Message, m Month) int {
	at := msg.First.Time().In(h.o.Zone)
	switch k := monthOf(msg.First, h.o.Zone); {
	case k < m.at():
		return 1
	case k > m.at():
		return m.Start(h.o.Zone).AddDate(0, 1, -1).Day()
	}
	return at.Day()
}

// Calls returns all calls by time, of conversations and through links; see
// Message.Call. Only months with calls are decoded, one at a time.
func (h *History) Calls(ctx context.Context) iter.Seq2[*chat.Message, error] {
	return func(yield func(*chat.Message, error) bool) {
		months, err := h.callMonths(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, m := range months {
			list, err := h.callsIn(ctx, m)
			if err != nil && (!yield(nil, err) || ctx.Err() != nil) {
				return
			}
			for _, msg := range list {
				if !yield(msg, nil) {
					return
				}
			}
		}
	}
}

// callMonths returns the months in which there may be calls.
func (h *History) callMonths(ctx context.Context) ([]month, error) {
	all, err := h.AllMonths(ctx)
	if err != nil {
		return nil, err
	}
	links, err := h.linkCalls(ctx)
	if err != nil {
		return nil, err
	}
	var list []month
	for _, m := range all {
		list = append(list, m.at())
	}
	for _, msg := range links {
		list = append(list, monthOf(msg.First, h.o.Zone))
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// linkCalls returns the calls through links, each once.
func (h *History) linkCalls(ctx context.Context) ([]*chat.Message, error) {
	if h.o.Only != nil { // they are of no conversation
		return nil, nil
	}
	f, err := h.theOutline(ctx)
	if err != nil {
		return nil, err
	}
	var list []*chat.Message
	have := map[string]bool{}
	for e := range f.eras {
		p, err := h.peopleOf(ctx, f, e)
		if err != nil {
			return nil, err
		}
		for _, msg := range p.LinkCalls() {
			if !have[msg.ID] {
				have[msg.ID] = true
				list = append(list, msg)
			}
		}
	}
	return list, nil
}

// callsIn returns the calls of a month. With an error there are those of the other
// conversations.
func (h *History) callsIn(ctx context.Context, m month) ([]*chat.Message, error) {
	all, err := h.Conversations(ctx)
	if err != nil {
		return nil, err
	}
	links, err := h.linkCalls(ctx)
	if err != nil {
		return nil, err
	}
	var list []*chat.Message
	for _, msg := range links {
		if monthOf(msg.First, h.o.Zone) == m && h.inTime(msg.First) {
			list = append(list, msg)
		}
	}
	var failed error
	for _, c := range all {
		has, err := h.hasCalls(ctx, c, m)
		if err == nil && has {
			var msgs []*chat.Message
			msgs, err = h.Messages(ctx, c, m.public())
			for _, msg := range msgs {
				if msg.Call != nil {
					list = append(list, msg)
				}
			}
		}
		failed = cmp.Or(failed, err)
	}
	slices.SortStableFunc(list, func(a, b *chat.Message) int { return cmp.Compare(a.First, b.First) })
	return list, failed
}

// hasCalls reports whether there may be calls in a month.
func (h *History) hasCalls(ctx context.Context, c *Conversation, m month) (bool, error) {
	for _, s := range h.sources(c, m) {
		b, err := h.read(ctx, s)
		if err != nil {
			return true, nil // Messages says what is wrong
		}
		for rec, err := range records(b) {
			if err == nil && mayBeCall(rec) {
				if first, ok := firstSent(rec); !ok || h.shownIn(first, s.file.month) == m {
					return true, nil
				}
			}
		}
	}
	return false, ctx.Err()
}

// Deleted returns the messages of a month that the newest backup does not have, and
// those that were deleted for everyone and of which an older backup has the content.
func (h *History) Deleted(ctx context.Context, c *Conversation, m Month) ([]*chat.Message, error) {
	f, err := h.theOutline(ctx)
	if err != nil {
		return nil, err
	}
	if c = f.byKey[c.Key]; c == nil || !h.month(c, m.at()).Mixed {
		return nil, nil
	}
	list, err := h.Messages(ctx, c, m)
	if err != nil {
		return nil, err
	}
	var gone []*chat.Message
	for _, msg := range list {
		if msg.Past.Gone != chat.Here || msg.Past.Kept != nil {
			gone = append(gone, msg)
		}
	}
	return gone, nil
}

// DeletedMonths returns the months of a conversation for which Deleted returns
// something. Months about which all backups agree are not read.
func (h *History) DeletedMonths(ctx context.Context, c *Conversation) ([]Month, error) {
	months, err := h.Months(ctx, c)
	if err != nil {
		return nil, err
	}
	var list []Month
	for _, m := range months {
		gone, err := h.Deleted(ctx, c, m)
		if err != nil {
			return nil, err
		}
		if len(gone) > 0 {
			list = append(list, m)
		}
	}
	return list, nil
}
