package view

import (
	"context"
	"time"
)

// dir is the folder of the account.
func (a *account) dir(ino uint64) *dir {
	return &dir{ino: ino, grows: true, mtime: a.last, list: a.cache.listing(a.id.with("account"), func(ctx context.Context) ([]child, error) {
		last, err := a.last(ctx)
		if err != nil {
			return nil, err
		}
		all := make([]child, 0, 16)
		for _, f := range []struct {
			name string
			make func(place key, last time.Time) node
		}{
			{"index.html", a.index}, {"about.txt", a.about}, {"calls.txt", a.callsText}, {"calls.csv", a.callsTable},
			{"chats", a.chats}, {"text", a.texts}, {"media", a.allMedia}, {"timeline", a.timeline}, {"contacts", a.contacts},
			{"deleted", a.deleted}, {"search", a.searches}, {"by-id", a.byID}, {"signal-export", a.export},
		} {
			place, err := a.place(ctx, f.name)
			if err != nil {
				return nil, err
			}
			all = append(all, child{f.name, f.make(place, last)})
		}
		if since := a.o.Since; since != nil {
			place, err := a.place(ctx, "CHANGES.txt")
			if err != nil {
				return nil, err
			}
			all = append([]child{{"CHANGES.txt", a.page(place, a.newest(), func(ctx context.Context) ([]byte, error) {
				return renderChanges(ctx, since)
			})}}, all...)
		}
		return sorted(a.o.kept("", all)), nil
	})}
}

// folder is a directory of the account whose listing is kept.
func (a *account) folder(place key, mtime time.Time, list func(context.Context) ([]child, error)) *dir {
	return &dir{ino: place.number(), mtime: at(mtime), list: a.cache.listing(a.now(place), list)}
}

// listed says whether the listing of a folder is kept.
func (a *account) listed(place key) bool {
	_, ok := a.cache.lists.Peek(a.now(place).with("list"))
	return ok
}

// now is the key of what stands at a place in this history.
func (a *account) now(place key) key { return place.with("of", string(a.id[:])) }

// page is a generated file of the account that may change with each backup.
func (a *account) page(place key, mtime time.Time, render func(context.Context) ([]byte, error)) *generated {
	return &generated{
		cache: a.cache, version: fixedVersion(a.now(place)), place: place, mtime: mtime, links: 1, parts: 1, light: true,
		render: func(ctx context.Context, _ int, _ []byte) (renderedPart, error) {
			b, err := render(ctx)
			return renderedPart{bytes: b}, err
		},
	}
}
