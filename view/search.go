package view

import (
	"context"
	"fmt"
	iofs "io/fs"
	"maps"
	"path"
	"slices"
	"time"

	"bakfs/signal"
	"bakfs/view/chat"
	"bakfs/view/history"
	"bakfs/view/page"
	"bakfs/view/query"
	"bakfs/view/text"
)

// maxHits is how many messages a search shows.
const maxHits = 5000

// howTo is search/HOW-TO.txt.
const howTo = `Type what you look for as the name of a folder here:

  ls "search/train station/"
  less "search/train station/results.txt"

results.txt   each message that was found, with its conversation
results.html  the same for a browser, with links to the messages
media/        the files of these messages

The newest 5000 are shown. What you look for is not written to any disk.

` + query.Help

// A found is what a search found: the newest messages, in the order of time.
type found struct {
	hits []placed
	more bool
	lost []piece // could not be read
}

// searches is the folder search/. It lists only how to use it; each query is a
// folder that is there when it is asked for.
func (a *account) searches(place key, last time.Time) node {
	d := a.folder(place, last, func(context.Context) ([]child, error) {
		return []child{{"HOW-TO.txt", a.page(place.with("HOW-TO.txt"), a.newest(), func(context.Context) ([]byte, error) { return []byte(howTo), nil })}}, nil
	})
	d.look = func(_ context.Context, name string) (node, error) {
		if query.Refused(name) {
			return nil, iofs.ErrNotExist
		}
		return a.search(place.with(name), name), nil
	}
	return d
}

// search is the folder of one query. The history is searched when somebody looks inside.
// Of a name that is no query the results say why.
func (a *account) search(place key, name string) *dir {
	q, wrong := query.Parse(name, a.o.Zone)
	find := func(ctx context.Context) (found, error) { return a.find(ctx, name, q) }
	newest := a.newest()
	return a.folder(place, newest, func(ctx context.Context) ([]child, error) {
		if wrong != nil {
			return []child{{"results.txt", a.page(place.with("results.txt"), newest, func(context.Context) ([]byte, error) {
				return fmt.Appendf(nil, "This is not a search: %v.\n\n%s", wrong, howTo), nil
			})}, {"results.html", a.page(place.with("results.html"), newest, func(ctx context.Context) ([]byte, error) {
				footer, err := a.footer(ctx)
				if err != nil {
					return nil, err
				}
				return (&page.Results{Query: name, Problem: wrong.Error(), Zone: a.o.Zone, Footer: footer}).Append(nil)
			})}}, nil
		}
		return []child{
			{"media", a.mediaFound(place.with("media"), find)},
			{"results.txt", a.page(place.with("results.txt"), newest, func(ctx context.Context) ([]byte, error) {
				f, err := find(ctx)
				b := text.AppendResults(nil, messagesIn(f.hits), f.more, a.lines())
				for _, p := range f.lost {
					b = p.month.Start(a.o.Zone).AppendFormat(b, "2006-01-02 15:04:05 -0700 * not searched, because it cannot be read: ")
					b = append(append(b, p.chat.Folder...), '\n')
				}
				return b, err
			})},
			{"results.html", a.page(place.with("results.html"), newest, func(ctx context.Context) ([]byte, error) {
				f, err := find(ctx)
				if err != nil {
					return nil, err
				}
				return a.resultsPage(ctx, name, q, f)
			})},
		}, nil
	})
}

// find searches from the newest month back until there is enough.
func (a *account) find(ctx context.Context, name string, q *query.Query) (found, error) {
	return a.cache.found.Get(ctx, a.id.with("search", name), func(ctx context.Context) (found, int64, error) {
		spans, err := a.calendar(ctx)
		if err != nil {
			return found{}, 0, err
		}
		var f found
		for _, s := range slices.Backward(spans) {
			start := s.Start(a.o.Zone)
			if !q.Period(millis(start), millis(start.AddDate(0, 1, 0))-1) {
				continue
			}
			hits, lost, err := a.findIn(ctx, s, q)
			if err != nil {
				return found{}, 0, err
			}
			f.lost = append(f.lost, lost...)
			f.hits = append(hits, f.hits...)
			if len(f.hits) > maxHits {
				f.hits, f.more = slices.Clone(f.hits[len(f.hits)-maxHits:]), true
				break
			}
		}
		return f, 1000 + int64(len(f.hits))*hitCost, nil
	})
}

