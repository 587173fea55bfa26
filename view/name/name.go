// Package name makes names of files and folders from what people chose: names
// of contacts, titles of groups, names of attachments.
//
// What always holds: a name is at most 255 bytes of valid UTF-8 in NFC, is
// never empty, "." or "..", holds no "/" and no control character, and does not
// begin with "." or "-". Names that one Set gave out differ from each other on
// every file system, also on those that fold case or normalize. The same wishes
// in the same order give the same names.
package name

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A Style says which characters names may have.
type Style uint8

// The styles. Portable names can be copied to any common file system. Unix
// names keep what only Windows forbids. ASCII names are for programs that know
// nothing else.
const (
	Portable Style = iota
	Unix
	ASCII
)

var styleNames = []string{"portable", "unix", "ascii"}

// String returns the word that ParseStyle reads.
func (st Style) String() string {
	if int(st) < len(styleNames) {
		return styleNames[st]
	}
	return fmt.Sprintf("style %d", uint8(st))
}

// ParseStyle reads the word of a style.
func ParseStyle(s string) (Style, error) {
	for i, w := range styleNames {
		if s == w {
			return Style(i), nil
		}
	}
	return 0, fmt.Errorf("names are %s, not %q", strings.Join(styleNames, ", "), s)
}

const (
	maxClusters = 60
	maxBytes    = 120
	// maxRaw bounds the work on hostile names: what lies behind is not looked at.
	maxRaw = 8 << 10
)

// Clean returns s as a name in the style, "" if nothing readable is left of it.
// It is at most 60 characters as people count them and 120 bytes. Cleaning it
// again does not change it.
func (st Style) Clean(s string) string {
	s = st.cut(st.tidy(s), "", maxClusters, maxBytes)
	if st.empty(s) {
		return ""
	}
	return s
}

// empty reports whether nothing readable is left in s.
func (st Style) empty(s string) bool {
	return s == "" || st == ASCII && strings.Trim(s, "_ .-~") == ""
}

// tidy applies all rules but the cut.
func (st Style) tidy(s string) string {
	if len(s) > maxRaw {
		s = s[:maxRaw]
		for len(s) > 0 && !utf8.RuneStart(s[len(s)-1]) {
			s = s[:len(s)-1]
		}
		s = s[:max(0, len(s)-1)]
	}
	if plain(s) {
		return st.guard(s)
	}
	s = norm.NFC.String(strings.ToValidUTF8(s, "_"))
	s = visible(s)
	if st == ASCII {
		s = ascii(s)
	}
	s = strings.Map(st.allowed, s)
	return st.guard(norm.NFC.String(s))
}

// plain reports whether s has nothing that a rule for characters looks for.
func plain(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '-', c == '_':
		case c == ' ' && i > 0 && s[i-1] != ' ':
		default:
			return false
		}
	}
	return true
}

// allowed replaces the characters that the style forbids.
func (st Style) allowed(r rune) rune {
	switch {
	case r == '/':
		return '_'
	case st == Unix:
		return r
	case strings.ContainsRune(`\:*?"<>|`, r):
		return '_'
	case 0xF000 <= r && r <= 0xF0FF: // some file systems store forbidden characters as these
		return '_'
	}
	return r
}

// guard applies the rules about the beginning and the end of a name.
func (st Style) guard(s string) string {
	s = strings.TrimLeft(strings.TrimRight(s, " ."), " ")
	if st.empty(s) {
		return ""
	}
	if strings.IndexByte(".-~", s[0]) >= 0 {
		s = "_" + s[1:]
	}
	if st != Unix && device(s) {
		s = "_" + s
	}
	return s
}

// device reports whether Windows takes s, or s with an extension, for a device.
func device(s string) bool {
	s, _, _ = strings.Cut(s, ".")
	s = strings.ToUpper(strings.TrimRight(s, " "))
	switch s {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$":
		return true
	}
	for _, port := range []string{"COM", "LPT"} {
		if n, ok := strings.CutPrefix(s, port); ok && utf8.RuneCountInString(n) == 1 {
			return strings.Contains("0123456789¹²³", n)
		}
	}
	return false
}

// visible makes white space single spaces and removes controls and characters
// that cannot be seen, but for those that hold an emoji or a word together.
func visible(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	prev, flag := rune(-1), false // flag: within the tags behind a black flag
	for i, r := range s {
		if blank(r) {
			if prev != ' ' && prev != -1 {
				b.WriteByte(' ')
			}
			prev, flag = ' ', false
			continue
		}
		next, _ := utf8.DecodeRuneInString(s[i+utf8.RuneLen(r):])
		tag := 0xE0020 <= r && r <= 0xE007F
		switch {
		case r == zwj || r == zwnj:
			if !joins(prev, r, next) {
				continue
			}
		case tag && (flag || prev == blackFlag):
			flag = true
		case hidden(r):
			continue
		}
		flag = flag && tag
		b.WriteRune(r)
		prev = r
	}
	return b.String()
}

const (
	zwnj      = '\u200C'
	zwj       = '\u200D'
	blackFlag = '\U0001F3F4'
)

// blank reports whether r is shown as a space, or is one of the letters that
// are shown as nothing.
func blank(r rune) bool {
	switch r {
	case '\u115F', '\u1160', '\u3164', '\uFFA0', '\u2800':
		return true
	}
	return unicode.IsSpace(r)
}

// hidden reports whether r is a control, a format character, or no character.
func hidden(r rune) bool {
	switch {
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp):
		return true
	case 0x180B <= r && r <= 0x180F, 0xE0000 <= r && r <= 0xE00FF, r == 0x17B4, r == 0x17B5:
		return true
	}
	return r&0xFFFE == 0xFFFE || 0xFDD0 <= r && r <= 0xFDEF
}

// joins reports whether the joiner r between prev and next changes what is
// shown: in an emoji, or between letters of scripts that need it.
func joins(prev, r, next rune) bool {
	if r == zwj && (picture(prev) || prev == '\uFE0F' || 0x1F3FB <= prev && prev <= 0x1F3FF) {
		return picture(next)
	}
	return prev > 0x2FF && unicode.In(prev, unicode.L, unicode.M) && next > 0x2FF && unicode.IsLetter(next)
}

// picture reports whether r may be an emoji.
func picture(r rune) bool {
	switch {
	case 0x1F000 <= r && r <= 0x1FAFF, 0x2190 <= r && r <= 0x21FF, 0x2300 <= r && r <= 0x23FF, 0x2460 <= r && r <= 0x27BF:
		return true
	case 0x2900 <= r && r <= 0x297F, 0x2B00 <= r && r <= 0x2BFF:
		return true
	}
	return r == 0xA9 || r == 0xAE || r == 0x203C || r == 0x2049 || r == 0x2122 || r == 0x3030 || r == 0x303D || r == 0x3297 || r == 0x3299
}
