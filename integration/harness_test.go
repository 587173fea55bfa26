package integration

import (
	"flag"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"pgregory.net/rapid"
)

// long asks for the tests that take minutes: more random trees, more crashes,
// and the main job at its full size.
var long = flag.Bool("long", false, "run the long form of the tests")

// bakfs is the program under test, built once for all tests.
var bakfs string

// tb is what helpers need of a test or of one example of a property.
type tb interface {
	rapid.TB
	Cleanup(func())
}

func TestMain(m *testing.M) {
	if base := os.Getenv(janitorVariable); base != "" {
		janitor(base)
		return
	}
	flag.Parse()
	os.Exit(runTests(m))
}

// runTests puts everything that the tests write into one folder, and takes it
// away at the end, mounts first, however the end comes about.
func runTests(m *testing.M) int {
	base, err := os.MkdirTemp("", "bakfs-integration-")
	if err != nil {
		return fatal(err)
	}
	if base, err = filepath.EvalSymlinks(base); err != nil {
		return fatal(err)
	}
	swept, err := startJanitor(base)
	if err != nil {
		return fatal(err)
	}
	defer swept()
	if err := build(base); err != nil {
		return fatal(err)
	}
	if err := os.Setenv("TMPDIR", base); err != nil { // t.TempDir goes there
		return fatal(err)
	}
	checks := fmt.Sprint(amount(10, 4, 100)) // rapid takes a fifth with -short
	given := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for name, value := range map[string]string{"rapid.checks": checks, "rapid.nofailfile": "true", "rapid.shrinktime": "15s"} {
		if !given[name] {
			if err := flag.Set(name, value); err != nil {
				return fatal(err)
			}
		}
	}
	return m.Run()
}

func fatal(err error) int {
	fmt.Fprintln(os.Stderr, "integration:", err)
	return 1
}

// amount is how much of something a test does: little with -short (the race detector
// costs ten times as much), what finds most by default, and all with -long.
func amount(short, normal, all int) int {
	switch {
	case *long:
		return all
	case testing.Short():
		return short
	}
	return normal
}

// build builds the command, with the race detector where the tests have it. It
// looks at every source file first: go's cache of test results sees that, so a
// changed source is a new run.
func build(base string) error {
	err := filepath.WalkDir(root, func(path string, d iofs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".go" {
			_, err = os.Stat(path)
		}
		return err
	})
	if err != nil {
		return err
	}
	bakfs = filepath.Join(base, "bakfs")
	args := []string{"build", "-o", bakfs}
	if raceDetector {
		args = append(args, "-race")
	}
	out, err := exec.Command("go", append(args, module+"/cmd/bakfs")...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return os.Chmod(bakfs, 0o755)
}

// janitorVariable names the folder to clean in the process that cleans.
const janitorVariable = "BAKFS_INTEGRATION_JANITOR"

// startJanitor starts a process that cleans base up as soon as this one is gone,
// also if it was killed or ran out of time. What it returns starts the cleaning
// and waits for its end.
func startJanitor(base string) (func(), error) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), janitorVariable+"="+base)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return func() {
		stdin.Close()
		if err := cmd.Wait(); err != nil {
			fmt.Fprintln(os.Stderr, "integration: cleaning up:", err)
		}
	}, nil
}

// janitor waits for the end of the tests, then leaves no mount and no file.
func janitor(base string) {
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		os.Exit(1)
	}
	for _, at := range mountsBelow(base) {
		detach(at)
	}
	if err := os.RemoveAll(base); err != nil {
		os.Exit(1)
	}
}

// mountsBelow lists the mount points in dir, the innermost first.
func mountsBelow(dir string) []string {
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	var found []string
	for line := range strings.Lines(string(b)) {
		if at := strings.Fields(line)[4]; strings.HasPrefix(at, dir+"/") || at == dir {
			found = append([]string{at}, found...)
		}
	}
	return found
}

// detach takes a mount away even if it is busy or its server is dead.
func detach(at string) {
	if syscall.Unmount(at, syscall.MNT_DETACH) != nil {
		exec.Command("fusermount3", "-u", "-z", "--", at).Run()
	}
}

// tempDir is a new folder that goes away with the test or the example.
func tempDir(t tb) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "t-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, at := range mountsBelow(dir) {
			t.Errorf("%s was left mounted", at)
			detach(at)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("temporary folder: %v", err)
		}
	})
	return dir
}

// needFUSE skips the test where nothing can be mounted.
func needFUSE(t tb) {
	t.Helper()
	f, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err != nil {
		t.Skip("skipped: /dev/fuse cannot be used here")
	}
	f.Close()
}

// need skips the test where a program is missing.
func need(t tb, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("skipped: %s is not installed", name)
	}
}

func isRoot() bool { return os.Geteuid() == 0 }

// check ends the test if err is not nil.
func check(t tb, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
