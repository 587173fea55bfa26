package page

import (
	"time"

	"bakfs/signal"
	"bakfs/view/chat"
)

// berlin is a zone that needs no database of zones: the tests' summer.
var berlin = time.FixedZone("Europe/Berlin", 2*3600)

// The persons of the tests.
var (
	jana  = &chat.Person{Key: "self", Self: true, Name: "Jana Novak", Given: "Jana", Phone: "+4915100000142"}
	alice = &chat.Person{Key: "aci:00000000-0000-4000-8000-00000000000a", Name: "Alice Example", Given: "Alice"}
	bob   = &chat.Person{Key: "aci:00000000-0000-4000-8000-00000000000b", Name: "Bob Stone", Given: "Bob"}
	zoe   = &chat.Person{Key: "aci:00000000-0000-4000-8000-00000000000c", Name: "Zoë Ångström", Given: "Zoë"}
	sara  = &chat.Person{Key: "aci:00000000-0000-4000-8000-00000000000d", Name: "שרה כהן", Given: "שרה"}
)

// club is the conversation of the tests.
var club = &chat.Conversation{
	Key: "group:00112233445566778899aabbccddeeff", Form: chat.Group, Name: "Climbing Club 🧗",
	Members:     []chat.Member{{Person: jana, Admin: true}, {Person: alice}, {Person: bob, Admin: true}, {Person: zoe}, {Person: sara}},
	Description: "Tuesdays at the wall,\nSaturdays outside", TimerMs: 7 * 86400_000, Pinned: 1,
}

// A script makes messages, each a while after the one before.
type script struct {
	now  signal.Millis
	made []*chat.Message
}

func newScript() *script {
	return &script{now: signal.Millis(time.Date(2026, 5, 14, 18, 22, 7, 412e6, berlin).UnixMilli())}
}

// add adds a message by from, seconds after the one before.
func (s *script) add(from *chat.Person, seconds int, m chat.Message) *chat.Message {
	s.now += signal.Millis(seconds) * 1000
	m.Chat, m.Author, m.First, m.Sent = club, from, s.now, s.now
	if m.Dir = chat.In; from == nil {
		m.Dir = chat.Event
	} else if from.Self {
		m.Dir = chat.Out
	}
	if m.Kind == 0 {
		m.Kind = chat.Standard
	}
	s.made = append(s.made, &m)
	return &m
}

func plain(s string) *chat.Text { return &chat.Text{Plain: s} }

// hash is the hash of some file that a backup has.
const hash = "5e0c91b744d2000000000000000000000000000000000000000000000000beef"

func photo(path string) chat.File {
	return chat.File{Kind: chat.Photo, Name: "IMG_2041.jpg", MIME: "image/jpeg", Sniff: "image/jpeg", Hash: hash, Size: 2201933, Width: 640, Height: 320, Path: path}
}

// kinds returns a message of every kind that people know.
func kinds() []*chat.Message {
	s := newScript()
	kindsText(s)
	kindsFiles(s)
	kindsSpecial(s)
	kindsPast(s)
	kindsEvents(s)
	return s.made
}

