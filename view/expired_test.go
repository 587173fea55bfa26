package view

import (
	iofs "io/fs"
	"path"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"bakfs/signal"
	"bakfs/view/history"
)

// expiring is a backup with months in which every message has a timer. The one that ran out is that of March.
func expiring(t *testing.T) history.Backup {
	b := newMade(time.Date(2026, 5, 10, 0, 0, 0, 0, time.UTC))
	for month, timer := range map[time.Month]uint64{time.February: 0, time.March: 7 * 86400_000, time.May: 28 * 86400_000} {
		at := signal.Millis(time.Date(2026, month, 9, 12, 0, 0, 0, time.UTC).UnixMilli())
		m := b.say(at, "in "+month.String())
		if timer > 0 {
			m.ExpireStartDate, m.ExpiresInMs = signal.Some(at), signal.Some(timer)
		}
		b.attach(m, "image/png", []byte("\x89PNG\r\n\x1a\n"+month.String()), 0)
	}
	return keep(t, b)[0]
}

// namesWith are the names of a tree, and of what pages link to, that have a word in them.
func namesWith(t *testing.T, fsys iofs.FS, word string) (list []string) {
	t.Helper()
	err := iofs.WalkDir(fsys, ".", func(p string, d iofs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if strings.Contains(path.Base(p), word) {
			list = append(list, p)
		}
		if b := []byte(nil); path.Ext(p) == ".html" {
			b = []byte(readAll(t, fsys, p))
			for _, m := range reference.FindAllSubmatch(b, -1) {
				if strings.Contains(string(m[1]), word) {
					list = append(list, p+" "+string(m[1]))
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestMonthsThatRanOutAreNowhere(t *testing.T) {
	b := expiring(t)
	old := b
	stock := stock{ids: b.FS.(shelf).ids}
	stock.files = fstest.MapFS{}
	for name, f := range b.FS.(shelf).stock.files {
		if name != "timers" { // as of a version that did not say which files have timers
			stock.files[name] = f
		}
	}
	old.FS = shelf{&stock, ""}
	for name, b := range map[string]history.Backup{"": b, "stored by an earlier version": old} {
		fsys := Account(history.New([]history.Backup{b}, history.Options{}), Options{})
		if list := namesWith(t, fsys, "2026-03"); len(list) > 0 {
			t.Error(name, list)
		}
		if n := len(namesWith(t, fsys, "2026-02")); n < 8 {
			t.Error(name, n, "places have February")
		}
		if got := readAll(t, fsys, "chats/Alice/info.txt"); !strings.Contains(got, "\nmessages: 2\n") || !strings.Contains(got, "\nfiles: 2 ") {
			t.Error(name, got)
		}
		shown := Account(history.New([]history.Backup{b}, history.Options{ShowExpired: true}), Options{Expired: true})
		if all := namesWith(t, shown, "2026-03"); len(all) < 8 {
			t.Error(name, all)
		}
	}
}
