package text_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"bakfs/view/chat"
	"bakfs/view/jsonl"
	"bakfs/view/text"
)

// TestGeneratedMessagesAreTold compares each message of a generated backup with
// the truth about it: as text and as JSON.
func TestGeneratedMessagesAreTold(t *testing.T) {
	people, list := generated(t)
	persons, facts := truth(t)
	if len(list) != len(facts) || len(list) < 100 {
		t.Fatalf("%d messages, %d in the truth", len(list), len(facts))
	}
	keys := map[string]string{} // the truth knows no PNIs
	for _, p := range people.Persons() {
		if strings.HasPrefix(p.Key, "pni:") {
			keys["e164:"+p.Phone] = p.Key
		}
	}
	bad := 0
	for i, m := range list {
		c := compared{t: t, m: m, want: facts[i], names: persons, keys: keys}
		c.lines()
		c.object()
		if t.Failed() {
			if bad++; bad == 5 {
				t.FailNow()
			}
		}
	}
}

// compared is one message with what is true of it.
type compared struct {
	t     *testing.T
	m     *chat.Message
	want  fact
	names map[string]string // of persons, by the truth's key
	keys  map[string]string // the keys here, by the truth's, where they differ
}

func (c *compared) key(k string) string {
	if to, ok := c.keys[k]; ok {
		return to
	}
	return k
}

// shown is how lines call a person of the truth.
func (c *compared) shown(key string) string {
	if key == "self" {
		return "Jana"
	}
	return plain(c.names[key])
}

// sent is when the first version was sent.
func (c *compared) sent() float64 {
	if n := c.want.num("firstSent"); n != 0 {
		return n
	}
	return c.want.num("sent")
}

func (c *compared) is(what string, got, want any) {
	c.t.Helper()
	if got != want {
		c.t.Errorf("%s of %s at %.0f: %q, want %q", what, c.want.str("kind"), c.sent(), got, want)
	}
}

var lineEnds = regexp.MustCompile("\r\n|[\n\r\u0085\u2028\u2029]")

// plain says what a text without line ends looks like in a line.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case slices.Contains([]rune("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"), r):
			return -1
		case r < ' ':
			return 0x2400 + r
		case r == 0x7f:
			return 0x2421
		case 0x80 <= r && r < 0xa0:
			return 0xfffd
		}
		return r
	}, lineEnds.ReplaceAllString(strings.TrimSpace(s), " ⏎ "))
}

// lines compares the lines of text.
func (c *compared) lines() {
	b := text.AppendMessages(nil, []*chat.Message{c.m}, text.Options{})
	stamp := time.UnixMilli(int64(c.sent())).UTC().Format("2006-01-02 15:04:05 -0700 ")
	var said []string
	props := map[string][]string{}
	for i, l := range strings.Split(strings.TrimSuffix(string(b), "\n"), "\n") {
		rest, ok := strings.CutPrefix(l, stamp)
		if !ok || len(rest) < 3 {
			c.t.Fatalf("%q is not of %s", l, stamp)
		}
		mark, rest := rest[:1], rest[2:]
		switch mark {
		case "+":
			key, val, _ := strings.Cut(rest, ": ")
			props[key] = append(props[key], val)
			continue
		case "*":
			c.is("direction", "event", c.want.str("dir"))
			continue
		case "<":
			c.is("direction", "in", c.want.str("dir"))
		case ">":
			c.is("direction", "out", c.want.str("dir"))
		}
		if (mark == "|") != (i > 0) {
			c.t.Fatalf("mark of line %d is %s", i, mark)
		}
		rest, ok = strings.CutPrefix(rest, c.shown(c.want.str("author"))+":")
		c.is("author", ok, true)
		said = append(said, strings.TrimPrefix(rest, " "))
	}
	if c.want.str("dir") != "event" {
		c.said(said)
	}
	c.properties(props)
}

// said compares the text with the body.
func (c *compared) said(lines []string) {
	body := c.want.str("text")
	if p := c.want.sub("poll"); p != nil {
		body = "Poll: " + p.str("question")
	}
	for i, l := range lineEnds.Split(body, -1) {
		if i >= len(lines) {
			c.t.Errorf("%d lines of %q", len(lines), body)
			return
		}
		want := strings.TrimPrefix(plain("x"+l+"x"), "x")
		c.is("line", lines[i], strings.TrimSuffix(want, "x"))
	}
}

func (c *compared) properties(props map[string][]string) {
	files := 0
	for _, key := range []string{"photo", "video", "GIF", "voice message", "audio", "file", "text", "view-once photo", "view-once video", "view-once GIF"} {
		for _, v := range props[key] {
			if !strings.HasPrefix(v, "only the beginning") {
				files++
			}
		}
	}
	c.is("files", files, len(c.want.list("attachments")))
	c.is("edits", len(props["edited"]), len(c.want.list("edits")))
	for i, e := range c.want.list("edits") {
		c.is("edit", strings.HasSuffix(props["edited"][i], "; before: "+plain(e.str("text"))), true)
	}
	var reactions []string
	for _, r := range c.want.list("reactions") {
		reactions = append(reactions, r.str("emoji")+" "+c.shown(r.str("by")))
	}
	got := strings.Join(props["reactions"], "")
	for _, r := range reactions {
		c.is("reaction", strings.Contains(got, r), true)
	}
	c.is("reactions", len(got) > 0, len(reactions) > 0)
	if q := c.want.sub("quote"); q != nil && c.want.str("kind") != "storyReply" {
		c.is("quote", len(props["reply to"]) == 1 && strings.HasPrefix(props["reply to"][0], c.shown(q.str("author"))), true)
	}
	for i, o := range c.want.sub("poll").list("options") {
		voters, _ := o["voters"].([]any)
		c.is("option", strings.HasPrefix(props["option"][i], plain(o.str("text"))+" — "), true)
		for _, v := range voters {
			c.is("voter", strings.Contains(props["option"][i], c.shown(v.(string))), true)
		}
	}
	deleted := c.want.str("kind") == "deleted" || c.want.str("kind") == "adminDeleted"
	c.is("deleted", len(props["deleted"]) == 1, deleted)
	c.is("pinned", len(props["pinned"]) == 1, c.want["pinned"] != nil)
	if k := c.want.sub("card"); k != nil {
		c.is("card", strings.HasPrefix(props["contact card"][0], plain(k.str("name"))), true)
	}
	if p := c.want.sub("payment"); p != nil {
		c.is("payment", strings.Contains(props["payment"][0], p.str("amount")), true)
	}
	c.is("failed", len(props["failed"]) == 1, c.want.str("status") == "failed")
}

