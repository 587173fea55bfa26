// Package query finds messages by what people type: words, phrases, who, where,
// when. Help says how.
//
// What always holds: a query matches the same messages whenever it is asked,
// and parsing never panics. A Query may be used by several goroutines at once.
package query

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"bakfs/signal"
	"bakfs/view/chat"
)

// Help says in plain text how to search.
const Help = `Words must all be in a message; case and accents do not matter, and a word
is found inside of others too. What counts is what somebody wrote, names of
files, links, polls, cards, and what events say.

  rope saturday            both words
  "north wall"             these words in this order
  -rope                    without this word; - works before everything below too
  from:alice               who wrote it: a name, a number; from:me
  in:club                  in which conversation
  after:2026-01            in or after January 2026; also 2026 or 2026-01-15
  before:2026-03           before March 2026
  has:photo                photo video gif voice audio file sticker card link
                           reaction poll call reply; has:photo,video either
  is:deleted               deleted edited mine pinned event gone

= works for :, and names with spaces go in quotes: from:"Alice Example".
`

// A Query is a parsed search.
type Query struct {
	words   []term // to be found in what was said
	authors []term // to be found in names of authors
	where   []term // to be found in names of conversations
	tests   []test
	after   signal.Millis
	until   signal.Millis // not included; 0: no end
	pool    *sync.Pool    // of *scratch
}

// A term is folded text to be found, or not to be.
type term struct {
	text []byte
	not  bool
}

// A test is a condition that needs no folding.
type test struct {
	is  func(*chat.Message) bool
	not bool
}

const (
	maxQuery = 1000
	maxTerms = 50
)

// Parse reads a query. Days begin at midnight in zone; nil is UTC. The error
// says to people what is wrong.
func Parse(s string, zone *time.Location) (*Query, error) {
	if zone == nil {
		zone = time.UTC
	}
	switch {
	case len(s) > maxQuery:
		return nil, fmt.Errorf("a query has at most %d bytes", maxQuery)
	case !utf8.ValidString(s) || strings.ContainsRune(s, 0):
		return nil, fmt.Errorf("a query is UTF-8 text")
	case short(s):
		return nil, fmt.Errorf("a query has at least 2 characters")
	}
	q := &Query{pool: &sync.Pool{New: func() any { return new(scratch) }}}
	tokens, err := split(s)
	if err != nil {
		return nil, err
	}
	if len(tokens) > maxTerms {
		return nil, fmt.Errorf("a query has at most %d words", maxTerms)
	}
	for _, t := range tokens {
		if err := q.add(t, zone); err != nil {
			return nil, err
		}
	}
	if len(q.words)+len(q.authors)+len(q.where)+len(q.tests) == 0 && q.after == 0 && q.until == 0 {
		return nil, fmt.Errorf("there is nothing to search for")
	}
	return q, nil
}

// Refused reports whether a name that is looked up as a query is none: programs
// and shells probe for it in every folder.
func Refused(name string) bool {
	if strings.HasPrefix(name, ".") || short(name) {
		return true
	}
	switch strings.ToLower(name) {
	case "autorun.inf", "desktop.ini", "thumbs.db", "ehthumbs.db", "folder.jpg", "cover.jpg", "aacs", "bdmv", "video_ts", "$recycle.bin", "recycler",
		"system volume information", "lost+found":
		return true
	}
	return false
}

// short reports whether s is too little to search for: one character, unless it is
// of a script in which that can be a word.
func short(s string) bool {
	s = strings.TrimSpace(s)
	r, n := utf8.DecodeRuneInString(s)
	return n == len(s) && !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
}

// A token is a part of a query.
type token struct {
	not bool
	key string // before the colon, in lower case; "" for words
	val string
}

// keys are the words that may stand before a colon.
var keys = []string{"from", "in", "after", "before", "has", "is"}

// split cuts a query into its parts.
func split(s string) ([]token, error) {
	var list []token
	for {
		if s = strings.TrimLeft(s, " \t\r\n\u00a0\u3000"); s == "" {
			return list, nil
		}
		var t token
		if len(s) > 1 && s[0] == '-' && s[1] != ' ' && s[1] != '-' {
			t.not, s = true, s[1:]
		}
		for _, key := range keys {
			if n := len(key); len(s) > n && strings.EqualFold(s[:n], key) && (s[n] == ':' || s[n] == '=') {
				t.key, s = key, s[n+1:]
				break
			}
		}
		var err error
		if t.val, s, err = value(s); err != nil {
			return nil, err
		}
		if t.key != "" && strings.TrimSpace(t.val) == "" {
			return nil, fmt.Errorf("%s: needs something behind it", t.key)
		}
		if t.val != "" {
			list = append(list, t)
		}
	}
}

// value returns the word or the phrase at the beginning of s.
func value(s string) (val, rest string, err error) {
	for _, quotes := range [][2]string{{`"`, `"`}, {"“", "”"}, {"„", "“"}, {"«", "»"}} {
		inside, ok := strings.CutPrefix(s, quotes[0])
		if !ok {
			continue
		}
		val, rest, ok = strings.Cut(inside, quotes[1])
		if !ok {
			return "", "", fmt.Errorf("a phrase begins with %s and does not end", quotes[0])
		}
		return val, rest, nil
	}
	end := strings.IndexAny(s, " \t\r\n\u00a0\u3000")
	if end < 0 {
		end = len(s)
	}
	return s[:end], s[end:], nil
}

func (q *Query) add(t token, zone *time.Location) error {
	switch t.key {
	case "":
		text := fold(t.val)
		if len(bytes.TrimSpace(text)) > 0 {
			q.words = append(q.words, term{text, t.not})
		}
	case "in":
		q.where = append(q.where, term{fold(t.val), t.not})
	case "from":
		q.authors = append(q.authors, term{fold(t.val), t.not})
	case "after", "before":
		return q.date(t, zone)
	case "has", "is":
		return q.flag(t)
	}
	return nil
}

func (q *Query) date(t token, zone *time.Location) error {
	if t.not {
		return fmt.Errorf("-%s: is not possible; before: and after: are each other's opposites", t.key)
	}
	for _, layout := range []string{"2006-01-02", "2006-01", "2006"} {
		day, err := time.ParseInLocation(layout, t.val, zone)
		if err != nil {
			continue
		}
		at := signal.Millis(max(0, day.UnixMilli()))
		if t.key == "after" {
			q.after = max(q.after, at)
			return nil
		}
		if at = max(1, at); q.until == 0 || at < q.until {
			q.until = at
		}
		return nil
	}
	return fmt.Errorf("%s: needs a date such as 2026, 2026-03 or 2026-03-31, not %q", t.key, t.val)
}

func (q *Query) flag(t token) error {
	table := hasWords
	if t.key == "is" {
		table = isWords
	}
	var any []func(*chat.Message) bool
	for _, word := range strings.FieldsFunc(strings.ToLower(t.val), func(r rune) bool { return r == ',' || r == '|' }) {
		f := find(table, word)
		if f == nil {
			names := make([]string, len(table))
			for i := range table {
				names[i] = table[i].word
			}
			return fmt.Errorf("%s: knows %s, not %q", t.key, strings.Join(names, ", "), word)
		}
		any = append(any, f)
	}
	if len(any) == 0 {
		return fmt.Errorf("%s: needs something behind it", t.key)
	}
	q.tests = append(q.tests, test{func(m *chat.Message) bool {
		for _, f := range any {
			if f(m) {
				return true
			}
		}
		return false
	}, t.not})
	return nil
}
