package page

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"bakfs/signal"
	"bakfs/view/chat"
)

var idOf = regexp.MustCompile(`<li class="m[a-z ]*" id="(m[0-9-]+)"`)

// A quote leads to its message by the time of any of its versions, wherever the pages
// of the month are cut.
func TestPlacesLeadToMessages(t *testing.T) {
	start := signal.Millis(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC).UnixMilli())
	var all []*chat.Message
	for i := range 2*MaxMessages + 1 {
		at := start + signal.Millis(i/2)*200_000 // two of each moment
		m := &chat.Message{Kind: chat.Standard, Author: []*chat.Person{alice, bob}[i%2], First: at, Sent: at, Text: plain("x")}
		if i%100 == 0 {
			m.Sent += 7
			m.Versions = []chat.Version{{Sent: at, Text: plain("w")}, {Sent: at + 3, Text: plain("v")}}
		}
		all = append(all, m)
	}
	event := all[MaxMessages-2]
	event.Kind = chat.Update
	places := NewPlaces(Part{Year: 2026, Month: time.May}, 3, all)
	ids := map[string]bool{}
	for n := range 3 {
		p := Part{2026, time.May, n + 1, -1}
		b, err := (&Month{Part: p, Messages: Cut(all, n+1, 3)}).Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range idOf.FindAllSubmatch(b, -1) {
			ids[p.Name()+"#"+string(id[1])] = true
		}
	}
	for i, m := range all {
		if m == event {
			continue
		}
		times := []signal.Millis{m.First}
		if len(m.Versions) > 0 {
			times = append(times, m.First+3, m.Sent)
		}
		for _, sent := range times {
			got := places.Find(&chat.Quote{Author: m.Author, Sent: sent})
			want := Part{2026, time.May, i/MaxMessages + 1, 0}.Name()
			if name, _, _ := strings.Cut(got, "#"); name != want || !ids[got] {
				t.Fatalf("message %d: %q is on no page, or not on %s", i, got, want)
			}
		}
	}
	if got := places.Find(&chat.Quote{Author: zoe, Sent: all[0].First}); !strings.HasPrefix(got, "2026-05.html#m") {
		t.Errorf("a quote whose author has another number leads to %q", got)
	}
	if got := places.Find(&chat.Quote{Author: alice}); got != "" {
		t.Errorf("a quote of no time leads to %q", got)
	}
}
