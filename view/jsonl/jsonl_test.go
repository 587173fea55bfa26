package jsonl

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"bakfs/signal"
	"bakfs/view/chat"
)

var update = flag.Bool("update", false, "write the golden file anew")

var (
	jana   = &chat.Person{Key: "self", Self: true, Name: "Jana Novak", Given: "Jana"}
	alice  = &chat.Person{Key: "aci:1", Name: "Alice Example", Given: "Alice"}
	club   = &chat.Conversation{Key: "group:1", Form: chat.Group, Name: "Climbing Club 🧗"}
	berlin = time.FixedZone("CEST", 2*3600)
)

const sent signal.Millis = 1778775727412

// all holds messages of every kind, with every key somewhere.
func all() []*chat.Message {
	photo := chat.File{Kind: chat.Photo, Path: "media/2026-05-14 18.22.07 IMG_2041.jpg", Name: "IMG_2041.jpg", MIME: "image/jpeg", Sniff: "image/jpeg", Size: 2201933,
		Hash: strings.Repeat("ab", 32), Width: 4000, Height: 3000, Caption: "view", Blur: "LEHV6nWB2yk8"}
	gone := chat.File{Kind: chat.Voice, MIME: "audio/aac", Long: 42 * time.Second, Claimed: 168000, Size: -1}
	text := &chat.Text{Plain: "🧗 @Alice Example “bold”", Cut: true, Spans: []chat.Span{{Start: 5, End: 19, Mention: alice}, {Start: 20, End: 30, Style: signal.StyleBold}}}
	preview := chat.Link{URL: "https://example.org/", Title: "T", Description: "D", Date: 5, Image: &chat.File{Kind: chat.Thumbnail, Path: "web/thumb/1.jpg", Size: 7}}
	secret := signal.Some(signal.NewSecret("SECRET"))
	list := []*chat.Message{
		{Kind: chat.Standard, Dir: chat.Out, Author: jana, Text: text, Files: []chat.File{photo, gone}, Links: []chat.Link{preview}, Got: sent + 1, SMS: true, Sent: sent + 60_000,
			Quote:     &chat.Quote{Author: alice, Sent: sent - 1, Kind: signal.QuoteTypeNormal, Text: &chat.Text{Plain: "q"}, Files: []chat.QuotedFile{{Name: "a.jpg", MIME: "image/jpeg"}}},
			Reactions: []chat.Reaction{{Emoji: "👍", By: alice, Sent: sent + 5}},
			Versions:  []chat.Version{{Sent: sent, Text: &chat.Text{Plain: "before\n\"it\"\t\u2028\\\x00\x7f"}, Files: []chat.File{photo}}},
			Status:    []chat.Delivery{{To: alice, State: "read", Time: sent + 9}, {State: "failed"}}, Pinned: true, PinnedBy: alice, ExpiresMs: 1000, Expires: sent + 1000,
			Past: chat.Past{FirstSeen: "2026-05-15_0300", LastSeen: "2026-05-31_0300", Gone: chat.GoneExpired}},
		{Kind: chat.Card, Dir: chat.In, Author: alice, Card: &chat.ContactCard{Name: "Tim", Path: "contacts/Tim.vcf", Avatar: &photo, Card: &signal.ContactCard{
			Number: []signal.CardPhone{{Value: "+49", Type: signal.PhoneTypeMobile, Label: "l"}}, Email: []signal.CardEmail{{Value: "t@example.org"}}, Organization: "O", Note: "N", ACI: signal.ServiceID(strings.Repeat("\x11", 16)),
			Address: []signal.CardAddress{{Street: "S", City: "C", Country: "D"}}}}},
		{Kind: chat.Sticker, Dir: chat.In, Author: alice, Sticker: &chat.StickerFile{Emoji: "👋", File: chat.File{Kind: chat.StickerImage, Path: "stickers/a.webp", Size: 5}}},
		{Kind: chat.Deleted, Dir: chat.In, Author: alice, By: alice, Past: chat.Past{Kept: &chat.Version{Text: &chat.Text{Plain: "kept"}, Links: []chat.Link{preview}}, KeptFrom: "2026-05-15_0300"}},
		{Kind: chat.AdminDeleted, Dir: chat.In, Author: alice, By: jana},
		{Kind: chat.ViewOnce, Dir: chat.In, Author: alice},
		{Kind: chat.Poll, Dir: chat.In, Author: alice, Poll: &chat.PollState{Question: "Q", Multiple: true, Ended: true, Options: []chat.PollOption{{Text: "a", Voters: []*chat.Person{jana, alice}}, {Text: "b"}}}},
		{Kind: chat.Payment, Dir: chat.In, Author: alice, Words: "Payment of 1.5 MOB", Payment: &signal.Payment{AmountMOB: signal.Some("1.5"), FeeMOB: signal.Some("0.1"), Note: signal.Some("n"),
			TransactionDetails: &signal.PaymentDetails{Transaction: &signal.Transaction{Status: signal.PaymentStatusSuccessful, Transaction: secret, Receipt: secret}}}},
		{Kind: chat.Payment, Dir: chat.In, Author: alice, Payment: &signal.Payment{TransactionDetails: &signal.PaymentDetails{FailedTransaction: &signal.FailedTransaction{}}}},
		{Kind: chat.Gift, Dir: chat.In, Author: alice, Words: "Donation badge as a gift"},
		{Kind: chat.StoryReply, Dir: chat.In, Author: alice, Emoji: "😍"},
		{Kind: chat.Update, Dir: chat.Event, Event: "groupCall", Words: "Missed group call from Alice Example",
			Call: &chat.CallState{Group: true, Video: true, Missed: true, State: "missed", Started: sent, Ended: sent + 42_000, By: alice}},
		{Kind: chat.Update, Dir: chat.Event, Author: alice, Event: "individualCall", Words: "Outgoing voice call", Call: &chat.CallState{Out: true, State: "accepted"}},
		{Kind: chat.Other, Dir: chat.In, Author: alice, Words: "A message of a newer version"},
		{Kind: 99, Dir: 99, First: 1 << 63, Past: chat.Past{Gone: 99}},
		{},
	}
	for i, m := range list {
		m.ID, m.Chat = strings.Repeat("0", 15)+string("0123456789abcdef"[i]), club
		if m.First == 0 {
			m.First = sent
		}
	}
	return list
}

