package integration

import (
	"bufio"
	"encoding/json"
	iofs "io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"bakfs/journal"
	"bakfs/seal"
	"bakfs/snapshot"
	"bakfs/store"
)

// goldenSignal ends the names of golden folders with backups of Signal.
const goldenSignal = "-signal"

// A goldenBackup is what a golden folder must give of one backup of Signal.
type goldenBackup struct {
	ID       string       `json:"id"`
	Device   string       `json:"device"`
	Source   string       `json:"source"`
	Format   string       `json:"format"`
	Original digest       `json:"original"` // what "export signal" writes; see original
	Things   []goldenFile `json:"-"`        // the tree as it is stored, FORMAT.md section 13
}

// What a version has stored of Signal's backups comes out for ever: as the tree that
// FORMAT.md tells of, read by a reader that shares no code, as the original, and as
// messages.
func TestGoldenSignal(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob(goldenFolders + "/*" + goldenSignal)
	check(t, err)
	if len(folders) == 0 {
		t.Fatal("there are no golden folders")
	}
	for _, dir := range folders {
		t.Run(filepath.Base(dir), func(t *testing.T) { goldenMessages(t, dir) })
	}
}

func goldenMessages(t *testing.T, dir string) {
	repo, key := filepath.Join(tempDir(t), "cloud"), filepath.Join(tempDir(t), "key")
	check(t, os.CopyFS(repo, os.DirFS(dir+"/repo")))
	text, err := os.ReadFile(dir + "/key")
	check(t, err)
	check(t, os.WriteFile(key, text, 0o600))
	all := readGoldenBackups(t, dir+"/manifest")
	m := withKey(t, repo, key)
	m.ok("check", "--read-data")
	listed := m.snapshots()
	if len(listed) != len(all) || len(all) < 5 {
		t.Fatalf("%d snapshots, %d in the manifest", len(listed), len(all))
	}
	said, v, names := digest{}, m.mount(), mountedNames(t, repo, text)
	defer v.umount()
	for i, s := range all {
		if l := listed[i]; l.ID != s.ID || l.Device != s.Device || !slices.Equal(l.Sources, []string{s.Source}) {
			t.Errorf("snapshot %d: %+v, want %s of %s", i, l, s.ID, s.Source)
		}
		t.Run(s.Format, func(t *testing.T) {
			goldenOriginal(t, m, v.dir+"/snapshots/"+names[s.ID]+s.Source+"/restore", s)
			goldenTree(t, key, repo, s)
		})
		readTexts(t, m, s.ID, said)
	}
	readTexts(t, m, "merged", said)
	if *updateGoldenTexts {
		check(t, os.WriteFile(dir+"/texts", said.lines(), 0o644))
	}
	if d := readDigest(t, dir+"/texts").differs(said); d != "" {
		t.Errorf("texts have changed:\n%s", d)
	}
}

// goldenOriginal checks what export signal makes, and that a mount has the same.
func goldenOriginal(t *testing.T, m *machine, restore string, s goldenBackup) {
	dest := exportGolden(t, m, s.ID)
	for how, at := range map[string]string{"exported": dest, "mounted": restore} {
		if d := s.Original.differs(original(t, at, phoneKey, filepath.Base(s.Source))); d != "" {
			t.Errorf("%s:\n%s", how, d)
		}
	}
}

// exportGolden makes an original again. A stream by itself never had its media, which
// is told by the exit code 3.
func exportGolden(t *testing.T, m *machine, id string) (dest string) {
	t.Helper()
	dest = filepath.Join(tempDir(t), "signal")
	if r := m.run("export", "signal", id, dest); r.code != 0 && r.code != 3 {
		t.Fatalf("export signal: exit code %d\n%s", r.code, r.stderr)
	}
	return dest
}

// goldenTree checks the tree as it is stored: by restorer.py, and by this program.
func goldenTree(t *testing.T, key, repo string, s goldenBackup) {
	want := goldenThings(t, s.Things, true).comparable()
	for name, sum := range storedTree(t, repo, key, s.ID, s.Source) {
		if want[name].content != sum {
			t.Errorf("%s is another", name)
		}
	}
	same(t, "restored by restorer.py", want, look(t, restorer(t, key, repo, s.ID)+s.Source).comparable())
}

// storedTree are the hashes of the files of a snapshot below a source.
func storedTree(t *testing.T, repo, key, id, source string) digest {
	t.Helper()
	all := digest{}
	st, infos := openGolden(t, repo, key)
	for _, info := range infos {
		if info.ID.String() != id {
			continue
		}
		tree, err := iofs.Sub(snapshot.Open(st, info), source[1:])
		check(t, err)
		check(t, iofs.WalkDir(tree, ".", func(p string, d iofs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				all[p], err = sumOf(tree, p)
			}
			return err
		}))
	}
	if len(all) == 0 {
		t.Fatalf("snapshot %s is empty", id)
	}
	return all
}

// openGolden opens a repository to read it, until the test ends.
func openGolden(t *testing.T, repo, keyFile string) (*store.Store, []snapshot.Info) {
	t.Helper()
	text, err := os.ReadFile(keyFile)
	check(t, err)
	k, err := seal.ParseRecoveryKey(text)
	check(t, err)
	f, err := store.OpenFolder(repo)
	check(t, err)
	t.Cleanup(func() { f.Close() })
	id, err := f.Repository()
	check(t, err)
	keys := seal.DeriveRoot(k, id).Keys()
	j := journal.Open(f, keys)
	_, err = j.Refresh(t.Context())
	check(t, err)
	infos, errs := snapshot.List(j)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	st, err := store.Open(t.Context(), store.Options{Folder: f, Keys: keys, Cache: tempDir(t)})
	check(t, err)
	t.Cleanup(func() { st.Close() })
	return st, infos
}

// readTexts adds what a snapshot's messages are as text.
func readTexts(t *testing.T, m *machine, snap string, all digest) {
	t.Helper()
	dest := filepath.Join(tempDir(t), "messages")
	m.ok(messagesArgs(snap, dest)...)
	for name, sum := range texts(t, dest) {
		all[snap[:min(len(snap), 8)]+"/"+name] = sum
	}
}

// lines writes a digest as sha256sum does.
func (d digest) lines() []byte {
	var b []byte
	for _, name := range sortedKeys(d) {
		b = append(b, d[name]+"  "+name+"\n"...)
	}
	return b
}

func readDigest(t *testing.T, path string) digest {
	t.Helper()
	f, err := os.Open(path)
	check(t, err)
	defer f.Close()
	all := digest{}
	s := bufio.NewScanner(f)
	for s.Scan() {
		sum, name, _ := strings.Cut(s.Text(), "  ")
		all[name] = sum
	}
	check(t, s.Err())
	return all
}

// readGoldenBackups reads a manifest: a line of JSON for each snapshot, before those of its files.
func readGoldenBackups(t *testing.T, path string) (all []goldenBackup) {
	t.Helper()
	b, err := os.ReadFile(path)
	check(t, err)
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, `{"id"`) {
			var s goldenBackup
			check(t, json.Unmarshal([]byte(line), &s))
			all = append(all, s)
			continue
		}
		var f goldenFile
		check(t, json.Unmarshal([]byte(line), &f))
		if f.Mode&unix.S_IFMT == unix.S_IFREG && f.SHA256 == "" {
			t.Fatalf("no hash of %s", f.Path)
		}
		last := &all[len(all)-1]
		last.Things = append(last.Things, f)
	}
	return all
}
