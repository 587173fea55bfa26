package view

import (
	"slices"
	"strings"

	"bakfs/view/chat"
)

// has reports whether a folder or file is in the tree: of the account, "contacts", or of
// each conversation, "chats/media".
func (o Options) has(name string) bool { return !slices.Contains(o.Without, name) }

// kept are those of an account's or a conversation's entries that are in the tree. under
// is "" or "chats/".
func (o Options) kept(under string, all []child) []child {
	return slices.DeleteFunc(all, func(c child) bool { return !o.has(under + c.name) })
}

// siblings are the folders beside web/.
func (o Options) siblings() (list []string) {
	for _, name := range []string{"text", "json", "media", "voice", "files", "stickers", "contacts"} {
		if o.has("chats/" + name) {
			list = append(list, name)
		}
	}
	return list
}

// linked are messages of which only those files have a path whose folder is in the
// tree: a page must not link to what is not there.
func (o Options) linked(messages []*chat.Message) []*chat.Message {
	if len(o.Without) == 0 {
		return messages
	}
	out := make([]*chat.Message, len(messages))
	for i, m := range messages {
		one := *m
		one.Text, one.Files, one.Links, one.Quote = o.text(m.Text), o.files(m.Files), o.links(m.Links), o.quote(m.Quote)
		if c := m.Card; c != nil {
			card := *c
			card.Avatar = o.file(c.Avatar)
			if folder, _, _ := strings.Cut(c.Path, "/"); !o.has("chats/" + folder) {
				card.Path = ""
			}
			one.Card = &card
		}
		if s := m.Sticker; s != nil {
			sticker := *s
			sticker.File = *o.file(&s.File)
			one.Sticker = &sticker
		}
		one.Versions = slices.Clone(m.Versions)
		for k := range one.Versions {
			one.Versions[k] = *o.version(&m.Versions[k])
		}
		one.Past.Kept = o.version(m.Past.Kept)
		out[i] = &one
	}
	return out
}

func (o Options) version(v *chat.Version) *chat.Version {
	if v == nil {
		return nil
	}
	return &chat.Version{Sent: v.Sent, Text: o.text(v.Text), Files: o.files(v.Files), Links: o.links(v.Links), Quote: o.quote(v.Quote)}
}

func (o Options) text(t *chat.Text) *chat.Text {
	if t == nil || t.Long == nil {
		return t
	}
	one := *t
	one.Long = o.file(t.Long)
	return &one
}

func (o Options) quote(q *chat.Quote) *chat.Quote {
	if q == nil {
		return nil
	}
	one := *q
	one.Text, one.Files = o.text(q.Text), slices.Clone(q.Files)
	for i := range one.Files {
		one.Files[i].Thumbnail = o.file(q.Files[i].Thumbnail)
	}
	return &one
}

func (o Options) links(list []chat.Link) []chat.Link {
	list = slices.Clone(list)
	for i := range list {
		list[i].Image = o.file(list[i].Image)
	}
	return list
}

func (o Options) files(list []chat.File) []chat.File {
	list = slices.Clone(list)
	for i := range list {
		list[i] = *o.file(&list[i])
	}
	return list
}

func (o Options) file(f *chat.File) *chat.File {
	if f == nil {
		return nil
	}
	if folder, _, _ := strings.Cut(f.Path, "/"); o.has("chats/" + folder) {
		return f
	}
	one := *f
	one.Path, one.Left = "", true
	return &one
}
