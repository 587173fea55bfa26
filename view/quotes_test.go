package view

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"bakfs/signal"
	"bakfs/view/chat"
	"bakfs/view/history"
)

// longBackup is a conversation with a month of several pages. What is quoted stands on
// other pages and in other months, was edited there, has disappeared, or never was.
func longBackup(end signal.Millis) (b *made, start signal.Millis) {
	first := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	start = signal.Millis(first.UnixMilli())
	b = newMade(time.UnixMilli(int64(end)).UTC())
	const day = 86400_000
	b.say(start-10*day, "in March")
	edit(b.say(start-60_000, "at the end of March"), start+3600_000, "edited in April")
	gone := b.say(start-9*day, "has a timer")
	gone.ExpireStartDate, gone.ExpiresInMs = signal.Some(start-9*day), signal.Some(uint64(3600_000))
	for i := range 5200 {
		at := start + 7_200_000 + signal.Millis(i)*400_000
		m := b.say(at, fmt.Sprint("message ", i, " of a conversation in which much is said"))
		switch i {
		case 20:
			edit(m, at+1000, "edited once")
			edit(m, at+86_000_000, "edited twice")
		case 5150:
			answer(m, start+7_200_000+20*400_000+1000) // the second of three versions, on the first page
		case 5151:
			answer(m, start+7_200_000+20*400_000+86_000_000)
		case 5152:
			answer(m, start+7_200_000+123) // there is none
		case 30:
			answer(m, start+7_200_000+5190*400_000) // on a later page
		case 31:
			answer(m, start-60_000)
		case 32:
			answer(m, start+3600_000) // of April, but it stands in March
		case 33:
			answer(m, start-9*day) // not shown any more
		case 34:
			answer(m, start-10*day)
		}
	}
	return b, start
}

func TestQuotesLeadToOtherPages(t *testing.T) {
	b, start := longBackup(signal.Millis(time.Date(2026, 5, 2, 0, 0, 0, 0, time.UTC).UnixMilli()))
	backups := keep(t, b)
	fsys := Account(history.New(backups, history.Options{}), Options{})
	pages := pagesOf(t, fsys)
	broken, n := brokenLinks(t, fsys, pages)
	if len(broken) > 0 || n < 5000 {
		t.Errorf("%d links to messages; %q", n, broken)
	}
	for page, want := range map[string][]string{
		"2026-04.2.html": {fmt.Sprintf("2026-04.html#m%d", start+7_200_000+20*400_000), fmt.Sprintf("2026-04.html#m%d", start+7_200_000+20*400_000)},
		"2026-04.html": {fmt.Sprintf("2026-03.html#m%d", start-864_000_000), fmt.Sprintf("2026-03.html#m%d", start-60_000), fmt.Sprintf("2026-03.html#m%d", start-60_000),
			fmt.Sprintf("2026-04.2.html#m%d", start+7_200_000+5190*400_000)},
	} {
		var got []string
		for _, m := range reference.FindAllSubmatch(pages["chats/Alice/web/"+page], -1) {
			if to := unquote(m[1]); bytes.Contains([]byte(to), []byte(".html#m")) {
				got = append(got, to)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s has the links %q, want %q", page, got, want)
		}
	}
}

// A month whose messages are so short that nobody expects a second page has all of them
// on the first.
func TestNoMessageIsCutOff(t *testing.T) {
	at := signal.Millis(time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC).UnixMilli())
	b := newMade(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))
	for i := range signal.Millis(5100) {
		b.say(at+i*1000, "y").Incoming = &signal.Incoming{}
	}
	fsys := Account(history.New(keep(t, b), history.Options{}), Options{})
	n := 0
	for _, page := range files(t, fsys, "chats/Alice/web") {
		n += bytes.Count(page, []byte("<article"))
	}
	if n != 5100 {
		t.Errorf("%d messages are on pages", n)
	}
}

// A page is another one when what its quotes are about has gone from another page.
func TestPageFollowsWhatItQuotes(t *testing.T) {
	at := signal.Millis(time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC).UnixMilli())
	tell := func(day int, timer uint64) history.Backup {
		b := newMade(time.Date(2026, 4, day, 0, 0, 0, 0, time.UTC))
		m := b.say(at, "with a timer")
		m.ExpireStartDate, m.ExpiresInMs = signal.Some(at), signal.Some(timer)
		b.say(at+1, "without")
		answer(b.say(at+14*86400_000, "so?"), at)
		return keep(t, b)[0]
	}
	m := NewMessages(Options{Cache: NewCache(64 << 20)})
	show := func(b history.Backup) bool {
		m.Set(history.New([]history.Backup{b}, history.Options{}))
		fsys := m.FS()
		if broken, _ := brokenLinks(t, fsys, files(t, fsys, "Jana Novak (Signal)/chats/Alice/web")); len(broken) > 0 {
			t.Error(broken)
		}
		return bytes.Contains([]byte(readAll(t, fsys, "Jana Novak (Signal)/chats/Alice/web/2026-04.html")), []byte("2026-03.html#m"))
	}
	late, soon := tell(5, 30*86400_000), tell(6, 16*86400_000)
	if !show(late) || show(soon) || !show(late) {
		t.Error("a quote leads to what is not shown, or not to what is")
	}
}

// A quote of an edit early in a month may be of a message of the month before.
func TestMonthsThatQuotesMayBeOf(t *testing.T) {
	of := func(day int) signal.Millis {
		return signal.Millis(time.Date(2026, 1, day, 12, 0, 0, 0, time.UTC).UnixMilli())
	}
	december, january := yearMonth{2025, time.December}, yearMonth{2026, time.January}
	for day, want := range map[int][]yearMonth{1: {december, january}, editDays: {december, january}, editDays + 1: {january}, 31: {january}} {
		m := &chat.Message{First: of(40), Quote: &chat.Quote{Sent: of(day)}}
		if got := quotedMonths([]*chat.Message{m}, time.UTC); !slices.Equal(got, want) {
			t.Errorf("day %d: %v, want %v", day, got, want)
		}
	}
	here := &chat.Message{First: of(1)}
	if got := quotedMonths([]*chat.Message{here, {First: of(2), Quote: &chat.Quote{Sent: of(1)}}}, time.UTC); len(got) != 0 {
		t.Errorf("of a message that is here: %v", got)
	}
}
