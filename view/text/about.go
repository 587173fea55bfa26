package text

import (
	"strconv"

	"bakfs/signal"
)

// Format is the version of the text format, for about.txt and for caches.
const Format = 1

// About is what about.txt says about an account's folder.
type About struct {
	Account string   // its name for people
	Frozen  string   // label of the one backup that is shown; "" if all are merged
	Names   string   // the style of names
	Expired bool     // messages whose timer ran out are shown
	Deleted bool     // what was deleted since is shown
	Sources []Source // oldest first
	Missing []string // what is missing, and why
}

// A Source is a backup that messages come from.
type Source struct {
	Label    string
	Time     signal.Millis // of the backup
	Format   string        // "modern", …
	Original string        // the name that it had; "" if not known
	ID       string        // hex of the hash that identifies it; "" if not known
}

// AppendAbout appends about.txt.
func AppendAbout(b []byte, a *About, o Options) []byte {
	w := newWriter(b, o)
	w.plain("Messages of ")
	w.line(orElse(a.Account, "Unknown"))
	w.plain("\n\nMade by bakfs from encrypted backups of Signal. These files are made when they are read; no copy of them is kept.\n\n")
	if a.Frozen != "" {
		w.fact("view", "the backup "+a.Frozen+" alone")
	} else {
		w.fact("view", "all backups together ("+strconv.Itoa(len(a.Sources))+")")
	}
	w.fact("format", strconv.Itoa(Format))
	w.fact("time zone", w.zone.String())
	w.fact("names", a.Names)
	w.fact("messages whose timer ran out", shown(a.Expired)+" (--expired=show or hide)")
	w.fact("messages deleted since", shown(a.Deleted)+" (--deleted=show or hide)")
	w.plain("\nBackups, newest first\n")
	for i := len(a.Sources) - 1; i >= 0; i-- {
		w.source(&a.Sources[i])
	}
	w.plain("\nWhat is missing\n")
	for _, s := range a.Missing {
		w.plain("  ")
		w.line(s)
		w.end()
	}
	if len(a.Missing) == 0 {
		w.plain("  nothing that is known\n")
	}
	return w.b
}

func shown(yes bool) string {
	if yes {
		return "shown"
	}
	return "hidden"
}

func (w *writer) source(s *Source) {
	w.plain("  ")
	id := ""
	if s.ID != "" {
		id = "id " + s.ID
	}
	w.list([]string{s.Label, w.when(s.Time), s.Format, s.Original, id})
	w.end()
}

// Changes is what CHANGES.txt says about a snapshot: how it differs from the
// one before.
type Changes struct {
	From, To string // labels; From is "" for the first
	All      Change
	Chats    []Change // of the conversations that differ
	Renames  []Rename // of persons and groups
}

// A Rename is a name that somebody or a group had, and the one that they have.
type Rename struct{ From, To string }

// A Change counts what is new and what is gone.
type Change struct {
	Name                          string // of the conversation; "" for all
	Messages, Files, Edited, Gone int
	Unread                        int // months that cannot be read as one of the backups has them
}

// AppendChanges appends CHANGES.txt.
func AppendChanges(b []byte, c *Changes) []byte {
	w := newWriter(b, Options{})
	w.line(c.To)
	if c.From == "" {
		w.plain(", the first backup: ")
	} else {
		w.plain(" since ")
		w.line(c.From)
		w.plain(": ")
	}
	w.change(c.All)
	if n := len(c.Renames); n > 0 {
		w.plain(", " + strconv.Itoa(n) + " renamed")
	}
	w.end()
	for _, one := range c.Chats {
		w.line(orElse(one.Name, "Unknown"))
		w.plain(": ")
		w.change(one)
		w.end()
	}
	for _, r := range c.Renames {
		w.plain("“" + oneLine(r.From) + "” is now called “" + oneLine(r.To) + "”")
		w.end()
	}
	return w.b
}

// change appends counts: "+214 messages, 12 media, 3 edited, 5 gone".
func (w *writer) change(c Change) {
	w.plain("+" + plural(c.Messages, " message"))
	for _, n := range []struct {
		n    int
		word string
	}{{c.Files, " media"}, {c.Edited, " edited"}, {c.Gone, " gone"}} {
		if n.n > 0 {
			w.plain(", " + strconv.Itoa(n.n) + n.word)
		}
	}
	if c.Unread > 0 {
		w.plain(", and " + plural(c.Unread, " month") + " that cannot be read")
	}
}

func plural(n int, word string) string {
	if n == 1 {
		return "1" + word
	}
	return strconv.Itoa(n) + word + "s"
}
