// Package vcard writes persons and contact cards as vCard 3.0 (RFC 2426), which
// address books everywhere read.
//
// What always holds: lines end in CR LF and have at most 75 bytes without it;
// folding never cuts a character; values cannot begin a line or a property. No
// key of a contact is written.
package vcard

import (
	"strings"
	"unicode/utf8"

	"bakfs/signal"
	"bakfs/view/chat"
)

// AppendPerson appends the card of somebody from the account's contacts.
func AppendPerson(b []byte, p *chat.Person) []byte {
	given, family := firstOf(p.Name, p.Phone, p.Username, "Unknown"), ""
	w := begin(b, given)
	if rest, ok := strings.CutPrefix(p.Name, p.Given+" "); ok && p.Given != "" {
		given, family = p.Given, rest
	}
	w.structured("N", family, given, "", "", "")
	if c := p.Contact; c != nil {
		w.value("NICKNAME", firstOf(nickname(c.Nickname, p.Name), c.SystemNickname))
	}
	if p.Phone != "" {
		w.value("TEL;TYPE=CELL", p.Phone)
	}
	if c := p.Contact; c != nil {
		w.value("NOTE", c.Note)
	}
	w.identity(p.ACI, p.Username)
	return w.finish()
}

// nickname returns the name that the owner gave somebody, unless that is what
// the card is called anyway.
func nickname(n *signal.PersonName, shown string) string {
	if n == nil {
		return ""
	}
	if s := strings.TrimSpace(n.Given + " " + n.Family); s != shown {
		return s
	}
	return ""
}

// AppendCard appends a card that was sent in a conversation.
func AppendCard(b []byte, card *chat.ContactCard) []byte {
	c := card.Card
	if c == nil {
		c = new(signal.ContactCard)
	}
	shown := firstOf(card.Name, c.Organization, "Unknown")
	w := begin(b, shown)
	n := c.Name
	if n == nil {
		n = new(signal.CardName)
	}
	if firstOf(n.GivenName, n.FamilyName, n.MiddleName) == "" {
		w.structured("N", "", shown, "", "", "")
	} else {
		w.structured("N", n.FamilyName, n.GivenName, n.MiddleName, n.Prefix, n.Suffix)
	}
	nick := n.Nickname
	if c.Nickname != nil {
		nick = firstOf(strings.TrimSpace(c.Nickname.Given+" "+c.Nickname.Family), nick)
	}
	w.value("NICKNAME", nick)
	w.value("ORG", c.Organization)
	for _, t := range c.Number {
		w.labelled("TEL", phoneTypes[t.Type], t.Label, t.Value)
	}
	for _, e := range c.Email {
		w.labelled("EMAIL", emailTypes[e.Type], e.Label, e.Value)
	}
	for _, a := range c.Address {
		w.address(a)
	}
	w.value("NOTE", c.Note)
	aci := ""
	if c.ACI.IsACI() {
		aci = c.ACI.String()
	}
	w.identity(aci, "")
	return w.finish()
}

var (
	phoneTypes = map[signal.PhoneType]string{signal.PhoneTypeHome: "HOME", signal.PhoneTypeMobile: "CELL", signal.PhoneTypeWork: "WORK"}
	emailTypes = map[signal.EmailType]string{signal.EmailTypeHome: "HOME", signal.EmailTypeMobile: "CELL", signal.EmailTypeWork: "WORK"}
	postTypes  = map[signal.AddressType]string{signal.AddressTypeHome: "HOME", signal.AddressTypeWork: "WORK"}
)

// A writer appends the lines of one card to b.
type writer struct {
	b      []byte
	groups int
}

func begin(b []byte, name string) *writer {
	w := &writer{b: b}
	w.put("BEGIN:VCARD")
	w.put("VERSION:3.0")
	w.value("FN", name)
	return w
}

func (w *writer) finish() []byte {
	w.put("END:VCARD")
	return w.b
}

func (w *writer) identity(aci, username string) {
	if aci != "" {
		w.value("UID", "urn:uuid:"+aci)
	}
	w.value("X-SIGNAL-ACI", aci)
	w.value("X-SIGNAL-USERNAME", username)
}

// value appends a property, unless it is empty.
func (w *writer) value(name, v string) {
	if v = escape(v); v != "" {
		w.put(name + ":" + v)
	}
}

func (w *writer) structured(name string, parts ...string) {
	for i := range parts {
		parts[i] = escape(parts[i])
	}
	w.put(name + ":" + strings.Join(parts, ";"))
}

// labelled appends a property with a type, or with a label in people's words.
func (w *writer) labelled(name, kind, label, v string) {
	if v == "" {
		return
	}
	w.value(w.typed(name, kind, label), v)
	w.label(kind, label)
}

func (w *writer) address(a signal.CardAddress) {
	kind := postTypes[a.Type]
	street := strings.TrimSpace(a.Street + "\n" + a.Neighborhood)
	if street+a.Pobox+a.City+a.Region+a.Postcode+a.Country == "" {
		return
	}
	w.structured(w.typed("ADR", kind, a.Label), a.Pobox, "", street, a.City, a.Region, a.Postcode, a.Country)
	w.label(kind, a.Label)
}

// typed returns the name of a property with its type, or in a group of its own
// where a label will follow.
func (w *writer) typed(name, kind, label string) string {
	switch {
	case kind != "":
		return name + ";TYPE=" + kind
	case escape(label) != "":
		w.groups++
		return w.group() + name
	}
	return name
}

func (w *writer) label(kind, label string) {
	if kind == "" && escape(label) != "" {
		w.value(w.group()+"X-ABLabel", label)
	}
}

func (w *writer) group() string {
	const digits = "0123456789"
	n, s := w.groups, ""
	for ; n > 0; n /= 10 {
		s = digits[n%10:n%10+1] + s
	}
	return "item" + s + "."
}

const maxLine = 75

// put appends a line, folded.
func (w *writer) put(s string) {
	room := maxLine
	for len(s) > room {
		n := room
		for !utf8.RuneStart(s[n]) {
			n--
		}
		w.b = append(append(w.b, s[:n]...), "\r\n "...)
		s, room = s[n:], maxLine-1
	}
	w.b = append(append(w.b, s...), "\r\n"...)
}

// escape returns a value as it stands in a line: without controls.
func escape(s string) string {
	s = strings.TrimSpace(strings.ToValidUTF8(s, "\uFFFD"))
	if strings.IndexFunc(s, special) < 0 {
		return s
	}
	var b strings.Builder
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n", "\u0085", "\n").Replace(s)
	for _, r := range s {
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteByte(' ')
		case r == '\\' || r == ';' || r == ',':
			b.WriteByte('\\')
			b.WriteRune(r)
		case !special(r):
			b.WriteRune(r)
		}
	}
	return strings.TrimSpace(b.String())
}

func special(r rune) bool {
	return r < ' ' || 0x7F <= r && r < 0xA0 || r == '\\' || r == ';' || r == ',' || r == 0x2028 || r == 0x2029
}

// firstOf returns the first of which something is left to be shown.
func firstOf(list ...string) string {
	for _, s := range list {
		if escape(s) != "" {
			return s
		}
	}
	return ""
}
