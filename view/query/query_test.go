package query

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"bakfs/signal"
	"bakfs/view/chat"
)

var (
	berlin = time.FixedZone("CET", 3600)
	jana   = &chat.Person{Key: "self", Self: true, Name: "Jana Novak", Given: "Jana"}
	alice  = &chat.Person{Key: "aci:1", Name: "Älice Example", Phone: "+4915100000177", Username: "alice.42"}
	club   = &chat.Conversation{Key: "group:1", Name: "Climbing Club 🧗"}
)

func day(s string) signal.Millis {
	t, err := time.ParseInLocation("2006-01-02 15:04", s, berlin)
	if err != nil {
		panic(err)
	}
	return signal.Millis(t.UnixMilli())
}

func message(text string) *chat.Message {
	return &chat.Message{Chat: club, Author: alice, Kind: chat.Standard, Dir: chat.In, First: day("2026-01-15 12:00"), Text: &chat.Text{Plain: text}}
}

func TestWords(t *testing.T) {
	for _, tt := range []struct {
		query, text string
		want        bool
	}{
		{"rope", "Can you bring the Rope?", true},
		{"ROPE bring", "Can you bring the rope?", true},
		{"rope helmet", "Can you bring the rope?", false},
		{"rop", "Can you bring the rope?", true},
		{"-rope bring", "Can you bring the rope?", false},
		{"-helmet bring", "Can you bring the rope?", true},
		{`"the rope"`, "bring the\nrope", true},
		{`"rope the"`, "bring the rope", false},
		{`-"the rope"`, "bring the rope", false},
		{"“the rope”", "bring the rope", true},
		{"moller", "Ring at “Möller”", true},
		{"MÖLLER", "ring at mo\u0308ller", true},
		{"strasse", "Hauptstraße 5", true},
		{"straße", "HAUPTSTRASSE", true},
		{"who's", "Who’s in?", true},
		{"who’s", "who's in?", true},
		{"fi", "ﬁne", true},
		{"ｆｕｌｌ", "full", true},
		{"йод", "Йод", true},
		{"елка", "Ёлка", true},
		{"κυριος", "ΚΎΡΙΟΣ", true},
		{"שלום", "שָׁלוֹם", true},
		{"グループ", "新しいグループです", true},
		{"か゛", "が", false},
		{"co-op", "Co‑op", true},
		{"2026-05-14", "see 2026-05-14.", true},
		{"http://example.org", "HTTP://Example.org/x", true},
		{"12:30", "at 12:30 sharp", true},
		{"- rope", "- rope", true},
		{"zero\u200bwidth", "zerowidth", true},
		{"👍👍", "👍👍", true},
		{"a\u00a0b", "a and b", true},
		{"ıstanbul", "İstanbul", true},
	} {
		q, err := Parse(tt.query, berlin)
		if err != nil {
			t.Errorf("%q: %v", tt.query, err)
			continue
		}
		if got := q.Match(message(tt.text)); got != tt.want {
			t.Errorf("%q in %q: %v", tt.query, tt.text, got)
		}
	}
}

