package signal

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A member is one name and value of a JSON object; taken once read.
type member struct {
	name, raw string
	taken     bool
}

// UnmarshalJSON reads one line of a plaintext export into m, which must be
// zero. It returns how many members it does not know, which are not kept: the
// line came from a newer app. The error wraps ErrBadRecord.
func UnmarshalJSON(line []byte, m Message) (unknown int, err error) {
	if len(line) > 2*MaxRecord {
		return 0, fmt.Errorf("%w: line of %d bytes", ErrBadRecord, len(line))
	}
	if !json.Valid(line) {
		return 0, fmt.Errorf("%w: the line is not JSON", ErrBadRecord)
	}
	c := coder{all: true, reads: true, mode: jsonIn, in: string(line)}
	c.readObject(strings.TrimSpace(c.in), m)
	return c.ignored, c.err
}

func (c *coder) failField(name string) {
	if c.err == nil {
		c.err = fmt.Errorf("%w: field %s", ErrBadRecord, name)
	}
}

// readObject reads the JSON object raw, which is valid JSON, into m.
func (c *coder) readObject(raw string, m Message) {
	if c.depth++; c.depth > maxDepth {
		c.failField("nested too deep")
	}
	if c.err != nil || raw[0] != '{' {
		c.failField("of an object")
		c.depth--
		return
	}
	base := c.base
	c.base = len(c.members)
	splitJSON(raw, func(name, value string) {
		if value != "null" {
			c.members = append(c.members, member{name: name, raw: value})
		}
	})
	m.fields(c)
	for _, mem := range c.members[c.base:] {
		if !mem.taken {
			c.ignored++
		}
	}
	c.members = c.members[:c.base]
	c.base = base
	c.depth--
}

// peek returns the value of a member of the object at hand; of several of one
// name, the last.
func (c *coder) peek(name string) (string, bool) {
	for i := len(c.members) - 1; i >= c.base; i-- {
		if c.members[i].name == name {
			return c.members[i].raw, true
		}
	}
	return "", false
}

// member returns the value of a member and marks it as taken.
func (c *coder) member(name string) (raw string, ok bool) {
	for i := len(c.members) - 1; i >= c.base; i-- {
		if c.members[i].name == name {
			if !ok {
				raw, ok = c.members[i].raw, true
			}
			c.members[i].taken = true
		}
	}
	return raw, ok
}

// array returns the elements of the array that a member is.
func (c *coder) array(name string) (elements []string) {
	raw, ok := c.member(name)
	if !ok {
		return nil
	}
	if raw[0] != '[' {
		c.failField(name)
		return nil
	}
	splitJSON(raw, func(_, value string) {
		if c.spentJSON() {
			elements = append(elements, value)
		}
	})
	return elements
}

func (c *coder) spentJSON() bool {
	if c.spent++; c.spent > maxElements {
		c.failField("lists: too many elements")
		return false
	}
	return true
}

// splitJSON calls f for each element of the array or member of the object raw,
// which is valid JSON.
func splitJSON(raw string, f func(name, value string)) {
	object := raw[0] == '{'
	for rest := trimJSON(raw[1:]); rest[0] != ']' && rest[0] != '}'; {
		name := ""
		if object {
			n := valueEnd(rest)
			name = unquote(rest[:n])
			rest = trimJSON(trimJSON(rest[n:])[1:]) // the colon
		}
		n := valueEnd(rest)
		f(name, rest[:n])
		rest = trimJSON(rest[n:])
		if rest[0] == ',' {
			rest = trimJSON(rest[1:])
		}
	}
}

func trimJSON(s string) string { return strings.TrimLeft(s, " \t\r\n") }

// valueEnd returns where the value at the start of s, which is valid JSON, ends.
func valueEnd(s string) int {
	switch s[0] {
	case '"':
		for i := 1; ; i++ {
			switch s[i] {
			case '\\':
				i++
			case '"':
				return i + 1
			}
		}
	case '{', '[':
		for i, depth := 0, 0; ; i++ {
			switch s[i] {
			case '"':
				i += valueEnd(s[i:]) - 1
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
		}
	}
	if n := strings.IndexAny(s, ",]} \t\r\n"); n >= 0 {
		return n
	}
	return len(s)
}

// unquote returns the text of a JSON string.
func unquote(raw string) string {
	if inner := raw[1 : len(raw)-1]; strings.IndexByte(inner, '\\') < 0 {
		return strings.ToValidUTF8(inner, "\ufffd")
	}
	var s string
	if json.Unmarshal([]byte(raw), &s) != nil {
		return ""
	}
	return s
}

// bare returns a number or a name with or without quotes.
func bare(raw string) string {
	if raw[0] == '"' {
		return unquote(raw)
	}
	return raw
}

func (c *coder) parseUint(name, raw string, bits int) uint64 {
	v, err := strconv.ParseUint(bare(raw), 10, bits)
	if err != nil {
		c.failField(name)
	}
	return v
}

func (c *coder) parseEnum(name, raw string, names []string) int32 {
	s := bare(raw)
	if i := slices.Index(names, s); i >= 0 {
		return int32(i)
	}
	v, err := strconv.ParseInt(s, 10, 32)
	if err != nil && raw[0] != '"' {
		c.failField(name)
	}
	if err != nil {
		c.ignored++ // a value that a newer app added
		return 0
	}
	return int32(v)
}

func (c *coder) parseText(name, raw string) string {
	if raw[0] != '"' {
		c.failField(name)
		return ""
	}
	return unquote(raw)
}

// parseBase64 accepts both alphabets, padded or not, as JSON for protobuf asks.
func (c *coder) parseBase64(name, raw string) string {
	s := strings.TrimRight(c.parseText(name, raw), "=")
	s = strings.NewReplacer("-", "+", "_", "/").Replace(s)
	b, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil {
		c.failField(name)
	}
	return string(b)
}

func (c *coder) parseFloat(name, raw string) float32 {
	v, err := strconv.ParseFloat(bare(raw), 32)
	if err != nil {
		c.failField(name)
	}
	return float32(v)
}
