package chat

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bakfs/signal"
)

var update = flag.Bool("update", false, "write the golden files anew")

// allEvents are one or more items of each kind that has words, each with what it
// shows.
func allEvents() (list []*signal.ChatItem) {
	for k := signal.SimpleTypeUnknown; k <= signal.SimpleTypeMessageRequestAccepted+1; k++ {
		list = append(list, updated(withAlice, alice, &signal.SimpleUpdate{Type: k}))
	}
	for _, k := range []signal.SimpleType{signal.SimpleTypeIdentityUpdate, signal.SimpleTypeEndSession, signal.SimpleTypePaymentActivationRequest,
		signal.SimpleTypePaymentsActivated, signal.SimpleTypeBlocked, signal.SimpleTypeMessageRequestAccepted} {
		list = append(list, updated(withAlice, jana, &signal.SimpleUpdate{Type: k}), updated(inClub, bob, &signal.SimpleUpdate{Type: k}),
			updated(withAlice, 0, &signal.SimpleUpdate{Type: k}))
	}
	list = append(list, updated(inClub, jana, &signal.SimpleUpdate{Type: signal.SimpleTypeBlocked}))
	list = append(list, otherEvents()...)
	list = append(list, callEvents()...)
	for k := signal.GenericGroup; k <= signal.GroupTerminate; k++ {
		list = append(list, groupEvents(k)...)
	}
	return append(list, updated(inClub, bob, &signal.GroupChange{}),
		updated(inClub, bob, &signal.GroupChange{Updates: []signal.GroupUpdate{{}}}),
		updated(inClub, bob, &signal.GroupChange{Updates: []signal.GroupUpdate{
			{Kind: signal.GroupCreation, By: some(bob)}, {Kind: signal.GroupMemberAdded, By: some(bob), Who: some(zoe)}}}))
}

func otherEvents() []*signal.ChatItem {
	return []*signal.ChatItem{
		updated(withAlice, alice, &signal.TimerUpdate{ExpiresInMs: 604_800_000}),
		updated(withAlice, jana, &signal.TimerUpdate{}),
		updated(withAlice, 0, &signal.TimerUpdate{ExpiresInMs: 90_061_000}),
		updated(withAlice, alice, &signal.TimerUpdate{ExpiresInMs: 500}),
		updated(withAlice, alice, &signal.ProfileChange{PreviousName: "Al", NewName: "Alice\nExample"}),
		updated(withAlice, alice, &signal.ProfileChange{NewName: "Alice Example"}),
		updated(withAlice, alice, &signal.ProfileChange{}),
		updated(withAlice, alice, &signal.LearnedProfile{E164: signal.Some[uint64](491510000142)}),
		updated(withAlice, alice, &signal.LearnedProfile{Username: signal.Some("alice.42")}),
		updated(withAlice, alice, &signal.LearnedProfile{SharedName: signal.Some("Allie")}),
		updated(withAlice, alice, &signal.LearnedProfile{}),
		updated(withAlice, alice, &signal.ThreadMerge{PreviousE164: 491510000142}),
		updated(withAlice, alice, &signal.ThreadMerge{}),
		updated(withAlice, alice, &signal.SessionSwitchover{E164: 491510000142}),
		updated(withAlice, alice, &signal.SessionSwitchover{}),
		updated(inClub, bob, &signal.PollEnd{Question: "When do we meet?"}),
		updated(inClub, 0, &signal.PollEnd{Question: "When do we meet?"}),
		updated(inClub, bob, &signal.PinUpdate{AuthorID: zoe}),
		updated(inClub, bob, &signal.PinUpdate{AuthorID: bob}),
		updated(inClub, jana, &signal.PinUpdate{AuthorID: 77}),
		updated(inClub, 0, &signal.PinUpdate{AuthorID: jana}),
		updated(inClub, bob, nil),
		{ChatID: inClub, AuthorID: bob, Directionless: new(signal.Directionless)},
		received(nil),
		received(&signal.Payment{}),
		received(&signal.Payment{AmountMOB: signal.Some("1.5"), FeeMOB: signal.Some("0.0004"), Note: signal.Some("for the\nrope"),
			TransactionDetails: &signal.PaymentDetails{Transaction: &signal.Transaction{Status: signal.PaymentStatusSuccessful}}}),
		received(&signal.Payment{AmountMOB: signal.Some("1.5"), TransactionDetails: &signal.PaymentDetails{Transaction: &signal.Transaction{}}}),
		received(failed(signal.PaymentFailureGeneric)), received(failed(signal.PaymentFailureNetwork)), received(failed(signal.PaymentFailureInsufficientFunds)),
		received(&signal.GiftBadge{}), received(&signal.GiftBadge{State: signal.GiftStateOpened}),
		received(&signal.GiftBadge{State: signal.GiftStateRedeemed}), received(&signal.GiftBadge{State: signal.GiftStateFailed}), received(&signal.GiftBadge{State: 9}),
	}
}