func TestConditions(t *testing.T) {
	photo := message("look")
	photo.Files = []chat.File{{Kind: chat.Photo, Name: "IMG_2041.jpg", Caption: "the view"}}
	mine := message("mine")
	mine.Author, mine.Dir = jana, chat.Out
	deleted := message("")
	deleted.Kind, deleted.Past.Kept = chat.Deleted, &chat.Version{Text: &chat.Text{Plain: "New flat https://x"}, Files: []chat.File{{Kind: chat.Voice}}}
	edited := message("now")
	edited.Versions = []chat.Version{{Text: &chat.Text{Plain: "before"}}}
	poll := message("")
	poll.Poll = &chat.PollState{Question: "When?", Options: []chat.PollOption{{Text: "Saturday"}}}
	call := &chat.Message{Kind: chat.Update, Dir: chat.Event, Words: "Missed call from Bob", Call: &chat.CallState{}, First: day("2026-02-28 23:59")}
	link := message("see")
	link.Links, link.Reactions, link.Pinned, link.Past.Gone = []chat.Link{{URL: "https://example.org", Title: "North Wall"}}, []chat.Reaction{{}}, true, chat.GoneMessage
	card := message("")
	card.Card = &chat.ContactCard{Name: "Tim Taxi", Card: &signal.ContactCard{Number: []signal.CardPhone{{Value: "+49 30"}}}}
	sticker := message("")
	sticker.Sticker = &chat.StickerFile{Emoji: "👋👋"}
	for _, tt := range []struct {
		query string
		m     *chat.Message
		want  bool
	}{
		{"from:alice", photo, true}, {"from:ALICE", photo, true}, {"from=alice", photo, true}, {`from:"alice ex"`, photo, true}, {"from:bob", photo, false}, {"-from:alice", photo, false},
		{"from:0177", photo, true}, {"from:alice.42", photo, true}, {"from:me", photo, false}, {"from:me", mine, true}, {"from:jana", mine, true}, {"from:alice", call, false},
		{"in:club", photo, true}, {"IN:climb", photo, true}, {"in:🧗", photo, true}, {"in:family", photo, false}, {"-in:club", photo, false}, {"-in:family", photo, true}, {"in:club", call, false},
		{"after:2026-01", photo, true}, {"after:2026-01-15", photo, true}, {"after:2026-01-16", photo, false}, {"after:2026", photo, true}, {"after:2027", photo, false},
		{"before:2026-01-15", photo, false}, {"before:2026-01-16", photo, true}, {"before:2026", photo, false}, {"after:2026-01 before:2026-03", call, true}, {"before:2026-03", call, true},
		{"after:2026-03", call, false}, {"before:1900", photo, false},
		{"has:photo", photo, true}, {"has:photos", photo, true}, {"has:video", photo, false}, {"has:video,photo", photo, true}, {"has:video|photo", photo, true}, {"-has:photo", photo, false},
		{"has:voice", deleted, true}, {"has:link", deleted, true}, {"has:link", link, true}, {"has:link", message("http://x"), true}, {"has:link", photo, false}, {"has:reaction", link, true},
		{"has:poll", poll, true}, {"has:call", call, true}, {"has:card", card, true}, {"has:sticker", sticker, true}, {"has:reply", photo, false}, {"has:audio", deleted, true}, {"has:gif", photo, false}, {"has:file", photo, false},
		{"is:deleted", deleted, true}, {"is:deleted", photo, false}, {"is:edited", edited, true}, {"is:mine", mine, true}, {"is:mine", photo, false}, {"is:pinned", link, true}, {"is:event", call, true}, {"is:gone", link, true},
		{"img_2041", photo, true}, {`"the view"`, photo, true}, {"flat", deleted, true}, {"before", edited, true}, {"saturday", poll, true}, {"missed", call, true}, {"north", link, true}, {"taxi", card, true}, {"+49", card, true}, {"👋👋", sticker, true},
		{"look view", photo, true}, {`"look IMG"`, photo, false}, // not across the parts of a message
		{"look from:alice in:club has:photo after:2026 -rope", photo, true},
		{"look", nil, false},
	} {
		q, err := Parse(tt.query, berlin)
		if err != nil {
			t.Errorf("%q: %v", tt.query, err)
			continue
		}
		if got := q.Match(tt.m); got != tt.want {
			t.Errorf("%q: %v", tt.query, got)
		}
		if tt.m != nil && tt.want && (!q.Period(tt.m.First, tt.m.First) || !q.In(tt.m.Chat)) {
			t.Errorf("%q: what matches is passed over", tt.query)
		}
	}
}

func TestErrorsForPeople(t *testing.T) {
	for query, want := range map[string]string{
		"": "at least 2 characters", " a ": "at least 2 characters", strings.Repeat("a", 1001): "at most 1000 bytes", strings.Repeat("a ", 51): "at most 50 words",
		"a\x00b": "UTF-8", "a\xff": "UTF-8", `"abc`: "does not end", "from:": "needs something", `from:""`: "needs something", "has:x y": `knows photo, video, gif`, "is:foo": `not "foo"`,
		"after:May": "needs a date", "before:2026-13": "needs a date", "-after:2026": "not possible", `""`: "nothing to search", "has:,": "needs something", "\u00ad\u00ad": "nothing to search",
	} {
		_, err := Parse(query, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", query, err, want)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, s := range []string{".git", ".", "..", "autorun.inf", "AutoRun.INF", "desktop.ini", "Thumbs.db", "folder.jpg", "AACS", "BDMV", "a", "", " ", "ü", ".Trash-1000", "System Volume Information"} {
		if !Refused(s) {
			t.Errorf("%q is taken for a query", s)
		}
	}
	for _, s := range []string{"rope", "from:alice", "ab", "日本", "has=photo", "-rope"} {
		if Refused(s) {
			t.Errorf("%q is refused", s)
		}
	}
}

func TestPeriod(t *testing.T) {
	q, err := Parse("after:2026-01 before:2026-03", berlin)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		first, last string
		want        bool
	}{
		{"2025-12-01 00:00", "2025-12-31 23:59", false}, {"2025-12-01 00:00", "2026-01-01 00:00", true}, {"2026-02-28 23:59", "2026-04-01 00:00", true}, {"2026-03-01 00:00", "2026-04-01 00:00", false},
	} {
		if got := q.Period(day(tt.first), day(tt.last)); got != tt.want {
			t.Errorf("%s to %s: %v", tt.first, tt.last, got)
		}
	}
}

