package page

import (
	"html/template"
	"strings"
	"time"

	"bakfs/signal"
	"bakfs/view/chat"
)

// A message is what there is to show of a message, in this order.
type message struct {
	Bubble string // class of the box around it
	Who    string
	Quote  *quote
	Extra  *extra
	Body   *body
	Tail   tail
	Tags   []tag
}

// A tag is a few words at the foot of a message.
type tag struct{ Class, Text string }

// The classes of tags.
const (
	deletedTag = "tag d"
	warningTag = "tag w"
)

// An extra is what a message has besides its text.
type extra struct {
	Lead    string // what it is, where that is no message of its own
	Strong  string
	Sticker *file
	Files   *files
	Card    *card
	Poll    *poll
	Note    string
}

// A tail is what stands below a message's text.
type tail struct {
	Previews  []preview
	Long      *file
	Reactions []reaction
	Edits     *edits
	Receipts  *receipts
}

// message writes message i. follows says that the message before it is of the same person.
func (l *log) message(i int, follows bool) {
	m, id, t := l.month.Messages[i], l.ids[i], l.times[i]
	out := &message{Who: nameOf(m.Author), Bubble: "b"}
	class, how := "m", ""
	if m.Dir == chat.Out {
		class, how, out.Who = "m me", state(m.Status), "You"
	}
	if !follows {
		class += " first"
	}
	if kept(m) {
		class += " kept"
	}
	l.content(out, m)
	l.tail(out, m)
	out.Tags = append(append(out.Tags, pastTags(m, l.zone)...), tags(m)...)

	l.raw(begin(class, id))
	l.raw(l.from(fromKey{m.Author, out.Bubble, m.Dir == chat.Out, follows}))
	if out.Quote != nil {
		l.write("quote", out.Quote)
	}
	if out.Extra != nil {
		l.write("extra", out.Extra)
	}
	switch {
	case out.Body == nil:
	case out.Body.Runs == nil && !out.Body.Big:
		l.write("plain", out.Body.Plain)
	default:
		l.write("body", out.Body)
	}
	if !out.Tail.empty() {
		l.write("tail", &out.Tail)
	}
	l.raw(meta)
	if out.Tags != nil {
		l.write("tags", out.Tags)
	}
	l.raw(foot(id, how, t))
}

// content fills in what a message of m's kind holds.
func (l *log) content(out *message, m *chat.Message) {
	x := &extra{}
	switch m.Kind {
	case chat.Standard:
		l.standard(out, x, &chat.Version{Text: m.Text, Files: m.Files, Links: m.Links, Quote: m.Quote})
	case chat.Card:
		x.Card = newCard(m.Card)
	case chat.Sticker:
		l.sticker(out, x, m.Sticker)
	case chat.Deleted, chat.AdminDeleted:
		l.deleted(out, x, m)
	case chat.ViewOnce:
		x.Lead = "① View-once media, already viewed – it is not kept in backups"
		if len(m.Files) > 0 {
			x.Lead = "① View-once media"
			x.Files = linkedOnly(newFiles(m.Files, l.base, out.Who))
		}
	case chat.Poll:
		x.Poll, x.Strong = newPoll(m.Poll, &out.Tags)
	case chat.Payment:
		l.payment(x, m)
	case chat.Gift:
		x.Strong = clean(m.Words)
	case chat.StoryReply:
		x.Lead = "Reply to a story"
		out.Body = newBody(m.Text)
		if m.Emoji != "" {
			x.Lead = "Reaction to a story"
			out.Body = &body{Plain: clean(m.Emoji), Big: fewEmoji(m.Emoji)}
		}
	default:
		x.Lead = clean(m.Words)
	}
	if x.empty() && out.Body == nil && out.Quote == nil && out.Tail.Previews == nil {
		x.Lead = "(empty message)"
	}
	if !x.empty() {
		out.Extra = x
	}
	if out.Body != nil && out.Body.Big && out.Extra == nil && out.Quote == nil {
		out.Bubble = "b bare"
	}
}

func (x *extra) empty() bool {
	return x.Lead == "" && x.Strong == "" && x.Sticker == nil && x.Files == nil && x.Card == nil &&
		x.Poll == nil && x.Note == ""
}

func (l *log) standard(out *message, x *extra, v *chat.Version) {
	out.Quote = l.quote(v.Quote)
	out.Body = newBody(v.Text)
	x.Files = newFiles(v.Files, l.base, out.Who)
	for i := range v.Links {
		out.Tail.Previews = append(out.Tail.Previews, l.preview(&v.Links[i]))
	}
}

func (l *log) deleted(out *message, x *extra, m *chat.Message) {
	if m.Past.Kept != nil {
		l.standard(out, x, m.Past.Kept)
		return
	}
	x.Lead = "This message was deleted."
	if m.Kind == chat.AdminDeleted {
		x.Lead = "This message was deleted by an admin."
		if m.By != nil {
			x.Lead = "This message was deleted by an admin, " + nameOf(m.By) + "."
		}
	}
}