var jsonKinds = map[string]string{"standard": "text", "contact": "card", "adminDeleted": "admin_deleted", "viewOnce": "view_once", "storyReply": "story_reply"}

// object compares the line of JSON.
func (c *compared) object() {
	var got fact
	check(c.t, json.Unmarshal(jsonl.Append(nil, []*chat.Message{c.m}, jsonl.Options{}), &got))
	kind := c.want.str("kind")
	if k := jsonKinds[kind]; k != "" {
		kind = k
	}
	c.is("kind", got.str("kind"), kind)
	c.is("direction", got.str("dir"), c.want.str("dir"))
	c.is("t", got.num("t"), c.sent())
	c.is("time", got.str("time"), time.UnixMilli(int64(c.sent())).UTC().Format("2006-01-02T15:04:05.000Z"))
	c.is("chat", got.str("chat_id"), c.key(c.want.str("chat")))
	c.is("author", got.str("from_id"), c.key(c.want.str("author")))
	c.is("author", got.str("from"), strings.TrimSpace(c.names[c.want.str("author")]))
	c.is("text", got.str("text"), c.want.str("text"))
	c.is("cut", got["cut"] == true, c.want["truncated"] == true)
	c.is("received", got.num("received"), c.want.num("received"))
	c.is("sms", got["sms"] == true, c.want["sms"] == true)
	c.is("timer", got.num("timer"), c.want.num("expiresIn"))
	c.is("emoji", got.str("emoji"), c.want.str("emoji"))
	c.is("deleted by", got.sub("deleted").str("by_id"), c.key(c.want.str("deletedBy")))
	same := func(what string, got, want []fact, keys map[string]string) {
		c.is(what, len(got), len(want))
		for i := range min(len(got), len(want)) {
			for g, w := range keys {
				x := want[i][w]
				if s, ok := x.(string); ok {
					x = c.key(s)
				}
				c.is(what+" "+g, got[i][g], x)
			}
		}
	}
	same("file", got.list("attachments"), c.want.list("attachments"), map[string]string{"name": "name", "mime": "mime", "caption": "caption"})
	same("edit", got.list("edits"), c.want.list("edits"), map[string]string{"t": "sent", "text": "text"})
	byTime := func(l []fact, key string) []fact {
		slices.SortStableFunc(l, func(a, b fact) int { return int(a.num(key)) - int(b.num(key)) })
		return l
	}
	same("reaction", byTime(got.list("reactions"), "t"), byTime(c.want.list("reactions"), "sent"), map[string]string{"emoji": "emoji", "from_id": "by", "t": "sent"})
	if q := c.want.sub("quote"); q != nil {
		same("quote", []fact{got.sub("quote")}, []fact{q}, map[string]string{"from_id": "author", "text": "text"})
	}
	if p := c.want.sub("poll"); p != nil {
		same("poll", []fact{got.sub("poll")}, []fact{p}, map[string]string{"question": "question", "ended": "ended", "multiple": "multiple"})
		same("option", got.sub("poll").list("options"), p.list("options"), map[string]string{"text": "text"})
	}
	if k := c.want.sub("card"); k != nil {
		same("card", []fact{got.sub("card")}, []fact{k}, map[string]string{"name": "name", "organization": "organization"})
	}
	if p := c.want.sub("payment"); p != nil {
		same("payment", []fact{got.sub("payment")}, []fact{p}, map[string]string{"note": "note"})
	}
	if s := c.want.sub("sticker"); s != nil {
		same("sticker", []fact{got.sub("sticker")}, []fact{s}, map[string]string{"emoji": "emoji"})
	}
}

// TestOtherBackupsAreWellFormed writes messages that no truth is known of.
func TestOtherBackupsAreWellFormed(t *testing.T) {
	list := plainBackup(t)
	form := regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4} [<>|+*] `)
	for _, l := range strings.Split(strings.TrimSuffix(string(text.AppendTimeline(nil, list, text.Options{})), "\n"), "\n") {
		if !form.MatchString(l) {
			t.Errorf("line %q", l)
		}
	}
	lines := strings.Split(strings.TrimSuffix(string(jsonl.Append(nil, list, jsonl.Options{})), "\n"), "\n")
	if len(lines) != len(list) || len(list) < 30 {
		t.Errorf("%d lines for %d messages", len(lines), len(list))
	}
	for _, l := range lines {
		if !json.Valid([]byte(l)) {
			t.Errorf("line %q", l)
		}
	}
}
