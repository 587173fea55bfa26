package view

import (
	"context"
	"slices"
	"strings"
	"time"

	"bakfs/signal/archive"
	"bakfs/view/chat"
	"bakfs/view/history"
	"bakfs/view/page"
)

// index is the start page.
func (a *account) index(place key, _ time.Time) node {
	return a.page(place, a.newest(), func(ctx context.Context) ([]byte, error) {
		who, err := a.h.Account(ctx)
		if err != nil {
			return nil, err
		}
		list, err := a.h.Conversations(ctx)
		if err != nil {
			return nil, err
		}
		footer, err := a.footerOf(ctx, func(ctx context.Context) (*archive.Envelope, error) { return who.Envelope, nil })
		if err != nil {
			return nil, err
		}
		p := &page.Account{Name: who.Person.Name, Phone: who.Person.Phone, Messages: int(who.Envelope.Report.Messages), Links: a.links(), Zone: a.o.Zone, Footer: footer}
		byKey := map[string]*page.Entry{}
		for _, c := range list {
			months, err := a.h.Months(ctx, c)
			if err != nil {
				return nil, err
			}
			newest, err := a.sheetsOf(ctx, c, months[max(0, len(months)-1):])
			if err != nil {
				return nil, err
			}
			e := a.entry(c, newest)
			if e.Avatar, err = a.picture(ctx, c); err != nil {
				return nil, err
			}
			byKey[c.Key] = e
			p.Entries = append(p.Entries, e)
		}
		for _, f := range who.Folders {
			folder := page.ChatFolder{Name: f.Name, More: f.More}
			for _, c := range f.Chats {
				if e := byKey[c.Key]; e != nil {
					folder.Entries = append(folder.Entries, e)
				}
			}
			p.Folders = append(p.Folders, folder)
		}
		return p.Append(nil)
	})
}

// entry is a conversation on the start page and in results.
func (a *account) entry(c *history.Conversation, sheets []sheet) *page.Entry {
	e := &page.Entry{Chat: c.Conversation, Folder: c.Folder, Last: c.Last, Count: -1, Formerly: c.Names, Gone: !c.Here}
	if len(sheets) > 0 {
		e.Newest = sheets[len(sheets)-1].part.Name()
	}
	return e
}

// byID is the folder by-id/: links that stay the same when names change.
func (a *account) byID(place key, last time.Time) node {
	return a.folder(place, last, func(ctx context.Context) ([]child, error) {
		list, err := a.h.Conversations(ctx)
		if err != nil {
			return nil, err
		}
		all, have := []child{}, map[string]bool{}
		add := func(id string, c *history.Conversation) {
			if id == "" || have[id] || strings.ContainsAny(id, "/\x00") || len(id) > 255 {
				return
			}
			have[id] = true
			all = append(all, child{id, &link{ino: place.with(id, c.Folder).number(), target: "../chats/" + c.Folder, mtime: c.Last}})
		}
		for _, c := range list {
			add(idOf(c.Conversation), c)
		}
		for _, c := range list { // a number has been that of another person, perhaps
			if c.Form == chat.Direct && c.Person != nil {
				add(c.Person.Phone, c)
			}
		}
		return all, nil
	})
}

// idOf is a conversation's key without the word that says of which kind it is.
func idOf(c *chat.Conversation) string {
	if _, id, ok := strings.Cut(c.Key, ":"); ok && c.Form != chat.Unknown {
		return id
	}
	return strings.ReplaceAll(c.Key, ":", "-")
}

// links are the account's other places that the start page links to.
func (a *account) links() []string {
	return slices.DeleteFunc([]string{"text", "media", "timeline", "contacts", "calls.txt", "deleted", "search", "about.txt"},
		func(name string) bool { return !a.o.has(name) })
}
