package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	iofs "io/fs"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"bakfs/view/chat"
	"bakfs/view/history"
	"bakfs/view/query"
)

func smallHistory(t testing.TB, days int) *history.History {
	return history.New(smallBackups(t)[:days], history.Options{Zone: berlin})
}

// messages are all that a history shows.
func messagesOf(t testing.TB, h *history.History) (all []*chat.Message) {
	t.Helper()
	list, err := h.Conversations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		months, err := h.Months(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range months {
			some, err := h.Messages(t.Context(), c, m)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, some...)
		}
	}
	return all
}

// files are the regular files below a folder and their bytes.
func files(t testing.TB, fsys iofs.FS, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := iofs.WalkDir(fsys, dir, func(p string, d iofs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		all[p], err = iofs.ReadFile(fsys, p)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAccountIsAnFS(t *testing.T) {
	h := smallHistory(t, 1)
	fsys := Account(h, Options{Zone: berlin})
	if err := fstest.TestFS(fsys, "index.html", "about.txt", "calls.csv", "chats/Note to Self/info.txt", "search/HOW-TO.txt"); err != nil {
		t.Error(err)
	}
}

var line = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4} [<>|+*] `)

func TestEachMessageOnceInTextAndJSON(t *testing.T) {
	h := smallHistory(t, 4)
	fsys := Account(h, Options{Zone: berlin})
	want := messagesOf(t, h)
	lines := 0
	for p, b := range files(t, fsys, "text") {
		for l := range bytes.Lines(b) {
			if !line.Match(l) {
				t.Errorf("%s: %q", p, l)
			}
			if bytes.IndexByte([]byte("<>*"), l[26]) >= 0 {
				lines++
			}
		}
		if twin := readAll(t, fsys, "chats/"+path.Base(path.Dir(p))+"/text/"+path.Base(p)); twin != string(b) {
			t.Errorf("%s is another file in chats/", p)
		}
	}
	ids := map[string]bool{}
	for p, b := range files(t, fsys, "chats") {
		if path.Ext(p) != ".jsonl" {
			continue
		}
		for l := range bytes.Lines(b) {
			var o struct{ ID string }
			if err := json.Unmarshal(l, &o); err != nil || ids[o.ID] {
				t.Errorf("%s: %v, twice %v", p, err, ids[o.ID])
			}
			ids[o.ID] = true
		}
	}
	if lines != len(want) || len(ids) != len(want) || lines < 450 {
		t.Errorf("text has %d messages, JSON %d, the history %d", lines, len(ids), len(want))
	}
}

// Another process shows the same bytes, times and inodes.
func TestMadeTwiceIsIdentical(t *testing.T) {
	one, other := Account(smallHistory(t, 4), Options{Zone: berlin}), Account(smallHistory(t, 4), Options{Zone: berlin, Cache: NewCache(0)})
	err := iofs.WalkDir(one, ".", func(p string, d iofs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		a, err := iofs.Lstat(one, p)
		if err != nil {
			return err
		}
		b, err := iofs.Lstat(other, p)
		if err != nil {
			return err
		}
		if *a.Sys().(*syscall.Stat_t) != *b.Sys().(*syscall.Stat_t) {
			t.Errorf("%s: %+v and %+v", p, a.Sys(), b.Sys())
		}
		if d.Type().IsRegular() && readAll(t, one, p) != readAll(t, other, p) {
			t.Errorf("%s differs", p)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

var (
	reference = regexp.MustCompile(`\s(?:href|src)=("[^"]*"|'[^']*'|[^\s>]+)`)
	anchor    = regexp.MustCompile(`\sid=("[^"]*"|'[^']*'|[^\s>]+)`)
)

func unquote(b []byte) string { return html.UnescapeString(strings.Trim(string(b), `"'`)) }

// brokenLinks are the links of pages that stay in the tree and lead to no file, or to no
// anchor in it. It says how many lead to messages.
func brokenLinks(t testing.TB, fsys iofs.FS, pages map[string][]byte) (broken []string, toMessages int) {
	t.Helper()
	anchors := map[string]bool{}
	for p, b := range pages {
		for _, m := range anchor.FindAllSubmatch(b, -1) {
			anchors[p+"#"+unquote(m[1])] = true
		}
	}
	there := map[string]error{}
	for p, b := range pages {
		for _, m := range reference.FindAllSubmatch(b, -1) {
			u, err := url.Parse(unquote(m[1]))
			if err != nil {
				broken = append(broken, fmt.Sprintf("%s: %v", p, err))
				continue
			}
			if u.Scheme != "" || u.Host != "" {
				continue
			}
			to := p
			if u.Path != "" {
				to = path.Join(path.Dir(p), u.Path)
			}
			err, known := there[to]
			if !known {
				_, err = iofs.Stat(fsys, to)
				there[to] = err
			}
			if err != nil {
				broken = append(broken, fmt.Sprintf("%s links to %s: %v", p, m[1], err))
			}
			if u.Fragment != "" && !anchors[to+"#"+u.Fragment] {
				broken = append(broken, fmt.Sprintf("%s links to %s: no such anchor", p, m[1]))
			}
			if strings.HasPrefix(u.Fragment, "m") {
				toMessages++
			}
		}
	}
	return broken, toMessages
}

// pagesOf are all pages of an account's folder.
func pagesOf(t testing.TB, fsys iofs.FS) map[string][]byte {
	t.Helper()
	pages := map[string][]byte{}
	for _, dir := range []string{"index.html", "chats"} {
		for p, b := range files(t, fsys, dir) {
			if path.Ext(p) == ".html" && path.Base(path.Dir(p)) != "files" {
				pages[p] = b
			}
		}
	}
	return pages
}

// Each link of a page that stays in the tree leads to a file, and to an anchor in it.
func TestLinksOfPagesResolve(t *testing.T) {
	for name, o := range map[string]history.Options{"": {Zone: berlin}, "as on the phone": {Zone: berlin, HideDeleted: true}, "all": {Zone: berlin, ShowExpired: true}} {
		fsys := Account(history.New(smallBackups(t), o), Options{Zone: berlin})
		pages := pagesOf(t, fsys)
		for _, q := range []string{"has:photo", "the"} {
			p := "search/" + q + "/results.html"
			pages[p] = []byte(readAll(t, fsys, p))
		}
		broken, n := brokenLinks(t, fsys, pages)
		for _, b := range broken {
			t.Error(name, b)
		}
		if n < 400 {
			t.Error(name, "too few links:", n)
		}
	}
}

// What a new backup did not change keeps its inode; what it changed has another, and
// an open file stays what it was.
func TestNewBackup(t *testing.T) {
	m := NewMessages(Options{Zone: berlin})
	m.Set(smallHistory(t, 3))
	fsys := m.FS()
	before := inodesOf(t, fsys)
	old, opened := map[string][]byte{}, map[string]iofs.File{}
	for p := range before {
		if path.Ext(p) == ".txt" {
			f, err := fsys.Open(p)
			if err != nil {
				t.Fatal(err)
			}
			opened[p], old[p] = f, []byte(readAll(t, fsys, p))
		}
	}
	m.Set(smallHistory(t, 4))
	after := inodesOf(t, fsys)
	kept, changed, media := 0, 0, 0
	for p, b := range old {
		if again, err := readWhole(opened[p]); err != nil || !bytes.Equal(again, b) {
			t.Errorf("the open file %s: %v", p, err)
		}
		now, err := iofs.ReadFile(fsys, p)
		if err != nil {
			continue
		}
		if strings.Contains(p, "/signal-export/") { // their time is the backup's
			continue
		}
		if same := bytes.Equal(now, b); same != (before[p] == after[p]) {
			t.Errorf("%s: same bytes %v, inodes %x and %x", p, same, before[p], after[p])
		} else if same {
			kept++
		} else {
			changed++
		}
	}
	for p, ino := range before {
		if strings.Contains(p, "/media/") && after[p] == ino {
			media++
		}
	}
	t.Logf("%d kept, %d changed, %d media kept", kept, changed, media)
	if kept < 50 || changed < 3 || media < 20 {
		t.Error("too few")
	}
}

func inodesOf(t testing.TB, fsys iofs.FS) map[string]uint64 {
	t.Helper()
	all := map[string]uint64{}
	err := iofs.WalkDir(fsys, ".", func(p string, d iofs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		all[p] = info.Sys().(*syscall.Stat_t).Ino
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func readWhole(f iofs.File) ([]byte, error) {
	var b bytes.Buffer
	_, err := b.ReadFrom(f)
	return b.Bytes(), err
}

// Sizes and bytes of months that did not change are not made again.
func TestNewBackupKeepsWhatWasRendered(t *testing.T) {
	c := NewCache(64 << 20)
	m := NewMessages(Options{Zone: berlin, Cache: c})
	m.Set(smallHistory(t, 3))
	files(t, m.FS(), ".")
	all := slices.Clone(smallBackups(t)[:3])
	again := all[2]
	again.Label, again.Time = "later", again.Time.AddDate(0, 0, 1)
	m.Set(history.New(append(all, again), history.Options{Zone: berlin}))
	ready, count := 0, 0
	err := iofs.WalkDir(m.FS(), ".", func(p string, d iofs.DirEntry, err error) error {
		if e, ok := d.(entry); ok && path.Base(path.Dir(path.Dir(p))) == "text" {
			if _, err := e.child.node.(*generated).key(t.Context()); err != nil {
				return err
			}
			if count++; e.child.node.ready() {
				ready++
			}
		}
		return err
	})
	if err != nil || ready < count*2/3 {
		t.Errorf("%d of %d sizes are known, %v", ready, count, err)
	}
}

func TestFormerNamesAreHiddenLinks(t *testing.T) {
	h := smallHistory(t, 4)
	fsys := Account(h, Options{Zone: berlin})
	list, err := h.Conversations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, c := range list {
		for _, old := range c.Formerly {
			found++
			for _, dir := range []string{"chats/", "text/"} {
				target, err := iofs.ReadLink(fsys, dir+old)
				if err != nil || target != c.Folder {
					t.Errorf("%s: %q, %v", old, target, err)
				}
				if _, err := iofs.ReadDir(fsys, dir+old); err != nil {
					t.Error(err)
				}
				entries, err := iofs.ReadDir(fsys, strings.TrimSuffix(dir, "/"))
				if err != nil || slices.ContainsFunc(entries, func(e iofs.DirEntry) bool { return e.Name() == old }) {
					t.Errorf("%s is listed, %v", old, err)
				}
			}
		}
	}
	if found == 0 {
		t.Error("nobody was renamed")
	}
}

func TestByIDLeadsToConversations(t *testing.T) {
	h := smallHistory(t, 4)
	fsys := Account(h, Options{Zone: berlin})
	list, err := iofs.ReadDir(fsys, "by-id")
	if err != nil {
		t.Fatal(err)
	}
	to := map[string]bool{}
	for _, e := range list {
		target, err := iofs.ReadLink(fsys, "by-id/"+e.Name())
		if err != nil {
			t.Error(err)
		}
		to[target] = true
		if info, err := iofs.Stat(fsys, "by-id/"+e.Name()); err != nil || !info.IsDir() {
			t.Errorf("%s: %v", e.Name(), err)
		}
	}
	chats, err := iofs.ReadDir(fsys, "chats")
	if err != nil || len(to) != len(chats) {
		t.Errorf("links to %d of %d conversations, %v", len(to), len(chats), err)
	}
}

func TestDeletedHasWhatIsGone(t *testing.T) {
	h := smallHistory(t, 4)
	fsys := Account(h, Options{Zone: berlin})
	gone := 0
	for _, m := range messagesOf(t, h) {
		if isGone(m) {
			gone++
		}
	}
	lines := 0
	for _, b := range files(t, fsys, "deleted/text") {
		for l := range bytes.Lines(b) {
			if bytes.IndexByte([]byte("<>*"), l[26]) >= 0 {
				lines++
			}
		}
	}
	if lines != gone || gone == 0 {
		t.Errorf("deleted/ has %d messages, %d are gone", lines, gone)
	}
	single := Account(smallHistory(t, 1), Options{})
	for _, dir := range []string{"deleted", "deleted/text", "deleted/media"} {
		if list, err := iofs.ReadDir(single, dir); err != nil || (dir != "deleted") != (len(list) == 0) {
			t.Errorf("%s of a single backup: %v, %v", dir, list, err)
		}
	}
}

func TestSearch(t *testing.T) {
	h := smallHistory(t, 4)
	fsys := Account(h, Options{Zone: berlin})
	q, err := query.Parse("has:photo", berlin)
	if err != nil {
		t.Fatal(err)
	}
	want := 0
	for _, m := range messagesOf(t, h) {
		if q.Match(m) {
			want++
		}
	}
	results := readAll(t, fsys, "search/has:photo/results.txt")
	got := 0
	for l := range strings.Lines(results) {
		if strings.IndexByte("<>*", l[26]) >= 0 {
			got++
		}
	}
	if got != want || want == 0 {
		t.Errorf("%d photos found, there are %d", got, want)
	}
	if len(files(t, fsys, "search/has:photo/media")) == 0 {
		t.Error("no media")
	}
	for _, name := range []string{".git", ".hidden", "autorun.inf", "Thumbs.db", "x"} {
		if _, err := iofs.Stat(fsys, "search/"+name); err == nil {
			t.Errorf("%q is a search", name)
		}
	}
	if s := readAll(t, fsys, "search/after:yesterday/results.txt"); !strings.Contains(s, "not a search") {
		t.Errorf("%.100q", s)
	}
	if list, err := iofs.ReadDir(fsys, "search"); err != nil || len(list) != 1 || list[0].Name() != "HOW-TO.txt" {
		t.Errorf("search/ lists %v, %v", list, err)
	}
}

// What a search has found once is there by its name after a new backup, without a new
// search, since the kernel may know the file by that name.
func TestFoundFilesStay(t *testing.T) {
	m := NewMessages(Options{Zone: berlin})
	m.Set(smallHistory(t, 3))
	account, err := iofs.ReadDir(m.FS(), ".")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := iofs.Sub(m.FS(), account[0].Name()+"/search/has:photo/media")
	if err != nil {
		t.Fatal(err)
	}
	found, err := iofs.ReadDir(dir, ".")
	if err != nil || len(found) == 0 {
		t.Fatal(found, err)
	}
	m.Set(smallHistory(t, 1), smallHistory(t, 4))
	m.Set(smallHistory(t, 1))
	for _, e := range found {
		if _, err := iofs.ReadFile(dir, e.Name()); err != nil {
			t.Error(err)
		}
	}
	if now, err := iofs.ReadDir(dir, "."); err != nil || len(now) >= len(found) {
		t.Errorf("the older backup alone has %d photos, all have %d, %v", len(now), len(found), err)
	}
	if _, err := iofs.ReadFile(dir, found[len(found)-1].Name()); err != nil {
		t.Error(err)
	}
}

// Two accounts stand beside each other, and one that cannot be read hides nothing.
func TestSeveralAccounts(t *testing.T) {
	m := NewMessages(Options{Zone: berlin})
	m.Set(smallHistory(t, 1), history.New([]history.Backup{{Label: "x", FS: fstest.MapFS{}}}, history.Options{}), smallHistory(t, 2))
	list, err := iofs.ReadDir(m.FS(), ".")
	if err != nil || len(list) != 3 {
		t.Fatalf("%v, %v", list, err)
	}
	good, names := 0, map[string]bool{}
	for _, e := range list {
		if names[e.Name()] {
			t.Errorf("%s twice", e.Name())
		}
		names[e.Name()] = true
		if _, err := iofs.ReadFile(m.FS(), e.Name()+"/index.html"); err == nil {
			good++
		}
	}
	if good != 2 {
		t.Errorf("%d accounts of %v can be read", good, list)
	}
}
