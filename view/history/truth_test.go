package history

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"bakfs/view/chat"
)

// An object is a line of the truth, or what we make to compare with one.
type object = map[string]any

var kindNames = map[chat.Kind]string{chat.Standard: "standard", chat.Card: "contact", chat.Sticker: "sticker", chat.Deleted: "deleted",
	chat.AdminDeleted: "adminDeleted", chat.ViewOnce: "viewOnce", chat.Poll: "poll", chat.Payment: "payment", chat.Gift: "gift",
	chat.StoryReply: "storyReply", chat.Update: "update"}

// toldMessage is what the truth says of a message, as far as this package has a
// part in it.
func toldMessage(m *chat.Message) object {
	o := object{"chat": m.Chat.Key, "author": m.Author.Key, "kind": kindNames[m.Kind], "sent": m.Sent, "dir": []string{"", "in", "out", "event"}[m.Dir]}
	if m.First != m.Sent {
		o["firstSent"] = m.First
	}
	if m.Text != nil {
		o["text"], o["truncated"] = m.Text.Plain, m.Text.Cut
	}
	var files, edits, reactions []object
	for _, f := range m.Files {
		files = append(files, toldFile(f))
	}
	for _, v := range m.Versions {
		edits = append(edits, object{"sent": v.Sent, "text": v.Text.Plain})
	}
	for _, r := range m.Reactions {
		reactions = append(reactions, object{"emoji": r.Emoji, "by": r.By.Key, "sent": r.Sent})
	}
	o["attachments"], o["edits"], o["reactions"] = files, edits, reactions
	if m.Sticker != nil {
		o["sticker"] = toldFile(m.Sticker.File)
	}
	return o
}

func toldFile(f chat.File) object {
	o := object{"sha256": f.Hash, "name": f.Name, "missing": f.Size < 0}
	if f.Size >= 0 {
		o["size"] = f.Size
	} else {
		delete(o, "sha256")
	}
	return o
}

// normal puts a line into the form that JSON gives, with the members that
// toldMessage makes and without what is empty.
func normal(t testing.TB, o object) object {
	t.Helper()
	b, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var back object
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	for k := range back {
		if !slices.Contains([]string{"chat", "author", "kind", "sent", "dir", "firstSent", "text", "truncated", "attachments", "edits", "reactions", "sticker"}, k) {
			delete(back, k)
		}
	}
	return prune(back).(object)
}

