// Package integration tests the program as a whole: the table of rooms, real
// mounts, damage, leaks, and the second reader of the format. It holds no
// product code.
package integration

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is the module's path, and root its folder seen from this one.
const (
	module = "bakfs"
	root   = ".."
)

// layers is the table of DESIGN.md: the packages each package may import.
// A package that is not in it fails the test.
var layers = map[string][]string{
	"seal":     {},
	"chunker":  {},
	"index":    {"seal"},
	"store":    {"index", "seal"},
	"journal":  {"store", "seal"},
	"snapshot": {"chunker", "store", "journal", "seal"},
	"fs":       {},
	"signal":   {},
	"view":     {"signal"},
	"cmd/bakfs": {
		"seal", "chunker", "index", "store", "journal", "snapshot", "fs", "signal", "view",
	},
	"integration": {
		"seal", "chunker", "index", "store", "journal", "snapshot", "fs", "signal", "view",
	},
}

// only names modules that a single package may import.
var only = map[string]string{
	"github.com/hanwen/go-fuse":     "fs",
	"go.etcd.io/bbolt":              "index",
	"github.com/klauspost/compress": "store",
	"github.com/spf13/cobra":        "cmd/bakfs",
}

// An edge is one import in one file.
type edge struct {
	pkg, file, imported string
}

// edges reads the imports of every Go file of the module, tests included. It
// parses in this process: what `go list` prints would go stale in go's cache
// of test results.
func edges(t *testing.T) []edge {
	t.Helper()
	var all []edge
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if p != root && (strings.HasPrefix(name, ".") || name == "testdata") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		src, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, src, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, filepath.Dir(p))
		if err != nil {
			return err
		}
		for _, im := range f.Imports {
			target, err := strconv.Unquote(im.Path.Value)
			if err != nil {
				return err
			}
			all = append(all, edge{filepath.ToSlash(rel), p, target})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// room is the line of the table that a folder belongs to: the sub-folders of
// integration, signal and view belong to theirs.
func room(pkg string) string {
	for _, top := range []string{"integration", "signal", "view"} {
		if strings.HasPrefix(pkg, top+"/") {
			return top
		}
	}
	return pkg
}

// problem says what is wrong with an import, or "".
func problem(e edge) string {
	from := room(e.pkg)
	allowed, known := layers[from]
	if !known {
		return "package " + e.pkg + " has no line in the table of rooms"
	}
	if e.imported == module || strings.HasPrefix(e.imported, module+"/") {
		to := strings.TrimPrefix(strings.TrimPrefix(e.imported, module), "/")
		if room(to) != from && !slices.Contains(allowed, room(to)) {
			return from + " may not import " + to
		}
		return ""
	}
	for prefix, owner := range only {
		if (e.imported == prefix || strings.HasPrefix(e.imported, prefix+"/")) &&
			owner != from && from != "integration" {
			return path.Base(prefix) + " belongs to " + owner + " alone"
		}
	}
	return ""
}

func TestRoomsImportOnlyWhatTheTableAllows(t *testing.T) {
	all := edges(t)
	seen := make(map[string]bool)
	for _, e := range all {
		seen[e.pkg] = true
		if p := problem(e); p != "" {
			t.Errorf("%s: %s", e.file, p)
		}
	}
	for pkg := range layers {
		if !seen[pkg] {
			t.Errorf("the table has a line for %s, which is not there", pkg)
		}
	}
}

func TestTableOfRoomsRefusesOtherEdges(t *testing.T) {
	bad := []edge{
		{"seal", "x.go", "bakfs/store"},
		{"fs", "x.go", "bakfs/snapshot"},
		{"store", "x.go", "github.com/hanwen/go-fuse/v2/fuse"},
		{"store", "x.go", "go.etcd.io/bbolt"},
		{"util", "x.go", "fmt"},
		{"index", "x.go", "bakfs/store"},
	}
	for _, e := range bad {
		if problem(e) == "" {
			t.Errorf("%s importing %s passes", e.pkg, e.imported)
		}
	}
	for _, e := range []edge{{"store", "x.go", "bakfs/index"}, {"fs", "x.go", "github.com/hanwen/go-fuse/v2/fs"}} {
		if p := problem(e); p != "" {
			t.Errorf("%s importing %s: %s", e.pkg, e.imported, p)
		}
	}
}
