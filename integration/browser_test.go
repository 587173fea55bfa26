package integration

import (
	"bytes"
	"encoding/json"
	"image"
	_ "image/gif" // for image.Decode, as the next two
	_ "image/jpeg"
	_ "image/png"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A visit tells browser/drive.mjs what to open.
type visit struct {
	URL string `json:"url"`
	Axe bool   `json:"axe"`
}

// A visited page is what drive.mjs tells of it.
type visited struct {
	URL                              string
	Console, Outside, Failed, Broken []string
	Dialogs, Pictures                int
	Scripts, Handlers                int
	Links                            []string
	Violations                       []struct {
		ID, Impact string
		Nodes      []string
	}
}

// browse opens files in a real browser, or skips.
func browse(t *testing.T, files []string) []visited {
	t.Helper()
	modules := os.Getenv("BAKFS_BROWSER")
	browser, err := exec.LookPath("chromium")
	if modules == "" || err != nil {
		t.Skip("skipped: no browser is asked: set BAKFS_BROWSER to the node_modules of npm ci --ignore-scripts in integration/browser, and have chromium in PATH")
	}
	var visits []visit
	for _, f := range files {
		visits = append(visits, visit{(&url.URL{Scheme: "file", Path: f}).String(), true})
	}
	in, err := json.Marshal(visits)
	check(t, err)
	var stderr bytes.Buffer
	cmd := exec.Command("node", "browser/drive.mjs", modules, browser)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("drive.mjs: %v\n%s", err, stderr.Bytes())
	}
	var pages []visited
	check(t, json.Unmarshal(out, &pages))
	if len(pages) != len(files) {
		t.Fatalf("%d pages of %d", len(pages), len(files))
	}
	return pages
}

// isPicture says whether a file is a picture: some that the generator makes, such as its WebP, are only the header of one.
func isPicture(t *testing.T, address string) bool {
	t.Helper()
	u, err := url.Parse(address)
	check(t, err)
	if u.Scheme != "file" {
		return true
	}
	b, err := os.ReadFile(u.Path)
	check(t, err)
	_, _, err = image.Decode(bytes.NewReader(b))
	return err == nil
}

// whole says what is wrong with a page of a mount.
func (v *visited) whole(t *testing.T) {
	t.Helper()
	if v.Dialogs+v.Scripts+v.Handlers+len(v.Outside)+len(v.Console)+len(v.Failed) != 0 {
		t.Errorf("%s: %d dialogs, %d scripts, %d handlers; requests %q; console %q; failed %q", v.URL, v.Dialogs, v.Scripts, v.Handlers, v.Outside, v.Console, v.Failed)
	}
	for _, b := range v.Broken {
		if isPicture(t, b) {
			t.Errorf("%s: the picture %s does not load", v.URL, b)
		} else {
			t.Logf("%s: %s is no picture", v.URL, b)
		}
	}
	for _, a := range v.Violations {
		if a.Impact == "serious" || a.Impact == "critical" {
			t.Errorf("%s: axe: %s (%s): %s", v.URL, a.ID, a.Impact, strings.Join(a.Nodes, "\n"))
		}
	}
	for _, link := range v.Links {
		u, err := url.Parse(link)
		check(t, err)
		if u.Scheme != "file" {
			continue
		}
		if _, err := os.Stat(u.Path); err != nil {
			t.Errorf("%s: a link leads to %s: %v", v.URL, u.Path, err)
		} else if u.Fragment != "" {
			b, err := os.ReadFile(u.Path)
			check(t, err)
			if !bytes.Contains(b, []byte(` id="`+u.Fragment+`"`)) {
				t.Errorf("%s: a link leads to %s in %s, which is not there", v.URL, u.Fragment, u.Path)
			}
		}
	}
}

// A browser opens the pages of a mount as a person does, by double click.
func TestMountInABrowser(t *testing.T) {
	if os.Getenv("BAKFS_BROWSER") == "" {
		browse(t, nil)
	}
	l := newMessageLab(t, "--days", "2", "--messages", "1500", "--chats", "12", "--media", "40", "--media-bytes", "20000", "--seed", "15")
	dir := l.mount(t, l.merged())
	files := []string{filepath.Join(dir, "index.html"), filepath.Join(dir, "search", "the", "results.html")}
	_, err := os.ReadDir(filepath.Join(dir, "search", "the"))
	check(t, err)
	pages, err := filepath.Glob(filepath.Join(dir, "chats", "*", "web", "*.html"))
	check(t, err)
	if len(pages) < 20 {
		t.Fatalf("%d pages", len(pages))
	}
	for i, p := range pages {
		if i%max(1, len(pages)/40) == 0 || strings.HasPrefix(filepath.Base(p), "media-") && i%5 == 0 {
			files = append(files, p)
		}
	}
	pictures, shown := 0, 0
	for _, v := range browse(t, files) {
		v.whole(t)
		pictures += v.Pictures
		shown += v.Pictures - len(v.Broken)
	}
	t.Logf("%d pages, %d pictures, %d of them decodable", len(files), pictures, shown)
	if pictures == 0 {
		t.Error("no page has a picture")
	}
}
