package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// mutants picks the mutants of the long form by file or text.
var mutants = flag.String("mutants", "", "run only the mutants whose row contains this `text`")

// A mutant is one verification of the product taken away. Its last anchor line is
// the condition; what stands above it makes the place unique.
type mutant struct {
	line    int // in the table
	file    string
	tests   string   // of the file's package: at least one must fail
	anchor  []string // trimmed lines
	instead string   // of the last line; empty: its condition never holds
	covered string   // why no test can see it
}

func (m mutant) String() string {
	return fmt.Sprintf("mutants.txt:%d: %s: %s", m.line, m.file, m.anchor[len(m.anchor)-1])
}

// readMutants reads the table; its head says how.
func readMutants(t *testing.T) []mutant {
	t.Helper()
	b, err := os.ReadFile("testdata/mutants.txt")
	check(t, err)
	var all []mutant
	number := 0
	for line := range strings.Lines(string(b)) {
		number++
		text := strings.TrimSpace(line)
		switch {
		case text == "" || strings.HasPrefix(line, "#"):
		case !strings.HasPrefix(line, "\t"):
			file, rest, _ := strings.Cut(text, " ")
			all = append(all, mutant{line: number, file: file, tests: strings.TrimSpace(rest)})
		case len(all) == 0:
			t.Fatalf("line %d: no file before it", number)
		default:
			m := &all[len(all)-1]
			if instead, ok := strings.CutPrefix(text, "=> "); ok {
				m.instead = instead
			} else if why, ok := strings.CutPrefix(text, "covered-by: "); ok {
				m.covered = why
			} else {
				m.anchor = append(m.anchor, text)
			}
		}
	}
	for _, m := range all {
		if len(m.anchor) == 0 || m.tests == "" {
			t.Fatalf("line %d: a row without an anchor or tests", m.line)
		}
	}
	return all
}

// find returns the number of the line that the mutant changes.
func (m mutant) find(source string) (int, error) {
	lines := strings.Split(source, "\n")
	found := -1
	for i := range len(lines) - len(m.anchor) + 1 {
		if !slices.EqualFunc(lines[i:i+len(m.anchor)], m.anchor, func(l, a string) bool { return strings.TrimSpace(l) == a }) {
			continue
		}
		if found >= 0 {
			return 0, errors.New("the anchor stands there twice; add the lines above it")
		}
		found = i + len(m.anchor) - 1
	}
	if found < 0 {
		return 0, errors.New("the anchor is not there; the check has moved or is gone")
	}
	return found, nil
}

// change puts the mutant into lines, which are those of source or other mutants of it.
func (m mutant) change(lines []string, source, also string) error {
	at, err := m.find(source)
	if err != nil {
		return err
	}
	if also == "" {
		lines[at] = m.instead
		return nil
	}
	line := strings.TrimSpace(lines[at])
	before, condition, after, ok := split(line)
	if !ok && m.instead == "" {
		return fmt.Errorf("no condition: %q needs a =>", line)
	}
	lines[at] = before + also + " && (" + condition + ")" // its variables stay in use
	if m.instead != "" {
		_, instead, _, _ := split(m.instead)
		lines[at] += " || !(" + also + ") && (" + instead + ")"
	}
	lines[at] += after
	return nil
}

// together says that a mutant can be built together with others: it changes a condition,
// and no more.
func (m mutant) together() bool {
	before, _, after, ok := split(m.anchor[len(m.anchor)-1])
	if m.instead == "" || !ok {
		return ok
	}
	otherBefore, _, otherAfter, ok := split(m.instead)
	return ok && before == otherBefore && after == otherAfter
}

// split takes a line apart around its condition.
func split(line string) (before, condition, after string, ok bool) {
	start, end := 0, len(line)-1
	switch {
	case strings.HasSuffix(line, "{") && strings.Contains(line, "if "):
		start = strings.Index(line, "if ") + 3
		if semicolon := strings.LastIndex(line, "; "); semicolon >= 0 {
			start = semicolon + 2
		}
	case strings.HasPrefix(line, "case ") && strings.HasSuffix(line, ":"):
		start = 5
	default:
		return "", "", "", false
	}
	return line[:start], strings.TrimSpace(line[start:end]), line[end:], true
}

// Each verification that the table names stands in the source as it says.
func TestMutantsTable(t *testing.T) {
	t.Parallel()
	all := readMutants(t)
	for _, m := range all {
		source, err := os.ReadFile(filepath.Join(root, m.file))
		check(t, err)
		also := "false"
		if !m.together() && m.instead != "" {
			also = ""
		}
		if err := m.change(strings.Split(string(source), "\n"), string(source), also); err != nil {
			t.Errorf("%v: %v", m, err)
		}
	}
	if len(all) < 100 {
		t.Errorf("only %d checks", len(all))
	}
}

