package integration

import (
	"bufio"
	"context"
	"encoding/json"
	iofs "io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bakfs/fs"
	"bakfs/seal"
	"bakfs/signal/archive"
	"bakfs/snapshot"
	"bakfs/view"
	"bakfs/view/history"
)

// signalgen is the generator of Signal backups, built once.
var signalgen = sync.OnceValues(func() (string, error) {
	tool := os.Getenv("BAKFS_SIGNALGEN")
	if tool == "" {
		tool = filepath.Join(root, "..", "shared", "tools", "signalgen")
	}
	if _, err := os.Stat(filepath.Join(tool, "go.mod")); err != nil {
		return "", err
	}
	built := filepath.Join(filepath.Dir(bakfs), "signalgen")
	cmd := exec.Command("go", "build", "-o", built, ".")
	cmd.Dir = tool
	return built, cmd.Run()
})

// A messageLab is a repository with the Signal backups of one made-up account,
// and what is true of them.
type messageLab struct {
	t       testing.TB
	zone    *time.Location
	backups []history.Backup
	truth   []map[string]any // lines of the last day
}

// newMessageLab generates, stores with the real builder, and reads back.
func newMessageLab(t testing.TB, args ...string) *messageLab {
	t.Helper()
	l, truth := newLabWithout(t, args...)
	l.readTruth(truth)
	return l
}

// newLabWithout is a lab that has not read its truth, which takes much memory.
func newLabWithout(t testing.TB, args ...string) (l *messageLab, truth string) {
	t.Helper()
	tool, err := signalgen()
	if err != nil {
		t.Skipf("skipped: no generator of Signal backups (BAKFS_SIGNALGEN): %v", err)
	}
	zone, err := time.LoadLocation("Europe/Berlin")
	check(t, err)
	l = &messageLab{t: t, zone: zone}
	dir := tempDir(t)
	cmd := exec.Command(tool, append([]string{"--out", dir + "/out", "--truth", dir + "/truth", "--kind", "v2", "--quiet"}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("signalgen: %v\n%s", err, out)
	}
	l.store(dir + "/out")
	return l, dir + "/truth"
}

func (l *messageLab) store(dir string) {
	ctx := context.Background()
	f := newForge(l.t, seal.NewRecoveryKey())
	st := f.open(tempDir(l.t))
	l.t.Cleanup(func() { st.Close() })
	source, err := archive.Find(dir + "/SignalBackups")
	check(l.t, err)
	key, err := os.ReadFile(dir + "/recovery-key.txt")
	check(l.t, err)
	var parent *snapshot.Info
	for _, item := range source.Items {
		b, err := source.Open(ctx, item, strings.TrimSpace(string(key)))
		check(l.t, err)
		account := "/signal/" + b.Account
		w, err := snapshot.NewBuilder(ctx, st, f.log, f.device, snapshot.BuildOptions{Keys: f.keys, Source: account, Date: b.Time, Parent: parent, Fine: archive.Fine})
		check(l.t, err)
		_, err = b.Store(ctx, w)
		check(l.t, err)
		r, err := w.Finish(ctx)
		check(l.t, err)
		check(l.t, b.Close())
		tree, err := iofs.Sub(snapshot.Open(st, r.Info), account[1:])
		check(l.t, err)
		l.backups = append(l.backups, history.Backup{Label: b.Time.UTC().Format("2006-01-02_1504"), Time: b.Time, FS: tree})
		parent = &r.Info
	}
}

func (l *messageLab) readTruth(name string) {
	f, err := os.Open(name)
	check(l.t, err)
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	last := 0.0
	for lines.Scan() {
		var o map[string]any
		check(l.t, json.Unmarshal(lines.Bytes(), &o))
		if !slices.Contains(o["in"].([]any), any("v2")) {
			continue
		}
		if day := o["day"].(float64); day > last {
			last, l.truth = day, nil
		}
		l.truth = append(l.truth, o)
	}
	check(l.t, lines.Err())
}

// messages are those of the truth, by conversation, author and time.
func (l *messageLab) messages() []map[string]any {
	return slices.DeleteFunc(slices.Clone(l.truth), func(o map[string]any) bool { return o["type"] != "message" })
}

// newest is the account as the last backup has it; merged is that of all backups.
func (l *messageLab) newest() *history.History {
	return history.New(l.backups[len(l.backups)-1:], history.Options{Zone: l.zone})
}

func (l *messageLab) merged() *history.History {
	return history.New(l.backups, history.Options{Zone: l.zone})
}

// tree is messages/ of a history, with caches of its own.
func (l *messageLab) tree(h *history.History) *view.Messages {
	m := view.NewMessages(view.Options{Zone: l.zone, Lazy: true})
	m.Set(h)
	return m
}

// mount mounts messages/ of a history and returns the folder of its account.
func (l *messageLab) mount(t testing.TB, h *history.History) string {
	t.Helper()
	return l.mountTree(t, l.tree(h).FS())
}

func (l *messageLab) mountTree(t testing.TB, tree iofs.FS) string {
	t.Helper()
	needFUSE(t)
	dir := filepath.Join(tempDir(t), "mnt")
	check(t, os.Mkdir(dir, 0o700))
	server, err := fs.Mount(dir, tree, fs.Options{Log: func(path string, err error) { t.Errorf("%s: %v", path, err) }})
	check(t, err)
	t.Cleanup(func() { check(t, server.Unmount()) })
	list, err := os.ReadDir(dir)
	check(t, err)
	if len(list) != 1 {
		t.Fatalf("%d accounts", len(list))
	}
	return filepath.Join(dir, list[0].Name())
}
