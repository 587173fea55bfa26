package integration

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"html"
	iofs "io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"bakfs/view"
)

// What the generator says is true stands in text, JSON and pages of a mount.
func TestTruthInTheMount(t *testing.T) {
	t.Parallel()
	l := newMessageLab(t, "--days", "3", "--messages", "1200", "--chats", "14", "--media", "50", "--media-bytes", "3000", "--seed", "13")
	shown := l.mount(t, l.newest())
	objects, texts := l.readJSON(shown), readText(t, shown)
	pages := shell(t, `cat "$0"/chats/*/web/2???-*.html`, shown)
	want := l.messages()
	if len(want) < 1000 || len(objects) != len(want) || texts.messages != len(want) {
		t.Fatalf("the truth has %d messages, JSON %d, text %d", len(want), len(objects), texts.messages)
	}
	if n := len(regexp.MustCompile(` id="?m\d+`).FindAllString(pages, -1)); n < len(want) {
		t.Errorf("the pages have %d anchors of messages, the truth %d messages", n, len(want))
	}
	compared := 0
	for _, m := range want {
		o := objects[messageKey(m["chat"], m["author"], first(m))]
		if o == nil {
			t.Errorf("not in JSON: %v", m)
			continue
		}
		said, _ := m["text"].(string)
		if said != "" && o["text"] != said && o["kind"] != "deleted" {
			t.Errorf("JSON says %q, want %q", o["text"], said)
		}
		l.compareFiles(shown, o, m)
		if said == "" || strings.ContainsFunc(said, unusual) || strings.Contains(said, "http") || m["styled"] != nil || m["mentions"] != nil {
			continue
		}
		compared++
		if at := time.UnixMilli(int64(first(m).(float64))).In(l.zone).Format("2006-01-02 15:04:05 -0700"); !texts.has(at, said) {
			t.Errorf("not in text: %s %q", at, said)
		}
		if !strings.Contains(pages, html.EscapeString(said)) {
			t.Errorf("not in the pages: %q", said)
		}
	}
	if compared < 300 {
		t.Errorf("only %d texts were compared", compared)
	}
}

// A textFolder is all of text/, by time.
type textFolder struct {
	lines    map[string][]string
	messages int
}

func readText(t testing.TB, account string) textFolder {
	t.Helper()
	all := textFolder{lines: map[string][]string{}}
	for line := range strings.Lines(shell(t, `cat "$0"/text/*/*.txt`, account)) {
		if !textLine.MatchString(line) {
			t.Fatalf("not a line of text: %q", line)
		}
		if strings.ContainsRune("<>*", rune(line[26])) {
			all.messages++
		}
		all.lines[line[:25]] = append(all.lines[line[:25]], strings.TrimSuffix(line, "\n"))
	}
	return all
}

// has says whether somebody said something at a time.
func (f textFolder) has(at, said string) bool {
	return slices.ContainsFunc(f.lines[at], func(line string) bool { return strings.HasSuffix(line, ": "+said) })
}

// compareFiles compares the files of a message in JSON with those that are true, and
// with those in the mount.
func (l *messageLab) compareFiles(account string, o, m map[string]any) {
	l.t.Helper()
	list, _ := o["attachments"].([]any)
	var want, got []string
	truth, _ := m["attachments"].([]any)
	for _, f := range truth {
		if f := f.(map[string]any); f["missing"] != true {
			want = append(want, f["sha256"].(string))
		}
	}
	for _, f := range list {
		f := f.(map[string]any)
		name, ok := f["path"].(string)
		if !ok {
			continue
		}
		got = append(got, f["sha256"].(string))
		b, err := os.ReadFile(filepath.Join(account, "by-id", byID(o["chat_id"].(string)), name))
		if err != nil || float64(len(b)) != f["size"] || fmt.Sprintf("%x", sha256.Sum256(b)) != f["sha256"] {
			l.t.Errorf("%s: %d bytes, %v, want %v", name, len(b), err, f)
		}
	}
	if !slices.Equal(got, want) && o["kind"] == "text" {
		l.t.Errorf("files %v, want %v, of %v", got, want, m)
	}
}

