// Package jsonl writes messages as JSON lines, one object a line, complete and
// with names resolved, for jq, DuckDB, pandas, and other programs.
//
// The schema, version 1. Keys stand in this order; what is not set is absent.
// A person stands as a name with its key beside it ("from" and "from_id"), the
// key being "self", "aci:<uuid>", "pni:<uuid>", "e164:+<digits>" and the same
// in all backups. Moments are milliseconds since 1970, UTC.
//
//	v            1
//	id           16 hex digits, the same in all backups
//	chat chat_id the conversation; chat_id is a person's key or "group:<32 hex>"
//	t time       when it was sent, in milliseconds and in the zone of the view
//	dir          "in", "out", "event"
//	from from_id who wrote or did it
//	kind         "text" "card" "sticker" "deleted" "admin_deleted" "view_once"
//	             "poll" "payment" "gift" "story_reply" "update" "other"
//	event        of an update: which, as Signal's format calls it
//	words        of an event, payment, gift or other: what it says, in English
//	text         what was written; mentions are "@" and the name, which
//	             is clipped where names would be much longer than the text
//	ranges       [{start length style|mention}] in UTF-16 units of text: style is
//	             "bold" "italic" "spoiler" "strikethrough" "monospace", mention a
//	             person's key
//	cut          true: only the beginning of the text is in the backup
//	quote        {from from_id t kind text ranges files:[{name mime}]}; kind only if
//	             it is no usual message
//	emoji        of a reaction to a story
//	attachments  [{kind path name mime type size sha256 width height caption
//	             length missing}]: path is relative to the conversation's
//	             folder, mime what the sender said, type what the bytes are;
//	             length in milliseconds; a missing one has the size that the sender told
//	links        [{url title description t image}], image as an attachment
//	sticker      {emoji} and the keys of an attachment
//	card         {name path phones:[{value type label}] emails:[…] addresses:[…]
//	             organization note aci avatar}
//	poll         {question multiple ended options:[{text voters:[…] voter_ids:[…]
//	             more_voters}]}
//	call         {group video out missed state started ended by by_id}
//	payment      {amount_mob fee_mob note status}
//	reactions    [{emoji from from_id t}]
//	more_reactions more_status, and more_voters of a poll: how many there are beyond
//	             the 1001 that are written (of voters fewer where there are more
//	             than ten options); no group of the apps has more
//	edits        earlier versions, oldest first: [{t text ranges quote attachments
//	             links}]
//	edited       when the newest version was sent
//	deleted      {by by_id kept:{text ranges quote attachments links} kept_from}
//	received     when it was received
//	sms          true: not through Signal
//	status       [{to to_id state t}]
//	pinned pinned_by pinned_by_id
//	timer        of disappearing messages, in milliseconds
//	expires      when it runs out
//	gone         why the newest backup does not have it: "expired" "chat_deleted"
//	             "trimmed" "deleted"
//	seen         {first last}: labels of the backups that have it; without last
//	             the newest one does
//
// What always holds: a line is valid UTF-8 and one JSON object in which no key
// stands twice; the same messages give the same bytes; no key material is
// written.
package jsonl

import (
	"time"

	"bakfs/signal"
	"bakfs/view/chat"
)

// Version is the number of the schema, the key "v".
const Version = 1

// Options say how messages are written.
type Options struct {
	Zone *time.Location // of the key "time"; nil: UTC
}

// Append appends a line for each message.
func Append(b []byte, list []*chat.Message, o Options) []byte {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	w := &writer{b: b, o: o}
	for _, m := range list {
		if m != nil {
			w.message(m)
		}
	}
	return w.b
}

var kinds = []string{
	chat.Standard: "text", chat.Card: "card", chat.Sticker: "sticker", chat.Deleted: "deleted", chat.AdminDeleted: "admin_deleted",
	chat.ViewOnce: "view_once", chat.Poll: "poll", chat.Payment: "payment", chat.Gift: "gift", chat.StoryReply: "story_reply",
	chat.Update: "update", chat.Other: "other",
}

var directions = []string{chat.In: "in", chat.Out: "out", chat.Event: "event"}

