package page

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"bakfs/view/chat"
)

var update = flag.Bool("update", false, "write the golden pages anew")

// A page is any of the pages.
type anyPage interface {
	Append([]byte) ([]byte, error)
}

// others returns an account's conversations besides the club.
func entries() []*Entry {
	day := time.Date(2026, 5, 31, 3, 0, 0, 0, berlin)
	return []*Entry{
		{Chat: club, Folder: "Climbing Club 🧗", Last: day, Newest: "2026-05.html", Count: 1214, Avatar: "avatar.jpg", Formerly: []string{"Climbers"}},
		{Chat: &chat.Conversation{Key: alice.Key, Form: chat.Direct, Name: "Alice Example", Person: alice, Muted: true}, Folder: "Alice Example", Last: day.AddDate(0, -1, 0), Count: 1},
		{Chat: &chat.Conversation{Key: "self", Form: chat.NoteToSelf, Name: "Note to Self", Person: jana, Pinned: 2}, Folder: "Note to Self", Count: 0},
		{Chat: &chat.Conversation{Key: sara.Key, Form: chat.Direct, Name: sara.Name, Person: sara, Archived: true}, Folder: "שרה כהן", Last: day.AddDate(-1, 0, 0), Count: 12},
		{Chat: &chat.Conversation{Key: "release", Form: chat.ReleaseNotes, Name: "Signal"}, Folder: "Signal", Count: 3},
		{Chat: &chat.Conversation{Key: zoe.Key, Name: ""}, Folder: "50% off #1", Count: 3, Gone: true},
	}
}

// pages returns one page of each sort.
func pages() map[string]anyPage {
	m, es := may(), entries()
	var hits []Hit
	for _, i := range []int{0, 1, 9, 14} {
		hits = append(hits, Hit{Message: m.Messages[i], Entry: es[0], Page: "2026-05.html"})
	}
	hits = append(hits, Hit{Message: m.Messages[len(m.Messages)-2], Entry: es[1]})
	return map[string]anyPage{
		"month": m,
		"empty": &Month{Chat: es[1].Chat, Part: Part{2026, time.May, 2, 0}},
		"overview": &Overview{
			Chat: club, Parts: m.Parts, Formerly: []string{"Climbers"}, Zone: berlin, Folders: m.Folders, Footer: m.Footer,
		},
		"year":    &Overview{Chat: es[1].Chat, Year: 2026, Parts: m.Parts, Zone: berlin},
		"gallery": &Gallery{Chat: club, Year: 2026, Number: 2, Of: 3, Years: []int{2024, 2026}, Avatar: "avatar.png", Messages: m.Messages, Zone: berlin, Footer: m.Footer},
		"account": &Account{
			Name: "Jana Novak", Phone: "+49 151 ••• 0142", Messages: 1233, Entries: es, Zone: berlin, Footer: m.Footer,
			Folders: []ChatFolder{{Name: "Sport", Entries: es[:1]}, {}},
			Links:   []string{"text", "media", "timeline", "contacts", "calls.txt", "deleted", "search", "about.txt"},
		},
		"results": &Results{
			Query: `wall "north"`, Hits: hits, Truncated: true, Zone: berlin, Footer: m.Footer,
			Mark: func(s string) [][2]int {
				if i := bytes.Index([]byte(s), []byte("wall")); i >= 0 {
					return [][2]int{{i, i + 4}}
				}
				return nil
			},
		},
	}
}

func TestGoldenPages(t *testing.T) {
	for name, p := range pages() {
		t.Run(name, func(t *testing.T) {
			got, err := p.Append(nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, err := range check(got) {
				t.Error(err)
			}
			got = bytes.Replace(got, []byte(source("sheet.css")), []byte("@SHEET@"), 1)
			file := filepath.Join("testdata", name+".html")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("differs from %s in line %q", file, firstDifference(got, want))
			}
		})
	}
}

func firstDifference(a, b []byte) []byte {
	want := bytes.Split(b, []byte("\n"))
	for i, line := range bytes.Split(a, []byte("\n")) {
		if i >= len(want) || !bytes.Equal(line, want[i]) {
			return line
		}
	}
	return nil
}

func TestPagesAreTheSameTwice(t *testing.T) {
	first, second := pages(), pages()
	for name, p := range first {
		a, err := p.Append([]byte("before"))
		if err != nil {
			t.Fatal(err)
		}
		b, err := second[name].Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		if want := slices.Concat([]byte("before"), b); !bytes.Equal(a, want) {
			t.Errorf("%s: two pages of one struct differ", name)
		}
	}
}
