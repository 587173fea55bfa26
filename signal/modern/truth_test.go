package modern

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"os"
	"path"
	"reflect"
	"slices"
	"testing"

	"bakfs/signal"
)

// truthLines returns the lines of the truth file that hold for this format, by
// day, in their order.
func truthLines(t *testing.T) map[float64][]object {
	t.Helper()
	f, err := os.Open(vectors(t, "generated/truth.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zr, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	days := make(map[float64][]object)
	for s := bufio.NewScanner(zr); s.Scan(); {
		var o object
		if err := json.Unmarshal(s.Bytes(), &o); err != nil {
			t.Fatal(err)
		}
		if slices.Contains(o["in"].([]any), any("v2")) {
			delete(o, "in")
			day := o["day"].(float64)
			delete(o, "day")
			days[day] = append(days[day], o)
		}
	}
	return days
}

// An object is a line, or what we make to compare with one.
type object map[string]any

// normal puts o into the form that JSON gives, without what is empty.
func (o object) normal(t *testing.T) object {
	t.Helper()
	b, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var back object
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	return prune(map[string]any(back)).(map[string]any)
}

// prune removes null, "", 0, false and empty lists from objects. What it
// removes from ours and from the truth is the same.
func prune(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			x = prune(x)
			if v[k] = x; x == nil || x == "" || x == 0.0 || x == false {
				delete(v, k)
			}
			if l, ok := x.([]any); ok && len(l) == 0 {
				delete(v, k)
			}
		}
		return v
	case []any:
		for i := range v {
			v[i] = prune(v[i])
		}
	}
	return v
}

// byless are the group updates whose records have no place for who did it.
var byless = []any{"groupMemberLeftUpdate", "selfInvitedToGroupUpdate", "selfInvitedOtherUserToGroupUpdate",
	"groupInvitationAcceptedUpdate", "groupInvitationDeclinedUpdate", "groupMemberJoinedUpdate", "groupJoinRequestUpdate",
	"groupJoinRequestCanceledUpdate", "groupMemberJoinedByLinkUpdate", "groupV2MigrationUpdate", "groupV2MigrationSelfInvitedUpdate",
	"groupV2MigrationInvitedMembersUpdate", "groupV2MigrationDroppedMembersUpdate", "groupSequenceOfRequestsAndCancelsUpdate"}

// dropUntold removes what no record can tell.
func dropUntold(v any) {
	switch v := v.(type) {
	case map[string]any:
		delete(v, "sniffed") // only a look at the bytes can
		if slices.Contains(byless, v["kind"]) {
			delete(v, "by")
		}
		if v["missing"] == true && v["mime"] != nil {
			delete(v, "size") // a lost file's pointer does not say its size
		}
		for _, x := range v {
			dropUntold(x)
		}
	case []any:
		for _, x := range v {
			dropUntold(x)
		}
	}
}

func TestGeneratedBackupsSayTheTruth(t *testing.T) {
	days := truthLines(t)
	f, _, err := Locate(vectors(t, "generated/SignalBackups"))
	if err != nil {
		t.Fatal(err)
	}
	key := recoveryKey(t, string(readFile(t, vectors(t, "generated/recovery-key.txt"))))
	list, err := f.Snapshots()
	if err != nil || len(list) != len(days) {
		t.Fatalf("%d snapshots, %d days, %v", len(list), len(days), err)
	}
	for i, s := range list {
		t.Run(s.Name, func(t *testing.T) {
			b, err := f.Open(context.Background(), s.Name, key)
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			checkDay(t, b, key, days[float64(i+1)])
		})
	}
}

func checkDay(t *testing.T, b *Backup, key RecoveryKey, lines []object) {
	h := readHistory(t, b, key)
	if h.report.Damaged != 0 || h.report.UnknownFields == 0 || h.report.UnknownKinds == 0 {
		t.Errorf("report %+v", h.report)
	}
	seen := map[string]int{}
	for _, want := range lines {
		kind := want["type"].(string)
		var got object
		switch kind {
		case "backup":
			got = object{"path": path.Join("SignalBackups", b.Snapshot.Name), "time": h.info.BackupTimeMs,
				"messages": len(h.items), "chats": len(h.chats)}
		case "person":
			got = h.person(want["key"].(string))
		case "chat":
			got = h.chat(h.chats[seen[kind]])
		case "message":
			got = h.message(h.items[seen[kind]])
		}
		seen[kind]++
		if got == nil {
			t.Errorf("%s %v: not found", kind, want["key"])
			continue
		}
		got["type"] = kind
		g, w := got.normal(t), want.normal(t)
		dropUntold(map[string]any(w))
		dropUntold(map[string]any(g))
		if !reflect.DeepEqual(g, w) {
			gj, _ := json.Marshal(g)
			wj, _ := json.Marshal(w)
			t.Errorf("%s %d:\n got %s\nwant %s", kind, seen[kind], gj, wj)
		}
		if t.Failed() && seen[kind] > 400 {
			return
		}
	}
	if seen["message"] != len(h.items) || seen["chat"] != len(h.chats) || seen["person"] < 20 {
		t.Errorf("compared %v", seen)
	}
}

// The generator writes fields in another order than ours, as a newer app may;
// so the bytes of each record are compared without their order.
func TestNothingOfTheGeneratedRecordsIsLost(t *testing.T) {
	f, _, err := Locate(vectors(t, "generated/SignalBackups"))
	if err != nil {
		t.Fatal(err)
	}
	key := recoveryKey(t, string(readFile(t, vectors(t, "generated/recovery-key.txt"))))
	list, err := f.Snapshots()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		b, err := f.Open(context.Background(), s.Name, key)
		if err != nil {
			t.Fatal(err)
		}
		stream := b.Records(context.Background())
		for i, rec := range all(t, stream) {
			var m signal.Message = new(signal.Frame)
			if i == 0 {
				m = new(signal.BackupInfo)
			}
			if err := signal.Unmarshal(rec, m); err != nil {
				t.Fatal(err)
			}
			got := signal.Append(nil, m)
			slices.Sort(got)
			slices.Sort(rec)
			if !bytes.Equal(got, rec) {
				t.Fatalf("%s: record %d: %d bytes, came out as %d", s.Name, i, len(rec), len(got))
			}
		}
		stream.Close()
		b.Close()
	}
}
