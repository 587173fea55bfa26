package signal

import "unsafe"

// A Decoder decodes the records of frames one by one, for who reads very many: what
// it makes refers to the record, which must not change any more, and shares its
// allocations with what it makes of other records, so an item keeps some of its
// neighbours in memory. The zero Decoder is ready. One goroutine uses it at a time.
type Decoder struct {
	coder coder
	slabs slabs
	frame Frame
}

// Item decodes a record and returns the item of its frame, nil if its kind is
// unknown. It is the caller's. The error wraps ErrBadRecord.
func (d *Decoder) Item(rec []byte) (FrameItem, error) {
	if len(rec) > MaxRecord {
		return nil, tooLong(rec)
	}
	d.frame = Frame{}
	d.coder.reads, d.coder.slabs = true, &d.slabs
	d.coder.decode(unsafe.String(unsafe.SliceData(rec), len(rec)), &d.frame)
	if d.coder.err != nil {
		return nil, d.coder.err
	}
	return d.frame.Item, nil
}

// A slab hands out zero values that one allocation has made many of.
type slab[T any] struct{ free []T }

// slabSize is how many values are made at once.
const slabSize = 32

func (s *slab[T]) one() *T {
	if len(s.free) == 0 {
		s.free = make([]T, slabSize)
	}
	p := &s.free[0]
	s.free = s.free[1:]
	return p
}

// room returns an empty list with room for n values.
func (s *slab[T]) room(n int) []T {
	if n > slabSize/2 {
		return make([]T, 0, n)
	}
	if len(s.free) < n {
		s.free = make([]T, slabSize)
	}
	list := s.free[:0:n]
	s.free = s.free[n:]
	return list
}

// slabs are those of the types that most messages have.
type slabs struct {
	items    slab[ChatItem]
	incoming slab[Incoming]
	outgoing slab[Outgoing]
	sent     slab[SendStatus]
	standard slab[StandardMessage]
	texts    slab[Text]
	reacted  slab[Reaction]
}

// slabOf returns the slab of a type; nil: it has none.
func slabOf[T any](c *coder) *slab[T] {
	if c.slabs == nil {
		return nil
	}
	var s any
	switch any((*T)(nil)).(type) {
	case *ChatItem:
		s = &c.slabs.items
	case *Incoming:
		s = &c.slabs.incoming
	case *Outgoing:
		s = &c.slabs.outgoing
	case *SendStatus:
		s = &c.slabs.sent
	case *StandardMessage:
		s = &c.slabs.standard
	case *Text:
		s = &c.slabs.texts
	case *Reaction:
		s = &c.slabs.reacted
	}
	own, _ := s.(*slab[T])
	return own
}

// made returns a new T.
func made[T any](c *coder) *T {
	if s := slabOf[T](c); s != nil {
		return s.one()
	}
	return new(T)
}

// listOf returns an empty list with room for n.
func listOf[T any](c *coder, n int) []T {
	if s := slabOf[T](c); s != nil {
		return s.room(n)
	}
	return make([]T, 0, n)
}
