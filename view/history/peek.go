package history

import (
	"cmp"
	"encoding/binary"

	"bakfs/signal"
)

// firstSent returns when a message was first sent, without decoding its record: what
// Message.First is. ok is false for a record that only decoding can tell about.
func firstSent(rec []byte) (first signal.Millis, ok bool) {
	item, ok := only(rec, frameItem)
	if !ok {
		return 0, false
	}
	var sent uint64
	var revision []byte
	for len(item) > 0 {
		f, rest, ok := nextField(item)
		if !ok {
			return 0, false
		}
		switch {
		case f.num == itemSent && f.wire == 0:
			sent = f.value
		case f.num == itemRevision && f.wire == 2 && revision == nil:
			revision = f.bytes
		}
		item = rest
	}
	var revised uint64
	for len(revision) > 0 {
		f, rest, ok := nextField(revision)
		if !ok {
			return 0, false
		}
		if f.num == itemSent && f.wire == 0 {
			revised = f.value
		}
		revision = rest
	}
	return signal.Millis(cmp.Or(revised, sent)), true
}

// mayBeCall reports whether the record of a message may be that of a call.
func mayBeCall(rec []byte) bool {
	return anyField(rec, func(f field) bool {
		if f.num != itemUpdate {
			return false
		}
		for b := f.bytes; len(b) > 0; {
			u, rest, ok := nextField(b)
			if !ok || u.num == updateCall || u.num == updateGroupCall {
				return true
			}
			b = rest
		}
		return false
	})
}

// mayExpire reports whether the record of a message may have a timer.
func mayExpire(rec []byte) bool {
	return anyField(rec, func(f field) bool { return f.num == itemExpires && f.value > 0 })
}

// anyField reports whether a field of an item is as is says, or may be: where only
// decoding can tell, it may.
func anyField(rec []byte, is func(field) bool) bool {
	item, ok := only(rec, frameItem)
	for len(item) > 0 && ok {
		var f field
		if f, item, ok = nextField(item); ok && is(f) {
			return true
		}
	}
	return !ok
}

// The numbers of fields, in Frame, ChatItem and UpdateMessage.
const (
	frameItem       = 4
	itemSent        = 3
	itemExpires     = 5
	itemRevision    = 6
	itemUpdate      = 15
	updateCall      = 7
	updateGroupCall = 8
)

// only returns the bytes of field num if the record consists of it.
func only(rec []byte, num uint64) ([]byte, bool) {
	f, rest, ok := nextField(rec)
	return f.bytes, ok && f.num == num && f.wire == 2 && len(rest) == 0
}

// A field is one field of a message on the wire.
type field struct {
	num   uint64
	wire  uint8
	value uint64 // of a varint
	bytes []byte // of a length-delimited field
}

// nextField cuts off the first field. ok is false if there is none, or one of a
// kind that is not in use.
func nextField(b []byte) (f field, rest []byte, ok bool) {
	tag, n := binary.Uvarint(b)
	if n <= 0 || tag>>3 == 0 || tag>>3 >= 1<<29 {
		return f, nil, false
	}
	f.num, f.wire = tag>>3, uint8(tag&7)
	b = b[n:]
	switch f.wire {
	case 0:
		f.value, n = binary.Uvarint(b)
	case 1:
		n = 8
	case 2:
		size, k := binary.Uvarint(b)
		if k <= 0 || size > uint64(len(b)-k) {
			return f, nil, false
		}
		n = k + int(size)
		f.bytes = b[k:n]
	case 5:
		n = 4
	default:
		return f, nil, false
	}
	if n <= 0 || n > len(b) {
		return f, nil, false
	}
	return f, b[n:], true
}
