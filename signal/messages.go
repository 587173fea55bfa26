package signal

// A pointerTo is the pointer to a message's struct, as a message.
type pointerTo[T any] interface {
	*T
	Message
}

// sub is a single message; nil is absent. One that comes twice is merged.
func sub[T any, P pointerTo[T]](c *coder, num uint32, name string, p **T) {
	if c.num == num || c.all {
		subAt[T, P](c, num, name, p)
	}
}

func subAt[T any, P pointerTo[T]](c *coder, num uint32, name string, p **T) {
	if *p == nil {
		if !c.arrives(name) {
			return
		}
		*p = made[T](c)
	}
	c.message(num, name, P(*p))
}

// arrives reports whether a message that the model does not have yet is in
// the input at hand.
func (c *coder) arrives(name string) bool {
	switch c.mode {
	case decoding:
		return c.wire == wireBytes
	case jsonIn:
		_, ok := c.peek(name)
		return ok
	}
	return false
}

// message does what the mode says with the one message that field num is.
func (c *coder) message(num uint32, name string, m Message) {
	switch c.mode {
	case decoding:
		if c.wire == wireBytes {
			c.sub(m)
		}
	case encoding:
		c.put(num, m)
	case jsonOut:
		c.key(name)
		c.object(m)
	case jsonIn:
		if raw, ok := c.member(name); ok {
			c.readObject(raw, m)
		}
	case walking:
		c.walk(m)
	}
}

// oneOf is a message of a group of which one is set: *p is nil or a pointer
// to one of the group's structs. If the wire has several, the first counts and
// the others are kept as unknown fields.
func oneOf[T any, I Message, P pointerTo[T]](c *coder, num uint32, name string, p *I) {
	if c.num == num || c.all {
		oneOfAt[T, I, P](c, num, name, p)
	}
}

func oneOfAt[T any, I Message, P pointerTo[T]](c *coder, num uint32, name string, p *I) {
	have, ok := any(*p).(P)
	if !ok {
		if !c.arrives(name) {
			return
		}
		have = P(made[T](c))
		if any(*p) != nil {
			c.displaced(num, have)
			return
		}
		*p = any(have).(I)
	}
	c.message(num, name, have)
}

// subs is a list of messages.
func subs[T any, P pointerTo[T]](c *coder, num uint32, name string, p *[]T) {
	if c.num == num || c.all {
		subsAt[T, P](c, num, name, p)
	}
}

func subsAt[T any, P pointerTo[T]](c *coder, num uint32, name string, p *[]T) {
	switch c.mode {
	case decoding:
		if *p == nil && c.wire == wireBytes {
			*p = listOf[T](c, c.run())
		}
		for c.num == num && c.wire == wireBytes && c.spend() {
			*p = append(*p, *new(T))
			c.sub(P(&(*p)[len(*p)-1]))
		}
	case jsonIn:
		for _, raw := range c.array(name) {
			*p = append(*p, *new(T))
			c.readObject(raw, P(&(*p)[len(*p)-1]))
		}
	case encoding:
		for i := range *p {
			c.put(num, P(&(*p)[i]))
		}
	case jsonOut:
		if len(*p) > 0 {
			c.key(name)
			c.out = append(c.out, '[')
			for i := range *p {
				c.comma('[')
				c.object(P(&(*p)[i]))
			}
			c.out = append(c.out, ']')
		}
	case walking:
		for i := range *p {
			c.walk(P(&(*p)[i]))
		}
	}
}

// displaced reads the field at hand as m, of a group of which another member
// was there first, and keeps it in canonical form: when written in ascending
// order it may come first the next time.
func (c *coder) displaced(num uint32, m Message) {
	if c.mode != decoding {
		return // JSON's order says nothing; the member counts as unknown
	}
	if c.sub(m); c.err == nil {
		e := coder{all: true, mode: encoding}
		e.put(num, m)
		c.keepTo.add(string(e.out))
		c.unknown++
	}
}

// A detailOf is one struct that serves several members of a group: kind says
// which one.
type detailOf[T any, K ~int32] interface {
	pointerTo[T]
	kind() *K
}

// variant is one member of a group whose members share one struct. If the
// wire has several, it is as with oneOf.
func variant[T any, K ~int32, P detailOf[T, K]](c *coder, num uint32, name string, detail P, this K) {
	if c.num != num && !c.all {
		return
	}
	if kind := detail.kind(); *kind != this {
		if !c.arrives(name) {
			return
		}
		if *kind != 0 {
			other := P(new(T))
			*other.kind() = this
			c.displaced(num, other)
			return
		}
		*kind = this
	}
	c.message(num, name, detail)
}
