package legacy

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
)

// truthLines returns the lines of the truth file that hold for this format, by
// day, in their order.
func truthLines(t *testing.T, path, format string) map[float64][]object {
	t.Helper()
	f, err := os.Open(path)
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
		if slices.Contains(o["in"].([]any), any(format)) {
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
		for _, x := range v {
			dropUntold(x)
		}
	case []any:
		for _, x := range v {
			dropUntold(x)
		}
	}
}

// checkTruth compares what is told with the lines of a day.
func checkTruth(t *testing.T, h *told, blobs [][]byte, path string, lines []object) {
	seen := map[string]int{}
	for _, want := range lines {
		kind := want["type"].(string)
		var got object
		switch kind {
		case "backup":
			got = object{"path": path, "time": want["time"], "messages": len(h.items), "chats": len(h.chats)}
		case "person":
			got = h.person(want["key"].(string), blobs)
		case "chat":
			got = h.chat(h.chats[seen[kind]])
			if want["kind"] == "group" {
				got["avatar"] = h.avatar(h.chats[seen[kind]].RecipientID, blobs)
			}
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
		dropUntoldByOld(g, w)
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

// dropUntoldByOld removes what rows of the old schema cannot tell: how a group
// changed, and that a deletion is its author's own goes without saying.
func dropUntoldByOld(g, w object) {
	if reflect.DeepEqual(w["updates"], []any{map[string]any{"kind": "groupChange"}}) {
		if list, ok := g["updates"].([]any); ok && len(list) == 1 && list[0].(map[string]any)["kind"] != "" {
			g["updates"] = w["updates"]
		}
	}
	if w["deletedBy"] == nil && w["kind"] == "deleted" && g["deletedBy"] == g["author"] {
		delete(g, "deletedBy")
	}
}

func TestGeneratedFilesSayTheTruth(t *testing.T) {
	dir := vectors(t, "generated")
	checkDays(t, dir, filepath.Join(dir, "truth.jsonl.gz"), "legacy")
}

func TestOldSchemaSaysTheTruth(t *testing.T) {
	dir, err := generate()
	if err != nil {
		t.Skipf("no generator (BAKFS_SIGNALGEN): %v", err)
	}
	checkDays(t, dir, filepath.Join(dir, "truth.jsonl.gz"), "legacy-old")
}

func checkDays(t *testing.T, dir, truth, format string) {
	days := truthLines(t, truth, format)
	text, err := os.ReadFile(filepath.Join(dir, "passphrase.txt"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "legacy", "*.backup"))
	if err != nil || len(files) != len(days) || len(files) == 0 {
		t.Fatalf("%d files, %d days, %v", len(files), len(days), err)
	}
	for i, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			r, err := Open(bytes.NewReader(b), int64(len(b)), passphrase(t, string(text)))
			if err != nil {
				t.Fatal(err)
			}
			checkDay(t, r, "legacy/"+filepath.Base(path), days[float64(i+1)])
		})
	}
}

// checkDay compares a file with the truth, once from the file itself and once
// from what was stored of it.
func checkDay(t *testing.T, r *Reader, path string, lines []object) {
	media, err := ReadMedia(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	r.Rewind()
	layout, kept := store(t, r)
	for _, frames := range []Frames{r, NewStoredFrames(layout, bytes.NewReader(kept.frames))} {
		h, err := NewHistory(context.Background(), frames, media, 0)
		if err != nil {
			t.Fatal(err)
		}
		checkTruth(t, tell(t, h, kept.blobs), kept.blobs, path, lines)
		if p := h.Report(); p.Damaged+p.BadRows != 0 || p.Truncated || p.OwnerGuessed || !slices.Contains(p.UnknownTables, "future_feature") || p.Rows == 0 {
			t.Errorf("report %+v", p)
		}
	}
}
