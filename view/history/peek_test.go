package history

import (
	"cmp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"bakfs/signal"
)

// FuzzRecord looks at records without decoding them and compares with what decoding
// tells.
func FuzzRecord(f *testing.F) {
	for _, item := range []*signal.ChatItem{
		{DateSent: 5, Body: &signal.StandardMessage{}},
		{DateSent: 5, ExpiresInMs: signal.Some(uint64(7)), Revisions: []signal.ChatItem{{DateSent: 3}, {DateSent: 4}}},
		{DateSent: 1 << 60, Body: &signal.UpdateMessage{Update: &signal.GroupCall{}}},
		{Body: &signal.UpdateMessage{Update: &signal.IndividualCall{}}, Revisions: []signal.ChatItem{{}}},
	} {
		f.Add(signal.Append(nil, &signal.Frame{Item: item}))
	}
	f.Add([]byte{0x22, 0})
	f.Add([]byte{0x22, 2, 0x18, 5, 0x22, 2, 0x18, 6})
	f.Fuzz(func(t *testing.T, rec []byte) {
		var frame signal.Frame
		if signal.Unmarshal(rec, &frame) != nil {
			return
		}
		item, ok := frame.Item.(*signal.ChatItem)
		if !ok {
			return
		}
		want := item.DateSent
		if len(item.Revisions) > 0 {
			want = cmp.Or(item.Revisions[0].DateSent, want)
		}
		if first, ok := firstSent(rec); ok && first != want {
			t.Errorf("first sent %d, want %d", first, want)
		}
		if item.ExpiresInMs.V > 0 && !mayExpire(rec) {
			t.Error("has a timer")
		}
		if u, ok := item.Body.(*signal.UpdateMessage); ok && !mayBeCall(rec) {
			switch u.Update.(type) {
			case *signal.IndividualCall, *signal.GroupCall:
				t.Error("is a call")
			}
		}
		d := new(decoder)
		if got, err := d.item(rec); err != nil || string(signal.Append(nil, got)) != string(signal.Append(nil, item)) {
			t.Errorf("decoded differently: %v", err)
		}
	})
}

// FuzzFile cuts files of messages.
func FuzzFile(f *testing.F) {
	f.Add([]byte("\x01a\x02bc"))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, failed := 0, false
		for rec, err := range records(b) {
			if failed {
				t.Fatal("more behind an error")
			}
			n += len(rec) + 1
			failed = err != nil
		}
		if !failed && n > len(b) {
			t.Errorf("%d bytes of %d", n, len(b))
		}
	})
}

func TestMonthFiles(t *testing.T) {
	for s, want := range map[string]string{
		"2026-05": "2026-05 1", "2026-05.2": "2026-05 2", "1970-01.10": "1970-01 10", "9999-12": "9999-12 1",
		"2026-13": "", "2026-00": "", "2026-5": "", "2026-05.1": "", "2026-05.02": "", "2026-05.x": "", "2026-05.": "", "": "", "+026-05": "", "2026-+5": "", "99999-01": "",
	} {
		got := ""
		if m, part, ok := parseMonthFile(s); ok {
			got = m.String() + " " + string(rune('0'+part))
			if part == 10 {
				got = m.String() + " 10"
			}
		}
		if got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

func TestSpans(t *testing.T) {
	bits := func(s spans) string {
		b := []byte(strings.Repeat("0", 20))
		for i, x := range s {
			if x.from > x.to || i > 0 && x.from <= s[i-1].to+1 {
				return "bad"
			}
			for k := x.from; k <= x.to; k++ {
				b[k] = '1'
			}
		}
		return string(b)
	}
	set := rapid.Custom(func(t *rapid.T) spans {
		var s spans
		for range rapid.IntRange(0, 4).Draw(t, "n") {
			from := rapid.IntRange(0, 19).Draw(t, "from")
			s = s.with(spans{{from, rapid.IntRange(from, 19).Draw(t, "to")}})
		}
		return s
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := set.Draw(t, "a"), set.Draw(t, "b")
		both, union := false, make([]byte, 20)
		x, y := bits(a), bits(b)
		for i := range union {
			union[i] = max(x[i], y[i])
			both = both || x[i] == '1' && y[i] == '1'
		}
		if got := bits(a.with(b)); got != string(union) {
			t.Fatalf("%v with %v: %s", a, b, got)
		}
		if a.overlaps(b) != both {
			t.Fatalf("%v overlaps %v: %v", a, b, !both)
		}
	})
}
