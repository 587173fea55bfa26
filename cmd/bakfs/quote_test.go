package main

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestQuoteNames(t *testing.T) {
	for in, want := range map[string]string{
		"report.txt":         "report.txt",
		"a b":                "a b",
		"Grüße 日本":           "Grüße 日本",
		"":                   `""`,
		" a":                 `" a"`,
		"a ":                 `"a "`,
		"-rf":                `"-rf"`,
		"a-b":                "a-b",
		`a"b`:                `"a\"b"`,
		`a\b`:                `"a\\b"`,
		"a\nb":               `"a\nb"`,
		"\x1b]0;title\a":     `"\x1b]0;title\a"`,
		"a\xffb":             `"a\xffb"`,
		"exe\u202egpj.txt":   `"exe\u202egpj.txt"`,
		"zero\u200bwidth":    `"zero\u200bwidth"`,
		"line\u2028end":      `"line\u2028end"`,
		"no\u00a0break":      `"no\u00a0break"`,
		"\u0085next":         `"\u0085next"`,
		"\U000e0001tag":      `"\U000e0001tag"`,
		"replacement \ufffd": "replacement \ufffd",
	} {
		if got := quote(in); got != want {
			t.Errorf("quote(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestPlainKeepsSentences(t *testing.T) {
	for in, want := range map[string]string{
		`open "a\b": it's`: `open "a\b": it's`,
		"a\nb":             `a\nb`,
		"a\x1b[2Jb":        `a\x1b[2Jb`,
		"\xff":             `\xff`,
		"-x":               "-x",
	} {
		if got := plain(in); got != want {
			t.Errorf("plain(%q) = %s, want %s", in, got, want)
		}
	}
}

// Every code point, and every single byte, alone and in a word, comes out as
// printable characters and can be told from every other.
func TestQuoteAllCodePoints(t *testing.T) {
	check := func(s string) {
		got := quote(s)
		for _, r := range got {
			if !unicode.IsPrint(r) {
				t.Fatalf("quote(%q) lets %U through", s, r)
			}
		}
		if !utf8.ValidString(got) {
			t.Fatalf("quote(%q) is not UTF-8", s)
		}
		if back := unquote(t, got); back != s {
			t.Fatalf("quote(%q) = %s reads back as %q", s, got, back)
		}
		if !printable(plain(s)) {
			t.Fatalf("plain(%q) lets something through", s)
		}
	}
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if r >= 0xd800 && r < 0xe000 {
			continue
		}
		check(string(r))
		check("a" + string(r) + "b")
	}
	for b := range 256 {
		check(string([]byte{byte(b)}))
		check(string([]byte{'a', byte(b), 'b'}))
	}
}

func unquote(t *testing.T, s string) string {
	t.Helper()
	if s[0] != '"' {
		return s
	}
	back, err := strconv.Unquote(s)
	if err != nil {
		t.Fatalf("%s is no quoted string: %v", s, err)
	}
	return back
}

func FuzzQuote(f *testing.F) {
	for _, s := range []string{"", "a", "-a", "\x1b[0m", "\xff\xfe", "a\"b\\c", "\u202e"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s := string(b)
		if got := quote(s); !printable(got) || unquote(t, got) != s {
			t.Fatalf("quote(%q) = %q", s, got)
		}
		if !printable(plain(s)) {
			t.Fatalf("plain(%q) = %q", s, plain(s))
		}
		if r := raw(s); r != "" {
			if back, err := base64.StdEncoding.DecodeString(r); err != nil || !bytes.Equal(back, b) {
				t.Fatalf("raw(%q) = %q", s, r)
			}
		}
	})
}
