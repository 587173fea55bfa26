package page

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"bakfs/view/chat"
)

var pictures = flag.String("pictures", "", "the `folder` for the README's pictures, made by TestPagesInABrowser")

// A visit tells the browser what to open.
type visit struct {
	URL        string `json:"url"`
	Dark       bool   `json:"dark"`
	Width      int    `json:"width"`
	Height     int    `json:"height"`
	Screenshot string `json:"screenshot"`
	Axe        bool   `json:"axe"`
}

// A report is what happened when a browser opened a page.
type report struct {
	URL, Title                           string
	Console, Outside, Failed, Broken     []string
	Dialogs, Pictures, Scripts, Handlers int
	Links, IDs                           []string
	Violations                           []struct {
		ID, Impact string
		Nodes      []string
	}
}

// drive opens pages in a real browser, or skips.
func drive(t *testing.T, visits []visit) []report {
	t.Helper()
	modules := os.Getenv("BAKFS_BROWSER")
	if modules == "" {
		t.Skip("no browser is asked: set BAKFS_BROWSER to the node_modules of npm ci --ignore-scripts in integration/browser, and have chromium in PATH")
	}
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skipf("no browser is asked: %v", err)
	}
	in, err := json.Marshal(visits)
	must(t, err)
	cmd := exec.Command("node", filepath.Join("..", "..", "integration", "browser", "drive.mjs"), modules, browser)
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("drive.mjs: %v\n%s", err, err.(*exec.ExitError).Stderr)
	}
	var reports []report
	must(t, json.Unmarshal(out, &reports))
	if len(reports) != len(visits) {
		t.Fatalf("%d reports of %d visits", len(reports), len(visits))
	}
	return reports
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fileAddress returns the address of a file.
func fileAddress(name string) string {
	return (&url.URL{Scheme: "file", Path: name}).String()
}

// harmless says what no page may do in a browser.
func (r *report) harmless(t *testing.T) {
	t.Helper()
	if r.Dialogs != 0 || r.Scripts != 0 || r.Handlers != 0 || len(r.Outside) != 0 {
		t.Errorf("%s: %d dialogs, %d scripts, %d handlers or styles, requests %q", r.URL, r.Dialogs, r.Scripts, r.Handlers, r.Outside)
	}
	for _, c := range r.Console {
		// A name that an attacker made is no file of the site, and one with a NUL of none.
		if !strings.HasSuffix(c, "net::ERR_FILE_NOT_FOUND") && !strings.HasSuffix(c, "net::ERR_INVALID_URL") {
			t.Errorf("%s: %s", r.URL, c)
		}
	}
}

// whole says what a page lacks whose files are all there.
func (r *report) whole(t *testing.T) {
	t.Helper()
	r.harmless(t)
	if len(r.Console)+len(r.Failed)+len(r.Broken) != 0 {
		t.Errorf("%s: console %q, failed %q, broken pictures %q", r.URL, r.Console, r.Failed, r.Broken)
	}
	for _, v := range r.Violations {
		if v.Impact == "serious" || v.Impact == "critical" {
			t.Errorf("%s: axe: %s (%s): %s", r.URL, v.ID, v.Impact, strings.Join(v.Nodes, "\n"))
		} else {
			t.Logf("%s: axe: %s (%s)", r.URL, v.ID, v.Impact)
		}
	}
	for _, link := range r.Links {
		u, err := url.Parse(link)
		must(t, err)
		if u.Scheme != "file" {
			continue
		}
		b, err := os.ReadFile(u.Path)
		if info, e := os.Stat(u.Path); e != nil || !info.IsDir() && err != nil {
			t.Errorf("%s: a link leads to %s, which is not there", r.URL, u.Path)
		} else if u.Fragment != "" && !bytes.Contains(b, []byte(` id="`+u.Fragment+`"`)) {
			t.Errorf("%s: a link leads to %s of %s, which is not there", r.URL, u.Fragment, u.Path)
		}
	}
}

// A site is a folder with the pages of an account and all that they lead to.
type site struct {
	t   *testing.T
	dir string
}

func (s *site) file(name string, b []byte) {
	s.t.Helper()
	name = filepath.Join(s.dir, filepath.FromSlash(name))
	must(s.t, os.MkdirAll(filepath.Dir(name), 0o700))
	must(s.t, os.WriteFile(name, b, 0o600))
}

func (s *site) page(name string, p anyPage) {
	s.t.Helper()
	b, err := p.Append(nil)
	must(s.t, err)
	s.file(name, b)
}

// media writes the files that messages have.
func (s *site) media(folder string, ms []*chat.Message) {
	one := func(f *chat.File) {
		if f == nil || f.Path == "" {
			return
		}
		b := []byte("<html><svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/><script>alert(1)</script>")
		switch filepath.Ext(f.Path) {
		case ".jpg":
			b = mountains(int(max(f.Width, 320)), int(max(f.Height, 240)), len(f.Path))
		case ".png", ".webp":
			b = dot()
		}
		s.file(folder+"/"+f.Path, b)
	}
	for _, m := range ms {
		for i := range m.Files {
			one(&m.Files[i])
		}
		for i := range m.Links {
			one(m.Links[i].Image)
		}
		if m.Sticker != nil {
			one(&m.Sticker.File)
		}
		if m.Card != nil {
			s.file(folder+"/"+m.Card.Path, nil)
		}
		if m.Text != nil {
			one(m.Text.Long)
		}
		if m.Quote != nil {
			for _, f := range m.Quote.Files {
				one(f.Thumbnail)
			}
		}
	}
}

