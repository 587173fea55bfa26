package view

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"

	"bakfs/signal"
	"bakfs/signal/archive"
	"bakfs/view/chat"
	"bakfs/view/history"
	"bakfs/view/page"
)

// A sheet is one page of a month.
type sheet struct {
	part  page.Part
	month history.Month
	from  signal.Millis // of its first message, of a month with several pages
}

// sheets are the pages of a conversation, oldest first. Only months that may need
// more than one page are looked into: Most is by records of 24 bytes, and a message that
// says anything has twice as much. Where that is not so, the page is longer.
func (a *account) sheets(ctx context.Context, c *history.Conversation) ([]sheet, error) {
	months, err := a.h.Months(ctx, c)
	if err != nil {
		return nil, err
	}
	return a.sheetsOf(ctx, c, months)
}

func (a *account) sheetsOf(ctx context.Context, c *history.Conversation, months []history.Month) ([]sheet, error) {
	all := make([]sheet, 0, len(months))
	for _, m := range months {
		pages := make([]signal.Millis, 1)
		if m.Most/2 > page.MaxMessages {
			d, err := a.digest(ctx, c, m)
			if err != nil && !a.lasting(err) {
				return nil, err
			}
			if err == nil && len(d.pages) > 1 { // else its page says the error
				pages = d.pages
			}
		}
		for n, from := range pages {
			all = append(all, sheet{page.Part{Year: m.Year, Month: m.Month, Number: n + 1, Count: -1}, m, from})
		}
	}
	return all, nil
}

// pageAt is the name of the page that has the message sent at a time; "" if there
// is none.
func pageAt(sheets []sheet, t signal.Millis, zone *time.Location) (name string) {
	at := t.Time().In(zone)
	for _, s := range sheets {
		if s.part.Year == at.Year() && s.part.Month == at.Month() && (name == "" || s.from <= t) {
			name = s.part.Name()
		}
	}
	return name
}

// sheetsIn is how many pages a month has.
func sheetsIn(sheets []sheet, m history.Month) (n int) {
	for _, s := range sheets {
		if s.month == m {
			n++
		}
	}
	return n
}

func partsOf(sheets []sheet) []page.Part {
	parts := make([]page.Part, len(sheets))
	for i, s := range sheets {
		parts[i] = s.part
	}
	return parts
}

// web is the folder of a conversation's pages.
func (a *account) web(where key, c *history.Conversation) *dir {
	d := a.folder(where, a.lastOf(c), func(ctx context.Context) ([]child, error) {
		sheets, err := a.sheets(ctx, c)
		if err != nil {
			return nil, err
		}
		parts := partsOf(sheets)
		all := []child{}
		for _, s := range sheets {
			f, err := a.monthPage(ctx, c, s, sheets)
			if err != nil {
				return nil, err
			}
			all = append(all, child{s.part.Name(), f})
		}
		all = append(all, child{"thumb", a.filesOf(where.with("thumb"), c, "web/thumb")}, a.overview(where, c, parts, 0))
		var years []int
		for _, p := range parts {
			if !slices.Contains(years, p.Year) {
				years = append(years, p.Year)
			}
		}
		for _, y := range years {
			all = append(all, a.overview(where, c, parts, y))
			galleries, err := a.galleries(ctx, where, c, sheets, y, years)
			if err != nil {
				return nil, err
			}
			all = append(all, galleries...)
		}
		return all, nil
	})
	d.quick = func(ctx context.Context, name string) (node, error) { return a.findPage(ctx, c, name) }
	return d
}

// findPage is a page of messages. It can be told without the galleries, whose number
// takes more to know.
func (a *account) findPage(ctx context.Context, c *history.Conversation, name string) (node, error) {
	if !monthName.MatchString(name) {
		return nil, nil
	}
	sheets, err := a.sheets(ctx, c)
	if err != nil {
		return nil, err
	}
	for _, s := range sheets {
		if s.part.Name() == name {
			return a.monthPage(ctx, c, s, sheets)
		}
	}
	return nil, nil
}

var monthName = regexp.MustCompile(`^\d{4}-\d\d(\.\d+)?\.html$`)

