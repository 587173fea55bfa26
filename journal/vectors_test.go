package journal

import (
	"bytes"
	"encoding/base64"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/cryptotest"

	"bakfs/seal"
	"bakfs/store"
)

var update = flag.Bool("update", false, "write testdata/vectors anew")

// TestVectorsAreMadeAnew makes every vector again from its description and
// compares it, what a reader says of it included, with the file.
func TestVectorsAreMadeAnew(t *testing.T) {
	made := make(map[string]bool)
	for _, v := range vectorCases() {
		if made[v.name] {
			t.Fatalf("two vectors are called %s", v.name)
		}
		made[v.name] = true
		t.Run(v.name, func(t *testing.T) {
			cryptotest.SetGlobalRandom(t, 1)
			w := newWorld(t)
			b := &bench{world: w, files: make(map[string][]byte), a: w.enrol("anna"), b: w.enrol("bert")}
			v.make(b)
			for name, raw := range b.files {
				write(t, w.dir, name, raw)
			}
			text := vectorText(v.comment, w, b.files, verdict(t, w.dir, w.keys))
			path := vectorPath(v.name)
			if *update {
				write(t, ".", path, text)
			}
			have, err := os.ReadFile(path)
			must(t, err)
			if !bytes.Equal(have, text) {
				t.Errorf("%s differs from what is made now:\n%s", path, headOf(text))
			}
		})
	}
	files, err := filepath.Glob(vectorPath("*"))
	must(t, err)
	for _, f := range files {
		if name := strings.TrimSuffix(filepath.Base(f), ".txt"); !made[name] {
			t.Errorf("%s has no description", f)
		}
	}
}

// TestVectors reads the files alone, as another implementation would.
func TestVectors(t *testing.T) {
	files, err := filepath.Glob(vectorPath("*"))
	must(t, err)
	if len(files) < 40 {
		t.Fatalf("%d vectors", len(files))
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) {
			raw, err := os.ReadFile(f)
			must(t, err)
			keys, objects, want := parseVector(t, string(raw))
			dir := newFolder(t)
			for name, data := range objects {
				write(t, dir, name, data)
			}
			if got := verdict(t, dir, keys); got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
		})
	}
}

// verdict is all that a reader says of a folder.
func verdict(t *testing.T, dir string, keys *seal.Keys) string {
	t.Helper()
	f, err := store.OpenFolder(dir)
	must(t, err)
	defer f.Close()
	j := Open(f, keys)
	problems, err := j.Refresh(ctx)
	var s strings.Builder
	if err != nil {
		fmt.Fprintf(&s, "expect: error: %v\n", err)
	}
	fmt.Fprintf(&s, "expect: entries: %d\n", len(j.Entries(0)))
	for _, p := range problems {
		fmt.Fprintf(&s, "expect: %s: %v\n", p.Name, p.Err)
	}
	for _, name := range j.Foreign() {
		fmt.Fprintf(&s, "expect: foreign: %s\n", name)
	}
	return s.String()
}

func vectorPath(name string) string { return filepath.Join("testdata", "vectors", name+".txt") }

func vectorText(comment string, w *world, files map[string][]byte, verdict string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "comment: %s\nkey: %s\nrepository: %v\n%s", comment, w.key.Text(), w.repo, verdict)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(&b, "\nfile: %s\n", name)
		text := base64.StdEncoding.EncodeToString(files[name])
		for ; len(text) > 120; text = text[120:] {
			fmt.Fprintln(&b, text[:120])
		}
		if text != "" {
			fmt.Fprintln(&b, text)
		}
	}
	return b.Bytes()
}

func headOf(text []byte) []byte {
	head, _, _ := bytes.Cut(text, []byte("\n\n"))
	return head
}

func parseVector(t testing.TB, text string) (keys *seal.Keys, files map[string][]byte, want string) {
	t.Helper()
	parts := strings.Split(text, "\n\n")
	var key seal.RecoveryKey
	var repo seal.RepositoryID
	var err error
	for line := range strings.Lines(parts[0] + "\n") {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch name {
		case "key":
			key, err = seal.ParseRecoveryKey([]byte(value))
			must(t, err)
		case "repository":
			if !unhex(repo[:], value) {
				t.Fatalf("repository %q", value)
			}
		case "expect":
			want += line
		}
	}
	files = make(map[string][]byte)
	for _, p := range parts[1:] {
		head, body, _ := strings.Cut(p, "\n")
		name, ok := strings.CutPrefix(head, "file: ")
		if !ok {
			t.Fatalf("part begins with %q", head)
		}
		files[name], err = base64.StdEncoding.DecodeString(strings.ReplaceAll(body, "\n", ""))
		must(t, err)
	}
	return seal.DeriveRoot(key, repo).Keys(), files, want
}
