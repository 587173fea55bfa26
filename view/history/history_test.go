package history

import (
	"context"
	"fmt"
	iofs "io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"bakfs/signal"
	"bakfs/view/chat"
	"bakfs/view/name"
)

var background = context.Background()

// said is all that a history says, as text.
func said(t tester, h *History) string {
	t.Helper()
	var lines []string
	for _, list := range messages(t, h) {
		for _, m := range list {
			lines = append(lines, line(m))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func line(m *chat.Message) string {
	var b strings.Builder
	fmt.Fprint(&b, m.Chat.Key, " ", m.ID, " ", m.Author.Key, " ", m.First, " ", m.Sent, " ", m.Kind, " ", m.Words, " ", m.Past.FirstSeen, " ", m.Past.LastSeen, " ", m.Past.Gone)
	if m.Text != nil {
		fmt.Fprintf(&b, " %q", m.Text.Plain)
	}
	for _, f := range m.Files {
		fmt.Fprintf(&b, " %s %d %s", f.Path, f.Size, f.Sniff)
	}
	for _, v := range m.Versions {
		fmt.Fprintf(&b, " %d %q", v.Sent, v.Text.Plain)
	}
	if k := m.Past.Kept; k != nil && k.Text != nil {
		fmt.Fprintf(&b, " kept %q %s", k.Text.Plain, m.Past.KeptFrom)
	}
	return b.String()
}

func TestNothingIsReadBeforeItIsNeeded(t *testing.T) {
	s := generated(t)
	s.forget()
	h := New(s.backups(), Options{})
	if n := s.opened("open", "") + s.opened("list", "") + s.opened("stat", ""); n != 0 {
		t.Errorf("New made %d calls", n)
	}
	all, err := h.Conversations(background)
	if err != nil {
		t.Fatal(err)
	}
	if n := s.opened("open", "chats"); n != 0 {
		t.Errorf("listing conversations opened %d months", n)
	}
	dirs := map[[32]byte]bool{}
	for _, tr := range s.trees {
		for _, e := range tr.dirs["chats"] {
			info, _ := e.Info()
			dirs[idOf(info)] = true
		}
	}
	if n := s.opened("list", "chats/"); n != len(dirs) {
		t.Errorf("%d listings of %d different folders", n, len(dirs))
	}
	var first Month
	var c *Conversation
	for _, c = range all {
		months, err := h.Months(background, c)
		if err != nil {
			t.Fatal(err)
		}
		if len(months) > 3 && !months[1].Mixed {
			first = months[1]
			break
		}
	}
	s.forget()
	if _, err := h.Messages(background, c, first); err != nil {
		t.Fatal(err)
	}
	if n := s.opened("open", "chats"); n > 2 {
		t.Errorf("an unchanged month opened %d files", n)
	}
	if _, err := h.Messages(background, c, first); err != nil || s.opened("open", "chats") != 0 {
		t.Errorf("a second look opened files: %v", err)
	}
}

func (s *series) opened(op, prefix string) (n int) {
	for _, tr := range s.trees {
		n += tr.opened(op, prefix)
	}
	return n
}

func (s *series) forget() {
	for _, op := range []string{"open", "list", "stat", "xattrs"} {
		s.opened(op, "")
	}
}

// What was asked before, and whether trees tell contents apart, makes no difference.
func TestTheSameIsSaidWhateverWasAskedBefore(t *testing.T) {
	s := generated(t)
	o := Options{ShowExpired: true}
	want := said(t, New(s.backups(), o))
	h := New(s.backups(), o)
	all, err := h.Conversations(background)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range slices.Backward(all) {
		months, err := h.Months(background, c)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range slices.Backward(months) {
			if _, err := h.Messages(background, c, m); err != nil {
				t.Fatal(err)
			}
		}
	}
	if said(t, h) != want {
		t.Error("it depends on the order")
	}
	for _, room := range []int64{1, 1 << 18} {
		if said(t, New(s.backups(), Options{ShowExpired: true, Cache: NewCache(room)})) != want {
			t.Error("it depends on the cache")
		}
	}
	shared := NewCache(1 << 20)
	for day := range s.trees {
		if said(t, New(s.backups(day), Options{Cache: shared})) != said(t, New(s.backups(day), Options{})) {
			t.Error("histories with one cache are mixed up")
		}
	}
	var plain []Backup
	for _, b := range s.backups() {
		b.FS = bare{b.FS.(*tree)}
		plain = append(plain, b)
	}
	if said(t, New(plain, o)) != want {
		t.Error("it depends on content ids")
	}
}

// bare hides the powers of a tree, but for those of io/fs and media types.
type bare struct{ tr *tree }

func (b bare) Open(name string) (iofs.File, error)        { return b.tr.Open(name) }
func (b bare) Xattrs(n string) (map[string][]byte, error) { return b.tr.Xattrs(n) }
func (b bare) ReadDir(name string) ([]iofs.DirEntry, error) {
	list, err := b.tr.ReadDir(name)
	list = slices.Clone(list)
	for i, e := range list {
		info, _ := e.Info()
		list[i] = iofs.FileInfoToDirEntry(bareInfo{info})
	}
	return list, err
}

func (b bare) Stat(name string) (iofs.FileInfo, error) {
	info, err := b.tr.Stat(name)
	if err != nil {
		return nil, err
	}
	return bareInfo{info}, nil
}

type bareInfo struct{ iofs.FileInfo }

// Backups that say nothing new change nothing but the labels.
func TestABackupTwiceChangesNothing(t *testing.T) {
	s := generated(t)
	strip := func(h *History) []string {
		var lines []string
		for _, list := range messages(t, h) {
			for _, m := range list {
				c := *m
				c.Past.FirstSeen, c.Past.LastSeen, c.Past.KeptFrom = "", "", ""
				lines = append(lines, line(&c))
			}
		}
		slices.Sort(lines)
		return lines
	}
	once := s.backups()
	twice := []Backup{}
	for _, b := range once {
		again := b
		again.Label += " again"
		twice = append(twice, b, again)
	}
	o := Options{ShowExpired: true}
	if a, b := strip(New(once, o)), strip(New(twice, o)); !slices.Equal(a, b) {
		t.Error("backups twice say something else")
	}
	// The last day's backup and any that lie before it in time and say less.
	last := s.backups(11)[0]
	var empty Backup
	empty.Label, empty.Time, empty.FS = "empty", s.times[0], store(t, s.account, s.times[0], [][]byte{nil}, nil)
	a := strip(New([]Backup{s.backups(10)[0], last}, o))
	b := strip(New([]Backup{empty, s.backups(10)[0], last}, o))
	if !slices.Equal(a, b) {
		t.Error("an empty backup says something")
	}
}

// In every zone each message is in one month, and that is the one of its time.
func TestEachZoneHasEachMessageOnce(t *testing.T) {
	s := generated(t)
	ids := func(zone *time.Location) map[string]bool {
		h := New(s.backups(3, 11), Options{Zone: zone, ShowExpired: true})
		all, err := h.Conversations(background)
		if err != nil {
			t.Fatal(err)
		}
		have := map[string]bool{}
		for _, c := range all {
			months, err := h.Months(background, c)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range months {
				list, err := h.Messages(background, c, m)
				if err != nil || len(list) == 0 {
					t.Errorf("%v: %s %s has %d messages: %v", zone, c.Key, m, len(list), err)
				}
				for _, msg := range list {
					if have[msg.ID] {
						t.Errorf("%v: %s is there twice", zone, msg.ID)
					}
					have[msg.ID] = true
					if got := msg.First.Time().In(zone).Format("2006-01"); got != m.String() {
						t.Errorf("%v: a message of %s is in %s", zone, got, m)
					}
				}
			}
		}
		return have
	}
	want := ids(time.UTC)
	for _, hours := range []int{-12, -5, 1, 14} {
		got := ids(time.FixedZone("", hours*3600))
		if len(got) != len(want) {
			t.Errorf("%d hours: %d messages, want %d", hours, len(got), len(want))
		}
	}
}

// The names of files are unique, also where case does not count, and stay when
// older or newer backups come.
func TestPathsAreUniqueAndStay(t *testing.T) {
	s := generated(t)
	for _, o := range []Options{{ShowExpired: true}, {ShowExpired: true, OriginalNames: true}} {
		paths := map[string]string{} // by message and place
		for _, days := range [][]int{{11}, {0, 11}, nil} {
			h := New(s.backups(days...), o)
			n := 0
			for key, list := range messages(t, h) {
				have := map[string]string{}
				for _, m := range list {
					for i, f := range files(m) {
						if (f.Path != "") != (f.Size >= 0) {
							t.Errorf("path %q, size %d", f.Path, f.Size)
						}
						if f.Path == "" {
							continue
						}
						n++
						base := name.Fold(f.Path[strings.LastIndexByte(f.Path, '/')+1:])
						if who := have[base]; who != "" && who != f.Hash {
							t.Errorf("%s: %s is there twice", key, f.Path)
						}
						have[base] = f.Hash
						k := fmt.Sprint(m.ID, i)
						if !o.OriginalNames && paths[k] != "" && paths[k] != f.Path {
							t.Errorf("%s became %s", paths[k], f.Path)
						}
						paths[k] = f.Path
					}
				}
			}
			if n < 20 {
				t.Errorf("%d files", n)
			}
		}
	}
}

func files(m *chat.Message) []chat.File {
	list := slices.Clone(m.Files)
	if m.Sticker != nil {
		list = append(list, m.Sticker.File)
	}
	return list
}

// A month of which every message is hidden is not listed.
func monthsShowSomething(t *testing.T, h *History) {
	t.Helper()
	list, err := h.Conversations(background)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		months, err := h.Months(background, c)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range months {
			if msgs, err := h.Messages(background, c, m); err != nil || len(msgs) == 0 {
				t.Errorf("%s of %s has %d messages, %v", m, c.Name, len(msgs), err)
			}
		}
	}
}

func TestExpiredAndDeletedAreHiddenOnDemand(t *testing.T) {
	s := generated(t)
	count := func(o Options) (n, gone, expired int) {
		for _, list := range messages(t, New(s.backups(), o)) {
			for _, m := range list {
				n++
				if m.Past.Gone != chat.Here || m.Past.Kept != nil {
					gone++
				}
				if m.Expires > 0 && m.Expires <= signal.Millis(s.times[11].UnixMilli()) || m.Past.Gone == chat.GoneExpired {
					expired++
				}
			}
		}
		return n, gone, expired
	}
	all, gone, expired := count(Options{ShowExpired: true})
	if gone == 0 || expired == 0 {
		t.Fatalf("the test's backups have %d gone and %d expired messages", gone, expired)
	}
	if n, _, e := count(Options{}); e != 0 || n != all-expired {
		t.Errorf("%d messages of %d shown, %d of %d expired", n, all, e, expired)
	}
	if _, g, _ := count(Options{HideDeleted: true}); g != 0 {
		t.Errorf("%d gone messages shown", g)
	}
	if n, _, _ := count(Options{AsOf: s.times[11].AddDate(100, 0, 0)}); n >= all-expired {
		t.Error("timers do not run out")
	}
	want := len(s.truth[11]["message"])
	if n, _, _ := count(Options{HideDeleted: true, ShowExpired: true}); n != want {
		t.Errorf("as on the phone: %d messages, want %d", n, want)
	}
	for _, o := range []Options{{}, {HideDeleted: true}, {AsOf: s.times[11].AddDate(100, 0, 0)}, {From: s.times[3], To: s.times[4]}} {
		monthsShowSomething(t, New(s.backups(), o))
	}
	for _, o := range []Options{{ShowExpired: true}, {}} {
		h := New(s.backups(), o)
		n := 0
		list, err := h.Conversations(background)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list {
			months, err := h.DeletedMonths(background, c)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range months {
				msgs, err := h.Deleted(background, c, m)
				if err != nil || len(msgs) == 0 {
					t.Error(len(msgs), err)
				}
				n += len(msgs)
			}
		}
		if _, gone, _ := count(o); n != gone {
			t.Errorf("%d deleted messages, want %d", n, gone)
		}
	}
}

func TestPeriodsAndChosenConversations(t *testing.T) {
	s := generated(t)
	count := func(o Options) (n int) {
		o.ShowExpired = true
		for _, list := range messages(t, New(s.backups(), o)) {
			n += len(list)
		}
		return n
	}
	all := count(Options{})
	for _, at := range []time.Time{s.times[0], s.times[6], time.Date(2025, 2, 1, 0, 0, 0, 0, time.UTC), time.Date(2025, 2, 9, 12, 0, 0, 0, time.UTC)} {
		before, after := count(Options{To: at}), count(Options{From: at})
		if before == 0 || after == 0 || before+after != all {
			t.Errorf("%v: %d before, %d after, %d in all", at, before, after, all)
		}
	}
	groups := count(Options{Only: func(c *Conversation) bool { return c.Form == chat.Group }})
	others := count(Options{Only: func(c *Conversation) bool { return c.Form != chat.Group }})
	if groups == 0 || others == 0 || groups+others != all {
		t.Errorf("%d in groups, %d in others, %d in all", groups, others, all)
	}
}
