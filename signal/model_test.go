package signal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func fresh(m Message) Message {
	return reflect.New(reflect.TypeOf(m).Elem()).Interface().(Message)
}

func TestEveryModelComesBackFromTheWire(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMessage(t)
		b := Append(nil, m)
		got := fresh(m)
		if err := Unmarshal(b, got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, m) {
			t.Fatal(difference(fmt.Sprintf("%T", m), reflect.ValueOf(got), reflect.ValueOf(m)))
		}
		if again := Append(nil, got); !bytes.Equal(again, b) {
			t.Fatalf("%T: encoded twice differently", m)
		}
	})
}

func TestEveryModelComesBackFromJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMessage(t)
		dropUnknown(reflect.ValueOf(m).Elem())
		line := AppendJSON(nil, m)
		if !json.Valid(line) || !utf8.Valid(line) {
			t.Fatalf("%T: not JSON", m)
		}
		got := fresh(m)
		unknown, err := UnmarshalJSON(line, got)
		if err != nil {
			t.Fatal(err)
		}
		if unknown != 0 || !reflect.DeepEqual(got, m) {
			t.Fatalf("%d unknown, %s", unknown, difference(fmt.Sprintf("%T", m), reflect.ValueOf(got), reflect.ValueOf(m)))
		}
	})
}

// dropUnknown clears what JSON cannot hold.
func dropUnknown(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			dropUnknown(v.Elem())
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[Unknown]() {
			v.SetZero()
			return
		} else if v.Type() == reflect.TypeFor[Secret]() {
			return
		}
		for i := range v.NumField() {
			dropUnknown(v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			dropUnknown(v.Index(i))
		}
	}
}

func TestSecretsNeverPrint(t *testing.T) {
	const pin = "pin-9182"
	s := NewSecret(pin)
	f := Frame{Item: &Account{SVRPIN: s, ProfileKey: s, Unknown: NewUnknown([]byte(pin)),
		UsernameLink: &UsernameLink{Entropy: s}}}
	g := Group{MasterKey: s, State: &GroupState{InviteLinkPassword: s}}
	l := Locator{Key: s, LocalKey: Some(s)}
	for _, v := range []any{f, &f, f.Item, g, &g, *g.State, l, &l, l.LocalKey, l.Key, []Secret{s},
		map[string]Secret{"k": s}, &s, *f.Item.(*Account), f.Item.(*Account).Unknown} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%T", "%10.3s", "%p", "%t"} {
			got := fmt.Sprintf(verb, v)
			if strings.Contains(got, pin) || strings.Contains(strings.ToLower(got), fmt.Sprintf("%x", pin)) ||
				strings.Contains(got, "112 105 110") {
				t.Errorf("%s of %T shows the secret: %s", verb, v, got)
			}
		}
		b, err := json.Marshal(v)
		if err != nil {
			t.Errorf("%T: %v", v, err)
		}
		if bytes.Contains(b, []byte(pin)) || bytes.Contains(b, []byte("cGlu")) {
			t.Errorf("encoding/json of %T shows the secret: %s", v, b)
		}
	}
	if !bytes.Contains(Append(nil, &f), []byte(pin)) {
		t.Error("the encoder does not write the secret")
	}
}

func TestUnknownThingsAreKeptInTheirPlaces(t *testing.T) {
	// Chat: id 1, an unknown 16 between, style with an unknown kind inside.
	raw := []byte{
		1 << 3, 5,
		9<<3 | 2, 4, 6 << 3, 1, 7 << 3, 1,
		0x80 | 16<<3&0x7f, 1, 7,
	}
	var c Chat
	if err := Unmarshal(raw, &c); err != nil {
		t.Fatal(err)
	}
	if n := UnknownFields(&c); n != 2 {
		t.Errorf("%d unknown fields counted, want 2", n)
	}
	if got := Append(nil, &c); !bytes.Equal(got, raw) {
		t.Errorf("got % x\nwant % x", got, raw)
	}
}

func TestASecondMemberOfAGroupIsKept(t *testing.T) {
	both := []byte{2<<3 | 2, 0, 5<<3 | 2, 0} // contact and self
	var r Recipient
	if err := Unmarshal(both, &r); err != nil {
		t.Fatal(err)
	}
	if _, ok := r.Destination.(*Contact); !ok {
		t.Errorf("destination is %T, want the first", r.Destination)
	}
	if got := Append(nil, &r); !bytes.Equal(got, both) {
		t.Errorf("got % x, want % x", got, both)
	}
}

func TestDamagedRecordsAreErrors(t *testing.T) {
	deep := []byte{}
	for range 30 {
		deep = append(appendVarint([]byte{6<<3 | 2}, uint64(len(deep))), deep...)
	}
	many := bytes.Repeat([]byte{8<<3 | 2, 0}, maxElements+1)
	tests := map[string][]byte{
		"field number 0":        {0, 1},
		"wire type 3":           {1<<3 | 3},
		"wire type 7":           {1<<3 | 7},
		"number cut short":      {1 << 3, 0x80},
		"number of 11 bytes":    append([]byte{1 << 3}, bytes.Repeat([]byte{0x80}, 11)...),
		"number over 64 bits":   append([]byte{1 << 3}, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2),
		"too long":              {11<<3 | 2, 5, 0},
		"too long for its part": {11<<3 | 2, 2, 2<<3 | 2, 1},
		"deep":                  deep,
		"fixed cut short":       {1<<3 | 5, 1},
	}
	for name, b := range tests {
		if err := Unmarshal(b, &ChatItem{}); !errors.Is(err, ErrBadRecord) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := Unmarshal(append(appendVarint([]byte{11<<3 | 2}, uint64(len(many))), many...), &ChatItem{}); err != nil {
		t.Errorf("unknown fields are not elements: %v", err)
	}
	many = bytes.Repeat([]byte{6<<3 | 2, 0}, maxElements+1)
	if err := Unmarshal(many, &StandardMessage{}); !errors.Is(err, ErrBadRecord) {
		t.Errorf("too many elements: %v", err)
	}
}

func TestListsOfNumbersAreReadInBothForms(t *testing.T) {
	unpacked := []byte{4 << 3, 7, 4 << 3, 0xac, 2, 4<<3 | 2, 2, 1, 2}
	var l DistributionList
	if err := Unmarshal(unpacked, &l); err != nil {
		t.Fatal(err)
	}
	if want := []uint64{7, 300, 1, 2}; !reflect.DeepEqual(l.MemberRecipientIDs, want) {
		t.Errorf("got %v, want %v", l.MemberRecipientIDs, want)
	}
	if got, want := Append(nil, &l), []byte{4<<3 | 2, 5, 7, 0xac, 2, 1, 2}; !bytes.Equal(got, want) {
		t.Errorf("written as % x, want % x", got, want)
	}
}

func TestReadersReadWhatOthersReadAtTheSameTime(t *testing.T) {
	f := &Frame{Item: &ChatItem{Body: &Poll{Question: "?"}, Outgoing: &Outgoing{SendStatus: []SendStatus{{Delivery: DeliveryRead}}}}}
	done := make(chan bool)
	for range 4 {
		go func() {
			Append(nil, f)
			AppendJSON(nil, f)
			UnknownFields(f)
			done <- true
		}()
	}
	for range 4 {
		<-done
	}
}
