package text

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"bakfs/signal"
	"bakfs/view/chat"
)

// A writer appends lines to b.
type writer struct {
	b     []byte
	o     Options
	zone  *time.Location
	named bool   // lines name the conversation
	stamp []byte // the time of the lines of this message

	in     *chat.Conversation
	inName string // of in, in brackets

	names map[*chat.Person]string
}

func newWriter(b []byte, o Options) *writer {
	w := &writer{b: b, o: o, zone: o.Zone, names: map[*chat.Person]string{}}
	if w.zone == nil {
		w.zone = time.UTC
	}
	return w
}

// head begins a line.
func (w *writer) head(mark byte) {
	w.b = append(append(w.b, w.stamp...), ' ', mark, ' ')
	if w.named {
		w.b = append(w.b, w.inName...)
	}
}

func (w *writer) end() { w.b = append(w.b, '\n') }

// property appends a line about the message above. The value is not escaped.
func (w *writer) property(name, value string) {
	w.key(name)
	w.plain(value)
	w.end()
}

// key begins a line about the message above.
func (w *writer) key(name string) {
	w.head('+')
	w.b = append(append(w.b, name...), ':', ' ')
}

// plain appends words of this package.
func (w *writer) plain(s string) { w.b = append(w.b, s...) }

// chat sets the conversation of the lines that follow.
func (w *writer) chat(c *chat.Conversation) {
	if !w.named || w.in == c && w.inName != "" {
		return
	}
	w.in, w.inName = c, "["+unmarked(chatName(c))+"] "
}

func chatName(c *chat.Conversation) string {
	if c == nil {
		return "Unknown"
	}
	return orElse(oneLine(c.Name), "Unknown")
}

// person returns how lines call p.
func (w *writer) person(p *chat.Person) string {
	name, ok := w.names[p]
	if !ok {
		name = unmarked(personName(p))
		w.names[p] = name
	}
	return name
}

// personName returns a person's name in one line.
func personName(p *chat.Person) string { return orElse(oneLine(p.Shown()), "Unknown") }

// unmarked returns a name without the sign that ends who wrote a line.
func unmarked(name string) string { return strings.ReplaceAll(name, ":", "꞉") }

// persons appends the names of the first most of a list, and how many more there are.
func (w *writer) persons(list []*chat.Person, most int) {
	for i, p := range list[:min(len(list), most)] {
		if i > 0 {
			w.plain(", ")
		}
		w.plain(w.person(p))
	}
	w.more(len(list) - most)
}

// more ends a list of persons of whom n are not named.
func (w *writer) more(n int) {
	if n > 0 {
		w.plain(" and " + strconv.Itoa(n) + " more")
	}
}

// clip returns s, or its beginning and "…" if it is longer than n bytes.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// maxStamp is the last moment whose year has four digits in every zone.
const maxStamp signal.Millis = 253_402_214_400_000

func clock(t signal.Millis, zone *time.Location) time.Time { return min(t, maxStamp).Time().In(zone) }

func (w *writer) appendStamp(b []byte, t signal.Millis) []byte {
	return clock(t, w.zone).AppendFormat(b, "2006-01-02 15:04:05 -0700")
}

// second appends the time t within a line.
func (w *writer) second(t signal.Millis) {
	w.b = clock(t, w.zone).AppendFormat(w.b, "2006-01-02 15:04:05")
}

// minute appends the time t within a line.
func (w *writer) minute(t signal.Millis) {
	w.b = clock(t, w.zone).AppendFormat(w.b, "2006-01-02 15:04")
}

// oneLine returns s as one line without controls: line ends become " ⏎ ".
func oneLine(s string) string {
	if special(s) == len(s) {
		return s
	}
	w := writer{b: make([]byte, 0, len(s)+16)}
	w.line(strings.TrimSpace(s))
	return string(w.b)
}

// line appends s in one line.
func (w *writer) line(s string) {
	for more := true; more; {
		if s, more = w.until(s); more {
			w.plain(" ⏎ ")
		}
	}
}

// until appends the first line of s and returns the others, and whether there
// are any.
func (w *writer) until(s string) (rest string, more bool) {
	for {
		n := special(s)
		w.b = append(w.b, s[:n]...)
		if s = s[n:]; s == "" {
			return "", false
		}
		r, size := utf8.DecodeRuneInString(s)
		if r == '\r' && len(s) > 1 && s[1] == '\n' {
			size++
		}
		s = s[size:]
		switch {
		case newline(r):
			return s, true
		case r < ' ':
			w.b = utf8.AppendRune(w.b, 0x2400+r)
		case r == 0x7F:
			w.plain("␡")
		case 0x80 <= r && r < 0xA0:
			w.b = utf8.AppendRune(w.b, utf8.RuneError)
		case !turns(r):
			w.b = utf8.AppendRune(w.b, r) // U+FFFD for a byte that is not UTF-8
		}
	}
}

// special returns the length of the beginning of s that is written as it is.
func special(s string) int {
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 || r < 0xA0 || r == 0x2028 || r == 0x2029 || turns(r) {
				return i
			}
			i += size
			continue
		}
		if c < ' ' || c == 0x7F {
			return i
		}
		i++
	}
	return len(s)
}

func newline(r rune) bool {
	return r == '\n' || r == '\r' || r == 0x85 || r == 0x2028 || r == 0x2029
}

func lineEnd(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return newline(r)
}

// turns reports whether r changes the direction of the text around it.
func turns(r rune) bool {
	switch {
	case r < 0x61C:
		return false
	case r == 0x61C, r == 0x200E, r == 0x200F:
		return true
	}
	return 0x202A <= r && r <= 0x202E || 0x2066 <= r && r <= 0x2069
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
