package page

import (
	"html/template"
	"strings"

	"bakfs/signal"
	"bakfs/view/chat"
)

// A card is a contact card as it is shown.
type card struct {
	Href  template.URL
	Name  string
	Lines []cardLine
}

// A cardLine is one fact of a card.
type cardLine struct {
	Label, Text string
	Href        template.URL
}

func newCard(c *chat.ContactCard) *card {
	if c == nil {
		return &card{Name: "Contact"}
	}
	out := &card{Href: fileURL("../", c.Path), Name: clean(c.Name)}
	if out.Name == "" {
		out.Name = "Contact"
	}
	if c.Card != nil {
		out.add(c.Card)
	}
	return out
}

func (c *card) add(s *signal.ContactCard) {
	for i := range s.Number {
		n := &s.Number[i]
		c.line(or(n.Label, "Phone"), n.Value, telURL(n.Value))
	}
	for i := range s.Email {
		m := &s.Email[i]
		c.line(or(m.Label, "E-mail"), m.Value, mailURL(m.Value))
	}
	for i := range s.Address {
		a := &s.Address[i]
		parts := []string{}
		for _, p := range []string{a.Street, a.Pobox, a.Neighborhood, a.Postcode, a.City, a.Region, a.Country} {
			if p != "" {
				parts = append(parts, p)
			}
		}
		c.line(or(a.Label, "Address"), strings.Join(parts, ", "), "")
	}
	c.line("Organization", s.Organization, "")
	c.line("Note", s.Note, "")
}

func (c *card) line(label, text string, href template.URL) {
	if text != "" && len(c.Lines) < 4*maxNames {
		c.Lines = append(c.Lines, cardLine{clean(label), clean(text), href})
	}
}

func or(s, other string) string {
	if s != "" {
		return s
	}
	return other
}
