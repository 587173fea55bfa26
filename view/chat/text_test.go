package chat

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"bakfs/signal"

	"pgregory.net/rapid"
)

func styled(start, length uint32, style signal.Style) signal.BodyRange {
	return signal.BodyRange{Start: start, Length: length, Style: signal.Some(style)}
}

func mention(start, length uint32, who int) signal.BodyRange {
	return signal.BodyRange{Start: start, Length: length, MentionACI: some(who)}
}

func TestRangesOfTexts(t *testing.T) {
	const bold, italic, mono = signal.StyleBold, signal.StyleItalic, signal.StyleMonospace
	for _, c := range []struct {
		name, body string
		ranges     []signal.BodyRange
		plain      string
		spans      string // what they cover, with the style
	}{
		{"none", "hello", nil, "hello", ""},
		{"after a character of two units", "😀 bold", []signal.BodyRange{styled(3, 4, bold)}, "😀 bold", "BOLD:bold"},
		{"half a character", "a😀b😀c", []signal.BodyRange{styled(2, 3, bold)}, "a😀b😀c", "BOLD:😀b😀"},
		{"half of one only", "a😀b", []signal.BodyRange{styled(2, 1, bold)}, "a😀b", "BOLD:😀"},
		{"beyond the end", "abc", []signal.BodyRange{styled(1, 1<<32-1, bold), styled(7, 2, italic)}, "abc", "BOLD:bc"},
		{"nothing and no style", "abc", []signal.BodyRange{styled(1, 0, bold), styled(0, 1, 0), styled(0, 1, 77), {Start: 1, Length: 1}}, "abc", ""},
		{"across each other", "abcdef", []signal.BodyRange{styled(2, 3, italic), styled(0, 4, bold)}, "abcdef", "BOLD:abcd ITALIC:cde"},
		{"one style across itself", "abcdef", []signal.BodyRange{styled(2, 3, bold), styled(0, 4, bold), styled(5, 1, bold)}, "abcdef", "BOLD:abcde BOLD:f"},
		{"one place, longest first", "abcdef", []signal.BodyRange{styled(0, 2, mono), styled(0, 5, bold)}, "abcdef", "BOLD:abcde MONOSPACE:ab"},
		{"mention", "hi \uFFFC!", []signal.BodyRange{mention(3, 1, bob)}, "hi @Bob Stone!", "@:@Bob Stone"},
		{"mention of the owner", "\uFFFC", []signal.BodyRange{mention(0, 1, jana)}, "@Jana Novak", "@:@Jana Novak"},
		{"mention of somebody unknown", "\uFFFC", []signal.BodyRange{mention(0, 1, 88)}, "@Unknown", "@:@Unknown"},
		{"mention of nobody", "\uFFFC", []signal.BodyRange{{Length: 1, MentionACI: signal.Some[signal.ServiceID]("")}}, "@Unknown", "@:@Unknown"},
		{"mention without a place", "ab", []signal.BodyRange{mention(1, 0, bob), styled(0, 1, bold), styled(1, 1, bold)}, "a@Bob Stoneb", "BOLD:a BOLD:@Bob Stoneb @:@Bob Stone"},
		{"mentions out of order", "\uFFFC and \uFFFC", []signal.BodyRange{mention(6, 1, alice), mention(0, 1, bob)}, "@Bob Stone and @Alice Example", "@:@Bob Stone @:@Alice Example"},
		{"mentions across each other", "abcdef", []signal.BodyRange{mention(0, 4, bob), mention(2, 3, alice)}, "@Bob Stoneef", "@:@Bob Stone"},
		{"style over a mention", "x \uFFFC y", []signal.BodyRange{mention(2, 1, bob), styled(0, 5, bold)}, "x @Bob Stone y", "BOLD:x @Bob Stone y @:@Bob Stone"},
		{"style into a mention", "abcd", []signal.BodyRange{mention(1, 2, bob), styled(0, 2, bold), styled(2, 2, italic)}, "a@Bob Stoned", "BOLD:a@Bob Stone ITALIC:@Bob Stoned @:@Bob Stone"},
		{"not UTF-8", "a\xff\xffb", []signal.BodyRange{styled(3, 1, bold)}, "a\uFFFD\uFFFDb", "BOLD:b"},
		{"empty", "", []signal.BodyRange{styled(0, 5, bold)}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := clubPeople().text(&signal.Text{Body: c.body, BodyRanges: c.ranges}, nil)
			checkText(t, text)
			var spans []string
			for _, s := range text.Spans {
				what := "@"
				if s.Mention == nil {
					what = s.Style.String()
				}
				spans = append(spans, what+":"+text.Plain[s.Start:s.End])
			}
			if got := strings.Join(spans, " "); text.Plain != c.plain || got != c.spans {
				t.Errorf("got  %q %s\nwant %q %s", text.Plain, got, c.plain, c.spans)
			}
		})
	}
}

