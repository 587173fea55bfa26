package history

import (
	"fmt"
	"strings"
	"testing"
	"unsafe"

	"bakfs/signal"
	"bakfs/view/chat"
)

const limitTime = signal.Millis(1_780_000_000_000)

// limitFrames are the records of a backup in which Bob, whose name is as given, wrote.
func limitFrames(name string, items ...*signal.ChatItem) [][]byte {
	list := [][]byte{nil}
	frame := func(item signal.FrameItem) { list = append(list, signal.Append(nil, &signal.Frame{Item: item})) }
	frame(&signal.Recipient{ID: 1, Destination: &signal.Self{}})
	frame(&signal.Recipient{ID: 2, Destination: &signal.Contact{ACI: signal.Some(signal.ServiceID(strings.Repeat("b", 16))), ProfileGivenName: signal.Some(name)}})
	frame(&signal.Chat{ID: 1, RecipientID: 2})
	for _, item := range items {
		frame(item)
	}
	return list
}

func limitItems(n int, body func(i int) signal.Body) (list []*signal.ChatItem) {
	for i := range n {
		list = append(list, &signal.ChatItem{ChatID: 1, AuthorID: 2, DateSent: limitTime + signal.Millis(i), Incoming: &signal.Incoming{}, Body: body(i)})
	}
	return list
}

// onlyMonth returns the messages of the one month of the one conversation that there is.
func onlyMonth(t *testing.T, h *History) []*chat.Message {
	t.Helper()
	all := messages(t, h)
	if len(all) != 1 {
		t.Fatalf("%d conversations", len(all))
	}
	for _, list := range all {
		return list
	}
	return nil
}

func TestOfTooManyMessagesTheRestIsCounted(t *testing.T) {
	short := func(int) signal.Body { return &signal.StandardMessage{Text: &signal.Text{Body: "short"}} }
	old := store(t, ownACI, limitTime.Time(), limitFrames("Bob", limitItems(180, short)...), nil)
	now := store(t, ownACI, limitTime.Time(), limitFrames("Bob", limitItems(150, short)...), nil)
	for _, c := range []struct {
		backups []Backup
		limit   int
		rest    string
	}{
		{[]Backup{{Label: "new", Time: limitTime.Time(), FS: now}}, 100, "50 more"},
		{[]Backup{{Label: "new", Time: limitTime.Time(), FS: now}}, 150, ""},
		{[]Backup{{Label: "old", Time: limitTime.Time(), FS: old}, {Label: "new", Time: limitTime.Time(), FS: now}}, 100, "80 more"},
		{[]Backup{{Label: "old", Time: limitTime.Time(), FS: old}, {Label: "new", Time: limitTime.Time(), FS: now}}, 160, "20 more"},
		{[]Backup{{Label: "old", Time: limitTime.Time(), FS: old}, {Label: "new", Time: limitTime.Time(), FS: now}}, 180, ""},
	} {
		h := New(c.backups, Options{})
		h.limits.messages = c.limit
		list := onlyMonth(t, h)
		for i, m := range list[:c.limit] {
			if m.Event != "" || m.First != limitTime+signal.Millis(i) {
				t.Fatalf("%d of %d is %q at %d", i, c.limit, m.Event, m.First)
			}
		}
		switch rest := list[c.limit:]; {
		case c.rest == "" && len(rest) > 0:
			t.Errorf("%d: %d messages", c.limit, len(list))
		case c.rest != "" && (len(rest) != 1 || rest[0].Event != NotShown || rest[0].Dir != chat.Event || !strings.Contains(rest[0].Words, c.rest)):
			t.Errorf("%d: after the messages %+v, want one event of %s", c.limit, rest, c.rest)
		}
	}
}

// What refers to a long name, or makes many lines, costs what views make of it.
func TestMessagesThatGrowLeaveRoomForFewer(t *testing.T) {
	name := strings.Repeat("N", 1024)
	text := func(s string) *signal.StandardMessage { return &signal.StandardMessage{Text: &signal.Text{Body: s}} }
	const limit = 8 << 20
	for what, body := range map[string]func(int) signal.Body{
		"reactions": func(int) signal.Body {
			m := text("x")
			m.Reactions = make([]signal.Reaction, 500)
			for i := range m.Reactions {
				m.Reactions[i].AuthorID = 2
			}
			return m
		},
		"votes": func(int) signal.Body {
			o := signal.PollOption{Votes: make([]signal.PollVote, 500)}
			for i := range o.Votes {
				o.Votes[i].VoterID = 2
			}
			return &signal.Poll{Options: []signal.PollOption{o}}
		},
		"lines": func(int) signal.Body { return text("x" + strings.Repeat("\nx", 900)) },
	} {
		old := store(t, ownACI, limitTime.Time(), limitFrames(name, limitItems(100, body)...), nil)
		h := New([]Backup{{Label: "one", Time: limitTime.Time(), FS: old}}, Options{})
		h.limits.cost = limit
		list := onlyMonth(t, h)
		if last := list[len(list)-1]; last.Event != NotShown || len(list) < 3 || len(list) > 20 {
			t.Errorf("%s: %d messages, the last is %q", what, len(list), last.Words)
		}
	}
}

// Many messages may have one long text: it is in memory once, and shown until there is
// no more room; then the file beside has it.
func TestLongTextsOfAMonthHaveABound(t *testing.T) {
	content := []byte(strings.Repeat("long text ", 1000))
	pointer := &signal.FilePointer{ContentType: signal.Some("text/x-signal-plain"),
		Locator: &signal.Locator{PlaintextHash: signal.Some(signal.Bytes(sumString(content)))}}
	one := signal.StandardMessage{Text: &signal.Text{Body: "long"}, LongText: pointer}
	items := limitItems(40, func(int) signal.Body { return &one })
	for _, item := range items {
		item.Revisions = []signal.ChatItem{{ChatID: 1, AuthorID: 2, DateSent: item.DateSent, Incoming: &signal.Incoming{}, Body: &one}}
		item.DateSent += 1000
	}
	tr := store(t, ownACI, limitTime.Time(), limitFrames("Bob", items...), map[string][]byte{fmt.Sprintf("%x", sum(content)): content})
	h := New([]Backup{{Label: "one", Time: limitTime.Time(), FS: tr}}, Options{})
	h.limits.long = 25 * int64(len(content))
	whole, places := 0, map[*byte]bool{}
	for _, m := range onlyMonth(t, h) {
		for _, text := range []*chat.Text{m.Text, m.Versions[0].Text} {
			switch {
			case !text.Cut && text.Plain == string(content):
				whole++
				places[unsafe.StringData(text.Plain)] = true
			case !text.Cut || text.Plain != "long" || text.Long.Size != int64(len(content)):
				t.Fatalf("%+v", text)
			}
		}
		if m.Text.Cut && m.Text.Long.Path == "" {
			t.Error("the file of a text that is cut is not among those of the conversation")
		}
	}
	if whole != 25 || len(places) != 1 {
		t.Errorf("%d whole texts, %d copies in memory", whole, len(places))
	}
}
