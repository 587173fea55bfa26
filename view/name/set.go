package name

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold returns what two names have in common if some file system takes them for
// one: names with different folds differ everywhere.
func Fold(s string) string {
	if printable(s) {
		return strings.ToLower(s)
	}
	s = strings.ToUpper(norm.NFKC.String(strings.ToValidUTF8(s, "_")))
	s = norm.NFKC.String(cases.Fold().String(s))
	return strings.Map(func(r rune) rune {
		if r == '\u034F' || hidden(r) || unicode.Is(unicode.Variation_Selector, r) {
			return -1
		}
		return r
	}, s)
}

// A Wish is what somebody or something would like to be called.
type Wish struct {
	Key      string // identity: the same in all backups
	Name     string
	Phone    string // "" if there is none
	Username string // "" if there is none
	Fallback string // if there is no name, phone or username; "Unnamed" if empty
	Ext      string // extension with its dot, never cut off or changed
}

// A Set gives out names within one folder. It is not safe for concurrent use.
type Set struct {
	style Style
	taken map[string]string // fold → key
	names map[string]string // key → name
}

// NewSet returns an empty set.
func NewSet(st Style) *Set {
	return &Set{style: st, taken: map[string]string{}, names: map[string]string{}}
}

// Add gives out the name for w. The first who wants a name has it bare; who
// comes later has the first of "(…last 4 digits)", "(username)", "(~hash)"
// behind it that makes it unique, never a counter. One key has one name: asked
// again, Add returns that name whatever the wish.
func (s *Set) Add(w Wish) string {
	if name, ok := s.names[w.Key]; ok {
		return name
	}
	base := s.base(w)
	for _, mark := range marks(w, s.style) {
		name := s.style.cut(base, mark+w.Ext, maxClusters, maxBytes)
		if s.reserve(w.Key, name) {
			return name
		}
	}
	return s.hashed(w.Key, base, w.Ext)
}

// hashed gives out base with a hash of the key behind it, one long enough to be
// unique.
func (s *Set) hashed(key, base, ext string) string {
	sum := strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(hash(key)))
	for _, n := range []int{5, 10, 20} {
		name := s.style.cut(base, " (~"+sum[:n]+")"+ext, 2*maxClusters, maxBytes+24)
		if s.reserve(key, name) {
			return name
		}
	}
	// Somebody chose names that end in a hash of this very key.
	name := sum + ext
	for !s.reserve(key, name) {
		name = "_" + name
	}
	return name
}

// Name returns the name that was given out for key.
func (s *Set) Name(key string) (string, bool) {
	name, ok := s.names[key]
	return name, ok
}

func (s *Set) reserve(key, name string) bool {
	fold := Fold(name)
	if _, ok := s.taken[fold]; ok {
		return false
	}
	s.taken[fold], s.names[key] = key, name
	return true
}

func (s *Set) base(w Wish) string {
	for _, c := range []string{w.Name, w.Phone, w.Username, w.Fallback} {
		if c = s.style.tidy(c); c != "" {
			return c
		}
	}
	return "Unnamed"
}

// marks returns what may stand behind the name, the empty mark first.
func marks(w Wish, st Style) []string {
	list := []string{""}
	if digits := strings.TrimPrefix(w.Phone, "+"); len(digits) >= 4 && strings.Trim(digits, "0123456789") == "" {
		dots := "…"
		if st == ASCII {
			dots = ".."
		}
		list = append(list, " ("+dots+digits[len(digits)-4:]+")")
	}
	if u := st.cut(st.tidy(w.Username), "", 40, 48); u != "" {
		list = append(list, " ("+u+")")
	}
	return list
}

func hash(key string) []byte {
	sum := sha256.Sum256([]byte(key))
	return sum[:]
}

// printable reports whether s is ASCII without controls.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
