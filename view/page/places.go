package page

import (
	"cmp"
	"slices"
	"strconv"

	"bakfs/signal"
	"bakfs/view/chat"
)

// Anchor returns the id of m on its page. Of two messages of one millisecond
// the second on a page has it with "-2" behind it.
func Anchor(m *chat.Message) string { return anchorAt(m.First, 1) }

func anchorAt(t signal.Millis, n int) string {
	id := "m" + strconv.FormatUint(uint64(t), 10)
	if n > 1 {
		id += "-" + strconv.Itoa(n)
	}
	return id
}

// Places tells where on the pages of a month its messages stand, for quotes on other
// pages. A quote names a message by the time of the version that was answered.
type Places struct {
	month Part
	list  []spot // by time, then author
}

// A spot is where a message stands that had a version of some time.
type spot struct {
	sent   signal.Millis
	author string
	first  signal.Millis
	page   int32 // from 1
	copy   int32 // from 1, see Anchor
}

// NewPlaces returns where the messages of a month stand, which are in order, on a
// number of pages as Cut cuts them. The month's Number does not count.
func NewPlaces(month Part, pages int, messages []*chat.Message) *Places {
	p := &Places{month: month, list: make([]spot, 0, len(messages))}
	for n := range pages {
		list := Cut(messages, n+1, pages)
		used := make(map[signal.Millis]int32, len(list))
		for _, m := range list {
			used[m.First]++
			if m.Kind == chat.Update {
				continue
			}
			s := spot{m.First, keyOf(m.Author), m.First, int32(n + 1), used[m.First]}
			p.list = append(p.list, s)
			for _, v := range m.Versions {
				p.list = append(p.list, s.of(v.Sent))
			}
			if m.Sent != m.First {
				p.list = append(p.list, s.of(m.Sent))
			}
		}
	}
	slices.SortStableFunc(p.list, func(a, b spot) int {
		return cmp.Or(cmp.Compare(a.sent, b.sent), cmp.Compare(a.author, b.author))
	})
	p.list = slices.CompactFunc(p.list, func(a, b spot) bool { return a.sent == b.sent && a.author == b.author })
	return p
}

// Cut returns the messages of page n of a month, from 1. The last page has all that are
// left: how many pages there are is told by what is cheap to know.
func Cut(messages []*chat.Message, n, pages int) []*chat.Message {
	from := min(len(messages), (n-1)*MaxMessages)
	if n >= pages {
		return messages[from:]
	}
	return messages[from:min(len(messages), n*MaxMessages)]
}

// of is the same place, of another version.
func (s spot) of(sent signal.Millis) spot {
	s.sent = sent
	return s
}

// Find returns the address of a quoted message from a page of its conversation,
// "2026-04.2.html#m1776…"; "" if it is not in the month. If nobody of that name wrote at
// the time, it is what anybody wrote then: numbers of persons change.
func (p *Places) Find(q *chat.Quote) string {
	if q.Sent == 0 {
		return ""
	}
	i, _ := slices.BinarySearchFunc(p.list, q.Sent, func(s spot, t signal.Millis) int { return cmp.Compare(s.sent, t) })
	var found *spot
	for author := keyOf(q.Author); i < len(p.list) && p.list[i].sent == q.Sent; i++ {
		if s := &p.list[i]; found == nil || s.author == author {
			found = s
		}
	}
	if found == nil {
		return ""
	}
	part := p.month
	part.Number = int(found.page)
	return part.Name() + "#" + anchorAt(found.first, int(found.copy))
}

// Cost is about how many bytes p takes.
func (p *Places) Cost() int64 { return 100 + 48*int64(len(p.list)) }
