package page

import (
	"fmt"
	"html/template"
	"slices"
	"strconv"

	"bakfs/view/chat"
)

// Name returns the name of the page of p: "2026-05.html", "2026-05.2.html".
func (p Part) Name() string {
	if p.Number > 1 {
		return fmt.Sprintf("%04d-%02d.%d.html", p.Year, int(p.Month), p.Number)
	}
	return fmt.Sprintf("%04d-%02d.html", p.Year, int(p.Month))
}

// title names p in words: "May 2026", "May 2026, part 2".
func (p Part) title() string {
	return p.short() + " " + strconv.Itoa(p.Year) + p.piece()
}

func (p Part) short() string { return p.Month.String() }

func (p Part) piece() string {
	if p.Number > 1 {
		return ", part " + strconv.Itoa(p.Number)
	}
	return ""
}

// A monthFrame is the data of the template "month".
type monthFrame struct {
	Header  header
	Year    int
	Months  []link // of the year
	Years   []link // the others
	Links   []link
	Days    []link
	Options bool
}

// A header is the data of the template "header".
type header struct {
	Color, Initials string
	Avatar          template.URL // in place of the initials; "" for none
	Title, Sub      string
	Menu            string
	Prev, Next      link
}

// avatarURL returns the address of a picture that lies in the conversation's folder.
func avatarURL(name string) template.URL {
	if name == "" {
		return ""
	}
	return fileURL("../", name)
}

func (l *log) frame(title, zoneName string) monthFrame {
	m := l.month
	f := monthFrame{Options: true, Header: header{
		Color: "c" + colour(chatKey(m.Chat)), Initials: initials(title), Avatar: avatarURL(m.Avatar), Title: title,
		Sub: formWords(m.Chat) + " · " + m.Part.title() + " · times in " + zoneName, Menu: "Months, options",
	}}
	f.Year, f.Months, f.Years = m.Part.Year, monthLinks(m.Parts, m.Part), yearLinks(m.Parts, m.Part.Year)
	f.Links = append([]link{{Href: "index.html", Text: "Overview"}, {
		Href: template.URL((&Gallery{Year: m.Part.Year}).Name()), Text: "Photos & videos",
	}}, folderLinks(m.Folders)...)
	if i := slices.IndexFunc(m.Parts, func(p Part) bool { return p.Name() == m.Part.Name() }); i >= 0 {
		if i > 0 {
			p := m.Parts[i-1]
			f.Header.Prev = link{Href: template.URL(p.Name()), Text: p.short() + p.piece()}
		}
		if i < len(m.Parts)-1 {
			p := m.Parts[i+1]
			f.Header.Next = link{Href: template.URL(p.Name()), Text: p.short() + p.piece()}
		}
	}
	for i := 0; i < len(l.times); {
		end := l.dayEnd(i)
		f.Days = append(f.Days, link{
			Href: template.URL(l.times[i].Format("#d2006-01-02")), Text: l.times[i].Format("Mon 2 Jan"), Count: number(end - i),
		})
		i = end
	}
	return f
}

// monthLinks links to the pages of the year of here, newest first.
func monthLinks(parts []Part, here Part) []link {
	var out []link
	for _, p := range slices.Backward(parts) {
		if p.Year == here.Year {
			out = append(out, link{
				Href: template.URL(p.Name()), Text: p.short() + p.piece(), Count: number(p.Count), Current: p.Name() == here.Name(),
			})
		}
	}
	return out
}

// yearLinks links to the overviews of the years, but not of one.
func yearLinks(parts []Part, but int) []link {
	var out []link
	for _, year := range slices.Backward(yearsOf(parts)) {
		if year != but {
			out = append(out, link{Href: template.URL(yearName(year)), Text: strconv.Itoa(year)})
		}
	}
	return out
}

// yearsOf returns the years of parts, in their order, each once.
func yearsOf(parts []Part) []int {
	var out []int
	for _, p := range parts {
		if len(out) == 0 || out[len(out)-1] != p.Year {
			out = append(out, p.Year)
		}
	}
	return out
}

func yearName(year int) string { return fmt.Sprintf("%04d.html", year) }

// folderLinks links to the other folders of a conversation.
func folderLinks(folders []string) []link {
	words := map[string]string{
		"media": "Open media folder", "voice": "Voice messages", "files": "Files", "stickers": "Stickers",
		"contacts": "Contact cards", "text": "Plain text", "json": "JSON lines",
	}
	var out []link
	for _, f := range folders {
		if words[f] != "" {
			out = append(out, link{Href: fileURL("../", f) + "/", Text: words[f]})
		}
	}
	return append(out, link{Href: "../info.txt", Text: "Details"})
}

func chatKey(c *chat.Conversation) string {
	if c == nil {
		return ""
	}
	return c.Key
}

// formWords says what a conversation is between.
func formWords(c *chat.Conversation) string {
	if c == nil {
		return "Conversation"
	}
	switch c.Form {
	case chat.Direct:
		return "Conversation of two"
	case chat.Group:
		if len(c.Members) == 0 {
			return "Group"
		}
		return "Group · " + plural(len(c.Members), "member")
	case chat.NoteToSelf:
		return "Notes to oneself"
	case chat.ReleaseNotes:
		return "News from Signal"
	}
	return "Conversation"
}
