package chat

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"bakfs/signal"
)

func TestPeopleOfABackup(t *testing.T) {
	p := clubPeople()
	var got []string
	for _, w := range p.Persons() {
		got = append(got, fmt.Sprintf("%s %q %q %q %s", w.Key, w.Name, w.Given, w.Shown(), w.Phone))
	}
	id := func(n int) string { return aci(n).String() }
	want := []string{
		`self "Jana Novak" "Jana" "Jana" `,
		"aci:" + id(alice) + ` "Alice Example" "Alice" "Alice Example" `,
		"aci:" + id(bob) + ` "Bob Stone" "Bob" "Bob Stone" `,
		"aci:" + id(zoe) + ` "Zoë Ångström" "Zoë" "Zoë Ångström" `,
		`e164:+491510000142 "+491510000142" "+491510000142" "+491510000142" +491510000142`,
		`release "Signal" "Signal" "Signal" `,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if o := p.Owner(); !o.Self || o.ACI != id(jana) || p.PersonOf(aci(jana)) != o || p.Person(jana) != o {
		t.Errorf("owner %+v", o)
	}
	if p.PersonOf("") != nil || p.PersonOf(aci(55)).Key != "aci:"+id(55) || p.Person(55).Key != "id:55" || p.PersonOf("bad").Name != unknownName {
		t.Error("strangers")
	}
	if member := p.Conversation(inClub).Members[4].Person; p.PersonOf(aci(99)) != member {
		t.Error("a member without a record is somebody else each time")
	}
	if got := p.StickerPacks(); !slices.Equal(got, []string{"0a0b"}) || p.Account().FamilyName != "Novak" {
		t.Error(got)
	}
}

func TestConversationsOfABackup(t *testing.T) {
	p := clubPeople()
	list := p.Conversations()
	if len(list) != 4 {
		t.Fatalf("%d conversations", len(list))
	}
	if c := list[0]; c.Form != Direct || c.Name != "Alice Example" || c.Person != p.Person(alice) || c.Key != c.Person.Key || c.Pinned != 1 || c.TimerMs != 86_400_000 || c.Muted {
		t.Errorf("%+v", c)
	}
	c := list[1]
	var members []string
	for _, m := range c.Members {
		members = append(members, fmt.Sprintf("%s %v %q", m.Person.Name, m.Admin, m.Label))
	}
	if c.Form != Group || c.Name != "Climbing Club 🧗" || c.Description != "Ropes\nand rocks" || !c.Archived || !c.Muted || c.Pinned != 0 ||
		!strings.HasPrefix(c.Key, "group:") || len(c.Key) != 38 || strings.Contains(c.Key, hex.EncodeToString([]byte("kkkk"))) {
		t.Errorf("%+v", c)
	}
	if want := []string{`Jana Novak true ""`, `Alice Example false ""`, `Bob Stone false "🥾 Guide"`, `Zoë Ångström false ""`, `Unknown false ""`}; !slices.Equal(members, want) {
		t.Errorf("members %q", members)
	}
	if c := list[2]; c.Form != NoteToSelf || c.Name != "Note to Self" || c.Key != "self" {
		t.Errorf("%+v", c)
	}
	if c := list[3]; c.Form != ReleaseNotes || c.Name != "Signal" || c.Key != "release" {
		t.Errorf("%+v", c)
	}
	if c := p.Conversation(99); c.Key != "chat:99" || c.Form != Unknown {
		t.Errorf("%+v", c)
	}
	f := p.Folders()
	if len(f) != 2 || f[0].Name != "" || len(f[0].Chats) != 4 || f[1].Name != "Friends" || !slices.Equal(f[1].Chats, list[:2]) {
		t.Errorf("folders %+v", f)
	}
	calls := p.LinkCalls()
	if len(calls) != 1 || calls[0].Words != "Call through the link “Weekly”" || calls[0].Chat.Name != "Weekly" || calls[0].Call.Started != 1700000000000 {
		t.Errorf("%+v", calls)
	}
	checkMessage(t, &Message{ID: calls[0].ID, Chat: calls[0].Chat, Kind: Update, Dir: Event, Event: "groupCall", Call: calls[0].Call, Words: calls[0].Words, Raw: new(signal.ChatItem)})
}

// Each of many tabs may hold each of many chats.
func TestChatsUnderTabsAreBounded(t *testing.T) {
	var frames []*signal.Frame
	const n = 3000
	for i := range uint64(n) {
		frames = append(frames, &signal.Frame{Item: &signal.Recipient{ID: i, Destination: &signal.Contact{E164: signal.Some(i + 1000)}}},
			&signal.Frame{Item: &signal.Chat{ID: i, RecipientID: i}})
	}
	for range 100 {
		frames = append(frames, &signal.Frame{Item: &signal.ChatFolder{Name: "F", IncludeAllIndividualChats: true}})
	}
	all := 0
	for i, f := range NewPeople(slices.Values(frames), "").Folders() {
		all += len(f.Chats)
		if len(f.Chats)+f.More != n || i == 0 && len(f.Chats) != maxFolderChats {
			t.Errorf("tab %d has %d chats and %d more", i, len(f.Chats), f.More)
		}
	}
	if all != maxTabbedChats {
		t.Errorf("%d chats are listed under all tabs", all)
	}
}

func TestNamesOfPersons(t *testing.T) {
	full := func() *signal.Contact {
		return &signal.Contact{
			Nickname: &signal.PersonName{Given: "Nick", Family: "Name"}, SystemGivenName: " Sys ", SystemFamilyName: "Tem",
			ProfileGivenName: signal.Some("Pro"), ProfileFamilyName: signal.Some("File"), SharedName: &signal.PersonName{Family: "Shared"},
			E164: signal.Some[uint64](4915), Username: signal.Some("user.1"),
		}
	}
	c := full()
	for _, step := range []struct {
		name, given string
		remove      func()
	}{
		{"Nick Name", "Nick", func() { c.Nickname = &signal.PersonName{Given: "  "} }},
		{"Sys  Tem", "Sys", func() { c.SystemGivenName = "" }},
		{"Tem", "Tem", func() { c.SystemFamilyName = "" }},
		{"Pro File", "Pro", func() { c.ProfileGivenName.V = "\xff" }},
		{"\uFFFD File", "\uFFFD", func() { c.ProfileGivenName, c.ProfileFamilyName = signal.Opt[string]{}, signal.Opt[string]{} }},
		{"Shared", "Shared", func() { c.SharedName = nil }},
		{"+4915", "+4915", func() { c.E164 = signal.Opt[uint64]{} }},
		{"user.1", "user.1", func() { c.Username.V = "" }},
		{"Unknown", "Unknown", func() {}},
	} {
		who := peopleOf("", &signal.Recipient{ID: 1, Destination: c}).Person(1)
		if who.Name != step.name || who.Given != step.given {
			t.Errorf("%q %q, want %q %q", who.Name, who.Given, step.name, step.given)
		}
		step.remove()
	}
	long := peopleOf("", &signal.Recipient{ID: 1, Destination: &signal.Contact{SystemGivenName: strings.Repeat("ä", 9999)}}).Person(1)
	if len(long.Name) > maxName+3 || !strings.HasSuffix(long.Name, "ä…") {
		t.Errorf("a name of %d bytes", len(long.Name))
	}
	for want, a := range map[string]*signal.Account{"Owner": {}, "user.1": {Username: signal.Some("user.1")}, "Novak": {FamilyName: "Novak"}} {
		if o := peopleOf("", a).Owner(); o.Name != want || o.Shown() != want {
			t.Errorf("%+v", o)
		}
	}
	if (*Person)(nil).Shown() != unknownName {
		t.Error("nil")
	}
}

func TestOnePersonWithSeveralIDs(t *testing.T) {
	bare := &signal.Recipient{ID: 1, Destination: &signal.Contact{ACI: some(9), E164: signal.Some[uint64](4915)}}
	named := &signal.Recipient{ID: 2, Destination: &signal.Contact{ACI: some(9), PNI: some(40), SystemGivenName: "Eve", Username: signal.Some("eve.1")}}
	p := peopleOf("", bare, named, &signal.Recipient{ID: 3, Destination: &signal.Self{}}, &signal.Recipient{ID: 4, Destination: &signal.Self{}},
		&signal.Chat{ID: 1, RecipientID: 1}, &signal.Chat{ID: 2, RecipientID: 2}, &signal.Chat{ID: 3, RecipientID: 3}, &signal.Chat{ID: 4, RecipientID: 4})
	eve := p.Person(1)
	if eve != p.Person(2) || eve.Name != "Eve" || eve.Phone != "+4915" || eve.Username != "eve.1" || p.PersonOf("\x01"+aci(40)) != eve || p.PersonOf(aci(9)) != eve {
		t.Errorf("%+v", eve)
	}
	if p.Person(3) != p.Owner() || p.Person(4) != p.Owner() || len(p.Persons()) != 2 || len(p.Conversations()) != 2 || p.Conversation(1) != p.Conversation(2) {
		t.Errorf("%d persons, %d conversations", len(p.Persons()), len(p.Conversations()))
	}
}

func TestTheOwnersIDIsTheMemberWithoutARecord(t *testing.T) {
	if got := peopleOf("", clubHead()...).Owner().ACI; got != "" {
		t.Errorf("two members of the one group have no record, but the owner is %s", got)
	}
	items := clubHead()
	second := &signal.Group{MasterKey: signal.NewSecret("other"), State: &signal.GroupState{Members: []signal.GroupMember{{UserID: aci(jana)}, {UserID: aci(bob)}}}}
	p := peopleOf("", append(items, &signal.Recipient{ID: 20, Destination: second})...)
	if got := p.Owner().ACI; got != aci(jana).String() || p.Conversation(inClub).Members[0].Person != p.Owner() {
		t.Errorf("owner %q", got)
	}
}

func TestPeopleOfRecords(t *testing.T) {
	var b bytes.Buffer
	w := signal.NewRecordWriter(&b)
	if err := w.WriteMessage(&signal.BackupInfo{Version: 7, BackupTimeMs: 1 << 62}); err != nil {
		t.Fatal(err)
	}
	if err := w.Write([]byte{0xff}); err != nil { // damaged
		t.Fatal(err)
	}
	for _, item := range append(clubHead(), received(&signal.GiftBadge{})) {
		if err := w.WriteMessage(&signal.Frame{Item: item}); err != nil {
			t.Fatal(err)
		}
	}
	whole := b.Bytes()
	p, err := ReadPeople(signal.NewRecordReader(bytes.NewReader(whole)), aci(jana))
	if err != nil || len(p.Persons()) != 6 || len(p.Conversations()) != 4 {
		t.Fatalf("%+v, %v", p, err)
	}
	if p.Conversation(inClub).Muted {
		t.Error("muted until the backup was made, and still so")
	}
	if _, err := ReadPeople(signal.NewRecordReader(bytes.NewReader(whole[:len(whole)-3])), ""); err == nil {
		t.Error("cut short, and no error")
	}
	if _, err := ReadPeople(signal.NewRecordReader(bytes.NewReader(nil)), ""); err == nil {
		t.Error("empty, and no error")
	}
}
