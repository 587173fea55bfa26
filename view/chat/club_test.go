package chat

import (
	"slices"
	"strings"

	"bakfs/signal"
)

// The recipients of a small made-up account.
const (
	jana, alice, bob, zoe, nobody, news, club, link = 1, 2, 3, 4, 5, 6, 7, 8
	withAlice, inClub, notes, inNews                = 1, 2, 3, 4
)

// aci is the id of a recipient's account.
func aci(recipient int) signal.ServiceID {
	return signal.ServiceID(strings.Repeat("\x11", 15) + string(rune(recipient)))
}

func some(recipient int) signal.Opt[signal.ServiceID] { return signal.Some(aci(recipient)) }

func contact(id int, given, family string) *signal.Recipient {
	return &signal.Recipient{ID: uint64(id), Destination: &signal.Contact{ACI: some(id),
		ProfileGivenName: signal.Some(given), ProfileFamilyName: signal.Some(family)}}
}

// clubHead are the records of the account, without their order mattering.
func clubHead() []signal.FrameItem {
	title := &signal.GroupAttribute{Title: signal.Some("Climbing Club 🧗")}
	group := &signal.Group{MasterKey: signal.NewSecret(strings.Repeat("k", 32)), State: &signal.GroupState{
		Title: title, Description: &signal.GroupAttribute{DescriptionText: signal.Some("Ropes\nand rocks")},
		Members: []signal.GroupMember{{UserID: aci(jana), Role: signal.RoleAdministrator}, {UserID: aci(alice)},
			{UserID: aci(bob), LabelEmoji: "🥾", LabelString: "Guide"}, {UserID: aci(zoe), LabelEmoji: "🥾"}, {UserID: aci(99)}}}}
	return []signal.FrameItem{
		&signal.Account{GivenName: "Jana", FamilyName: "Novak"},
		&signal.Recipient{ID: jana, Destination: &signal.Self{}},
		contact(alice, "Alice", "Example"), contact(bob, "Bob", "Stone"), contact(zoe, "Zoë", "Ångström"),
		&signal.Recipient{ID: nobody, Destination: &signal.Contact{E164: signal.Some[uint64](491510000142)}},
		&signal.Recipient{ID: news, Destination: &signal.ReleaseNotes{}},
		&signal.Recipient{ID: club, Destination: group},
		&signal.Recipient{ID: link, Destination: &signal.CallLink{Name: "Weekly"}},
		&signal.Chat{ID: withAlice, RecipientID: alice, PinnedOrder: signal.Some[uint32](0), ExpirationTimerMs: signal.Some[uint64](86_400_000)},
		&signal.Chat{ID: inClub, RecipientID: club, Archived: true, MuteUntilMs: signal.Some[signal.Millis](1 << 62)},
		&signal.Chat{ID: notes, RecipientID: jana}, &signal.Chat{ID: inNews, RecipientID: news},
		&signal.ChatFolder{FolderType: signal.FolderTypeAll},
		&signal.ChatFolder{Name: "Friends", FolderType: signal.FolderTypeCustom, IncludeAllIndividualChats: true,
			IncludedRecipientIDs: []uint64{club}, ExcludedRecipientIDs: []uint64{news, jana, 77}},
		&signal.StickerPack{PackID: "\x0a\x0b"},
		&signal.AdHocCall{CallID: 5, RecipientID: link, State: signal.AdHocStateGeneric, CallTimestamp: 1700000000000},
	}
}

func peopleOf(owner signal.ServiceID, items ...signal.FrameItem) *People {
	frames := []*signal.Frame{}
	for _, item := range items {
		frames = append(frames, &signal.Frame{Item: item})
	}
	return NewPeople(slices.Values(frames), owner)
}

func clubPeople() *People { return peopleOf(aci(jana), clubHead()...) }

// updated is an event in a chat.
func updated(chat, author uint64, u signal.Update) *signal.ChatItem {
	return &signal.ChatItem{ChatID: chat, AuthorID: author, DateSent: 1700000000000,
		Directionless: new(signal.Directionless), Body: &signal.UpdateMessage{Update: u}}
}

// received is a message of Alice, unless its body is nobody's.
func received(body signal.Body) *signal.ChatItem {
	return &signal.ChatItem{ChatID: withAlice, AuthorID: alice, DateSent: 1700000000000, Incoming: &signal.Incoming{DateReceived: 1700000000500}, Body: body}
}
