package page

import (
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"

	"bakfs/signal"
	"bakfs/view/chat"
)

// maxNames is how many persons or files a list names; the rest is counted.
const maxNames = 50

// A reaction is one emoji and who chose it.
type reaction struct {
	Emoji, Names string
	Count        int
}

// edits are the earlier versions of a message.
type edits struct {
	Summary  string
	Versions []version
}

// A version is one earlier version.
type version struct {
	ISO, Clock string
	Body       *body
	Files      string
}

// receipts say how far a message came, with a line for each person.
type receipts struct {
	Summary string
	Lines   []string
}

// tail fills in what was added to m.
func (l *log) tail(out *message, m *chat.Message) {
	t := &out.Tail
	t.Reactions, t.Edits, t.Receipts = reactions(m.Reactions), l.edits(m), l.receipts(m)
	if m.Text != nil && m.Text.Long != nil && m.Text.Long.Path != "" {
		if f := newFile(m.Text.Long, l.base, out.Who); f.Missing == "" {
			t.Long = &f
		}
	}
}

func (t *tail) empty() bool {
	return t.Previews == nil && t.Long == nil && t.Reactions == nil && t.Edits == nil && t.Receipts == nil
}

// reactions groups reactions by emoji, the most frequent first.
func reactions(rs []chat.Reaction) []reaction {
	var out []reaction
	place := map[string]int{}
	names := make(map[string][]string, len(rs))
	for _, r := range rs[:min(len(rs), chat.MaxListed)] {
		if _, ok := place[r.Emoji]; !ok {
			place[r.Emoji] = len(out)
			out = append(out, reaction{Emoji: r.Emoji})
		}
		out[place[r.Emoji]].Count++
		if list := names[r.Emoji]; len(list) < maxNames {
			names[r.Emoji] = append(list, nameOf(r.By))
		}
	}
	for i := range out {
		out[i].Names = nameList(names[out[i].Emoji], out[i].Count)
		out[i].Emoji = cutShort(clean(out[i].Emoji), 20)
	}
	slices.SortStableFunc(out, func(a, b reaction) int { return b.Count - a.Count })
	if more := len(rs) - chat.MaxListed; more > 0 {
		out = append(out, reaction{Emoji: "…", Names: strconv.Itoa(more) + " more", Count: more})
	}
	return out
}

// nameList joins names, of n that there are.
func nameList(names []string, n int) string {
	list := strings.Join(names, ", ")
	if more := n - len(names); more > 0 {
		list += " and " + strconv.Itoa(more) + " more"
	}
	return list
}

func (l *log) edits(m *chat.Message) *edits {
	if len(m.Versions) == 0 {
		return nil
	}
	out := &edits{Summary: "Edited " + l.when(m.Sent, m.First) + " · " + plural(len(m.Versions), "earlier version")}
	for i := range m.Versions {
		v := &m.Versions[i]
		b := newBody(v.Text)
		if b == nil {
			b = &body{}
		}
		out.Versions = append(out.Versions, version{
			ISO: iso(at(v.Sent, l.zone)), Clock: l.when(v.Sent, m.First), Body: b, Files: fileNames(v.Files),
		})
	}
	return out
}

// when returns the time of day of ms, with the day if that is not the one of first.
func (l *log) when(ms, first signal.Millis) string {
	t, f := at(ms, l.zone), at(first, l.zone)
	if t.YearDay() == f.YearDay() && t.Year() == f.Year() {
		return t.Format(time.TimeOnly)
	}
	return t.Format("2 Jan 2006 15:04:05")
}

// rank orders the states of a delivery, from 1; 0 for one that tells nothing of
// how far a message came.
func rank(state string) int {
	return slices.Index([]string{"", "pending", "sent", "delivered", "read", "viewed"}, state)
}

// state sums up how far a message came.
func state(ds []chat.Delivery) string {
	least, failed := 9, 0
	for _, d := range ds {
		if d.State == "failed" {
			failed++
		} else if r := rank(d.State); r > 0 {
			least = min(least, r)
		}
	}
	switch {
	case failed > 0 && failed == len(ds):
		return "⚠ Not sent"
	case failed > 0:
		return "⚠ Not sent to " + strconv.Itoa(failed)
	}
	switch least {
	case 1:
		return "Pending"
	case 2:
		return "✓ Sent"
	case 3:
		return "✓✓ Delivered"
	case 4:
		return "✓✓ Read"
	case 5:
		return "✓✓ Viewed"
	}
	return ""
}

// isolate keeps the direction of s from reaching the text around it.
func isolate(s string) string { return "\u2068" + s + "\u2069" }

func (l *log) receipts(m *chat.Message) *receipts {
	if m.Dir != chat.Out || len(m.Status) == 0 {
		return nil
	}
	out := &receipts{}
	read, delivered := 0, 0
	for _, d := range m.Status {
		if r := rank(d.State); r >= 3 {
			delivered++
			if r >= 4 {
				read++
			}
		}
		if len(out.Lines) == maxNames {
			continue
		}
		line := isolate(nameOf(d.To)) + " – " + d.State
		if d.Time != 0 {
			line += " " + l.when(d.Time, m.First)
		}
		out.Lines = append(out.Lines, line)
	}
	if more := len(m.Status) - len(out.Lines); more > 0 {
		out.Lines = append(out.Lines, "and "+strconv.Itoa(more)+" more")
	}
	out.Summary = "Read by " + strconv.Itoa(read) + ", delivered to " + strconv.Itoa(delivered)
	return out
}

// A preview is a link with the preview its sender made.
type preview struct {
	Href        template.URL
	Image       *file
	Title, Text string
}

func (l *log) preview(p *chat.Link) preview {
	out := preview{Href: webURL(p.URL), Image: picture(p.Image, l.base, ""), Title: clean(p.Title)}
	out.Text = cutShort(clean(p.URL), maxSnippet)
	if d := clean(p.Description); d != "" {
		out.Text = d + " · " + out.Text
	}
	if out.Title == "" {
		out.Title = "Link"
	}
	return out
}

// A poll is a poll as it is shown.
type poll struct {
	Caption string
	Max     int
	Options []option
	Voters  bool
}

// An option is an answer of a poll.
type option struct {
	Text, Names string
	Votes       int
}

func newPoll(p *chat.PollState, tags *[]tag) (*poll, string) {
	if p == nil {
		return nil, "Poll"
	}
	out := &poll{Caption: "Poll results", Max: 1}
	if p.Multiple {
		out.Caption += ", several choices allowed"
	}
	if p.Ended {
		out.Caption += ", ended"
		*tags = append(*tags, tag{"", "Poll ended"})
	}
	voters := map[string]bool{}
	for _, o := range p.Options {
		most := min(maxNames, p.Listed())
		names := make([]string, 0, min(len(o.Voters), most))
		for _, v := range o.Voters {
			if len(names) < most {
				names = append(names, nameOf(v))
			}
			voters[keyOf(v)] = true
		}
		out.Options = append(out.Options, option{clean(o.Text), nameList(names, len(o.Voters)), len(o.Voters)})
		out.Voters = out.Voters || len(names) > 0
		out.Max = max(out.Max, len(o.Voters))
	}
	out.Max = max(out.Max, len(voters))
	return out, "Poll: " + clean(p.Question)
}
