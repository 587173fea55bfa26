package view

import (
	iofs "io/fs"
	"strings"
	"testing"

	"bakfs/view/history"
)

func TestChanges(t *testing.T) {
	b := smallBackups(t)
	read := func(since ...history.Backup) string {
		o := Options{Zone: berlin, Since: history.New(since, history.Options{Zone: berlin})}
		tree := Account(history.New(since[len(since)-1:], history.Options{Zone: berlin}), o)
		text, err := iofs.ReadFile(tree, "CHANGES.txt")
		info, err2 := iofs.Stat(tree, "CHANGES.txt")
		if err != nil || err2 != nil || info.Size() != int64(len(text)) {
			t.Fatalf("%v, %v", err, err2)
		}
		return string(text)
	}
	first, second := read(b[0]), read(b[0], b[1])
	t.Log(first, second)
	if !strings.Contains(first, ", the first backup: +") {
		t.Error(first)
	}
	if !strings.HasPrefix(second, b[1].Label+" since "+b[0].Label+": +") || strings.Count(second, "\n") < 2 {
		t.Error(second)
	}
	if same := read(b[0], history.Backup{Label: "again", Time: b[1].Time, FS: b[0].FS}); same != "again since "+b[0].Label+": +0 messages\n" {
		t.Error(same)
	}
}
