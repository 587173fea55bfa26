package signal

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

// decodeAll decodes a stream into its messages, the BackupInfo first.
func decodeAll(t testing.TB, stream []byte) (all []Message) {
	t.Helper()
	for i, rec := range records(t, stream) {
		var m Message = &Frame{}
		if i == 0 {
			m = &BackupInfo{}
		}
		if err := Unmarshal(rec, m); err != nil {
			t.Fatalf("record %d: %v", i, err)
		}
		all = append(all, m)
	}
	return all
}

func TestCanonicalBackupIsTheOfficialExport(t *testing.T) {
	stream := readVector(t, "canonical-backup.binproto")
	lines := strings.Split(string(readVector(t, "canonical-backup.takeout-export.expected.jsonl")), "\n")
	all := decodeAll(t, stream)
	if len(all) != len(lines) {
		t.Fatalf("%d records, %d lines", len(all), len(lines))
	}
	var out bytes.Buffer
	w := NewRecordWriter(&out)
	for i, m := range all {
		if got := string(AppendJSON(nil, m)); got != lines[i] {
			t.Errorf("record %d:\n got %s\nwant %s", i, got, lines[i])
		}
		back := fresh(m)
		if n, err := UnmarshalJSON([]byte(lines[i]), back); n != 0 || err != nil {
			t.Errorf("line %d: %d unknown, %v", i, n, err)
		}
		if err := w.WriteMessage(back); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(out.Bytes(), stream) {
		t.Error("the records made from the lines are not those of the backup")
	}
}

// The synthetic stream writes some defaults out, which canonical form leaves
// out; nothing else may differ.
func TestEveryKindOfRecordIsKnownAndComesBack(t *testing.T) {
	for i, m := range decodeAll(t, readVector(t, "v2/plain.binproto")) {
		if n := UnknownFields(m); n != 0 {
			t.Errorf("record %d: %d unknown fields", i, n)
		}
		if f, ok := m.(*Frame); ok && f.Item == nil {
			t.Errorf("record %d: unknown kind", i)
		}
		back := fresh(m)
		if err := Unmarshal(Append(nil, m), back); err != nil {
			t.Fatal(err)
		}
		if d := difference("", reflect.ValueOf(back), reflect.ValueOf(m)); d != "" {
			t.Errorf("record %d: %s", i, d)
		}
	}
}