var goneWords = []string{chat.GoneExpired: "expired", chat.GoneChat: "chat_deleted", chat.GoneTrimmed: "trimmed", chat.GoneMessage: "deleted"}

// word returns the word for a value, "other" for one that has none.
func word[T ~uint8](words []string, v T) string {
	if int(v) < len(words) && words[v] != "" {
		return words[v]
	}
	return "other"
}

func (w *writer) message(m *chat.Message) {
	w.open()
	w.number("v", Version)
	w.text("id", m.ID)
	if m.Chat != nil {
		w.text("chat", m.Chat.Name)
		w.text("chat_id", m.Chat.Key)
	}
	w.number("t", int64(min(m.First, maxMillis)))
	w.moment("time", m.First)
	w.text("dir", word(directions, m.Dir))
	w.person("from", m.Author)
	w.text("kind", word(kinds, m.Kind))
	w.text("event", m.Event)
	w.text("words", m.Words)
	w.content(m)
	w.history(m)
	w.shut()
	w.b = append(w.b, '\n')
}

func (w *writer) content(m *chat.Message) {
	w.styled(m.Text)
	w.quote(m.Quote)
	w.text("emoji", m.Emoji)
	w.files("attachments", m.Files)
	w.links(m.Links)
	if s := m.Sticker; s != nil {
		w.object("sticker")
		w.text("emoji", s.Emoji)
		w.file(&s.File)
		w.shut()
	}
	if m.Card != nil {
		w.card(m.Card)
	}
	if m.Poll != nil {
		w.poll(m.Poll)
	}
	if m.Call != nil {
		w.call(m.Call)
	}
	if m.Payment != nil {
		w.payment(m.Payment)
	}
}

func (w *writer) history(m *chat.Message) {
	if len(m.Reactions) > 0 {
		w.array("reactions")
		for _, r := range m.Reactions[:min(len(m.Reactions), chat.MaxListed)] {
			w.item()
			w.text("emoji", r.Emoji)
			w.person("from", r.By)
			w.millis("t", r.Sent)
			w.shut()
		}
		w.close()
		w.more("reactions", len(m.Reactions)-chat.MaxListed)
	}
	if len(m.Versions) > 0 {
		w.array("edits")
		for i := range m.Versions {
			w.item()
			w.millis("t", m.Versions[i].Sent)
			w.version(&m.Versions[i])
			w.shut()
		}
		w.close()
		w.millis("edited", m.Sent)
	}
	w.deleted(m)
	w.millis("received", m.Got)
	w.flag("sms", m.SMS)
	if len(m.Status) > 0 {
		w.array("status")
		for _, d := range m.Status[:min(len(m.Status), chat.MaxListed)] {
			w.item()
			w.person("to", d.To)
			w.text("state", d.State)
			w.millis("t", d.Time)
			w.shut()
		}
		w.close()
		w.more("status", len(m.Status)-chat.MaxListed)
	}
	w.flag("pinned", m.Pinned)
	w.person("pinned_by", m.PinnedBy)
	w.millis("timer", signal.Millis(m.ExpiresMs))
	w.millis("expires", m.Expires)
	w.past(&m.Past)
}

// more says how many elements a list has beyond those that are written, if there are any.
func (w *writer) more(of string, n int) {
	if n > 0 {
		w.number("more_"+of, int64(n))
	}
}

func (w *writer) past(p *chat.Past) {
	if p.Gone != chat.Here {
		w.text("gone", word(goneWords, p.Gone))
	}
	if p.FirstSeen+p.LastSeen != "" {
		w.object("seen")
		w.text("first", p.FirstSeen)
		w.text("last", p.LastSeen)
		w.shut()
	}
}

func (w *writer) deleted(m *chat.Message) {
	if m.Kind != chat.Deleted && m.Kind != chat.AdminDeleted {
		return
	}
	w.object("deleted")
	by := m.By
	if by == nil && m.Kind == chat.Deleted {
		by = m.Author
	}
	w.person("by", by)
	if k := m.Past.Kept; k != nil {
		w.object("kept")
		w.version(k)
		w.shut()
		w.text("kept_from", m.Past.KeptFrom)
	}
	w.shut()
}
