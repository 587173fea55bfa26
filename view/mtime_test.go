package view

import (
	"fmt"
	iofs "io/fs"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"bakfs/signal"
	"bakfs/view/history"
)

// dated gives the months of a backup's conversations other mtimes.
func dated(b history.Backup, mtime func(time.Time) time.Time) history.Backup {
	from := b.FS.(shelf).stock
	to := &stock{files: fstest.MapFS{}, ids: from.ids}
	for name, f := range from.files {
		f := *f
		if strings.HasPrefix(name, "chats/") {
			f.ModTime = mtime(f.ModTime)
		}
		to.files[name] = &f
	}
	b.FS = shelf{to, ""}
	return b
}

// Messages are where their own time says, also if the mtime of their file says nothing:
// a snapshot has none after 2262, and a device that lies may give any.
func TestMonthsDoNotDependOnWrongMtimes(t *testing.T) {
	made := newMade(time.Date(2026, 5, 10, 0, 0, 0, 0, time.UTC))
	sent := []time.Time{
		time.Date(2026, 1, 6, 12, 0, 0, 0, time.UTC), time.Date(2026, 3, 31, 23, 30, 0, 0, time.UTC),
		time.Date(2300, 5, 5, 12, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 20, 0, 0, 0, time.UTC),
	}
	for _, at := range sent {
		made.say(signal.Millis(at.UnixMilli()), "needle of "+at.Format("2006"))
	}
	stored := keep(t, made)[0]
	latest := time.Date(2262, 4, 11, 23, 47, 15, 0, time.UTC)
	for name, mtime := range map[string]func(time.Time) time.Time{
		"as they are": func(at time.Time) time.Time { return at },
		"of a snapshot": func(at time.Time) time.Time {
			if at.After(latest) {
				return latest
			}
			return at
		},
		"a month before": func(at time.Time) time.Time { return at.AddDate(0, -1, -3) },
		"a month behind": func(at time.Time) time.Time { return at.AddDate(0, 1, 0) },
		"none":           func(time.Time) time.Time { return time.Unix(0, 0) },
	} {
		for _, zone := range []*time.Location{time.UTC, berlin, time.FixedZone("west", -8*3600)} {
			fsys := Account(history.New([]history.Backup{dated(stored, mtime)}, history.Options{Zone: zone}), Options{Zone: zone})
			var want []string
			for _, at := range sent {
				want = append(want, at.In(zone).Format("2006-01")+".txt")
			}
			var months []string
			list, err := iofs.ReadDir(fsys, "text/Alice")
			if err != nil {
				t.Fatal(err)
			}
			for i, e := range list {
				months = append(months, e.Name())
				if text := readAll(t, fsys, path.Join("text/Alice", e.Name())); i < len(sent) && !strings.Contains(text, "needle of "+sent[i].Format("2006")) {
					t.Errorf("%s, %v: %s has %q", name, zone, e.Name(), text)
				}
			}
			if !slices.Equal(months, want) {
				t.Errorf("%s, %v: months %v, want %v", name, zone, months, want)
			}
			if results := readAll(t, fsys, "search/needle/results.txt"); strings.Count(results, "needle of ") != len(sent) {
				t.Errorf("%s, %v: a search finds\n%s", name, zone, results)
			}
			if err := iofs.WalkDir(fsys, "timeline", func(p string, d iofs.DirEntry, err error) error {
				if err == nil && !d.IsDir() && len(readAll(t, fsys, p)) == 0 {
					err = fmt.Errorf("%s is empty", p)
				}
				return err
			}); err != nil {
				t.Errorf("%s, %v: %v", name, zone, err)
			}
		}
	}
}
