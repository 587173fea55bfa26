package chat

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"bakfs/signal"
)

func text(s string) *signal.Text { return &signal.Text{Body: s} }

func pointer(mime, name string) *signal.FilePointer {
	return &signal.FilePointer{ContentType: signal.Some(mime), FileName: signal.Some(name), Width: signal.Some[uint32](4), Height: signal.Some[uint32](3),
		Caption: signal.Some("cap"), BlurHash: signal.Some("LKO2"), Locator: &signal.Locator{Size: 7, PlaintextHash: signal.Some(signal.Bytes(strings.Repeat("\x0c", 32)))}}
}

func TestStandardMessages(t *testing.T) {
	p := clubPeople()
	item := received(&signal.StandardMessage{
		Text: text("newest"),
		Quote: &signal.Quote{TargetSentTimestamp: signal.Some[signal.Millis](5), AuthorID: jana, Text: text("asked"), Type: 77,
			Attachments: []signal.QuotedAttachment{{ContentType: signal.Some("image/png"), FileName: signal.Some("q.png"), Thumbnail: &signal.Attachment{Pointer: pointer("image/jpeg", "")}}, {}}},
		Attachments: []signal.Attachment{{Pointer: pointer("image/jpeg", "a.jpg")}, {Pointer: pointer("audio/aac", ""), Flag: signal.AttachmentFlagVoiceMessage}, {}},
		LinkPreview: []signal.LinkPreview{{URL: "https://example.org", Title: signal.Some("T"), Description: signal.Some("D"), Date: signal.Some[signal.Millis](9), Image: pointer("image/png", "")}},
		Reactions:   []signal.Reaction{{Emoji: "🔥", AuthorID: bob, SentTimestamp: 1, SortOrder: 2}, {Emoji: "👍", AuthorID: jana, SentTimestamp: 2, SortOrder: 1}},
	})
	item.Revisions = []signal.ChatItem{{DateSent: 1699999999000, Body: &signal.StandardMessage{Text: text("first")}}, {DateSent: 1699999999500, Body: &signal.Poll{}}}
	item.ExpiresInMs, item.ExpireStartDate, item.Pin = signal.Some[uint64](1000), signal.Some[signal.Millis](1700000001000), new(signal.Pin)
	m := p.Message(item)
	checkMessage(t, m)
	if m.Kind != Standard || m.Dir != In || m.First != 1699999999000 || m.Sent != 1700000000000 || m.Got != 1700000000500 || m.Expires != 1700000002000 || m.ExpiresMs != 1000 || !m.Pinned {
		t.Errorf("%+v", m)
	}
	if len(m.Versions) != 2 || m.Versions[0].Text.Plain != "first" || m.Versions[0].Sent != m.First || m.Versions[1].Text != nil {
		t.Errorf("versions %+v", m.Versions)
	}
	if m.Reactions[0] != (Reaction{"👍", p.Owner(), 2}) || m.Reactions[1].By.Name != "Bob Stone" {
		t.Errorf("reactions %+v", m.Reactions)
	}
	q := m.Quote
	if q.Author != p.Owner() || q.Sent != 5 || q.Text.Plain != "asked" || q.Kind != signal.QuoteTypeNormal || len(q.Files) != 2 ||
		q.Files[0].Name != "q.png" || q.Files[0].MIME != "image/png" || q.Files[0].Thumbnail.Kind != Thumbnail || q.Files[1].Thumbnail != nil {
		t.Errorf("quote %+v", q)
	}
	want := File{Kind: Photo, Name: "a.jpg", MIME: "image/jpeg", Hash: strings.Repeat("0c", 32), Claimed: 7, Width: 4, Height: 3, Caption: "cap", Blur: "LKO2", Size: -1}
	if m.Files[0] != want || m.Files[1].Kind != Voice || m.Files[1].Index != 1 || m.Files[2] != (File{Kind: Document, Index: 2, Size: -1}) {
		t.Errorf("files %+v", m.Files)
	}
	if l := m.Links[0]; l.URL != "https://example.org" || l.Title != "T" || l.Description != "D" || l.Date != 9 || l.Image.Kind != Thumbnail {
		t.Errorf("link %+v", l)
	}
}