func TestMarks(t *testing.T) {
	for _, tt := range []struct{ query, text, want string }{
		{"rope", "Rope and rope", "[Rope] and [rope]"},
		{"moller ring", "Ring at “Mo\u0308ller”", "[Ring] at “[Mo\u0308ller]”"},
		{"strasse", "Hauptstraße", "Haupt[straße]"},
		{"ss", "Straße", "Stra[ß]e"},
		{"ab bc", "abc", "[abc]"},
		{"-rope and", "rope and", "rope [and]"},
		{"from:alice", "alice", "alice"},
		{"cafe", "Cafe\u0301s", "[Cafe\u0301]s"},
	} {
		q, err := Parse(tt.query, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, end := "", 0
		for _, m := range q.Marks(tt.text) {
			got += tt.text[end:m[0]] + "[" + tt.text[m[0]:m[1]] + "]"
			end = m[1]
		}
		if got += tt.text[end:]; got != tt.want {
			t.Errorf("%q marks %q, want %q", tt.query, got, tt.want)
		}
	}
}

func TestHelpTellsAllWords(t *testing.T) {
	for _, table := range [][]flagWord{hasWords, isWords} {
		for _, f := range table {
			if !strings.Contains(Help, f.word) {
				t.Errorf("%s is not in the help", f.word)
			}
		}
	}
	for _, k := range keys {
		if !strings.Contains(Help, k+":") {
			t.Errorf("%s is not in the help", k)
		}
	}
}

func FuzzQuery(f *testing.F) {
	for _, s := range []string{`from:alice "a phrase" -word has:photo|x`, `after:2026-01 before:=`, "“„«", "-", "--a", `-"`, "ß\u0345\u0399"} {
		f.Add(s, "Ring at “Mo\u0308ller” \xff\x00")
	}
	f.Fuzz(func(t *testing.T, s, text string) {
		q, err := Parse(s, berlin)
		if err != nil {
			return
		}
		m := message(text)
		if Refused(s) && utf8.RuneCountInString(s) > 30 && s[0] != '.' && strings.TrimSpace(s) == s {
			t.Fatalf("%q is refused", s)
		}
		first := q.Match(m)
		if again := q.Match(m); again != first {
			t.Fatal("a query changes its mind")
		}
		end := 0
		for _, mark := range q.Marks(text) {
			if mark[0] < end || mark[1] <= mark[0] || mark[1] > len(text) {
				t.Fatalf("marks %v of %q", q.Marks(text), text)
			}
			if utf8.ValidString(text) && (!utf8.RuneStart(text[mark[0]]) || mark[1] < len(text) && !utf8.RuneStart(text[mark[1]])) {
				t.Fatalf("mark %v cuts a character of %q", mark, text)
			}
			end = mark[1]
		}
	})
}

func TestSearchedAtOnce(t *testing.T) {
	q, err := Parse("rope moller", nil)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan bool)
	for range 8 {
		go func() {
			ok := true
			for range 1000 {
				ok = ok && q.Match(message("Rope, Möller")) && !q.Match(message("rope"))
			}
			done <- ok
		}()
	}
	for range 8 {
		if !<-done {
			t.Error("a wrong answer")
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	texts := []string{
		"I’m in! Can you bring the 60 m rope?", "Yes", "Meet at 08:30 at the station.\n– rope\n– helmet", "👍",
		"Route and parking are here: https://example.org/north-wall, and please tell me when you are there so that I can open the gate for you",
		"אני מגיעה עם אוטו, יש שני מקומות פנויים 🚗", "Schöne Grüße aus Köln, wir sehen uns am Wochenende",
	}
	list, bytes := make([]*chat.Message, 100_000), 0
	for i := range list {
		list[i] = message(texts[i%len(texts)])
		bytes += len(list[i].Text.Plain)
	}
	for _, s := range []string{"helmet", "gruesse", "rope station -bus", "from:alice rope", "has:photo"} {
		q, err := Parse(s, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(s, func(b *testing.B) {
			b.SetBytes(int64(bytes))
			for b.Loop() {
				for _, m := range list {
					q.Match(m)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N)*10, "ms/1M")
		})
	}
}

func TestOneCharacterCanBeAWord(t *testing.T) {
	for _, s := range []string{"食", " 水 ", "강"} {
		if _, err := Parse(s, nil); err != nil || Refused(s) {
			t.Errorf("%q is refused: %v", s, err)
		}
	}
	for _, s := range []string{"a", "é", "", " ", "-"} {
		if _, err := Parse(s, nil); err == nil || !Refused(s) {
			t.Errorf("%q is not refused", s)
		}
	}
}