func prune(v any) any {
	switch v := v.(type) {
	case object:
		for k := range v {
			if !slices.Contains([]string{"chat", "author", "kind", "sent", "dir", "firstSent", "text", "truncated", "attachments", "edits", "reactions",
				"sticker", "sha256", "name", "missing", "size", "emoji", "by"}, k) {
				delete(v, k)
			}
		}
		if v["missing"] == true {
			delete(v, "size")
			delete(v, "sha256")
		}
		if v["sha256"] != nil {
			delete(v, "emoji") // of a sticker
		}
		for k, x := range v {
			x = prune(x)
			if v[k] = x; x == nil || x == "" || x == 0.0 || x == false {
				delete(v, k)
			}
			if l, ok := x.([]any); ok && len(l) == 0 {
				delete(v, k)
			}
		}
	case []any:
		for i := range v {
			v[i] = prune(v[i])
		}
		slices.SortStableFunc(v, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	}
	return v
}

// messages returns all messages of a history, those of each conversation in their order.
func messages(t tester, h *History) map[string][]*chat.Message {
	t.Helper()
	ctx := context.Background()
	all, err := h.Conversations(ctx)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]*chat.Message{}
	for _, c := range all {
		months, err := h.Months(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range months {
			list, err := h.Messages(ctx, c, m)
			if err != nil {
				t.Fatal(err)
			}
			most := m.Most
			for _, msg := range list {
				if msg.Chat != c.Conversation {
					t.Errorf("a message of %s is of %s", c.Key, msg.Chat.Key)
				}
				if monthOf(msg.Sent, h.o.Zone) > m.at() {
					most++
				}
			}
			if len(list) > most {
				t.Errorf("%d messages, at most %d", len(list), most)
			}
			got[c.Key] = append(got[c.Key], list...)
		}
	}
	return got
}

// aliases are the keys here for those that the truth has: it does not know PNIs.
func aliases(t testing.TB, h *History) map[string]string {
	t.Helper()
	list, err := h.Persons(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	alias := map[string]string{}
	for _, who := range list {
		if who.Phone != "" && !who.Self {
			alias["e164:"+who.Phone] = who.Key
		}
	}
	return alias
}

func renamed(v any, alias map[string]string) any {
	switch v := v.(type) {
	case object:
		out := object{}
		for k, x := range v {
			out[k] = renamed(x, alias)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = renamed(v[i], alias)
		}
		return out
	case string:
		if to, ok := alias[v]; ok {
			return to
		}
	}
	return v
}

func firstOf(o object) float64 {
	if f, ok := o["firstSent"].(float64); ok {
		return f
	}
	return o["sent"].(float64)
}

func TestOneBackupSaysTheTruth(t *testing.T) {
	s := generated(t)
	for day := range s.trees {
		h := New(s.backups(day), Options{ShowExpired: true})
		got := messages(t, h)
		alias := aliases(t, h)
		want := map[string][]object{}
		for _, o := range s.truth[day]["message"] {
			o = renamed(o, alias).(object)
			want[o["chat"].(string)] = append(want[o["chat"].(string)], o)
		}
		compare(t, fmt.Sprintf("day %d", day+1), got, want)
		if len(s.truth[day]["chat"]) != count(t, h) {
			t.Errorf("day %d: %d conversations, want %d", day+1, count(t, h), len(s.truth[day]["chat"]))
		}
		if d := h.Damage(); len(d) > 0 {
			t.Error(d)
		}
	}
}

func count(t testing.TB, h *History) int {
	list, err := h.Conversations(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func compare(t *testing.T, what string, got map[string][]*chat.Message, want map[string][]object) {
	t.Helper()
	for key, list := range want {
		slices.SortStableFunc(list, func(a, b object) int { return int(firstOf(a) - firstOf(b)) })
		if len(got[key]) != len(list) {
			t.Errorf("%s, %s: %d messages, want %d", what, key, len(got[key]), len(list))
			continue
		}
		for i, w := range list {
			g, w := normal(t, toldMessage(got[key][i])), normal(t, w)
			if !reflect.DeepEqual(g, w) {
				gj, _ := json.Marshal(g)
				wj, _ := json.Marshal(w)
				t.Errorf("%s, %s %d:\n got %s\nwant %s", what, key, i, gj, wj)
				if t.Failed() {
					break
				}
			}
		}
	}
	for key, list := range got {
		if len(list) > 0 && want[key] == nil {
			t.Errorf("%s: %s should not be there", what, key)
		}
	}
}

// merged is what all days together tell: each message as the newest day has it, and
// the days that have it first and last.
type merged struct {
	line        object
	first, last int
	kept        object // what it was before it was deleted for everyone
}

// mergeTruth merges the truth of some days.
func mergeTruth(s *series, alias map[string]string, days []int) map[string][]*merged {
	byID := map[string]*merged{}
	chats := map[string][]*merged{}
	for _, day := range days {
		for _, o := range s.truth[day]["message"] {
			o = renamed(o, alias).(object)
			id := fmt.Sprint(o["chat"], o["author"], firstOf(o), o["dir"] == "event")
			if o["dir"] == "event" {
				id += fmt.Sprint(o["updates"])
			}
			sent := fmt.Sprint(o["chat"], o["author"], o["sent"], "sent")
			m := byID[id]
			if m == nil && o["firstSent"] == nil {
				m = byID[sent] // a deleted one has lost its versions
			}
			if m == nil {
				m = &merged{first: day}
				byID[id] = m
				if o["firstSent"] != nil {
					byID[sent] = m
				}
				chats[o["chat"].(string)] = append(chats[o["chat"].(string)], m)
			}
			if isTombstone(o) && m.line != nil && !isTombstone(m.line) {
				m.kept = m.line
			}
			m.line, m.last = o, day
		}
	}
	return chats
}

func TestAllBackupsTogetherSayTheTruth(t *testing.T) {
	s := generated(t)
	for _, days := range [][]int{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, {0, 11}, {2, 5, 6}, {9, 10}} {
		h := New(s.backups(days...), Options{ShowExpired: true})
		got := messages(t, h)
		want := mergeTruth(s, aliases(t, h), days)
		for key, list := range want {
			slices.SortStableFunc(list, func(a, b *merged) int { return int(firstOf(a.line) - firstOf(b.line)) })
			if len(list) != len(got[key]) {
				t.Errorf("%v: %s has %d messages, want %d", days, key, len(got[key]), len(list))
				continue
			}
			left := map[string]*chat.Message{}
			for _, m := range got[key] {
				left[toldID(t, toldMessage(m))] = m
			}
			for _, w := range list {
				m := left[toldID(t, w.line)]
				if m == nil {
					t.Errorf("%v: %s lacks %v", days, key, w.line)
					continue
				}
				checkPast(t, s, m, w, days[len(days)-1])
			}
		}
		if d := h.Damage(); len(d) > 0 {
			t.Error(d)
		}
	}
}

// toldID is a line as one text, without what older backups add and names change.
func toldID(t testing.TB, o object) string {
	n := normal(t, o)
	delete(n, "edits")
	delete(n, "text")
	delete(n, "attachments")
	delete(n, "sticker")
	b, _ := json.Marshal(n)
	return string(b)
}

func checkPast(t *testing.T, s *series, m *chat.Message, w *merged, newest int) {
	t.Helper()
	if m.Past.FirstSeen != s.label(w.first) {
		t.Errorf("first seen %s, want %s", m.Past.FirstSeen, s.label(w.first))
	}
	last := ""
	if w.last != newest {
		last = s.label(w.last)
	}
	if m.Past.LastSeen != last || (m.Past.Gone != chat.Here) != (last != "") {
		t.Errorf("last seen %q, want %q; gone %d", m.Past.LastSeen, last, m.Past.Gone)
	}
	if (w.kept != nil) != (m.Past.Kept != nil) {
		t.Errorf("kept: %v, want %v", m.Past.Kept, w.kept)
	} else if w.kept != nil && w.kept["text"] != nil && m.Past.Kept.Text.Plain != w.kept["text"] {
		t.Errorf("kept %q, want %q", m.Past.Kept.Text.Plain, w.kept["text"])
	}
}

func isTombstone(o object) bool { return o["kind"] == "deleted" || o["kind"] == "adminDeleted" }

// A tester is a testing.TB or a rapid.T.
type tester interface {
	Helper()
	Fatal(...any)
	Errorf(string, ...any)
}
