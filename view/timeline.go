package view

import (
	"context"
	"fmt"
	"time"

	"bakfs/view/history"
	"bakfs/view/text"
)

// timeline is the folder timeline/: a folder for each year, a file for each day
// that has messages.
func (a *account) timeline(place key, last time.Time) node {
	return a.folder(place, last, func(ctx context.Context) ([]child, error) {
		spans, err := a.calendar(ctx)
		if err != nil {
			return nil, err
		}
		all := []child{}
		for _, year := range inYears(spans) {
			name := fmt.Sprintf("%04d", year[0].Year)
			all = append(all, child{name, a.days(place.with(name), year)})
		}
		return all, nil
	})
}

func (a *account) days(place key, year []span) *dir {
	return a.folder(place, a.end(year[len(year)-1]), func(ctx context.Context) ([]child, error) {
		all := []child{}
		for _, s := range year {
			var days uint32
			for _, p := range s.pieces {
				d, err := a.digest(ctx, p.chat, p.month)
				if err != nil {
					return nil, err
				}
				days |= d.days
			}
			for day := 1; day <= 31; day++ {
				if days&(1<<day) != 0 {
					name := fmt.Sprintf("%s-%02d.txt", s.Month, day)
					f, err := a.day(ctx, place.with(name), s, day)
					if err != nil {
						return nil, err
					}
					all = append(all, child{name, f})
				}
			}
		}
		return all, nil
	})
}

// day is the file of one day.
func (a *account) day(ctx context.Context, place key, s span, day int) (*generated, error) {
	var pieces []piece
	for _, p := range s.pieces {
		d, err := a.digest(ctx, p.chat, p.month)
		if err != nil {
			return nil, err
		}
		if d.days&(1<<day) != 0 {
			pieces = append(pieces, p)
		}
	}
	return &generated{
		cache: a.cache, place: place, mtime: s.Start(a.o.Zone).AddDate(0, 0, day-1), links: 1, parts: 1,
		version: func(ctx context.Context) (key, error) {
			version := newKey("timeline", fmt.Sprint(day))
			for _, p := range pieces {
				v, err := a.version(ctx, p.chat, p.month)
				if err != nil {
					return key{}, err
				}
				version = version.with(p.chat.Folder, string(v[:]))
			}
			return version, nil
		},
		render: func(ctx context.Context, _ int) (renderedPart, error) {
			all, err := a.messagesOf(ctx, pieces, func(m placed) bool { return dayOf(m.First, a.o.Zone) == day })
			if err != nil {
				return renderedPart{}, err
			}
			return renderedPart{bytes: text.AppendTimeline(nil, messagesIn(all), a.lines())}, nil
		},
	}, nil
}

// messagesOf gathers messages of some months in the order of time.
func (a *account) messagesOf(ctx context.Context, pieces []piece, keep func(placed) bool) ([]placed, error) {
	var all []placed
	for _, p := range pieces {
		messages, err := a.h.Messages(ctx, p.chat, p.month)
		if err != nil {
			return nil, err
		}
		for i, m := range messages {
			if one := (placed{m, p, i}); keep(one) {
				all = append(all, one)
			}
		}
	}
	byTime(all)
	return all, nil
}

// some are the months that have something, by their digests.
func (a *account) some(ctx context.Context, spans []span, has func(*digest) bool, worth func(history.Month) bool) ([]piece, error) {
	var all []piece
	for _, s := range spans {
		for _, p := range s.pieces {
			if !worth(p.month) {
				continue
			}
			d, err := a.digest(ctx, p.chat, p.month)
			if err != nil {
				return nil, err
			}
			if has(d) {
				all = append(all, p)
			}
		}
	}
	return all, nil
}
