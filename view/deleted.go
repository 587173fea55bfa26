package view

import (
	"context"
	"time"

	"bakfs/view/text"
)

// deleted is the folder deleted/: what an older backup has and the newest has not.
func (a *account) deleted(place key, last time.Time) node {
	return &dir{ino: place.number(), mtime: at(last), list: fixed(a.o.kept("", []child{
		{"text", a.goneTexts(place.with("text"), last)},
		{"media", a.mediaByDate(place.with("media"), last, a.goneCalendar, func(f attachment) bool { return f.gone })},
	})...)}
}

// goneCalendar is the calendar without what the newest backup has too.
func (a *account) goneCalendar(ctx context.Context) ([]span, error) {
	spans, err := a.calendar(ctx)
	if err != nil {
		return nil, err
	}
	var some []span
	for _, s := range spans {
		var pieces []piece
		for _, p := range s.pieces {
			if !p.month.Mixed {
				continue
			}
			d, err := a.digest(ctx, p.chat, p.month)
			if err != nil && !a.lasting(err) {
				return nil, err
			}
			if err != nil || d.gone { // of one that cannot be read, who looks inside hears
				pieces = append(pieces, p)
			}
		}
		if len(pieces) > 0 {
			some = append(some, span{s.Month, pieces})
		}
	}
	return some, nil
}

// goneTexts is like text/, of the conversations and months that have something gone.
func (a *account) goneTexts(place key, last time.Time) *dir {
	return a.folder(place, last, func(ctx context.Context) ([]child, error) {
		spans, err := a.goneCalendar(ctx)
		if err != nil {
			return nil, err
		}
		byFolder := map[string][]piece{}
		for _, s := range spans {
			for _, p := range s.pieces {
				byFolder[p.chat.Folder] = append(byFolder[p.chat.Folder], p)
			}
		}
		all := []child{}
		for folder, pieces := range byFolder {
			files := make([]child, len(pieces))
			for i, p := range pieces {
				f, err := a.goneText(ctx, p)
				if err != nil {
					return nil, err
				}
				files[i] = child{p.month.String() + ".txt", f}
			}
			c := pieces[0].chat
			all = append(all, child{folder, &dir{ino: place.with(c.Key, folder).number(), mtime: at(a.lastOf(c)), list: fixed(files...)}})
		}
		return all, nil
	})
}

func (a *account) goneText(ctx context.Context, p piece) (*generated, error) {
	place, err := a.place(ctx, "deleted", p.chat.Key, p.chat.Folder, p.month.String())
	if err != nil {
		return nil, err
	}
	return &generated{
		cache: a.cache, version: a.versionOf("deleted", p.chat, p.month), place: place, mtime: a.lastOf(p.chat), links: 1, parts: 1,
		render: func(ctx context.Context, _ int, b []byte) (renderedPart, error) {
			messages, err := a.h.Messages(ctx, p.chat, p.month)
			if err != nil {
				return renderedPart{}, err
			}
			messages = filter(messages, isGone)
			return renderedPart{text.AppendMessages(b, messages, a.lines()), lastOf(messages).Time()}, nil
		},
	}, nil
}