func (l *log) sticker(out *message, x *extra, s *chat.StickerFile) {
	if s == nil {
		x.Lead = "Sticker"
		return
	}
	words := "Sticker"
	if s.Emoji != "" {
		words += ": " + clean(s.Emoji)
	}
	if x.Sticker = picture(&s.File, l.base, words); x.Sticker != nil {
		out.Bubble = "b bare"
		return
	}
	x.Lead = words + " (its picture is in no backup)"
	if s.File.Left {
		x.Lead = words + " (its picture is left out of this export)"
	}
	if s.File.Path != "" && s.File.Size >= 0 {
		x.Lead = words
		x.Files = linkedOnly(newFiles([]chat.File{s.File}, l.base, out.Who))
	}
}

func (l *log) payment(x *extra, m *chat.Message) {
	x.Strong = clean(m.Words)
	if x.Strong == "" {
		x.Strong = "Payment"
	}
	if m.Payment != nil {
		x.Note = clean(m.Payment.Note.V)
	}
}

// linkedOnly returns files of which none is shown on the page itself.
func linkedOnly(fs *files) *files {
	if fs == nil {
		return nil
	}
	list := append(fs.Grid, fs.List...)
	for i := range list {
		list[i].As, list[i].Blur = "", ""
	}
	return &files{List: list}
}

// kept says whether m is only shown because an older backup has it.
func kept(m *chat.Message) bool {
	return m.Past.Gone != chat.Here || m.Past.Kept != nil
}

// pastTags says what became of a message after it was backed up.
func pastTags(m *chat.Message, zone *time.Location) []tag {
	var out []tag
	if m.Past.Kept != nil {
		words := "deleted for everyone"
		if m.Kind == chat.AdminDeleted {
			words = "deleted by an admin"
		}
		from := clean(m.Past.KeptFrom)
		if m.Past.KeptTime != 0 {
			from = at(m.Past.KeptTime, zone).Format("2 January 2006")
		}
		if from != "" {
			words += " · kept from the backup of " + from
		}
		out = append(out, tag{deletedTag, words})
	}
	if words := gone(m); words != "" {
		out = append(out, tag{deletedTag, words})
	}
	return out
}

// gone says why the newest backup does not have m; "" if it has it.
func gone(m *chat.Message) string {
	var words string
	switch m.Past.Gone {
	case chat.Here:
		return ""
	case chat.GoneExpired:
		words = "disappeared when its timer ran out"
	case chat.GoneChat:
		words = "its conversation was deleted on the phone"
	case chat.GoneTrimmed:
		words = "older messages were removed on the phone"
	default:
		words = "deleted on the phone"
	}
	if m.Past.LastSeen != "" {
		words += " · last seen in the backup of " + clean(m.Past.LastSeen)
	}
	return words
}

// tags returns the other words at the foot of a message.
func tags(m *chat.Message) []tag {
	var out []tag
	if m.Pinned {
		words := "📌 pinned"
		if m.PinnedBy != nil {
			words += " by " + nameOf(m.PinnedBy)
		}
		out = append(out, tag{"", words})
	}
	if m.ExpiresMs > 0 {
		out = append(out, tag{"", "⏱ " + timer(m.ExpiresMs)})
	}
	if m.SMS {
		out = append(out, tag{"", "SMS"})
	}
	if m.Kind == chat.Sticker && m.Sticker != nil && m.Sticker.Emoji != "" {
		out = append(out, tag{"", "Sticker " + clean(m.Sticker.Emoji)})
	}
	if m.Text != nil && m.Text.Cut {
		words := "only the beginning of this text is in the backup"
		if f := m.Text.Long; f != nil && f.Size >= 0 && f.Path != "" {
			words = "only the beginning of this text is shown here, its file has all of it"
		}
		out = append(out, tag{warningTag, words})
	}
	return out
}

// A quote is the message that a message answers, as it is shown.
type quote struct {
	Href      template.URL
	Ink       string
	Who, Text string
	Image     *file
}

func (l *log) quote(q *chat.Quote) *quote {
	if q == nil {
		return nil
	}
	out := &quote{Href: l.target(q), Who: nameOf(q.Author), Ink: "n" + colour(keyOf(q.Author)), Text: snippet(q.Text)}
	if q.Author != nil && q.Author.Self {
		out.Who = "You"
	}
	var what []string
	for i := range q.Files {
		f := &q.Files[i]
		if out.Image == nil {
			out.Image = picture(f.Thumbnail, l.base, "")
		}
		if len(what) < maxNames {
			what = append(what, quotedFile(f))
		}
	}
	switch q.Kind {
	case signal.QuoteTypeGiftBadge:
		what = append(what, "Gift badge")
	case signal.QuoteTypeViewOnce:
		what = append(what, "View-once media")
	case signal.QuoteTypePoll:
		what = append(what, "Poll")
	}
	if out.Text != "" && len(what) > 0 {
		what = append(what, out.Text)
	}
	if len(what) > 0 {
		out.Text = strings.Join(what, " · ")
	}
	if out.Text == "" {
		out.Text = "Message"
	}
	return out
}

func quotedFile(f *chat.QuotedFile) string {
	switch {
	case f.Name != "":
		return cutShort(clean(f.Name), maxSnippet)
	case strings.HasPrefix(f.MIME, "image/"):
		return "Photo"
	case strings.HasPrefix(f.MIME, "video/"):
		return "Video"
	case strings.HasPrefix(f.MIME, "audio/"):
		return "Audio"
	}
	return "File"
}
