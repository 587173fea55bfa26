package page

import (
	"html/template"
	"slices"
	"strconv"
	"strings"

	"bakfs/view/chat"
)

// Name returns the name of the page.
func (o *Overview) Name() string {
	if o.Year == 0 {
		return "index.html"
	}
	return yearName(o.Year)
}

// An overviewFrame is the data of the template "overview".
type overviewFrame struct {
	Header   header
	Years    []link
	Links    []link
	Facts    []fact
	Sections []section
}

// A fact is something known of a conversation.
type fact struct{ Label, Text string }

// A section is a year with its months.
type section struct {
	Year   int
	Months []link
	Media  link
}

// Append appends the page to b.
func (o *Overview) Append(b []byte) ([]byte, error) {
	_, zoneName := zoneOf(o.Zone)
	w := newWriter(b)
	title := titleOf(o.Chat)
	f := overviewFrame{Header: header{
		Color: "c" + colour(chatKey(o.Chat)), Initials: initials(title), Avatar: avatarURL(o.Avatar), Title: title,
		Sub: formWords(o.Chat), Menu: "Years, options",
	}}
	head := title
	if o.Year != 0 {
		head += " – " + strconv.Itoa(o.Year)
		f.Header.Sub += " · " + strconv.Itoa(o.Year)
	}
	f.Years = []link{{Href: "index.html", Text: "All years", Current: o.Year == 0}}
	for _, y := range slices.Backward(yearsOf(o.Parts)) {
		f.Years = append(f.Years, link{Href: template.URL(yearName(y)), Text: strconv.Itoa(y), Current: y == o.Year})
		if o.Year == 0 || o.Year == y {
			f.Sections = append(f.Sections, section{
				Year: y, Months: monthLinks(o.Parts, Part{Year: y}),
				Media: link{Href: template.URL((&Gallery{Year: y}).Name()), Text: "Photos & videos of " + strconv.Itoa(y)},
			})
		}
	}
	f.Links = folderLinks(o.Folders)
	if o.Year == 0 {
		f.Facts = o.facts()
	}
	w.write("top", head)
	w.write("overview", f)
	return w.end(o.Footer, zoneName)
}

// facts returns what is known of the conversation.
func (o *Overview) facts() []fact {
	var out []fact
	add := func(label, text string) {
		if text = clean(text); text != "" {
			out = append(out, fact{label, text})
		}
	}
	c := o.Chat
	if c == nil {
		return nil
	}
	if c.Person != nil && c.Form == chat.Direct {
		add("Phone", c.Person.Phone)
		add("Username", c.Person.Username)
	}
	add("Description", c.Description)
	named := c.Members[:min(len(c.Members), chat.MaxListed)]
	members := make([]string, 0, len(named))
	for _, m := range named {
		name := nameOf(m.Person)
		if m.Admin {
			name += " (admin)"
		}
		members = append(members, name)
	}
	if len(members) > 0 {
		add("Members", nameList(members, len(c.Members)))
	}
	if c.TimerMs > 0 {
		add("Disappearing messages", timer(c.TimerMs))
	}
	add("Formerly", strings.Join(o.Formerly, ", "))
	return out
}
