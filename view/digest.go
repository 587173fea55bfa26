package view

import (
	"context"
	"time"

	"bakfs/signal"
	"bakfs/view/chat"
	"bakfs/view/history"
	"bakfs/view/page"
)

// A digest is what listings need to know of one month of one conversation. It
// is small beside the messages, and kept much longer.
type digest struct {
	first    signal.Millis // when the first was sent
	sent     signal.Millis // when the last was sent
	count    int
	last     signal.Millis   // when something last happened to one of the messages
	days     uint32          // bit d: there are messages on day d
	calls    bool            // there are calls
	gone     bool            // there is something that the newest backup does not have
	pages    []signal.Millis // time of the first message of each page
	quoted   []yearMonth     // where messages may stand that are quoted and are none of these
	pictures int             // how many files are photos and videos
	files    []attachment
	cards    []card
}

// An attachment is a file that is there, with its place in the conversation's folder.
type attachment struct {
	path string // "media/2026-05-14 18.22.11 IMG_2041.jpg"
	hash string
	size int64
	sent signal.Millis // of its message
	gone bool          // its message is not in the newest backup
	id   string        // of its message
	from string        // who sent it
}

// A card is a contact that was sent.
type card struct {
	path  string // "contacts/Tim Taxi.vcf"
	sent  signal.Millis
	index int // of its message in the month
}

// digest returns the digest of a month.
func (a *account) digest(ctx context.Context, c *history.Conversation, m history.Month) (*digest, error) {
	version, err := a.version(ctx, c, m)
	if err != nil {
		return nil, err
	}
	return a.cache.digests.Get(ctx, version.with("digest"), func(ctx context.Context) (*digest, int64, error) {
		done, err := a.cache.working(ctx)
		if err != nil {
			return nil, 0, err
		}
		defer done()
		messages, err := a.h.Messages(ctx, c, m)
		if err != nil {
			return nil, 0, err
		}
		d := digestOf(messages, a.o.Zone)
		return d, d.cost(), nil
	})
}

func digestOf(messages []*chat.Message, zone *time.Location) *digest {
	d := &digest{count: len(messages), last: lastOf(messages), quoted: quotedMonths(messages, zone)}
	have := map[string]bool{}
	for i, m := range messages {
		if i%page.MaxMessages == 0 {
			d.pages = append(d.pages, m.First)
		}
		d.sent = max(d.sent, m.First)
		if i == 0 || m.First < d.first {
			d.first = m.First
		}
		d.sent = max(d.sent, m.First)
		d.days |= 1 << m.First.Time().In(zone).Day()
		d.calls = d.calls || m.Call != nil
		d.gone = d.gone || isGone(m)
		for f := range filesOf(m) {
			if f.Path == "" || f.Size < 0 || have[f.Path] {
				continue
			}
			have[f.Path] = true
			if f.Kind <= chat.GIF {
				d.pictures++
			}
			d.files = append(d.files, attachment{f.Path, f.Hash, f.Size, m.First, isGone(m), m.ID, m.Author.Shown()})
		}
		if m.Card != nil && m.Card.Path != "" {
			d.cards = append(d.cards, card{m.Card.Path, m.First, i})
		}
	}
	return d
}

// cost is about how many bytes d takes.
func (d *digest) cost() int64 {
	n := int64(200 + 16*len(d.quoted))
	for _, f := range d.files {
		n += 140 + int64(len(f.path)+len(f.hash)+len(f.id))
	}
	for _, c := range d.cards {
		n += 60 + int64(len(c.path))
	}
	return n
}

// isGone reports whether deleted/ shows m: the newest backup does not have it, or
// not any more what it said.
func isGone(m *chat.Message) bool { return m.Past.Gone != chat.Here || m.Past.Kept != nil }

// lastOf is when something last happened to messages, as far as it is told.
func lastOf(messages []*chat.Message) (last signal.Millis) {
	for _, m := range messages {
		last = max(last, m.First, m.Sent)
		for _, r := range m.Reactions {
			last = max(last, r.Sent)
		}
	}
	return last
}

// filesOf goes over all files that a message has or had.
func filesOf(m *chat.Message) func(yield func(*chat.File) bool) {
	return func(yield func(*chat.File) bool) {
		some := func(files []chat.File) bool {
			for i := range files {
				if !yield(&files[i]) {
					return false
				}
			}
			return true
		}
		ok := some(m.Files)
		for i := range m.Links {
			ok = ok && (m.Links[i].Image == nil || yield(m.Links[i].Image))
		}
		if m.Sticker != nil {
			ok = ok && yield(&m.Sticker.File)
		}
		if m.Text != nil && m.Text.Long != nil {
			ok = ok && yield(m.Text.Long)
		}
		if m.Card != nil && m.Card.Avatar != nil {
			ok = ok && yield(m.Card.Avatar)
		}
		if m.Quote != nil {
			for i := range m.Quote.Files {
				ok = ok && (m.Quote.Files[i].Thumbnail == nil || yield(m.Quote.Files[i].Thumbnail))
			}
		}
		for i := range m.Versions {
			ok = ok && some(m.Versions[i].Files)
		}
		if m.Past.Kept != nil {
			_ = ok && some(m.Past.Kept.Files)
		}
	}
}
