package page

import (
	"html/template"
	"strings"
	"time"

	"bakfs/signal"
	"bakfs/view/chat"
)

// A log writes the messages of a month.
type log struct {
	*writer
	month   *Month
	zone    *time.Location
	base    string // leads to the conversation's folder
	ids     []string
	times   []time.Time
	targets map[target]string // ids of the messages on the page
	begun   map[fromKey]template.HTML
}

// A target is how a quote tells which message it quotes.
type target struct {
	author string
	sent   signal.Millis
}

// Append appends the page to b.
func (m *Month) Append(b []byte) ([]byte, error) {
	zone, zoneName := zoneOf(m.Zone)
	l := &log{writer: newWriter(b), month: m, zone: zone, base: "../", begun: map[fromKey]template.HTML{}}
	l.index()
	l.buf.Grow(len(source("sheet.css")) + 600*len(m.Messages)) // a message takes about that
	title := titleOf(m.Chat)
	l.write("top", title+" – "+m.Part.title())
	l.write("month", l.frame(title, zoneName))
	l.messages()
	return l.end(m.Footer, zoneName)
}

// index gives each message its id.
func (l *log) index() {
	n := len(l.month.Messages)
	l.ids, l.times = make([]string, n), make([]time.Time, n)
	l.targets = make(map[target]string, n)
	used := make(map[signal.Millis]int, n)
	for i, m := range l.month.Messages {
		used[m.First]++
		id := anchorAt(m.First, used[m.First])
		l.ids[i], l.times[i] = id, at(m.First, l.zone)
		if m.Kind == chat.Update {
			continue
		}
		author := keyOf(m.Author)
		l.aim(author, m.First, id)
		l.aim(author, m.Sent, id)
		for _, v := range m.Versions {
			l.aim(author, v.Sent, id)
		}
	}
}

func (l *log) aim(author string, sent signal.Millis, id string) {
	if _, ok := l.targets[target{author, sent}]; !ok {
		l.targets[target{author, sent}] = id
	}
}

// target returns where the quoted message stands; "" if that is not known.
func (l *log) target(q *chat.Quote) template.URL {
	if q.Sent == 0 {
		return ""
	}
	if id, ok := l.targets[target{keyOf(q.Author), q.Sent}]; ok {
		return template.URL("#" + id)
	}
	if l.month.Resolve == nil {
		return ""
	}
	name, id, _ := strings.Cut(l.month.Resolve(q), "#")
	return placeURL("", name, id)
}

// messages writes the days of the month.
func (l *log) messages() {
	ms := l.month.Messages
	if len(ms) == 0 {
		l.write("none", "No messages.")
		return
	}
	ids := map[string]bool{}
	for i := 0; i < len(ms); {
		end := l.dayEnd(i)
		id := l.times[i].Format("d2006-01-02")
		for ids[id] {
			id += "-"
		}
		ids[id] = true
		l.write("day", day{id, l.times[i].Format("Monday, 2 January 2006")})
		l.rows(i, end)
		l.write("endday", nil)
		i = end
	}
}

// A day is the heading of a day.
type day struct{ ID, Title string }

// dayEnd returns where the day of message i ends.
func (l *log) dayEnd(i int) int {
	y, d := l.times[i].Year(), l.times[i].YearDay()
	end := i + 1
	for end < len(l.times) && l.times[end].YearDay() == d && l.times[end].Year() == y {
		end++
	}
	return end
}

// together is the time within which messages of one person stand together.
const together = 15 * time.Minute

// rows writes the messages of one day.
func (l *log) rows(i, end int) {
	ms := l.month.Messages
	for first := i; i < end; {
		m := ms[i]
		if m.Kind != chat.Update {
			before := max(i-1, first)
			follows := i > first && ms[before].Kind != chat.Update && ms[before].Dir == m.Dir &&
				keyOf(ms[before].Author) == keyOf(m.Author) && l.times[i].Sub(l.times[before]) < together
			l.message(i, follows)
			i++
			continue
		}
		n := i + 1
		for m.Call == nil && n < end && ms[n].Kind == chat.Update && ms[n].Call == nil {
			n++
		}
		l.events(i, n)
		i = n
	}
}

// An event is something that happened and that nobody wrote.
type event struct {
	ID, Words, ISO, Clock string
	Icon                  string
	Note                  string // why it is not in the newest backup
	Call                  bool
}

// maxLoose is how many events in a row stand for themselves; more fold up.
const maxLoose = 2

// events writes the events from i to end.
func (l *log) events(i, end int) {
	var run []event
	for ; i < end; i++ {
		m := l.month.Messages[i]
		e := event{ID: l.ids[i], Words: clean(m.Words), ISO: iso(l.times[i]), Clock: l.times[i].Format("15:04"), Note: gone(m)}
		if e.Words == "" {
			e.Words = "Event"
		}
		if m.Call != nil {
			e.Call, e.Icon = true, "📞 "
		}
		run = append(run, e)
	}
	if len(run) > maxLoose {
		l.write("events", run)
		return
	}
	for _, e := range run {
		l.write("event", e)
	}
}
