package snapshot

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"bakfs/journal"
	"bakfs/seal"
)

// The entry is written, so the snapshot is there, although the marks file cannot be.
func TestSnapshotCountsWithoutMarks(t *testing.T) {
	for name, make := range map[string]func(r *testRepo, src string) (Result, error){
		"Create": func(r *testRepo, src string) (Result, error) {
			return Create(context.Background(), r.st, r.j, r.d, Options{Keys: r.keys, Sources: []string{src}, Warn: r.warn})
		},
		"Builder": func(r *testRepo, _ string) (Result, error) {
			return r.builder(BuildOptions{}).Finish(context.Background())
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newTestRepo(t)
			state, short := longDir(t), filepath.Join(t.TempDir(), "state")
			must(t, os.Symlink(state, short))
			for _, dir := range []string{short, state} { // below the short path the marks file can be made
				r.j = journal.Open(r.f, r.keys)
				r.j.SetMarks(filepath.Join(dir, "marks"))
				_, err := r.j.Refresh(t.Context())
				must(t, err)
			}
			src := t.TempDir()
			res, err := make(r, src)
			if err != nil || res.ID == (seal.Hash{}) {
				t.Fatal(res.ID, err)
			}
			if len(r.warns) != 1 || !strings.Contains(r.warns[0], "journal: the entry is written") {
				t.Errorf("%q", r.warns)
			}
			if infos, _ := List(r.j); len(infos) != 1 || infos[0].ID != res.ID || infos[0].Incomplete {
				t.Errorf("%+v", infos)
			}
		})
	}
}

// longDir makes a folder whose path leaves room for the name "marks" and for no longer one.
func longDir(t *testing.T) string {
	const most = unix.PathMax - 1 - len("/marks")
	dir := t.TempDir()
	for len(dir) < most {
		n := min(most-len(dir)-1, 200)
		if left := most - len(dir) - 1 - n; left == 1 {
			n-- // no room for a slash and a name
		}
		dir += "/" + strings.Repeat("d", n)
		must(t, os.Mkdir(dir, 0o700))
	}
	return dir
}
