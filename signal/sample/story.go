package sample

import (
	"crypto/sha256"
	"time"

	"bakfs/signal"
)

// A history is what was said up to a time.
type history struct {
	until time.Time
	last  bool // it is the newest backup: with what was changed since the first
	items []signal.FrameItem
	files []file
}

type file struct {
	locator *signal.Locator
	content []byte
}

// at is a time of May 2026.
func at(day, hour, minute, second int) time.Time {
	return time.Date(2026, 5, day, hour, minute, second, 0, time.UTC)
}

// say adds an item if it is from before the backup.
func (h *history) say(chat, author uint64, when time.Time, body signal.Body) *signal.ChatItem {
	item := &signal.ChatItem{ChatID: chat, AuthorID: author, DateSent: ms(when), Body: body}
	switch {
	case isUpdate(body):
		item.Directionless = &signal.Directionless{}
	case author == jana:
		item.Outgoing = &signal.Outgoing{DateReceived: ms(when)}
	default:
		item.Incoming = &signal.Incoming{DateReceived: ms(when.Add(900 * time.Millisecond)), Read: true, SealedSender: true}
	}
	if when.Before(h.until) {
		h.items = append(h.items, item)
	}
	return item
}

func isUpdate(body signal.Body) bool {
	_, ok := body.(*signal.UpdateMessage)
	return ok
}

// text is a message of words, with what is mentioned or styled in them.
func text(body string, ranges ...signal.BodyRange) *signal.StandardMessage {
	return &signal.StandardMessage{Text: &signal.Text{Body: body, BodyRanges: ranges}}
}

// attach makes a file of the message, and keeps its content for the backup.
func (h *history) attach(name, mime string, content []byte, flag signal.AttachmentFlag) signal.Attachment {
	return signal.Attachment{Pointer: h.pointer(name, mime, content), Flag: flag, WasDownloaded: true}
}

func (h *history) pointer(name, mime string, content []byte) *signal.FilePointer {
	sum := sha256.Sum256(content)
	l := &signal.Locator{Key: secret("media "+name, 64), PlaintextHash: signal.Some(signal.Bytes(sum[:])), Size: uint32(len(content)), LocalKey: signal.Some(secret("local "+name, 64))}
	h.files = append(h.files, file{l, content})
	p := &signal.FilePointer{ContentType: signal.Some(mime), Locator: l}
	if name != "" {
		p.FileName = signal.Some(name)
	}
	return p
}

func reactions(when time.Time, emojis map[uint64]string) []signal.Reaction {
	var all []signal.Reaction
	for id := uint64(jana); id <= sarah; id++ {
		if e := emojis[id]; e != "" {
			t := ms(when.Add(time.Duration(id) * time.Minute))
			all = append(all, signal.Reaction{Emoji: e, AuthorID: id, SentTimestamp: t, SortOrder: uint64(t)})
		}
	}
	return all
}

// tell is the whole story. What lies behind the time of the backup is left out.
func (h *history) tell() {
	h.winter()
	h.plan()
	h.saturday()
	h.private()
}

// winter is some history, so that there are years and months to browse.
func (h *history) winter() {
	lines := []string{"Who has the guide book?", "It is on my shelf.", "Snow up to the hut, skis needed", "Ice on the north side, we turned back.", "Hall on Tuesday?", "I am in.", "Me too, after seven."}
	who := []uint64{alice, bob, zoe, jana, sarah}
	for month := range 8 {
		for i, line := range lines {
			when := time.Date(2025, time.Month(9+month), 3+3*i, 18, 5*i, 20+month, 0, time.UTC)
			h.say(climb, who[(i+month)%len(who)], when, text(line))
		}
	}
}

