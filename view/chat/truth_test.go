package chat

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"bakfs/signal"
)

// An object is a line of the truth, or what we make to compare with one.
type object map[string]any

// normal puts o into the form that JSON gives, without what is empty.
func (o object) normal(t testing.TB) object {
	t.Helper()
	b, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var back object
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	return prune(map[string]any(back)).(map[string]any)
}

// prune removes null, "", 0, false and empty lists from objects, and what no
// record tells.
func prune(v any) any {
	switch v := v.(type) {
	case map[string]any:
		delete(v, "sniffed") // only a look at the bytes can
		delete(v, "updates") // compared as words
		if v["mime"] != nil && v["missing"] == true {
			delete(v, "size") // a lost file's pointer need not say it
			delete(v, "sha256")
		}
		if amount, ok := v["amount"].(string); ok && strings.Contains(amount, ".") {
			v["amount"] = strings.TrimRight(amount, "0") // legacy files have the number only
		}
		if list, ok := v["styled"].([]any); ok { // in the order of the record there, in that of the text here
			slices.SortStableFunc(list, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
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
	}
	return v
}

func TestGeneratedBackupsSayTheTruth(t *testing.T) {
	dir := vectors(t, "generated")
	for format, sources := range map[string][]*source{"v2": modernSources(t, dir), "legacy": legacySources(t, dir)} {
		days := truthLines(t, filepath.Join(dir, "truth.jsonl.gz"), format)
		if len(sources) != len(days) || len(days) == 0 {
			t.Fatalf("%s: %d backups, %d days", format, len(sources), len(days))
		}
		for i, s := range sources {
			t.Run(fmt.Sprintf("%s %d", format, i+1), func(t *testing.T) { checkDay(t, s, days[i+1], format) })
		}
	}
}

func checkDay(t *testing.T, s *source, lines []map[string]any, format string) {
	messages := s.messages()
	counts := map[string]int{}
	for _, m := range messages {
		counts[m.Chat.Key]++
	}
	alias := aliases(s.people)
	seen := map[string]int{}
	for _, want := range lines {
		want = renamed(want, alias).(map[string]any)
		kind := want["type"].(string)
		delete(want, "type")
		n := seen[kind]
		seen[kind]++
		var got object
		switch kind {
		case "backup":
			continue
		case "person":
			delete(want, "avatar")
			got = toldPerson(s.people, want["key"].(string))
		case "chat":
			delete(want, "avatar")
			c := s.people.Conversations()[n]
			got = toldChat(c, format)
			got["messages"] = counts[c.Key]
		case "message":
			checkWords(t, s.people, messages[n], want["updates"])
			got = s.toldMessage(messages[n])
		}
		if g, w := got.normal(t), object(want).normal(t); !reflect.DeepEqual(g, w) {
			gj, _ := json.Marshal(g)
			wj, _ := json.Marshal(w)
			t.Errorf("%s %d:\n got %s\nwant %s", kind, n, gj, wj)
		}
	}
	if seen["message"] != len(messages) || seen["chat"] != len(s.people.Conversations()) || seen["person"] < 20 {
		t.Errorf("compared %v", seen)
	}
}

// aliases are the keys that the truth has for those whose key here is another:
// it does not know PNIs.
func aliases(p *People) map[string]string {
	alias := map[string]string{}
	for _, who := range p.Persons() {
		if strings.HasPrefix(who.Key, "pni:") && who.Phone != "" {
			alias["e164:"+who.Phone] = who.Key
		}
	}
	return alias
}

func renamed(v any, alias map[string]string) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			v[k] = renamed(x, alias)
		}
	case []any:
		for i := range v {
			v[i] = renamed(v[i], alias)
		}
	case string:
		if to, ok := alias[v]; ok {
			return to
		}
	}
	return v
}

func toldPerson(p *People, key string) object {
	for _, who := range p.Persons() {
		if who.Key != key {
			continue
		}
		o := object{"key": key, "name": who.Name}
		if who.Contact != nil {
			o["username"], o["note"], o["blocked"] = who.Username, who.Contact.Note, who.Contact.Blocked
			if who.Phone != "" {
				var n uint64
				fmt.Sscanf(who.Phone, "+%d", &n)
				o["e164"] = n
			}
		}
		return o
	}
	return object{"missing": key}
}

func toldChat(c *Conversation, format string) object {
	forms := map[Form]string{Direct: "contact", Group: "group", NoteToSelf: "self", ReleaseNotes: "release", Unknown: "?"}
	o := object{"key": c.Key, "kind": forms[c.Form], "name": c.Name, "archived": c.Archived, "pinned": c.Pinned > 0, "timerMs": c.TimerMs}
	var members []object
	for _, m := range c.Members {
		one := object{"key": m.Person.Key}
		if format != "legacy" {
			one["admin"], one["label"] = m.Admin, strings.TrimPrefix(m.Label, "🥾 ") // the truth has it without its emoji
		}
		members = append(members, one)
	}
	o["members"] = members
	if format != "legacy" {
		o["description"] = c.Description
	}
	return o
}

var kindNames = map[Kind]string{Standard: "standard", Card: "contact", Sticker: "sticker", Deleted: "deleted", AdminDeleted: "adminDeleted",
	ViewOnce: "viewOnce", Poll: "poll", Payment: "payment", Gift: "gift", StoryReply: "storyReply", Update: "update"}

