package archive

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"bakfs/signal"
)

func someEnvelope() *Envelope {
	return &Envelope{
		Format: Modern, Whole: true, ID: [32]byte{1, 2, 3}, Time: time.UnixMilli(1700000000123).UTC(), Size: 99, Name: "signal-backup-x",
		Account: someACI, Owner: "Jörg 🧗", Keys: signal.NewSecret(strings.Repeat("k", 64)), Metadata: []byte{8, 1},
		Report: Report{Records: 1, Messages: 2, Conversations: 3, Media: 4, MediaBytes: 5, Missing: 6, Gone: 7, DamagedMedia: 8, Damaged: 9,
			Unknown: 10, Truncated: true, First: []string{"one", ""}},
	}
}

func TestEnvelopeRoundTrip(t *testing.T) {
	for _, e := range []*Envelope{someEnvelope(), {Format: Stream, Time: time.UnixMilli(0).UTC()}} {
		b, err := e.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := parseEnvelope(b)
		if err != nil || !reflect.DeepEqual(got, e) {
			t.Errorf("%+v, %v, want %+v", got, err, e)
		}
		for n := range b {
			if _, err := parseEnvelope(b[:n]); !errors.Is(err, ErrArchive) {
				t.Fatalf("%d bytes: %v", n, err)
			}
		}
		if _, err := parseEnvelope(append(b, 0)); !errors.Is(err, ErrArchive) {
			t.Error(err)
		}
	}
}

func TestEnvelopeBytes(t *testing.T) {
	e := &Envelope{Format: Legacy, Whole: true, ID: [32]byte{31: 9}, Time: time.UnixMilli(258), Size: 3, Name: "n", Account: "ac", Owner: "",
		Report: Report{Records: 1, Unknown: 2, First: []string{"x"}}}
	want := "signal envelope 1\n" + "\x04\x01" + strings.Repeat("\x00", 31) + "\x09" + "\x00\x00\x00\x00\x00\x00\x01\x02" +
		"\x00\x00\x00\x00\x00\x00\x00\x03" + "\x00\x01n" + "\x00\x02ac" + "\x00\x00" + "\x00" + "\x00\x00\x00\x00" +
		"\x00\x00\x00\x00\x00\x00\x00\x01" + strings.Repeat("\x00", 64) + "\x00\x00\x00\x00\x00\x00\x00\x02" + "\x01\x00\x01x"
	if got, err := e.AppendBinary(nil); err != nil || string(got) != want {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
}

func TestEnvelopeCutsTexts(t *testing.T) {
	for _, s := range []string{strings.Repeat("x", 5000), strings.Repeat("é", 5000), strings.Repeat("🧗", 5000), "a" + strings.Repeat("🧗", 5000), "bad \xff\xfe", strings.Repeat("\xff", 5000)} {
		e := &Envelope{Format: Export, Name: s, Owner: s, Report: Report{First: []string{s}}}
		b, err := e.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := parseEnvelope(b)
		if err != nil || len(got.Name) > maxName || len(got.Name) < min(len(s), maxName-4) && len(s) > maxName {
			t.Errorf("%d bytes, %v", len(got.Name), err)
		}
	}
}

func TestEnvelopeHidesKeys(t *testing.T) {
	e := someEnvelope()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if s := fmt.Sprintf(verb, e); strings.Contains(s, "kkkk") || strings.Contains(s, "6b6b6b6b") {
			t.Errorf("%s: %s", verb, s)
		}
	}
}

func FuzzEnvelope(f *testing.F) {
	b, _ := someEnvelope().AppendBinary(nil)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := parseEnvelope(b)
		if err != nil {
			return
		}
		if again, err := e.AppendBinary(nil); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x, %v, want %x", again, err, b)
		}
	})
}

func FuzzBlobs(f *testing.F) {
	f.Add([]byte(blobsMagic + strings.Repeat("\x01", blobSize)))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := parseBlobs(b)
		if err != nil {
			return
		}
		again := []byte(blobsMagic)
		for _, m := range list {
			again = appendBlob(again, m)
		}
		if !bytes.Equal(again, b) {
			t.Fatalf("%x, want %x", again, b)
		}
	})
}
