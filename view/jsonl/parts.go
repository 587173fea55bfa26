package jsonl

import (
	"strings"

	"bakfs/signal"
	"bakfs/view/chat"
)

func (w *writer) version(v *chat.Version) {
	w.styled(v.Text)
	w.quote(v.Quote)
	w.files("attachments", v.Files)
	w.links(v.Links)
}

var styles = map[signal.Style]string{
	signal.StyleBold: "bold", signal.StyleItalic: "italic", signal.StyleSpoiler: "spoiler",
	signal.StyleStrikethrough: "strikethrough", signal.StyleMonospace: "monospace",
}

// styled appends a text and its ranges.
func (w *writer) styled(t *chat.Text) {
	if t == nil {
		return
	}
	w.text("text", t.Plain)
	if len(t.Spans) > 0 {
		w.array("ranges")
		units := newCounter(t.Plain)
		for _, s := range t.Spans {
			start := units.at(s.Start)
			w.item()
			w.number("start", start)
			w.number("length", units.at(s.End)-start)
			if s.Mention != nil {
				w.text("mention", s.Mention.Key)
			} else {
				w.text("style", styles[s.Style])
			}
			w.shut()
		}
		w.close()
	}
	w.flag("cut", t.Cut)
}

// A counter turns offsets in bytes of s into offsets in UTF-16 units. It has
// the count for each step of bytes, so that many long ranges cost little.
type counter struct {
	s     string
	steps []int64
}

const step = 256

func newCounter(s string) *counter {
	c := &counter{s: s, steps: make([]int64, 0, len(s)/step+1)}
	n := int64(0)
	for at := 0; ; at += step {
		c.steps = append(c.steps, n)
		if at+step > len(s) {
			return c
		}
		n += units(s[at : at+step])
	}
}

func (c *counter) at(n int) int64 {
	n = max(0, min(n, len(c.s)))
	return c.steps[n/step] + units(c.s[n/step*step:n])
}

// units counts the UTF-16 units of the characters that begin in s.
func units(s string) (n int64) {
	for i := range len(s) {
		if s[i]&0xC0 != 0x80 {
			n++
		}
		if s[i] >= 0xF0 {
			n++
		}
	}
	return n
}

func (w *writer) quote(q *chat.Quote) {
	if q == nil {
		return
	}
	w.object("quote")
	w.person("from", q.Author)
	w.millis("t", q.Sent)
	if q.Kind > signal.QuoteTypeNormal {
		w.text("kind", strings.ToLower(q.Kind.String()))
	}
	w.styled(q.Text)
	if len(q.Files) > 0 {
		w.array("files")
		for _, f := range q.Files {
			w.item()
			w.text("name", f.Name)
			w.text("mime", f.MIME)
			w.shut()
		}
		w.close()
	}
	w.shut()
}

var fileKinds = []string{
	chat.Photo: "photo", chat.Video: "video", chat.GIF: "gif", chat.Voice: "voice", chat.Audio: "audio", chat.Document: "file",
	chat.StickerImage: "sticker", chat.Thumbnail: "preview", chat.LongText: "text",
}

func (w *writer) files(key string, list []chat.File) {
	if len(list) == 0 {
		return
	}
	w.array(key)
	for i := range list {
		w.item()
		w.file(&list[i])
		w.shut()
	}
	w.close()
}

// file appends the keys of a file.
func (w *writer) file(f *chat.File) {
	here := f.Path != "" && f.Size >= 0
	w.text("kind", word(fileKinds, f.Kind))
	w.text("path", f.Path)
	w.text("name", f.Name)
	w.text("mime", f.MIME)
	w.text("type", f.Sniff)
	if here {
		w.number("size", f.Size)
	} else if f.Claimed > 0 {
		w.number("size", f.Claimed)
	}
	w.text("sha256", f.Hash)
	w.millis("width", signal.Millis(f.Width))
	w.millis("height", signal.Millis(f.Height))
	w.text("caption", f.Caption)
	w.millis("length", signal.Millis(max(0, f.Long.Milliseconds())))
	w.flag("missing", !here)
	w.flag("unreadable", !here && f.Lost)
}