func (a *account) monthPage(ctx context.Context, c *history.Conversation, s sheet, sheets []sheet) (*generated, error) {
	place, err := a.place(ctx, "web", c.Key, c.Folder, s.part.Name())
	if err != nil {
		return nil, err
	}
	source := func(ctx context.Context) (*archive.Envelope, error) { return a.h.Source(ctx, c, s.month) }
	return &generated{
		cache: a.cache, place: place, mtime: a.lastOf(c), links: 1, parts: 1,
		version: func(ctx context.Context) (key, error) {
			footer, err := a.footerOf(ctx, source)
			if err != nil {
				return key{}, err
			}
			picture, err := a.picture(ctx, c)
			if err != nil {
				return key{}, err
			}
			layout := newKey("pages", c.Key, c.Folder, c.Name, picture, fmt.Sprint(partsOf(sheets)), fmt.Sprint(footer), fmt.Sprint(a.o.Without))
			version, err := a.version(ctx, c, s.month)
			if err != nil {
				return key{}, err
			}
			quoted, err := a.quoted(ctx, c, s.month, sheets)
			if err != nil {
				return key{}, err
			}
			others, err := a.versionOf("quoted", c, quoted...)(ctx)
			return version.with("web", string(layout[:]), string(others[:]), s.part.Name()), err
		},
		render: func(ctx context.Context, _ int, b []byte) (renderedPart, error) {
			messages, err := a.h.Messages(ctx, c, s.month)
			if err != nil {
				return renderedPart{}, err
			}
			footer, err := a.footerOf(ctx, source)
			if err != nil {
				return renderedPart{}, err
			}
			picture, err := a.picture(ctx, c)
			if err != nil {
				return renderedPart{}, err
			}
			resolve, err := a.resolver(ctx, c, s, sheets)
			if err != nil {
				return renderedPart{}, err
			}
			messages = a.o.linked(page.Cut(messages, s.part.Number, sheetsIn(sheets, s.month)))
			b, err = (&page.Month{
				Chat: c.Conversation, Part: s.part, Parts: partsOf(sheets), Messages: messages, Zone: a.o.Zone, Folders: a.o.siblings(), Footer: footer, Avatar: picture,
				Resolve: resolve,
			}).Append(b)
			return renderedPart{b, lastOf(messages).Time()}, err
		},
	}, nil
}

// overview is the page of a conversation's pages, of one year or all.
func (a *account) overview(where key, c *history.Conversation, parts []page.Part, year int) child {
	name := "index.html"
	if year != 0 {
		name = fmt.Sprintf("%04d.html", year)
	}
	return child{name, a.page(where.with(name), a.lastOf(c), func(ctx context.Context) ([]byte, error) {
		footer, err := a.footer(ctx)
		if err != nil {
			return nil, err
		}
		picture, err := a.picture(ctx, c)
		if err != nil {
			return nil, err
		}
		return (&page.Overview{
			Chat: c.Conversation, Year: year, Parts: parts, Formerly: c.Names, Zone: a.o.Zone, Folders: a.o.siblings(), Footer: footer, Avatar: picture,
		}).Append(nil)
	})}
}

// galleries are the pages of a year's photos and videos. That of a year is there
// even if it is empty; whether there are more is known from the digests of those
// years that may have more files than a page holds.
func (a *account) galleries(ctx context.Context, where key, c *history.Conversation, sheets []sheet, year int, years []int) ([]child, error) {
	most := 0
	var months []history.Month
	for _, s := range sheets {
		if s.part.Year == year && s.part.Number == 1 {
			months = append(months, s.month)
			most += s.month.Most
		}
	}
	of := 1
	if pictures, err := a.pictures(ctx, c, months, most); err != nil {
		return nil, err
	} else if pictures > page.MaxMessages {
		messages, err := a.withMedia(ctx, c, months)
		if err != nil {
			return nil, err
		}
		of = max(1, len(page.Split(messages)))
	}
	all := make([]child, 0, of)
	for n := range of {
		g := page.Gallery{Chat: c.Conversation, Year: year, Number: n + 1, Of: of, Years: years, Zone: a.o.Zone, Page: func(m *chat.Message) string { return pageAt(sheets, m.First, a.o.Zone) }}
		all = append(all, child{g.Name(), a.page(where.with(g.Name()), a.lastOf(c), func(ctx context.Context) ([]byte, error) {
			messages, err := a.withMedia(ctx, c, months)
			if err != nil {
				return nil, err
			}
			g := g
			if g.Footer, err = a.footer(ctx); err != nil {
				return nil, err
			}
			if g.Avatar, err = a.picture(ctx, c); err != nil {
				return nil, err
			}
			if split := page.Split(messages); n < len(split) {
				g.Messages = a.o.linked(split[n])
			}
			return g.Append(nil)
		})})
	}
	return all, nil
}

// pictures is how many photos and videos some months have, at most. Records with
// files are so large that few messages cannot have many.
func (a *account) pictures(ctx context.Context, c *history.Conversation, months []history.Month, messages int) (n int, err error) {
	if messages <= 4*page.MaxMessages {
		return messages / 4, nil
	}
	for _, m := range months {
		d, err := a.digest(ctx, c, m)
		if err != nil && !a.lasting(err) {
			return 0, err
		}
		if err == nil {
			n += d.pictures
		}
	}
	return n, nil
}

// withMedia are the messages of some months that have photos or videos.
func (a *account) withMedia(ctx context.Context, c *history.Conversation, months []history.Month) ([]*chat.Message, error) {
	var all []*chat.Message
	for _, m := range months {
		d, err := a.digest(ctx, c, m)
		if err != nil {
			return nil, err
		}
		if len(d.files) == 0 {
			continue
		}
		messages, err := a.h.Messages(ctx, c, m)
		if err != nil {
			return nil, err
		}
		all = append(all, filter(messages, func(m *chat.Message) bool { return len(m.Files) > 0 })...)
	}
	return all, nil
}
