package page

import (
	"cmp"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"

	"bakfs/view/chat"
)

// An accountFrame is the data of the template "account".
type accountFrame struct {
	Header   header
	Lists    []link
	Folders  []link
	Links    []link
	Sections []chatList
}

// A chatList is a list of conversations with a heading.
type chatList struct {
	ID, Title string
	Chats     []chatLine
	More      int // how many there are beyond Chats
}

// Size is how many conversations the list has.
func (l chatList) Size() int { return len(l.Chats) + l.More }

// A chatLine is a conversation in a list.
type chatLine struct {
	Color, Initials string
	Avatar          template.URL // in place of the initials; "" for none
	Href, Newest    template.URL
	Name, Sub       string
	ISO, Last       string
	Formerly        string
	Gone, Muted     bool
}

// Append appends the page to b.
func (a *Account) Append(b []byte) ([]byte, error) {
	zone, zoneName := zoneOf(a.Zone)
	w := newWriter(b)
	title := clean(or(a.Name, "Signal"))
	f := accountFrame{Header: header{
		Color: "c" + colour(a.Phone), Initials: initials(title), Title: title,
		Sub: clean(a.Phone), Menu: "Lists, options",
	}}
	if f.Header.Sub != "" {
		f.Header.Sub += " · "
	}
	f.Header.Sub += plural(len(a.Entries), "conversation")
	if a.Messages > 0 {
		f.Header.Sub += " · " + plural(a.Messages, "message") + " in the newest backup"
	}
	if t := newest(a.Entries); !t.IsZero() {
		f.Header.Sub += " · last message " + t.In(zone).Format("2 January 2006")
	}
	for _, e := range a.Entries {
		if e.Avatar != "" && e.Chat != nil && e.Chat.Form == chat.NoteToSelf { // it is the account's own
			f.Header.Avatar = e.picture("")
		}
	}
	f.Sections = a.lists(zone)
	for _, s := range f.Sections {
		l := link{Href: template.URL("#" + s.ID), Text: s.Title, Count: number(s.Size())}
		if strings.HasPrefix(s.ID, "folder") {
			f.Folders = append(f.Folders, l)
		} else {
			f.Lists = append(f.Lists, l)
		}
	}
	f.Links = accountLinks(a.Links)
	w.write("top", title+" – Signal messages")
	w.write("account", f)
	return w.end(a.Footer, zoneName)
}

// newest is when the last message came.
func newest(entries []*Entry) (last time.Time) {
	for _, e := range entries {
		if e.Last.After(last) {
			last = e.Last
		}
	}
	return last
}

// lists sorts the conversations as the app does.
func (a *Account) lists(zone *time.Location) []chatList {
	pinned := chatList{ID: "pinned", Title: "Pinned"}
	recent := chatList{ID: "recent", Title: "Recent"}
	archived := chatList{ID: "archived", Title: "Archived"}
	gone := chatList{ID: "gone", Title: "No longer on the phone"}
	for _, e := range slices.SortedStableFunc(slices.Values(a.Entries), byPin) {
		list := &recent
		switch {
		case e.Gone:
			list = &gone
		case e.Chat != nil && e.Chat.Archived:
			list = &archived
		case e.Chat != nil && e.Chat.Pinned > 0:
			list = &pinned
		}
		list.Chats = append(list.Chats, e.line("", zone))
	}
	var out []chatList
	for _, l := range []chatList{pinned, recent, archived, gone} {
		if len(l.Chats) > 0 {
			out = append(out, l)
		}
	}
	for i, f := range a.Folders {
		l := chatList{ID: "folder" + strconv.Itoa(i+1), Title: clean(or(f.Name, "All chats")), More: f.More}
		for _, e := range f.Entries {
			l.Chats = append(l.Chats, e.line("", zone))
		}
		out = append(out, l)
	}
	return out
}

// byPin orders conversations by their place among the pinned ones, and leaves
// those that are not pinned as they were.
func byPin(a, b *Entry) int { return cmp.Compare(a.pin(), b.pin()) }

func (e *Entry) pin() uint32 {
	if e.Chat == nil || e.Chat.Archived {
		return 0
	}
	return e.Chat.Pinned
}

// line returns e as a line of a list on a page from which base leads to the
// account's folder.
func (e *Entry) line(base string, zone *time.Location) chatLine {
	name := titleOf(e.Chat)
	out := chatLine{
		Color: "c" + colour(chatKey(e.Chat)), Initials: initials(name), Name: name, Sub: formWords(e.Chat),
		Avatar: e.picture(base), Href: e.href(base, "index.html", ""), Gone: e.Gone, Muted: e.Chat != nil && e.Chat.Muted,
		Formerly: clean(strings.Join(e.Formerly, ", ")),
	}
	if e.Count >= 0 {
		out.Sub += " · " + plural(e.Count, "message")
	}
	if !e.Last.IsZero() {
		t := e.Last.In(zone)
		out.ISO, out.Last = iso(t), t.Format("2 January 2006")
		if e.Newest != "" {
			out.Newest = e.href(base, e.Newest, "")
		}
	}
	return out
}

// picture returns the address of the conversation's picture; "" if it has none.
func (e *Entry) picture(base string) template.URL {
	if e.Avatar == "" {
		return ""
	}
	return fileURL(base, "chats/"+e.Folder+"/"+e.Avatar)
}

// href returns the address of an element of a page of the conversation.
func (e *Entry) href(base, page, id string) template.URL {
	return placeURL(base, "chats/"+e.Folder+"/web/"+page, id)
}

// accountLinks links to the other folders and files of an account.
func accountLinks(names []string) []link {
	words := []struct{ name, text string }{
		{"text/", "Plain text"}, {"media/", "All photos and videos"}, {"timeline/", "Timeline"}, {"contacts/", "Contacts"},
		{"calls.txt", "Calls"}, {"deleted/", "Deleted since"}, {"search/", "Search"}, {"about.txt", "About this view"},
	}
	var out []link
	for _, w := range words {
		for _, n := range names {
			if n == strings.TrimSuffix(w.name, "/") {
				out = append(out, link{Href: template.URL(w.name), Text: w.text})
			}
		}
	}
	return out
}

// pageOf returns the name of the page of a month with m.
func pageOf(m *chat.Message, zone *time.Location) string {
	t := at(m.First, zone)
	return Part{Year: t.Year(), Month: t.Month()}.Name()
}
