package history

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"slices"
	"sync"
	"testing"
	"time"

	"bakfs/signal"
	"bakfs/view/chat"
	"bakfs/view/name"
)

func TestFoldersHaveTheirFormerNames(t *testing.T) {
	s := generated(t)
	h := New(s.backups(), Options{})
	all, err := h.Conversations(background)
	if err != nil {
		t.Fatal(err)
	}
	folds, renamed := map[string]bool{}, 0
	for _, c := range all {
		if fold := name.Fold(c.Folder); folds[fold] {
			t.Errorf("two are called %s", c.Folder)
		} else {
			folds[fold] = true
		}
		if got, current, err := h.Find(background, c.Folder); got != c || !current || err != nil {
			t.Errorf("%s is not found: %v", c.Folder, err)
		}
		for _, f := range c.Formerly {
			renamed++
			if got, current, err := h.Find(background, f); got != c || current || err != nil {
				t.Errorf("%s is not found: %v", f, err)
			}
		}
	}
	if renamed == 0 {
		t.Error("nobody was renamed")
	}
	for day := range s.trees {
		old, err := New(s.backups(day), Options{}).Conversations(background)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range old {
			if _, _, err := h.Find(background, c.Folder); err != nil {
				t.Errorf("day %d: %s leads nowhere", day+1, c.Folder)
			}
		}
	}
	if _, _, err := h.Find(background, "nobody at all"); !errors.Is(err, iofs.ErrNotExist) {
		t.Error(err)
	}
}

func TestListsHaveEachMessageOnce(t *testing.T) {
	s := generated(t)
	h := New(s.backups(), Options{ShowExpired: true})
	all, calls := 0, 0
	for _, list := range messages(t, h) {
		for _, m := range list {
			all++
			if m.Call != nil {
				calls++
			}
		}
	}
	months, err := h.AllMonths(background)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range months {
		days, err := h.Days(background, m)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range days {
			list, err := h.Day(background, m, d)
			if err != nil || len(list) == 0 || !slices.IsSortedFunc(list, func(a, b *chat.Message) int { return cmp.Compare(a.First, b.First) }) {
				t.Errorf("%s-%d: %d messages: %v", m, d, len(list), err)
			}
			all -= len(list)
		}
	}
	if all != 0 {
		t.Errorf("days lack %d messages", all)
	}
	last := signal.Millis(0)
	for m, err := range h.Calls(background) {
		if err != nil || m.First < last {
			t.Fatal(m, err)
		}
		last = m.First
		if m.Event != "adHocCall" {
			calls--
		}
	}
	if calls != 0 {
		t.Errorf("the list lacks %d calls", calls)
	}
	a, err := h.Account(background)
	if err != nil || a.Key != s.account || a.Person.Name != "Jana Novak" {
		t.Errorf("%+v: %v", a, err)
	}
}

// A version stays as long as the messages do, and no longer.
func TestVersionsTellWhatChanged(t *testing.T) {
	s := generated(t)
	versions := func(backups []Backup) (map[string]string, map[string]string) {
		h := New(backups, Options{})
		v, said := map[string]string{}, map[string]string{}
		all, err := h.Conversations(background)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range all {
			months, err := h.Months(background, c)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range months {
				id, err := h.Version(background, c, m)
				if err != nil {
					t.Fatal(err)
				}
				list, err := h.Messages(background, c, m)
				if err != nil {
					t.Fatal(err)
				}
				k := c.Key + " " + m.String()
				v[k] = fmt.Sprintf("%x", id)
				for _, msg := range list {
					said[k] += line(msg) + "\n"
				}
			}
		}
		return v, said
	}
	last, lastSaid := versions(s.backups(0, 1))
	kept, changed := 0, 0
	for day := 2; day < len(s.trees); day++ {
		days := []int{}
		for d := range day + 1 {
			days = append(days, d)
		}
		v, now := versions(s.backups(days...))
		for k := range v {
			switch {
			case v[k] == last[k] && now[k] != lastSaid[k]:
				t.Errorf("day %d: %s changed behind its version", day+1, k)
			case v[k] == last[k]:
				kept++
			case now[k] == lastSaid[k]:
				changed++
			}
		}
		last, lastSaid = v, now
	}
	if kept == 0 {
		t.Error("no version lasts")
	}
	t.Logf("%d kept, %d changed for nothing", kept, changed)
}

func TestEverythingAtTheSameTime(t *testing.T) {
	s := generated(t)
	want := said(t, New(s.backups(), Options{}))
	h := New(s.backups(), Options{Cache: NewCache(1 << 20)})
	var wg sync.WaitGroup
	got := make([]string, 6)
	for i := range got {
		wg.Go(func() {
			ctx, cancel := context.WithCancel(background)
			cancel()
			if _, err := h.Conversations(ctx); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			got[i] = said(t, h)
		})
	}
	wg.Wait()
	for _, g := range got {
		if g != want {
			t.Error("said something else")
		}
	}
}

// An account of which only the number is known is called by it too.
func TestOwnersNumber(t *testing.T) {
	at := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	records := [][]byte{signal.Append(nil, &signal.BackupInfo{Version: 1, BackupTimeMs: signal.Millis(at.UnixMilli())})}
	for _, item := range []signal.FrameItem{&signal.Account{GivenName: "Jana"}, &signal.Recipient{ID: 1, Destination: &signal.Self{}}} {
		records = append(records, signal.Append(nil, &signal.Frame{Item: item}))
	}
	for account, want := range map[string]string{"+491510000142": "+491510000142", ownACI: "", "unknown-01234567": ""} {
		h := New([]Backup{{Label: "one", Time: at, FS: store(t, account, at, records, nil)}}, Options{})
		who, err := h.Account(background)
		if err != nil || who.Person.Phone != want || who.Key != account {
			t.Errorf("%s: %+v, %v", account, who.Person, err)
		}
	}
}
