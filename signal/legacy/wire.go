package legacy

import (
	"encoding/binary"
)

// A field is one field of a protobuf message: a number, or bytes. The bytes
// are part of the message.
type field struct {
	num  uint32
	wire uint8
	n    uint64
	b    []byte
}

// The wire types.
const (
	wireVarint = 0
	wireFixed8 = 1
	wireBytes  = 2
	wireFixed4 = 5
)

// nextField returns the first field of b and what comes behind it; false at
// the end and at what is no field.
func nextField(b []byte) (f field, rest []byte, ok bool) {
	tag, k := binary.Uvarint(b)
	if k <= 0 || tag>>3 == 0 || tag>>3 > 1<<29-1 {
		return field{}, nil, false
	}
	b = b[k:]
	f = field{num: uint32(tag >> 3), wire: uint8(tag & 7)}
	switch f.wire {
	case wireVarint:
		if f.n, k = binary.Uvarint(b); k <= 0 {
			return field{}, nil, false
		}
		return f, b[k:], true
	case wireBytes:
		n, k := binary.Uvarint(b)
		if k <= 0 || n > uint64(len(b)-k) {
			return field{}, nil, false
		}
		f.b = b[k : k+int(n) : k+int(n)]
		return f, b[k+int(n):], true
	case wireFixed8:
		if len(b) >= 8 {
			f.n = binary.LittleEndian.Uint64(b)
			return f, b[8:], true
		}
	case wireFixed4:
		if len(b) >= 4 {
			f.n = uint64(binary.LittleEndian.Uint32(b))
			return f, b[4:], true
		}
	}
	return field{}, nil, false
}

// message gives access to the fields of a message by number. Of a field that
// comes twice the last one counts, as protobuf has it.
type message []byte

func (m message) find(num uint32, wire uint8) (last field, ok bool) {
	for f, rest, more := nextField(m); more; f, rest, more = nextField(rest) {
		if f.num == num && f.wire == wire {
			last, ok = f, true
		}
	}
	return last, ok
}

func (m message) bytes(num uint32) []byte {
	f, _ := m.find(num, wireBytes)
	return f.b
}

func (m message) sub(num uint32) (message, bool) {
	f, ok := m.find(num, wireBytes)
	return f.b, ok
}

func (m message) text(num uint32) string { return string(m.bytes(num)) }

func (m message) number(num uint32) uint64 {
	f, _ := m.find(num, wireVarint)
	return f.n
}

// each calls f for the repeated messages of field num.
func (m message) each(num uint32, visit func(message)) {
	for f, rest, more := nextField(m); more; f, rest, more = nextField(rest) {
		if f.num == num && f.wire == wireBytes {
			visit(f.b)
		}
	}
}
