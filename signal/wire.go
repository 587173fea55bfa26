package signal

// The wire types of protobuf that occur.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

// maxNumber is the largest field number that protobuf allows.
const maxNumber = 1<<29 - 1

func appendVarint(b []byte, x uint64) []byte {
	for x >= 0x80 {
		b = append(b, byte(x)|0x80)
		x >>= 7
	}
	return append(b, byte(x))
}

// varintAt reads a varint at the start of b and returns how many bytes it has;
// 0 if b holds none.
func varintAt(b []byte) (uint64, int) {
	var x uint64
	for i := 0; i < len(b) && i < 10; i++ {
		if i == 9 && b[i] > 1 {
			break
		}
		x |= uint64(b[i]&0x7f) << (7 * i)
		if b[i] < 0x80 {
			return x, i + 1
		}
	}
	return 0, 0
}

// fieldAt returns the number and the whole length of the field at the start
// of b; length 0 if there is none.
func fieldAt(b []byte) (num uint32, length int) {
	tag, n := varintAt(b)
	if n == 0 || tag>>3 == 0 || tag>>3 > maxNumber {
		return 0, 0
	}
	size, rest := 0, b[n:]
	switch tag & 7 {
	case wireVarint:
		if _, size = varintAt(rest); size == 0 {
			return 0, 0
		}
	case wireFixed64:
		size = 8
	case wireFixed32:
		size = 4
	case wireBytes:
		l, k := varintAt(rest)
		if k == 0 || l > uint64(len(rest)-k) {
			return 0, 0
		}
		size = k + int(l)
	default:
		return 0, 0
	}
	if size > len(rest) {
		return 0, 0
	}
	return uint32(tag >> 3), n + size
}

// countFields returns how many whole fields u has.
func countFields(u []byte) (count int) {
	for len(u) > 0 {
		_, n := fieldAt(u)
		if n == 0 {
			break
		}
		u = u[n:]
		count++
	}
	return count
}

// flush writes the unknown fields that come before field num, or are earlier
// ones of that number. Bytes that are no field, which only a caller can have
// put there, are left out.
func (c *coder) flush(num uint32) {
	for len(c.rest) > 0 {
		n, length := fieldAt(c.rest)
		if length == 0 || n > num {
			return
		}
		c.out = append(c.out, c.rest[:length]...)
		c.rest = c.rest[length:]
	}
}

// tag writes the tag of a field, behind the unknown ones that precede it.
func (c *coder) tag(num uint32, wire uint8) {
	if len(c.rest) > 0 {
		c.flush(num)
	}
	c.out = appendVarint(c.out, uint64(num)<<3|uint64(wire))
}

// put writes m as a field.
func (c *coder) put(num uint32, m Message) {
	c.tag(num, wireBytes)
	c.out = append(c.out, 0)
	at, rest := len(c.out), c.rest
	c.rest = nil
	m.fields(c)
	c.flush(maxNumber)
	c.rest = rest
	c.closeLength(at)
}

// closeLength fills in the length of what was written since at, in front of
// which one byte was left free for it.
func (c *coder) closeLength(at int) {
	n := len(c.out) - at
	if n < 0x80 {
		c.out[at-1] = byte(n)
		return
	}
	var buf [10]byte
	l := appendVarint(buf[:0], uint64(n))
	c.out = append(c.out, l[1:]...)
	copy(c.out[at+len(l)-1:], c.out[at:at+n])
	copy(c.out[at-1:], l)
}
