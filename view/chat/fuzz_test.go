package chat

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"bakfs/signal"
)

// Any record gives a message that keeps to what the package promises.
func FuzzMessage(f *testing.F) {
	add := func(item *signal.ChatItem) { f.Add(signal.Append(nil, item)) }
	for _, item := range allEvents() {
		add(item)
	}
	ranges := []signal.BodyRange{mention(1, 1, bob), styled(0, 9, signal.StyleSpoiler), styled(2, 3, signal.StyleBold)}
	whole := &signal.StandardMessage{Text: &signal.Text{Body: "a😀\xff\uFFFCb", BodyRanges: ranges}, LongText: pointer("text/x-signal-plain", "l"),
		Attachments: []signal.Attachment{{Pointer: pointer("image/gif", "x\xff")}}, LinkPreview: []signal.LinkPreview{{URL: "u"}},
		Quote: &signal.Quote{AuthorID: bob, Text: &signal.Text{Body: "q", BodyRanges: ranges}}, Reactions: []signal.Reaction{{Emoji: "x", AuthorID: 9}}}
	item := received(whole)
	item.Revisions = []signal.ChatItem{*received(whole), {Revisions: []signal.ChatItem{{}}}}
	add(item)
	add(received(&signal.Poll{Question: "q", Options: []signal.PollOption{{Votes: []signal.PollVote{{VoterID: 3}}}}}))
	add(received(&signal.ContactMessage{Contact: &signal.ContactCard{Number: []signal.CardPhone{{}}, Avatar: pointer("", "")}}))
	add(received(&signal.StickerMessage{Sticker: &signal.Sticker{Data: pointer("", "")}}))
	add(received(&signal.StoryReply{TextReply: new(signal.StoryTextReply), Emoji: signal.Some("x")}))
	add(received(&signal.ViewOnceMessage{Attachment: new(signal.Attachment)}))
	p := clubPeople()
	f.Fuzz(func(t *testing.T, rec []byte) {
		item := new(signal.ChatItem)
		if signal.Unmarshal(rec, item) != nil {
			return
		}
		m := p.Message(item)
		checkMessage(t, m)
		m.State()
		if m.Text != nil && m.Text.Cut {
			m.Text.Complete(string(rec))
			checkText(t, m.Text)
		}
	})
}

// Any records give people who keep to what the package promises.
func FuzzPeople(f *testing.F) {
	var b bytes.Buffer
	w := signal.NewRecordWriter(&b)
	w.WriteMessage(&signal.BackupInfo{Version: 1})
	for _, item := range clubHead() {
		w.WriteMessage(&signal.Frame{Item: item})
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, stream []byte) {
		p, err := ReadPeople(signal.NewRecordReader(bytes.NewReader(stream)), "")
		if err != nil {
			return
		}
		checkPeople(t, p)
		for _, item := range []*signal.ChatItem{nil, received(&signal.DeletedMessage{}), updated(inClub, bob, &signal.GroupChange{Updates: []signal.GroupUpdate{{Kind: signal.GroupCreation}}})} {
			checkMessage(t, p.Message(item))
		}
	})
}

func checkPeople(t *testing.T, p *People) {
	keys := map[string]bool{}
	for _, w := range p.Persons() {
		if keys[w.Key] || w.Name == "" || w.Given == "" || len(w.Name) > maxName+3 || !utf8.ValidString(w.Name+w.Given+w.Username) {
			t.Errorf("%+v", w)
		}
		keys[w.Key] = true
	}
	if !keys["self"] || !slices.Contains(p.Persons(), p.Owner()) || p.Account() == nil {
		t.Error("no owner")
	}
	chats := map[string]bool{}
	for _, c := range p.Conversations() {
		if chats[c.Key] || c.Key == "" || c.Name == "" || c.Form < Direct || c.Form > Unknown || (c.Person == nil) != (c.Form == Group || c.Form == Unknown) {
			t.Errorf("%+v", c)
		}
		chats[c.Key] = true
		for _, m := range c.Members {
			if m.Person == nil || !utf8.ValidString(m.Label) {
				t.Errorf("%+v", m)
			}
		}
	}
	for _, f := range p.Folders() {
		for _, c := range f.Chats {
			if !slices.Contains(p.Conversations(), c) {
				t.Errorf("%+v", c)
			}
		}
	}
}

// The largest records that hold as much as can be of something.
func TestHostileRecordsStayInProportion(t *testing.T) {
	name := strings.Repeat("n", 1<<20)
	p := peopleOf("", contact(alice, name, ""), &signal.Chat{ID: withAlice, RecipientID: alice})
	mentions := slices.Repeat([]signal.BodyRange{mention(0, 1, alice), mention(1, 0, alice)}, 50_000)
	styles := make([]signal.BodyRange, 100_000)
	for i := range styles {
		styles[i] = styled(uint32(i), uint32(len(styles)), signal.Style(1+i%5))
	}
	updates := make([]signal.GroupUpdate, 100_000)
	for i := range updates {
		updates[i] = signal.GroupUpdate{Kind: signal.GroupName, By: some(alice), Text: signal.Some(name[:9])}
	}
	invitees := slices.Repeat([]signal.GroupRevoked{{ACI: some(alice)}}, 100_000)
	revisions := make([]signal.ChatItem, 10_000)
	for i := range revisions {
		revisions[i].Body = &signal.StandardMessage{Text: &signal.Text{Body: "x", BodyRanges: mentions[:9]}}
	}
	edited := received(nil)
	edited.Revisions = revisions
	for what, item := range map[string]*signal.ChatItem{
		"mentions": received(&signal.StandardMessage{Text: &signal.Text{Body: "\uFFFC\uFFFC", BodyRanges: mentions}}),
		"styles":   received(&signal.StandardMessage{Text: &signal.Text{Body: strings.Repeat("x", 200_000), BodyRanges: styles}}),
		"updates":  updated(withAlice, alice, &signal.GroupChange{Updates: updates}),
		"invitees": updated(withAlice, alice, &signal.GroupChange{Updates: []signal.GroupUpdate{{Kind: signal.GroupInvitationRevoked, Invitees: invitees}}}),
		"question": updated(withAlice, alice, &signal.PollEnd{Question: name}),
		"edited":   edited,
	} {
		m := p.Message(item)
		checkMessage(t, m)
		size := len(m.Words)
		if m.Text != nil {
			size += len(m.Text.Plain)
		}
		for _, v := range m.Versions {
			size += len(v.Text.Plain)
		}
		if size > 2<<20 {
			t.Errorf("%s: %d bytes", what, size)
		}
	}
}
