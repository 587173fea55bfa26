package integration

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"bakfs/signal/modern"
)

// signalDays generates an account's backups, one each day.
func signalDays(t *testing.T, args ...string) (dir string) {
	t.Helper()
	tool, err := signalgen()
	if err != nil {
		t.Skipf("skipped: no generator of Signal backups (BAKFS_SIGNALGEN): %v", err)
	}
	dir = filepath.Join(tempDir(t), "phone")
	if out, err := exec.Command(tool, append(args, "--quiet", "--seed", "3", "--out", dir)...).CombinedOutput(); err != nil {
		t.Fatalf("signalgen: %v\n%s", err, out)
	}
	keys, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	check(t, err)
	for _, name := range keys {
		check(t, os.Chmod(name, 0o600))
	}
	return dir
}

// A phoneOf is an account whose phone makes a backup each day.
type phoneOf struct {
	name, kind, schema string // of the generator
	of, key            string // the folder of backups, and what opens them
	messages, media    int
	mean               int // bytes of a file of media
	same               func(t *testing.T, phone, item, dest string)
}

// Ten daily backups of one account cost little more than the first, although Signal
// encrypts each anew, and each comes out again. Where there is little media, what
// changes in the rows of a legacy backup weighs most.
func TestTenDaysOfSignal(t *testing.T) {
	t.Parallel()
	usual := phoneOf{messages: amount(1000, 4000, 20_000), media: amount(40, 400, 1000), mean: amount(20_000, 100_000, 150_000)}
	little := phoneOf{messages: amount(1000, 3000, 20_000), media: amount(40, 200, 200), mean: amount(20_000, 100_000, 100_000)}
	for _, p := range []phoneOf{
		{"v2", "v2", "new", "SignalBackups", "recovery-key.txt", usual.messages, usual.media, usual.mean, sameSnapshot},
		{"legacy", "legacy", "new", "legacy", "passphrase.txt", usual.messages, usual.media, usual.mean, sameFile},
		{"legacy with little media", "legacy", "new", "legacy", "passphrase.txt", little.messages, little.media, little.mean, sameFile},
		{"old legacy with little media", "legacy", "old", "legacy", "passphrase.txt", little.messages, little.media, little.mean, sameFile},
	} {
		if p.schema == "old" && !*long {
			continue // of the same form, and costs the same
		}
		t.Run(p.name, func(t *testing.T) { tenDays(t, p) })
	}
}

func tenDays(t *testing.T, p phoneOf) {
	days := amount(3, 10, 10)
	phone := signalDays(t, "--kind", p.kind, "--schema", p.schema, "--days", fmt.Sprint(days), "--messages", fmt.Sprint(p.messages), "--chats", "30",
		"--media", fmt.Sprint(p.media), "--media-bytes", fmt.Sprint(p.mean))
	m, _ := newRepository(t, "laptop")
	before := folderSize(t, m.repo)
	items := signalItems(t, filepath.Join(phone, p.of))
	if len(items) != days {
		t.Fatalf("%d backups", len(items))
	}
	var stored, folder []int64
	for _, item := range items { // each alone, as days come
		m.ok("backup", "--signal", filepath.Join(phone, p.of, item), "--signal-key-file", filepath.Join(phone, p.key))
		list := parseLines[struct {
			Stored int64 `json:"bytes_stored"`
		}](t, m.ok("snapshots", "--json"))
		stored = append(stored, list[len(list)-1].Stored)
		folder = append(folder, folderSize(t, m.repo)-before)
	}
	all := int64(0)
	for _, n := range stored {
		all += n
	}
	t.Logf("%d days of %d messages: stored %.3f × the first, the cloud folder is %.3f × that after the first (%d KB)", days, p.messages,
		float64(all)/float64(stored[0]), float64(folder[days-1])/float64(folder[0]), folder[0]/1000)
	if days == 10 && float64(all) > 1.15*float64(stored[0]) {
		t.Errorf("stored %v bytes", stored)
	}
	for i, item := range items {
		if i > 0 && i < days-1 && !*long {
			continue
		}
		dest := filepath.Join(tempDir(t), "made")
		list := m.snapshots()
		m.ok("export", "signal", list[i].ID, dest)
		p.same(t, phone, item, dest)
	}
}

// signalItems are the names of the backups in a folder, in the order of their days.
func signalItems(t *testing.T, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	check(t, err)
	for _, e := range list {
		if e.Name() != "files" && e.Name() != ".nomedia" {
			names = append(names, e.Name())
		}
	}
	return names
}

func folderSize(t *testing.T, dir string) (n int64) {
	t.Helper()
	check(t, filepath.WalkDir(dir, func(_ string, d iofs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			n += info.Size()
		}
		return err
	}))
	return n
}

// sameFile fails unless a legacy backup came out byte for byte.
func sameFile(t *testing.T, phone, item, dest string) {
	t.Helper()
	if got, want := fileHash(t, filepath.Join(dest, item)), fileHash(t, filepath.Join(phone, "legacy", item)); got != want {
		t.Errorf("%s came out as another file", item)
	}
}

func fileHash(t *testing.T, name string) [32]byte {
	t.Helper()
	f, err := os.Open(name)
	check(t, err)
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	check(t, err)
	return [32]byte(h.Sum(nil))
}

// sameSnapshot fails unless a snapshot came out with the same records, and with all
// its media, as the original key opens them.
func sameSnapshot(t *testing.T, phone, item, dest string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(phone, "account.json"))
	check(t, err)
	var account struct{ RecoveryKey string }
	check(t, json.Unmarshal(b, &account))
	key, err := modern.ParseRecoveryKey(account.RecoveryKey)
	check(t, err)
	ctx := context.Background()
	want, err := modern.NewFolder(os.DirFS(filepath.Join(phone, "SignalBackups"))).Open(ctx, item, key)
	check(t, err)
	defer want.Close()
	got, err := modern.NewFolder(os.DirFS(filepath.Join(dest, "SignalBackups"))).Open(ctx, item, key)
	check(t, err)
	defer got.Close()
	w, g := want.Records(ctx), got.Records(ctx)
	defer w.Close()
	defer g.Close()
	for n := 0; ; n++ {
		a, err1 := w.Next()
		b, err2 := g.Next()
		if err1 != err2 || !bytes.Equal(a, b) {
			t.Fatalf("%s: record %d differs: %v, %v", item, n, err1, err2)
		}
		if err1 == io.EOF {
			break
		}
		check(t, err1)
	}
	list, err := os.Open(filepath.Join(dest, "SignalBackups", item, "files"))
	check(t, err)
	defer list.Close()
	names, err := modern.ReadFilesList(list)
	check(t, err)
	original, err := os.Open(filepath.Join(phone, "SignalBackups", item, "files"))
	check(t, err)
	defer original.Close()
	all, err := modern.ReadFilesList(original)
	check(t, err)
	if len(names) == 0 || len(names) > len(all) {
		t.Errorf("%s: %d media came out, the original lists %d", item, len(names), len(all))
	}
	for _, name := range names {
		if info, err := os.Stat(filepath.Join(dest, "SignalBackups", "files", name[:2], name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: media %s: %v", item, name, err)
		}
	}
}
