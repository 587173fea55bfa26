package jsonl

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
	for range n {
		m.Reactions = append(m.Reactions, chat.Reaction{Emoji: "x", By: who})
		m.Status = append(m.Status, chat.Delivery{To: who, State: "failed"})
		o.Voters = append(o.Voters, who)
	}
	m.Poll = &chat.PollState{Question: "q", Options: []chat.PollOption{o}}
	many := &chat.Message{ID: "2", Kind: chat.Poll, Author: who, Poll: &chat.PollState{Options: make([]chat.PollOption, 500)}}
	for i := range many.Poll.Options {
		many.Poll.Options[i].Voters = o.Voters[:500]
	}
	list := []*chat.Message{m, many}
	bound := 14 * chat.MaxListed * (len(who.Name) + 100)
	b := string(Append(nil, list, Options{}))
	if len(b) > bound {
		t.Errorf("%d bytes", len(b))
	}
	for _, key := range []string{"reactions", "status", "voters"} {
		if want := fmt.Sprintf(`"more_%s":%d`, key, n-chat.MaxListed); strings.Count(b, want) != 1 {
			t.Errorf("there is no %s", want)
		}
	}
	wellFormed(t, []byte(b))
}
