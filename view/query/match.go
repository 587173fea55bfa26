package query

import (
	"bytes"
	"strings"

	"bakfs/signal"
	"bakfs/view/chat"
)

// Period reports whether messages from first to last, both included, may match:
// others need not be read.
func (q *Query) Period(first, last signal.Millis) bool {
	return last >= q.after && (q.until == 0 || first < q.until)
}

// In reports whether messages of c may match: others need not be read.
func (q *Query) In(c *chat.Conversation) bool {
	if len(q.where) == 0 {
		return true
	}
	var name []byte
	if c != nil {
		name = fold(c.Name)
	}
	for _, t := range q.where {
		if bytes.Contains(name, t.text) == t.not {
			return false
		}
	}
	return true
}

// Match reports whether m is what the query asks for.
func (q *Query) Match(m *chat.Message) bool {
	if m == nil || !q.Period(m.First, m.First) {
		return false
	}
	for _, t := range q.tests {
		if t.is(m) == t.not {
			return false
		}
	}
	if len(q.where) > 0 && !q.In(m.Chat) {
		return false
	}
	if len(q.words)+len(q.authors) == 0 {
		return true
	}
	s := q.pool.Get().(*scratch)
	defer q.pool.Put(s)
	for i := range q.authors {
		if s.wrote(m, q.authors[i].text) == q.authors[i].not {
			return false
		}
	}
	if len(q.words) > 0 {
		s.fill(m)
	}
	for i := range q.words {
		if bytes.Contains(s.b, q.words[i].text) == q.words[i].not {
			return false
		}
	}
	return true
}

// scratch holds what a message says, folded, its parts separated by a byte that
// no folded text has.
type scratch struct{ b []byte }

// maxKept bounds the buffer that stays for the next message.
const maxKept = 1 << 20

const separator = 0

func (s *scratch) add(text string) {
	if text != "" {
		s.b = append(appendFold(s.b, text), separator)
	}
}

func (s *scratch) text(t *chat.Text) {
	if t != nil {
		s.add(t.Plain)
	}
}

func (s *scratch) files(list []chat.File) {
	for i := range list {
		s.add(list[i].Name)
		s.add(list[i].Caption)
	}
}

func (s *scratch) links(list []chat.Link) {
	for i := range list {
		s.add(list[i].URL)
		s.add(list[i].Title)
		s.add(list[i].Description)
	}
}

// fill takes in everything that m says.
func (s *scratch) fill(m *chat.Message) {
	if s.b = s.b[:0]; cap(s.b) > maxKept {
		s.b = nil
	}
	s.text(m.Text)
	s.add(m.Words)
	s.add(m.Emoji)
	s.files(m.Files)
	s.links(m.Links)
	if m.Card != nil {
		s.card(m.Card)
	}
	if m.Sticker != nil {
		s.add(m.Sticker.Emoji)
	}
	if m.Poll != nil {
		s.add(m.Poll.Question)
		for i := range m.Poll.Options {
			s.add(m.Poll.Options[i].Text)
		}
	}
	for i := range m.Versions {
		s.text(m.Versions[i].Text)
	}
	if k := m.Past.Kept; k != nil {
		s.text(k.Text)
		s.files(k.Files)
		s.links(k.Links)
	}
}

func (s *scratch) card(c *chat.ContactCard) {
	s.add(c.Name)
	if c.Card == nil {
		return
	}
	s.add(c.Card.Organization)
	for _, n := range c.Card.Number {
		s.add(n.Value)
	}
	for _, e := range c.Card.Email {
		s.add(e.Value)
	}
}

// A flagWord is a word that may stand behind has: or is:.
type flagWord struct {
	word string
	is   func(*chat.Message) bool
}

func find(table []flagWord, word string) func(*chat.Message) bool {
	for _, f := range table {
		if f.word == word || f.word+"s" == word {
			return f.is
		}
	}
	return nil
}

var hasWords = []flagWord{
	{"photo", hasFile(chat.Photo)},
	{"video", hasFile(chat.Video)},
	{"gif", hasFile(chat.GIF)},
	{"voice", hasFile(chat.Voice)},
	{"audio", hasFile(chat.Audio, chat.Voice)},
	{"file", hasFile(chat.Document)},
	{"sticker", func(m *chat.Message) bool { return m.Sticker != nil }},
	{"card", func(m *chat.Message) bool { return m.Card != nil }},
	{"link", hasLink},
	{"reaction", func(m *chat.Message) bool { return len(m.Reactions) > 0 }},
	{"poll", func(m *chat.Message) bool { return m.Poll != nil }},
	{"call", func(m *chat.Message) bool { return m.Call != nil }},
	{"reply", func(m *chat.Message) bool { return m.Quote != nil || m.Kind == chat.StoryReply }},
}

var isWords = []flagWord{
	{"deleted", func(m *chat.Message) bool { return m.Kind == chat.Deleted || m.Kind == chat.AdminDeleted }},
	{"edited", func(m *chat.Message) bool { return len(m.Versions) > 0 }},
	{"mine", func(m *chat.Message) bool { return m.Dir == chat.Out }},
	{"pinned", func(m *chat.Message) bool { return m.Pinned }},
	{"event", func(m *chat.Message) bool { return m.Dir == chat.Event || m.Kind == chat.Update }},
	{"gone", func(m *chat.Message) bool { return m.Past.Gone != chat.Here }},
}

func hasFile(kinds ...chat.FileKind) func(*chat.Message) bool {
	is := func(list []chat.File) bool {
		for i := range list {
			for _, k := range kinds {
				if list[i].Kind == k {
					return true
				}
			}
		}
		return false
	}
	return func(m *chat.Message) bool { return is(m.Files) || m.Past.Kept != nil && is(m.Past.Kept.Files) }
}

// hasLink reports whether m has a link, with a preview or in its text.
func hasLink(m *chat.Message) bool {
	text := m.Text
	if m.Past.Kept != nil {
		if len(m.Past.Kept.Links) > 0 {
			return true
		}
		text = m.Past.Kept.Text
	}
	return len(m.Links) > 0 || text != nil && (strings.Contains(text.Plain, "https://") || strings.Contains(text.Plain, "http://"))
}

// wrote reports whether somebody whose name or number has who in it wrote m.
func (s *scratch) wrote(m *chat.Message, who []byte) bool {
	p := m.Author
	if p == nil {
		return false
	}
	if (p.Self || m.Dir == chat.Out) && (string(who) == "me" || string(who) == "myself") {
		return true
	}
	s.b = s.b[:0]
	s.add(p.Name)
	s.add(p.Username)
	s.add(p.Phone)
	return bytes.Contains(s.b, who)
}
