package view

import (
	"html"
	"path"
	"strings"
	"testing"

	"bakfs/view/history"
)

func TestAboutTellsWhatIsShown(t *testing.T) {
	for _, expired := range []bool{false, true} {
		for _, hide := range []bool{false, true} {
			h := history.New(smallBackups(t), history.Options{Zone: berlin, ShowExpired: expired, HideDeleted: hide})
			about := readAll(t, Account(h, Options{Zone: berlin, Expired: expired, HideDeleted: hide}), "about.txt")
			word := map[bool]string{true: "shown", false: "hidden"}
			for _, line := range []string{"messages whose timer ran out: " + word[expired], "messages deleted since: " + word[!hide], "time zone: " + berlin.String()} {
				if !strings.Contains(string(about), "\n"+line) {
					t.Errorf("expired %v, hide %v: no line %q in\n%s", expired, hide, line, about)
				}
			}
		}
	}
}

func TestWhatIsNoSearchSaysWhy(t *testing.T) {
	fsys := smallAccount(t)
	for _, file := range []string{"results.txt", "results.html"} {
		if got := string(readAll(t, fsys, "search/is:bogus/"+file)); !strings.Contains(got, "This is not a search: is: knows") {
			t.Errorf("%s: %s", file, got)
		}
	}
}

func TestPagesNameTheirAccount(t *testing.T) {
	h := smallHistory(t, 4)
	who, err := h.Account(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fsys := Account(h, Options{Zone: berlin})
	for p, b := range files(t, fsys, "chats/Note to Self/web") {
		if path.Ext(p) == ".html" && !strings.Contains(string(b), "<dt>Account</dt><dd><bdi>"+html.EscapeString(who.Person.Name)) {
			t.Errorf("%s does not name the account", p)
		}
	}
}
