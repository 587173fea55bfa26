package chat

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"bakfs/signal"
)

// checkWords looks for everything in the words of an event that the truth says
// of it: who did it, whom it is about, texts, numbers.
func checkWords(t *testing.T, p *People, m *Message, updates any) {
	list, _ := updates.([]any)
	if (len(list) > 0) != (m.Dir == Event) {
		t.Errorf("%s is an event: %v", m.Event, m.Dir == Event)
	}
	if len(list) == 0 {
		return
	}
	names := map[string]string{}
	for _, who := range p.Persons() {
		names[who.Key] = who.Shown()
	}
	for _, u := range list {
		u := u.(map[string]any)
		kind := u["kind"].(string)
		if event, _, _ := strings.Cut(m.Event, "."); event != kind && !(event == "groupChange" && strings.Contains(strings.ToLower(kind), "group")) {
			t.Errorf("event %s is %s", m.Event, kind)
		}
		var wanted []string
		for _, field := range []string{"who", "from"} {
			if kind == "groupInvitationRevokedUpdate" && field == "from" {
				continue // the words do not tell who had invited
			}
			if key, ok := u[field].(string); ok {
				wanted = append(wanted, names[key])
			}
		}
		for _, field := range []string{"text", "old"} {
			if text, ok := u[field].(string); ok {
				wanted = append(wanted, strings.TrimSpace(text))
			}
		}
		if name, ok := u["name"].(string); ok && m.Event != "simpleUpdate."+name {
			t.Errorf("event %s is %s", m.Event, name)
		}
		if n, ok := u["number"].(float64); ok && kind != "learnedProfileChange" && strings.Contains(kind, "xpiration") {
			wanted = append(wanted, spell(uint64(n)))
		}
		if n, ok := u["count"].(float64); ok {
			wanted = append(wanted, fmt.Sprint(n))
		}
		for _, w := range wanted {
			if w = oneLine(w); w != "" && w != unknownName && !strings.Contains(m.Words, w) {
				t.Errorf("%s: %q does not tell %q", kind, m.Words, w)
			}
		}
	}
}

// A message has one id in the backups of all days, and in both formats.
func TestIDsAreTheSameInAllBackups(t *testing.T) {
	dir := vectors(t, "generated")
	ids := map[string]string{}
	for _, s := range append(modernSources(t, dir), legacySources(t, dir)...) {
		alias := map[string]string{}
		for _, who := range s.people.Persons() { // legacy files do not tell PNIs, and one format has a key that the other has not
			if who.Phone != "" && who.ACI == "" {
				alias[who.Key] = "e164:" + who.Phone
			}
		}
		key := func(k string) string {
			if a, ok := alias[k]; ok {
				return a
			}
			return k
		}
		seen := map[string]bool{}
		for _, m := range s.messages() {
			id := MessageID(key(m.Chat.Key), key(m.Author.Key), m.First, m.Event)
			if id != m.ID && alias[m.Chat.Key] == "" && alias[m.Author.Key] == "" {
				t.Errorf("id %s, made again %s", m.ID, id)
			}
			if seen[id] {
				t.Errorf("two messages have the id %s", id)
			}
			seen[id] = true
			what := fmt.Sprint(key(m.Chat.Key), key(m.Author.Key), m.First, m.Dir)
			if have, ok := ids[what]; ok && have != id {
				t.Errorf("%s has the ids %s and %s", what, have, id)
			}
			ids[what] = id
		}
	}
	if len(ids) < 350 {
		t.Errorf("%d messages", len(ids))
	}
}

// Every record of the public test data of others makes a sound message.
func TestOtherTestDataMakesSoundMessages(t *testing.T) {
	for _, name := range []string{"canonical-backup.binproto", "v2/plain.binproto"} {
		f, err := os.Open(vectors(t, name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		r, err := signal.NewReader(signal.NewRecordReader(f))
		if err != nil {
			t.Fatal(err)
		}
		s := take(t, r.Next, func() signal.ServiceID { return "" })
		for _, m := range s.messages() {
			checkMessage(t, m)
		}
	}
}
