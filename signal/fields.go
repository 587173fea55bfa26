package signal

// The field functions: one for each type of field, all of the same form. Each
// is called for every field of a message and returns at once if, while
// decoding, the wire is at another one; that test is apart so that it is
// inlined. What they do with a single value in each mode is in scalars.go.
// Only the reading modes write to the model, so that many may write it out at
// the same time.

func number[T ~uint64](c *coder, num uint32, name string, p *T) {
	if c.num == num || c.all {
		numberAt(c, num, name, p)
	}
}

func numberAt[T ~uint64](c *coder, num uint32, name string, p *T) {
	if v, _ := c.number(num, name, uint64(*p), *p != 0); c.reads {
		*p = T(v)
	}
}

func optNumber[T ~uint64](c *coder, num uint32, name string, p *Opt[T]) {
	if c.num == num || c.all {
		optNumberAt(c, num, name, p)
	}
}

func optNumberAt[T ~uint64](c *coder, num uint32, name string, p *Opt[T]) {
	if v, ok := c.number(num, name, uint64(p.V), p.Ok); c.reads {
		p.V, p.Ok = T(v), ok
	}
}

func number32(c *coder, num uint32, name string, p *uint32) {
	if c.num == num || c.all {
		number32At(c, num, name, p)
	}
}

func number32At(c *coder, num uint32, name string, p *uint32) {
	if v, _ := c.number32(num, name, *p, *p != 0); c.reads {
		*p = v
	}
}

func optNumber32(c *coder, num uint32, name string, p *Opt[uint32]) {
	if c.num == num || c.all {
		optNumber32At(c, num, name, p)
	}
}

func optNumber32At(c *coder, num uint32, name string, p *Opt[uint32]) {
	if v, ok := c.number32(num, name, p.V, p.Ok); c.reads {
		p.V, p.Ok = v, ok
	}
}

func fixed(c *coder, num uint32, name string, p *uint32) {
	if c.num == num || c.all {
		fixedAt(c, num, name, p)
	}
}

func fixedAt(c *coder, num uint32, name string, p *uint32) {
	if v, _ := c.fixed(num, name, *p, *p != 0); c.reads {
		*p = v
	}
}

func optFixed(c *coder, num uint32, name string, p *Opt[uint32]) {
	if c.num == num || c.all {
		optFixedAt(c, num, name, p)
	}
}

func optFixedAt(c *coder, num uint32, name string, p *Opt[uint32]) {
	if v, ok := c.fixed(num, name, p.V, p.Ok); c.reads {
		p.V, p.Ok = v, ok
	}
}

func flag(c *coder, num uint32, name string, p *bool) {
	if c.num == num || c.all {
		flagAt(c, num, name, p)
	}
}

func flagAt(c *coder, num uint32, name string, p *bool) {
	if v, _ := c.flag(num, name, *p, *p); c.reads {
		*p = v
	}
}

func optFlag(c *coder, num uint32, name string, p *Opt[bool]) {
	if c.num == num || c.all {
		optFlagAt(c, num, name, p)
	}
}

func optFlagAt(c *coder, num uint32, name string, p *Opt[bool]) {
	if v, ok := c.flag(num, name, p.V, p.Ok); c.reads {
		p.V, p.Ok = v, ok
	}
}

func text[T ~string](c *coder, num uint32, name string, p *T) {
	if c.num == num || c.all {
		textAt(c, num, name, p)
	}
}

func textAt[T ~string](c *coder, num uint32, name string, p *T) {
	if v, _ := c.text(num, name, string(*p), *p != ""); c.reads {
		*p = T(v)
	}
}

func optText[T ~string](c *coder, num uint32, name string, p *Opt[T]) {
	if c.num == num || c.all {
		optTextAt(c, num, name, p)
	}
}

func optTextAt[T ~string](c *coder, num uint32, name string, p *Opt[T]) {
	if v, ok := c.text(num, name, string(p.V), p.Ok); c.reads {
		p.V, p.Ok = T(v), ok
	}
}

func blob[T ~string](c *coder, num uint32, name string, p *T) {
	if c.num == num || c.all {
		blobAt(c, num, name, p)
	}
}

func blobAt[T ~string](c *coder, num uint32, name string, p *T) {
	if v, _ := c.blob(num, name, string(*p), *p != ""); c.reads {
		*p = T(v)
	} else if c.id != nil {
		c.seeID(*p)
	}
}

func optBlob[T ~string](c *coder, num uint32, name string, p *Opt[T]) {
	if c.num == num || c.all {
		optBlobAt(c, num, name, p)
	}
}

func optBlobAt[T ~string](c *coder, num uint32, name string, p *Opt[T]) {
	if v, ok := c.blob(num, name, string(p.V), p.Ok); c.reads {
		p.V, p.Ok = T(v), ok
	} else if c.id != nil {
		c.seeID(p.V)
	}
}

func enum[T ~int32](c *coder, num uint32, name string, p *T, names []string) {
	if c.num == num || c.all {
		enumAt(c, num, name, p, names)
	}
}

func enumAt[T ~int32](c *coder, num uint32, name string, p *T, names []string) {
	if v, _ := c.enum(num, name, int32(*p), *p != 0, names); c.reads {
		*p = T(v)
	}
}

func optEnum[T ~int32](c *coder, num uint32, name string, p *Opt[T], names []string) {
	if c.num == num || c.all {
		optEnumAt(c, num, name, p, names)
	}
}

func optEnumAt[T ~int32](c *coder, num uint32, name string, p *Opt[T], names []string) {
	if v, ok := c.enum(num, name, int32(p.V), p.Ok, names); c.reads {
		p.V, p.Ok = T(v), ok
	}
}

// secret and secretText are bytes and text that must not be printed.
func secret(c *coder, num uint32, name string, p *Secret) {
	if c.num == num || c.all {
		if v, _ := c.blob(num, name, p.Reveal(), !p.Empty()); c.reads {
			*p = NewSecret(v)
		}
	}
}

func optSecret(c *coder, num uint32, name string, p *Opt[Secret]) {
	if c.num == num || c.all {
		if v, ok := c.blob(num, name, p.V.Reveal(), p.Ok); c.reads {
			p.V, p.Ok = NewSecret(v), ok
		}
	}
}

func secretText(c *coder, num uint32, name string, p *Secret) {
	if c.num == num || c.all {
		if v, _ := c.text(num, name, p.Reveal(), !p.Empty()); c.reads {
			*p = NewSecret(v)
		}
	}
}

func optSecretText(c *coder, num uint32, name string, p *Opt[Secret]) {
	if c.num == num || c.all {
		if v, ok := c.text(num, name, p.V.Reveal(), p.Ok); c.reads {
			p.V, p.Ok = NewSecret(v), ok
		}
	}
}

// impliedBlob is a field that has no presence on the wire, kept in an Opt
// because a sister field has: there is a value if it is not empty.
func impliedBlob[T ~string](c *coder, num uint32, name string, p *Opt[T]) {
	if c.num == num || c.all {
		if blobAt(c, num, name, &p.V); c.reads {
			p.Ok = p.V != ""
		}
	}
}

// seeID shows a walker of ids what may be one.
func (c *coder) seeID(v any) {
	if id, ok := v.(ServiceID); ok && id != "" {
		c.id(id)
	}
}