func options() Options { return Options{Zone: berlin} }

func TestSchema(t *testing.T) {
	got := Append(nil, all(), options())
	if *update {
		if err := os.WriteFile("testdata/all.jsonl", got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/all.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("differs from testdata/all.jsonl:\n%s", got)
	}
	wellFormed(t, got)
	if bytes.Contains(got, []byte("SECRET")) {
		t.Error("a secret is in the output")
	}
	if again := Append([]byte("\n"), all(), options()); string(again) != "\n"+string(got) {
		t.Error("two renderings differ")
	}
}

// TestSchemaOfTheDesign compares with the line that shows programs what to expect.
func TestSchemaOfTheDesign(t *testing.T) {
	var m map[string]any
	line, _, _ := bytes.Cut(Append(nil, all(), options()), []byte("\n"))
	if err := json.Unmarshal(line, &m); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{"v": 1.0, "chat": "Climbing Club 🧗", "t": 1778775727412.0, "time": "2026-05-14T18:22:07.412+02:00", "dir": "out", "from": "Jana Novak", "kind": "text"} {
		if m[key] != want {
			t.Errorf("%s is %v, want %v", key, m[key], want)
		}
	}
	ranges := m["ranges"].([]any)
	for i, want := range [][2]float64{{3, 14}, {18, 6}} {
		r := ranges[i].(map[string]any)
		if r["start"] != want[0] || r["length"] != want[1] {
			t.Errorf("range %d is %v, want %v", i, r, want)
		}
	}
}

// TestDocumented sees that each key stands in the package's documentation, and
// in its order.
func TestDocumented(t *testing.T) {
	source, err := os.ReadFile("jsonl.go")
	if err != nil {
		t.Fatal(err)
	}
	doc, _, _ := strings.Cut(string(source), "\npackage jsonl")
	words := regexp.MustCompile(`[a-z_0-9]+`).FindAllString(doc[strings.Index(doc, "//	v "):], -1)
	place := map[string]int{}
	for i, w := range words {
		if _, ok := place[w]; !ok {
			place[w] = i
		}
	}
	for _, l := range bytes.Split(bytes.TrimSpace(Append(nil, all(), options())), []byte("\n")) {
		var m map[string]json.RawMessage
		if err := json.Unmarshal(l, &m); err != nil {
			t.Fatal(err)
		}
		for key := range m {
			if _, ok := place[key]; !ok {
				t.Errorf("%s is not documented", key)
			}
		}
	}
}

// wellFormed fails the test if a line is not one object in valid UTF-8 without
// a key that stands twice.
func wellFormed(t *testing.T, b []byte) {
	t.Helper()
	if !utf8.Valid(b) {
		t.Fatal("not UTF-8")
	}
	for l := range bytes.SplitSeq(bytes.TrimSuffix(b, []byte("\n")), []byte("\n")) {
		if bytes.ContainsFunc(l, func(r rune) bool { return r < ' ' || r == 0x7F || r == 0x2028 || r == 0x85 }) {
			t.Fatalf("a control in %q", l)
		}
		d := json.NewDecoder(bytes.NewReader(l))
		if tok, err := d.Token(); err != nil || tok != json.Delim('{') {
			t.Fatalf("%v: %v in %s", tok, err, l)
		}
		object(t, d)
		if _, err := d.Token(); err != io.EOF {
			t.Fatalf("more than an object in %s", l)
		}
	}
}

// object reads an object to its end.
func object(t *testing.T, d *json.Decoder) {
	keys := map[any]bool{}
	for d.More() {
		key, err := d.Token()
		if err != nil || keys[key] {
			t.Fatalf("key %v: %v", key, err)
		}
		keys[key] = true
		value(t, d)
	}
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
}

func value(t *testing.T, d *json.Decoder) {
	tok, err := d.Token()
	if err != nil {
		t.Fatal(err)
	}
	switch tok {
	case json.Delim('{'):
		object(t, d)
	case json.Delim('['):
		for d.More() {
			value(t, d)
		}
		if _, err := d.Token(); err != nil {
			t.Fatal(err)
		}
	}
}

func FuzzStrings(f *testing.F) {
	f.Add("a\"\\\n\u2028", "\xff\x00\x7f\u009f", uint64(1), 3, 9)
	f.Fuzz(func(t *testing.T, a, b string, when uint64, start, end int) {
		ms := signal.Millis(when)
		p := &chat.Person{Key: a, Name: b}
		file := chat.File{Name: a, Path: b, MIME: a, Sniff: b, Hash: a, Caption: b, Size: int64(when), Claimed: int64(when)}
		m := &chat.Message{ID: a, Chat: &chat.Conversation{Key: a, Name: b}, Author: p, First: ms, Sent: ms, Got: ms, Words: a, Emoji: b, Event: a,
			Text:  &chat.Text{Plain: a, Spans: []chat.Span{{Start: start, End: end}, {Start: end, End: start, Mention: p}}},
			Files: []chat.File{file}, Poll: &chat.PollState{Question: a, Options: []chat.PollOption{{Text: b, Voters: []*chat.Person{p, nil}}}}}
		got := Append(nil, []*chat.Message{m}, Options{})
		wellFormed(t, got)
		var back struct {
			Words string
			T     uint64
		}
		if err := json.Unmarshal(got, &back); err != nil {
			t.Fatal(err)
		}
		// Bytes that are not UTF-8 and controls of old character sets are all that is lost.
		if want := strings.ToValidUTF8(a, ""); utf8.ValidString(a) && back.Words != want {
			t.Fatalf("%q came back as %q", a, back.Words)
		}
	})
}

func TestUnits(t *testing.T) {
	s := strings.Repeat("a”🧗", 1000)
	c := newCounter(s)
	for i := range s {
		n := int64(0)
		for _, r := range s[:i] {
			n++
			if r > 0xFFFF {
				n++
			}
		}
		if got := c.at(i); got != n {
			t.Fatalf("byte %d is unit %d, want %d", i, got, n)
		}
	}
	if c.at(-5) != 0 || c.at(1<<30) != 4000 {
		t.Error("offsets beyond the text")
	}
}

func BenchmarkAppend(b *testing.B) {
	m := *all()[0]
	m.Versions, m.Status, m.Links, m.Files = nil, m.Status[:1], nil, nil
	list := make([]*chat.Message, 10_000)
	for i := range list {
		list[i] = &m
	}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = Append(buf[:0], list, Options{Zone: berlin})
	}
	b.SetBytes(int64(len(buf)))
}
