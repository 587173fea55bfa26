package integration

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bakfs/journal"
	"bakfs/seal"
	"bakfs/snapshot"
	"bakfs/store"
)

// goldenFolders holds a folder for each version of the format: repo, written by the
// program of its time and never touched again, key, and what is in it.
const goldenFolders = "testdata/folders"

// A goldenSnapshot is the manifest's word on one snapshot.
type goldenSnapshot struct {
	ID     string       `json:"id"`
	Device string       `json:"device"`
	Source string       `json:"source"`
	Things []goldenFile `json:"-"`
}

// A goldenFile is one line of the manifest; paths are relative to the source and
// quoted, since they need not be UTF-8.
type goldenFile struct {
	Path   string `json:"path"`
	Mode   uint32 `json:"mode"`
	UID    uint32 `json:"uid"`
	GID    uint32 `json:"gid"`
	Rdev   uint64 `json:"rdev,omitempty"`
	MTime  int64  `json:"mtime"`
	Size   int64  `json:"size,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
	Target string `json:"target,omitempty"`
	Xattrs string `json:"xattrs,omitempty"`
	Names  string `json:"names,omitempty"` // the first name of a file with several
}

// goldenThings makes a tree of a snapshot's lines. Only root gets owners and devices back.
func goldenThings(t tb, files []goldenFile, devices bool) tree {
	t.Helper()
	all := tree{}
	for _, f := range files {
		if !devices && (f.Mode&unix.S_IFMT == unix.S_IFCHR || f.Mode&unix.S_IFMT == unix.S_IFBLK) {
			continue
		}
		path, err := strconv.Unquote(f.Path)
		check(t, err)
		target, err := strconv.Unquote(f.Target)
		check(t, err)
		names, err := strconv.Unquote(f.Names)
		check(t, err)
		all[path] = thing{mode: f.Mode, uid: f.UID, gid: f.GID, rdev: f.Rdev, mtime: f.MTime, size: f.Size, content: f.SHA256,
			target: target, xattrs: f.Xattrs, names: names}
	}
	return all
}

// readGolden reads a manifest: a line of JSON for each snapshot, before those of its files.
func readGolden(t tb, path string) (all []goldenSnapshot) {
	t.Helper()
	b, err := os.ReadFile(path)
	check(t, err)
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, `{"id"`) {
			var s goldenSnapshot
			check(t, json.Unmarshal([]byte(line), &s))
			all = append(all, s)
			continue
		}
		var f goldenFile
		check(t, json.Unmarshal([]byte(line), &f))
		last := &all[len(all)-1]
		last.Things = append(last.Things, f)
	}
	return all
}

// comparable leaves out of a tree what only root gets back, where holes are, and that
// a file has other names outside.
func (all tree) comparable() tree {
	same, names := tree{}, map[string]int{}
	for _, x := range all {
		names[x.names]++
	}
	for path, x := range all {
		if x.data = ""; !isRoot() {
			x.uid, x.gid = 0, 0
		}
		if names[x.names] == 1 {
			x.names = ""
		}
		same[path] = x
	}
	return same
}

// What a version has written is readable for ever: by restore, by a mount, and by a
// reader that shares no code with either, with nothing but the recovery key.
func TestGoldenFolders(t *testing.T) {
	t.Parallel()
	versions, err := os.ReadDir(goldenFolders)
	check(t, err)
	if len(versions) == 0 {
		t.Fatal("there are no golden folders")
	}
	for _, v := range versions {
		if strings.HasSuffix(v.Name(), goldenSignal) {
			continue
		}
		t.Run(v.Name(), func(t *testing.T) { golden(t, filepath.Join(goldenFolders, v.Name())) })
	}
}

func golden(t *testing.T, dir string) {
	repo, key := filepath.Join(tempDir(t), "cloud"), filepath.Join(tempDir(t), "key")
	check(t, os.CopyFS(repo, os.DirFS(dir+"/repo")))
	text, err := os.ReadFile(dir + "/key")
	check(t, err)
	check(t, os.WriteFile(key, text, 0o600))
	all := readGolden(t, dir+"/manifest")
	m := withKey(t, repo, key)
	listed := m.snapshots()
	if len(listed) != len(all) || len(all) < 4 {
		t.Fatalf("%d snapshots, %d in the manifest", len(listed), len(all))
	}
	m.ok("check", "--read-data")
	for i, s := range all {
		if listed[i].ID != s.ID || listed[i].Device != s.Device {
			t.Errorf("snapshot %d: %+v, want %s of %s", i, listed[i], s.ID, s.Device)
		}
		want := goldenThings(t, s.Things, isRoot()).comparable()
		same(t, "restored", want, look(t, m.restore(s.ID, s.Source)).comparable())
		t.Run("restorer.py", func(t *testing.T) {
			same(t, "restored by restorer.py", want, look(t, restorer(t, key, repo, s.ID)+s.Source).comparable())
		})
	}
	t.Run("mounted", func(t *testing.T) {
		v := m.mount()
		defer v.umount()
		names := mountedNames(t, repo, text)
		for _, s := range all {
			same(t, "mounted", goldenThings(t, s.Things, true).comparable(), look(t, v.at(names[s.ID], s.Source)).comparable())
		}
	})
}

// restorer restores a snapshot by the second reader of the format.
func restorer(t *testing.T, key, repo, id string) string {
	t.Helper()
	need(t, "python3")
	if out, err := exec.Command("python3", "-c", "import cryptography, ctypes; ctypes.CDLL('libzstd.so.1')").CombinedOutput(); err != nil {
		t.Skipf("skipped: restorer.py needs the packages python3-cryptography and libzstd1: %s", bytes.TrimSpace(out))
	}
	dest := filepath.Join(tempDir(t), "dest")
	out, err := exec.Command("python3", "restorer.py", key, repo, dest, id).CombinedOutput()
	if err != nil {
		t.Fatalf("restorer.py: %v\n%s", err, out)
	}
	return dest
}

// mountedNames says how the snapshots of a repository are called in a mount.
func mountedNames(t *testing.T, repo string, key []byte) map[string]string {
	t.Helper()
	k, err := seal.ParseRecoveryKey(key)
	check(t, err)
	f, err := store.OpenFolder(repo)
	check(t, err)
	defer f.Close()
	id, err := f.Repository()
	check(t, err)
	j := journal.Open(f, seal.DeriveRoot(k, id).Keys())
	_, err = j.Refresh(t.Context())
	check(t, err)
	infos, _ := snapshot.List(j)
	names := map[string]string{}
	for i, name := range snapshot.Names(infos, time.UTC) {
		names[infos[i].ID.String()] = name
	}
	return names
}
