package snapshot

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// A pattern says which names are left out of a backup. The rules are those people know from gitignore:
//
//   - without a slash it is compared with the last name of a path, anywhere: "*.o", "node_modules";
//   - with a leading slash it is compared with the whole absolute path: "/home/*/.cache";
//   - with a slash elsewhere it is compared with the end of the path, below any folder: "build/*.tmp";
//   - "*" is any bytes of one name, "?" one character, "[a-z]" and "[!a-z]" one of a set, "\" takes the
//     next character as it is;
//   - a name "**" stands for any number of names: "src/**/*.o"; at the end for all that lies below;
//   - with a slash at the end it is about folders only;
//   - with "!" in front it takes back in what an earlier pattern left out. The last pattern that fits decides.
//
// What lies in a folder that is left out is never looked at, so nothing in it can be taken back in.
type pattern struct {
	take     bool   // "!": take in
	dirs     bool   // trailing slash: folders only
	anywhere bool   // may begin below any folder
	parts    []part // one for each name of the path
}

// A part of a pattern fits one name, or any number of them.
type part struct {
	any  bool   // "**"
	glob bool   // has wildcards
	text string // literal, or pattern for path.Match
}

// CheckExclude says what is wrong with an exclude pattern, so that a command can refuse it before any work.
func CheckExclude(text string) error {
	_, err := parsePattern(text)
	return err
}

// ParseExcludeFile reads exclude patterns, one a line. Empty lines and lines that begin with "#" are
// passed over, blanks at the end of a line count only behind a backslash. Errors name the file and the line.
func ParseExcludeFile(name string, r io.Reader) ([]string, error) {
	var patterns []string
	lines := bufio.NewScanner(r)
	n := 1
	for ; lines.Scan(); n++ {
		line := trimLine(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		if _, err := parsePattern(line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		patterns = append(patterns, line)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", name, n, err)
	}
	return patterns, nil
}

// trimLine takes blanks from the end of a line, but not one that a backslash protects.
func trimLine(line string) string {
	line = strings.TrimSuffix(line, "\r")
	for line != "" && (line[len(line)-1] == ' ' || line[len(line)-1] == '\t') {
		slashes := 0
		for i := len(line) - 2; i >= 0 && line[i] == '\\'; i-- {
			slashes++
		}
		if slashes%2 == 1 {
			break
		}
		line = line[:len(line)-1]
	}
	return line
}

func parsePattern(text string) (pattern, error) {
	p, rest := pattern{}, text
	if strings.HasPrefix(rest, "!") {
		p.take, rest = true, rest[1:]
	}
	if strings.HasSuffix(rest, "/") {
		p.dirs, rest = true, strings.TrimRight(rest, "/")
	}
	if strings.HasPrefix(rest, "/") {
		rest = strings.TrimLeft(rest, "/")
	} else {
		p.anywhere = true
	}
	if rest == "" {
		return p, fmt.Errorf("pattern %q: it names nothing", text)
	}
	for name := range strings.SplitSeq(rest, "/") {
		q, err := parsePart(name)
		if err != nil {
			return p, fmt.Errorf("pattern %q: %w", text, err)
		}
		if q.any && len(p.parts) > 0 && p.parts[len(p.parts)-1].any {
			continue // "**/**" is "**"
		}
		p.parts = append(p.parts, q)
	}
	if p.anywhere && len(p.parts) > 1 && !p.parts[0].any {
		p.parts = append([]part{{any: true}}, p.parts...)
	}
	return p, nil
}

func parsePart(name string) (part, error) {
	switch name {
	case "":
		return part{}, errors.New("an empty name between two slashes")
	case ".", "..":
		return part{}, fmt.Errorf("%q is never a name in a path", name)
	case "**":
		return part{any: true}, nil
	}
	if !strings.ContainsAny(name, `*?[\`) {
		return part{text: name}, nil
	}
	glob := globOf(name)
	if _, err := path.Match(glob, ""); err != nil {
		return part{}, errors.New("a bracket is not closed, or a backslash has nothing behind it")
	}
	return part{glob: true, text: glob}, nil
}

// globOf turns "[!" into path.Match's "[^", outside of escapes and of brackets that are open.
func globOf(name string) string {
	b, open := []byte(name), false
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] == '\\':
			i++
		case b[i] == ']':
			open = false
		case b[i] == '[' && !open:
			open = true
			if i+1 < len(b) && b[i+1] == '!' {
				b[i+1] = '^'
			}
		}
	}
	return string(b)
}

func (q part) fits(name string) bool {
	if !q.glob {
		return q.text == name
	}
	ok, _ := path.Match(q.text, name)
	return ok
}

// fits compares the pattern with the names of a path.
func (p pattern) fits(names []string, dir bool) bool {
	if p.dirs && !dir {
		return false
	}
	last := p.parts[len(p.parts)-1]
	if !last.any && !last.fits(names[len(names)-1]) {
		return false // most paths end here, after one comparison
	}
	if p.anywhere && len(p.parts) == 1 && !last.any {
		return true
	}
	return fitsParts(p.parts, names)
}

// fitsParts compares part by part; when one after a "**" does not fit, only the newest "**" takes one name more,
// so the work is bounded by the product of the two lengths.
func fitsParts(parts []part, names []string) bool {
	i, j, star, mark := 0, 0, -1, 0
	for j < len(names) {
		switch {
		case i < len(parts) && parts[i].any && i == len(parts)-1:
			return true // there is at least one name left for it
		case i < len(parts) && parts[i].any:
			star, mark = i, j
			i++
		case i < len(parts) && parts[i].fits(names[j]):
			i, j = i+1, j+1
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	return i == len(parts)
}

// An excluder is a list of patterns; the zero value leaves out nothing. It does not change once made.
type excluder struct {
	patterns []pattern
	paths    bool // one needs more than the last name
}

func newExcluder(texts []string) (*excluder, error) {
	x := &excluder{}
	for _, text := range texts {
		p, err := parsePattern(text)
		if err != nil {
			return nil, err
		}
		x.patterns = append(x.patterns, p)
		x.paths = x.paths || !p.anywhere || len(p.parts) > 1
	}
	return x, nil
}

// out says if name in d is left out.
func (x *excluder) out(d *dir, name string, isDir bool) bool {
	if len(x.patterns) == 0 {
		return false
	}
	names := []string{name}
	if x.paths {
		names = d.names(name)
	}
	return x.outNames(names, isDir)
}

func (x *excluder) outNames(names []string, isDir bool) bool {
	for i := len(x.patterns) - 1; i >= 0; i-- {
		if x.patterns[i].fits(names, isDir) {
			return !x.patterns[i].take
		}
	}
	return false
}
