package text

import (
	"strconv"
	"time"

	"bakfs/signal"
	"bakfs/view/chat"
)

// Info is what info.txt says about a conversation. What is zero is left out.
type Info struct {
	Chat        *chat.Conversation
	Formerly    []string      // its earlier names
	First, Last signal.Millis // when its first and last message were sent
	Messages    int
	Files       int
	Bytes       int64  // size of its files
	LastSeen    string // label of the last backup that has it; "" if the newest does
}

// AppendInfo appends info.txt of a conversation: a title, and lines "key: value".
func AppendInfo(b []byte, i *Info, o Options) []byte {
	w := newWriter(b, o)
	c := i.Chat
	if c == nil {
		c = &chat.Conversation{Form: chat.Unknown}
	}
	w.plain(chatName(c))
	w.plain("\n\n")
	w.fact("kind", formWord(c.Form))
	if c.Person != nil && c.Form == chat.Direct {
		w.about(c.Person)
	}
	w.fact("description", c.Description)
	for _, m := range c.Members[:min(len(c.Members), chat.MaxListed)] {
		w.member(m)
	}
	w.count("more members", len(c.Members)-chat.MaxListed)
	if c.TimerMs > 0 {
		w.fact("disappearing messages", "after "+spell(c.TimerMs))
	}
	if c.Pinned > 0 {
		w.fact("pinned", "yes")
	}
	if c.Archived {
		w.fact("archived", "yes")
	}
	if c.Muted {
		w.fact("muted", "yes")
	}
	w.fact("first message", w.when(i.First))
	w.fact("last message", w.when(i.Last))
	w.count("messages", i.Messages)
	if i.Files > 0 {
		w.fact("files", strconv.Itoa(i.Files)+" ("+size(i.Bytes)+")")
	}
	for _, name := range i.Formerly {
		w.fact("formerly", name)
	}
	if i.LastSeen != "" {
		w.fact("gone", "not in the newest backup; last seen in the backup of "+i.LastSeen)
	}
	w.fact("id", c.Key)
	return w.b
}

func formWord(f chat.Form) string {
	switch f {
	case chat.Direct:
		return "two people"
	case chat.Group:
		return "group"
	case chat.NoteToSelf:
		return "notes to self"
	case chat.ReleaseNotes:
		return "news from Signal"
	}
	return "unknown"
}

// about appends what is known of the other person of a conversation.
func (w *writer) about(p *chat.Person) {
	w.fact("phone", p.Phone)
	w.fact("username", p.Username)
	if c := p.Contact; c != nil {
		if c.Blocked {
			w.fact("blocked", "yes")
		}
		w.fact("note", c.Note)
	}
}

func (w *writer) member(m chat.Member) {
	if m.Person == nil {
		return
	}
	w.plain("member: ")
	w.plain(personName(m.Person))
	if m.Admin {
		w.plain(", admin")
	}
	if m.Label != "" {
		w.plain(", “")
		w.line(m.Label)
		w.plain("”")
	}
	if m.Person.Phone != "" && m.Person.Phone != m.Person.Name {
		w.plain(", ")
		w.line(m.Person.Phone)
	}
	w.end()
}

// fact appends a line, unless there is no value.
func (w *writer) fact(key, value string) {
	if value == "" {
		return
	}
	w.plain(key)
	w.plain(": ")
	w.line(value)
	w.end()
}

func (w *writer) count(key string, n int) {
	if n > 0 {
		w.fact(key, strconv.Itoa(n))
	}
}

// spell returns a timer in words: "1 week", "36 hours".
func spell(ms uint64) string {
	d := time.Duration(min(ms, 1<<50)) * time.Millisecond
	for _, u := range []struct {
		of   time.Duration
		word string
	}{{7 * 24 * time.Hour, " week"}, {24 * time.Hour, " day"}, {time.Hour, " hour"}, {time.Minute, " minute"}, {time.Second, " second"}} {
		if d >= u.of && (d%u.of == 0 || u.of == time.Second) {
			s := strconv.FormatInt(int64(d/u.of), 10) + u.word
			if d/u.of != 1 {
				s += "s"
			}
			return s
		}
	}
	return strconv.FormatUint(ms, 10) + " milliseconds"
}
