package page

import (
	"html/template"
	"strings"
	"time"

	"bakfs/view/chat"
)

// A resultsFrame is the data of the template "results".
type resultsFrame struct {
	Header    header
	Chats     []link
	Hits      []hit
	Truncated bool
	Problem   string
}

// A hit is a message that was found, as it is shown.
type hit struct {
	Href      template.URL
	Who, Chat string
	ISO, When string
	Runs      []piece // what the query is about has Mention set
	Files     []file
}

// Append appends the page to b.
func (r *Results) Append(b []byte) ([]byte, error) {
	zone, zoneName := zoneOf(r.Zone)
	w := newWriter(b)
	query := cutShort(clean(r.Query), maxSnippet)
	f := resultsFrame{Truncated: r.Truncated, Problem: clean(r.Problem), Header: header{
		Color: "c0", Initials: "🔍", Title: "Search: " + query, Menu: "Options",
		Sub: plural(len(r.Hits), "message") + " found · times in " + zoneName,
	}}
	counts := map[*Entry]int{}
	var order []*Entry
	for i := range r.Hits {
		h := &r.Hits[i]
		if counts[h.Entry]++; counts[h.Entry] == 1 && h.Entry != nil {
			order = append(order, h.Entry)
		}
		f.Hits = append(f.Hits, r.hit(h, zone))
	}
	for _, e := range order {
		f.Chats = append(f.Chats, link{Href: e.href("../../", "index.html", ""), Text: titleOf(e.Chat), Count: number(counts[e])})
	}
	w.write("top", "Search: "+query)
	w.write("results", f)
	return w.end(r.Footer, zoneName)
}

func (r *Results) hit(h *Hit, zone *time.Location) hit {
	m := h.Message
	t := at(m.First, zone)
	out := hit{Who: nameOf(m.Author), ISO: iso(t), When: t.Format("2 January 2006 15:04")}
	if m.Dir == chat.Out {
		out.Who = "You"
	}
	if m.Author == nil {
		out.Who = "Event"
	}
	e := h.Entry
	if e == nil {
		e = &Entry{Chat: m.Chat}
	}
	page := h.Page
	if page == "" {
		page = pageOf(m, zone)
	}
	out.Chat = titleOf(e.Chat)
	out.Href = e.href("../../", page, Anchor(m))
	out.Runs = r.marked(words(m))
	base := fileURL("../../", "chats/"+e.Folder)
	if base == "" {
		return out
	}
	for i := range m.Files[:min(len(m.Files), maxNames)] {
		out.Files = append(out.Files, newFile(&m.Files[i], string(base)+"/", out.Who))
	}
	return out
}

// words returns what m says, in one text.
func words(m *chat.Message) string {
	var parts []string
	body := func(s string) {
		if s != "" {
			parts = append(parts, cleanBody(s))
		}
	}
	add := func(s string) { body(clean(s)) }
	add(m.Words)
	if m.Text != nil {
		body(m.Text.Plain)
	}
	if m.Past.Kept != nil && m.Past.Kept.Text != nil {
		body(m.Past.Kept.Text.Plain)
	}
	if m.Poll != nil {
		add(m.Poll.Question)
		for _, o := range m.Poll.Options {
			add(o.Text)
		}
	}
	if m.Card != nil {
		add(m.Card.Name)
	}
	if m.Sticker != nil {
		add(m.Sticker.Emoji)
	}
	add(m.Emoji)
	return strings.Join(parts, " · ")
}

// The bytes that are shown of a long text, around the first mark.
const (
	beforeMark = 80
	afterMark  = 320
)

// marked returns s around the first of the query's marks.
func (r *Results) marked(s string) []piece {
	var marks [][2]int
	if r.Mark != nil {
		marks = r.Mark(s)
	}
	start := 0
	if len(marks) > 0 && marks[0][0] > beforeMark {
		start = border(s, marks[0][0]-beforeMark)
	}
	end := border(s, start+beforeMark+afterMark)
	var out []piece
	add := func(text string, mark bool) {
		if text != "" {
			out = append(out, piece{Text: text, Mention: mark})
		}
	}
	if start > 0 {
		add("…", false)
	}
	last := start
	for _, m := range marks {
		from, to := border(s, m[0]), border(s, m[1])
		if from < last || to <= from || to > end {
			continue
		}
		add(s[last:from], false)
		add(s[from:to], true)
		last = to
	}
	add(s[last:end], false)
	if end < len(s) {
		add("…", false)
	}
	return out
}
