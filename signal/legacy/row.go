package legacy

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"

	"bakfs/signal"
)

// A value is one parameter of a statement: NULL unless it is something else.
type value struct {
	kind valueKind
	n    int64 // of an integer, and of a real the bits
	b    []byte
}

type valueKind uint8

const (
	null valueKind = iota
	text
	integer
	real
	blob
)

// parseValue reads an SqlParameter (section D.3).
func parseValue(m message) value {
	for f, rest, ok := nextField(m); ok; f, rest, ok = nextField(rest) {
		switch {
		case f.num == 1 && f.wire == wireBytes:
			return value{kind: text, b: f.b}
		case f.num == 2 && f.wire == wireVarint:
			return value{kind: integer, n: int64(f.n)}
		case f.num == 3 && f.wire == wireFixed8:
			return value{kind: real, n: int64(f.n)}
		case f.num == 4 && f.wire == wireBytes:
			return value{kind: blob, b: f.b}
		}
	}
	return value{}
}

// A row is a row of a table; its bytes are those of the frame. A value is
// decoded when it is asked for, since most columns never are.
type row struct {
	t      *table
	params []message
}

// parse fills r with the parameters of a statement. False if they are not as
// many as the table has columns.
func (r *row) parse(t *table, statement message) bool {
	r.t, r.params = t, r.params[:0]
	for b := statement; len(b) > 0; {
		// Nearly all are short, which is worth a way of its own.
		if b[0] == 2<<3|wireBytes && len(b) > 1 && b[1] < 0x80 && len(b) >= 2+int(b[1]) {
			end := 2 + int(b[1])
			r.params = append(r.params, b[2:end])
			b = b[end:]
			continue
		}
		f, rest, ok := nextField(b)
		if !ok {
			return false
		}
		if f.num == 2 && f.wire == wireBytes {
			r.params = append(r.params, f.b)
		}
		b = rest
	}
	return len(r.params) == t.width
}

// at returns the value of a column; NULL if the table has none of that name.
func (r *row) at(column string) value {
	if i, ok := r.t.columns[column]; ok && i < len(r.params) {
		return parseValue(r.params[i])
	}
	return value{}
}

// int returns a number; a text that is one counts, as in SQLite. 0 is NULL and
// all else.
func (r *row) int(column string) int64 { return r.at(column).int() }

func (v value) int() int64 {
	switch v.kind {
	case integer:
		return v.n
	case text:
		n, _ := strconv.ParseInt(string(v.b), 10, 64)
		return n
	case real:
		if f := math.Float64frombits(uint64(v.n)); f > -1<<62 && f < 1<<62 {
			return int64(f)
		}
	}
	return 0
}

func (r *row) bool(column string) bool { return r.int(column) != 0 }

// millis returns a moment; what is before 1970 is not known.
func (r *row) millis(column string) signal.Millis { return signal.Millis(max(r.int(column), 0)) }

// text returns a text, valid UTF-8.
func (r *row) text(column string) string { return r.at(column).text() }

func (v value) text() string {
	switch v.kind {
	case text, blob:
		return strings.ToValidUTF8(string(v.b), "\ufffd")
	case integer:
		return strconv.FormatInt(v.n, 10)
	}
	return ""
}

// bytes returns a blob, or the bytes that a text is in base64.
func (r *row) bytes(column string) []byte {
	switch v := r.at(column); v.kind {
	case blob:
		return v.b
	case text:
		return unbase64(v.b)
	}
	return nil
}

// unbase64 decodes with or without padding; nil if b is not base64.
func unbase64(b []byte) []byte {
	s := strings.TrimRight(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' {
			return -1
		}
		return r
	}, string(b)), "=")
	out, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil {
		return nil
	}
	return out
}

// opt returns a text that is absent if it is empty.
func (r *row) opt(column string) signal.Opt[string] {
	if s := r.text(column); s != "" {
		return signal.Some(s)
	}
	return signal.Opt[string]{}
}
