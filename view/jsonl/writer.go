package jsonl

import (
	"strconv"
	"unicode/utf8"

	"bakfs/signal"
	"bakfs/view/chat"
)

// A writer appends JSON to b. Keys are constants of this package and need no
// escaping.
type writer struct {
	b []byte
	o Options
}

// maxMillis is the last moment whose year has four digits in every zone.
const maxMillis signal.Millis = 253_402_214_400_000

// maxNumber is the greatest number that all programs read exactly.
const maxNumber = 1<<53 - 1

// comma appends what separates the next value from the one before.
func (w *writer) comma() {
	if n := len(w.b); n > 0 {
		switch w.b[n-1] {
		case '{', '[', '\n':
		default:
			w.b = append(w.b, ',')
		}
	}
}

func (w *writer) key(key string) {
	w.comma()
	w.b = append(append(append(w.b, '"'), key...), '"', ':')
}

func (w *writer) open() { w.b = append(w.b, '{') }

// object begins an object under a key; shut ends it.
func (w *writer) object(key string) {
	w.key(key)
	w.open()
}

// item begins an object within an array; shut ends it.
func (w *writer) item() {
	w.comma()
	w.open()
}

func (w *writer) shut() { w.b = append(w.b, '}') }

// array begins an array under a key; close ends it.
func (w *writer) array(key string) {
	w.key(key)
	w.b = append(w.b, '[')
}

func (w *writer) close() { w.b = append(w.b, ']') }

// text appends a string, unless it is empty.
func (w *writer) text(key, s string) {
	if s != "" {
		w.key(key)
		w.b = appendString(w.b, s)
	}
}

// element appends a string within an array.
func (w *writer) element(s string) {
	w.comma()
	w.b = appendString(w.b, s)
}

func (w *writer) number(key string, n int64) {
	w.key(key)
	w.b = strconv.AppendInt(w.b, min(n, maxNumber), 10)
}

// millis appends a number, unless it is 0, which is "not known".
func (w *writer) millis(key string, n signal.Millis) {
	if n != 0 {
		w.key(key)
		w.b = strconv.AppendUint(w.b, uint64(min(n, maxNumber)), 10)
	}
}

func (w *writer) flag(key string, set bool) {
	if set {
		w.key(key)
		w.b = append(w.b, "true"...)
	}
}

// person appends who somebody is: the name under key, the identity beside it.
func (w *writer) person(key string, p *chat.Person) {
	if p == nil {
		return
	}
	w.text(key, p.Name)
	if p.Key != "" {
		w.comma()
		w.b = append(append(append(w.b, '"'), key...), `_id":`...)
		w.b = appendString(w.b, p.Key)
	}
}

func (w *writer) moment(key string, t signal.Millis) {
	w.key(key)
	w.b = append(w.b, '"')
	w.b = min(t, maxMillis).Time().In(w.o.Zone).AppendFormat(w.b, "2006-01-02T15:04:05.000Z07:00")
	w.b = append(w.b, '"')
}

const hexDigits = "0123456789abcdef"

// appendString appends s as JSON. Bytes that are not UTF-8 become U+FFFD.
// U+2028 and U+2029 are escaped, since some programs take them for line ends.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if ' ' <= c && c < utf8.RuneSelf && c != '"' && c != '\\' && c != 0x7F {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r >= 0xA0 && r != 0x2028 && r != 0x2029 && !(r == utf8.RuneError && size == 1) {
			i += size
			continue
		}
		b = append(b, s[start:i]...)
		switch {
		case r == utf8.RuneError:
			b = append(b, "\uFFFD"...)
		case r == '"' || r == '\\':
			b = append(b, '\\', c)
		case r == '\n':
			b = append(b, '\\', 'n')
		case r == '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
		}
		i += size
		start = i
	}
	return append(append(b, s[start:]...), '"')
}
