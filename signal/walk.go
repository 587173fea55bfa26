package signal

// walk visits m and all messages inside it, outer ones first.
func (c *coder) walk(m Message) {
	if c.visit != nil {
		c.visit(m)
	}
	m.fields(c)
}

// Files calls f for every file that m points to: attachments, thumbnails,
// stickers, previews, avatars, long texts, wallpapers, those of earlier
// versions too, in the order of the format. f may change them.
func Files(m Message, f func(*FilePointer)) {
	c := coder{all: true, mode: walking, visit: func(m Message) {
		if p, ok := m.(*FilePointer); ok {
			f(p)
		}
	}}
	c.walk(m)
}

// ServiceIDs calls f for every id of an account in m. PNIs are among them.
func ServiceIDs(m Message, f func(ServiceID)) {
	c := coder{all: true, mode: walking, id: f}
	c.walk(m)
}

// UnknownFields returns how many fields of m, at any depth, this package does
// not know: they were written by a newer app.
func UnknownFields(m Message) int {
	c := coder{all: true, mode: walking}
	c.walk(m)
	return c.unknown
}
