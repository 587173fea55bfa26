package text

import (
	"strconv"
	"strings"

	"bakfs/signal"
	"bakfs/view/chat"
)

// AppendCalls appends the calls among messages, as AppendTimeline does.
func AppendCalls(b []byte, list []*chat.Message, o Options) []byte {
	w := newWriter(b, o)
	w.named = true
	for _, m := range list {
		if m != nil && m.Call != nil {
			w.message(m)
		}
	}
	return w.b
}

// AppendCallsCSV appends the calls among messages as a table for spreadsheets,
// with a line of titles. A cell is never taken for a formula.
func AppendCallsCSV(b []byte, list []*chat.Message, o Options) []byte {
	w := newWriter(b, o)
	w.plain("time,conversation,kind,direction,state,by,started,ended,seconds,conversation_id\n")
	for _, m := range list {
		if m != nil && m.Call != nil {
			w.callRow(m, m.Call)
		}
	}
	return w.b
}

func (w *writer) callRow(m *chat.Message, c *chat.CallState) {
	kind, direction := "audio", "in"
	switch {
	case c.Group:
		kind = "group"
	case c.Video:
		kind = "video"
	}
	if c.Out {
		direction = "out"
	}
	by, seconds, id := "", "", ""
	if c.By != nil {
		by = personName(c.By)
	}
	if c.Started > 0 && c.Ended > c.Started {
		seconds = strconv.FormatUint(uint64(c.Ended-c.Started)/1000, 10)
	}
	if m.Chat != nil {
		id = m.Chat.Key
	}
	cells := []string{
		w.when(m.First), chatName(m.Chat), kind, direction, c.State, by, w.when(c.Started), w.when(c.Ended), seconds, id,
	}
	for i, s := range cells {
		if i > 0 {
			w.plain(",")
		}
		w.cell(s)
	}
	w.end()
}

// when returns a time with its offset, "" if it is not known.
func (w *writer) when(t signal.Millis) string {
	if t == 0 {
		return ""
	}
	return string(w.appendStamp(nil, t))
}

// cell appends a cell of a table. Spreadsheets run what begins like a formula,
// unless an apostrophe stands in front.
func (w *writer) cell(s string) {
	s = oneLine(s)
	if s != "" && strings.IndexByte("=+-@", s[0]) >= 0 && strings.Trim(s[1:], "0123456789 ") != "" {
		s = "'" + s
	}
	if !strings.ContainsAny(s, `",`) {
		w.plain(s)
		return
	}
	w.plain(`"`)
	w.plain(strings.ReplaceAll(s, `"`, `""`))
	w.plain(`"`)
}
