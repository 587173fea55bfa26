package text

import (
	"bytes"
	"os"
	"testing"
	"time"

	"bakfs/signal"
	"bakfs/view/chat"
)

var (
	jana  = &chat.Person{Key: "self", Self: true, Name: "Jana Novak", Given: "Jana"}
	alice = &chat.Person{Key: "aci:1", Name: "Alice Example", Given: "Alice"}
	bob   = &chat.Person{Key: "aci:2", Name: "Bob Stone", Given: "Bob"}
	zoe   = &chat.Person{Key: "aci:3", Name: "Zoë Ångström", Given: "Zoë"}
	sara  = &chat.Person{Key: "aci:4", Name: "שרה כהן", Given: "שרה"}
	club  = &chat.Conversation{Key: "group:1", Form: chat.Group, Name: "Climbing Club 🧗"}
)

// berlin is where the example is read, without the machine's zone files.
var berlin = time.FixedZone("CEST", 2*3600)

func at(day, hour, minute, second int) signal.Millis {
	return signal.Millis(time.Date(2026, 5, day, hour, minute, second, 412e6, berlin).UnixMilli())
}

func said(s string) *chat.Text { return &chat.Text{Plain: s} }

func from(p *chat.Person, t signal.Millis, m chat.Message) *chat.Message {
	m.Chat, m.Author, m.First, m.Sent = club, p, t, max(m.Sent, t)
	if m.Dir == 0 {
		if m.Dir = chat.In; p == jana {
			m.Dir = chat.Out
		}
	}
	if m.Kind == 0 {
		m.Kind = chat.Standard
	}
	return &m
}

func event(p *chat.Person, t signal.Millis, words string) *chat.Message {
	return from(p, t, chat.Message{Kind: chat.Update, Dir: chat.Event, Words: words})
}

func example() []*chat.Message {
	photo := func(n string, size int64) chat.File {
		return chat.File{Kind: chat.Photo, Hash: "1", Size: size, Path: "media/2026-05-14 18.22.11 " + n}
	}
	return []*chat.Message{
		event(bob, at(14, 9, 12, 40), "Bob Stone changed the group name to “Climbing Club 🧗”"),
		from(alice, at(14, 18, 22, 7), chat.Message{
			Text:      said("Who’s in for Saturday? Weather looks perfect, start at the north wall"),
			Reactions: []chat.Reaction{{Emoji: "👍", By: jana}, {Emoji: "👍", By: bob}, {Emoji: "🔥", By: zoe}},
		}),
		from(alice, at(14, 18, 22, 11), chat.Message{
			Text:  said("last week’s view 😍"),
			Files: []chat.File{photo("IMG_2041.jpg", 2_101_933), photo("IMG_2042.jpg", 1_701_002)},
		}),
		from(jana, at(14, 18, 23, 10), chat.Message{
			Sent:     at(14, 18, 25, 2),
			Text:     said("I’m in! @Bob Stone can you bring the 60 m rope?"),
			Quote:    &chat.Quote{Author: alice, Sent: at(14, 18, 22, 7), Text: said("Who’s in for Saturday? Weather looks perfect, start at the north wall")},
			Versions: []chat.Version{{Sent: at(14, 18, 23, 10), Text: said("I’m in! @Bob Stone can you bring the rope?")}},
		}),
		from(bob, at(14, 18, 31, 40), chat.Message{
			Files: []chat.File{{Kind: chat.Voice, Hash: "2", Size: 168_032, Long: 42 * time.Second, Path: "voice/2026-05-14 18.31.40 Bob Stone.m4a"}},
		}),
		from(zoe, at(14, 18, 56, 40), chat.Message{
			Text:  said("Route and parking are here: https://example.org/north-wall"),
			Links: []chat.Link{{URL: "https://example.org/north-wall", Title: "North Wall – topo, parking, rules"}},
		}),
		event(bob, at(14, 19, 10, 0), "Missed group call from Bob Stone"),
		from(bob, at(14, 19, 15, 0), chat.Message{Kind: chat.Poll, Poll: &chat.PollState{
			Question: "When do we meet?",
			Options:  []chat.PollOption{{Text: "07:30", Voters: []*chat.Person{zoe}}, {Text: "08:30", Voters: []*chat.Person{alice, bob, jana, sara}}},
		}}),
		from(zoe, at(15, 7, 26, 40), chat.Message{Kind: chat.Deleted, By: zoe, Past: chat.Past{
			Kept:     &chat.Version{Text: said("New flat! Ring at “Möller”, 3rd floor.")},
			KeptFrom: "2026-05-15_0300", KeptTime: at(15, 3, 0, 0),
		}}),
		from(alice, at(15, 7, 43, 20), chat.Message{Kind: chat.Deleted, By: alice}),
		from(bob, at(15, 8, 0, 0), chat.Message{Files: []chat.File{{Kind: chat.Video, Claimed: 14_200_000, Size: -1}}}),
		from(jana, at(15, 8, 33, 20), chat.Message{
			Text: said("Meet at 08:30 at the station. Packing list:\n– rope, 12 quickdraws\n– helmet\n– water, sun cream"),
		}),
	}
}

// TestExample compares with the file that shows people how month files look.
func TestExample(t *testing.T) {
	want, err := os.ReadFile("testdata/example-2026-05.txt")
	if err != nil {
		t.Fatal(err)
	}
	got := AppendMessages(nil, example(), Options{Zone: berlin})
	diff(t, got, want)
}

func diff(t *testing.T, got, want []byte) {
	t.Helper()
	a, b := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	for i := range max(len(a), len(b)) {
		var x, y []byte
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if !bytes.Equal(x, y) {
			t.Fatalf("line %d\n got %q\nwant %q", i+1, x, y)
		}
	}
}
