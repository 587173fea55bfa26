package integration

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"bakfs/seal"
	"bakfs/snapshot"
	"bakfs/store"
)

var updateGoldenTexts = flag.Bool("update-golden-texts", false, "write anew what golden messages are as text; when the words of text files were changed")

func sortedKeys(d digest) []string { return slices.Sorted(maps.Keys(d)) }

// TestMakeGoldenSignal writes the golden folder of Signal's backups: one of each format.
func TestMakeGoldenSignal(t *testing.T) {
	if !*updateGolden {
		t.Skip("only with -update-golden: golden folders are written once")
	}
	vectors := os.Getenv("BAKFS_VECTORS")
	if vectors == "" || !isRoot() {
		t.Fatal("only root can make it, with BAKFS_VECTORS")
	}
	m, key := newRepository(t, "laptop")
	formats := backUpEachFormat(t, m, vectors)
	dir := filepath.Join(goldenFolders, goldenVersion+goldenSignal)
	check(t, os.RemoveAll(dir))
	check(t, os.CopyFS(dir+"/repo", os.DirFS(m.repo)))
	repack(t, m.repo, dir+"/repo", key)
	text, err := os.ReadFile(key)
	check(t, err)
	check(t, os.WriteFile(dir+"/key", text, 0o644))

	var b bytes.Buffer
	w := json.NewEncoder(&b)
	for _, s := range m.snapshots() {
		g := goldenBackup{ID: s.ID, Device: s.Device, Source: s.Sources[0], Format: formats[s.ID]}
		dest := exportGolden(t, m, s.ID)
		g.Original = original(t, dest, phoneKey, filepath.Base(g.Source))
		check(t, w.Encode(g))
		for _, f := range goldenFiles(look(t, restorer(t, key, m.repo, s.ID)+g.Source)) {
			check(t, w.Encode(f))
		}
	}
	check(t, os.WriteFile(dir+"/manifest", b.Bytes(), 0o644))
	*updateGoldenTexts = true
	goldenMessages(t, dir)
	if total := folderSize(t, dir); total > 300_000 {
		t.Errorf("%d bytes, larger than 300 kB", total)
	}
}

// backUpEachFormat stores a small backup of each format that there is, and says
// which snapshot is of which.
func backUpEachFormat(t *testing.T, m *machine, vectors string) map[string]string {
	t.Helper()
	p := newPhone(t)
	formats := map[string]string{}
	add := func(format string, args ...string) {
		t.Helper()
		if r := m.run(args...); r.code != 0 && r.code != 3 { // 3: media that a file by itself does not have
			t.Fatalf("bakfs %q: exit code %d\n%s", args, r.code, r.stderr)
		}
		for _, s := range m.snapshots() {
			if formats[s.ID] == "" {
				formats[s.ID] = format
			}
		}
	}
	add("modern", p.args(p.dir)...)

	dir := tempDir(t)
	copied := func(name string, from ...string) string {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(from...))
		check(t, err)
		check(t, os.WriteFile(filepath.Join(dir, name), b, 0o600))
		when := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
		check(t, os.Chtimes(filepath.Join(dir, name), when, when))
		return filepath.Join(dir, name)
	}
	pass := filepath.Join(dir, "passphrase")
	check(t, os.WriteFile(pass, []byte("123456789012345678901234567890\n"), 0o600))
	add("legacy", "backup", "--signal", copied("signal-2026-02-03-04-05-06.backup", vectors, "signal", "legacy-v1.backup"), "--signal-key-file", pass)
	add("stream", "backup", "--signal", copied("plain.binproto", vectors, "signal", "v2", "plain.binproto"), "--signal-account", "0f0e0d0c-0b0a-4908-8706-050403020100")
	add("main", append(p.args(copied("main-2026-05-15", p.days[0], "main")), "--signal-account", filepath.Base(m.snapshots()[len(m.snapshots())-1].Sources[0]))...)
	plain := filepath.Join(tempDir(t), "export")
	m.ok("export", "jsonl", "latest", plain)
	add("export", "backup", "--signal", plain)
	return formats
}

// repack writes the chunks of a repository into as few packs as hold them.
func repack(t *testing.T, from, to, key string) {
	t.Helper()
	old, infos := openGolden(t, from, key)
	check(t, os.RemoveAll(to+"/packs"))
	check(t, os.Mkdir(to+"/packs", 0o755))
	f, err := store.OpenFolder(to)
	check(t, err)
	defer f.Close()
	text, err := os.ReadFile(key)
	check(t, err)
	k, err := seal.ParseRecoveryKey(text)
	check(t, err)
	id, err := f.Repository()
	check(t, err)
	st, err := store.Open(t.Context(), store.Options{Folder: f, Keys: seal.DeriveRoot(k, id).Keys(), Cache: tempDir(t), Tag: "golden"})
	check(t, err)
	reach := snapshot.NewReach(old)
	for _, info := range infos {
		_, err := reach.Visit(t.Context(), info, func(n snapshot.Need) (bool, error) {
			b, err := old.Get(t.Context(), n.ID, n.Type)
			check(t, err)
			_, _, err = st.Put(t.Context(), n.Type, b)
			return false, err
		})
		check(t, err)
	}
	check(t, st.Flush(t.Context()))
	check(t, st.Close())
}
