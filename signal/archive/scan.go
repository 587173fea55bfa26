package archive

import (
	"bytes"
	"encoding/binary"

	"bakfs/signal"
)

// The numbers of fields that storing looks at.
const (
	lastItem  = 8 // a frame's items have 1 to this
	itemField = 4 // of a frame: a message of a chat
	chatField = 1 // of a message: its chat
	sentField = 3 // and when it was sent
)

// A fieldScan goes over the fields of a message without decoding what is in
// them.
type fieldScan struct {
	b   []byte
	num uint64
	is  uint64 // its wire type
	n   uint64 // value of a number
	in  []byte // content of a field that has bytes
	bad bool
}

// The wire types of protobuf that occur.
const (
	isNumber = 0
	isFixed8 = 1
	isBytes  = 2
	isFixed4 = 5
)

// next goes to the next field. It returns false at the end, with bad set if
// what is there is no field.
func (s *fieldScan) next() bool {
	if len(s.b) == 0 {
		return false
	}
	tag, k := binary.Uvarint(s.b)
	if s.num, s.is = tag>>3, tag&7; k <= 0 || s.num == 0 || s.num > 1<<29-1 {
		s.bad = true
		return false
	}
	size := 0
	switch s.is {
	case isNumber:
		s.n, size = binary.Uvarint(s.b[k:])
	case isFixed8:
		size = 8
	case isFixed4:
		size = 4
	case isBytes:
		n, j := binary.Uvarint(s.b[k:])
		if j > 0 && n <= uint64(len(s.b)-k-j) {
			size = j + int(n)
			s.in = s.b[k+j : k+size]
		}
	}
	if size <= 0 || size > len(s.b)-k {
		s.bad = true
		return false
	}
	s.b = s.b[k+size:]
	return true
}

// A glance is what a quick look at a frame tells.
type glance struct {
	item uint64 // the number of its item; 0: none that is known
	chat uint64 // of a message
	sent signal.Millis
	sure bool // the frame is so; else it must be decoded
}

// look looks at a frame. A message is looked into no deeper than for its chat
// and time: decoding all would take as long as all the rest of storing.
func look(rec []byte) (g glance) {
	s := fieldScan{b: rec}
	var body []byte
	for s.next() {
		if s.num > lastItem {
			continue
		}
		if g.item != 0 || s.is != isBytes {
			return glance{}
		}
		g.item, body = s.num, s.in
	}
	if s.bad {
		return glance{}
	}
	if g.item != itemField {
		g.sure = g.item == 0
		return g
	}
	s = fieldScan{b: body}
	for s.next() {
		switch {
		case s.num != chatField && s.num != sentField:
		case s.is != isNumber:
			return glance{}
		case s.num == chatField:
			g.chat = s.n
		default:
			g.sent = signal.Millis(s.n)
		}
	}
	g.sure = !s.bad
	return g
}

// mayHaveFiles reports whether a record may hold the hash of a file, a field 10 of
// 32 bytes, which is what a locator has, or the key of one without.
func mayHaveFiles(rec []byte) bool {
	return bytes.Contains(rec, []byte{10<<3 | 2, 32}) || bytes.Contains(rec, retiredMark)
}

// mayHaveIDs reports whether a record may hold the id of an account: a field
// of 16 bytes.
func mayHaveIDs(rec []byte) bool {
	for i := 1; i < len(rec); i++ {
		k := bytes.IndexByte(rec[i:], 16)
		if k < 0 {
			return false
		}
		i += k
		if rec[i-1]&7 == 2 && len(rec)-i > 16 {
			return true
		}
	}
	return false
}
