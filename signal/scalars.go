package signal

import "strconv"

// What the modes do with a single value: take it and whether it is set, give
// back what it is afterwards.

// plain is any varint on the wire.
func (c *coder) plain(num uint32, v uint64, set bool) (uint64, bool) {
	if c.mode == decoding {
		if c.wire == wireVarint {
			v, set = c.varint(), true
			c.next()
		}
	} else if set {
		c.tag(num, wireVarint)
		c.out = appendVarint(c.out, v)
	}
	return v, set
}

func (c *coder) number(num uint32, name string, v uint64, set bool) (uint64, bool) {
	switch c.mode {
	case decoding, encoding:
		return c.plain(num, v, set)
	case jsonOut:
		if set {
			c.key(name)
			c.out = append(strconv.AppendUint(append(c.out, '"'), v, 10), '"')
		}
	case jsonIn:
		if raw, ok := c.member(name); ok {
			return c.parseUint(name, raw, 64), true
		}
	}
	return v, set
}

func (c *coder) number32(num uint32, name string, v uint32, set bool) (uint32, bool) {
	switch c.mode {
	case decoding, encoding:
		x, ok := c.plain(num, uint64(v), set)
		return uint32(x), ok
	case jsonOut:
		if set {
			c.key(name)
			c.out = strconv.AppendUint(c.out, uint64(v), 10)
		}
	case jsonIn:
		if raw, ok := c.member(name); ok {
			return uint32(c.parseUint(name, raw, 32)), true
		}
	}
	return v, set
}

func (c *coder) fixed(num uint32, name string, v uint32, set bool) (uint32, bool) {
	switch c.mode {
	case decoding:
		if c.wire == wireFixed32 {
			v, set = c.fixed32(), true
			c.next()
		}
		return v, set
	case encoding:
		if set {
			c.tag(num, wireFixed32)
			c.out = append(c.out, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
		}
		return v, set
	}
	return c.number32(num, name, v, set)
}

func (c *coder) flag(num uint32, name string, v, set bool) (bool, bool) {
	switch c.mode {
	case decoding, encoding:
		var x uint64
		if v {
			x = 1
		}
		x, set = c.plain(num, x, set)
		return x != 0, set
	case jsonOut:
		if set {
			c.key(name)
			c.out = strconv.AppendBool(c.out, v)
		}
	case jsonIn:
		if raw, ok := c.member(name); ok {
			if raw != "true" && raw != "false" {
				c.failField(name)
			}
			return raw == "true", true
		}
	}
	return v, set
}

func (c *coder) enum(num uint32, name string, v int32, set bool, names []string) (int32, bool) {
	switch c.mode {
	case decoding, encoding:
		x, ok := c.plain(num, uint64(int64(v)), set)
		return int32(x), ok
	case jsonOut:
		if set {
			c.key(name)
			c.enumOut(v, names)
		}
	case jsonIn:
		if raw, ok := c.member(name); ok {
			return c.parseEnum(name, raw, names), true
		}
	}
	return v, set
}

func (c *coder) text(num uint32, name, v string, set bool) (string, bool) {
	switch c.mode {
	case decoding, encoding:
		return c.bytes(num, v, set)
	case jsonOut:
		if set {
			c.key(name)
			c.out = appendQuoted(c.out, v)
		}
	case jsonIn:
		if raw, ok := c.member(name); ok {
			return c.parseText(name, raw), true
		}
	}
	return v, set
}

func (c *coder) blob(num uint32, name, v string, set bool) (string, bool) {
	switch c.mode {
	case decoding, encoding:
		return c.bytes(num, v, set)
	case jsonOut:
		if set {
			c.key(name)
			c.out = appendBase64(c.out, v)
		}
	case jsonIn:
		if raw, ok := c.member(name); ok {
			return c.parseBase64(name, raw), true
		}
	}
	return v, set
}

// bytes is anything length-delimited on the wire.
func (c *coder) bytes(num uint32, v string, set bool) (string, bool) {
	if c.mode == decoding {
		if c.wire == wireBytes {
			v, set = c.chunk(), true
			c.next()
		}
	} else if set {
		c.tag(num, wireBytes)
		c.out = append(appendVarint(c.out, uint64(len(v))), v...)
	}
	return v, set
}
