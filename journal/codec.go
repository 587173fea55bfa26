package journal

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"bakfs/seal"
)

const (
	version  = 1
	maxSeen  = 256
	sigSize  = 64
	minFile  = 1 << 12
	maxFile  = 1 << 20
	seenSize = 16 + 8 + 32
)

// content is the plaintext of an entry, taken apart but not verified.
type content struct {
	kind       Kind
	repository seal.RepositoryID
	device     seal.DeviceID
	seq        uint64
	prev       seal.Hash
	time       int64
	cert       []byte
	seen       []Seen
	payload    []byte
	signature  [sigSize]byte
}

// appendSigned appends all that the signature covers.
func (c *content) appendSigned(b []byte) []byte {
	b = append(b, version, byte(c.kind), 0, 0)
	b = append(b, c.repository[:]...)
	b = append(b, c.device[:]...)
	b = binary.BigEndian.AppendUint64(b, c.seq)
	b = append(b, c.prev[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(c.time))
	b = binary.BigEndian.AppendUint64(b, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(len(c.cert)))
	b = append(b, c.cert...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(c.seen)))
	for _, s := range c.seen {
		b = append(b, s.Device[:]...)
		b = binary.BigEndian.AppendUint64(b, s.Seq)
		b = append(b, s.Hash[:]...)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(c.payload)))
	return append(b, c.payload...)
}

// parseContent is the inverse of appendSigned with the signature behind it and
// zero padding to the end of plain. It returns the signed part too. The slices
// of the result lie in plain.
func parseContent(plain []byte) (content, []byte, error) {
	var c content
	r := reader{rest: plain}
	if v := r.u8(); r.ok() && v != version {
		return c, nil, fmt.Errorf("entry of version %d: %w", v, seal.ErrVersion)
	}
	c.kind = Kind(r.u8())
	if c.kind > Unmark {
		return c, nil, fmt.Errorf("entry of kind %d: %w", c.kind, seal.ErrVersion)
	}
	if r.u16() != 0 {
		r.fail("reserved bytes are not zero")
	}
	copy(c.repository[:], r.bytes(16))
	copy(c.device[:], r.bytes(16))
	c.seq = r.u64()
	copy(c.prev[:], r.bytes(32))
	c.time = int64(r.u64())
	if r.u64() != 0 {
		r.fail("root record is not 0")
	}
	c.cert = r.bytes(uint64(r.u16()))
	c.seen = parseSeen(&r)
	c.payload = r.bytes(uint64(r.u32()))
	signed := plain[:len(plain)-len(r.rest)]
	copy(c.signature[:], r.bytes(sigSize))
	if len(bytes.TrimLeft(r.rest, "\x00")) != 0 {
		r.fail("padding is not zero")
	}
	if r.err != nil {
		return content{}, nil, r.err
	}
	if err := c.check(); err != nil {
		return content{}, nil, err
	}
	return c, signed, nil
}

// check holds the rules of form that join several fields.
func (c *content) check() error {
	if c.kind == 0 || (c.kind == Enrol) != (c.seq == 0) {
		return formError("entry %d is of kind %d", c.seq, c.kind)
	}
	if c.seq >= maxEntries {
		return formError("entry %d is past the limit of %d", c.seq, maxEntries)
	}
	if c.seq == 0 && c.prev != (seal.Hash{}) {
		return formError("the first entry names one before it")
	}
	if len(c.seen) > maxSeen {
		return formError("%d devices seen, more than %d", len(c.seen), maxSeen)
	}
	for i, s := range c.seen {
		if s.Device == c.device {
			return formError("seen names the device itself")
		}
		if i > 0 && bytes.Compare(c.seen[i-1].Device[:], s.Device[:]) >= 0 {
			return formError("seen is not sorted")
		}
	}
	return checkPayload(c.kind, c.payload)
}

func parseSeen(r *reader) []Seen {
	raw := r.bytes(uint64(r.u16()) * seenSize)
	var list []Seen
	for ; len(raw) > 0; raw = raw[seenSize:] {
		list = append(list, Seen{
			Device: seal.DeviceID(raw[:16]),
			Seq:    binary.BigEndian.Uint64(raw[16:]),
			Hash:   seal.Hash(raw[24:seenSize]),
		})
	}
	return list
}

func formError(format string, args ...any) error {
	return fmt.Errorf("form: %s: %w", fmt.Sprintf(format, args...), seal.ErrTampered)
}

// A reader takes fields off the front. After the first error everything is zero.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) ok() bool { return r.err == nil }

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = formError(format, args...)
	}
	r.rest = nil
}

// bytes never allocates; n may be anything.
func (r *reader) bytes(n uint64) []byte {
	if r.err != nil || n > uint64(len(r.rest)) {
		r.fail("ends early")
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) number(n uint64) (v uint64) {
	for _, b := range r.bytes(n) {
		v = v<<8 | uint64(b)
	}
	return v
}

func (r *reader) u8() uint8   { return uint8(r.number(1)) }
func (r *reader) u16() uint16 { return uint16(r.number(2)) }
func (r *reader) u32() uint32 { return uint32(r.number(4)) }
func (r *reader) u64() uint64 { return r.number(8) }
