package signal

import (
	"math"
	"strconv"
)

// Lists of single values. Numbers are written packed and read in both forms.

func texts(c *coder, num uint32, name string, p *[]string) {
	if c.num == num || c.all {
		chunks(c, num, name, p, true)
	}
}

func blobs[T ~string](c *coder, num uint32, name string, p *[]T) {
	if c.num == num || c.all {
		chunks(c, num, name, p, false)
	}
}

// chunks is a list of texts or of bytes, which differ in JSON only.
func chunks[T ~string](c *coder, num uint32, name string, p *[]T, isText bool) {
	switch c.mode {
	case decoding:
		for c.num == num && c.wire == wireBytes && c.spend() {
			*p = append(*p, T(c.chunk()))
			c.next()
		}
	case encoding:
		for _, v := range *p {
			c.bytes(num, string(v), true)
		}
	case jsonOut:
		out := appendBase64
		if isText {
			out = appendQuoted
		}
		listOut(c, name, *p, func(v T) { c.out = out(c.out, string(v)) })
	case jsonIn:
		parse := c.parseBase64
		if isText {
			parse = c.parseText
		}
		for _, raw := range c.array(name) {
			*p = append(*p, T(parse(name, raw)))
		}
	}
}

func numbers(c *coder, num uint32, name string, p *[]uint64) {
	if c.num != num && !c.all {
		return
	}
	switch c.mode {
	case jsonOut:
		listOut(c, name, *p, func(v uint64) {
			c.out = append(strconv.AppendUint(append(c.out, '"'), v, 10), '"')
		})
	case jsonIn:
		for _, raw := range c.array(name) {
			*p = append(*p, c.parseUint(name, raw, 64))
		}
	default:
		packed(c, num, p, form[uint64]{wireVarint, c.varint, func(v uint64) { c.out = appendVarint(c.out, v) }})
	}
}

func enums[T ~int32](c *coder, num uint32, name string, p *[]T, names []string) {
	if c.num != num && !c.all {
		return
	}
	switch c.mode {
	case jsonOut:
		listOut(c, name, *p, func(v T) { c.enumOut(int32(v), names) })
	case jsonIn:
		for _, raw := range c.array(name) {
			*p = append(*p, T(c.parseEnum(name, raw, names)))
		}
	default:
		packed(c, num, p, form[T]{wireVarint, func() T { return T(c.varint()) },
			func(v T) { c.out = appendVarint(c.out, uint64(int64(v))) }})
	}
}

func fixeds(c *coder, num uint32, name string, p *[]uint32) {
	if c.num != num && !c.all {
		return
	}
	switch c.mode {
	case jsonOut:
		listOut(c, name, *p, func(v uint32) { c.out = strconv.AppendUint(c.out, uint64(v), 10) })
	case jsonIn:
		for _, raw := range c.array(name) {
			*p = append(*p, uint32(c.parseUint(name, raw, 32)))
		}
	default:
		packed(c, num, p, form[uint32]{wireFixed32, c.fixed32, c.fixedOut})
	}
}

func (c *coder) fixedOut(v uint32) {
	c.out = append(c.out, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
}

func floats(c *coder, num uint32, name string, p *[]float32) {
	if c.num != num && !c.all {
		return
	}
	switch c.mode {
	case jsonOut:
		listOut(c, name, *p, func(v float32) { c.out = appendFloat(c.out, v) })
	case jsonIn:
		for _, raw := range c.array(name) {
			*p = append(*p, c.parseFloat(name, raw))
		}
	default:
		packed(c, num, p, form[float32]{wireFixed32, func() float32 { return math.Float32frombits(c.fixed32()) },
			func(v float32) { c.fixedOut(math.Float32bits(v)) }})
	}
}

// A form is how one number stands on the wire.
type form[T any] struct {
	wire  uint8
	read  func() T
	write func(T)
}

// packed reads a list of numbers, packed or one by one, or writes it packed.
func packed[T any](c *coder, num uint32, p *[]T, f form[T]) {
	switch c.mode {
	case decoding:
		for c.num == num {
			switch c.wire {
			case f.wire:
				*p = append(*p, f.read())
			case wireBytes:
				for end := c.length() + c.pos; c.pos < end && c.err == nil; {
					*p = append(*p, f.read())
				}
			default:
				return
			}
			c.next()
		}
	case encoding:
		if len(*p) > 0 {
			c.tag(num, wireBytes)
			c.out = append(c.out, 0)
			at := len(c.out)
			for _, v := range *p {
				f.write(v)
			}
			c.closeLength(at)
		}
	}
}

// listOut writes a list as a JSON array; an empty one is left out.
func listOut[T any](c *coder, name string, list []T, out func(T)) {
	if len(list) == 0 {
		return
	}
	c.key(name)
	c.out = append(c.out, '[')
	for _, v := range list {
		c.comma('[')
		out(v)
	}
	c.out = append(c.out, ']')
}
