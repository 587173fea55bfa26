package page

import (
	"fmt"
	"strings"
	"testing"

	"bakfs/view/chat"
)

// A reference to a person is a few bytes in a record, so that one record can name a long
// name a million times, in lists of one emoji or of as many.
func TestListsOfPersonsAreBounded(t *testing.T) {
	who := &chat.Person{Key: "aci:1", Name: strings.Repeat("N", 1024), Given: "N"}
	const n = 5000
	rest := fmt.Sprint(n-maxNames, " more")
	var same, other []chat.Reaction
	o := chat.PollOption{Text: "o"}
	club := &chat.Conversation{Form: chat.Group, Name: "Club"}
	for i := range n {
		same = append(same, chat.Reaction{Emoji: "x", By: who})
		other = append(other, chat.Reaction{Emoji: fmt.Sprint(i), By: who})
		o.Voters = append(o.Voters, who)
		club.Members = append(club.Members, chat.Member{Person: who})
	}
	if out := reactions(same); len(out) != 2 || out[0].Count+out[1].Count != n || len(out[0].Names) > 100*len(who.Name) {
		t.Errorf("one emoji makes %d groups", len(out))
	}
	if out := reactions(other); len(out) != chat.MaxListed+1 || out[chat.MaxListed].Names != fmt.Sprint(n-chat.MaxListed, " more") {
		t.Errorf("%d emoji make %d groups", n, len(out))
	}
	p, _ := newPoll(&chat.PollState{Options: []chat.PollOption{o}}, new([]tag))
	if got := p.Options[0]; got.Votes != n || !strings.HasSuffix(got.Names, rest) || len(got.Names) > 100*len(who.Name) {
		t.Errorf("%d votes with %d bytes of names", got.Votes, len(got.Names))
	}
	b, err := (&Overview{Chat: club}).Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) > 2*chat.MaxListed*len(who.Name) || !strings.Contains(string(b), fmt.Sprint(" and ", n-chat.MaxListed, " more")) {
		t.Errorf("a page of a group of %d has %d bytes", n, len(b))
	}
}

func TestFoldersSayHowManyTheyDoNotList(t *testing.T) {
	e := &Entry{Chat: &chat.Conversation{Name: "Bob"}, Count: -1}
	b, err := (&Account{Entries: []*Entry{e}, Folders: []ChatFolder{{"F", []*Entry{e}, 41}, {"G", []*Entry{e}, 0}}}).Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	if s := string(b); strings.Count(s, "And 41 more") != 1 || !strings.Contains(s, `<bdi>F</bdi> <span class="n">42</span>`) || strings.Contains(s, "And 0 more") {
		t.Errorf("%s", s)
	}
}
