package history

import (
	"cmp"
	"context"
	"slices"
	"time"

	"bakfs/signal"
)

// leastRecord is less than half the size of a record of a message that says anything.
const leastRecord = 24

// Months returns the months in which a conversation has messages, the oldest first.
// Only folders are read, small files where the zone moves messages from one month to
// the next, and of the months with messages that disappear as much as it takes to find
// one that is shown. A month that cannot be read is among them.
func (h *History) Months(ctx context.Context, c *Conversation) ([]Month, error) {
	f, err := h.theOutline(ctx)
	if err != nil {
		return nil, err
	}
	if c = f.byKey[c.Key]; c == nil {
		return nil, nil
	}
	sure, maybe := map[month]bool{}, map[month][]*content{}
	for _, d := range c.dirs {
		for _, file := range d.files {
			for _, s := range file.contents {
				if h.o.HideDeleted && s.in.last() < len(h.backups)-1 {
					continue
				}
				m := file.month
				last, known := h.lastMonth(s)
				if known {
					sure[last] = true
				} else {
					last = m + 2
				}
				for k := m - 1; k < last; k++ {
					maybe[k] = append(maybe[k], s)
				}
			}
		}
	}
	for m, list := range maybe {
		if sure[m] {
			continue
		}
		if sure[m], err = h.anyIn(ctx, list, m); err != nil {
			return nil, err
		}
	}
	var months []Month
	for m, ok := range sure {
		if !ok || !h.inPeriod(m) {
			continue
		}
		if ok, err = h.showsAny(ctx, c, m); err != nil {
			return nil, err
		}
		if ok {
			months = append(months, h.month(c, m))
		}
	}
	slices.SortFunc(months, func(a, b Month) int { return cmp.Compare(a.at(), b.at()) })
	return months, nil
}

// lastMonth returns the month in which the last message of a content is shown, as the
// mtime of its file tells. It is known only if that is in the month of the file: what
// was sent after 2262 has an mtime of 2262, and what another device stored may have any.
func (h *History) lastMonth(s *content) (last month, known bool) {
	at := signal.Millis(max(0, s.last))
	if monthOf(at, time.UTC) != s.file.month {
		return 0, false
	}
	return h.shownIn(at, s.file.month), true
}

// inPeriod reports whether a month has some of the time that the options ask for.
func (h *History) inPeriod(m month) bool {
	start, next := m.public().Start(h.o.Zone), (m + 1).public().Start(h.o.Zone)
	return (h.o.From.IsZero() || h.o.From.Before(next)) && (h.o.To.IsZero() || start.Before(h.o.To))
}

// month says what is known of a month without reading it.
func (h *History) month(c *Conversation, m month) Month {
	one := m.public()
	_, offset := (m + 1).public().Start(h.o.Zone).Zone()
	for _, s := range h.sources(c, m) {
		if s.file.month <= m || offset < 0 { // of the month behind there are a few edited messages else
			one.Most += int(s.size/leastRecord) + 1
		}
		one.Bytes += s.size
		one.Mixed = one.Mixed || s.in.last() < len(h.backups)-1
	}
	return one
}

// anyIn reports whether one of the contents has a message that is shown in a month.
func (h *History) anyIn(ctx context.Context, list []*content, m month) (bool, error) {
	for _, s := range list {
		b, err := h.read(ctx, s)
		if err != nil && !h.lasting(err) {
			return false, err
		}
		if err != nil {
			h.report(s.in.last(), s.path(), err)
			if s.file.month == m { // it is not known to have nothing
				return true, nil
			}
			continue
		}
		d := new(decoder)
		for rec, err := range records(b) {
			if err != nil {
				break
			}
			if first, ok := d.first(rec); ok && h.shownIn(first, s.file.month) == m {
				return true, nil
			}
		}
	}
	return false, nil
}

// AllMonths returns the months in which any conversation has messages.
func (h *History) AllMonths(ctx context.Context) ([]Month, error) {
	all, err := h.Conversations(ctx)
	if err != nil {
		return nil, err
	}
	sum := map[month]Month{}
	for _, c := range all {
		months, err := h.Months(ctx, c)
		if err != nil {
			return nil, err
		}
		for _, m := range months {
			one := sum[m.at()]
			m.Most += one.Most
			m.Bytes += one.Bytes
			m.Mixed = m.Mixed || one.Mixed
			sum[m.at()] = m
		}
	}
	months := make([]Month, 0, len(sum))
	for _, m := range sum {
		months = append(months, m)
	}
	slices.SortFunc(months, func(a, b Month) int { return cmp.Compare(a.at(), b.at()) })
	return months, nil
}

// Differs reports whether the backups differ about a month: something in it is not
// the same in all of them. Nothing is read.
func (h *History) Differs(ctx context.Context, c *Conversation, m Month) (bool, error) {
	f, err := h.theOutline(ctx)
	if err != nil {
		return false, err
	}
	if c = f.byKey[c.Key]; c == nil {
		return false, nil
	}
	for _, s := range h.sources(c, m.at()) {
		if len(s.in) != 1 || s.in[0].from != 0 || s.in[0].to != len(h.backups)-1 {
			return true, nil
		}
	}
	return false, nil
}
