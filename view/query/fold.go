package query

import (
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// fold returns s without case, accents, and characters that cannot be seen.
func fold(s string) []byte { return appendFold(nil, s) }

// appendFold appends s folded. The result has no zero byte.
func appendFold(b []byte, s string) []byte {
	for i := 0; i < len(s); {
		n := len(b)
		b = slices.Grow(b, len(s)-i)
		run := b[n : n+len(s)-i]
		k := 0
		for ; k < len(run) && s[i+k] < utf8.RuneSelf; k++ {
			run[k] = asciiFold[s[i+k]&(utf8.RuneSelf-1)]
		}
		b = b[:n+k]
		if i += k; i == len(s) {
			break
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		b, i = appendRune(b, r), i+size
	}
	return b
}

// asciiFold makes white space equal, and separates lines as words.
var asciiFold = func() (t [utf8.RuneSelf]byte) {
	for i := range t {
		c := byte(i)
		switch {
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		case c <= ' ':
			c = ' '
		}
		t[i] = c
	}
	return t
}()

// tableEnd is the end of the runes whose folds stand in a table: alphabets with
// case and accents, and the punctuation that keyboards put into texts.
const tableEnd = 0x2100

// foldTable holds the folds of runes below tableEnd.
var foldTable = sync.OnceValue(func() *[tableEnd]string {
	var t [tableEnd]string
	for r := rune(utf8.RuneSelf); r < tableEnd; r++ {
		t[r] = foldRune(r)
	}
	return &t
})

func appendRune(b []byte, r rune) []byte {
	switch {
	case r < tableEnd:
		return append(b, foldTable()[r]...)
	case 0x3041 <= r && r <= 0xA000, 0xAC00 <= r && r <= 0xD7A3, 0x1F000 <= r && r <= 0x1FAFF:
		return utf8.AppendRune(b, r) // scripts without case, pictures
	}
	return append(b, foldRune(r)...)
}

// foldRune returns what r is without case and accents.
func foldRune(r rune) string {
	switch r {
	case '‘', '’', '‚', '‛', 'ʼ':
		return "'"
	case '“', '”', '„', '«', '»':
		return `"`
	case '–', '—', '‐', '‑':
		return "-"
	case 'ø', 'Ø':
		return "o"
	case 'ł', 'Ł':
		return "l"
	case 'đ', 'Đ':
		return "d"
	case 'æ', 'Æ':
		return "ae"
	case 'œ', 'Œ':
		return "oe"
	case 'ı':
		return "i"
	}
	if unicode.IsSpace(r) {
		return " "
	}
	if ignored(r) {
		return ""
	}
	s := norm.NFKD.String(cases.Fold().String(norm.NFKD.String(string(r))))
	return norm.NFC.String(strings.Map(func(r rune) rune {
		switch {
		case r == 0 || accent(r):
			return -1
		case r < ' ':
			return ' '
		}
		return r
	}, s))
}

// accent reports whether r is a mark that people leave out when they search:
// accents of European letters, Hebrew and Arabic vowels.
func accent(r rune) bool {
	switch {
	case 0x300 <= r && r <= 0x36F, 0x1AB0 <= r && r <= 0x1AFF, 0x1DC0 <= r && r <= 0x1DFF, 0x20D0 <= r && r <= 0x20FF, 0xFE20 <= r && r <= 0xFE2F:
		return true
	case 0x591 <= r && r <= 0x5C7, 0x610 <= r && r <= 0x61A, 0x64B <= r && r <= 0x65F, r == 0x670, 0x6D6 <= r && r <= 0x6ED:
		return unicode.Is(unicode.Mn, r)
	}
	return false
}

// ignored reports whether r is no part of what can be seen.
func ignored(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Variation_Selector) || 0x7F <= r && r < 0xA0 || r == 0x34F || r == 0x640
}
