package page

import (
	"strings"
	"testing"

	"bakfs/view/chat"
)

// turning are characters that make a text look like another.
const turning = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\u200b\u2060\ufeff\u00ad"

func TestNamesCannotDisguiseThemselves(t *testing.T) {
	bad := "invoice \u202egpj.exe\u202c" + turning
	p := &chat.Person{Key: "aci:1", Name: bad}
	c := &chat.Conversation{Key: "aci:1", Form: chat.Direct, Name: bad, Person: p, Description: bad}
	m := &chat.Message{
		ID: "1", Chat: c, Author: p, Kind: chat.Standard, Dir: chat.In, First: 1778774400000, Sent: 1778774400000,
		Text:  &chat.Text{Plain: "body"},
		Quote: &chat.Quote{Author: p, Sent: 1, Text: &chat.Text{Plain: "x"}},
		Files: []chat.File{{Kind: chat.Document, Name: bad, Caption: bad, Size: -1}, {Kind: chat.Document, Name: bad, Path: "files/a.bin", Size: 3}},
		Links: []chat.Link{{URL: "https://example.org/", Title: bad, Description: bad}}, Reactions: []chat.Reaction{{Emoji: "👍", By: p}},
	}
	e := &chat.Message{ID: "2", Chat: c, Author: p, Kind: chat.Update, Dir: chat.Event, First: 1778774400001, Sent: 1778774400001, Words: bad + " left"}
	entry := &Entry{Chat: c, Folder: "x", Formerly: []string{bad}}
	for name, page := range map[string]interface {
		Append([]byte) ([]byte, error)
	}{
		"month":    &Month{Chat: c, Part: Part{Year: 2026, Month: 5, Number: 1}, Messages: []*chat.Message{m, e}, Footer: Footer{Account: bad}},
		"overview": &Overview{Chat: c, Formerly: []string{bad}},
		"account":  &Account{Name: bad, Entries: []*Entry{entry}, Folders: []ChatFolder{{Name: bad}}},
		"results":  &Results{Query: bad, Hits: []Hit{{Message: m, Entry: entry}}},
		"no":       &Results{Query: bad, Problem: bad},
	} {
		b, err := page.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		if i := strings.IndexAny(string(b), turning); i >= 0 {
			t.Errorf("%s: %q", name, b[max(0, i-60):i+20])
		}
	}
}

func TestNamesKeepWhatTheyAreWrittenWith(t *testing.T) {
	for _, s := range []string{"👩\u200d👧", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "می\u200cخواهم", "שלום", "Zoë"} {
		if got := clean(s); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
}

func TestBodiesAreIsolated(t *testing.T) {
	m := &chat.Message{Kind: chat.Standard, Dir: chat.In, First: 1778774400000, Text: &chat.Text{Plain: "a \u202eb"}}
	b, err := (&Month{Part: Part{Year: 2026, Month: 5, Number: 1}, Messages: []*chat.Message{m}}).Append(nil)
	if err != nil || !strings.Contains(string(b), "<p dir=\"auto\">a \u202eb</p>") {
		t.Errorf("%v: %s", err, b)
	}
}
