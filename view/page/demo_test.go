package page

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"

	"bakfs/signal"
	"bakfs/view/chat"
)

// mountains returns a picture of some, in the evening.
func mountains(w, h, seed int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	sky := [][2]color.RGBA{
		{{90, 160, 230, 255}, {246, 217, 168, 255}}, {{39, 60, 117, 255}, {201, 139, 185, 255}}, {{127, 200, 248, 255}, {234, 246, 255, 255}},
	}[seed%3]
	ridge := func(x, at, high, wave int) int { // two triangle waves
		tri := func(x, n int) int { x = (x%n + n) % n; return min(x, n-x) * 2 * 1000 / n }
		return h*at/100 - (tri(x+seed*37, wave)*2+tri(x+seed*91, wave*2/5))*h*high/300000
	}
	for y := range h {
		for x := range w {
			c := color.RGBA{blend(sky[0].R, sky[1].R, y, h), blend(sky[0].G, sky[1].G, y, h), blend(sky[0].B, sky[1].B, y, h), 255}
			if dx, dy := x-w*4/5, y-h/5; dx*dx+dy*dy < h*h/120 {
				c = color.RGBA{255, 247, 214, 255}
			}
			if y > ridge(x, 90, 70, w*6/10) {
				c = color.RGBA{93, 107, 125, 255}
			}
			if y > ridge(x+w/3, 98, 26, w*8/10) {
				c = color.RGBA{47, 74, 56, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func blend(a, b uint8, i, n int) uint8 { return uint8((int(a)*(n-i) + int(b)*i) / n) }

// dot returns a picture of one.
func dot() []byte {
	img := image.NewNRGBA(image.Rect(0, 0, 128, 128))
	for y := range 128 {
		for x := range 128 {
			if d := (x-64)*(x-64) + (y-64)*(y-64); d < 50*50 {
				img.SetNRGBA(x, y, color.NRGBA{255, 212, 94, 255})
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// demo is the month of the README's pictures.
func demo() *Month {
	s := newScript()
	sample := kinds()
	first := s.add(alice, 0, *sample[0])
	pics := []chat.File{photo("media/2026-05-14 18.22.11 IMG_2041.jpg"), photo("media/2026-05-14 18.22.11 IMG_20412.jpg"), photo("media/2026-05-14 18.22.11 IMG_204133.jpg")}
	s.add(alice, 4, chat.Message{Text: plain("last week’s view 😍"), Files: pics})
	s.add(jana, 59, chat.Message{
		Text:  &chat.Text{Plain: "I’m in! @Bob Stone can you bring the 60 m rope?", Spans: []chat.Span{{Start: 10, End: 20, Mention: bob}, {Start: 39, End: 43, Style: signal.StyleMonospace}}},
		Quote: &chat.Quote{Author: alice, Sent: first.Sent, Text: first.Text}, Versions: []chat.Version{{Sent: s.now, Text: plain("I’m in!")}},
		Status: []chat.Delivery{{To: alice, State: "read", Time: s.now}},
	})
	s.add(bob, 510, chat.Message{Files: []chat.File{{Kind: chat.Voice, Sniff: "audio/mp4", Hash: hash, Size: 340_000, Path: "voice/2026-05-14 18.31.40 Bob Stone.m4a"}}})
	s.add(bob, 11, chat.Message{Files: []chat.File{{Kind: chat.Document, Name: "Topo Nordwand v3.pdf", Sniff: "application/pdf", Hash: hash, Size: 1_800_000, Path: "files/2026-05-14 18.31.51 Topo Nordwand v3.pdf"}}})
	s.add(sara, 600, chat.Message{Text: plain("אני מגיעה עם אוטו, יש שני מקומות פנויים 🚗")})
	s.add(jana, 100, chat.Message{Text: plain("🎉🧗‍♀️"), Status: []chat.Delivery{{To: alice, State: "read"}}})
	s.add(bob, 500, chat.Message{Kind: chat.Update, Words: "Missed group call from Bob Stone", Call: &chat.CallState{Group: true, Missed: true}})
	s.add(bob, 300, chat.Message{Kind: chat.Poll, Poll: &chat.PollState{Question: "When do we meet?", Ended: true, Options: []chat.PollOption{
		{Text: "07:30", Voters: []*chat.Person{bob}}, {Text: "08:30", Voters: []*chat.Person{sara, alice, zoe, jana}}, {Text: "10:00", Voters: []*chat.Person{zoe, jana}},
	}}})
	s.add(zoe, 42000, chat.Message{Kind: chat.Deleted, Past: chat.Past{Kept: &chat.Version{Text: plain("New flat! Ring at “Möller”, 3rd floor.")}, KeptTime: s.now}})
	s.add(alice, 1000, chat.Message{Kind: chat.Deleted})
	s.add(alice, 20, chat.Message{Kind: chat.ViewOnce})
	m := may()
	m.Messages, m.Part.Count = s.made, 214
	return m
}
