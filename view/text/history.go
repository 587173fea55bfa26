package text

import (
	"bakfs/view/chat"
)

// history appends what happened to m after it was sent.
func (w *writer) history(m *chat.Message) {
	w.edits(m)
	w.deleted(m)
	if len(m.Reactions) > 0 {
		w.key("reactions")
		for i, r := range m.Reactions[:min(len(m.Reactions), chat.MaxListed)] {
			if i > 0 {
				w.plain(", ")
			}
			w.line(r.Emoji)
			w.plain(" ")
			w.plain(w.person(r.By))
		}
		w.more(len(m.Reactions) - chat.MaxListed)
		w.end()
	}
	w.undelivered(m, "failed", "failed")
	w.undelivered(m, "pending", "not sent yet")
	if m.Pinned {
		w.key("pinned")
		if m.PinnedBy != nil {
			w.plain("by ")
			w.plain(w.person(m.PinnedBy))
		} else {
			w.plain("yes")
		}
		w.end()
	}
	w.gone(m)
}

func (w *writer) edits(m *chat.Message) {
	for i := range m.Versions {
		w.key("edited")
		if i+1 < len(m.Versions) {
			w.second(m.Versions[i+1].Sent)
		} else {
			w.second(m.Sent)
		}
		w.plain("; before: ")
		if t := m.Versions[i].Text; t != nil && t.Plain != "" {
			w.line(t.Plain)
		} else {
			w.plain("(no text)")
		}
		w.end()
	}
}

func (w *writer) deleted(m *chat.Message) {
	switch m.Kind {
	case chat.Deleted:
		w.key("deleted")
		w.plain("for everyone; ")
	case chat.AdminDeleted:
		w.key("deleted")
		w.plain("by ")
		if m.By != nil {
			w.plain(w.person(m.By))
			w.plain(", ")
		}
		w.plain("an admin, for everyone; ")
	default:
		return
	}
	kept := m.Past.Kept
	if kept == nil {
		w.plain("never seen in a backup")
		w.end()
		return
	}
	if kept.Text != nil && kept.Text.Plain != "" {
		w.plain("text ")
	}
	w.plain("kept from the backup of ")
	if m.Past.KeptTime != 0 {
		w.minute(m.Past.KeptTime)
	} else {
		w.line(m.Past.KeptFrom)
	}
	w.end()
}

// undelivered appends to whom m did not go.
func (w *writer) undelivered(m *chat.Message, state, word string) {
	n := 0
	for _, d := range m.Status {
		if d.State != state {
			continue
		}
		switch n++; {
		case n > chat.MaxListed:
			continue
		case n == 1:
			w.key(word)
			w.plain("to ")
		default:
			w.plain(", ")
		}
		w.plain(w.person(d.To))
	}
	if n > 0 {
		w.more(n - chat.MaxListed)
		w.end()
	}
}

var goneWords = []string{
	chat.GoneExpired: "its timer ran out", chat.GoneChat: "the conversation was deleted",
	chat.GoneTrimmed: "older messages were deleted", chat.GoneMessage: "deleted on the phone",
}

// goneWord returns why a message is not in the newest backup, "" if it is.
func goneWord(g chat.Gone) string {
	if int(g) < len(goneWords) {
		return goneWords[g]
	}
	return "not known why"
}

func (w *writer) gone(m *chat.Message) {
	if m.Past.Gone == chat.Here {
		return
	}
	w.key("gone")
	w.plain("not in the newest backup (")
	w.plain(goneWord(m.Past.Gone))
	w.plain(")")
	if m.Past.LastSeen != "" {
		w.plain("; last seen in the backup of ")
		w.line(m.Past.LastSeen)
	}
	w.end()
}
