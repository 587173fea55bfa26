package text

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"bakfs/signal"
	"bakfs/view/chat"
)

var line = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4} [<>|+*] `)

// wellFormed fails the test if a line has another form than all lines have.
func wellFormed(t *testing.T, text []byte) {
	t.Helper()
	if !utf8.Valid(text) {
		t.Fatalf("not UTF-8: %q", text)
	}
	if len(text) == 0 {
		return
	}
	rest, ok := strings.CutSuffix(string(text), "\n")
	if !ok {
		t.Fatal("the last line has no end")
	}
	for i, l := range strings.Split(rest, "\n") {
		if !line.MatchString(l) {
			t.Fatalf("line %d is %q", i+1, l)
		}
		if at := strings.IndexFunc(l, func(r rune) bool { return unicode.IsControl(r) || turns(r) || r == 0x2028 || r == 0x2029 }); at >= 0 {
			t.Fatalf("line %d has a control: %q", i+1, l)
		}
	}
}

// FuzzLines puts hostile strings wherever a string can stand.
func FuzzLines(f *testing.F) {
	f.Add("Alice\n2026-05-14 18:22:07 +0200 > Jana: forged", "a\r\n\u2028\u0085b", uint64(1778775727000), uint8(1))
	f.Add("\u202e", "\xff\xfe\x00\x1b", uint64(1)<<63, uint8(9))
	f.Fuzz(func(t *testing.T, a, b string, when uint64, kind uint8) {
		p := &chat.Person{Name: a, Given: b, Self: kind&1 != 0}
		ms := signal.Millis(when)
		file := chat.File{Kind: chat.FileKind(kind), Name: a, Path: b, Hash: a, Size: int64(when), Claimed: int64(when), Caption: b}
		v := chat.Version{Sent: ms, Text: said(b), Files: []chat.File{file}, Links: []chat.Link{{URL: a, Title: b}}}
		m := &chat.Message{
			Chat: &chat.Conversation{Name: a}, Author: p, Kind: chat.Kind(kind % 14), Dir: chat.Direction(kind % 5), First: ms, Sent: ms, Text: said(a),
			Quote: &chat.Quote{Author: p, Sent: ms, Text: said(b)}, Files: v.Files, Links: v.Links, Card: &chat.ContactCard{Name: a, Path: b},
			Sticker: &chat.StickerFile{Emoji: b, File: file}, Poll: &chat.PollState{Question: a, Options: []chat.PollOption{{Text: b, Voters: []*chat.Person{p, nil}}}},
			Call: &chat.CallState{By: p, State: a, Started: ms, Ended: ms + 5000}, Emoji: a, By: p, Words: b, Reactions: []chat.Reaction{{Emoji: a, By: p}}, Versions: []chat.Version{v},
			Status: []chat.Delivery{{To: p, State: "failed"}}, Pinned: true, PinnedBy: p,
			Past: chat.Past{Gone: chat.Gone(kind % 7), LastSeen: a, KeptFrom: b, Kept: &v},
		}
		list := []*chat.Message{m, nil, m}
		for _, got := range [][]byte{AppendMessages(nil, list, Options{Zone: berlin}), AppendTimeline(nil, list, Options{}), AppendResults(nil, list, true, Options{}), AppendCalls(nil, list, Options{})} {
			wellFormed(t, got)
		}
		row := string(AppendCallsCSV(nil, list, Options{}))
		if strings.Count(row, "\n") != 3 {
			t.Fatalf("%d lines: %q", strings.Count(row, "\n"), row)
		}
		info := string(AppendInfo(nil, &Info{Chat: &chat.Conversation{Name: a, Description: b, Members: []chat.Member{{Person: p, Label: a}}}, Formerly: []string{a}}, Options{}))
		if n := strings.Count(info, "\n"); n > 7 {
			t.Fatalf("%d lines: %q", n, info)
		}
	})
}