// byID is the name in by-id/ of a conversation.
func byID(key string) string {
	if _, id, ok := strings.Cut(key, ":"); ok {
		return id
	}
	return key
}

// unusual are characters that a page or a text may show otherwise.
func unusual(r rune) bool { return r < ' ' || strings.ContainsRune("<>&'\"", r) || r > 0x17f }

// first is when a message of the truth was first sent.
func first(m map[string]any) any {
	if at, ok := m["firstSent"]; ok {
		return at
	}
	return m["sent"]
}

func messageKey(chat, author, sent any) string {
	if author == nil {
		author = ""
	}
	return fmt.Sprintf("%v %v %.0f", chat, author, sent)
}

// readJSON reads all json/ of an account.
func (l *messageLab) readJSON(account string) map[string]map[string]any {
	l.t.Helper()
	all := map[string]map[string]any{}
	files, err := filepath.Glob(escapeGlob(account) + "/chats/*/json/*.jsonl")
	check(l.t, err)
	for _, name := range files {
		b, err := os.ReadFile(name)
		check(l.t, err)
		for line := range bytes.Lines(b) {
			var o map[string]any
			check(l.t, json.Unmarshal(line, &o))
			key := messageKey(o["chat_id"], o["from_id"], o["t"])
			if all[key] != nil {
				l.t.Errorf("twice: %s", key)
			}
			all[key] = o
		}
	}
	return all
}

func escapeGlob(s string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(s)
}

// grep finds each message once in text/, and as often as the tree has it.
func TestGrepCounts(t *testing.T) {
	t.Parallel()
	l := newMessageLab(t, "--days", "1", "--messages", "1500", "--chats", "10", "--media", "10", "--media-bytes", "2000", "--seed", "14")
	shown := l.mount(t, l.newest())
	var lines, hits int
	word := "the"
	fsys := view.Account(l.newest(), view.Options{Zone: l.zone})
	check(t, iofs.WalkDir(fsys, "text", func(p string, d iofs.DirEntry, err error) error {
		check(t, err)
		if d.IsDir() {
			return nil
		}
		b, err := iofs.ReadFile(fsys, p)
		check(t, err)
		for line := range bytes.Lines(b) {
			lines++
			if bytes.Contains(line, []byte(word)) {
				hits++
			}
		}
		return nil
	}))
	for script, want := range map[string]int{
		`grep -rF ` + word + ` "$0/text" | wc -l`:                     hits,
		`rg --no-config -uu -F ` + word + ` "$0/text" | wc -l`:        hits,
		`find "$0/text" -type f -print0 | xargs -0 cat | wc -l`:       lines,
		`find "$0/text" -name '*.txt' | wc -l`:                        countFiles(t, fsys, "text"),
		`grep -rhE '^.{25} [<>*] ' "$0/text" | wc -l`:                 len(l.readJSON(shown)),
		`cat "$0/search/` + word + ` has:photo/results.txt" | wc -c`:  -1,
		`ls -d "$0"/by-id/* | while read p; do ls -d "$p/text"; done`: -1,
	} {
		t.Run(script, func(t *testing.T) {
			need(t, strings.Fields(script)[0])
			out := strings.TrimSpace(shell(t, script, shown))
			if want >= 0 && out != fmt.Sprint(want) {
				t.Errorf("%s, want %d", out, want)
			}
		})
	}
	if hits < 50 {
		t.Errorf("only %d hits", hits)
	}
}

func countFiles(t testing.TB, fsys iofs.FS, dir string) (n int) {
	t.Helper()
	check(t, iofs.WalkDir(fsys, dir, func(_ string, d iofs.DirEntry, err error) error {
		if !d.IsDir() {
			n++
		}
		return err
	}))
	return n
}
