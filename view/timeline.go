package view

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

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
			var days [32][]piece
			lost, err := a.digests(ctx, s.pieces, func(p piece, d *digest) error {
				for day := range days {
					if d.days&(1<<day) != 0 {
						days[day] = append(days[day], p)
					}
				}
				return nil
			})
			if err != nil {
				return nil, err
			}
			all = append(all, lost...)
			for day, pieces := range days {
				if len(pieces) > 0 {
					name := fmt.Sprintf("%s-%02d.txt", s.Month, day)
					all = append(all, child{name, a.day(place.with(name), s, day, pieces)})
				}
			}
		}
		return all, nil
	})
}

// day is the file of one day, which some conversations have messages of.
func (a *account) day(place key, s span, day int, pieces []piece) *generated {
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
		render: func(ctx context.Context, _ int, b []byte) (renderedPart, error) {
			all, _, err := a.messagesOf(ctx, pieces, func(m placed) bool { return dayOf(m.First, a.o.Zone) == day })
			if err != nil {
				return renderedPart{}, err
			}
			return renderedPart{bytes: text.AppendTimeline(b, messagesIn(all), a.lines())}, nil
		},
	}
}

// messagesOf gathers messages of some months in the order of time. keep is called by
// several goroutines. The error is the first of one that goes away; months that
// cannot be read are lost.
func (a *account) messagesOf(ctx context.Context, pieces []piece, keep func(placed) bool) (all []placed, lost []piece, err error) {
	found, errs := make([][]placed, len(pieces)), make([]error, len(pieces))
	g, running := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for n, p := range pieces {
		g.Go(func() error {
			found[n], errs[n] = a.some(running, p, keep)
			if errs[n] != nil && !a.lasting(errs[n]) {
				return errs[n]
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	for n, p := range pieces {
		if errs[n] != nil {
			lost = append(lost, p)
		}
	}
	all = slices.Concat(found...)
	byTime(all)
	return all, lost, nil
}

// some returns the messages of one month that keep says yes to. A panic is an error: it
// would end the program on the goroutine that this is on.
func (a *account) some(ctx context.Context, p piece, keep func(placed) bool) (some []placed, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	messages, err := a.h.Messages(ctx, p.chat, p.month)
	for i, m := range messages {
		if one := (placed{m, p, i}); keep(one) {
			some = append(some, one)
		}
	}
	return some, err
}