func kindsText(s *script) {
	first := "Who’s in for Saturday? Weather looks perfect, start at the north wall, gate code is 4711"
	m := s.add(alice, 0, chat.Message{Text: &chat.Text{Plain: first, Spans: []chat.Span{
		{Start: 39, End: 46, Style: signal.StyleBold}, {Start: 61, End: 71, Style: signal.StyleItalic}, {Start: 86, End: 90, Style: signal.StyleSpoiler},
	}}})
	m.Reactions = []chat.Reaction{{Emoji: "🔥", By: zoe}, {Emoji: "👍", By: jana}, {Emoji: "👍", By: bob}}
	answer := "I’m in! @Bob Stone can you bring the 60 m rope? Not the old one."
	s.add(jana, 63, chat.Message{
		Text: &chat.Text{Plain: answer, Spans: []chat.Span{
			{Start: 10, End: 20, Mention: bob}, {Start: 39, End: 43, Style: signal.StyleMonospace}, {Start: 50, End: 66, Style: signal.StyleStrikethrough},
		}},
		Quote:    &chat.Quote{Author: alice, Sent: m.Sent, Text: m.Text},
		Versions: []chat.Version{{Sent: s.now + 60000, Text: plain("I’m in! @Bob Stone can you bring the rope?")}},
		Status: []chat.Delivery{
			{To: alice, State: "read", Time: s.now + 90000}, {To: bob, State: "delivered", Time: s.now + 86400_000}, {To: zoe, State: "sent"},
		},
		Pinned: true, PinnedBy: bob,
	}).Sent += 175_000
	s.add(sara, 40, chat.Message{Text: plain("אני מגיעה עם אוטו, יש שני מקומות פנויים 🚗")})
	s.add(jana, 30, chat.Message{Text: plain("🎉🧗‍♀️🇩🇪"), Status: []chat.Delivery{{To: alice, State: "viewed"}, {To: bob, State: "read"}}})
	s.add(zoe, 30, chat.Message{
		Text: plain("Route and parking are here: https://example.org/north-wall?a=1&b=2. (And http://example.com/x_(y))"),
		Links: []chat.Link{{
			URL: "https://example.org/north-wall", Title: "North Wall – topo, parking, rules", Description: "Twelve routes from 4a to 7b.",
			Image: &chat.File{Kind: chat.Thumbnail, Sniff: "image/jpeg", Size: 900, Path: "media/preview.jpg", Width: 1200, Height: 400},
		}, {URL: "ftp://example.org/", Title: "Not a link"}},
	})
	s.add(bob, 30, chat.Message{Text: &chat.Text{Plain: "The beginning of a very long text", Cut: true, Long: &chat.File{Kind: chat.LongText, Path: "files/long.txt", Size: 70000}}})
	s.add(bob, 5, chat.Message{Text: plain("over SMS"), SMS: true, ExpiresMs: 3600_000, Quote: &chat.Quote{
		Author: jana, Sent: 1776000000000, Kind: signal.QuoteTypeNormal,
		Files: []chat.QuotedFile{{MIME: "image/png", Thumbnail: &chat.File{Kind: chat.Thumbnail, Sniff: "image/png", Size: 80, Path: "media/thumb.png", Width: 150, Height: 100}}},
	}})
	s.add(bob, 2000, chat.Message{Text: plain("and to nothing"), Quote: &chat.Quote{Author: nil, Text: plain("no longer there"), Kind: signal.QuoteTypePoll}})
	s.add(jana, 5, chat.Message{Text: plain("did not go out"), Status: []chat.Delivery{{To: alice, State: "failed"}, {To: bob, State: "pending"}}})
}

func kindsFiles(s *script) {
	s.add(alice, 40, chat.Message{Text: plain("last week’s view 😍"), Files: []chat.File{
		photo("media/2026-05-14 18.22.11-1 IMG_2041.jpg"), photo("media/2026-05-14 18.22.11-2 50% off #1?.jpg"), photo("media/2026-05-14 18.22.11-3 ü.jpg"),
	}})
	s.add(alice, 10, chat.Message{Files: []chat.File{photo("media/one.jpg")}})
	s.add(bob, 10, chat.Message{Files: []chat.File{{Kind: chat.Voice, MIME: "audio/aac", Sniff: "audio/mp4", Hash: hash, Size: 90000, Long: 42 * time.Second, Path: "voice/2026-05-14 18.31.40 Bob Stone.m4a"}}})
	s.add(bob, 10, chat.Message{Files: []chat.File{
		{Kind: chat.Video, Name: "summit.mp4", Sniff: "video/mp4", Hash: hash, Size: 14_000_000, Width: 1080, Height: 1920, Path: "media/summit.mp4", Blur: "LEHV6nWB2yk8pyo0adR*.7kCMdnj"},
		{Kind: chat.GIF, Sniff: "video/mp4", Hash: hash, Size: 400_000, Path: "media/gif.mp4"},
		{Kind: chat.Document, Name: "Topo Nordwand v3.pdf", Sniff: "application/pdf", Hash: hash, Size: 1_800_000, Path: "files/2026-05-14 18.31.51 Topo Nordwand v3.pdf", Caption: "new version"},
		{Kind: chat.Document, Name: "page.html", Sniff: "text/html", Hash: hash, Size: 180, Path: "files/page.html"},
		{Kind: chat.Photo, Name: "drawing.svg", MIME: "image/svg+xml", Hash: hash, Size: 180, Path: "files/drawing.svg"},
		{Kind: chat.Audio, Name: "song.mp3", Sniff: "audio/mpeg", Hash: hash, Size: 3_000_000, Path: "files/song.mp3"},
	}})
	s.add(bob, 5000, chat.Message{Files: []chat.File{
		{Kind: chat.Video, MIME: "video/mp4", Claimed: 14_000_000, Size: -1, Width: 320, Height: 180, Blur: "LEHV6nWB2yk8pyo0adR*.7kCMdnj"},
		{Kind: chat.Photo, MIME: "image/jpeg", Hash: hash, Claimed: 999, Size: -1},
	}})
}

