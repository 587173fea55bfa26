package page

import (
	"html/template"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A link is an address with its words.
type link struct {
	Href    template.URL
	Text    string
	Count   string // "" for none
	Current bool
}

// maxURL is the length of the longest address that becomes a link.
const maxURL = 8 << 10

// webURL returns s as an address to follow, or "" unless it is one with the
// scheme http or https and a host.
func webURL(s string) template.URL {
	if len(s) > maxURL || strings.ContainsFunc(s, endsURL) {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return ""
	}
	return template.URL(u.String())
}

// telURL returns the address that calls number, "" if it has no digits.
func telURL(number string) template.URL {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '+' {
			return r
		}
		return -1
	}, number)
	if len(digits) < 2 || len(digits) > 32 {
		return ""
	}
	return template.URL("tel:" + digits)
}

// mailURL returns the address that writes to a person, "" if address is none.
func mailURL(address string) template.URL {
	user, host, ok := strings.Cut(address, "@")
	if !ok || user == "" || host == "" || len(address) > 254 || strings.ContainsFunc(address, endsURL) || strings.ContainsAny(host, "@?&/") {
		return ""
	}
	return template.URL("mailto:" + url.PathEscape(user) + "@" + url.PathEscape(host))
}

// fileURL returns base and a slash path, each of the path's parts escaped; ""
// if the path is not one that stays below base.
func fileURL(base, path string) template.URL {
	if path == "" {
		return ""
	}
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if p == "" || p == "." || p == ".." {
			return ""
		}
		parts[i] = url.PathEscape(p)
	}
	if base == "" && strings.Contains(parts[0], ":") {
		base = "./" // else it would be a scheme
	}
	return template.URL(base + strings.Join(parts, "/"))
}

// placeURL is fileURL with an element of the file.
func placeURL(base, path, id string) template.URL {
	u := fileURL(base, path)
	if u == "" || id == "" {
		return u
	}
	return u + template.URL("#"+url.PathEscape(id))
}

// endsURL says that r cannot be in an address that stands in a text. Invisible
// characters are not part of one, since they could hide where it leads.
func endsURL(r rune) bool {
	return r == '<' || r == '>' || r == '"' || r == '`' || r == '\\' || r == utf8.RuneError ||
		unicode.IsSpace(r) || unicode.Is(unicode.C, r)
}

// nextURL returns where in s the first web address begins and ends.
func nextURL(s string) (start, end int, ok bool) {
	for from := 0; ; {
		i := strings.Index(s[from:], "://")
		if i < 0 {
			return 0, 0, false
		}
		i += from
		from = i + 3
		start := schemeStart(s, i)
		if start < 0 {
			continue
		}
		end := len(s)
		if n := strings.IndexFunc(s[from:], endsURL); n >= 0 {
			end = from + n
		}
		end = start + len(trimURL(s[start:end]))
		if end > from && webURL(s[start:end]) != "" {
			return start, end, true
		}
	}
}

// schemeStart returns where the scheme before s[i] begins, -1 if it is not that
// of the web.
func schemeStart(s string, i int) int {
	for _, scheme := range [...]string{"https", "http"} {
		start := i - len(scheme)
		if start < 0 || !strings.EqualFold(s[start:i], scheme) {
			continue
		}
		if r, _ := utf8.DecodeLastRuneInString(s[:start]); start == 0 || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return start
		}
	}
	return -1
}

// trimURL takes off the marks at the end that belong to the sentence around s.
func trimURL(s string) string {
	for {
		r, n := utf8.DecodeLastRuneInString(s)
		switch r {
		case '.', ',', ';', ':', '!', '?', '\'', '*', '_', '~', '…', '”', '’', '»', '“':
		case ')', ']', '}':
			open := map[rune]string{')': "(", ']': "[", '}': "{"}[r]
			if strings.Count(s, string(r)) <= strings.Count(s, open) {
				return s
			}
		default:
			return s
		}
		if n == 0 {
			return s
		}
		s = s[:len(s)-n]
	}
}
