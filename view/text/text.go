// Package text writes messages as lines of text, made for grep, sort, and
// reading:
//
//	2026-05-14 18:22:07 +0200 < Alice Example: Who’s in for Saturday?
//	2026-05-14 18:22:07 +0200 + reactions: 👍 Jana
//	2026-05-15 08:33:20 +0200 > Jana: Packing list:
//	2026-05-15 08:33:20 +0200 | Jana: – rope
//	2026-05-15 09:00:00 +0200 * Missed call from Bob Stone
//
// The first 25 bytes are the time with its offset, byte 27 is the mark: "<"
// received, ">" sent, "|" a further line of the message above, "+" a property
// of it, "*" an event.
//
// What always holds: each physical line has this form, whatever somebody wrote
// or is called. Line ends within texts make "|" lines, controls become
// pictures, and characters that turn the direction of text are left out. A colon
// in a name is "꞉" (U+A789), so that the first one after the mark ends who wrote. The
// same messages give the same bytes. There is no control character but the line
// feed, and nothing is wrapped.
package text

import (
	"strings"
	"time"

	"bakfs/signal"
	"bakfs/view/chat"
)

// Options say how messages are written. The zero value writes times in UTC.
type Options struct {
	Zone *time.Location // nil: UTC
}

// AppendMessages appends messages of one conversation, as in its month files.
func AppendMessages(b []byte, list []*chat.Message, o Options) []byte {
	w := newWriter(b, o)
	for _, m := range list {
		w.message(m)
	}
	return w.b
}

// AppendTimeline appends messages of several conversations. The name of its
// conversation stands behind the mark of each line, in brackets.
func AppendTimeline(b []byte, list []*chat.Message, o Options) []byte {
	w := newWriter(b, o)
	w.named = true
	for _, m := range list {
		w.message(m)
	}
	return w.b
}

// AppendResults appends what a search found, as AppendTimeline does, and a line
// that says so if there was more.
func AppendResults(b []byte, list []*chat.Message, more bool, o Options) []byte {
	b = AppendTimeline(b, list, o)
	if more && len(list) > 0 {
		w := newWriter(b, o)
		w.at(list[len(list)-1].First)
		w.head('*')
		w.plain("truncated: there are more results than these; say more words, or after: and before:")
		w.end()
		b = w.b
	}
	return b
}

// message appends all lines of m.
func (w *writer) message(m *chat.Message) {
	if m == nil {
		return
	}
	w.at(m.First)
	w.chat(m.Chat)
	if m.Dir == chat.Event || m.Kind == chat.Update {
		w.head('*')
		w.line(orElse(eventWords(m), "Event"))
		w.end()
	} else {
		w.body(m)
		w.content(m)
	}
	w.history(m)
}

// eventWords returns what an event says, the names of those who did it as in
// other lines.
func eventWords(m *chat.Message) string {
	who := []*chat.Person{m.Author, m.By, nil}
	if m.Call != nil {
		who[2] = m.Call.By
	}
	words := m.Words
	for _, p := range who {
		if name := p.Shown(); strings.Contains(name, ":") {
			words = strings.ReplaceAll(words, name, unmarked(name))
		}
	}
	return words
}

// body appends what m says: one line at least.
func (w *writer) body(m *chat.Message) {
	text := m.Text
	if m.Past.Kept != nil && (m.Kind == chat.Deleted || m.Kind == chat.AdminDeleted) {
		text = m.Past.Kept.Text
	}
	said := ""
	if text != nil {
		said = text.Plain
	}
	if m.Kind == chat.Poll && m.Poll != nil {
		said = "Poll: " + m.Poll.Question
	}
	mark := byte('<')
	if m.Dir == chat.Out {
		mark = '>'
	}
	author := w.person(m.Author)
	for n, more := 0, true; more; n++ {
		w.head(mark)
		w.b = append(append(w.b, author...), ':')
		if n < maxLines {
			if said != "" && !lineEnd(said) {
				w.b = append(w.b, ' ')
			}
			said, more = w.until(said)
		} else {
			w.b = append(w.b, ' ')
			w.line(said)
			more = false
		}
		w.end()
		mark = '|'
	}
	switch {
	case text == nil || !text.Cut:
	case text.Long != nil && text.Long.Size >= 0 && text.Long.Path != "":
		w.file("text", text.Long, "only the beginning is shown")
	default:
		w.property("text", "only the beginning is in the backup")
	}
}

// maxLines bounds the lines of one message, each of which repeats time and
// author. What is left stands in one more line.
const maxLines = 1000

func (w *writer) at(t signal.Millis) { w.stamp = w.appendStamp(w.stamp[:0], t) }