// conversation writes the pages of a conversation.
func (s *site) conversation(e *Entry, months []*Month) {
	var parts []Part
	for _, m := range months {
		parts = append(parts, m.Part)
	}
	dir := "chats/" + e.Folder
	for _, f := range []string{"media", "voice", "files", "stickers", "contacts", "text", "json"} {
		s.file(dir+"/"+f+"/.keep", nil)
	}
	s.file(dir+"/info.txt", nil)
	if e.Avatar != "" {
		s.file(dir+"/"+e.Avatar, mountains(96, 96, 1))
	}
	years := yearsOf(parts)
	s.page(dir+"/web/index.html", &Overview{Chat: e.Chat, Parts: parts, Formerly: e.Formerly, Folders: may().Folders, Zone: berlin})
	for _, y := range years {
		var ms []*chat.Message
		for _, m := range months {
			if m.Part.Year == y {
				ms = append(ms, m.Messages...)
			}
		}
		g := &Gallery{Chat: e.Chat, Year: y, Years: years, Avatar: e.Avatar, Messages: ms, Zone: berlin}
		s.page(dir+"/web/"+g.Name(), g)
		o := &Overview{Chat: e.Chat, Year: y, Parts: parts, Zone: berlin, Folders: may().Folders}
		s.page(dir+"/web/"+o.Name(), o)
	}
	for _, m := range months {
		m.Chat, m.Parts = e.Chat, parts
		s.page(dir+"/web/"+m.Part.Name(), m)
		s.media(dir, m.Messages)
	}
}

// account writes the whole site and returns its pages.
func (s *site) account() []string {
	es := entries()
	april := newScript()
	april.now = 1776000000000
	april.add(jana, 0, chat.Message{Text: plain("quoted from May")})
	for i, e := range es {
		months := []*Month{may()}
		if i == 0 {
			may := may()
			months = []*Month{
				{Part: Part{2024, time.December, 1, 0}}, {Part: Part{2026, time.March, 1, -1}},
				{Part: Part{2026, time.April, 1, 1}, Messages: april.made, Zone: berlin}, {Part: Part{2026, time.April, 2, 0}}, may, {Part: Part{2026, time.June, 1, -1}},
			}
		}
		s.conversation(e, months)
	}
	pages := pages()
	s.page("index.html", pages["account"])
	for _, name := range pages["account"].(*Account).Links {
		if filepath.Ext(name) == "" {
			name += "/.keep"
		}
		s.file(name, nil)
	}
	s.page("search/wall/results.html", pages["results"])
	club := "chats/" + es[0].Folder + "/web/"
	return []string{
		"index.html", "search/wall/results.html", club + "index.html", club + "2026.html", club + "2026-05.html", club + "2026-04.html",
		club + "2024-12.html", club + "media-2026.html", club + "media-2024.html", "chats/" + es[3].Folder + "/web/index.html",
	}
}

func TestPagesInABrowser(t *testing.T) {
	s := &site{t, t.TempDir()}
	var visits []visit
	for _, name := range s.account() {
		for _, dark := range []bool{false, true} {
			visits = append(visits, visit{URL: fileAddress(filepath.Join(s.dir, name)), Dark: dark, Axe: true})
		}
		visits = append(visits, visit{URL: fileAddress(filepath.Join(s.dir, name)), Width: 400, Axe: true})
	}
	d := demo()
	demoSite := &site{t, t.TempDir()}
	demoSite.conversation(entries()[0], []*Month{{Part: Part{2026, time.April, 1, 388}}, d, {Part: Part{2026, time.June, 1, -1}}})
	demoSite.file("index.html", nil)
	to := *pictures
	if to == "" {
		to = t.TempDir()
	}
	to, err := filepath.Abs(to)
	must(t, err)
	for _, theme := range []string{"light", "dark"} {
		visits = append(visits, visit{
			URL: fileAddress(filepath.Join(demoSite.dir, "chats", entries()[0].Folder, "web", d.Part.Name())), Dark: theme == "dark",
			Height: 1640, Screenshot: filepath.Join(to, "messages-"+theme+".png"), Axe: true,
		})
	}
	for _, r := range drive(t, visits) {
		if strings.HasSuffix(r.URL, "2026-05.html") && r.Pictures < 3 {
			t.Errorf("%s has %d pictures", r.URL, r.Pictures)
		}
		r.whole(t)
	}
	for _, theme := range []string{"light", "dark"} {
		info, err := os.Stat(filepath.Join(to, "messages-"+theme+".png"))
		must(t, err)
		if info.Size() > 300_000 {
			t.Errorf("the %s picture has %d bytes", theme, info.Size())
		}
	}
}

func TestAttacksInABrowser(t *testing.T) {
	s := &site{t, t.TempDir()}
	list := payloads()
	fields := map[string]bool{}
	for _, m := range kinds() {
		strs(reflect.ValueOf(m), "", func(name string, _ reflect.Value) { fields[name] = true })
	}
	var visits []visit
	for field := range fields {
		m := may()
		m.Messages = withField(field, list)
		m.Messages = m.Messages[:len(list)]
		name := regexp.MustCompile(`\W`).ReplaceAllString(field, "-") + ".html"
		s.page(name, m)
		visits = append(visits, visit{URL: fileAddress(filepath.Join(s.dir, name))})
	}
	for name, p := range pages() {
		for i, attack := range list {
			if i%20 != 0 {
				continue
			}
			c := clone(p)
			strs(reflect.ValueOf(c), "", func(_ string, v reflect.Value) { v.SetString(attack) })
			name := name + "-" + string(rune('a'+i/20)) + ".html"
			s.page(name, c)
			visits = append(visits, visit{URL: fileAddress(filepath.Join(s.dir, name))})
		}
	}
	for _, r := range drive(t, visits) {
		r.harmless(t)
	}
}
