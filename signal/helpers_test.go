package signal

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// vectors returns a file of the shared vectors, or skips.
func vectors(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("BAKFS_VECTORS")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "vectors")
	}
	p := filepath.Join(dir, "signal", name)
	if _, err := os.Stat(p); err != nil {
		t.Skipf("no vectors (BAKFS_VECTORS): %v", err)
	}
	return p
}

func readVector(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(vectors(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// records returns copies of all records of a stream.
func records(t testing.TB, stream []byte) (all [][]byte) {
	t.Helper()
	for r := NewRecordReader(bufio.NewReader(bytes.NewReader(stream))); ; {
		rec, err := r.Next()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, bytes.Clone(rec))
	}
}

// groups are the structs that each interface of the model can hold.
var groups = map[reflect.Type][]Message{
	reflect.TypeFor[FrameItem](): {&Account{}, &Recipient{}, &Chat{}, &ChatItem{}, &StickerPack{},
		&AdHocCall{}, &NotificationProfile{}, &ChatFolder{}},
	reflect.TypeFor[Destination](): {&Contact{}, &Group{}, &DistributionListItem{}, &Self{}, &ReleaseNotes{}, &CallLink{}},
	reflect.TypeFor[Body](): {&StandardMessage{}, &ContactMessage{}, &StickerMessage{}, &DeletedMessage{}, &UpdateMessage{},
		&Payment{}, &GiftBadge{}, &ViewOnceMessage{}, &StoryReply{}, &Poll{}, &AdminDeletedMessage{}},
	reflect.TypeFor[Update](): {&SimpleUpdate{}, &GroupChange{}, &TimerUpdate{}, &ProfileChange{}, &ThreadMerge{},
		&SessionSwitchover{}, &IndividualCall{}, &GroupCall{}, &LearnedProfile{}, &PollEnd{}, &PinUpdate{}},
}

// topMessages are what a record can be, and the messages that stand alone in
// other formats.
func topMessages() []Message {
	list := []Message{&BackupInfo{}, &Frame{}, &GroupChange{}}
	for _, i := range []reflect.Type{reflect.TypeFor[FrameItem](), reflect.TypeFor[Destination](),
		reflect.TypeFor[Body](), reflect.TypeFor[Update]()} {
		for _, m := range groups[i] {
			list = append(list, fresh(m))
		}
	}
	return list
}

// drawMessage draws a message of any kind, filled.
func drawMessage(t *rapid.T) Message {
	top := topMessages()
	m := top[rapid.IntRange(0, len(top)-1).Draw(t, "kind of message")]
	fill(t, reflect.ValueOf(m).Elem(), 0)
	return m
}

// difference says where two values differ first, without printing them whole.
func difference(path string, a, b reflect.Value) string {
	switch {
	case a.Kind() != b.Kind() || a.IsValid() && a.Type() != b.Type():
		return path + ": other types"
	case !a.IsValid() || reflect.DeepEqual(a.Interface(), b.Interface()):
		return ""
	case a.Kind() == reflect.Struct && a.Type() != reflect.TypeFor[Secret]() && a.Type() != reflect.TypeFor[Unknown]():
		for i := range a.NumField() {
			if d := difference(path+"."+a.Type().Field(i).Name, a.Field(i), b.Field(i)); d != "" {
				return d
			}
		}
	case (a.Kind() == reflect.Pointer || a.Kind() == reflect.Interface) && !a.IsNil() && !b.IsNil():
		return difference(path, a.Elem(), b.Elem())
	case a.Kind() == reflect.Slice && a.Len() == b.Len():
		for i := range a.Len() {
			if d := difference(fmt.Sprintf("%s[%d]", path, i), a.Index(i), b.Index(i)); d != "" {
				return d
			}
		}
	}
	return fmt.Sprintf("%s: %#v is not %#v", path, a.Interface(), b.Interface())
}

// fill sets v and all inside it to something drawn. It knows the model's
// structs by reflection only, so that a field that a fields method forgets is
// set here and missed after a round trip.
func fill(t *rapid.T, v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.Interface:
		g := groups[v.Type()]
		if len(g) == 0 {
			t.Fatalf("no structs known for %v", v.Type())
		}
		if rapid.IntRange(0, 9).Draw(t, "none") == 0 {
			return
		}
		p := reflect.New(reflect.TypeOf(g[rapid.IntRange(0, len(g)-1).Draw(t, "member")]).Elem())
		fill(t, p.Elem(), depth+1)
		v.Set(p)
	case reflect.Pointer:
		if rapid.Bool().Draw(t, "absent") {
			return
		}
		p := reflect.New(v.Type().Elem())
		fill(t, p.Elem(), depth+1)
		v.Set(p)
	case reflect.Slice:
		fillSlice(t, v, depth)
	case reflect.Struct:
		fillStruct(t, v, depth)
	case reflect.String:
		v.SetString(rapid.String().Draw(t, "string"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Uint32, reflect.Uint64:
		bits := rapid.IntRange(0, v.Type().Bits()).Draw(t, "bits")
		v.SetUint(rapid.Uint64().Draw(t, "uint") >> (64 - bits))
	case reflect.Int32:
		v.SetInt(int64(rapid.Int32Range(-2, 40).Draw(t, "enum")))
	case reflect.Float32:
		v.SetFloat(float64(rapid.Float32().Draw(t, "float")))
	default:
		t.Fatalf("field of kind %v", v.Kind())
	}
}

func fillSlice(t *rapid.T, v reflect.Value, depth int) {
	if depth > 5 && v.Type() == reflect.TypeFor[[]ChatItem]() {
		return
	}
	n := rapid.IntRange(0, 3).Draw(t, "len")
	if n == 0 {
		return
	}
	s := reflect.MakeSlice(v.Type(), n, n)
	for i := range n {
		fill(t, s.Index(i), depth+1)
	}
	v.Set(s)
}

func fillStruct(t *rapid.T, v reflect.Value, depth int) {
	if f := v.FieldByName("Ok"); f.IsValid() {
		if f.SetBool(rapid.Bool().Draw(t, "ok")); f.Bool() {
			fill(t, v.Field(0), depth)
		}
		return
	}
	switch m := v.Addr().Interface().(type) {
	case *Secret:
		*m = NewSecret(rapid.String().Draw(t, "secret"))
		return
	case *Unknown:
		if rapid.IntRange(0, 3).Draw(t, "unknown") == 0 {
			*m = NewUnknown(unknownFields(t))
		}
		return
	case *SendStatus:
		fillDetail(t, m, (*sendDetail)(m), func(n int32) { m.Delivery = Delivery(n) }, 7)
		return
	case *GroupUpdate:
		fillDetail(t, m, (*groupDetail)(m), func(n int32) { m.Kind = GroupUpdateKind(n) }, 36)
		return
	}
	for i := range v.NumField() {
		fill(t, v.Field(i), depth)
	}
}

// fillDetail fills a struct that serves several kinds, where a field that its
// kind does not use must stay empty: it decodes drawn bytes as the detail.
func fillDetail(t *rapid.T, m, detail Message, setKind func(int32), kinds int) {
	setKind(int32(rapid.IntRange(1, kinds).Draw(t, "kind")))
	var b []byte
	for num := uint64(1); num <= 4; num++ {
		if rapid.Bool().Draw(t, "varint") {
			b = appendVarint(appendVarint(b, num<<3), rapid.Uint64Range(0, 3).Draw(t, "number"))
		} else {
			s := rapid.SliceOfN(rapid.ByteRange(1, 127), 1, 20).Draw(t, "bytes")
			b = append(append(appendVarint(b, num<<3|wireBytes), byte(len(s))), s...)
		}
	}
	saved := reflect.ValueOf(m).Elem().Interface()
	if Unmarshal(b, detail) != nil {
		reflect.ValueOf(m).Elem().Set(reflect.ValueOf(saved))
	}
}

// unknownFields draws fields with numbers that no message has.
func unknownFields(t *rapid.T) (b []byte) {
	num := uint64(1000)
	for range rapid.IntRange(1, 3).Draw(t, "fields") {
		num += rapid.Uint64Range(0, 50).Draw(t, "num")
		switch rapid.IntRange(0, 3).Draw(t, "wire") {
		case 0:
			b = appendVarint(appendVarint(b, num<<3), rapid.Uint64().Draw(t, "x"))
		case 1:
			b = append(appendVarint(b, num<<3|wireFixed64), "8 bytes."...)
		case 2:
			b = append(appendVarint(b, num<<3|wireBytes), "\x05hello"...)
		case 3:
			b = append(appendVarint(b, num<<3|wireFixed32), "four"...)
		}
	}
	return b
}
