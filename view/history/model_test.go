package history

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"bakfs/signal"
	"bakfs/view/chat"
)

// A world is an account that lives, and from which backups are made now and then. It
// knows what a History of them has to say.
type world struct {
	t       *rapid.T
	now     signal.Millis
	people  []*wPerson
	alive   []*wMessage // in the order of the phone
	all     []*wMessage
	shift   uint64 // added to all numbers: another phone has others
	backups []Backup
	noIDs   bool
}

type wPerson struct {
	id    uint64
	aci   signal.ServiceID
	phone uint64
	name  string
	known bool // its ACI is known
}

type wMessage struct {
	chat, author *wPerson // author nil: the owner
	first, sent  signal.Millis
	text         string
	older        []wVersion
	tombstone    bool
	event        bool
	versions     map[signal.Millis]string // all that any backup has
	first1       int                      // backups that had it
	last         int
	seen         bool
	kept         string // text in the last backup before the tombstone
	shown        string // text in the last backup
	wasTombstone bool
}

type wVersion struct {
	sent signal.Millis
	text string
}

func newWorld(t *rapid.T) *world {
	w := &world{t: t, now: signal.Millis(time.Date(2024, 1, 29, 0, 0, 0, 0, time.UTC).UnixMilli())}
	for i := range rapid.IntRange(1, 4).Draw(t, "people") {
		w.people = append(w.people, &wPerson{
			id: uint64(2 + i), aci: signal.ServiceID(fmt.Sprintf("aci-%012d", i)), phone: 49151000000 + uint64(i),
			name: rapid.SampledFrom([]string{"Alice", "Bob", "alice"}).Draw(t, "name"), known: rapid.Bool().Draw(t, "known"),
		})
	}
	w.noIDs = rapid.Bool().Draw(t, "noIDs")
	return w
}

func (w *world) step() {
	t := w.t
	w.now += signal.Millis(rapid.SampledFrom([]int{0, 1, 1000, 3_600_000, 40_000_000, 900_000_000}).Draw(t, "pause"))
	who := rapid.SampledFrom(w.people).Draw(t, "who")
	var m *wMessage
	if len(w.alive) > 0 {
		m = rapid.SampledFrom(w.alive).Draw(t, "message")
	}
	switch what := rapid.SampledFrom([]string{"send", "send", "send", "receive", "receive", "event", "edit", "delete", "erase", "rename", "learn", "phone", "clear"}).Draw(t, "what"); what {
	case "send", "receive", "event":
		n := &wMessage{chat: who, first: w.now, sent: w.now, text: fmt.Sprint("text ", len(w.all)), event: what == "event", versions: map[signal.Millis]string{}}
		if what != "send" {
			n.author = who
		}
		if !slices.ContainsFunc(w.alive, func(o *wMessage) bool {
			return o.chat == n.chat && o.author == n.author && o.event == n.event && (o.first == n.first || o.sent == n.sent)
		}) && !slices.ContainsFunc(w.all, func(o *wMessage) bool { return o.first == n.first || o.sent == n.first }) {
			w.alive, w.all = append(w.alive, n), append(w.all, n)
		}
	case "edit":
		if m != nil && !m.event && !m.tombstone && w.now > m.sent && w.now < m.first+86_400_000 && !slices.ContainsFunc(w.all, func(o *wMessage) bool { return o.sent == w.now }) {
			m.older = append(m.older, wVersion{m.sent, m.text})
			m.sent, m.text = w.now, m.text+" edited"
		}
	case "delete":
		// The tombstone of an edited one tells only the last edit. If no backup has that, nothing leads to the message.
		if m != nil && !m.event && (len(m.older) == 0 || m.versions[m.sent] != "") {
			m.tombstone, m.older = true, nil
		}
	case "erase":
		if m != nil {
			w.alive = slices.DeleteFunc(w.alive, func(o *wMessage) bool { return o == m })
		}
	case "rename":
		who.name += "!"
	case "learn":
		who.known = true
	case "phone":
		w.shift += 1000
	case "clear":
		if rapid.IntRange(0, 3).Draw(t, "really") == 0 {
			w.alive = slices.DeleteFunc(w.alive, func(o *wMessage) bool { return o.chat == who })
		}
	}
}

// backup makes a backup.
func (w *world) backup() {
	records := [][]byte{signal.Append(nil, &signal.BackupInfo{Version: 1, BackupTimeMs: w.now})}
	frame := func(item signal.FrameItem) { records = append(records, signal.Append(nil, &signal.Frame{Item: item})) }
	frame(&signal.Account{GivenName: "Jana", FamilyName: "Novak"})
	frame(&signal.Recipient{ID: 1 + w.shift, Destination: &signal.Self{}})
	for _, p := range w.people {
		c := &signal.Contact{E164: signal.Some(p.phone), ProfileGivenName: signal.Some(p.name)}
		if p.known {
			c.ACI = signal.Some(p.aci)
		}
		frame(&signal.Recipient{ID: p.id + w.shift, Destination: c})
		frame(&signal.Chat{ID: 100 + p.id + w.shift, RecipientID: p.id + w.shift})
	}
	n := len(w.backups)
	for _, m := range w.alive {
		frame(w.item(m))
		if !m.seen {
			m.seen, m.first1 = true, n
		}
		if m.tombstone && !m.wasTombstone {
			m.kept, m.wasTombstone = m.shown, true
		}
		m.last, m.shown = n, m.text
		if !m.tombstone {
			for _, v := range m.older {
				m.versions[v.sent] = v.text
			}
			m.versions[m.sent] = m.text
		}
	}
	tr := store(&testing.T{}, ownACI, w.now.Time(), records, nil)
	if w.noIDs {
		tr.noIDs = true
		tr.freeze()
	}
	w.backups = append(w.backups, Backup{Label: fmt.Sprint("backup ", n), Time: w.now.Time(), FS: tr})
}

