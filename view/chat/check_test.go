package chat

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"bakfs/signal"
)

var idForm = regexp.MustCompile(`^[0-9a-f]{16}$`)

// checkMessage checks what holds for every message.
func checkMessage(t testing.TB, m *Message) {
	t.Helper()
	if m.Chat == nil || m.Chat.Key == "" || m.Chat.Name == "" || m.Chat.Form < Direct || m.Chat.Form > Unknown {
		t.Errorf("conversation %+v", m.Chat)
	}
	if m.Kind < Standard || m.Kind > Other || m.Dir < In || m.Dir > Event || (m.Dir == Event) != (m.Event != "") {
		t.Errorf("kind %d, direction %d, event %q", m.Kind, m.Dir, m.Event)
	}
	if m.Author == nil && m.Dir != Event {
		t.Error("no author")
	}
	if !idForm.MatchString(m.ID) || m.Raw == nil {
		t.Errorf("id %q", m.ID)
	}
	if strings.ContainsAny(m.Words, "\n\r\v\f\u0085\u2028\u2029") {
		t.Errorf("words of several lines: %q", m.Words)
	}
	hasWords := m.Kind == Update || m.Kind == Payment || m.Kind == Gift || m.Kind == Other
	if hasWords != (m.Words != "") || m.Words != strings.TrimSpace(m.Words) {
		t.Errorf("kind %d, words %q", m.Kind, m.Words)
	}
	isCall := m.Event == "individualCall" || m.Event == "groupCall"
	has := []bool{m.Card != nil, m.Sticker != nil, m.Poll != nil, m.Payment != nil, m.Call != nil, m.By != nil}
	want := []bool{m.Kind == Card, m.Kind == Sticker, m.Kind == Poll, m.Kind == Payment, isCall, m.Kind == Deleted || m.Kind == AdminDeleted}
	if !slices.Equal(has, want) {
		t.Errorf("kind %d, event %q has %v", m.Kind, m.Event, has)
	}
	checkValues(t, reflect.ValueOf(m), 0)
}

// checkValues checks every string and text that can be reached, but for what the
// records themselves are.
func checkValues(t testing.TB, v reflect.Value, depth int) {
	if depth > 12 {
		t.Fatal("a cycle")
	}
	switch v.Kind() {
	case reflect.String:
		if !utf8.ValidString(v.String()) {
			t.Errorf("not UTF-8: %q", v.String())
		}
	case reflect.Pointer:
		if v.IsNil() || v.Type().Elem().PkgPath() == reflect.TypeFor[signal.ChatItem]().PkgPath() {
			return
		}
		if text, ok := v.Interface().(*Text); ok {
			checkText(t, text)
		}
		checkValues(t, v.Elem(), depth+1)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				checkValues(t, v.Field(i), depth+1)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			checkValues(t, v.Index(i), depth+1)
		}
	}
}

// checkText checks that the ranges of a text are at borders of characters,
// sorted, and cross only ranges of other styles.
func checkText(t interface {
	Helper()
	Fatalf(string, ...any)
}, text *Text) {
	t.Helper()
	border := func(at int) bool { return at == len(text.Plain) || utf8.RuneStart(text.Plain[at]) }
	ends := map[signal.Style]int{}
	for i, s := range text.Spans {
		if s.Start < 0 || s.End > len(text.Plain) || s.Start >= s.End || !border(s.Start) || !border(s.End) {
			t.Fatalf("range %d to %d of %q", s.Start, s.End, text.Plain)
		}
		if i > 0 && (s.Start < text.Spans[i-1].Start || s.Start == text.Spans[i-1].Start && s.End > text.Spans[i-1].End) {
			t.Fatalf("ranges out of order: %+v", text.Spans)
		}
		if s.Start < ends[s.Style] {
			t.Fatalf("range %d to %d cuts another of its style", s.Start, s.End)
		}
		ends[s.Style] = s.End
		if (s.Style == signal.StyleNone) != (s.Mention != nil) || s.Style < 0 || s.Style > signal.StyleMonospace {
			t.Fatalf("style %d, mention %v", s.Style, s.Mention)
		}
		if s.Mention == nil {
			continue
		}
		said, name := text.Plain[s.Start:s.End], "@"+s.Mention.Name
		if start, clipped := strings.CutSuffix(said, "…"); said != name && (!clipped || !strings.HasPrefix(name, start)) {
			t.Fatalf("mention %q", said)
		}
	}
}
