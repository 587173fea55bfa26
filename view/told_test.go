package view

import (
	"crypto/sha256"
	"fmt"
	"html"
	iofs "io/fs"
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

// A page says which backup it comes from: the one since which its month is as it is, so
// that it stays the same file when another backup comes.
func TestPagesNameTheirSource(t *testing.T) {
	march, april := signal.Millis(time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC).UnixMilli()), signal.Millis(time.Date(2026, 4, 9, 12, 0, 0, 0, time.UTC).UnixMilli())
	first, second := newMade(time.Date(2026, 4, 10, 3, 0, 0, 0, time.UTC)), newMade(time.Date(2026, 4, 20, 3, 0, 0, 0, time.UTC))
	for _, b := range []*made{first, second} {
		b.say(march, "in March")
		b.say(april, "in April")
	}
	second.say(april+86400_000, "later in April")
	backups := keep(t, first, second)
	fsys := Account(history.New(backups, history.Options{}), Options{})
	old := Account(history.New(backups[:1], history.Options{}), Options{})
	for page, want := range map[string]string{
		"chats/Alice/web/2026-03.html": "signal-backup-2026-04-10-03-00-00", "chats/Alice/web/2026-04.html": "signal-backup-2026-04-20-03-00-00", "index.html": "signal-backup-2026-04-20-03-00-00",
	} {
		if got := readAll(t, fsys, page); !strings.Contains(got, "<dt>Source</dt><dd><bdi>"+want+"</bdi>, id ") {
			t.Errorf("%s does not name %s: %s", page, want, got[strings.Index(got, "<footer>"):])
		}
	}
	if got := readAll(t, fsys, "index.html"); !strings.Contains(got, "3 messages in the newest backup") {
		t.Error("the start page does not say how many messages there are")
	}
	if got := readAll(t, old, "chats/Alice/web/2026-04.html"); !strings.Contains(got, "<dt>Source</dt><dd><bdi>signal-backup-2026-04-10-03-00-00</bdi>, id ") {
		t.Error("the page of one backup does not name it")
	}
}

func TestDamageInWords(t *testing.T) {
	chats := map[string]string{"0f": "Alice"}
	for file, want := range map[string]string{
		"chats": "which conversations there are", "chats/0f": "the messages of Alice", "chats/0f/2026-05": "2026-05 of Alice", "chats/0f/2026-05.2": "part 2 of 2026-05 of Alice",
		"chats/00/2026-05": "2026-05 of a conversation", "media/12/1234": "a photo or other file", "frames": "who the persons and groups are", "envelope": "what the backup says of itself",
		"avatars": "which pictures persons and groups have", "timers": "which messages disappear",
	} {
		if got := damagedPart(file, chats); got != want {
			t.Errorf("%s: %s", file, got)
		}
	}
}

// Files say where they come from, wherever they stand.
func TestFilesSayWhereTheyComeFrom(t *testing.T) {
	at := time.Date(2026, 5, 14, 18, 31, 40, 0, time.UTC)
	b := newMade(at.AddDate(0, 0, 1))
	content := []byte("\xff\xd8\xff\xe0 a photo")
	b.attach(b.say(signal.Millis(at.UnixMilli()), ""), "image/jpeg", content, 0)
	fsys := Account(history.New(keep(t, b), history.Options{}), Options{})
	for _, name := range []string{"chats/Alice/media/2026-05-14 18.31.40 photo.jpg", "media/2026/2026-05/2026-05-14 18.31.40 Alice - photo.jpg"} {
		x, err := fsys.(interface {
			Xattrs(string) (map[string][]byte, error)
		}).Xattrs(name)
		want := fmt.Sprintf("%x", sha256.Sum256(content))
		if err != nil || string(x["user.bakfs.chat"]) != "Alice" || string(x["user.bakfs.sender"]) != "Alice" || string(x["user.bakfs.sha256"]) != want ||
			!strings.Contains(readAll(t, fsys, "chats/Alice/json/2026.jsonl"), `"id":"`+string(x["user.bakfs.message"])+`"`) {
			t.Errorf("%s: %q, %v", name, x, err)
		}
		info, err := iofs.Stat(fsys, name)
		if err != nil || !info.(interface{ HasXattrs() bool }).HasXattrs() {
			t.Errorf("%s does not say that it has attributes: %v", name, err)
		}
	}
}
