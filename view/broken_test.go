package view

import (
	"context"
	"errors"
	iofs "io/fs"
	"path"
	"strings"
	"testing"

	"bakfs/view/history"
)

// errAway is what a file says that cannot be read.
var errAway = errors.New("the disk is away")

// A holed tree has one file that cannot be opened.
type holed struct {
	iofs.FS
	dir, name string
}

func (h holed) Open(name string) (iofs.File, error) {
	if path.Join(h.dir, name) == h.name {
		return nil, errAway
	}
	return h.FS.Open(name)
}

func (h holed) Sub(name string) (iofs.FS, error) {
	sub, err := iofs.Sub(h.FS, name)
	return holed{sub, path.Join(h.dir, name), h.name}, err
}

func (h holed) Stat(name string) (iofs.FileInfo, error)      { return iofs.Stat(h.FS, name) }
func (h holed) ReadDir(name string) ([]iofs.DirEntry, error) { return iofs.ReadDir(h.FS, name) }

// withHole is the newest small backup, one month of which cannot be read; and the
// folder and month of it.
func withHole(t *testing.T) (b history.Backup, folder, month string) {
	t.Helper()
	all := smallBackups(t)
	b = all[len(all)-1]
	h := history.New([]history.Backup{b}, history.Options{})
	chats, err := h.Conversations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	most := chats[0]
	for _, c := range chats {
		if n, m := months(t, h, c), months(t, h, most); len(n) > len(m) {
			most = c
		}
	}
	list := months(t, h, most)
	month = list[len(list)/2].String()
	err = iofs.WalkDir(b.FS, "chats", func(p string, d iofs.DirEntry, err error) error {
		if err == nil && path.Base(p) == month && holds(t, b, p, most.Folder, month) {
			b.FS = holed{b.FS, "", p}
			folder = most.Folder
			return iofs.SkipAll
		}
		return err
	})
	if err != nil || folder == "" {
		t.Fatal(folder, err)
	}
	return b, folder, month
}

func months(t *testing.T, h *history.History, c *history.Conversation) []history.Month {
	t.Helper()
	list, err := h.Months(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// holds says whether a file of the archive is what a conversation's month is made of.
func holds(t *testing.T, b history.Backup, file, folder, month string) bool {
	b.FS = holed{b.FS, "", file}
	h := history.New([]history.Backup{b}, history.Options{})
	_, err := iofs.ReadFile(Account(h, Options{}), "text/"+folder+"/"+month+".txt")
	return err != nil
}

// A month that cannot be read is an error in its own files and is named where it would
// be; all else is there. Once it can be read it is there too.
func TestMonthThatCannotBeRead(t *testing.T) {
	b, folder, month := withHole(t)
	lasting := func(err error) bool { return errors.Is(err, errAway) }
	fsys := Account(history.New([]history.Backup{b}, history.Options{Lasting: lasting}), Options{Lasting: lasting})
	if s := readAll(t, fsys, "about.txt"); strings.Contains(s, "cannot be read") { // it is not known yet
		t.Error(s)
	}
	lost := 0
	err := iofs.WalkDir(fsys, ".", func(p string, d iofs.DirEntry, err error) error {
		if p == "signal-export/files" { // its names are known only from all messages
			return iofs.SkipDir
		}
		if err != nil {
			t.Errorf("%s: %v", p, err)
			return nil
		}
		if d.Type().IsRegular() {
			if _, err := iofs.ReadFile(fsys, p); err != nil {
				lost++
				if !errors.Is(err, errAway) {
					t.Errorf("%s: %v", p, err)
				}
				if !strings.Contains(p, folder) && !strings.Contains(p, month[:4]) && p != "signal-export/main.jsonl" {
					t.Errorf("%s cannot be read: %v", p, err)
				}
			}
		}
		return nil
	})
	if err != nil || lost < 3 {
		t.Errorf("%d files cannot be read, %v", lost, err)
	}
	if _, err := iofs.ReadFile(fsys, "text/"+folder+"/"+month+".txt"); !errors.Is(err, errAway) {
		t.Error(err)
	}
	if s := readAll(t, fsys, "search/the/results.txt"); !strings.Contains(s, "not searched, because it cannot be read: "+folder) {
		t.Errorf("%.200q", s[max(0, len(s)-200):])
	}
	if s := readAll(t, fsys, "about.txt"); !strings.Contains(s, ": "+month+" of "+folder+" cannot be read (chats/") || strings.Contains(s, "nothing that is known") {
		t.Error("about.txt does not say what cannot be read:", s)
	}
	if list, err := iofs.ReadDir(fsys, "chats/"+folder+"/media"); err != nil || len(list) < 2 {
		t.Errorf("%v, %v", list, err)
	}
}

// What may come back is asked for again: no listing without it is kept.
func TestMonthThatIsAway(t *testing.T) {
	b, folder, month := withHole(t)
	fsys := Account(history.New([]history.Backup{b}, history.Options{}), Options{})
	if _, err := iofs.ReadDir(fsys, "chats/"+folder+"/media"); !errors.Is(err, errAway) {
		t.Error(err)
	}
	if _, err := iofs.ReadDir(fsys, "timeline/"+month[:4]); !errors.Is(err, errAway) {
		t.Error(err)
	}
	if list, err := iofs.ReadDir(fsys, "chats/"+folder); err != nil || len(list) < 8 {
		t.Error(list, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := iofs.ReadDir(fsys.(interface {
		WithContext(ctx context.Context) iofs.FS
	}).WithContext(ctx), "chats"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
