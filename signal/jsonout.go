package signal

import (
	"encoding/base64"
	"math"
	"strconv"
	"unicode/utf8"
)

// AppendJSON appends m as one line of the plaintext export, without the line
// end: names as in the format, 64-bit numbers as strings, bytes in base64,
// defaults left out. Unknown fields have no names and are left out. Secrets are
// written out: the result is for the owner's file, never for a log.
func AppendJSON(b []byte, m Message) []byte {
	c := coder{all: true, mode: jsonOut, out: b}
	c.object(m)
	return c.out
}

func (c *coder) object(m Message) {
	c.out = append(c.out, '{')
	m.fields(c)
	c.out = append(c.out, '}')
}

// comma separates from what stands before, unless the list has just begun.
func (c *coder) comma(open byte) {
	if c.out[len(c.out)-1] != open {
		c.out = append(c.out, ',')
	}
}

func (c *coder) key(name string) {
	c.comma('{')
	c.out = append(c.out, '"')
	c.out = append(c.out, name...)
	c.out = append(c.out, '"', ':')
}

func (c *coder) enumOut(v int32, names []string) {
	if v < 0 || int(v) >= len(names) {
		c.out = strconv.AppendInt(c.out, int64(v), 10)
		return
	}
	c.out = append(c.out, '"')
	c.out = append(c.out, names[v]...)
	c.out = append(c.out, '"')
}

func enumName(v int32, names []string) string {
	if v < 0 || int(v) >= len(names) {
		return strconv.Itoa(int(v))
	}
	return names[v]
}

func appendBase64(b []byte, s string) []byte {
	b = append(b, '"')
	b = base64.StdEncoding.AppendEncode(b, []byte(s))
	return append(b, '"')
}

func appendFloat(b []byte, v float32) []byte {
	switch f := float64(v); {
	case math.IsNaN(f):
		return append(b, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(b, `"-Infinity"`...)
	default:
		return strconv.AppendFloat(b, f, 'g', -1, 32)
	}
}

// appendQuoted appends s as a JSON string. What is not UTF-8 becomes U+FFFD.
func appendQuoted(b []byte, s string) []byte {
	const hexDigits = "0123456789abcdef"
	b = append(b, '"')
	done := 0
	for i := 0; i < len(s); {
		ch := s[i]
		if ch >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				b = append(append(b, s[done:i]...), "\ufffd"...)
				done = i + 1
			}
			i += n
			continue
		}
		if ch >= ' ' && ch != '"' && ch != '\\' {
			i++
			continue
		}
		b = append(b, s[done:i]...)
		switch ch {
		case '"', '\\':
			b = append(b, '\\', ch)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[ch>>4], hexDigits[ch&15])
		}
		i++
		done = i
	}
	return append(append(b, s[done:]...), '"')
}
