package text

import (
	"strconv"
	"testing"
	"time"

	"bakfs/signal"
	"bakfs/view/chat"
)

// month makes n messages as a lively group writes them.
func month(n int) []*chat.Message {
	people := []*chat.Person{jana, alice, bob, zoe, sara}
	bodies := []string{
		"I’m in! Can you bring the 60 m rope?", "Yes", "Meet at 08:30 at the station.\n– rope\n– helmet", "👍",
		"Route and parking are here: https://example.org/north-wall, and please tell me when you are there so that I can open the gate for you",
		"אני מגיעה עם אוטו, יש שני מקומות פנויים 🚗",
	}
	list := make([]*chat.Message, n)
	for i := range list {
		m := chat.Message{Text: said(bodies[i%len(bodies)])}
		switch {
		case i%7 == 0:
			m.Reactions = []chat.Reaction{{Emoji: "👍", By: jana}, {Emoji: "🔥", By: zoe}}
		case i%11 == 0:
			m.Files = []chat.File{{Kind: chat.Photo, Path: "media/2026-05-14 18.22.11 IMG_" + strconv.Itoa(i) + ".jpg", Size: 2_100_000}}
		case i%13 == 0:
			m.Quote = &chat.Quote{Author: alice, Sent: at(14, 9, 0, 0), Text: said(bodies[4])}
		}
		list[i] = from(people[i%len(people)], at(1, 0, 0, 0)+signal.Millis(i)*2500, m)
	}
	return list
}

func BenchmarkMessages(b *testing.B) {
	list := month(100_000)
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		zone = berlin
	}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendMessages(buf[:0], list, Options{Zone: zone})
	}
	b.SetBytes(int64(len(buf)))
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N)*10, "ms/1M")
}
