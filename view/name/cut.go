package name

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"golang.org/x/text/unicode/norm"
)

// cut returns s and tail behind it, s shortened so that both have at most the
// clusters and bytes, with an ellipsis where something was cut off.
func (st Style) cut(s, tail string, clusters, bytes int) string {
	bytes -= len(tail)
	clusters -= uniseg.GraphemeClusterCount(tail)
	if len(s) <= bytes && (len(s) <= clusters || uniseg.GraphemeClusterCount(s) <= clusters) {
		return s + tail
	}
	mark := "…"
	if st == ASCII {
		mark = "~"
	}
	return head(s, clusters-1, bytes-len(mark)) + mark + tail
}

// head returns the beginning of s that has at most so many clusters and bytes,
// without dots and spaces at its end. Where the first cluster is too long, it
// is cut between runes.
func head(s string, clusters, bytes int) string {
	end, rest, state := 0, s, -1
	for n := 0; rest != "" && n < clusters; n++ {
		var c string
		c, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if end+len(c) > bytes {
			break
		}
		end += len(c)
	}
	if end == 0 {
		for end = max(0, min(len(s), bytes)); end > 0 && end < len(s) && !utf8.RuneStart(s[end]); {
			end--
		}
	}
	return strings.TrimRight(s[:end], " .")
}

var asciiWords = strings.NewReplacer(
	"ß", "ss", "ẞ", "SS", "æ", "ae", "Æ", "AE", "œ", "oe", "Œ", "OE", "ø", "o", "Ø", "O", "ł", "l", "Ł", "L", "đ", "d", "Đ", "D",
	"ð", "d", "Ð", "D", "þ", "th", "Þ", "Th", "ı", "i", "‘", "'", "’", "'", "‚", "'", "“", "'", "”", "'", "„", "'", "–", "-", "—", "-", "…", "~",
)

// ascii returns s with accents taken off, pictures left out, and each run of
// other letters as one "_".
func ascii(s string) string {
	var b strings.Builder
	lost, prev := false, rune(-1)
	for _, r := range norm.NFKD.String(asciiWords.Replace(s)) {
		switch {
		case unicode.In(r, unicode.M, unicode.S, unicode.Cf, unicode.Co) && r >= utf8.RuneSelf:
			continue
		case r >= utf8.RuneSelf:
			if !lost {
				b.WriteByte('_')
			}
			lost, prev = true, '_'
			continue
		case r == ' ' && (prev == ' ' || prev == -1):
			continue
		}
		b.WriteRune(r)
		lost, prev = false, r
	}
	return b.String()
}
