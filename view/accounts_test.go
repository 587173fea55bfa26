package view

import (
	iofs "io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bakfs/signal"
	"bakfs/signal/sample"
	"bakfs/view/history"
)

// Of two accounts whose owners have one name, the one that was stored first keeps
// the bare name, whatever their ids are and of whatever date their backups.
func TestTheFirstAccountKeepsItsName(t *testing.T) {
	dir := t.TempDir()
	if err := sample.Write(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "key"), []byte(sample.Key), 0o600); err != nil {
		t.Fatal(err)
	}
	of := func(list []history.Backup, label string, year int) *history.History {
		list = slices.Clone(list[:1])
		list[0].Label, list[0].Entered = label, time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		list[0].Time = time.Date(4000-year, 1, 1, 0, 0, 0, 0, time.UTC) // who was stored later has the older date
		return history.New(list, history.Options{})
	}
	sampled, generated := set{dir: dir}.store(t, "SignalBackups", "key"), smallBackups(t)
	for _, years := range [][2]int{{2001, 2002}, {2002, 2001}} {
		m := NewMessages(Options{})
		m.Set(of(sampled, "the sample", years[0]), of(generated, "the generated", years[1]))
		accounts, err := iofs.ReadDir(m.FS(), ".")
		if err != nil || len(accounts) != 2 {
			t.Fatalf("%v, %v", accounts, err)
		}
		bare := accounts[0].Name()
		if other := accounts[1].Name(); !strings.HasPrefix(other, bare+" (") {
			t.Fatalf("%q and %q", bare, other)
		}
		want := "the sample"
		if years[1] < years[0] {
			want = "the generated"
		}
		if about := readAll(t, m.FS(), bare+"/about.txt"); !strings.Contains(about, want) {
			t.Errorf("%s has the bare name:\n%s", bare, about)
		}
	}
}

// Of two conversations of one name, the one that was stored first keeps the bare name:
// last year's backup, brought in later, takes it from nobody.
func TestTheFirstConversationKeepsItsName(t *testing.T) {
	const other = alice + 1
	older, newer := newMade(time.Date(2025, 5, 10, 0, 0, 0, 0, time.UTC)), newMade(time.Date(2026, 5, 10, 0, 0, 0, 0, time.UTC))
	older.items = append(older.items, &signal.Recipient{ID: other, Destination: &signal.Contact{ACI: signal.Some(identity(other)), E164: signal.Some[uint64](4915550177), ProfileGivenName: signal.Some("Alice"), Registered: &signal.Registered{}}},
		&signal.Chat{ID: 2, RecipientID: other})
	was := older.say(signal.Millis(older.at.AddDate(0, 0, -1).UnixMilli()), "from the other")
	was.ChatID, was.AuthorID = 2, other
	newer.say(signal.Millis(newer.at.AddDate(0, 0, -1).UnixMilli()), "from her")
	all := keep(t, older, newer)
	for _, c := range []struct {
		order [2]int // when each was stored
		bare  string
	}{{[2]int{1, 2}, "from the other"}, {[2]int{2, 1}, "from her"}} {
		list := slices.Clone(all)
		for i := range list {
			list[i].Entered = time.Date(2026, 6, c.order[i], 0, 0, 0, 0, time.UTC)
		}
		fsys := Account(history.New(list, history.Options{}), Options{})
		texts := files(t, fsys, "text/Alice")
		if len(texts) != 1 {
			t.Fatalf("%d months of Alice", len(texts))
		}
		for p, b := range texts {
			if !strings.Contains(string(b), c.bare) {
				t.Errorf("stored in order %v: %s has %q", c.order, p, b)
			}
		}
	}
}
