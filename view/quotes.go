package view

import (
	"cmp"
	"context"
	"slices"
	"time"

	"bakfs/signal"
	"bakfs/view/chat"
	"bakfs/view/history"
	"bakfs/view/page"
)

// placesRoom is for where messages stand on pages. It is asked for months that quotes
// on other pages name.
const placesRoom = 8 << 20

// A yearMonth is a month without what is known of it.
type yearMonth struct {
	year  int
	month time.Month
}

func monthOf(t signal.Millis, zone *time.Location) yearMonth {
	at := t.Time().In(zone)
	return yearMonth{at.Year(), at.Month()}
}

func (y yearMonth) before() yearMonth {
	t := time.Date(y.year, y.month-1, 1, 0, 0, 0, 0, time.UTC)
	return yearMonth{t.Year(), t.Month()}
}

// editDays is for how many days of a month the quotes may be of messages of the month
// before, which were edited since: the apps let one edit for a day or two.
const editDays = 3

// quotedMonths are where quoted messages may stand that are not among messages, in order.
func quotedMonths(messages []*chat.Message, zone *time.Location) []yearMonth {
	var list []yearMonth
	var have map[signal.Millis]bool
	for _, m := range messages {
		for q := range quotesOf(m) {
			if have == nil {
				have = timesOf(messages)
			}
			if q.Sent == 0 || have[q.Sent] {
				continue
			}
			of := monthOf(q.Sent, zone)
			list = append(list, of)
			if dayOf(q.Sent, zone) <= editDays {
				list = append(list, of.before())
			}
		}
	}
	slices.SortFunc(list, func(a, b yearMonth) int {
		return cmp.Or(cmp.Compare(a.year, b.year), cmp.Compare(a.month, b.month))
	})
	return slices.Compact(list)
}

// quotesOf goes over the quotes that a page shows of m.
func quotesOf(m *chat.Message) func(yield func(*chat.Quote) bool) {
	return func(yield func(*chat.Quote) bool) {
		if m.Quote != nil && !yield(m.Quote) {
			return
		}
		if k := m.Past.Kept; k != nil && k.Quote != nil {
			yield(k.Quote)
		}
	}
}

// timesOf are the times by which quotes name messages.
func timesOf(messages []*chat.Message) map[signal.Millis]bool {
	have := make(map[signal.Millis]bool, len(messages))
	for _, m := range messages {
		have[m.First], have[m.Sent] = true, true
		for _, v := range m.Versions {
			have[v.Sent] = true
		}
	}
	return have
}

// quoted are the other months of a conversation that quotes in a month are about.
func (a *account) quoted(ctx context.Context, c *history.Conversation, m history.Month, sheets []sheet) ([]history.Month, error) {
	d, err := a.digest(ctx, c, m)
	if err != nil {
		return nil, err
	}
	var list []history.Month
	for _, s := range sheets {
		if s.part.Number == 1 && s.month != m && slices.Contains(d.quoted, yearMonth{s.month.Year, s.month.Month}) {
			list = append(list, s.month)
		}
	}
	return list, nil
}

// places tells where the messages of a month stand. It is nil for a month that cannot
// be read: its page says so.
func (a *account) places(ctx context.Context, c *history.Conversation, m history.Month, pages int) (*page.Places, error) {
	version, err := a.version(ctx, c, m)
	if err != nil {
		return nil, err
	}
	p, err := a.cache.places.Get(ctx, version.with("places"), func(ctx context.Context) (*page.Places, int64, error) {
		messages, err := a.h.Messages(ctx, c, m)
		if err != nil {
			return nil, 0, err
		}
		p := page.NewPlaces(page.Part{Year: m.Year, Month: m.Month}, pages, messages)
		return p, p.Cost(), nil
	})
	if err != nil && a.lasting(err) {
		return nil, nil
	}
	return p, err
}

// resolver returns what tells where quoted messages stand that are not on a page.
func (a *account) resolver(ctx context.Context, c *history.Conversation, s sheet, sheets []sheet) (func(*chat.Quote) string, error) {
	months, err := a.quoted(ctx, c, s.month, sheets)
	if err != nil {
		return nil, err
	}
	byMonth := map[yearMonth]*page.Places{}
	for _, m := range append(months, s.month) {
		if byMonth[yearMonth{m.Year, m.Month}], err = a.places(ctx, c, m, sheetsIn(sheets, m)); err != nil {
			return nil, err
		}
	}
	return func(q *chat.Quote) string {
		of := monthOf(q.Sent, a.o.Zone)
		for _, m := range []yearMonth{of, of.before()} {
			if p := byMonth[m]; p != nil {
				if address := p.Find(q); address != "" {
					return address
				}
			}
		}
		return ""
	}, nil
}
