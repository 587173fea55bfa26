package snapshot

import (
	"slices"
	"strings"
	"testing"
)

func TestExcludePatterns(t *testing.T) {
	for _, test := range []struct {
		patterns string // one a word
		path     string // folders end with a slash
		out      bool
	}{
		{"*.o", "/a/b.o", true},
		{"*.o", "/a.o/b", false}, // its folder is left out, and nobody asks
		{"*.o", "/a/b.o/", true},
		{"b", "/a/b", true},
		{"b", "/a/bb", false},
		{"b/", "/a/b", false},
		{"b/", "/a/b/", true},
		{"/a", "/a", true},
		{"/a", "/b/a", false},
		{"/a/*/c", "/a/b/c", true},
		{"/a/*/c", "/a/b/b/c", false},
		{"/a/**/c", "/a/b/b/c", true},
		{"/a/**/c", "/a/c", true},
		{"/a/**/c", "/b/a/c", false},
		{"/a/**", "/a/", false},
		{"/a/**", "/a/b", true},
		{"/a/**", "/a/b/c/d", true},
		{"**/c", "/c", true},
		{"**/c", "/a/b/c", true},
		{"/**/c", "/a/b/c", true},
		{"a/b", "/a/b", true},
		{"a/b", "/x/a/b", true},
		{"a/b", "/x/a/c", false},
		{"a/*.tmp", "/x/y/a/1.tmp", true},
		{"a/*.tmp", "/x/y/a/z/1.tmp", false},
		{"a/**/b/**/c", "/a/b/b/x/c", true},
		{"a/**/b/**/c", "/a/x/c/b/x", false},
		{"**", "/a", true},
		{"a**b", "/axxb", true}, // only a whole name "**" is special
		{"?", "/é", true},
		{"?", "/\xff", true},
		{"?", "/ab", false},
		{"[a-c]x", "/bx", true},
		{"[!a-c]x", "/bx", false},
		{"[!a-c]x", "/dx", true},
		{"[^a-c]x", "/dx", true},
		{"[[!]", "/!", true},
		{"[[!]", "/x", false},
		{`\*`, "/*", true},
		{`\*`, "/a", false},
		{`\!a`, "/!a", true},
		{`\[!a`, "/[!a", true},
		{"*", "/.hidden", true},
		{"*.log !keep.log", "/a/keep.log", false},
		{"*.log !keep.log", "/a/other.log", true},
		{"!keep.log *.log", "/a/keep.log", true},
		{"* !*/", "/a/", false},
		{"* !*/", "/a", true},
		{"\xff", "/\xff", true},
		{"", "/a", false},
	} {
		x, err := newExcluder(strings.Fields(test.patterns))
		must(t, err)
		p, isDir := strings.CutSuffix(test.path, "/")
		var d *dir
		names := split(p)
		for i, name := range append([]string{""}, names[:len(names)-1]...) {
			d = &dir{up: d, name: name, depth: i}
		}
		if got := x.out(d, names[len(names)-1], isDir); got != test.out {
			t.Errorf("%q, %q: %v", test.patterns, test.path, got)
		}
		if d.path(names[len(names)-1]) != p || !slices.Equal(d.names(names[len(names)-1]), names) {
			t.Errorf("%q is %q, %q", p, d.path(names[len(names)-1]), d.names(names[len(names)-1]))
		}
	}
}

func TestBadPatterns(t *testing.T) {
	for _, text := range []string{"", "/", "!", "!/", "//", "[", "[a", "[]", `a\`, "a//b", "a/../b", "..", ".", "./a", "[z-a"} {
		if err := CheckExclude(text); (err == nil) != (text == "[z-a]") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestExcludeFile(t *testing.T) {
	got, err := ParseExcludeFile("list", strings.NewReader("# comment\n\n*.o  \r\n\\#a\n!/keep/\nends\\ \nslash\\\\ \n  lead\n"))
	want := []string{"*.o", `\#a`, "!/keep/", `ends\ `, `slash\\`, "  lead"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v", got, err)
	}
	_, err = ParseExcludeFile("list", strings.NewReader("fine\n# fine\n[a\n"))
	if err == nil || !strings.HasPrefix(err.Error(), `list:3: pattern "[a": `) {
		t.Errorf("%v", err)
	}
	_, err = ParseExcludeFile("list", strings.NewReader("fine\n#\n"+strings.Repeat("x", 1<<20)))
	if err == nil || !strings.HasPrefix(err.Error(), "list:3: ") {
		t.Errorf("%v", err)
	}
}

// FuzzExcludeFile takes any file, matches what it accepts, and compares with a matcher that is slow and simple.
func FuzzExcludeFile(f *testing.F) {
	f.Add("*.o\n!a/\n", "a/b.o")
	f.Add("/a/**/b\n**/c/**\n", "a/x/b")
	f.Add("[!a-z]?\n\\ \n", "1\xff")
	f.Add("a/**/**/b*/**\n", "a/b/c")
	f.Fuzz(func(t *testing.T, text, path string) {
		patterns, err := ParseExcludeFile("f", strings.NewReader(text))
		names := split(path)
		if err != nil || len(names) == 0 || len(names) > 8 {
			return
		}
		x, err := newExcluder(patterns)
		if err != nil {
			t.Fatalf("accepted in a file, but not alone: %v", err)
		}
		for _, isDir := range []bool{false, true} {
			want := false
			for _, p := range x.patterns {
				if len(p.parts) > 8 {
					return
				}
				if (!p.dirs || isDir) && slowFits(p, names) {
					want = !p.take
				}
			}
			if got := x.outNames(names, isDir); got != want {
				t.Errorf("%q, %q: %v", patterns, names, got)
			}
		}
	})
}

func slowFits(p pattern, names []string) bool {
	if p.anywhere && !p.parts[0].any {
		return len(p.parts) == 1 && p.parts[0].fits(names[len(names)-1])
	}
	return slowParts(p.parts, names)
}

func slowParts(parts []part, names []string) bool {
	switch {
	case len(parts) == 0:
		return len(names) == 0
	case parts[0].any && len(parts) == 1:
		return len(names) > 0
	case parts[0].any:
		return slowParts(parts[1:], names) || len(names) > 0 && slowParts(parts, names[1:])
	}
	return len(names) > 0 && parts[0].fits(names[0]) && slowParts(parts[1:], names[1:])
}