func (w *writer) links(list []chat.Link) {
	if len(list) == 0 {
		return
	}
	w.array("links")
	for _, l := range list {
		w.item()
		w.text("url", l.URL)
		w.text("title", l.Title)
		w.text("description", l.Description)
		w.millis("t", l.Date)
		if l.Image != nil {
			w.object("image")
			w.file(l.Image)
			w.shut()
		}
		w.shut()
	}
	w.close()
}

func (w *writer) poll(p *chat.PollState) {
	w.object("poll")
	w.text("question", p.Question)
	w.flag("multiple", p.Multiple)
	w.flag("ended", p.Ended)
	w.array("options")
	for _, o := range p.Options {
		w.item()
		w.text("text", o.Text)
		named := o.Voters[:min(len(o.Voters), p.Listed())]
		w.array("voters")
		for _, p := range named {
			w.element(nameOf(p))
		}
		w.close()
		w.array("voter_ids")
		for _, p := range named {
			w.element(keyOf(p))
		}
		w.close()
		w.more("voters", len(o.Voters)-len(named))
		w.shut()
	}
	w.close()
	w.shut()
}

func nameOf(p *chat.Person) string {
	if p == nil {
		return ""
	}
	return p.Name
}

func keyOf(p *chat.Person) string {
	if p == nil {
		return ""
	}
	return p.Key
}

func (w *writer) call(c *chat.CallState) {
	w.object("call")
	w.flag("group", c.Group)
	w.flag("video", c.Video)
	w.flag("out", c.Out)
	w.flag("missed", c.Missed)
	w.text("state", c.State)
	w.millis("started", c.Started)
	w.millis("ended", c.Ended)
	w.person("by", c.By)
	w.shut()
}

func (w *writer) payment(p *signal.Payment) {
	w.object("payment")
	w.text("amount_mob", p.AmountMOB.V)
	w.text("fee_mob", p.FeeMOB.V)
	w.text("note", p.Note.V)
	if d := p.TransactionDetails; d != nil {
		switch {
		case d.Transaction != nil:
			w.text("status", strings.ToLower(d.Transaction.Status.String()))
		case d.FailedTransaction != nil:
			w.text("status", "failed")
		}
	}
	w.shut()
}

func (w *writer) card(c *chat.ContactCard) {
	w.object("card")
	w.text("name", c.Name)
	w.text("path", c.Path)
	if c.Card != nil {
		w.cardLists(c.Card)
		w.text("organization", c.Card.Organization)
		w.text("note", c.Card.Note)
		if c.Card.ACI != "" {
			w.text("aci", c.Card.ACI.String())
		}
	}
	if c.Avatar != nil {
		w.object("avatar")
		w.file(c.Avatar)
		w.shut()
	}
	w.shut()
}

func (w *writer) cardLists(c *signal.ContactCard) {
	if len(c.Number) > 0 {
		w.array("phones")
		for _, n := range c.Number {
			w.labelled(n.Value, n.Type.String(), n.Label)
		}
		w.close()
	}
	if len(c.Email) > 0 {
		w.array("emails")
		for _, e := range c.Email {
			w.labelled(e.Value, e.Type.String(), e.Label)
		}
		w.close()
	}
	if len(c.Address) == 0 {
		return
	}
	w.array("addresses")
	for _, a := range c.Address {
		w.item()
		w.text("type", strings.ToLower(a.Type.String()))
		w.text("label", a.Label)
		w.text("street", a.Street)
		w.text("pobox", a.Pobox)
		w.text("neighborhood", a.Neighborhood)
		w.text("city", a.City)
		w.text("region", a.Region)
		w.text("postcode", a.Postcode)
		w.text("country", a.Country)
		w.shut()
	}
	w.close()
}

func (w *writer) labelled(value, kind, label string) {
	w.item()
	w.text("value", value)
	w.text("type", strings.ToLower(kind))
	w.text("label", label)
	w.shut()
}
