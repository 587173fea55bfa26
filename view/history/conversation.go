package history

import (
	"cmp"
	"context"
	iofs "io/fs"
	"slices"
	"time"

	"bakfs/view/chat"
	"bakfs/view/name"
)

// A Conversation is one chat of the account, over all backups.
type Conversation struct {
	*chat.Conversation
	Folder   string    // its name among the others: unique also where case or accents do not count
	Formerly []string  // names that its folder had, newest first; none of them is another's Folder
	Names    []string  // names that it had and has no more, newest first
	Last     time.Time // of its last message in any backup; zero: it has none
	Here     bool      // the newest backup has it
	LastSeen string    // label of the last backup that has it; "" if the newest does

	dirs    []*chatDir
	first   int  // rank of the backup that was stored first of those that have it
	emptied bool // the newest backup has it, and no message in it
}

// Dirs are the names of the conversation's folders in chats/ of the backups.
func (c *Conversation) Dirs() []string {
	list := make([]string, len(c.dirs))
	for i, d := range c.dirs {
		list[i] = d.name
	}
	return list
}

// converse makes the conversations.
func (h *History) converse(ctx context.Context, f *outline, b *heads) error {
	for e := range f.eras {
		p, err := h.peopleOf(ctx, f, e)
		if err != nil {
			return err
		}
		for _, c := range p.Conversations() {
			if f.byKey[c.Key] == nil {
				f.byKey[c.Key] = &Conversation{Conversation: c, first: len(h.backups), Here: f.chats[c.Key]}
			}
		}
	}
	for _, d := range f.index.dirs {
		if len(d.in) == 0 {
			continue
		}
		key := cmp.Or(b.owners[d.name], "dir:"+d.name)
		c := f.byKey[key]
		if c == nil {
			c = &Conversation{Conversation: &chat.Conversation{Key: key, Form: chat.Unknown, Name: "Unknown"}, first: len(h.backups)}
			f.byKey[key] = c
		}
		c.dirs = append(c.dirs, d)
	}
	for _, c := range f.byKey {
		if len(c.dirs) > 0 || c.Here {
			h.finish(f, c)
			f.all = append(f.all, c)
		}
	}
	slices.SortFunc(f.all, func(a, b *Conversation) int {
		return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.Key, b.Key))
	})
	h.nameFolders(f, b.names)
	return nil
}

// finish fills in what the folders tell.
func (h *History) finish(f *outline, c *Conversation) {
	slices.SortFunc(c.dirs, func(a, b *chatDir) int { return cmp.Compare(a.name, b.name) })
	newest, last := len(h.backups)-1, -1
	if c.Here {
		c.first = h.ranks[newest]
	}
	for _, d := range c.dirs {
		for _, in := range d.in {
			c.first = min(c.first, slices.Min(h.ranks[in.from:in.to+1]))
		}
		last = max(last, d.in.last())
		if t := time.UnixMilli(d.last); t.After(c.Last) {
			c.Last = t.UTC()
		}
	}
	c.emptied = c.Here && last < newest && !f.partial
	if c.Here = c.Here || last == newest || f.partial; !c.Here {
		c.LastSeen = h.backups[last].Label
		gone := *c.Conversation
		gone.Pinned = 0
		c.Conversation = &gone
	}
}

// nameFolders gives each conversation its folder. The first that was stored has its
// name bare, so that no other takes it away later; but nobody takes that of the notes.
func (h *History) nameFolders(f *outline, names map[string][]string) {
	f.byFolder, f.former = map[string]*Conversation{}, map[string]*Conversation{}
	set := name.NewSet(h.o.Names)
	for _, self := range []bool{true, false} {
		for _, c := range f.all {
			if self == (c.Form == chat.NoteToSelf) {
				c.Folder = set.Add(wish(c, c.Name))
				f.byFolder[c.Folder] = c
			}
		}
	}
	for _, c := range f.all {
		for _, n := range append(slices.Clone(names[c.Key]), c.Name) {
			if n != "" && n != c.Name && !slices.Contains(c.Names, n) {
				c.Names = append(c.Names, n)
			}
			// The bare name, and the one it had if another had that.
			set := name.NewSet(h.o.Names)
			bare := set.Add(name.Wish{Key: "another", Name: n, Fallback: wish(c, n).Fallback})
			noted := n == c.Name
			for _, folder := range []string{bare, set.Add(wish(c, n))} {
				if f.byFolder[folder] != nil || f.former[folder] != nil {
					continue
				}
				f.former[folder] = c
				if !noted {
					c.Formerly = append(c.Formerly, folder)
					noted = true
				}
			}
		}
	}
}

func wish(c *Conversation, n string) name.Wish {
	w := name.Wish{Key: c.Key, Name: n}
	if c.Person != nil {
		w.Phone, w.Username = c.Person.Phone, c.Person.Username
	}
	if c.Form == chat.Group {
		w.Fallback = "Unknown group"
	}
	return w
}

// Conversations returns all conversations, the one with the newest message first.
func (h *History) Conversations(ctx context.Context) ([]*Conversation, error) {
	if !h.o.Filled {
		return h.conversations(ctx)
	}
	return h.filled.Get(ctx, struct{}{}, func(ctx context.Context) ([]*Conversation, int64, error) {
		all, err := h.conversations(ctx)
		var list []*Conversation
		for _, c := range all {
			months, err := h.Months(ctx, c)
			if err != nil {
				return nil, 0, err
			}
			if len(months) > 0 {
				list = append(list, c)
			}
		}
		return list, 1, err
	})
}

// conversations are those of Conversations, with messages or without.
func (h *History) conversations(ctx context.Context) ([]*Conversation, error) {
	f, err := h.theOutline(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]*Conversation, 0, len(f.all))
	for _, c := range f.all {
		if h.shows(c) {
			list = append(list, c)
		}
	}
	slices.SortStableFunc(list, func(a, b *Conversation) int {
		return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(a.Key, b.Key))
	})
	return list, nil
}

// Find returns the conversation with a folder's name; current is false if the
// folder had that name in the past. The error is fs.ErrNotExist if there is none.
func (h *History) Find(ctx context.Context, folder string) (c *Conversation, current bool, err error) {
	f, err := h.theOutline(ctx)
	if err != nil {
		return nil, false, err
	}
	c, current = f.byFolder[folder]
	if !current {
		c = f.former[folder]
	}
	if c == nil || !h.shows(c) {
		return nil, false, iofs.ErrNotExist
	}
	return c, current, nil
}

// shows reports whether the options leave a conversation in.
func (h *History) shows(c *Conversation) bool {
	return (c.Here || !h.o.HideDeleted) && (h.o.Only == nil || h.o.Only(c))
}