func TestOtherKindsOfMessages(t *testing.T) {
	p := clubPeople()
	thumb := []signal.Reaction{{Emoji: "👍", AuthorID: jana}}
	card := &signal.ContactCard{Name: &signal.CardName{GivenName: "Tim", FamilyName: "Taxi", Prefix: "Dr."}, Avatar: pointer("image/png", "")}
	for _, c := range []struct {
		name string
		body signal.Body
		kind Kind
		ok   func(m *Message) bool
	}{
		{"card", &signal.ContactMessage{Contact: card, Reactions: thumb}, Card, func(m *Message) bool {
			return m.Card.Name == "Dr. Tim Taxi" && m.Card.Card == card && m.Card.Avatar.Kind == Thumbnail && len(m.Reactions) == 1
		}},
		{"card with nothing", &signal.ContactMessage{}, Card, func(m *Message) bool { return m.Card.Name == unknownName && m.Card.Card != nil }},
		{"sticker", &signal.StickerMessage{Sticker: &signal.Sticker{Emoji: signal.Some("👋"), Data: pointer("image/webp", "")}, Reactions: thumb}, Sticker,
			func(m *Message) bool {
				return m.Sticker.Emoji == "👋" && m.Sticker.File.Kind == StickerImage && m.Sticker.File.Hash != "" && len(m.Reactions) == 1
			}},
		{"sticker with nothing", &signal.StickerMessage{}, Sticker, func(m *Message) bool { return m.Sticker.File.Size == -1 }},
		{"deleted", &signal.DeletedMessage{}, Deleted, func(m *Message) bool { return m.By == p.Person(alice) }},
		{"deleted by an admin", &signal.AdminDeletedMessage{AdminID: jana}, AdminDeleted, func(m *Message) bool { return m.By == p.Owner() }},
		{"viewed once", &signal.ViewOnceMessage{Reactions: thumb}, ViewOnce, func(m *Message) bool { return len(m.Files) == 0 && len(m.Reactions) == 1 }},
		{"to be viewed once", &signal.ViewOnceMessage{Attachment: &signal.Attachment{Pointer: pointer("video/mp4", "")}}, ViewOnce,
			func(m *Message) bool { return m.Files[0].Kind == Video }},
		{"reply to a story", &signal.StoryReply{TextReply: &signal.StoryTextReply{Text: text("nice")}, Reactions: thumb}, StoryReply,
			func(m *Message) bool { return m.Text.Plain == "nice" && m.Emoji == "" && len(m.Reactions) == 1 }},
		{"reaction to a story", &signal.StoryReply{Emoji: signal.Some("❤️")}, StoryReply, func(m *Message) bool { return m.Text == nil && m.Emoji == "❤️" }},
		{"poll", &signal.Poll{Question: "When?", AllowMultiple: true, HasEnded: true, Reactions: thumb, Options: []signal.PollOption{
			{Option: "07:30"}, {Option: "08:30", Votes: []signal.PollVote{{VoterID: zoe, VoteCount: 9}, {VoterID: jana}}}}}, Poll, func(m *Message) bool {
			return m.Poll.Question == "When?" && m.Poll.Multiple && m.Poll.Ended && m.Poll.Options[0].Text == "07:30" && m.Poll.Options[0].Voters == nil &&
				slices.Equal(m.Poll.Options[1].Voters, []*Person{p.Person(zoe), p.Owner()}) && len(m.Reactions) == 1
		}},
		{"payment", &signal.Payment{AmountMOB: signal.Some("1")}, Payment, func(m *Message) bool { return m.Payment.AmountMOB.V == "1" }},
		{"gift", &signal.GiftBadge{}, Gift, func(m *Message) bool { return m.Words != "" }},
		{"newer", nil, Other, func(m *Message) bool { return m.Words != "" }},
		{"nothing", &signal.StandardMessage{}, Standard, func(m *Message) bool { return m.Text == nil && m.Files == nil && m.Quote == nil }},
		{"file of the text only", &signal.StandardMessage{LongText: pointer("text/x-signal-plain", "")}, Standard, func(m *Message) bool { return m.Text.Cut && m.Text.Plain == "" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := p.Message(received(c.body))
			checkMessage(t, m)
			if m.Kind != c.kind || m.Dir != In || m.Author != p.Person(alice) || m.Chat != p.Conversations()[0] || !c.ok(m) {
				t.Errorf("%+v", m)
			}
		})
	}
}

