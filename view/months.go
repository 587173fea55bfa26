package view

import (
	"context"
	"fmt"
	"time"

	"bakfs/view/chat"
	"bakfs/view/history"
	"bakfs/view/jsonl"
	"bakfs/view/text"
)

// texts is the account's text/: the text files of all conversations.
func (a *account) texts(place key, last time.Time) node {
	return a.conversations(place, last, func(_ context.Context, where key, c *history.Conversation) (*dir, error) {
		return a.text(where, c), nil
	})
}

// text is a folder with the text of a conversation, a file for each month. It
// stands in two places; the files are the same.
func (a *account) text(where key, c *history.Conversation) *dir {
	return a.folder(where, a.lastOf(c), func(ctx context.Context) ([]child, error) {
		months, err := a.h.Months(ctx, c)
		if err != nil {
			return nil, err
		}
		all := make([]child, 0, len(months))
		for _, m := range months {
			f, err := a.textOf(ctx, c, m)
			if err != nil {
				return nil, err
			}
			all = append(all, child{m.String() + ".txt", f})
		}
		return all, nil
	})
}

func (a *account) textOf(ctx context.Context, c *history.Conversation, m history.Month) (*generated, error) {
	place, err := a.place(ctx, "text", c.Key, c.Folder, m.String())
	if err != nil {
		return nil, err
	}
	return &generated{
		cache: a.cache, version: a.versionOf("text", c, m), place: place, mtime: a.lastOf(c), links: 2, parts: 1, weight: m.Bytes,
		render: func(ctx context.Context, _ int, b []byte) (renderedPart, error) {
			messages, err := a.h.Messages(ctx, c, m)
			if err != nil {
				return renderedPart{}, err
			}
			return renderedPart{text.AppendMessages(b, messages, a.lines()), lastOf(messages).Time()}, nil
		},
	}, nil
}

// json is a folder with the messages of a conversation for programs, a file for
// each year.
func (a *account) json(where key, c *history.Conversation) *dir {
	return a.folder(where, a.lastOf(c), func(ctx context.Context) ([]child, error) {
		months, err := a.h.Months(ctx, c)
		if err != nil {
			return nil, err
		}
		all := []child{}
		for _, year := range years(months) {
			name := fmt.Sprintf("%04d.jsonl", year[0].Year)
			place, err := a.place(ctx, "json", c.Key, c.Folder, name)
			if err != nil {
				return nil, err
			}
			all = append(all, child{name, &generated{
				cache: a.cache, version: a.versionOf("json", c, year...), place: place, mtime: a.lastOf(c), links: 1, parts: len(year),
				render: func(ctx context.Context, i int, b []byte) (renderedPart, error) {
					messages, err := a.h.Messages(ctx, c, year[i])
					if err != nil {
						return renderedPart{}, err
					}
					return renderedPart{jsonl.Append(b, messages, a.objects()), lastOf(messages).Time()}, nil
				},
			}})
		}
		return all, nil
	})
}

// years cuts months, which are in order, into years.
func years(months []history.Month) (all [][]history.Month) {
	for i, m := range months {
		if i == 0 || m.Year != months[i-1].Year {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], m)
	}
	return all
}

// filter returns the messages that keep says yes to.
func filter(messages []*chat.Message, keep func(*chat.Message) bool) []*chat.Message {
	var some []*chat.Message
	for _, m := range messages {
		if keep(m) {
			some = append(some, m)
		}
	}
	return some
}
