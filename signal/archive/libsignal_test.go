package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"bakfs/signal/modern"
)

// libsignal is the version of @signalapp/libsignal-client that the tests were
// written with.
const libsignal = "0.103.0"

// modules returns the folder node_modules that has Signal's library, or skips.
func modules(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("BAKFS_LIBSIGNAL")
	if dir == "" {
		t.Skipf("Signal's own library is not asked: set BAKFS_LIBSIGNAL to the node_modules of npm install @signalapp/libsignal-client@%s", libsignal)
	}
	var p struct{ Version string }
	b := readFile(t, filepath.Join(dir, "@signalapp", "libsignal-client", "package.json"))
	if err := json.Unmarshal(b, &p); err != nil || p.Version != libsignal {
		t.Fatalf("BAKFS_LIBSIGNAL has version %q, want %s: %v", p.Version, libsignal, err)
	}
	return dir
}

func runNode(t testing.TB, script string, args ...string) []byte {
	t.Helper()
	out, err := exec.Command("node", append([]string{filepath.Join("testdata", script)}, args...)...).Output()
	if err != nil {
		var exit *exec.ExitError
		errors.As(err, &exit)
		t.Fatalf("node %s: %v\n%s", script, err, exit.Stderr)
	}
	return out
}

// An outcome is what Signal's validator says.
type outcome struct {
	Error   string // "" if it accepts the backup
	Unknown int    // fields that it does not know
}

func validate(t testing.TB, key, aci string, mains ...string) (list []outcome) {
	t.Helper()
	key = strings.ToLower(strings.NewReplacer(" ", "", "\n", "", "#", "o", "=", "0").Replace(key))
	out := json.NewDecoder(bytes.NewReader(runNode(t, "validate.mjs", append([]string{modules(t), key, aci}, mains...)...)))
	for range mains {
		var o outcome
		if err := out.Decode(&o); err != nil {
			t.Fatal(err)
		}
		list = append(list, o)
	}
	return list
}

// generate runs the shared generator and returns where it wrote, or skips.
func generate(t testing.TB, args ...string) string {
	t.Helper()
	tool := os.Getenv("BAKFS_SIGNALGEN")
	if tool == "" {
		tool = filepath.Join("..", "..", "..", "shared", "tools", "signalgen")
	}
	if _, err := os.Stat(filepath.Join(tool, "go.mod")); err != nil {
		t.Skipf("no generator of histories (BAKFS_SIGNALGEN): %v", err)
	}
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "signalgen"), ".")
	build.Dir = tool
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out := filepath.Join(dir, "out")
	if said, err := exec.Command(filepath.Join(dir, "signalgen"), append(args, "--quiet", "--out", out)...).CombinedOutput(); err != nil {
		t.Fatalf("signalgen: %v\n%s", err, said)
	}
	return out
}

// An account is what the generator tells of the one it made up.
type account struct{ ACI, RecoveryKey string }

func accountOf(t testing.TB, dir string) (a account) {
	t.Helper()
	if err := json.Unmarshal(readFile(t, filepath.Join(dir, "account.json")), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// Signal's validator accepts each main that is written, and says of one whose
// original it refuses the same as of that.
func TestSignalAcceptsWhatIsMade(t *testing.T) {
	modules(t)
	made := generate(t, "--kind", "v2", "--days", "3", "--messages", "600", "--chats", "14", "--media", "10", "--media-bytes", "3000", "--seed", "5", "--newer", "fields")
	shared, v2 := vectors(t, "generated"), vectors(t, "v2")
	for _, test := range []struct {
		root   string
		of     account
		accept bool
	}{
		{filepath.Join(made, rootName), accountOf(t, made), true},
		{filepath.Join(v2, rootName), account{"0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", string(readFile(t, filepath.Join(v2, "aep_display.txt")))}, true},
		{filepath.Join(shared, rootName), accountOf(t, shared), false}, // has kinds of frames that do not exist
	} {
		s := find(t, test.root)
		for _, item := range s.Items {
			_, _, a := store(t, s, item, test.of.RecoveryKey, nil)
			again := filepath.Join(copyOut(t, originalOf(t, a)), rootName, item.Name, "main")
			written := writeAgain(t, a, item.Name)
			got := validate(t, test.of.RecoveryKey, test.of.ACI, filepath.Join(test.root, item.Name, "main"), again, written)
			if got[1] != got[0] || got[2] != got[0] || (got[0].Error == "") != test.accept {
				t.Errorf("%s: %+v", item.Name, got)
			}
		}
	}
}

// writeAgain writes the records of an archive with a SnapshotWriter.
func writeAgain(t testing.TB, a *Archive, name string) string {
	t.Helper()
	keys, err := modern.ParseKeys([]byte(a.Envelope().Keys.Reveal()))
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	w, err := modern.CreateSnapshot(root, name, keys, a.Envelope().Metadata)
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range stored(t, a) {
		if err := w.Write(rec); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(root, name, "main")
}

// The plaintext export is that of Signal's library, line by line, but for the
// order of members and how numbers are written.
func TestPlaintextIsThatOfSignalsLibrary(t *testing.T) {
	dir := modules(t)
	for root, key := range folders(t) {
		s := find(t, root)
		for _, item := range s.Items {
			_, _, a := store(t, s, item, key, nil)
			records := writeFile(t, filepath.Join(t.TempDir(), "records"), stream(stored(t, a)...))
			want := bytes.Split(bytes.TrimSpace(runNode(t, "export.mjs", dir, records)), []byte("\n"))
			f, err := plaintext(t, a, modern.ExportOptions{PIN: true}).Open(modern.ExportMain)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			b, err := io.ReadAll(f)
			if err != nil {
				t.Fatal(err)
			}
			got := bytes.Split(bytes.TrimSpace(b), []byte("\n"))
			// Signal's library has empty lines for frames of a kind that it does not know.
			want = slices.DeleteFunc(want, func(line []byte) bool { return string(line) == "{}" })
			if len(got) != len(want) {
				t.Errorf("%s: %d lines, want %d", item.Name, len(got), len(want))
			}
			for i := range min(len(got), len(want)) {
				var g, w any
				if err := errors.Join(json.Unmarshal(got[i], &g), json.Unmarshal(want[i], &w)); err != nil || !reflect.DeepEqual(g, w) {
					t.Errorf("%s: line %d: %v\n%s\nwant\n%s", item.Name, i, err, got[i], want[i])
					break
				}
			}
		}
	}
}
