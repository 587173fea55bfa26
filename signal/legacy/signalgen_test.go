package legacy

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// generate runs the shared generator, if it is there, with the account of the
// shared vectors but with the old schema, and returns where it wrote.
var generate = sync.OnceValues(func() (string, error) {
	tool := os.Getenv("BAKFS_SIGNALGEN")
	if tool == "" {
		tool = filepath.Join("..", "..", "..", "shared", "tools", "signalgen")
	}
	if _, err := os.Stat(filepath.Join(tool, "go.mod")); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "signalgen")
	if err != nil {
		return "", err
	}
	made = dir
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "signalgen"), ".")
	build.Dir = tool
	if _, err := build.CombinedOutput(); err != nil {
		return "", err
	}
	out := filepath.Join(dir, "out")
	run := exec.Command(filepath.Join(dir, "signalgen"), "--kind", "legacy", "--schema", "old", "--days", "3", "--messages", "400", "--chats", "12",
		"--media", "20", "--media-bytes", "11000", "--seed", "11", "--out", out, "--truth", filepath.Join(out, "truth.jsonl.gz"))
	if _, err := run.CombinedOutput(); err != nil {
		return "", err
	}
	return out, nil
})

var made string // what generate wrote, to be removed

// oldFiles returns generated files with the old schema; none without the
// generator.
func oldFiles(t testing.TB) []string {
	t.Helper()
	dir, err := generate()
	if err != nil {
		t.Logf("no files with the old schema (BAKFS_SIGNALGEN): %v", err)
		return nil
	}
	files, err := filepath.Glob(filepath.Join(dir, "legacy", "*.backup"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestMain(m *testing.M) {
	code := m.Run()
	if made != "" {
		os.RemoveAll(made)
	}
	os.Exit(code)
}