func failed(why signal.PaymentFailure) *signal.Payment {
	return &signal.Payment{AmountMOB: signal.Some("1.5"), TransactionDetails: &signal.PaymentDetails{FailedTransaction: &signal.FailedTransaction{Reason: why}}}
}

func callEvents() (list []*signal.ChatItem) {
	for s := signal.CallStateUnknownState; s <= signal.CallStateMissedNotificationProfile; s++ {
		list = append(list,
			updated(withAlice, alice, &signal.IndividualCall{Type: signal.CallTypeAudioCall, Direction: signal.CallDirectionIncoming, State: s}),
			updated(withAlice, jana, &signal.IndividualCall{Type: signal.CallTypeVideoCall, Direction: signal.CallDirectionOutgoing, State: s}))
	}
	for s := signal.GroupCallStateUnknownState; s <= signal.GroupCallStateOutgoingRing; s++ {
		list = append(list,
			updated(inClub, bob, &signal.GroupCall{State: s, StartedCallRecipientID: signal.Some[uint64](bob), StartedCallTimestamp: 1000, EndedCallTimestamp: signal.Some[signal.Millis](753_900)}),
			updated(inClub, jana, &signal.GroupCall{State: s, RingerRecipientID: signal.Some[uint64](jana)}),
			updated(inClub, 0, &signal.GroupCall{State: s}))
	}
	return list
}

// groupEvents are a kind of group update with everything told, and with as
// little as possible.
func groupEvents(k signal.GroupUpdateKind) []*signal.ChatItem {
	full := signal.GroupUpdate{Kind: k, By: some(bob), Who: some(zoe), Inviter: some(alice), Text: signal.Some("North Wall"), Access: signal.AccessAdministrator,
		On: true, Count: 3, ExpiresInMs: 3_600_000, Invitees: []signal.GroupRevoked{{ACI: some(zoe)}, {ACI: some(alice)}, {PNI: some(77)}}}
	owner := full
	owner.By, owner.Who, owner.Inviter, owner.On, owner.Count = some(jana), some(jana), some(jana), false, 1
	owner.Access, owner.Invitees = signal.AccessAny, []signal.GroupRevoked{{ACI: some(zoe)}}
	least := signal.GroupUpdate{Kind: k, Invitees: []signal.GroupRevoked{{}, {}}}
	var list []*signal.ChatItem
	for _, u := range []signal.GroupUpdate{full, owner, least} {
		list = append(list, updated(inClub, bob, &signal.GroupChange{Updates: []signal.GroupUpdate{u}}))
	}
	return list
}

func TestWordsOfEveryEvent(t *testing.T) {
	p := clubPeople()
	var b strings.Builder
	for _, item := range allEvents() {
		m := p.Message(item)
		checkMessage(t, m)
		what := m.Event
		if what == "" {
			what = fmt.Sprintf("%T", item.Body)
		}
		if u, ok := item.Body.(*signal.UpdateMessage); ok {
			if g, ok := u.Update.(*signal.GroupChange); ok && len(g.Updates) == 1 {
				what = g.Updates[0].Kind.String()
			}
		}
		by := "nobody"
		if m.Author != nil {
			by = m.Author.Shown()
		}
		line := fmt.Sprintf("%s, %s: %s", strings.TrimPrefix(what, "simpleUpdate."), by, m.Words)
		if m.Call != nil {
			line += fmt.Sprintf(" [%s, out %v, missed %v, by %s]", m.Call.State, m.Call.Out, m.Call.Missed, m.Call.By.Shown())
		}
		b.WriteString(line + "\n")
	}
	golden(t, "words.txt", b.String())
}

// golden compares got with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(g), len(w)) {
		if i >= len(g) || i >= len(w) || g[i] != w[i] {
			t.Fatalf("%s: line %d differs; go test -update writes it anew\n got %q\nwant %q", path, i+1, g[min(i, len(g)-1)], w[min(i, len(w)-1)])
		}
	}
}