// Where a verification is taken away, a test of its package fails. Mutants that change a
// condition are built together, once for each package, and chosen by the environment; the
// others are built one by one.
func TestMutantsDie(t *testing.T) {
	if !*long {
		t.Skip("only in the long form: some minutes")
	}
	programs := map[string]string{}
	all := readMutants(t)
	for _, m := range all {
		if dir := filepath.Dir(m.file); programs[dir] == "" && strings.Contains(m.String(), *mutants) {
			programs[dir] = buildMutants(t, dir, all)
		}
	}
	slots := make(chan struct{}, max(1, runtime.GOMAXPROCS(0)-1))
	for _, m := range all {
		if !strings.Contains(m.String(), *mutants) {
			continue
		}
		t.Run(fmt.Sprintf("%d", m.line), func(t *testing.T) {
			t.Parallel()
			if m.covered != "" {
				t.Skip("covered by: ", m.covered)
			}
			slots <- struct{}{}
			defer func() { <-slots }()
			program := programs[filepath.Dir(m.file)]
			if !m.together() {
				program = buildMutant(t, m)
			}
			m.die(t, program)
		})
	}
}

// mutantVariable names the mutant that lives, by its line in the table.
const mutantVariable = "BAKFS_MUTANT"

const mutantSwitch = `package %s

import "os"

var mutantAlive = os.Getenv("` + mutantVariable + `")

func mutantChecks(line string) bool { return mutantAlive != line }
`

// buildMutants builds the tests of a package with all its mutants.
func buildMutants(t *testing.T, dir string, all []mutant) string {
	t.Helper()
	sources, lines, files := map[string]string{}, map[string][]string{}, map[string]string{}
	for _, m := range all {
		if filepath.Dir(m.file) != dir || !m.together() {
			continue
		}
		path := filepath.Join(root, m.file)
		if lines[path] == nil {
			b, err := os.ReadFile(path)
			check(t, err)
			sources[path], lines[path] = string(b), strings.Split(string(b), "\n")
		}
		check(t, m.change(lines[path], sources[path], fmt.Sprintf("mutantChecks(\"%d\")", m.line)))
	}
	for path, changed := range lines {
		files[path] = strings.Join(changed, "\n")
	}
	files[filepath.Join(root, dir, "mutant_switch.go")] = fmt.Sprintf(mutantSwitch, filepath.Base(dir))
	return buildOverlaid(t, dir, files)
}

func buildMutant(t *testing.T, m mutant) string {
	t.Helper()
	path := filepath.Join(root, m.file)
	b, err := os.ReadFile(path)
	check(t, err)
	lines := strings.Split(string(b), "\n")
	check(t, m.change(lines, string(b), ""))
	return buildOverlaid(t, filepath.Dir(m.file), map[string]string{path: strings.Join(lines, "\n")})
}

// buildOverlaid builds the tests of a package with other contents of some files.
func buildOverlaid(t *testing.T, dir string, files map[string]string) string {
	t.Helper()
	temp := t.TempDir()
	replace := map[string]string{}
	for path, content := range files {
		path, err := filepath.Abs(path)
		check(t, err)
		replace[path] = fmt.Sprintf("%s/%d.go", temp, len(replace))
		check(t, os.WriteFile(replace[path], []byte(content), 0o600))
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	check(t, err)
	check(t, os.WriteFile(temp+"/overlay.json", overlay, 0o600))
	cmd := exec.Command("go", "test", "-c", "-vet=off", "-overlay="+temp+"/overlay.json", "-o", temp+"/mutant.test", "./"+dir)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("mutants of %s: %v\n%.2000s", dir, err, out)
	}
	return temp + "/mutant.test"
}

// die runs the tests, at least one of which must fail.
func (m mutant) die(t *testing.T, program string) {
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Minute)
	defer stop()
	// Where a check of an end is taken away a test may write for ever: not more than 1 GB.
	cmd := exec.CommandContext(ctx, "sh", "-c", `ulimit -f 2000000; exec "$@"`, "sh", program, "-test.failfast", "-test.timeout=120s", "-test.run="+m.tests)
	cmd.Dir = filepath.Join(root, filepath.Dir(m.file))
	cmd.Env = append(os.Environ(), mutantVariable+"="+fmt.Sprint(m.line))
	out, err := cmd.CombinedOutput()
	switch {
	case ctx.Err() != nil:
		t.Fatalf("%v: %v", m, ctx.Err())
	case err == nil:
		t.Errorf("%v: no test notices", m)
	case !bytes.Contains(out, []byte("--- FAIL")) && !bytes.Contains(out, []byte("panic: ")) && !bytes.Contains(out, []byte("SIGXFSZ")):
		t.Errorf("%v: the tests did not run:\n%.2000s", m, out)
	}
}
