package text

import (
	"strconv"
	"strings"
	"unicode"

	"bakfs/signal"
	"bakfs/view/chat"
)

// content appends what m holds besides its text.
func (w *writer) content(m *chat.Message) {
	if m.Kind == chat.StoryReply {
		if m.Emoji != "" {
			w.key("reaction to a story")
			w.line(m.Emoji)
			w.end()
		} else {
			w.property("reply to", "a story")
		}
	}
	w.quote(m.Quote)
	files, links := m.Files, m.Links
	if k := m.Past.Kept; k != nil {
		files, links = append(files[:len(files):len(files)], k.Files...), append(links[:len(links):len(links)], k.Links...)
	}
	w.files(m, files)
	for _, l := range links {
		w.link(l)
	}
	if m.Card != nil {
		w.card(m.Card)
	}
	if m.Sticker != nil {
		w.file("sticker", &m.Sticker.File, m.Sticker.Emoji)
	}
	if m.Poll != nil {
		w.poll(m.Poll)
	}
	w.words(m)
}

// words appends what this version of the apps has no other lines for.
func (w *writer) words(m *chat.Message) {
	key := ""
	switch m.Kind {
	case chat.Payment:
		key = "payment"
	case chat.Gift:
		key = "gift"
	case chat.Other:
		key = "other"
	}
	if key == "" || m.Words == "" {
		return
	}
	w.key(key)
	w.line(strings.TrimPrefix(m.Words, "Payment of "))
	w.end()
}

func (w *writer) quote(q *chat.Quote) {
	if q == nil {
		return
	}
	w.key("reply to")
	w.plain(w.person(q.Author))
	if q.Sent != 0 {
		w.plain(", ")
		w.second(q.Sent)
	}
	said := quoted(q)
	if said != "" {
		w.plain(": ")
		w.plain(said)
	}
	w.end()
}

// quoted returns the beginning of what was quoted, in one line.
func quoted(q *chat.Quote) string {
	switch {
	case q.Text != nil && strings.TrimSpace(q.Text.Plain) != "":
		return excerpt(q.Text.Plain)
	case q.Kind == signal.QuoteTypeViewOnce:
		return "a view-once message"
	case q.Kind == signal.QuoteTypeGiftBadge:
		return "a gift badge"
	case q.Kind == signal.QuoteTypePoll:
		return "a poll"
	case len(q.Files) > 0:
		f := q.Files[0]
		what, _, _ := strings.Cut(f.MIME, "/")
		word := map[string]string{"image": "a photo", "video": "a video", "audio": "a sound"}[what]
		if f.Name != "" {
			return strings.TrimSpace(orElse(word, "a file") + " " + excerpt(f.Name))
		}
		return orElse(word, "a file")
	}
	return ""
}

// maxExcerpt is the length of a quotation, in characters.
const maxExcerpt = 40

// excerpt returns the beginning of s in one line, cut between words.
func excerpt(s string) string {
	s = oneLine(clip(s, 16*maxExcerpt))
	n, word := 0, 0
	for i, r := range s {
		if r == ' ' {
			word = i
		}
		if unicode.Is(unicode.M, r) || r == '\u200D' {
			continue
		}
		if n++; n <= maxExcerpt {
			continue
		}
		if word < i/2 {
			word = i
		}
		return strings.TrimRight(s[:word], " ,.;:–—-") + "…"
	}
	return s
}

func (w *writer) link(l chat.Link) {
	w.key("link")
	w.line(l.URL)
	if l.Title != "" {
		w.plain(" — ")
		w.line(l.Title)
	}
	w.end()
}

func (w *writer) card(c *chat.ContactCard) {
	w.key("contact card")
	list := []string{c.Name}
	if c.Card != nil {
		for _, n := range c.Card.Number {
			list = append(list, n.Value)
		}
		for _, e := range c.Card.Email {
			list = append(list, e.Value)
		}
	}
	if c.Path != "" {
		w.line(c.Path)
		w.plain(" (")
	}
	w.list(list)
	if c.Path != "" {
		w.plain(")")
	}
	w.end()
}

// list appends what is not empty, with commas.
func (w *writer) list(items []string) {
	n := 0
	for _, s := range items {
		if s == "" {
			continue
		}
		if n++; n > 1 {
			w.plain(", ")
		}
		w.plain(oneLine(s))
	}
}

func (w *writer) poll(p *chat.PollState) {
	for _, o := range p.Options {
		w.key("option")
		w.line(o.Text)
		w.plain(" — ")
		w.b = strconv.AppendInt(w.b, int64(len(o.Voters)), 10)
		if len(o.Voters) > 0 {
			w.plain(" (")
			w.persons(o.Voters, p.Listed())
			w.plain(")")
		}
		w.end()
	}
	switch {
	case p.Ended && p.Multiple:
		w.property("poll", "ended; several choices")
	case p.Ended:
		w.property("poll", "ended")
	case p.Multiple:
		w.property("poll", "several choices")
	}
}

var fileWords = []string{
	chat.Photo: "photo", chat.Video: "video", chat.GIF: "GIF", chat.Voice: "voice message", chat.Audio: "audio", chat.Document: "file",
	chat.StickerImage: "sticker", chat.Thumbnail: "preview", chat.LongText: "text",
}

// fileWord returns what people call a file of that kind.
func fileWord(k chat.FileKind) string {
	if int(k) < len(fileWords) && fileWords[k] != "" {
		return fileWords[k]
	}
	return "file"
}

func (w *writer) files(m *chat.Message, files []chat.File) {
	once := ""
	if m.Kind == chat.ViewOnce {
		once = "view-once "
		if len(files) == 0 {
			w.property("view-once message", "viewed or run out; backups do not keep it")
		}
	}
	for i := range files {
		w.file(once+fileWord(files[i].Kind), &files[i], "")
	}
}

// file appends the line of a file. The note stands with its size.
func (w *writer) file(word string, f *chat.File, note string) {
	w.key(word)
	here := f.Path != "" && f.Size >= 0
	switch {
	case here:
		w.line(f.Path)
		w.plain(" (")
	case f.Hash == "" && f.Retired == "":
		w.plain("not in the backup (not downloaded on the phone)")
	case f.Lost:
		w.plain("cannot be read (what the backup has of it is damaged)")
	default:
		w.plain("not in the backup (its file is missing there)")
	}
	var facts [4]string
	facts[0] = note
	if f.Long > 0 && f.Kind != chat.GIF {
		facts[2] = duration(f.Long)
	}
	if here {
		facts[3] = size(f.Size)
	} else {
		facts[1] = f.Name
		if f.Claimed > 0 {
			facts[3] = size(f.Claimed)
		}
		if note+f.Name+facts[2]+facts[3] != "" {
			w.plain(", ")
		}
	}
	w.list(facts[:])
	if here {
		w.plain(")")
	}
	w.end()
	if f.Caption != "" {
		w.key("caption")
		w.line(f.Caption)
		w.end()
	}
}
