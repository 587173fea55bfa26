package main

import (
	"slices"
	"strings"
	"testing"
)

func TestSplitWords(t *testing.T) {
	for _, c := range []struct {
		line string
		want []string
	}{
		{"", nil},
		{" \t\n ", nil},
		{"pass show bakfs", []string{"pass", "show", "bakfs"}},
		{"  pass\tshow\n", []string{"pass", "show"}},
		{`secret-tool lookup name 'my key'`, []string{"secret-tool", "lookup", "name", "my key"}},
		{`a "b c" d`, []string{"a", "b c", "d"}},
		{`a ""`, []string{"a", ""}},
		{`''`, []string{""}},
		{`a\ b`, []string{"a b"}},
		{`"a\"b\\c\d"`, []string{`a"b\c\d`}},
		{`'a\'b`, []string{`a\b`}},
		{`x'y'"z"`, []string{"xyz"}},
		{`echo $HOME; rm * | cat > x`, []string{"echo", "$HOME;", "rm", "*", "|", "cat", ">", "x"}},
		{"echo `id` $(id)", []string{"echo", "`id`", "$(id)"}},
	} {
		got, err := splitWords(c.line)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("splitWords(%q) = %q, %v; want %q", c.line, got, err, c.want)
		}
	}
	for _, bad := range []string{`'a`, `"a`, `a\`, `"a\`, "a\x00b", "\\\x00"} {
		if got, err := splitWords(bad); err == nil {
			t.Errorf("splitWords(%q) = %q, want an error", bad, got)
		}
	}
}

func FuzzSplitWords(f *testing.F) {
	for _, s := range []string{"", "a b", `'a b' "c\"d" e\ f`, `"`, `\`, "a\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		words, err := splitWords(line)
		if err != nil {
			return
		}
		// Every word, put in single quotes, is read back as itself.
		var quoted []string
		for _, w := range words {
			quoted = append(quoted, "'"+strings.ReplaceAll(w, "'", `'\''`)+"'")
		}
		again, err := splitWords(strings.Join(quoted, " "))
		if err != nil || !slices.Equal(again, words) {
			t.Fatalf("%q gives %q, read back as %q, %v", line, words, again, err)
		}
	})
}

func TestParseShare(t *testing.T) {
	for s, want := range map[string]share{
		"all":   {all: true},
		"100%":  {percent: 100, all: true},
		"5%":    {percent: 5},
		"0.5%":  {percent: 0.5},
		"1G":    {bytes: 1 << 30},
		"500M":  {bytes: 500 << 20},
		"64KiB": {bytes: 64 << 10},
		"2kb":   {bytes: 2 << 10},
		"1t":    {bytes: 1 << 40},
		"7":     {bytes: 7},
		"7B":    {bytes: 7},
	} {
		if got, err := parseShare(s); err != nil || got != want {
			t.Errorf("parseShare(%q) = %+v, %v; want %+v", s, got, err, want)
		}
	}
	for _, bad := range []string{"", "%", "0%", "-1%", "100.1%", "NaN%", "Inf%", "0x5%", "1_0%", "+5%", "0", "-1", "1.5G", "G", "1X", "1GX",
		"1iB", "9223372036854775808", "9999999999T", " 1G", "1 G", "ALL"} {
		if got, err := parseShare(bad); err == nil {
			t.Errorf("parseShare(%q) = %+v, want an error", bad, got)
		}
	}
}
