package text

import (
	"bytes"
	"strings"
	"testing"

	"bakfs/view/chat"
)

// What stands between the mark and the first colon is who wrote, whatever somebody
// is called.
func TestNamesForgeNoSender(t *testing.T) {
	p := &chat.Person{Key: "aci:1", Name: "Alice: yes, I agree"}
	c := &chat.Conversation{Key: "group:1", Form: chat.Group, Name: "Club] Bob: no"}
	m := at(3, 9, 0, 0)
	said := &chat.Message{Chat: c, Author: p, Kind: chat.Standard, Dir: chat.In, First: m, Sent: m, Text: &chat.Text{Plain: "one\ntwo"}}
	called := &chat.Message{
		Chat: c, Author: p, Kind: chat.Update, Dir: chat.Event, First: m, Sent: m, Words: "Missed call from " + p.Name,
		Call: &chat.CallState{By: p, State: "missed"},
	}
	list := []*chat.Message{said, called}
	for name, x := range map[string]struct {
		got  []byte
		want []string
	}{
		"messages": {AppendMessages(nil, list, Options{}), []string{"< Alice꞉ yes, I agree: one", "| Alice꞉ yes, I agree: two", "* Missed call from Alice꞉ yes, I agree"}},
		"timeline": {AppendTimeline(nil, list, Options{}), []string{"< [Club] Bob꞉ no] Alice꞉ yes, I agree: one", "| [Club] Bob꞉ no] Alice꞉ yes, I agree: two", "* [Club] Bob꞉ no] Missed call from Alice꞉ yes, I agree"}},
		"results":  {AppendResults(nil, list[:1], false, Options{}), []string{"< [Club] Bob꞉ no] Alice꞉ yes, I agree: one", "| [Club] Bob꞉ no] Alice꞉ yes, I agree: two"}},
		"calls":    {AppendCalls(nil, list, Options{}), []string{"* [Club] Bob꞉ no] Missed call from Alice꞉ yes, I agree"}},
	} {
		var lines []string
		for line := range bytes.Lines(x.got) {
			lines = append(lines, string(bytes.TrimSuffix(line[26:], []byte("\n"))))
		}
		if got, want := strings.Join(lines, "\n"), strings.Join(x.want, "\n"); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
	}
}
