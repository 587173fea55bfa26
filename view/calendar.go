package view

import (
	"cmp"
	"context"
	"slices"
	"time"

	"bakfs/signal"
	"bakfs/view/chat"
	"bakfs/view/history"
)

// A piece is a month of one conversation.
type piece struct {
	chat  *history.Conversation
	month history.Month
}

// A span is a month of the whole account.
type span struct {
	history.Month
	pieces []piece // in the order of conversations' folders
}

// calendar returns the months of the account that have messages, in order.
func (a *account) calendar(ctx context.Context) ([]span, error) {
	return a.cache.calendars.Get(ctx, a.id, func(ctx context.Context) ([]span, int64, error) {
		list, err := a.h.Conversations(ctx)
		if err != nil {
			return nil, 0, err
		}
		list = slices.Clone(list)
		slices.SortFunc(list, func(x, y *history.Conversation) int { return cmp.Compare(x.Folder, y.Folder) })
		byMonth, size := map[string]*span{}, 0
		for _, c := range list {
			months, err := a.h.Months(ctx, c)
			if err != nil {
				return nil, 0, err
			}
			for _, m := range months {
				s := byMonth[m.String()]
				if s == nil {
					s = &span{Month: m}
					byMonth[m.String()] = s
				}
				s.pieces = append(s.pieces, piece{c, m})
			}
			size += len(months)
		}
		all := make([]span, 0, len(byMonth))
		for _, s := range byMonth {
			all = append(all, *s)
		}
		slices.SortFunc(all, func(x, y span) int {
			return cmp.Or(cmp.Compare(x.Year, y.Year), cmp.Compare(x.Month.Month, y.Month.Month))
		})
		return all, int64(size)*64 + 100, nil
	})
}

// inYears cuts the calendar into years.
func inYears(spans []span) (all [][]span) {
	for i, s := range spans {
		if i == 0 || s.Year != spans[i-1].Year {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], s)
	}
	return all
}

// end is when a month ends at the latest, and a folder of it was changed last.
func (a *account) end(s span) time.Time {
	var last time.Time
	for _, p := range s.pieces {
		if p.chat.Last.After(last) {
			last = p.chat.Last
		}
	}
	if end := s.Start(a.o.Zone).AddDate(0, 1, 0).Add(-time.Second); end.Before(last) {
		return end
	}
	return last
}

// A message of one of several conversations; its place says which.
type placed struct {
	*chat.Message
	piece piece
	place int // in the month
}

// byTime puts messages of several conversations into the order of time.
func byTime(all []placed) {
	slices.SortStableFunc(all, func(x, y placed) int { return cmp.Compare(x.First, y.First) })
}

// dayOf is the day of the month of a moment.
func dayOf(t signal.Millis, zone *time.Location) int { return t.Time().In(zone).Day() }