func millis(t time.Time) signal.Millis { return signal.Millis(max(0, t.UnixMilli())) }

// hitCost is about how many bytes a message takes.
const hitCost = 2048

func (a *account) findIn(ctx context.Context, s span, q *query.Query) ([]placed, []piece, error) {
	done, err := a.cache.working(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer done()
	var pieces []piece
	for _, p := range s.pieces {
		if q.In(p.chat.Conversation) {
			pieces = append(pieces, p)
		}
	}
	return a.messagesOf(ctx, pieces, func(m placed) bool { return q.Match(m.Message) })
}

func messagesIn(hits []placed) []*chat.Message {
	all := make([]*chat.Message, len(hits))
	for i, h := range hits {
		all[i] = h.Message
	}
	return all
}

// mediaFound is the folder of the files of the messages that were found. They are
// inodes that stand in chats/ too, and the kernel asks for an inode by the name under
// which it met it first, perhaps here. So what was found once is there also when a new
// backup makes the search give other results, and without searching again.
func (a *account) mediaFound(place key, find func(context.Context) (found, error)) *dir {
	d := a.folder(place, a.newest(), func(ctx context.Context) ([]child, error) {
		f, err := find(ctx)
		if err != nil {
			return nil, err
		}
		all, err := a.filesFound(ctx, f)
		if err == nil {
			a.cache.remember(place, all)
		}
		return all, err
	})
	d.look = func(_ context.Context, name string) (node, error) {
		if n := a.cache.remembered(place, name); n != nil {
			return n, nil
		}
		return nil, iofs.ErrNotExist
	}
	d.quick = func(_ context.Context, name string) (node, error) {
		if a.listed(place) {
			return nil, nil
		}
		return a.cache.remembered(place, name), nil
	}
	return d
}

// remember adds to what was found in a folder.
func (c *Cache) remember(place key, all []child) {
	old, _ := c.seen.Peek(place)
	next := make(map[string]node, len(old)+len(all))
	maps.Copy(next, old)
	for _, f := range all {
		next[f.name] = f.node
	}
	c.seen.Put(place, next, int64(len(next))*200)
}

// remembered is what was found in a folder under a name; nil if nothing.
func (c *Cache) remembered(place key, name string) node {
	all, _ := c.seen.Peek(place)
	return all[name]
}

func (a *account) filesFound(ctx context.Context, f found) ([]child, error) {
	all, names := []child{}, distinct{}
	for _, h := range f.hits {
		for _, x := range digestOf([]*chat.Message{h.Message}, a.o.Zone).files {
			n, err := a.stored(ctx, h.piece.chat, x)
			if err != nil {
				return nil, err
			}
			all = append(all, child{names.take(a.o.Names, path.Base(x.path), h.piece.chat.Folder, n.ino), n})
		}
	}
	return all, nil
}

// resultsPage is results.html.
func (a *account) resultsPage(ctx context.Context, name string, q *query.Query, f found) ([]byte, error) {
	footer, err := a.footer(ctx)
	if err != nil {
		return nil, err
	}
	p := &page.Results{Query: name, Truncated: f.more, Zone: a.o.Zone, Mark: q.Marks, Footer: footer}
	entries, sheets := map[*history.Conversation]*page.Entry{}, map[*history.Conversation][]sheet{}
	for _, h := range f.hits {
		c := h.piece.chat
		if entries[c] == nil {
			all, err := a.sheets(ctx, c)
			if err != nil {
				return nil, err
			}
			entries[c], sheets[c] = a.entry(c, all), all
		}
		hit := page.Hit{Message: h.Message, Entry: entries[c]}
		for _, s := range sheets[c] {
			if s.month == h.piece.month && s.part.Number == h.place/page.MaxMessages+1 {
				hit.Page = s.part.Name()
			}
		}
		p.Hits = append(p.Hits, hit)
	}
	return p.Append(nil)
}