// plan is the evening on which the climb is planned.
func (h *history) plan() {
	h.say(climb, bob, at(14, 7, 12, 40), &signal.UpdateMessage{Update: &signal.GroupChange{Updates: []signal.GroupUpdate{
		{Kind: signal.GroupName, By: signal.Some(accounts[bob]), Text: signal.Some("Climbing Club 🧗")}}}})
	ask := text("Who’s in for Saturday? Weather looks perfect, start at the north wall")
	ask.Reactions = reactions(at(14, 16, 22, 7), map[uint64]string{jana: "👍", bob: "👍", zoe: "🔥"})
	h.say(climb, alice, at(14, 16, 22, 7), ask)
	view := text("last week’s view 😍")
	view.Attachments = []signal.Attachment{h.attach("IMG_2041.jpg", "image/jpeg", mountains(1), 0), h.attach("IMG_2042.jpg", "image/jpeg", mountains(2), 0)}
	h.say(climb, alice, at(14, 16, 22, 11), view)

	before := text("I’m in! \ufffc can you bring the rope?", signal.BodyRange{Start: 8, Length: 1, MentionACI: signal.Some(accounts[bob])})
	before.Quote = &signal.Quote{TargetSentTimestamp: signal.Some(ms(at(14, 16, 22, 7))), AuthorID: alice, Text: ask.Text, Type: signal.QuoteTypeNormal}
	after := text("I’m in! \ufffc can you bring the 60 m rope?", before.Text.BodyRanges...)
	after.Quote = before.Quote
	old := signal.ChatItem{ChatID: climb, AuthorID: jana, DateSent: ms(at(14, 16, 23, 10)), Outgoing: &signal.Outgoing{DateReceived: ms(at(14, 16, 23, 10))}, Body: before}
	if item := h.say(climb, jana, at(14, 16, 23, 10), after); item != nil {
		item.DateSent, item.Revisions = ms(at(14, 16, 25, 2)), []signal.ChatItem{old}
	}
	voice := &signal.StandardMessage{Attachments: []signal.Attachment{h.attach("", "audio/wav", hum(2), signal.AttachmentFlagVoiceMessage)}}
	h.say(climb, bob, at(14, 16, 31, 40), voice)
	link := text("Route and parking are here: https://example.org/north-wall")
	link.LinkPreview = []signal.LinkPreview{{URL: "https://example.org/north-wall", Title: signal.Some("North Wall – topo, parking, rules"),
		Description: signal.Some("Twelve routes, 5 to 7b"), Image: h.pointer("", "image/jpeg", mountains(3))}}
	h.say(climb, zoe, at(14, 16, 56, 40), link)
	h.say(climb, bob, at(14, 17, 10, 0), &signal.UpdateMessage{Update: &signal.GroupCall{State: signal.GroupCallStateMissed,
		RingerRecipientID: signal.Some(uint64(bob)), StartedCallRecipientID: signal.Some(uint64(bob)), StartedCallTimestamp: ms(at(14, 17, 10, 0)), Read: true}})
	vote := func(ids ...uint64) (all []signal.PollVote) {
		for _, id := range ids {
			all = append(all, signal.PollVote{VoterID: id, VoteCount: 1})
		}
		return all
	}
	h.say(climb, bob, at(14, 17, 15, 0), &signal.Poll{Question: "When do we meet?", Options: []signal.PollOption{
		{Option: "07:30", Votes: vote(zoe)}, {Option: "08:30", Votes: vote(alice, bob, jana, sarah)}}})
	h.say(climb, sarah, at(14, 17, 20, 0), text("מעולה, נתראה בשבת!"))
}

// saturday is the day after the first backup: a message is deleted for everyone.
func (h *history) saturday() {
	if flat := at(14, 18, 26, 40); h.last {
		h.say(climb, zoe, flat, &signal.DeletedMessage{})
	} else {
		h.say(climb, zoe, flat, text("New flat! Ring at “Möller”, 3rd floor."))
	}
	h.say(climb, jana, at(15, 6, 33, 20), text("Meet at 08:30 at the station. Packing list:\n– rope, 12 quickdraws\n– helmet\n– water, sun cream"))
	top := text("On top!", signal.BodyRange{Start: 0, Length: 7, Style: signal.Some(signal.StyleBold)})
	top.Attachments = []signal.Attachment{h.attach("IMG_2077.jpg", "image/jpeg", mountains(4), 0)}
	top.Reactions = reactions(at(16, 11, 2, 5), map[uint64]string{jana: "🎉", alice: "❤️", sarah: "🔥"})
	h.say(climb, bob, at(16, 11, 2, 5), top)
	h.say(climb, sarah, at(16, 11, 4, 0), &signal.StickerMessage{Sticker: &signal.Sticker{PackID: signal.Bytes("sample stickers!"), PackKey: secret("pack", 32),
		StickerID: 4, Emoji: signal.Some("👋"), Data: h.pointer("", "image/png", badge())}})
}

// private is what was not for the group.
func (h *history) private() {
	h.say(withAlice, alice, at(10, 19, 0, 0), text("Do you still have my harness?"))
	h.say(withAlice, jana, at(10, 19, 1, 30), text("Yes, with the chalk bag. I’ll bring both."))
	h.say(withAlice, alice, at(11, 8, 15, 0), &signal.UpdateMessage{Update: &signal.IndividualCall{Type: signal.CallTypeVideoCall,
		Direction: signal.CallDirectionIncoming, State: signal.CallStateAccepted, StartedCallTimestamp: ms(at(11, 8, 15, 0)), Read: true}})
	pdf := text("The topo, with our variant in red")
	pdf.Attachments = []signal.Attachment{h.attach("Topo Nordwand v3.pdf", "application/pdf", []byte("%PDF-1.4\n% a made-up topo\n%%EOF\n"), 0)}
	h.say(withAlice, alice, at(12, 20, 40, 9), pdf)
	h.say(notes, jana, at(13, 6, 0, 0), text("Buy tape. Alice’s birthday is on the 28th!"))
}
