package text

import (
	"encoding/csv"
	"strings"
	"testing"

	"bakfs/signal"
	"bakfs/view/chat"
)

func calls() []*chat.Message {
	call := func(day int, words string, c chat.CallState) *chat.Message {
		m := event(bob, at(day, 19, 10, 0), words)
		m.Call = &c
		return m
	}
	odd := call(17, "Outgoing voice call to =1+1, 42 seconds", chat.CallState{Out: true, By: jana, State: "accepted", Started: at(17, 19, 10, 0), Ended: at(17, 19, 10, 42)})
	odd.Chat = &chat.Conversation{Key: "aci:9", Name: "=HYPERLINK(\"http://example.org\",\"a\")\nb"}
	phone := call(18, "Missed video call from +4930901820", chat.CallState{Video: true, Missed: true, State: "missed", By: &chat.Person{Name: "+4930901820"}})
	phone.Chat = &chat.Conversation{Key: "e164:+4930901820", Name: "+4930901820"}
	return []*chat.Message{call(16, "Missed group call from Bob Stone", chat.CallState{Group: true, Missed: true, By: bob, State: "missed"}), example()[0], odd, nil, phone}
}

func TestCalls(t *testing.T) {
	got := AppendCalls(nil, calls(), Options{Zone: berlin})
	wellFormed(t, got)
	golden(t, "calls.txt", got)
	table := AppendCallsCSV(nil, calls(), Options{Zone: berlin})
	golden(t, "calls.csv", table)
	rows, err := csv.NewReader(strings.NewReader(string(table))).ReadAll()
	if err != nil || len(rows) != 4 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
}

func TestInfo(t *testing.T) {
	group := *club
	group.Description, group.TimerMs, group.Pinned, group.Archived, group.Muted = "Every\nSaturday", 7*24*3600*1000, 1, true, true
	group.Members = []chat.Member{{Person: jana, Admin: true}, {Person: alice, Label: "rope,\nkeys"}, {Person: &chat.Person{Name: "Bob", Phone: "+4930901820"}}, {}}
	b := AppendInfo(nil, &Info{
		Chat: &group, Formerly: []string{"Climbing Club", "Club\nid: forged"}, First: at(1, 9, 0, 0), Last: at(14, 19, 15, 0), Messages: 214, Files: 12, Bytes: 34_100_000, LastSeen: "2026-05-15_0300",
	}, Options{Zone: berlin})
	b = append(b, "----\n"...)
	b = AppendInfo(b, &Info{Chat: &chat.Conversation{Key: "aci:1", Form: chat.Direct, Name: "Alice Example", TimerMs: 90_000, Person: &chat.Person{
		Name: "Alice Example", Phone: "+4915100000177", Username: "alice.42",
		Contact: &signal.Contact{Blocked: true, Note: "owes me\na rope", ProfileKey: signal.Some(signal.NewSecret("secret key"))}}}}, Options{Zone: berlin})
	b = append(b, "----\n"...)
	b = AppendInfo(b, &Info{}, Options{})
	golden(t, "info.txt", b)
}

func TestAbout(t *testing.T) {
	b := AppendAbout(nil, &About{Account: "Jana Novak (Signal …0142)", Names: "portable", Deleted: true, Sources: []Source{
		{Label: "2026-05-14_0300_pixel", Time: at(14, 3, 0, 0), Format: "legacy", Original: "signal-2026-05-14.backup\n"},
		{Label: "2026-05-15_0300_pixel", Time: at(15, 3, 0, 0), Format: "modern", Original: "signal-backup-2026-05-15-03-00-00", ID: "5e0c91b7"},
	}, Missing: []string{"12 files were never downloaded on the phone"}}, Options{Zone: berlin})
	b = append(b, "----\n"...)
	b = AppendAbout(b, &About{Frozen: "2026-05-15_0300_pixel", Expired: true, Names: "ascii"}, Options{})
	golden(t, "about.txt", b)
}

func TestChanges(t *testing.T) {
	b := AppendChanges(nil, &Changes{From: "2026-05-14_0300_pixel", To: "2026-05-15_0300_pixel", All: Change{"", 214, 12, 3, 5, 0}, Chats: []Change{
		{"Climbing Club 🧗", 213, 12, 3, 0, 0}, {"Eve\n+1", 1, 0, 0, 5, 0}}, Renames: []Rename{{"Climbers", "Climbing Club 🧗"}, {"Mallory\n+9 messages", "Eve\u202e"}}})
	b = append(b, "----\n"...)
	b = AppendChanges(b, &Changes{To: "2026-05-14_0300_pixel", All: Change{Messages: 1}})
	golden(t, "changes.txt", b)
}

func TestTimersInWords(t *testing.T) {
	for ms, want := range map[uint64]string{
		0: "0 milliseconds", 1000: "1 second", 90_000: "90 seconds", 3_600_000: "1 hour", 36 * 3_600_000: "36 hours", 28 * 86_400_000: "4 weeks", 86_400_000: "1 day",
	} {
		if got := spell(ms); got != want {
			t.Errorf("%d ms are %q, want %q", ms, got, want)
		}
	}
}
