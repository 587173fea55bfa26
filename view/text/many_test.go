package text

import (
	"fmt"
	"strings"
	"testing"

	"bakfs/view/chat"
)

// A reference to a person is a few bytes in a record, so that one record can name a long
// name a million times. Lists say how many there are beyond those that they name.
func TestListsOfPersonsAreBounded(t *testing.T) {
	who := &chat.Person{Key: "aci:1", Name: strings.Repeat("N", 1024), Given: "N"}
	const n = 5000
	m := &chat.Message{ID: "1", Kind: chat.Poll, Dir: chat.Out, Author: who}
	o := chat.PollOption{Text: "o"}
	club := &chat.Conversation{Form: chat.Group, Name: "Club"}
	for range n {
		m.Reactions = append(m.Reactions, chat.Reaction{Emoji: "x", By: who})
		m.Status = append(m.Status, chat.Delivery{To: who, State: "failed"})
		o.Voters = append(o.Voters, who)
		club.Members = append(club.Members, chat.Member{Person: who})
	}
	m.Chat, m.Poll = club, &chat.PollState{Question: "q", Options: []chat.PollOption{o}}
	many := &chat.Message{ID: "2", Kind: chat.Poll, Author: who, Poll: &chat.PollState{Options: make([]chat.PollOption, 500)}}
	for i := range many.Poll.Options {
		many.Poll.Options[i].Voters = o.Voters[:500]
	}
	list := []*chat.Message{m, many}
	bound := 14 * chat.MaxListed * (len(who.Name) + 100)
	for what, b := range map[string][]byte{
		"messages": AppendMessages(nil, list, Options{}),
		"info":     AppendInfo(nil, &Info{Chat: club}, Options{}),
	} {
		if len(b) > bound {
			t.Errorf("%s: %d bytes", what, len(b))
		}
		want, times := fmt.Sprintf(" and %d more", n-chat.MaxListed), 3
		if what == "info" {
			want, times = fmt.Sprintf("more members: %d\n", n-chat.MaxListed), 1
		}
		if got := strings.Count(string(b), want); got != times {
			t.Errorf("%s: %q is there %d times", what, want, got)
		}
	}
}