func (s *source) toldMessage(m *Message) object {
	o := object{"chat": m.Chat.Key, "author": m.Author.Key, "kind": kindNames[m.Kind], "sent": m.Sent, "received": m.Got, "sms": m.SMS,
		"dir": []string{"", "in", "out", "event"}[m.Dir], "emoji": m.Emoji, "expiresIn": m.ExpiresMs}
	if m.First != m.Sent {
		o["firstSent"] = m.First
	}
	if m.Expires > 0 {
		o["expireStart"] = uint64(m.Expires) - m.ExpiresMs
	}
	if m.Dir == In {
		o["unread"] = !m.Raw.Incoming.Read
	}
	if st := m.State(); m.Chat.Form != Group || st == "failed" || st == "pending" {
		o["status"] = st
	}
	if m.By != nil {
		o["deletedBy"] = m.By.Key
	}
	if m.Pinned {
		o["pinned"] = m.Raw.Pin.PinnedAtTimestamp
	}
	toldText(o, m.Text)
	o["attachments"] = s.toldFiles(m.Files)
	var edits []object
	for _, v := range m.Versions {
		edits = append(edits, object{"sent": v.Sent, "text": v.Text.Plain})
	}
	o["edits"] = edits
	for _, l := range m.Links {
		o["link"] = object{"URL": l.URL, "Title": l.Title, "Description": l.Description, "Date": l.Date, "Image": s.sum(l.Image)}
	}
	o["reactions"] = toldReactions(m.Reactions)
	s.toldRest(o, m)
	return o
}

func (s *source) toldRest(o object, m *Message) {
	if q := m.Quote; q != nil {
		quote := object{"author": q.Author.Key, "sent": q.Sent, "missing": q.Sent == 0}
		if q.Text != nil {
			quote["text"] = q.Text.Plain
		}
		for _, f := range q.Files {
			quote["thumb"] = s.sum(f.Thumbnail)
		}
		o["quote"] = quote
	}
	if k := m.Sticker; k != nil {
		raw := m.Raw.Body.(*signal.StickerMessage).Sticker
		sticker := s.toldFile(k.File)
		sticker["pack"], sticker["index"], sticker["emoji"] = raw.PackID.String(), raw.StickerID, k.Emoji
		o["sticker"] = sticker
	}
	if c := m.Card; c != nil {
		card := object{"name": c.Name, "organization": c.Card.Organization, "avatar": s.sum(c.Avatar)}
		for _, n := range c.Card.Number {
			card["phone"] = n.Value
		}
		for _, e := range c.Card.Email {
			card["email"] = e.Value
		}
		for _, a := range c.Card.Address {
			card["city"] = a.City
		}
		o["card"] = card
	}
	if p := m.Poll; p != nil {
		var options []object
		for _, opt := range p.Options {
			var voters []string
			for _, v := range opt.Voters {
				voters = append(voters, v.Key)
			}
			slices.Sort(voters)
			options = append(options, object{"text": opt.Text, "voters": voters})
		}
		o["poll"] = object{"question": p.Question, "multiple": p.Multiple, "ended": p.Ended, "options": options}
	}
	if m.Payment != nil {
		o["payment"] = object{"amount": m.Payment.AmountMOB.V, "note": m.Payment.Note.V}
	}
}

// toldText tells what is styled with the placeholders that the bodies have for
// mentions, in the order of the text as the truth's is but for overlaps.
func toldText(o object, text *Text) {
	if text == nil {
		return
	}
	o["text"], o["truncated"] = text.Plain, text.Cut
	var styled []object
	var mentions []string
	for _, s := range text.Spans {
		if s.Mention != nil {
			mentions = append(mentions, s.Mention.Key)
			continue
		}
		part, from := "", s.Start
		for _, m := range text.Spans {
			if m.Mention != nil && m.Start >= s.Start && m.End <= s.End {
				part += text.Plain[from:m.Start] + "\uFFFC"
				from = m.End
			}
		}
		styled = append(styled, object{"style": strings.ToLower(s.Style.String()), "text": part + text.Plain[from:s.End]})
	}
	o["styled"], o["mentions"] = styled, mentions
}

func (s *source) toldFiles(list []File) (all []object) {
	for _, f := range list {
		all = append(all, s.toldFile(f))
	}
	return all
}

func (s *source) toldFile(f File) object {
	flags := []string{"", "voice", "borderless", "gif"}
	b, ok := s.files[f.Hash]
	o := object{"sha256": f.Hash, "size": f.Claimed, "mime": f.MIME, "name": f.Name, "caption": f.Caption, "flag": flags[f.Flag], "missing": !ok}
	if ok {
		o["size"] = len(b)
	}
	return o
}

func (s *source) sum(f *File) string {
	if f == nil || s.files[f.Hash] == nil {
		return ""
	}
	return f.Hash
}

func toldReactions(list []Reaction) (all []object) {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b Reaction) int { return int(a.Sent) - int(b.Sent) })
	for _, r := range list {
		all = append(all, object{"emoji": r.Emoji, "by": r.By.Key, "sent": r.Sent})
	}
	return all
}
