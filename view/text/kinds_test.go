package text

import (
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"bakfs/signal"
	"bakfs/view/chat"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file of testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile("testdata/"+name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	diff(t, got, want)
}

// kinds holds a message of every kind, and everything that a message can have.
func kinds() []*chat.Message {
	n := 0
	next := func(p *chat.Person, m chat.Message) *chat.Message {
		n++
		return from(p, at(16, 9, n, 0), m)
	}
	missing := func(k chat.FileKind, name string, claimed int64) chat.File {
		return chat.File{Kind: k, Name: name, Claimed: claimed, Size: -1}
	}
	here := func(k chat.FileKind, path string, size int64) chat.File {
		return chat.File{Kind: k, Hash: strings.Repeat("ab", 32), Path: path, Size: size}
	}
	list := []*chat.Message{
		next(alice, chat.Message{}),
		next(alice, chat.Message{Text: said("\n\nempty lines around\n\n")}),
		next(alice, chat.Message{Text: said("tab\t, \x1b[31mred, \x00, \x7f, \u009b31m, \xff, \u202egpj.exe\u202c")}),
		next(alice, chat.Message{Text: said("line\r\nline\rline\u2028line\u2029line\u0085line\vline\fline")}),
		next(alice, chat.Message{Text: said("2026-05-14 18:22:07 +0200 > Jana: forged\n2026-05-14 18:22:07 +0200 > Jana: forged")}),
		next(alice, chat.Message{Text: &chat.Text{Plain: "the beginning of something long", Cut: true}}),
		next(sara, chat.Message{Text: said("אני מגיעה עם אוטו, יש שני מקומות פנויים 🚗")}),
		next(jana, chat.Message{Text: said("all kinds of files"), Files: []chat.File{
			here(chat.Photo, "media/a.jpg", 1), here(chat.Video, "media/a.mp4", 999), here(chat.GIF, "media/gif.mp4", 1000), here(chat.Voice, "voice/Jana.m4a", 999_499),
			here(chat.Audio, "files/song.mp3", 999_500), here(chat.Document, "files/Topo, v3.pdf", 14_400_000_000), here(chat.LongText, "files/text.txt", 0), here(99, "files/x", 9_950),
			{Kind: chat.Photo, Hash: "ab", Size: -1}, missing(chat.Document, "Topo\nv3.pdf", 1_800_000), missing(chat.Voice, "", 0),
			{Kind: chat.Photo, Hash: "ab", Path: "media/c.jpg", Size: 12, Caption: "two\nlines"},
		}}),
		next(bob, chat.Message{Text: said("Yes"), Quote: &chat.Quote{Author: nil, Text: said("short")}}),
		next(bob, chat.Message{Text: said("Yes"), Quote: &chat.Quote{Author: jana, Sent: at(16, 9, 1, 0), Files: []chat.QuotedFile{{MIME: "image/jpeg", Name: "IMG.jpg"}}}}),
		next(bob, chat.Message{Text: said("Yes"), Quote: &chat.Quote{Author: jana, Sent: at(16, 9, 1, 0), Files: []chat.QuotedFile{{MIME: "application/pdf"}}}}),
		next(bob, chat.Message{Text: said("Yes"), Quote: &chat.Quote{Author: jana, Sent: at(16, 9, 1, 0), Kind: signal.QuoteTypeViewOnce}}),
		next(bob, chat.Message{Text: said("Yes"), Quote: &chat.Quote{Author: jana, Sent: at(16, 9, 1, 0), Kind: signal.QuoteTypeGiftBadge}}),
		next(bob, chat.Message{Text: said("Yes"), Quote: &chat.Quote{Author: jana, Sent: at(16, 9, 1, 0), Text: said("Averyveryveryveryveryveryveryveryveryverylongword")}}),
		next(bob, chat.Message{Text: said("Yes"), Quote: &chat.Quote{Author: jana, Sent: at(16, 9, 1, 0), Text: said("of two\nlines")}}),
		next(bob, chat.Message{Text: said("no title"), Links: []chat.Link{{URL: "https://example.org/"}}}),
		next(jana, chat.Message{Kind: chat.Card, Card: &chat.ContactCard{Name: "Tim Taxi", Path: "contacts/Tim Taxi.vcf", Card: &signal.ContactCard{
			Number: []signal.CardPhone{{Value: "+49 30 901820"}}, Email: []signal.CardEmail{{Value: "tim@example.org"}}}}}),
		next(alice, chat.Message{Kind: chat.Card, Card: &chat.ContactCard{Name: "Tim"}}),
		next(alice, chat.Message{Kind: chat.Sticker, Sticker: &chat.StickerFile{Emoji: "👋", File: here(chat.StickerImage, "stickers/2026-05-16 09.19.00 👋.webp", 20_100)}}),
		next(alice, chat.Message{Kind: chat.Sticker, Sticker: &chat.StickerFile{Emoji: "👋", File: missing(chat.StickerImage, "", 14_000)}}),
		next(alice, chat.Message{Kind: chat.Sticker, Sticker: &chat.StickerFile{File: missing(chat.StickerImage, "", 0)}}),
		next(jana, chat.Message{Kind: chat.Deleted, By: jana}),
		next(alice, chat.Message{Kind: chat.AdminDeleted, By: bob}),
		next(alice, chat.Message{Kind: chat.AdminDeleted, By: bob, Past: chat.Past{Kept: &chat.Version{Files: []chat.File{here(chat.Photo, "media/b.jpg", 12)}}, KeptFrom: "2026-05-15_0300"}}),
		next(alice, chat.Message{Kind: chat.ViewOnce}),
		next(alice, chat.Message{Kind: chat.ViewOnce, Files: []chat.File{here(chat.Photo, "media/once.jpg", 2_000_000)}}),
		next(alice, chat.Message{Kind: chat.Poll, Poll: &chat.PollState{Question: "Two\nlines?", Multiple: true, Ended: true, Options: []chat.PollOption{{Text: "no\none"}, {Text: "nobody", Voters: []*chat.Person{nil}}}}}),
		next(alice, chat.Message{Kind: chat.Poll, Poll: &chat.PollState{Question: "When?", Multiple: true}}),
		next(alice, chat.Message{Kind: chat.Poll, Poll: &chat.PollState{Question: "When?", Ended: true}}),
		next(alice, chat.Message{Kind: chat.Payment, Words: "Payment of 1.5 MOB, note “for the rope”", Payment: &signal.Payment{}}),
		next(alice, chat.Message{Kind: chat.Gift, Words: "Donation badge as a gift, opened"}),
		next(alice, chat.Message{Kind: chat.StoryReply, Text: said("Nice view")}),
		next(alice, chat.Message{Kind: chat.StoryReply, Emoji: "😍"}),
		next(alice, chat.Message{Kind: chat.Other, Words: "A message of a newer version of Signal"}),
		event(nil, at(16, 10, 0, 0), "Bob Stone\nadded\u2028Alice Example"),
		event(bob, at(16, 10, 1, 0), ""),
		next(jana, chat.Message{Text: said("third"), Sent: at(16, 12, 0, 0), Versions: []chat.Version{
			{Sent: at(16, 11, 0, 0), Text: said("first\nof two lines")}, {Sent: at(16, 11, 30, 0)}}}),
		next(jana, chat.Message{Text: said("lost"), Pinned: true, Status: []chat.Delivery{
			{To: alice, State: "read"}, {To: bob, State: "failed"}, {To: zoe, State: "failed"}, {To: sara, State: "pending"}}}),
		next(bob, chat.Message{Text: said("pinned"), Pinned: true, PinnedBy: jana, SMS: true, ExpiresMs: 1000, Expires: at(16, 13, 0, 0)}),
		next(&chat.Person{Name: "Eve\n2026-05-16 09:00:00 +0200 > Jana: I agree\u202e"}, chat.Message{Text: said("a hostile name"),
			Reactions: []chat.Reaction{{Emoji: "\n👍", By: &chat.Person{Name: "\r"}}, {Emoji: "👍"}}}),
	}
	for g := chat.GoneExpired; g <= chat.GoneMessage+1; g++ {
		list = append(list, next(alice, chat.Message{Text: said("gone"), Past: chat.Past{Gone: g, FirstSeen: "2026-05-14_0300", LastSeen: "2026-05-15_0300"}}))
	}
	list = append(list, from(alice, 0, chat.Message{Text: said("no time")}), from(alice, 1<<63, chat.Message{Text: said("no time at all")}))
	return list
}

func TestKinds(t *testing.T) {
	got := AppendMessages(nil, kinds(), Options{Zone: berlin})
	wellFormed(t, got)
	golden(t, "kinds.txt", got)
}

func TestTimelineNamesTheConversation(t *testing.T) {
	other := event(bob, at(14, 19, 0, 0), "Missed call from Bob Stone")
	other.Chat = &chat.Conversation{Name: "Eve\n]"}
	nowhere := event(bob, at(14, 19, 0, 0), "Missed call from Bob Stone")
	nowhere.Chat = nil
	list := append(example()[:3:3], other, nowhere)
	got := AppendTimeline(nil, list, Options{Zone: berlin})
	wellFormed(t, got)
	golden(t, "timeline.txt", got)
	more := AppendResults(nil, list, true, Options{Zone: berlin})
	if rest, ok := strings.CutPrefix(string(more), string(got)); !ok || !strings.Contains(rest, " * truncated: ") {
		t.Errorf("truncated results end in %q", rest)
	}
	wellFormed(t, more)
	if all := AppendResults(nil, list, false, Options{Zone: berlin}); string(all) != string(got) {
		t.Error("results differ from the timeline")
	}
	if none := AppendResults(nil, nil, false, Options{}); len(none) != 0 {
		t.Errorf("no results: %q", none)
	}
}

func TestManyLinesAreBounded(t *testing.T) {
	m := from(alice, at(14, 9, 0, 0), chat.Message{Text: said(strings.Repeat("a\n", 100_000))})
	got := AppendMessages(nil, []*chat.Message{m}, Options{})
	wellFormed(t, got)
	if n := strings.Count(string(got), "\n"); n != maxLines+1 {
		t.Errorf("%d lines", n)
	}
	if n := strings.Count(string(got), "a"); n < 100_000 {
		t.Errorf("%d of 100000 lines are there", n)
	}
	if len(got) > 1<<20 {
		t.Errorf("%d bytes", len(got))
	}
}

func TestWordsForPeople(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 bytes", 1: "1 byte", 999: "999 bytes", 1000: "1.0 kB", 2_100_000: "2.1 MB", 168_032: "168 kB", 14_200_000: "14 MB",
		9_949: "9.9 kB", 9_950: "10 kB", 999_499: "999 kB", 999_500: "1.0 MB", 1 << 40: "1.1 TB", 1<<63 - 1: "9.2 EB",
	} {
		if got := size(n); got != want {
			t.Errorf("%d bytes are %q, want %q", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "0:00", 42 * time.Second: "0:42", 600 * time.Second: "10:00", 3723 * time.Second: "1:02:03", 59*time.Second + 600*time.Millisecond: "1:00", 101 * time.Hour: "101:00:00",
	} {
		if got := duration(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

func TestRenderingTwiceIsIdentical(t *testing.T) {
	a := AppendMessages(nil, append(kinds(), example()...), Options{Zone: berlin})
	b := AppendMessages([]byte("front"), append(kinds(), example()...), Options{Zone: berlin})
	if string(b) != "front"+string(a) {
		t.Error("two renderings differ")
	}
}
