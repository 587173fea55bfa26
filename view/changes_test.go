package view

import (
	iofs "io/fs"
	"strings"
	"testing"
	"time"

	"bakfs/signal"
	"bakfs/view/history"
)

func TestChanges(t *testing.T) {
	b := smallBackups(t)
	read := func(since ...history.Backup) string {
		o := Options{Zone: berlin, Since: history.New(since, history.Options{Zone: berlin})}
		tree := Account(history.New(since[len(since)-1:], history.Options{Zone: berlin}), o)
		text, err := iofs.ReadFile(tree, "CHANGES.txt")
		info, err2 := iofs.Stat(tree, "CHANGES.txt")
		if err != nil || err2 != nil || info.Size() != int64(len(text)) {
			t.Fatalf("%v, %v", err, err2)
		}
		return string(text)
	}
	first, second := read(b[0]), read(b[0], b[1])
	t.Log(first, second)
	if !strings.Contains(first, ", the first backup: +") {
		t.Error(first)
	}
	if !strings.HasPrefix(second, b[1].Label+" since "+b[0].Label+": +") || strings.Count(second, "\n") < 2 {
		t.Error(second)
	}
	if same := read(b[0], history.Backup{Label: "again", Time: b[1].Time, FS: b[0].FS}); same != "again since "+b[0].Label+": +0 messages\n" {
		t.Error(same)
	}
}

// Who is called otherwise is told, whether there is a conversation or not.
func TestChangesTellOfNewNames(t *testing.T) {
	tell := func(day int, alice, bob, group string) *made {
		b := newMade(time.Date(2026, 4, day, 0, 0, 0, 0, time.UTC))
		b.items[2].(*signal.Recipient).Destination.(*signal.Contact).ProfileGivenName = signal.Some(alice)
		b.items = append(b.items[:3:3],
			&signal.Recipient{ID: 7, Destination: &signal.Contact{ACI: signal.Some(identity(7)), ProfileGivenName: signal.Some(bob), Registered: &signal.Registered{}}},
			&signal.Recipient{ID: 8, Destination: &signal.Group{MasterKey: signal.NewSecret(strings.Repeat("g", 32)), State: &signal.GroupState{Title: &signal.GroupAttribute{Title: signal.Some(group)}}}},
			b.items[3], &signal.Chat{ID: 2, RecipientID: 8})
		return b
	}
	backups := keep(t, tell(1, "Alice", "Bob", "Climbers"), tell(2, "Alice Stone", "Robert", "Climbing Club"))
	o := Options{Since: history.New(backups, history.Options{})}
	got := readAll(t, Account(history.New(backups[1:], history.Options{}), o), "CHANGES.txt")
	want := backups[1].Label + " since " + backups[0].Label + ": +0 messages, 3 renamed\n“Alice” is now called “Alice Stone”\n“Climbers” is now called “Climbing Club”\n“Bob” is now called “Robert”\n"
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// What was deleted for everyone is gone.
func TestChangesCountDeletions(t *testing.T) {
	first, second := newMade(time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)), newMade(time.Date(2026, 4, 2, 0, 0, 0, 0, time.UTC))
	for _, b := range []*made{first, second} {
		b.say(1774900000000, "stays")
		b.say(1774900001000, "is deleted")
	}
	second.items[len(second.items)-1].(*signal.ChatItem).Body = &signal.DeletedMessage{}
	backups := keep(t, first, second)
	got := readAll(t, Account(history.New(backups[1:], history.Options{}), Options{Since: history.New(backups, history.Options{})}), "CHANGES.txt")
	if !strings.HasSuffix(got, "\nAlice: +0 messages, 1 gone\n") {
		t.Error(got)
	}
}