func (w *world) item(m *wMessage) *signal.ChatItem {
	author := 1 + w.shift
	if m.author != nil {
		author = m.author.id + w.shift
	}
	make := func(sent signal.Millis, text string) *signal.ChatItem {
		item := &signal.ChatItem{ChatID: 100 + m.chat.id + w.shift, AuthorID: author, DateSent: sent}
		switch {
		case m.event:
			item.Directionless = &signal.Directionless{}
			item.Body = &signal.UpdateMessage{Update: &signal.ProfileChange{PreviousName: "a", NewName: text}}
			return item
		case m.author == nil:
			item.Outgoing = &signal.Outgoing{}
		default:
			item.Incoming = &signal.Incoming{DateReceived: sent}
		}
		item.Body = &signal.StandardMessage{Text: &signal.Text{Body: text}}
		if m.tombstone {
			item.Body = &signal.DeletedMessage{}
		}
		return item
	}
	item := make(m.sent, m.text)
	for _, v := range m.older {
		item.Revisions = append(item.Revisions, *make(v.sent, v.text))
	}
	return item
}

// check compares a History with what happened.
func (w *world) check(h *History) {
	t := w.t
	got := map[string]*chat.Message{}
	n := 0
	for key, list := range messages(t, h) {
		for i, m := range list {
			if i > 0 && list[i-1].First > m.First {
				t.Fatalf("%s is not in order", key)
			}
			got[fmt.Sprintf("%s %v %d %s", m.Chat.Person.Phone, m.Author.Self, m.Sent, m.Event)] = m
			n++
		}
	}
	want := 0
	for _, m := range w.all {
		if !m.seen {
			continue
		}
		want++
		event := ""
		if m.event {
			event = "profileChange"
		}
		g := got[fmt.Sprintf("+%d %v %d %s", m.chat.phone, m.author == nil, cmp.Or(lastSent(m), m.sent), event)]
		if g == nil {
			t.Fatalf("no message of %d", m.first)
		}
		w.checkOne(h, m, g)
	}
	if n != want {
		t.Fatalf("%d messages, want %d", n, want)
	}
	if d := h.Damage(); len(d) > 0 {
		t.Fatal(d)
	}
}

// lastSent is the time of the newest version that any backup has.
func lastSent(m *wMessage) (last signal.Millis) {
	for sent := range m.versions {
		last = max(last, sent)
	}
	if m.wasTombstone {
		last = max(last, m.sent)
	}
	return last
}

func (w *world) checkOne(h *History, m *wMessage, g *chat.Message) {
	t := w.t
	newest := len(w.backups) - 1
	if len(w.backups) > 1 {
		if want := fmt.Sprint("backup ", m.first1); g.Past.FirstSeen != want {
			t.Fatalf("first seen %q, want %q", g.Past.FirstSeen, want)
		}
		want := ""
		if m.last < newest {
			want = fmt.Sprint("backup ", m.last)
		}
		if g.Past.LastSeen != want || (want != "") != (g.Past.Gone != chat.Here) {
			t.Fatalf("last seen %q, gone %d, want %q", g.Past.LastSeen, g.Past.Gone, want)
		}
	}
	switch {
	case m.event:
	case m.wasTombstone:
		if g.Kind != chat.Deleted {
			t.Fatal("not deleted")
		}
		if kept := ""; len(m.versions) > 0 {
			if g.Past.Kept != nil {
				kept = g.Past.Kept.Text.Plain
			}
			if kept != m.kept {
				t.Fatalf("kept %q, want %q", kept, m.kept)
			}
		}
	default:
		if g.Text.Plain != m.shown {
			t.Fatalf("text %q, want %q", g.Text.Plain, m.shown)
		}
		if len(g.Versions) != len(m.versions)-1 {
			t.Fatalf("%d versions, want %d", len(g.Versions), len(m.versions)-1)
		}
		for _, v := range g.Versions {
			if m.versions[v.Sent] != v.Text.Plain {
				t.Fatalf("version %q, want %q", v.Text.Plain, m.versions[v.Sent])
			}
		}
		if m.author != nil && g.Author.Name != m.author.name {
			t.Fatalf("author %q, newest name %q", g.Author.Name, m.author.name)
		}
	}
}

// Whatever happens between backups, all of them together tell of each message once,
// as it was last, with all that it was.
func TestBackupsOfALifeAreOneHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for range rapid.IntRange(1, 6).Draw(t, "backups") {
			for range rapid.IntRange(0, 12).Draw(t, "steps") {
				w.step()
			}
			w.backup()
		}
		zone := time.FixedZone("test", rapid.IntRange(-12*3600, 14*3600).Draw(t, "zone"))
		h := New(w.backups, Options{Zone: zone})
		w.check(h)
		all, err := h.Conversations(context.Background())
		if err != nil || len(all) != len(w.people) {
			t.Fatalf("%d conversations of %d persons: %v", len(all), len(w.people), err)
		}
	})
}
