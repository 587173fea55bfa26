package page

import (
	"hash/fnv"
	"strings"
	"unicode"
	"unicode/utf8"

	"bakfs/view/chat"
)

// colours is how many colours for persons the stylesheet has: c0, n0, ….
const colours = 8

// colour returns the number of the colour that belongs to a key, as a digit.
func colour(key string) string {
	h := fnv.New32a()
	h.Write([]byte(key))
	return string(rune('0' + h.Sum32()%colours))
}

// initials returns what stands in a circle for a name.
func initials(name string) string {
	if strings.HasPrefix(name, "+") {
		return "#"
	}
	words := strings.FieldsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || r == '-' || r == '.' })
	var letters []rune
	for _, w := range words {
		if j := strings.IndexFunc(w, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }); j >= 0 {
			r, _ := utf8.DecodeRuneInString(w[j:])
			letters = append(letters, unicode.ToUpper(r))
		}
	}
	switch n := len(letters); n {
	case 0:
	case 1:
		return string(letters)
	default:
		return string([]rune{letters[0], letters[n-1]})
	}
	for i := range name {
		if n, ok := emojiAt(name[i:]); ok {
			return name[i : i+n]
		}
	}
	return "?"
}

// fewEmoji says whether s is one to five emoji and nothing else.
func fewEmoji(s string) bool {
	if len(s) > 200 {
		return false
	}
	n := 0
	for s != "" {
		size, ok := emojiAt(s)
		if !ok || n == 5 {
			return false
		}
		s = s[size:]
		n++
	}
	return n > 0
}

// emojiAt returns the length of the emoji that s begins with.
func emojiAt(s string) (n int, ok bool) {
	flag, joined := false, false
	for i, r := range s {
		switch {
		case i == 0:
			if !emoji(r) {
				return 0, false
			}
			flag = regional(r)
		case flag && regional(r):
			flag = false
		case r == 0xFE0F || r == 0x20E3 || r >= 0x1F3FB && r <= 0x1F3FF || r >= 0xE0020 && r <= 0xE007F:
		case r == 0x200D:
			joined = true
			continue
		case joined && emoji(r):
		default:
			return i, true
		}
		joined = false
	}
	return len(s), s != ""
}

func regional(r rune) bool { return r >= 0x1F1E6 && r <= 0x1F1FF }

func emoji(r rune) bool {
	return r >= 0x1F300 && r <= 0x1FAFF || regional(r) || r >= 0x2600 && r <= 0x27BF ||
		r >= 0x2B00 && r <= 0x2BFF || r >= 0x231A && r <= 0x23FF || r == 0x1F004 || r == 0x1F0CF ||
		r >= 0x1F170 && r <= 0x1F251
}

// nameOf returns a person's name; "Unknown" if there is none.
func nameOf(p *chat.Person) string {
	if p == nil || p.Name == "" {
		return "Unknown"
	}
	return clean(p.Name)
}

// titleOf returns a conversation's name; "Unnamed" if there is none.
func titleOf(c *chat.Conversation) string {
	if c == nil || c.Name == "" {
		return "Unnamed"
	}
	return clean(c.Name)
}

func keyOf(p *chat.Person) string {
	if p == nil {
		return ""
	}
	return p.Key
}
