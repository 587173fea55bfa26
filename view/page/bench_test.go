package page

import (
	"testing"
	"time"

	"bakfs/view/chat"
)

// many returns n messages as a lively group has them.
func many(n int) []*chat.Message {
	s := newScript()
	sample := kinds()
	from := []*chat.Person{alice, jana, bob, zoe, alice, jana}
	for i := range n {
		p := from[i*7%len(from)]
		m := chat.Message{Text: plain("Weather looks perfect, start at the north wall & bring the rope, it’s going to be a long day")}
		switch i % 20 {
		case 3, 11:
			m.Quote = &chat.Quote{Author: alice, Sent: s.now, Text: plain("Weather looks perfect, start at the north wall")}
		case 5:
			m.Files = []chat.File{photo("media/2026-05-14 18.22.11 IMG_2041.jpg")}
		case 7, 9:
			m.Reactions = []chat.Reaction{{Emoji: "👍", By: bob}, {Emoji: "❤️", By: zoe}}
		case 13:
			m = *sample[i/20%len(sample)]
		case 17:
			m.Text = sample[0].Text
		}
		if p.Self {
			m.Status = []chat.Delivery{{To: alice, State: "read", Time: s.now}, {To: bob, State: "delivered", Time: s.now}, {To: zoe, State: "read", Time: s.now}}
		}
		s.add(p, 97, m)
	}
	return s.made
}

func benchmarkMonth(b *testing.B, n int) {
	m := may()
	m.Messages = many(n)
	buf, err := m.Append(nil)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		if buf, err = m.Append(buf[:0]); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed())/float64(time.Microsecond)/float64(b.N)/float64(n), "µs/message")
}

func BenchmarkMonth500(b *testing.B)  { benchmarkMonth(b, 500) }
func BenchmarkMonth5000(b *testing.B) { benchmarkMonth(b, 5000) }
