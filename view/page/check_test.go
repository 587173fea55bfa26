package page

import (
	"bytes"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// allowed are the elements of a page and the attributes of each.
var allowed = map[string][]string{
	"html": {"lang"}, "head": {}, "meta": {"charset", "http-equiv", "content", "name"}, "title": {}, "style": {},
	"body": {}, "div": {"class", "role", "aria-label"}, "nav": {"class", "id", "aria-label"}, "main": {"id", "tabindex"},
	"header": {}, "footer": {}, "article": {"class"}, "h1": {}, "h2": {"class", "id"}, "p": {"class", "dir"},
	"a":  {"class", "href", "rel", "aria-current", "download"},
	"ul": {"class", "aria-label"}, "ol": {"class"}, "li": {"class", "id", "title"},
	"dl": {"class"}, "dt": {}, "dd": {"dir"}, "span": {"class", "aria-hidden", "dir"}, "i": {"aria-hidden"},
	"b": {"class", "dir"}, "s": {}, "code": {}, "mark": {}, "bdi": {}, "small": {"dir"}, "time": {"datetime"},
	"blockquote": {}, "details": {"class", "open"}, "summary": {},
	"input": {"type", "name", "id", "checked", "class", "aria-label"}, "label": {"for", "class"},
	"img":   {"class", "loading", "width", "height", "alt", "src"},
	"audio": {"controls", "preload", "aria-label", "src"},
	"video": {"class", "controls", "preload", "width", "height", "loop", "muted", "poster", "aria-label", "src"},
	"table": {"class"}, "caption": {"class"}, "tbody": {}, "tr": {}, "th": {"scope", "dir"}, "td": {},
	"meter": {"min", "max", "value", "aria-label"},
}

var (
	word     = regexp.MustCompile(`^[a-z0-9 -]+$`)
	fragment = regexp.MustCompile(`^(m[0-9]+(-[0-9]+)?|d[0-9-]+|y[0-9]+|log|nav|pinned|recent|archived|gone|folder[0-9]+)$`)
	number10 = regexp.MustCompile(`^[0-9]+$`)
	tiny     = regexp.MustCompile(`^data:image/bmp;base64,[A-Za-z0-9+/]+=*$`)
)

// A checker goes over a parsed page.
type checker struct {
	ids    map[string]bool
	aims   []string // fragments that links on the page lead to
	styles int
	errs   []error
}

// check says what a page has that no page may have.
func check(page []byte) []error {
	c := &checker{ids: map[string]bool{}}
	doc, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		return []error{err}
	}
	for n := range doc.Descendants() {
		c.node(n)
	}
	if c.styles != 1 {
		c.fail("%d style elements", c.styles)
	}
	for _, a := range c.aims {
		if !c.ids[a] {
			c.fail("link to #%s, which is not there", a)
		}
	}
	return c.errs
}

func (c *checker) fail(format string, args ...any) {
	if len(c.errs) < 5 {
		c.errs = append(c.errs, fmt.Errorf(format, args...))
	}
}

func (c *checker) node(n *html.Node) {
	switch n.Type {
	case html.TextNode, html.DoctypeNode:
		return
	case html.ElementNode:
	default:
		c.fail("node of type %d: %.80q", n.Type, n.Data)
		return
	}
	attrs, ok := allowed[n.Data]
	if !ok || n.Namespace != "" {
		c.fail("element %q", n.Data)
		return
	}
	if n.Data == "style" {
		c.styles++
		if n.FirstChild == nil || n.FirstChild.Data != source("sheet.css") {
			c.fail("the style element is not the stylesheet")
		}
	}
	for _, a := range n.Attr {
		if !slices.Contains(attrs, a.Key) || a.Namespace != "" {
			c.fail("<%s> has attribute %q", n.Data, a.Key)
			continue
		}
		if err := c.attr(n, a); err != nil {
			c.fail("<%s %s=%.200q>: %w", n.Data, a.Key, a.Val, err)
		}
	}
}

func (c *checker) attr(n *html.Node, a html.Attribute) error {
	ok := true
	switch a.Key {
	case "href":
		return c.href(a.Val)
	case "src":
		ok = local(a.Val) || n.Data == "img" && tiny.MatchString(a.Val)
	case "poster":
		ok = tiny.MatchString(a.Val)
	case "class":
		ok = word.MatchString(a.Val)
	case "id":
		ok = !c.ids[a.Val]
		c.ids[a.Val] = true
	case "width", "height", "min", "max", "value":
		ok = number10.MatchString(a.Val)
	case "type":
		ok = a.Val == "checkbox" || a.Val == "radio"
	case "http-equiv":
		ok = a.Val == "Content-Security-Policy"
	}
	if !ok {
		return fmt.Errorf("not a value that may be there")
	}
	return nil
}

func (c *checker) href(s string) error {
	if f, ok := strings.CutPrefix(s, "#"); ok {
		c.aims = append(c.aims, f)
		if !fragment.MatchString(f) {
			return fmt.Errorf("not a fragment")
		}
		return nil
	}
	u, err := url.Parse(s)
	if err != nil {
		return err
	}
	switch u.Scheme {
	case "":
		if !local(s) {
			return fmt.Errorf("not a relative address")
		}
	case "http", "https":
		if u.Host == "" {
			return fmt.Errorf("no host")
		}
	case "mailto", "tel":
	default:
		return fmt.Errorf("scheme %q", u.Scheme)
	}
	return nil
}

// local says whether s is a relative address that stays in the tree.
func local(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || u.RawQuery != "" || s == "" {
		return false
	}
	for part := range strings.SplitSeq(strings.TrimLeft(u.Path, "./"), "/") {
		if part == ".." {
			return false
		}
	}
	return !strings.HasPrefix(s, "/") && !strings.ContainsAny(s, "\\\n\t\"'<> ")
}
