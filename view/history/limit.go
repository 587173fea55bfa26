package history

import (
	"fmt"
	"strings"

	"bakfs/view/chat"
)

// Limits of what one month of one conversation may take. Whoever writes the backups of
// an account decides what is in it: a few KiB of stored records can be millions of
// messages, or name one long name as often.
type limits struct {
	messages int   // with those of older backups that differ
	cost     int64 // of them, as costOf has it
	long     int64 // bytes of long texts; of more of them the beginning is shown, with the file beside
}

// usual are the limits that the program has. The busiest group has a tenth of them.
var usual = limits{messages: 200_000, cost: 192 << 20, long: 32 << 20}

const (
	sliceBytes = 1 << 20   // of records that are decoded before their cost is looked at
	maxWaste   = 512 << 20 // bytes that are read of a month of which no more is shown, to count what it has
)

// room is what a month that is being loaded may still take.
type room struct {
	limits
	waste int64
	left  map[int]int // by the last backup that has them, how many records found no room
}

func newRoom(l limits) *room { return &room{limits: l, waste: maxWaste, left: map[int]int{}} }

func (r *room) full() bool { return r.messages <= 0 || r.cost <= 0 }

// fit returns how many of the records, which are not none, to decode next; 0: there is
// no more room.
func (r *room) fit(list []record) int {
	if r.full() {
		return 0
	}
	bytes, n := 0, 0
	for n < min(len(list), r.messages) && bytes < sliceBytes {
		bytes += len(list[n].rec)
		n++
	}
	return n
}

// take notes that a message was taken in.
func (r *room) take(rec *record) {
	r.messages--
	if rec.msg != nil {
		r.cost -= costOf(rec.msg) + 2*int64(len(rec.rec))
	}
}

// without returns how many messages a backup has at least that found no room.
func (r *room) without() (n int) {
	for _, left := range r.left { // those of one backup may all be those of another
		n = max(n, left)
	}
	return n
}

// NotShown is the Event of a line that says that a month has more messages than are shown.
const NotShown = "notShown"

// restOf is an event at the end of a month that says how much of it is left out.
func (h *History) restOf(c *Conversation, m month, list []*chat.Message, n int) *chat.Message {
	return h.noteOf(c, m, list, NotShown, fmt.Sprintf("This month has %d more messages, too many to show them here; signal-export has them", n))
}

// costOf estimates the memory that a message takes, and what a view writes of it beyond
// that: the names that it refers to.
func costOf(m *chat.Message) int64 {
	cost := 1000 + textCost(m.Text) + int64(len(m.Words)) + int64(400*(len(m.Files)+len(m.Reactions)+len(m.Links)))
	cost += int64(100 * len(m.Status))
	for _, who := range []*chat.Person{m.By, m.PinnedBy} {
		cost += nameCost(who)
	}
	lines := 1
	if m.Text != nil { // text has the author in front of each
		lines += min(strings.Count(m.Text.Plain, "\n"), 1000)
	}
	cost += int64(lines) * nameCost(m.Author)
	if m.Chat != nil {
		cost += 2 * int64(len(m.Chat.Name))
	}
	for _, r := range m.Reactions[:min(len(m.Reactions), chat.MaxListed)] {
		cost += nameCost(r.By)
	}
	for _, d := range m.Status[:min(len(m.Status), chat.MaxListed)] {
		cost += nameCost(d.To)
	}
	if m.Poll != nil {
		for _, o := range m.Poll.Options {
			cost += 100 + int64(16*len(o.Voters))
			for _, who := range o.Voters[:min(len(o.Voters), m.Poll.Listed())] {
				cost += nameCost(who)
			}
		}
	}
	if m.Quote != nil {
		cost += 300 + textCost(m.Quote.Text) + int64(200*len(m.Quote.Files)) + nameCost(m.Quote.Author)
	}
	for _, v := range m.Versions {
		cost += versionCost(&v)
	}
	if m.Past.Kept != nil {
		cost += versionCost(m.Past.Kept)
	}
	return cost
}

func versionCost(v *chat.Version) int64 {
	cost := 500 + textCost(v.Text) + int64(400*(len(v.Files)+len(v.Links)))
	if v.Quote != nil {
		cost += 300 + textCost(v.Quote.Text) + nameCost(v.Quote.Author)
	}
	return cost
}

func textCost(t *chat.Text) int64 {
	if t == nil {
		return 0
	}
	return int64(2*len(t.Plain) + 120*len(t.Spans)) // JSON and pages say much of each span
}

func nameCost(who *chat.Person) int64 {
	if who == nil {
		return 0
	}
	return 2 * int64(len(who.Name))
}

// costOfAll is that of a month.
func costOfAll(list []*chat.Message) int64 {
	cost := int64(64)
	for _, m := range list {
		cost += costOf(m)
	}
	return cost
}