func kindsSpecial(s *script) {
	s.add(jana, 900, chat.Message{Kind: chat.Card, Card: &chat.ContactCard{Name: "Tim Taxi", Path: "contacts/Tim Taxi.vcf", Card: &signal.ContactCard{
		Number: []signal.CardPhone{{Value: "+49 30 901820"}}, Email: []signal.CardEmail{{Value: "tim@example.org", Label: "work"}},
		Address: []signal.CardAddress{{Street: "Hauptstr. 1", City: "Berlin"}}, Organization: "Taxi Tim",
	}}})
	s.add(sara, 100, chat.Message{Kind: chat.Sticker, Sticker: &chat.StickerFile{Emoji: "👋", File: chat.File{Kind: chat.StickerImage, Sniff: "image/webp", Size: 20000, Hash: hash, Path: "stickers/2026-05-15 08.16.40 👋.webp"}}})
	s.add(sara, 100, chat.Message{Kind: chat.Sticker, Sticker: &chat.StickerFile{File: chat.File{Kind: chat.StickerImage, Size: -1}}})
	s.add(alice, 100, chat.Message{Kind: chat.Deleted})
	s.add(alice, 100, chat.Message{Kind: chat.AdminDeleted, By: bob})
	s.add(alice, 100, chat.Message{Kind: chat.ViewOnce})
	s.add(alice, 100, chat.Message{Kind: chat.ViewOnce, Files: []chat.File{photo("media/once.jpg")}})
	s.add(bob, 100, chat.Message{Kind: chat.Poll, Poll: &chat.PollState{Question: "When do we meet?", Multiple: true, Ended: true, Options: []chat.PollOption{
		{Text: "07:30", Voters: []*chat.Person{bob}}, {Text: "08:30", Voters: []*chat.Person{bob, alice, zoe, jana}}, {Text: "never"},
	}}})
	s.add(alice, 100, chat.Message{Kind: chat.Payment, Words: "Alice Example sent 0.25 MOB", Payment: &signal.Payment{AmountMOB: signal.Some("0.25"), Note: signal.Some("for the rope")}})
	s.add(alice, 100, chat.Message{Kind: chat.Gift, Words: "Alice Example donated for you"})
	s.add(alice, 100, chat.Message{Kind: chat.StoryReply, Text: plain("what a view")})
	s.add(alice, 100, chat.Message{Kind: chat.StoryReply, Emoji: "😍"})
	s.add(alice, 100, chat.Message{Kind: chat.Other, Words: "A message of a newer version of Signal"})
}

func kindsPast(s *script) {
	s.add(zoe, 40000, chat.Message{Kind: chat.Deleted, Past: chat.Past{
		Kept: &chat.Version{Text: plain("New flat! Ring at “Möller”, 3rd floor.")}, KeptFrom: "2026-05-15_0300_pixel", KeptTime: s.now,
	}})
	for _, g := range []chat.Gone{chat.GoneExpired, chat.GoneChat, chat.GoneTrimmed, chat.GoneMessage} {
		s.add(zoe, 10, chat.Message{Text: plain("an old thing"), Past: chat.Past{Gone: g, FirstSeen: "2026-05-15_0300", LastSeen: "2026-05-20_0300"}})
	}
}

func kindsEvents(s *script) {
	s.add(nil, 50, chat.Message{Kind: chat.Update, Words: "Bob Stone changed the group name to “Climbing Club 🧗”"})
	s.add(nil, 50, chat.Message{Kind: chat.Update, Words: "Bob Stone changed the group photo", Past: chat.Past{Gone: chat.GoneTrimmed}})
	s.add(nil, 0, chat.Message{Kind: chat.Update, Words: "Zoë Ångström was added by Bob Stone"})
	s.add(bob, 50, chat.Message{Kind: chat.Update, Words: "Missed group call from Bob Stone", Call: &chat.CallState{Group: true, Missed: true}})
	s.add(nil, 50, chat.Message{Kind: chat.Update, Words: "Disappearing messages were set to 1 week by you"})
	s.add(bob, 50, chat.Message{Text: plain("see you")})
}

// may returns a month with a message of every kind.
func may() *Month {
	return &Month{
		Chat: club, Part: Part{2026, time.May, 1, 47}, Messages: kinds(), Zone: berlin,
		Parts:   []Part{{2024, time.December, 1, 60}, {2026, time.March, 1, 97}, {2026, time.April, 1, 5000}, {2026, time.April, 2, -1}, {2026, time.May, 1, 47}, {2026, time.June, 1, -1}},
		Folders: []string{"media", "voice", "files", "stickers", "contacts", "text", "json"},
		Footer:  Footer{Account: "Jana Novak (+49 151 ••• 0142)", View: "merged from 37 backups", Source: "signal-backup-2026-05-31-03-00-12", ID: "5e0c 91b7 44d2 0000…"},
	}
}
