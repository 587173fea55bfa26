package chat

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"bakfs/signal"
)

// maxMentions bounds the mentions of one text, so that what is made of it stays
// in proportion to it. The apps allow fewer; beyond it the placeholder stays.
const maxMentions = 500

// What the names of mentions may add to a text: they are a few bytes in a record, so
// that many long ones would make gigabytes of a small backup. Beyond it a name is
// clipped. The apps allow names of 128 bytes, and a mention is three bytes of a text.
const (
	mentionRoom   = 1024 // bytes, and
	mentionGrowth = 4    // times the text
	maxClipped    = 24
)

// A mark is a range of a text in UTF-16 units: a style or a mention.
type mark struct {
	start, length uint64
	style         signal.Style
	who           *Person // of a mention
}

// text makes a Text; nil if there is none.
func (p *People) text(t *signal.Text, long *signal.FilePointer) *Text {
	if t == nil && long == nil {
		return nil
	}
	return p.textIn(new(Text), t, long)
}

// textIn is text that makes it in made.
func (p *People) textIn(made *Text, t *signal.Text, long *signal.FilePointer) *Text {
	if t == nil && long == nil {
		return nil
	}
	if t == nil {
		t = new(signal.Text)
	}
	marks := p.marks(t.BodyRanges)
	if long != nil {
		f := p.file(long, signal.AttachmentFlagNone)
		f.Kind = LongText
		made.Cut, made.Long, made.marks = true, &f, marks
	}
	made.Plain, made.Spans = layOut(t.Body, marks)
	return made
}

// Complete makes t the whole text, which is the content of its Long.
func (t *Text) Complete(body string) {
	t.Plain, t.Spans = layOut(body, t.marks)
	t.Cut = false
}

// marks returns the ranges that show.
func (p *People) marks(ranges []signal.BodyRange) []mark {
	var list []mark
	mentions := 0
	for i := range ranges {
		r := &ranges[i]
		m := mark{start: uint64(r.Start), length: uint64(r.Length)}
		switch {
		case r.MentionACI.Ok:
			if mentions++; mentions > maxMentions {
				continue
			}
			if m.who = p.PersonOf(r.MentionACI.V); m.who == nil {
				m.who = outsider("")
			}
		case r.Style.V > signal.StyleNone && r.Style.V <= signal.StyleMonospace && r.Length > 0:
			m.style = r.Style.V
		default:
			continue
		}
		list = append(list, m)
	}
	return list
}

// layOut puts names in the place of mentions and returns where the styles and
// mentions are then.
func layOut(body string, marks []mark) (string, []Span) {
	if !utf8.ValidString(body) {
		body = string([]rune(body)) // each bad byte is one character, as the apps count
	}
	if len(marks) == 0 {
		return body, nil
	}
	spans := locate(body, marks)
	mentions := mentionsOf(spans)
	plain := strings.Builder{}
	from, room := 0, mentionRoom+mentionGrowth*len(body)
	for i := range mentions {
		m := &mentions[i]
		plain.WriteString(body[from:m.Start])
		m.newStart = plain.Len()
		plain.WriteByte('@')
		called := m.Mention.Name
		if len(called) > room {
			called = clip(called, maxClipped)
		}
		room -= len(called)
		plain.WriteString(called)
		m.newEnd = plain.Len()
		from = m.End
	}
	plain.WriteString(body[from:])
	var out []Span
	for _, s := range spans {
		if s.Mention == nil {
			s.Start, _ = moved(mentions, s.Start)
			_, s.End = moved(mentions, s.End)
			out = append(out, s)
		}
	}
	out = united(out)
	for _, m := range mentions {
		out = append(out, Span{Start: m.newStart, End: m.newEnd, Mention: m.Mention})
	}
	slices.SortStableFunc(out, func(a, b Span) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End))
	})
	return plain.String(), out
}

// locate finds the bytes of each mark in body, with both halves of a character
// of two units. A style that covers nothing is left out.
func locate(body string, marks []mark) []Span {
	type point struct {
		unit uint64
		mark int
		end  bool
	}
	points := make([]point, 0, 2*len(marks))
	for i, m := range marks {
		points = append(points, point{m.start, i, false}, point{m.start + m.length, i, true})
	}
	slices.SortFunc(points, func(a, b point) int { return cmp.Compare(a.unit, b.unit) })
	all := make([]Span, len(marks))
	at, unit := 0, uint64(0) // of the character at hand
	for _, p := range points {
		size := 0
		for at < len(body) {
			c, n := utf8.DecodeRuneInString(body[at:])
			units := uint64(1)
			if c >= 0x10000 {
				units = 2
			}
			if unit+units > p.unit {
				size = n
				break
			}
			at, unit = at+n, unit+units
		}
		switch {
		case !p.end:
			all[p.mark].Start = at
		case p.unit > unit && size > 0: // between the two halves
			all[p.mark].End = at + size
		default:
			all[p.mark].End = at
		}
	}
	spans := all[:0]
	for i, s := range all {
		s.Style, s.Mention = marks[i].style, marks[i].who
		if marks[i].length == 0 {
			s.End = s.Start
		}
		if s.Start < s.End || s.Mention != nil {
			spans = append(spans, s)
		}
	}
	return spans
}

// A moving is a mention and where it is once the names are in.
type moving struct {
	Span
	newStart, newEnd int
}

// mentionsOf returns the mentions in their order. One that begins inside
// another is left out.
func mentionsOf(spans []Span) []moving {
	var list []moving
	for _, s := range spans {
		if s.Mention != nil {
			list = append(list, moving{Span: s})
		}
	}
	slices.SortStableFunc(list, func(a, b moving) int { return cmp.Compare(a.Start, b.Start) })
	kept := list[:0]
	end := 0
	for _, m := range list {
		if m.Start >= end {
			kept = append(kept, m)
			end = m.End
		}
	}
	return kept
}

// moved returns where the place at of the body is once the names are in, as the
// start and as the end of a range: it takes in the whole of a mention that it
// cuts.
func moved(mentions []moving, at int) (start, end int) {
	i, _ := slices.BinarySearchFunc(mentions, at, func(m moving, at int) int {
		if m.Start < at {
			return -1
		}
		return 1
	})
	if i == 0 {
		return at, at
	}
	m := mentions[i-1]
	if at < m.End {
		return m.newStart, m.newEnd
	}
	at += m.newEnd - m.End
	return at, at
}

// united makes ranges of one style that cut each other into one, so that every
// character has each style at most once.
func united(spans []Span) []Span {
	slices.SortStableFunc(spans, func(a, b Span) int {
		return cmp.Or(cmp.Compare(a.Style, b.Style), cmp.Compare(a.Start, b.Start))
	})
	out := spans[:0]
	for _, s := range spans {
		if n := len(out); n > 0 && out[n-1].Style == s.Style && s.Start < out[n-1].End {
			out[n-1].End = max(out[n-1].End, s.End)
		} else {
			out = append(out, s)
		}
	}
	return out
}
