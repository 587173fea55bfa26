package page

import (
	"html/template"
	"strings"
	"time"

	"bakfs/view/chat"
)

// What this file makes passes html/template as it is, because escaping it again
// for each of thousands of messages is what a page's time would go into. It is
// made of constants, ids and times, or by a template; no other file makes
// markup of its own.

// begin returns the beginning of a message's element.
func begin(class, id string) template.HTML {
	return template.HTML(`<li class="` + class + `" id="` + id + `">`)
}

// meta opens the foot of a message; tags may follow.
const meta template.HTML = `<div class="meta">`

// foot returns the time of a message, which links to it, and how far it came,
// and ends the message; state is one of those of function state.
func foot(id, state string, t time.Time) template.HTML {
	b := make([]byte, 0, 160)
	b = append(b, `<a href="#`...)
	b = append(b, id...)
	b = append(b, `"><time datetime="`...)
	b = appendISO(b, t)
	b = append(b, `">`...)
	b = t.AppendFormat(b, "15:04")
	b = append(b, `</time></a>`...)
	if state != "" {
		b = append(b, ` <span>`...)
		b = append(b, state...)
		b = append(b, `</span>`...)
	}
	b = append(b, "</div></article></li>\n"...)
	return template.HTML(b)
}

// A sender is the data of the template "from".
type sender struct {
	Bubble, Color, Ink string
	Initials, Who      string
}

// A fromKey tells the beginnings of messages apart.
type fromKey struct {
	author  *chat.Person
	bubble  string
	out     bool
	follows bool
}

// from returns how a message begins: who wrote it, and the box around the rest.
// It is made once for each person.
func (l *log) from(k fromKey) template.HTML {
	if h, ok := l.begun[k]; ok {
		return h
	}
	s := sender{Bubble: k.bubble, Who: nameOf(k.author)}
	switch {
	case k.out:
		s.Who = "You"
	case !k.follows:
		c := colour(keyOf(k.author))
		s.Initials, s.Color, s.Ink = initials(s.Who), "c"+c, "n"+c
	}
	var b strings.Builder
	if err := l.t.ExecuteTemplate(&b, "from", s); err != nil && l.err == nil {
		l.err = err
	}
	h := template.HTML(b.String())
	l.begun[k] = h
	return h
}
