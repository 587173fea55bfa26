package vcard

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"bakfs/signal"
	"bakfs/view/chat"
)

var update = flag.Bool("update", false, "write the golden file anew")

func cards() []byte {
	var b []byte
	for _, p := range []*chat.Person{
		{Key: "self", Self: true, Name: "Jana Novak", Given: "Jana", ACI: "11111111-2222-3333-4444-555555555555", Phone: "+4915100000142", Username: "jana.42"},
		{Key: "aci:1", Name: "Zoë Ångström; the, \\ one", Given: "Zoë", Contact: &signal.Contact{
			Nickname: &signal.PersonName{Given: "Zo"}, Note: "two\r\nlines\u2028three\x00\x1b", ProfileKey: signal.Some(signal.NewSecret("KEYKEYKEY")),
			IdentityKey: signal.Some(signal.Bytes("KEYKEYKEY")), KeyTransparencyData: signal.Some(signal.NewSecret("KEYKEYKEY"))}},
		{Key: "e164:+4930", Name: "+4930", Given: "+4930", Phone: "+4930"},
		{Key: "aci:2", Name: "שרה כהן 🚗 " + strings.Repeat("long ", 20) + strings.Repeat("ö", 50)},
		{},
	} {
		b = AppendPerson(b, p)
	}
	for _, c := range []*chat.ContactCard{
		{Name: "Dr. Tim Taxi", Card: &signal.ContactCard{
			Name:         &signal.CardName{GivenName: "Tim", FamilyName: "Taxi", Prefix: "Dr.", MiddleName: "T", Suffix: "jr.", Nickname: "Timmy"},
			Number:       []signal.CardPhone{{Value: "+49 30 901820", Type: signal.PhoneTypeWork}, {Value: "+49 30 1", Type: signal.PhoneTypeCustom, Label: "Boat\nX:1"}, {Value: "+49 30 2", Type: 99}, {}},
			Email:        []signal.CardEmail{{Value: "tim@example.org", Type: signal.EmailTypeHome}, {Value: "t@example.org", Label: "second"}},
			Address:      []signal.CardAddress{{Type: signal.AddressTypeHome, Street: "Weg 1", Neighborhood: "Mitte", City: "Berlin", Postcode: "10115", Country: "Germany"}, {Label: "empty"}, {Type: signal.AddressTypeCustom, Label: "boat", City: "Hamburg"}},
			Organization: "Taxi; Söhne", Note: "24 h", ACI: signal.ServiceID(strings.Repeat("\x11", 16)), Nickname: &signal.CardNickname{Given: "Ti", Family: "Ta"},
		}},
		{Card: &signal.ContactCard{Organization: "Only Inc."}},
		{Name: "Nobody"},
		{},
	} {
		b = AppendCard(b, c)
	}
	return b
}

func TestCards(t *testing.T) {
	got := cards()
	wellFormed(t, got)
	if bytes.Contains(got, []byte("KEY")) {
		t.Error("a key is in a card")
	}
	if *update {
		if err := os.WriteFile("testdata/cards.vcf", got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/cards.vcf")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("cards differ from testdata/cards.vcf:\n%s", got)
	}
	if !bytes.Equal(got, cards()) {
		t.Error("two renderings differ")
	}
}

// wellFormed checks what RFC 2426 wants of each line, and returns the lines
// unfolded.
func wellFormed(t *testing.T, b []byte) []string {
	t.Helper()
	var lines []string
	for _, l := range strings.SplitAfter(string(b), "\r\n") {
		if l == "" {
			continue
		}
		l, ok := strings.CutSuffix(l, "\r\n")
		if !ok || strings.ContainsAny(l, "\r\n\x00") {
			t.Fatalf("line end in %q", l)
		}
		if len(l) > maxLine || !utf8.ValidString(l) {
			t.Fatalf("%d bytes: %q", len(l), l)
		}
		if rest, ok := strings.CutPrefix(l, " "); ok {
			lines[len(lines)-1] += rest
			continue
		}
		lines = append(lines, l)
	}
	for _, l := range lines {
		if name, _, ok := strings.Cut(l, ":"); !ok || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-;=.") != "" {
			t.Fatalf("no property: %q", l)
		}
	}
	return lines
}

func FuzzCards(f *testing.F) {
	f.Add("Zoë", "a\r\nTEL:1", "x;y", "label")
	f.Add(strings.Repeat("ö", 40), "\xff\x00", " ", "\n ")
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		p := AppendPerson(nil, &chat.Person{Name: a, Given: b, Phone: c, Username: d, Contact: &signal.Contact{Note: a, SystemNickname: b}})
		card := AppendCard(nil, &chat.ContactCard{Name: a, Card: &signal.ContactCard{
			Name: &signal.CardName{GivenName: b, FamilyName: c}, Number: []signal.CardPhone{{Value: a, Label: d}}, Email: []signal.CardEmail{{Value: b, Label: c}},
			Address: []signal.CardAddress{{Street: c, Label: a}}, Organization: d, Note: b, ACI: signal.ServiceID(c)}})
		for _, got := range [][]byte{p, card} {
			lines := wellFormed(t, got)
			if lines[0] != "BEGIN:VCARD" || lines[1] != "VERSION:3.0" || !strings.HasPrefix(lines[2], "FN:") || !strings.HasPrefix(lines[3], "N:") || lines[len(lines)-1] != "END:VCARD" {
				t.Fatalf("%q", lines)
			}
			for _, l := range lines[1 : len(lines)-1] {
				if l == "END:VCARD" || l == "BEGIN:VCARD" {
					t.Fatalf("%q", lines)
				}
			}
		}
	})
}
