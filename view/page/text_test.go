package page

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"bakfs/signal"
	"bakfs/view/chat"
)

// shape writes runs in a way to compare: each piece with the letters of its
// styles, spoilers in brackets, addresses behind an arrow.
func shape(rs []run) string {
	var b strings.Builder
	for _, r := range rs {
		if r.Spoiler {
			b.WriteByte('[')
		}
		for _, p := range r.Pieces {
			styles := ""
			for _, s := range []struct {
				on     bool
				letter string
			}{{p.Bold, "b"}, {p.Italic, "i"}, {p.Strike, "s"}, {p.Mono, "m"}, {p.Mention, "@"}} {
				if s.on {
					styles += s.letter
				}
			}
			fmt.Fprintf(&b, "{%s:%s", styles, p.Text)
			if p.Href != "" {
				fmt.Fprintf(&b, "→%s", p.Href)
			}
			b.WriteByte('}')
		}
		if r.Spoiler {
			b.WriteByte(']')
		}
	}
	return b.String()
}

func TestTextIsCutWhereStylesBeginAndEnd(t *testing.T) {
	bold, italic, spoiler := signal.StyleBold, signal.StyleItalic, signal.StyleSpoiler
	for name, c := range map[string]struct {
		text  string
		spans []chat.Span
		want  string
	}{
		"overlapping":    {"abcdef", []chat.Span{{Start: 0, End: 4, Style: bold}, {Start: 2, End: 6, Style: italic}}, "{b:ab}{bi:cd}{i:ef}"},
		"same twice":     {"abcd", []chat.Span{{Start: 0, End: 4, Style: bold}, {Start: 1, End: 2, Style: bold}}, "{b:a}{b:b}{b:cd}"},
		"spoiler":        {"abcd", []chat.Span{{Start: 1, End: 3, Style: spoiler}, {Start: 2, End: 4, Style: bold}}, "{:a}[{:b}{b:c}]{b:d}"},
		"mention":        {"hi @Bob", []chat.Span{{Start: 3, End: 7, Mention: bob}}, "{:hi }{@:@Bob}"},
		"out of bounds":  {"ab", []chat.Span{{Start: -3, End: 99, Style: bold}, {Start: 5, End: 9, Style: italic}, {Start: 2, End: 1, Style: italic}}, "{b:ab}"},
		"in a character": {"äö", []chat.Span{{Start: 1, End: 3, Style: bold}}, "{b:ä}{:ö}"},
		"no link in a spoiler": {"http://a.example/ b", []chat.Span{{Start: 0, End: 17, Style: spoiler}},
			"[{:http://a.example/}]{: b}"},
		"link": {"see https://a.example/x. b", []chat.Span{{Start: 0, End: 26, Style: bold}},
			"{b:see }{b:https://a.example/x→https://a.example/x}{b:. b}"},
	} {
		if got := shape(runs(&chat.Text{Plain: c.text, Spans: c.spans})); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestAddressesInText(t *testing.T) {
	for text, want := range map[string]string{
		"http://a.example":                     "http://a.example",
		"(see http://a.example/x_(y))":         "http://a.example/x_(y)",
		"HTTPS://A.example/ü?q=1&r=2#f, then":  "HTTPS://A.example/ü?q=1&r=2#f",
		"xhttp://a.example":                    "",
		"ahttps://a.example":                   "",
		"javascript://a.example/%0aalert(1)":   "",
		"http://":                              "",
		"http:///x":                            "",
		"https://a.example\u202egpj":           "https://a.example",
		"ftp://a http://b.example":             "http://b.example",
		"http://[bad http://c.example":         "http://c.example",
		"“http://a.example/”":                  "http://a.example/",
		"http://a.example\"onmouseover=alert(": "http://a.example",
	} {
		got := ""
		if start, end, ok := nextURL(text); ok {
			got = text[start:end]
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestAddressesThatMayBeFollowed(t *testing.T) {
	for in, want := range map[string]string{
		"https://a.example/b c": "", "https://a.example/ü": "https://a.example/%C3%BC", "HTTP://a.example": "http://a.example",
		"javascript:alert(1)": "", "//a.example": "", "data:text/html,x": "", "http:a.example": "", "": "",
	} {
		if got := string(webURL(in)); got != want {
			t.Errorf("webURL(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"+49 (30) 90-18": "tel:+49309018", "javascript:1": "", "1": "", "": ""} {
		if got := string(telURL(in)); got != want {
			t.Errorf("telURL(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"tim@example.org": "mailto:tim@example.org", "a?b&c@x.example": "mailto:a%3Fb&c@x.example", "tim": "", "a@b@c": "", "a@b?cc=d": "", "a b@c": "",
	} {
		if got := string(mailURL(in)); got != want {
			t.Errorf("mailURL(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"media/50% off #1?.jpg": "../media/50%25%20off%20%231%3F.jpg", "../x": "", "media//x": "", "/x": "", "media/..": "", "": "", "a\\b": "../a%5Cb",
	} {
		if got := string(fileURL("../", in)); got != want {
			t.Errorf("fileURL(%q) = %q, want %q", in, got, want)
		}
	}
	if got := string(fileURL("", "javascript:alert(1)")); got != "./javascript:alert%281%29" {
		t.Errorf("a file named as a scheme: %q", got)
	}
}

func TestFewEmojiAreBig(t *testing.T) {
	for _, s := range []string{"🎉", "🧗‍♀️", "🎉🧗‍♀️🇩🇪", "❤️", "👍🏽", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "☀️☀️☀️☀️☀️"} {
		if !fewEmoji(s) {
			t.Errorf("%q is not big", s)
		}
	}
	for _, s := range []string{"", "a", "🎉 x", "1", "☀️☀️☀️☀️☀️☀️", "\u200d", strings.Repeat("🧗‍", 60)} {
		if fewEmoji(s) {
			t.Errorf("%q is big", s)
		}
	}
}

func TestInitials(t *testing.T) {
	for name, want := range map[string]string{
		"Alice Example": "AE", "bob": "B", "Zoë von Ångström": "ZÅ", "+49 151 23": "#", "🧗‍♀️ club": "C", "Climbing Club 🧗": "CC", "🧗‍♀️🔥": "🧗‍♀️", "שרה כהן": "שכ", "": "?", "-rf ~": "R", "a b c": "AC", "\u202e": "?",
	} {
		if got := initials(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestCleanText(t *testing.T) {
	for in, want := range map[string]string{
		"a\r\nb\rc\x00\x1b[31m\x7f\u0085": "a\nb\nc\uFFFD\uFFFD[31m\uFFFD\uFFFD", "a\tb\nc": "a\tb\nc", "\xc0\xbcx": "\uFFFDx", "🧗‍♀️": "🧗‍♀️",
	} {
		if got := clean(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestQuotesDoNotTellSpoilers(t *testing.T) {
	text := &chat.Text{Plain: "the code\nis  4711, " + strings.Repeat("x", 500), Spans: []chat.Span{{Start: 13, End: 17, Style: signal.StyleSpoiler}}}
	got := snippet(text)
	if !strings.HasPrefix(got, "the code is ▒▒▒▒, xxx") || !strings.HasSuffix(got, "x…") {
		t.Errorf("%q", got)
	}
}

func TestBlurredPreview(t *testing.T) {
	if got := blurred("LEHV6nWB2yk8pyo0adR*.7kCMdnj"); !tiny.MatchString(string(got)) {
		t.Errorf("%.80q", got)
	}
	for _, bad := range []string{"", "L", "LEHV6n", "LEHV6nWB2yk8pyo0adR*.7kCMdn", "LEHV6nWB2yk8pyo0adR*.7kCMdn\"", "~~~~~~~~"} {
		if got := blurred(bad); got != "" {
			t.Errorf("%q is a picture: %.80q", bad, got)
		}
	}
}

func TestSplitGalleries(t *testing.T) {
	if got := Split(nil); len(got) != 1 || len(got[0]) != 0 {
		t.Errorf("no messages: %d pages", len(got))
	}
	var ms []*chat.Message
	for range 3 {
		ms = append(ms, &chat.Message{}, &chat.Message{Files: slices.Repeat([]chat.File{{Kind: chat.Video}}, 2000)})
	}
	got := Split(ms)
	if len(got) != 2 || len(got[0]) != 5 || len(got[1]) != 1 {
		t.Errorf("%d pages", len(got))
	}
	big := []*chat.Message{{Files: slices.Repeat([]chat.File{{Kind: chat.Photo}}, MaxMessages+1)}}
	if got := Split(big); len(got) != 1 {
		t.Errorf("%d pages for one message", len(got))
	}
}
