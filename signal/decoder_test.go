package signal

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
)

// What a Decoder makes of records is what Unmarshal makes of each, also when all of it
// is looked at afterwards: nothing that shares an allocation is written to twice.
func TestDecoderMakesWhatUnmarshalMakes(t *testing.T) {
	var d Decoder
	var got, want []FrameItem
	for range 3 {
		for _, rec := range records(t, readVector(t, "v2/plain.binproto"))[1:] {
			var f Frame
			err := Unmarshal(rec, &f)
			item, errHere := d.Item(bytes.Clone(rec))
			if (err == nil) != (errHere == nil) {
				t.Fatalf("%v, want %v", errHere, err)
			}
			if err == nil {
				got, want = append(got, item), append(want, f.Item)
			}
		}
	}
	if len(want) < 3*slabSize {
		t.Fatalf("only %d records", len(want))
	}
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Fatalf("record %d:\n%+v\nwant\n%+v", i, got[i], want[i])
		}
	}
}

func TestDecoderRefusesWhatUnmarshalRefuses(t *testing.T) {
	var d Decoder
	for what, rec := range map[string][]byte{"rubbish": []byte("\xff\xff"), "too long": make([]byte, MaxRecord+1)} {
		if item, err := d.Item(rec); !errors.Is(err, ErrBadRecord) || item != nil {
			t.Errorf("%s: %v, %v", what, item, err)
		}
	}
	if item, err := d.Item(nil); item != nil || err != nil {
		t.Errorf("an empty frame: %v, %v", item, err)
	}
}

// Lists that one allocation is cut into end where the next begins.
func TestSlabsDoNotOverlap(t *testing.T) {
	var s slab[int]
	var lists [][]int
	for i := range 100 {
		lists = append(lists, s.room(i%slabSize))
		*s.one() = -1
	}
	for i, l := range lists {
		for range cap(l) { // one more would be a list of its own
			l = append(l, i+1)
		}
		lists[i] = l
	}
	for i, l := range lists {
		for _, v := range l {
			if v != i+1 {
				t.Fatalf("list %d has %d", i, v)
			}
		}
	}
}
