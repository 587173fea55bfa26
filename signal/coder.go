package signal

import (
	"errors"
	"fmt"
)

// A Message is one message of the format: a pointer to one of this package's
// structs. Its fields method lists the fields in ascending order.
type Message interface {
	fields(c *coder)
}

// ErrBadRecord is wrapped by every error about a record that cannot be read.
// The records after it can.
var ErrBadRecord = errors.New("damaged record")

// Limits on one record. Real ones stay far below: the apps allow a text of
// 128 KiB, and a group has at most a few thousand members.
const (
	MaxRecord   = 8 << 20 // bytes
	maxDepth    = 24      // the schema itself needs 12
	maxElements = 1 << 18 // elements of repeated messages, all together
)

type mode uint8

const (
	decoding mode = iota
	encoding
	jsonOut
	jsonIn
	walking
)

// A coder goes over the fields of messages in one of the modes. While
// decoding it stands at one field of the wire: the field functions do nothing
// unless they are that field's, so one pass over a message's list reads all
// fields that come in ascending order, and the next pass goes on with the rest.
type coder struct {
	all   bool // every field is wanted: any mode but decoding
	reads bool // the model is being filled
	mode  mode

	in     string // the record
	pos    int
	end    int    // of the message at hand
	start  int    // of the field at hand, its tag
	num    uint32 // of the field at hand; 0 at the end of the message
	wire   uint8
	depth  int
	spent  int
	keepTo *Unknown
	slabs  *slabs // nil: each value is allocated by itself
	err    error

	out  []byte
	rest []byte // of the message at hand, not written yet

	members []member // of the JSON objects being read, innermost last
	base    int      // where those of the object at hand begin
	ignored int      // JSON members that nobody asked for

	visit   func(Message)
	id      func(ServiceID)
	unknown int // fields in Unknown that were kept or walked over
}

// begin is the first call of every fields method.
func (c *coder) begin(u *Unknown) {
	switch c.mode {
	case decoding:
		c.keepTo = u
	case encoding:
		c.rest = u.Bytes()
	case walking:
		c.unknown += countFields(u.Bytes())
	}
}

func (c *coder) fail(what string) {
	if c.err == nil {
		c.err = fmt.Errorf("%w: %s at byte %d of it", ErrBadRecord, what, c.pos)
	}
	c.num = 0
	c.pos = c.end
}

// Unmarshal reads one record into m, which must be zero. The model keeps no
// reference to b. The error wraps ErrBadRecord.
func Unmarshal(b []byte, m Message) error {
	if len(b) > MaxRecord {
		return tooLong(b)
	}
	c := coder{reads: true}
	c.unmarshal(b, m)
	return c.err
}

func tooLong(rec []byte) error { return fmt.Errorf("%w: %d bytes long", ErrBadRecord, len(rec)) }

// unmarshal is Unmarshal with a coder that may have decoded before.
func (c *coder) unmarshal(b []byte, m Message) { c.decode(string(b), m) }

// decode reads a record of which the model may keep parts.
func (c *coder) decode(rec string, m Message) {
	c.in, c.pos, c.end = rec, 0, 0
	c.depth, c.spent, c.unknown, c.err = 0, 0, 0, nil
	c.body(m, len(rec))
}

// Append appends m in canonical form: ascending fields, no defaults, packed
// numbers. Unknown fields stand where their numbers put them.
func Append(b []byte, m Message) []byte {
	c := coder{all: true, mode: encoding, out: b}
	m.fields(&c)
	c.flush(maxNumber)
	return c.out
}

// next goes to the next field of the message at hand.
func (c *coder) next() {
	c.start = c.pos
	if c.err != nil || c.pos >= c.end {
		c.num = 0
		return
	}
	tag := uint64(c.in[c.pos])
	if tag < 0x80 {
		c.pos++
	} else {
		tag = c.varint()
	}
	num := tag >> 3
	if num == 0 || num > maxNumber {
		c.fail("impossible field number")
		return
	}
	c.num, c.wire = uint32(num), uint8(tag&7)
}

// body reads the next n bytes as the body of m, then goes to the next field.
func (c *coder) body(m Message, n int) {
	if c.depth++; c.depth > maxDepth {
		c.fail("nested too deep")
		return
	}
	end, keepTo := c.end, c.keepTo
	c.end = c.pos + n
	c.next()
	for c.num != 0 {
		start := c.start
		m.fields(c)
		if c.num != 0 && c.start == start {
			c.keep()
		}
	}
	c.end, c.keepTo = end, keepTo
	c.depth--
	c.next()
}

// sub reads the field at hand as m.
func (c *coder) sub(m Message) {
	n := c.length()
	if c.err == nil {
		c.body(m, n)
	}
}

// keep keeps the field at hand as it is.
func (c *coder) keep() {
	c.skip()
	if c.err == nil {
		c.keepTo.add(c.in[c.start:c.pos])
		c.unknown++
	}
	c.next()
}

// skip goes behind the value of the field at hand.
func (c *coder) skip() {
	switch c.wire {
	case wireVarint:
		c.varint()
	case wireFixed64:
		c.advance(8)
	case wireBytes:
		c.advance(c.length())
	case wireFixed32:
		c.advance(4)
	default:
		c.fail("impossible wire type")
	}
}

func (c *coder) advance(n int) {
	if n > c.end-c.pos {
		c.fail("field longer than its message")
		return
	}
	c.pos += n
}

// length reads a length that lies within the message.
func (c *coder) length() int {
	n := c.varint()
	if n > uint64(c.end-c.pos) {
		c.fail("field longer than its message")
		return 0
	}
	return int(n)
}

// chunk reads a length and that many bytes, which are part of the record.
func (c *coder) chunk() string {
	n := c.length()
	s := c.in[c.pos : c.pos+n]
	c.pos += n
	return s
}

func (c *coder) varint() uint64 {
	var x uint64
	for shift := 0; shift < 64; shift += 7 {
		if c.pos >= c.end {
			c.fail("number cut short")
			return 0
		}
		b := c.in[c.pos]
		c.pos++
		if b < 0x80 {
			if shift == 63 && b > 1 {
				break
			}
			return x | uint64(b)<<shift
		}
		x |= uint64(b&0x7f) << shift
	}
	c.fail("number too large")
	return 0
}

func (c *coder) fixed32() uint32 {
	if c.end-c.pos < 4 {
		c.fail("number cut short")
		return 0
	}
	s := c.in[c.pos : c.pos+4]
	c.pos += 4
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

// run counts the fields in a row that are like the one at hand, so that their
// list is allocated once.
func (c *coder) run() int {
	n, probe := 0, *c
	for probe.num == c.num && probe.wire == c.wire && n < maxElements {
		n++
		probe.skip()
		probe.next()
	}
	return n
}

// spend counts one element against the record's limit.
func (c *coder) spend() bool {
	if c.spent++; c.spent > maxElements {
		c.fail("too many elements")
		return false
	}
	return true
}
