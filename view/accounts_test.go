package view

import (
	iofs "io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bakfs/signal/sample"
	"bakfs/view/history"
)

// Of two accounts whose owners have one name, the one that was backed up first keeps
// the bare name, whatever their ids are.
func TestTheFirstAccountKeepsItsName(t *testing.T) {
	dir := t.TempDir()
	if err := sample.Write(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "key"), []byte(sample.Key), 0o600); err != nil {
		t.Fatal(err)
	}
	of := func(list []history.Backup, label string, year int) *history.History {
		list = slices.Clone(list[:1])
		list[0].Label, list[0].Time = label, time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		return history.New(list, history.Options{})
	}
	sampled, generated := set{dir: dir}.store(t, "SignalBackups", "key"), smallBackups(t)
	for _, years := range [][2]int{{2001, 2002}, {2002, 2001}} {
		m := NewMessages(Options{})
		m.Set(of(sampled, "the sample", years[0]), of(generated, "the generated", years[1]))
		accounts, err := iofs.ReadDir(m.FS(), ".")
		if err != nil || len(accounts) != 2 {
			t.Fatalf("%v, %v", accounts, err)
		}
		bare := accounts[0].Name()
		if other := accounts[1].Name(); !strings.HasPrefix(other, bare+" (") {
			t.Fatalf("%q and %q", bare, other)
		}
		want := "the sample"
		if years[1] < years[0] {
			want = "the generated"
		}
		if about := readAll(t, m.FS(), bare+"/about.txt"); !strings.Contains(about, want) {
			t.Errorf("%s has the bare name:\n%s", bare, about)
		}
	}
}
