package view

import (
	"html"
	"path"
	"strings"
	"testing"
	"time"

	"bakfs/signal"
	"bakfs/view/history"
)

func TestAboutTellsWhatIsShown(t *testing.T) {
	for _, expired := range []bool{false, true} {
		for _, hide := range []bool{false, true} {
			h := history.New(smallBackups(t), history.Options{Zone: berlin, ShowExpired: expired, HideDeleted: hide})
			about := readAll(t, Account(h, Options{Zone: berlin, Expired: expired, HideDeleted: hide}), "about.txt")
			word := map[bool]string{true: "shown", false: "hidden"}
			for _, line := range []string{"messages whose timer ran out: " + word[expired], "messages deleted since: " + word[!hide], "time zone: " + berlin.String()} {
				if !strings.Contains(string(about), "\n"+line) {
					t.Errorf("expired %v, hide %v: no line %q in\n%s", expired, hide, line, about)
				}
			}
		}
	}
}

func TestWhatIsNoSearchSaysWhy(t *testing.T) {
	fsys := smallAccount(t)
	for _, file := range []string{"results.txt", "results.html"} {
		if got := string(readAll(t, fsys, "search/is:bogus/"+file)); !strings.Contains(got, "This is not a search: is: knows") {
			t.Errorf("%s: %s", file, got)
		}
	}
}

func TestPagesNameTheirAccount(t *testing.T) {
	h := smallHistory(t, 4)
	who, err := h.Account(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fsys := Account(h, Options{Zone: berlin})
	for p, b := range files(t, fsys, "chats/Note to Self/web") {
		if path.Ext(p) == ".html" && !strings.Contains(string(b), "<dt>Account</dt><dd><bdi>"+html.EscapeString(who.Person.Name)) {
			t.Errorf("%s does not name the account", p)
		}
	}
}

// How long a voice message is stands in all formats.
func TestVoiceMessagesSayHowLongTheyAre(t *testing.T) {
	at := time.Date(2026, 5, 14, 18, 31, 40, 0, time.UTC)
	b := newMade(at.AddDate(0, 0, 1))
	var voice []byte
	for range 1809 {
		voice = append(append(voice, 0xff, 0xf1, 4<<2, 0, 46, 0x9f, 0xfc), make([]byte, 365)...) // ADTS, 1024 samples of 44,100 Hz
	}
	b.attach(b.say(signal.Millis(at.UnixMilli()), ""), "audio/aac", voice, signal.AttachmentFlagVoiceMessage)
	fsys := Account(history.New(keep(t, b), history.Options{}), Options{})
	for file, want := range map[string]string{
		"text/Alice/2026-05.txt":       " + voice message: voice/2026-05-14 18.31.40 Alice.aac (0:42, 673 kB)\n",
		"chats/Alice/json/2026.jsonl":  `"length":42004`,
		"chats/Alice/web/2026-05.html": ` aria-label="Voice message from Alice, 0:42"`,
		"timeline/2026/2026-05-14.txt": "(0:42, 673 kB)",
		"search/has:voice/results.txt": "(0:42, 673 kB)",
	} {
		if got := readAll(t, fsys, file); !strings.Contains(got, want) {
			t.Errorf("%s has no %q: %s", file, want, got[max(0, len(got)-600):])
		}
	}
}