func TestNamesOfCards(t *testing.T) {
	for want, c := range map[string]*signal.ContactCard{
		"Tim Taxi":    {Name: &signal.CardName{GivenName: " Tim", FamilyName: "Taxi ", Nickname: "Timmy"}},
		"A B C D E":   {Name: &signal.CardName{Prefix: "A", GivenName: "B", MiddleName: "C", FamilyName: "D", Suffix: "E"}},
		"Timmy":       {Name: &signal.CardName{Nickname: "Timmy"}, Organization: "Taxis"},
		"Nick Name":   {Nickname: &signal.CardNickname{Given: "Nick", Family: "Name"}},
		"Taxis":       {Name: new(signal.CardName), Organization: "Taxis", Number: []signal.CardPhone{{Value: "1"}}},
		"+49 30":      {Number: []signal.CardPhone{{Value: "+49 30"}}, Email: []signal.CardEmail{{Value: "t@example.org"}}},
		"t@taxis.org": {Email: []signal.CardEmail{{Value: "t@taxis.org"}}},
		"Unknown":     {},
	} {
		if got := cardName(c); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestKindsOfFiles(t *testing.T) {
	const none, voice, borderless, gif = signal.AttachmentFlagNone, signal.AttachmentFlagVoiceMessage, signal.AttachmentFlagBorderless, signal.AttachmentFlagGif
	for _, c := range []struct {
		flag signal.AttachmentFlag
		mime string
		want FileKind
	}{
		{none, "image/jpeg", Photo}, {none, "IMAGE/HEIC; q=1", Photo}, {borderless, "image/webp", Photo}, {none, "image/gif", GIF}, {gif, "video/mp4", GIF},
		{gif, "text/html", Document}, {gif, "", GIF}, {none, "video/quicktime", Video}, {none, "audio/mpeg", Audio}, {voice, "audio/aac", Voice}, {voice, "", Voice},
		{voice, "application/octet-stream", Voice}, {voice, "text/html", Document}, {none, "image/svg+xml", Document}, {none, "text/html", Document},
		{none, "application/pdf", Document}, {none, "", Document}, {none, "image", Photo}, {none, "text/x-signal-plain", LongText}, {77, "video/mp4", Video},
	} {
		if got := FileKindOf(c.flag, c.mime); got != c.want {
			t.Errorf("%v %q: %d, want %d", c.flag, c.mime, got, c.want)
		}
	}
}

func TestDirectionsAndAuthors(t *testing.T) {
	p := clubPeople()
	body := &signal.StandardMessage{Text: text("x")}
	for _, c := range []struct {
		name   string
		item   *signal.ChatItem
		dir    Direction
		author string
	}{
		{"in", &signal.ChatItem{AuthorID: alice, Incoming: new(signal.Incoming), Body: body}, In, "Alice Example"},
		{"out", &signal.ChatItem{AuthorID: jana, Outgoing: new(signal.Outgoing), Body: body}, Out, "Jana"},
		{"no details, own", &signal.ChatItem{AuthorID: jana, Body: body}, Out, "Jana"},
		{"no details", &signal.ChatItem{AuthorID: bob, Body: body}, In, "Bob Stone"},
		{"no author", &signal.ChatItem{Body: body}, In, unknownName},
		{"a group as author", &signal.ChatItem{AuthorID: club, Body: body}, In, unknownName},
		{"a message without direction", &signal.ChatItem{AuthorID: bob, Directionless: new(signal.Directionless), Body: body}, In, "Bob Stone"},
		{"an event with one", &signal.ChatItem{AuthorID: bob, Incoming: new(signal.Incoming), Body: &signal.UpdateMessage{}}, Event, "Bob Stone"},
		{"nothing", nil, In, unknownName},
	} {
		m := p.Message(c.item)
		checkMessage(t, m)
		if m.Dir != c.dir || m.Author.Shown() != c.author {
			t.Errorf("%s: direction %d by %s", c.name, m.Dir, m.Author.Shown())
		}
	}
	if m := p.Message(updated(inClub, 0, &signal.TimerUpdate{})); m.Author != nil {
		t.Errorf("an event of nobody by %s", m.Author.Shown())
	}
}

func TestDeliveryOfSentMessages(t *testing.T) {
	p := clubPeople()
	for want, states := range map[string][]signal.Delivery{
		"":          {signal.DeliverySkipped, signal.DeliveryUnknown, 99},
		"sent":      {signal.DeliveryRead, signal.DeliverySent, signal.DeliveryViewed},
		"pending":   {signal.DeliveryPending, signal.DeliveryDelivered},
		"delivered": {signal.DeliveryDelivered, signal.DeliverySkipped},
		"read":      {signal.DeliveryViewed, signal.DeliveryRead},
		"viewed":    {signal.DeliveryViewed},
		"failed":    {signal.DeliveryPending, signal.DeliveryFailed},
	} {
		out := &signal.Outgoing{DateReceived: 9}
		for i, s := range states {
			out.SendStatus = append(out.SendStatus, signal.SendStatus{RecipientID: uint64(alice + i), Timestamp: 3, Delivery: s})
		}
		m := p.Message(&signal.ChatItem{ChatID: inClub, AuthorID: jana, Outgoing: out, Body: &signal.StandardMessage{}})
		checkMessage(t, m)
		if m.State() != want || m.Got != 9 || len(m.Status) != len(states) || m.Status[0].To != p.Person(alice) || m.Status[0].Time != 3 {
			t.Errorf("%v: %q, %+v", states, m.State(), m.Status)
		}
	}
}

func TestExpiryDoesNotOverflow(t *testing.T) {
	item := received(nil)
	item.ExpiresInMs, item.ExpireStartDate = signal.Some[uint64](1<<64-1), signal.Some[signal.Millis](5)
	if m := clubPeople().Message(item); m.Expires != 1<<64-1 {
		t.Errorf("expires %d", m.Expires)
	}
	item.ExpireStartDate.V = 0
	if m := clubPeople().Message(item); m.Expires != 0 {
		t.Errorf("a timer that has not begun expires %d", m.Expires)
	}
}

// What one message is, whatever becomes of it, and what tells two apart.
func TestIdentityOfMessages(t *testing.T) {
	p := clubPeople()
	id := func(change func(*signal.ChatItem)) string {
		item := received(&signal.StandardMessage{Text: text("x")})
		change(item)
		return p.Message(item).ID
	}
	base := id(func(*signal.ChatItem) {})
	if base != "cc68a11475857d86" {
		t.Errorf("the id of a message is another than it was: %s", base)
	}
	for name, change := range map[string]func(*signal.ChatItem){
		"deleted":  func(i *signal.ChatItem) { i.Body = new(signal.DeletedMessage) },
		"by admin": func(i *signal.ChatItem) { i.Body = &signal.AdminDeletedMessage{AdminID: bob} },
		"received": func(i *signal.ChatItem) { i.Incoming.DateReceived = 5 },
		"edited": func(i *signal.ChatItem) {
			i.Revisions, i.DateSent = []signal.ChatItem{{DateSent: i.DateSent}}, 1700000005000
		},
	} {
		if got := id(change); got != base {
			t.Errorf("%s: another id", name)
		}
	}
	seen := map[string]bool{base: true}
	for name, change := range map[string]func(*signal.ChatItem){
		"author": func(i *signal.ChatItem) { i.AuthorID = bob },
		"time":   func(i *signal.ChatItem) { i.DateSent++ },
		"chat":   func(i *signal.ChatItem) { i.ChatID = inClub },
		"event":  func(i *signal.ChatItem) { i.Body = &signal.UpdateMessage{Update: &signal.TimerUpdate{}} },
		"other":  func(i *signal.ChatItem) { i.Body = &signal.UpdateMessage{Update: &signal.PollEnd{}} },
		"simple": func(i *signal.ChatItem) { i.Body = simple(signal.SimpleTypeBlocked) },
		"kind":   func(i *signal.ChatItem) { i.Body = simple(signal.SimpleTypeReportedSpam) },
	} {
		if got := id(change); seen[got] {
			t.Errorf("%s: the same id as another", name)
		} else {
			seen[got] = true
		}
	}
	other := id(func(i *signal.ChatItem) { i.AuthorID = 77 })
	if other != id(func(i *signal.ChatItem) { i.AuthorID = 78 }) {
		t.Error("the number of an unknown author is another in each backup, but the id depends on it")
	}
}

func simple(t signal.SimpleType) *signal.UpdateMessage {
	return &signal.UpdateMessage{Update: &signal.SimpleUpdate{Type: t}}
}

func TestMessagesAreTheSameEachTime(t *testing.T) {
	a, b := clubPeople(), clubPeople()
	for _, item := range allEvents() {
		if !reflect.DeepEqual(a.Message(item), b.Message(item)) {
			t.Errorf("%T", item.Body)
		}
	}
}
