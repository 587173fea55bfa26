package signal

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"testing"
)

// seeds are small records of every kind, made here so that they are the same
// everywhere.
func seeds() (list [][]byte) {
	list = append(list, nil, []byte{0}, []byte("garbage"), bytes.Repeat([]byte{0x32, 0x7f}, 40))
	for _, body := range []Body{
		&StandardMessage{Text: &Text{Body: "hi", BodyRanges: []BodyRange{{Length: 1, Style: Some(StyleBold)}}},
			Attachments: []Attachment{{Pointer: &FilePointer{Locator: &Locator{Size: 3, LocalKey: Some(NewSecret("k"))}}}}},
		&Poll{Question: "?", Options: []PollOption{{Option: "a", Votes: []PollVote{{VoterID: 1, VoteCount: 2}}}}},
		&UpdateMessage{Update: &GroupChange{Updates: []GroupUpdate{{Kind: GroupMemberAdded, By: Some(ServiceID("x"))}, {Kind: GroupTerminate}}}},
	} {
		list = append(list, Append(nil, &Frame{Item: &ChatItem{ChatID: 1, DateSent: 1 << 40, Body: body, Revisions: []ChatItem{{Sms: true}},
			Outgoing: &Outgoing{SendStatus: []SendStatus{{Delivery: DeliveryFailed, Failure: SendFailureNetwork}}}}}))
	}
	for _, g := range topMessages() {
		if item, ok := g.(FrameItem); ok {
			list = append(list, Append(nil, &Frame{Item: item}))
		}
	}
	return list
}

// FuzzMessage decodes any bytes as any message. What decodes must come out,
// and from then on stay as it is.
func FuzzMessage(f *testing.F) {
	for i, s := range seeds() {
		f.Add(uint8(1), s)
		f.Add(uint8(i), s)
	}
	f.Fuzz(func(t *testing.T, kind uint8, b []byte) {
		var frame Frame
		var d Decoder
		item, err := d.Item(b)
		if whole := Unmarshal(b, &frame); (err == nil) != (whole == nil) || err == nil && !reflect.DeepEqual(item, frame.Item) {
			t.Fatalf("%+v, %v, and a Decoder makes %+v, %v", frame.Item, whole, item, err)
		}
		top := topMessages()
		m := top[int(kind)%len(top)]
		if err := Unmarshal(b, m); err != nil {
			if !errors.Is(err, ErrBadRecord) {
				t.Fatalf("error %v", err)
			}
			return
		}
		once := Append(nil, m)
		again := fresh(m)
		if err := Unmarshal(once, again); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		// Of two members of a oneof, which no app writes, the first is read and the
		// other kept; in ascending order the other may come first then.
		if twice := Append(nil, again); !bytes.Equal(once, twice) && (len(once) != len(twice) || UnknownFields(m) == 0) {
			t.Fatalf("%T changes each time: % x, % x", m, once, twice)
		}
		back := fresh(m)
		if _, err := UnmarshalJSON(AppendJSON(nil, m), back); err != nil {
			t.Fatalf("its JSON cannot be read: %v", err)
		}
		Files(m, func(*FilePointer) {})
		UnknownFields(m)
	})
}

// FuzzRecords reads any bytes as a stream and checks that its records are the
// stream.
func FuzzRecords(f *testing.F) {
	f.Add([]byte{}, uint8(0))
	f.Add([]byte{1, 2, 0, 3, 1, 2, 3}, uint8(1))
	f.Add([]byte{0x80, 0x80, 0x80, 0x80, 0x10}, uint8(2))
	f.Add(bytes.Repeat([]byte{0xff}, 20), uint8(3))
	f.Fuzz(func(t *testing.T, b []byte, step uint8) {
		r := NewRecordReader(&steps{b, int(step) + 1})
		total := 0
		for {
			rec, err := r.Next()
			if err == io.EOF && total == 0 && len(b) == 0 || err == io.EOF && total > 0 {
				return
			}
			if err != nil {
				if !errors.Is(err, ErrTruncated) && !errors.Is(err, ErrBadStream) {
					t.Fatalf("error %v", err)
				}
				return
			}
			if total += len(rec) + 1; total > len(b) {
				t.Fatalf("more came out than went in")
			}
		}
	})
}

// steps reads n bytes at a time.
type steps struct {
	b []byte
	n int
}

func (s *steps) Read(p []byte) (int, error) {
	if len(s.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), s.n)], s.b)
	s.b = s.b[n:]
	return n, nil
}

// FuzzJSON reads any bytes as a line.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{"", "{}", "[]", "null", `{"chatItem":{"chatId":"1","standardMessage":{"text":{"body":"\u00e9\"","bodyRanges":[{"style":"BOLD"}]}}}}`,
		`{"recipient":{"id":1,"group":{"snapshot":{"members":[{"userId":"AAE="},{}]}}}}`, ` {"chat" : { "id" : "x" } , "new" : [1, {"a":"]}"}] } `,
		`{"account":{"accountSettings":{"customChatColors":[{"gradient":{"positions":[0.5,"NaN"],"colors":[1]}}]}}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m := new(Frame)
		if _, err := UnmarshalJSON(b, m); err != nil {
			if !errors.Is(err, ErrBadRecord) {
				t.Fatalf("error %v", err)
			}
			return
		}
		line := AppendJSON(nil, m)
		again := new(Frame)
		if n, err := UnmarshalJSON(line, again); n != 0 || err != nil {
			t.Fatalf("%d unknown, %v: %q", n, err, line)
		}
		if twice := AppendJSON(nil, again); !bytes.Equal(twice, line) {
			t.Fatalf("%q becomes %q", line, twice)
		}
	})
}
