package history

import (
	"context"
	"crypto/sha256"
	"errors"
	iofs "io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"bakfs/signal/archive"
	"bakfs/view/chat"
)

func sum(b []byte) [32]byte     { return sha256.Sum256(b) }
func sumString(b []byte) string { s := sum(b); return string(s[:]) }
func (t *tree) clone() *tree {
	c := newTree()
	for name, f := range t.files {
		copied := *f
		c.files[name] = &copied
	}
	return c
}

// A file that is missing or damaged costs what is in it, and that is reported.
func TestDamageCostsOnlyItself(t *testing.T) {
	s := generated(t)
	whole := messages(t, New(s.backups(11), Options{ShowExpired: true}))
	names := []string{}
	for name := range s.trees[11].files {
		if !strings.HasPrefix(name, "media/") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for i, name := range names {
		if strings.HasPrefix(name, "chats/") && i%29 > 0 {
			continue
		}
		for _, how := range []string{"missing", "cut", "garbage", "empty"} {
			tr := s.trees[11].clone()
			switch f := tr.files[name]; how {
			case "missing":
				delete(tr.files, name)
			case "cut":
				f.data = f.data[:len(f.data)/2]
			case "empty":
				f.data = nil
			case "garbage":
				f.data = slices.Clone(f.data)
				for i := len(f.data) / 3; i < len(f.data); i += 7 {
					f.data[i] ^= 0x55
				}
			}
			h := New([]Backup{{Label: "one", Time: s.times[11], FS: tr.freeze()}}, Options{ShowExpired: true})
			checkDamaged(t, h, whole, name, how)
		}
	}
}

func checkDamaged(t *testing.T, h *History, whole map[string][]*chat.Message, name, how string) {
	t.Helper()
	all, err := h.Conversations(background)
	if name == "frames" || name == "envelope" {
		return // who is who is lost; it must not panic
	}
	if err != nil {
		t.Errorf("%s %s: %v", name, how, err)
		return
	}
	for _, c := range all {
		months, err := h.Months(background, c)
		if err != nil {
			t.Errorf("%s %s: %v", name, how, err)
		}
		n, hurt := 0, false
		for _, m := range months {
			list, err := h.Messages(background, c, m)
			hurt = hurt || err != nil
			n += len(list)
		}
		for _, d := range c.dirs {
			hurt = hurt || strings.Contains(name, d.name)
		}
		if !hurt && n != len(whole[c.Key]) {
			t.Errorf("%s %s: %s has %d messages, want %d", name, how, c.Key, n, len(whole[c.Key]))
		}
	}
}

var errAway = errors.New("the cloud is away")

// What cannot be read now is an error now, and nothing is wrong later.
func TestErrorsThatPass(t *testing.T) {
	s := generated(t)
	var backups []Backup
	var trees []*tree
	for i, b := range s.backups(3, 7, 11) {
		tr := b.FS.(*tree).clone().freeze()
		trees = append(trees, tr)
		b.FS = tr
		backups = append(backups, b)
		_ = i
	}
	want := said(t, New(backups, Options{}))
	h := New(backups, Options{})
	for _, prefix := range []string{"chats", "frames", "envelope", "chats/", "media/"} {
		setFail(trees, func(name string) error {
			if strings.HasPrefix(name, prefix) {
				return errAway
			}
			return nil
		})
		err := askAll(background, h)
		if !errors.Is(err, errAway) {
			t.Errorf("%s: %v", prefix, err)
		}
		setFail(trees, nil)
		if prefix == "chats" {
			continue
		}
		h = New(backups, Options{Cache: NewCache(1)})
		if prefix == "chats/" || prefix == "media/" { // the outline is known, the rest is not
			if _, err := h.Conversations(background); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := said(t, h); got != want {
		t.Error("something is missing afterwards")
	}
	if d := h.Damage(); len(d) > 0 {
		t.Error(d)
	}
}

func setFail(trees []*tree, f func(string) error) {
	for _, tr := range trees {
		tr.mu.Lock()
		tr.fail = f
		tr.mu.Unlock()
	}
}

// askAll reads everything until something fails.
func askAll(ctx context.Context, h *History) error {
	all, err := h.Conversations(ctx)
	if err != nil {
		return err
	}
	for _, c := range all {
		months, err := h.Months(ctx, c)
		if err != nil {
			return err
		}
		for _, m := range months {
			if _, err := h.Messages(ctx, c, m); err != nil {
				return err
			}
		}
	}
	return nil
}

// Damage that stays, of one backup, is made good by the others and reported; nothing
// counts as gone for it.
func TestOtherBackupsMakeDamageGood(t *testing.T) {
	s := generated(t)
	lasting := Options{ShowExpired: true, Lasting: func(err error) bool { return errors.Is(err, errAway) }}
	clean := New(s.backups(10, 11), Options{ShowExpired: true})
	whole := messages(t, clean)
	gone := map[string]bool{}
	for _, list := range whole {
		for _, m := range list {
			gone[m.ID] = m.Past.Gone != chat.Here
		}
	}
	for _, broken := range []int{0, 1} {
		for _, prefix := range []string{"chats/", "frames", "chats", "envelope", "media"} {
			backups := s.backups(10, 11)
			tr := backups[broken].FS.(*tree).clone().freeze()
			tr.fail = func(name string) error {
				if name == prefix || strings.HasSuffix(prefix, "/") && strings.HasPrefix(name, prefix) && strings.Count(name, "/") == 2 {
					return errAway
				}
				return nil
			}
			backups[broken].FS = tr
			h := New(backups, lasting)
			got := readable(t, h)
			if len(h.Damage()) == 0 && prefix != "media" && (prefix != "envelope" || broken == 1) {
				t.Errorf("%d %s: nothing is reported", broken, prefix)
			}
			all := 0
			for key, list := range whole {
				if prefix == "chats/" && broken == 1 || prefix == "frames" || prefix == "chats" {
					break // what only the other has is lost
				}
				want := 0
				for _, m := range list {
					if broken == 1 || m.Past.Gone == 0 || prefix != "chats/" {
						want++
					}
				}
				told := 0
				for _, m := range got[key] {
					if m.Event == Unreadable && m.Dir == chat.Event && strings.Contains(m.Words, backups[broken].Label) {
						told++
					}
				}
				if len(got[key])-told != want || told > 0 && prefix != "chats/" {
					t.Errorf("%d %s: %s has %d messages, want %d; %d say what is lost", broken, prefix, key, len(got[key])-told, want, told)
				}
				all += told
			}
			if broken == 0 && prefix == "chats/" && all == 0 {
				t.Error("no month says that an older version of it cannot be read")
			}
			for _, list := range got {
				for _, m := range list {
					if m.Past.Gone != chat.Here && !gone[m.ID] {
						t.Fatalf("%d %s: a message counts as gone", broken, prefix)
					}
				}
			}
		}
	}
}

// readable returns the messages of the months that can be read.
func readable(t *testing.T, h *History) map[string][]*chat.Message {
	t.Helper()
	all, err := h.Conversations(background)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]*chat.Message{}
	for _, c := range all {
		months, err := h.Months(background, c)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range months {
			list, err := h.Messages(background, c, m)
			if err != nil && !errors.Is(err, errAway) {
				t.Fatal(err)
			}
			got[c.Key] = append(got[c.Key], list...)
		}
	}
	return got
}

// Who gives up does not disturb who waits.
func TestGivingUp(t *testing.T) {
	s := generated(t)
	tr := s.trees[11].clone().freeze()
	ctx, cancel := context.WithCancel(background)
	gate, reads := make(chan struct{}), make(chan struct{}, 10)
	ended := ctx.Done() // for the first that reads, as trees that are bound to a context end
	tr.fail = func(name string) error {
		if name != "frames" {
			return nil
		}
		first := ended
		ended = nil
		tr.mu.Unlock()
		defer tr.mu.Lock()
		reads <- struct{}{}
		select {
		case <-gate:
			return nil
		case <-first:
			return ctx.Err()
		}
	}
	h := New([]Backup{{Label: "one", Time: s.times[11], FS: tr}}, Options{})
	gaveUp, waited := make(chan error), make(chan error)
	go func() { _, err := h.Conversations(ctx); gaveUp <- err }()
	<-reads
	go func() { _, err := h.Conversations(background); waited <- err }()
	cancel()
	if err := <-gaveUp; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(gate)
	if err := <-waited; err != nil {
		t.Error(err)
	}
}

func TestNoBackup(t *testing.T) {
	for _, list := range [][]Backup{nil, {{Label: "nothing", Time: time.Time{}, FS: newTree().freeze()}}} {
		h := New(list, Options{})
		if _, err := h.Conversations(background); !errors.Is(err, ErrNoBackup) && !errors.Is(err, iofs.ErrNotExist) {
			t.Error(err)
		}
	}
}

// A newest backup that was cut short when it was stored says nothing about what it lacks.
func TestNothingIsGoneFromABackupThatWasCutShort(t *testing.T) {
	s := generated(t)
	two := []Backup{{Label: "one", Time: s.times[1], FS: s.trees[1]}, {Label: "two", Time: s.times[2], FS: s.trees[2]}}
	tr := s.trees[3].clone()
	a, err := archive.Open(s.trees[3])
	if err != nil {
		t.Fatal(err)
	}
	envelope := *a.Envelope()
	envelope.Whole, envelope.Report.Truncated = false, true
	if tr.files["envelope"].data, err = envelope.AppendBinary(nil); err != nil {
		t.Fatal(err)
	}
	for name := range tr.files { // the newest messages, and a whole conversation, did not come
		if strings.HasPrefix(name, "chats/") && (strings.HasSuffix(name, "2026-02") || strings.HasPrefix(name, "chats/0")) {
			delete(tr.files, name)
		}
	}
	h := New(append(two, Backup{Label: "cut", Time: s.times[3], FS: tr.freeze()}), Options{ShowExpired: true})
	for _, list := range messages(t, h) {
		for _, m := range list {
			if m.Past.Gone != chat.Here {
				t.Fatalf("%s is gone: %d", m.ID, m.Past.Gone)
			}
		}
	}
	all, err := h.Conversations(background)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if !c.Here {
			t.Errorf("conversation %s is gone", c.Key)
		}
	}
}

// A file of media that is damaged where it is looked for is not told as one that the
// backup does not have.
func TestMediaThatCannotBeFound(t *testing.T) {
	s := generated(t)
	tr := s.trees[11].clone().freeze()
	tr.fail = func(name string) error {
		if strings.HasPrefix(name, "media/") {
			return errAway
		}
		return nil
	}
	h := New([]Backup{{Label: "one", Time: s.times[11], FS: tr}}, Options{ShowExpired: true, Lasting: func(err error) bool { return errors.Is(err, errAway) }})
	got, lost := messages(t, h), 0
	for key, list := range messages(t, New(s.backups(11), Options{ShowExpired: true})) {
		for i, m := range list {
			for j, f := range m.Files {
				is := got[key][i].Files[j]
				if is.Size >= 0 || is.Lost != (f.Size >= 0 || f.Hash != "") || f.Lost {
					t.Fatalf("%+v, was %+v", is, f)
				}
				if is.Lost {
					lost++
				}
			}
		}
	}
	if lost == 0 || len(h.Damage()) == 0 {
		t.Errorf("%d files are lost, %d damages", lost, len(h.Damage()))
	}
}
