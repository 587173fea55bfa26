package page

import (
	"fmt"
	"html/template"
	"slices"
	"strconv"

	"bakfs/view/chat"
)

// Name returns the name of the page: "media-2026.html", "media-2026.2.html".
func (g *Gallery) Name() string {
	if g.Number > 1 {
		return fmt.Sprintf("media-%04d.%d.html", g.Year, g.Number)
	}
	return fmt.Sprintf("media-%04d.html", g.Year)
}

// Split cuts the messages of a year into those of its galleries: each has at
// most MaxMessages photos and videos, unless a single message has more. There
// is always a first one.
func Split(messages []*chat.Message) [][]*chat.Message {
	var out [][]*chat.Message
	start, n := 0, 0
	for i, m := range messages {
		k := 0
		for j := range m.Files {
			if pictorial(m.Files[j].Kind) {
				k++
			}
		}
		if n+k > MaxMessages && i > start {
			out = append(out, messages[start:i])
			start, n = i, 0
		}
		n += k
	}
	return append(out, messages[start:])
}

func pictorial(k chat.FileKind) bool { return k == chat.Photo || k == chat.Video || k == chat.GIF }

// A galleryFrame is the data of the template "gallery".
type galleryFrame struct {
	Header header
	Years  []link
	Pages  []link
	Months []galleryMonth
}

// A galleryMonth is the photos and videos of a month.
type galleryMonth struct {
	Title string
	Items []galleryItem
}

// A galleryItem is a photo or video and where its message is.
type galleryItem struct {
	File           file
	Who, ISO, When string
	Href           template.URL
}

// Append appends the page to b.
func (g *Gallery) Append(b []byte) ([]byte, error) {
	_, zoneName := zoneOf(g.Zone)
	w := newWriter(b)
	title, year := titleOf(g.Chat), strconv.Itoa(g.Year)
	f := galleryFrame{Header: header{
		Color: "c" + colour(chatKey(g.Chat)), Initials: initials(title), Avatar: avatarURL(g.Avatar), Title: title,
		Sub: "Photos and videos of " + year, Menu: "Years, options",
	}}
	for _, y := range slices.Backward(g.Years) {
		f.Years = append(f.Years, link{Href: template.URL((&Gallery{Year: y}).Name()), Text: strconv.Itoa(y), Current: y == g.Year})
	}
	if g.Of > 1 {
		for n := 1; n <= g.Of; n++ {
			f.Pages = append(f.Pages, link{
				Href: template.URL((&Gallery{Year: g.Year, Number: n}).Name()), Text: "Page " + strconv.Itoa(n), Current: n == max(g.Number, 1),
			})
		}
	}
	f.Months = g.months()
	w.write("top", title+" – photos and videos "+year)
	w.write("gallery", f)
	return w.end(g.Footer, zoneName)
}

func (g *Gallery) months() []galleryMonth {
	zone, _ := zoneOf(g.Zone)
	var out []galleryMonth
	for _, m := range g.Messages {
		for i := range m.Files {
			if m.Kind != chat.Standard || !pictorial(m.Files[i].Kind) {
				continue
			}
			t := at(m.First, zone)
			if title := t.Format("January 2006"); len(out) == 0 || out[len(out)-1].Title != title {
				out = append(out, galleryMonth{Title: title})
			}
			who := nameOf(m.Author)
			if m.Dir == chat.Out {
				who = "You"
			}
			page := pageOf(m, zone)
			if g.Page != nil {
				page = g.Page(m)
			}
			last := &out[len(out)-1]
			last.Items = append(last.Items, galleryItem{
				File: newFile(&m.Files[i], "../", who), Who: who, ISO: iso(t), When: t.Format("2 Jan 15:04"),
				Href: placeURL("", page, Anchor(m)),
			})
		}
	}
	return out
}
