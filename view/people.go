package view

import (
	"context"
	"slices"
	"strings"
	"time"

	"bakfs/view/chat"
	"bakfs/view/name"
	"bakfs/view/text"
	"bakfs/view/vcard"
)

// contacts is the folder contacts/: a card for each person, and all in one.
func (a *account) contacts(place key, _ time.Time) node {
	newest := a.newest()
	return a.folder(place, newest, func(ctx context.Context) ([]child, error) {
		persons, err := a.h.Persons(ctx)
		if err != nil {
			return nil, err
		}
		persons = slices.Clone(persons)
		persons = slices.DeleteFunc(persons, func(p *chat.Person) bool { return p.Contact == nil && !p.Self })
		names := name.NewSet(a.o.Names)
		names.Add(name.Wish{Key: "", Name: "all", Ext: ".vcf"})
		all := []child{{"all.vcf", a.page(place.with("all.vcf"), newest, func(context.Context) ([]byte, error) {
			var b []byte
			for _, p := range persons {
				b = vcard.AppendPerson(b, p)
			}
			return b, nil
		})}}
		slices.SortFunc(persons, func(x, y *chat.Person) int { return strings.Compare(x.Key, y.Key) })
		for _, p := range persons {
			n := names.Add(name.Wish{Key: p.Key, Name: p.Name, Phone: p.Phone, Username: p.Username, Ext: ".vcf"})
			all = append(all, child{n, a.page(place.with(n), newest, func(context.Context) ([]byte, error) {
				return vcard.AppendPerson(nil, p), nil
			})})
		}
		return all, nil
	})
}

// calls are all calls of the account, in the order of time.
func (a *account) calls(ctx context.Context) ([]*chat.Message, error) {
	f, err := a.cache.found.Get(ctx, a.id.with("calls"), func(ctx context.Context) (found, int64, error) {
		var f found
		for m, err := range a.h.Calls(ctx) {
			if a.lasting(err) {
				continue
			}
			if err != nil {
				return found{}, 0, err
			}
			f.hits = append(f.hits, placed{Message: m})
		}
		return f, 1000 + int64(len(f.hits))*hitCost, nil
	})
	return messagesIn(f.hits), err
}

func (a *account) callsText(place key, last time.Time) node {
	return a.page(place, last, func(ctx context.Context) ([]byte, error) {
		calls, err := a.calls(ctx)
		return text.AppendCalls(nil, calls, a.lines()), err
	})
}

func (a *account) callsTable(place key, last time.Time) node {
	return a.page(place, last, func(ctx context.Context) ([]byte, error) {
		calls, err := a.calls(ctx)
		return text.AppendCallsCSV(nil, calls, a.lines()), err
	})
}