func TestLongTextsAreWholeOnceTheirFileIsRead(t *testing.T) {
	hash := signal.Some(signal.Bytes(strings.Repeat("\xab", 32)))
	long := &signal.FilePointer{ContentType: signal.Some("text/x-signal-plain"), Locator: &signal.Locator{PlaintextHash: hash, Size: 9}}
	text := clubPeople().text(&signal.Text{Body: "begin", BodyRanges: []signal.BodyRange{styled(8, 3, signal.StyleBold), mention(6, 1, bob)}}, long)
	if text.Plain != "begin@Bob Stone" || !text.Cut || text.Long.Kind != LongText || text.Long.Hash != strings.Repeat("ab", 32) || text.Long.Claimed != 9 {
		t.Errorf("%+v, %+v", text, text.Long)
	}
	text.Complete("begin \uFFFC end")
	checkText(t, text)
	if text.Plain != "begin @Bob Stone end" || text.Cut || text.Long == nil || len(text.Spans) != 2 {
		t.Errorf("%+v", text)
	}
	if s := text.Spans[1]; text.Plain[s.Start:s.End] != "end" {
		t.Errorf("styled %q", text.Plain[s.Start:s.End])
	}
}

// A mention is a few bytes in a record; what its name adds is bounded by the text, also
// in long texts, earlier versions, and quotes, and the names that are shown first are whole.
func TestNamesOfMentionsDoNotOutgrowTheText(t *testing.T) {
	p := NewPeople(slices.Values([]*signal.Frame{{Item: &signal.Recipient{ID: 2, Destination: &signal.Contact{
		ACI: some(bob), ProfileGivenName: signal.Some(strings.Repeat("Ñ", 500)),
	}}}}), "")
	many := &signal.Text{Body: strings.Repeat("\uFFFC", 500)}
	for i := range 500 {
		many.BodyRanges = append(many.BodyRanges, mention(uint32(i), 1, bob))
	}
	bound := len(many.Body) + mentionRoom + mentionGrowth*len(many.Body) + 500*(maxClipped+len("@…"))
	m := p.Message(&signal.ChatItem{
		Body:      &signal.StandardMessage{Text: many, Quote: &signal.Quote{Text: many}},
		Revisions: []signal.ChatItem{{Body: &signal.StandardMessage{Text: many}}},
	})
	long := p.text(many, &signal.FilePointer{})
	long.Complete(many.Body)
	for where, text := range map[string]*Text{"text": m.Text, "quote": m.Quote.Text, "version": m.Versions[0].Text, "long text": long} {
		checkText(t, text)
		if n := len(text.Plain); n > bound || len(text.Spans) != 500 {
			t.Errorf("%s: %d bytes with %d mentions of a text of %d", where, n, len(text.Spans), len(many.Body))
		}
		if first := text.Spans[0]; text.Plain[first.Start:first.End] != "@"+strings.Repeat("Ñ", 500) {
			t.Errorf("%s: the first name is %q", where, text.Plain[first.Start:first.End])
		}
	}
}

// The same made with units in the plain way, for bodies without half characters.
func TestRangesAsWithUnits(t *testing.T) {
	p := clubPeople()
	rapid.Check(t, func(t *rapid.T) {
		body := string(rapid.SliceOfN(rapid.SampledFrom([]rune("ab\uFFFC é😀")), 0, 12).Draw(t, "body"))
		units := utf16.Encode([]rune(body))
		draw := rapid.Custom(func(t *rapid.T) signal.BodyRange {
			r := signal.BodyRange{Start: rapid.Uint32Range(0, 14).Draw(t, "start"), Length: rapid.Uint32Range(0, 6).Draw(t, "length")}
			if rapid.Bool().Draw(t, "mention") {
				r.MentionACI = some(rapid.SampledFrom([]int{alice, bob, jana}).Draw(t, "who"))
			} else {
				r.Style = signal.Some(signal.Style(rapid.IntRange(-1, 7).Draw(t, "style")))
			}
			return r
		})
		ranges := rapid.SliceOfN(draw, 0, 6).Draw(t, "ranges")
		text := p.text(&signal.Text{Body: body, BodyRanges: ranges}, nil)
		checkText(t, text)
		var mentions []signal.BodyRange
		for _, r := range ranges {
			if splits(units, int(r.Start)) || splits(units, int(r.Start+r.Length)) {
				return
			}
			if r.MentionACI.Ok {
				mentions = append(mentions, r)
			}
		}
		slices.SortStableFunc(mentions, func(a, b signal.BodyRange) int {
			return cmp.Compare(min(int(a.Start), len(units)), min(int(b.Start), len(units)))
		})
		var want []uint16
		end := 0
		for _, r := range mentions {
			lo, hi := min(int(r.Start), len(units)), min(int(r.Start+r.Length), len(units))
			if lo >= end {
				want = append(append(want, units[end:lo]...), utf16.Encode([]rune("@"+p.PersonOf(r.MentionACI.V).Name))...)
				end = hi
			}
		}
		if want = append(want, units[end:]...); text.Plain != string(utf16.Decode(want)) {
			t.Fatalf("%q with %+v: %q", body, ranges, text.Plain)
		}
	})
}

func splits(units []uint16, at int) bool {
	return at > 0 && at < len(units) && utf16.IsSurrogate(rune(units[at])) && units[at] >= 0xdc00
}
