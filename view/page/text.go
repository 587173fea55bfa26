package page

import (
	"html/template"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"bakfs/signal"
	"bakfs/view/chat"
)

// A body is a text with its styles.
type body struct {
	Plain string
	Big   bool  // a few emoji and nothing else
	Runs  []run // empty if Plain is all there is to show
}

// A run is a part of a text that is hidden as a whole or not at all.
type run struct {
	Spoiler bool
	Pieces  []piece
}

// A piece is a part of a text of one style.
type piece struct {
	Text                                string
	Bold, Italic, Strike, Mono, Mention bool
	Href                                template.URL
}

// newBody returns a text as it is shown; nil for none.
func newBody(t *chat.Text) *body {
	if t == nil || t.Plain == "" {
		return nil
	}
	if len(t.Spans) == 0 {
		plain := cleanBody(t.Plain)
		if _, _, ok := nextURL(plain); ok {
			return &body{Plain: plain, Runs: []run{{Pieces: linked(nil, piece{Text: plain})}}}
		}
		return &body{Plain: plain, Big: fewEmoji(plain)}
	}
	return &body{Plain: cleanBody(t.Plain), Runs: runs(t)}
}

// A styling counts how many spans of each style cover a place.
type styling struct {
	bold, italic, spoiler, strike, mono, mention int
}

func (s *styling) add(span chat.Span, n int) {
	switch {
	case span.Mention != nil:
		s.mention += n
	case span.Style == signal.StyleBold:
		s.bold += n
	case span.Style == signal.StyleItalic:
		s.italic += n
	case span.Style == signal.StyleSpoiler:
		s.spoiler += n
	case span.Style == signal.StyleStrikethrough:
		s.strike += n
	case span.Style == signal.StyleMonospace:
		s.mono += n
	}
}

// runs cuts a text where a span begins or ends.
func runs(t *chat.Text) []run {
	type edge struct{ at, n, span int }
	edges := make([]edge, 0, 2*len(t.Spans))
	for i, s := range t.Spans {
		start, end := border(t.Plain, s.Start), border(t.Plain, s.End)
		if start < end {
			edges = append(edges, edge{start, 1, i}, edge{end, -1, i})
		}
	}
	slices.SortStableFunc(edges, func(a, b edge) int { return a.at - b.at })
	var out []run
	var style styling
	at := 0
	cut := func(to int) {
		if to == at {
			return
		}
		p := piece{
			Text: cleanBody(t.Plain[at:to]), Bold: style.bold > 0, Italic: style.italic > 0,
			Strike: style.strike > 0, Mono: style.mono > 0, Mention: style.mention > 0,
		}
		if p.Mention {
			p.Text = clean(p.Text)
		}
		spoiler := style.spoiler > 0
		if len(out) == 0 || out[len(out)-1].Spoiler != spoiler {
			out = append(out, run{Spoiler: spoiler})
		}
		last := &out[len(out)-1]
		if spoiler || p.Mention {
			last.Pieces = append(last.Pieces, p)
		} else {
			last.Pieces = linked(last.Pieces, p)
		}
		at = to
	}
	for _, e := range edges {
		cut(e.at)
		style.add(t.Spans[e.span], e.n)
	}
	cut(len(t.Plain))
	return out
}

// border returns the place nearest before i where a character of s begins.
func border(s string, i int) int {
	i = min(max(i, 0), len(s))
	for i > 0 && i < len(s) && !utf8.RuneStart(s[i]) {
		i--
	}
	return i
}

// linked appends p, cut into pieces where it has web addresses.
func linked(out []piece, p piece) []piece {
	for {
		start, end, ok := nextURL(p.Text)
		if !ok {
			break
		}
		before, at := p, p
		before.Text, at.Text, p.Text = p.Text[:start], p.Text[start:end], p.Text[end:]
		at.Href = webURL(at.Text)
		if before.Text != "" {
			out = append(out, before)
		}
		out = append(out, at)
	}
	if p.Text != "" {
		out = append(out, p)
	}
	return out
}

// clean returns a name, a title or other words as valid UTF-8, without control
// characters and without what cannot be seen and could make it look like another.
func clean(s string) string {
	return cleanBody(strings.Map(func(r rune) rune {
		if unseen(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD")))
}

// unseen says that r has no form of its own and turns, joins or parts what is around
// it. The joiners of scripts and emoji, and the letters of flags, are not among them.
func unseen(r rune) bool {
	switch {
	case r < 0xAD, r == 0x200C, r == 0x200D, 0xE0020 <= r && r <= 0xE007F:
		return false
	case r == 0xAD, r == 0x61C, r == 0x180E:
		return true
	}
	return r >= 0x2000 && unicode.Is(unicode.Cf, r) && (r < 0x11000 || r > 0x13FFF)
}

// cleanBody returns a text as valid UTF-8 without the control characters that a page
// may not have. It may turn its own direction; a page isolates it from the rest.
func cleanBody(s string) string {
	if !strings.ContainsFunc(s, control) && utf8.ValidString(s) {
		return s
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case control(r):
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

func control(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0
}

// maxSnippet is how many characters of another text are shown.
const maxSnippet = 160

// snippet returns the beginning of a text in one line, its spoilers blacked out.
func snippet(t *chat.Text) string {
	if t == nil {
		return ""
	}
	start := &chat.Text{Plain: t.Plain[:border(t.Plain, 8*maxSnippet)], Spans: t.Spans}
	var b strings.Builder
	for _, r := range runs(start) {
		for _, p := range r.Pieces {
			if r.Spoiler {
				p.Text = strings.Repeat("▒", utf8.RuneCountInString(p.Text))
			}
			b.WriteString(p.Text)
		}
	}
	return cutShort(strings.Join(strings.Fields(b.String()), " "), maxSnippet)
}

// cutShort returns at most n characters of s, and "…" if there are more.
func cutShort(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i] + "…"
		}
		n--
	}
	return s
}
