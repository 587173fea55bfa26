package integration

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bakfs/seal"
)

// header is the clear beginning of an entry of a repository, and rubbish behind it.
func headed(id seal.RepositoryID, size int) []byte {
	b := append([]byte("BAKFS\x01\x02\x00\x00\x00\x00\x00"), id[:]...)
	return append(b, make([]byte, size-len(b))...)
}

// plantEntry puts bytes into a device's log under the name that fits them.
func plantEntry(t *testing.T, repo, log string, seq int, b []byte) string {
	t.Helper()
	sum := sha256.Sum256(b)
	name := fmt.Sprintf("%010d-%x", seq, sum[:8])
	check(t, os.MkdirAll(filepath.Join(repo, "journal", log), 0o700))
	check(t, os.WriteFile(filepath.Join(repo, "journal", log, name), b, 0o600))
	return name
}

// stranger is a pseudonym that no device has.
const stranger = "00000000000000000000000000000000"

// obstacles are what somebody who can write to the cloud folder may put into its
// journal to be in the way. Each returns a name that a report must have.
var obstacles = map[string]func(t *testing.T, repo, log string) string{
	"a log of another id": func(t *testing.T, repo, _ string) string {
		return plantEntry(t, repo, stranger, 0, headed(seal.NewRepositoryID(), 4096))
	},
	"another id before the device's first entry": func(t *testing.T, repo, log string) string {
		name := "0000000000-0000000000000000"
		check(t, os.WriteFile(filepath.Join(repo, "journal", log, name), headed(seal.NewRepositoryID(), 4096), 0o600))
		return name
	},
	"ids in every log, first and last": func(t *testing.T, repo, log string) string {
		id := seal.NewRepositoryID()
		plantEntry(t, repo, stranger, 0, headed(id, 4096))
		plantEntry(t, repo, log, 9999, headed(id, 4096))
		name := "0000000000-0000000000000000"
		check(t, os.WriteFile(filepath.Join(repo, "journal", log, name), headed(id, 4096), 0o600))
		return name
	},
	"a hundred ids": func(t *testing.T, repo, log string) (name string) {
		for i := range 100 {
			name = plantEntry(t, repo, stranger, i, headed(seal.NewRepositoryID(), 4096))
		}
		return name
	},
	"rubbish of the right id, and another id": func(t *testing.T, repo, log string) string {
		plantEntry(t, repo, stranger, 0, headed(idOf(t, repo), 4096))
		name := "0000000000-0000000000000000"
		check(t, os.WriteFile(filepath.Join(repo, "journal", log, name), headed(idOf(t, repo), 4096), 0o600))
		return plantEntry(t, repo, "0000000000000000000000000000000f", 0, headed(seal.NewRepositoryID(), 4096))
	},
	"a whole other repository": func(t *testing.T, repo, _ string) (name string) {
		other, _ := newRepository(t, "other")
		src := newSource(t)
		check(t, os.WriteFile(src+"/file", []byte("theirs"), 0o600))
		other.backup(src)
		for _, path := range filesOf(t, other.repo) {
			rel, err := filepath.Rel(other.repo, path)
			check(t, err)
			if b, err := os.ReadFile(path); err == nil && rel != "README.txt" {
				check(t, os.MkdirAll(filepath.Dir(filepath.Join(repo, rel)), 0o700))
				check(t, os.WriteFile(filepath.Join(repo, rel), b, 0o600))
				name = filepath.Base(path)
			}
		}
		return name
	},
}

// idOf is what the first entry of the folder says in clear.
func idOf(t *testing.T, repo string) (id seal.RepositoryID) {
	t.Helper()
	b, err := os.ReadFile(globbed(t, repo+"/journal/*/0000000000-*")[0])
	check(t, err)
	copy(id[:], b[12:28])
	return id
}

// Whoever can write to the folder cannot be in the way of it by a file: what this
// device, a new one, and one with the key alone do goes on, and the file is told of.
func TestForeignEntriesAreNoObstacle(t *testing.T) {
	t.Parallel()
	for what, plant := range obstacles {
		t.Run(what, func(t *testing.T) {
			m, key := newRepository(t, "laptop")
			src := newSource(t)
			check(t, os.WriteFile(src+"/file", []byte("mine"), 0o600))
			first := m.backup(src)
			before := look(t, src)
			log := filepath.Base(globbed(t, m.repo+"/journal/*")[0])
			name := plant(t, m.repo, log)

			check(t, os.WriteFile(src+"/file", []byte("mine too"), 0o600))
			second := m.backup(src)
			same(t, what, before, look(t, m.restore(first.ID, src)))
			if r := m.run("check", "--read-data"); r.code != 13 || !strings.Contains(r.stdout, name) {
				t.Errorf("check: exit code %d, and %s is not named\n%s%s", r.code, name, r.stdout, r.stderr)
			}
			lone := withKey(t, m.repo, key)
			same(t, what+", with the key", look(t, src), look(t, lone.restore(second.ID, src)))
			another := newMachine(t, m.repo)
			another.ok("connect", "--key-file", key, "--device", "another")
			third := another.backup(src)
			same(t, what+", by another device", look(t, src), look(t, m.restore(third.ID, src)))
			wrong := another.path("wrong-key")
			elsewhere := newMachine(t, filepath.Join(tempDir(t), "cloud"))
			elsewhere.ok("init", "--write-key", wrong, "--device", "x")
			stranger := newMachine(t, m.repo)
			if said := stranger.fails(12, "snapshots", "--key-file", wrong); bytes.Contains([]byte(said), []byte("panic")) {
				t.Error(said)
			}
			m.ok("snapshots")
		})
	}
}

// Two repositories in which this machine is enrolled cannot be told apart.
func TestTwoRepositoriesOfThisMachine(t *testing.T) {
	t.Parallel()
	m, _ := newRepository(t, "laptop")
	other := newMachine(t, filepath.Join(tempDir(t), "cloud"))
	other.extra = []string{"BAKFS_STATE_DIR=" + m.state()}
	other.ok("init", "--write-key", other.path("key"), "--device", "laptop")
	log := globbed(t, other.repo+"/journal/*")[0]
	check(t, os.CopyFS(filepath.Join(m.repo, "journal", filepath.Base(log)), os.DirFS(log)))
	if said := m.fails(1, "snapshots"); !strings.Contains(said, "several repositories") {
		t.Error(said)
	}
}
