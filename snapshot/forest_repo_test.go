package snapshot

import (
	"bytes"
	"context"
	iofs "io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"
)

// A real backup in a real repository, seen through Open and through a mount that was there before it.
func TestForestOfARealRepository(t *testing.T) {
	src := t.TempDir()
	big := make([]byte, 5<<20)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range big {
		big[i] = byte(r.Uint32())
	}
	write(t, filepath.Join(src, "big"), string(big))
	write(t, filepath.Join(src, "dir", "small"), "hello")
	must(t, os.Symlink("dir/small", filepath.Join(src, "link")))

	repo := newTestRepo(t)
	forest := NewForest(repo.st, repo.j)
	forest.Log = func(path string, err error) { t.Error(path, err) }
	must(t, forest.Refresh(t.Context()))
	res, err := Create(context.Background(), repo.st, repo.j, repo.d, Options{Keys: repo.keys, Sources: []string{src}})
	must(t, err)
	must(t, forest.Refresh(t.Context()))

	infos, errs := List(repo.j)
	if len(infos) != 1 || len(errs) != 0 || infos[0].ID != res.ID {
		t.Fatal(infos, errs)
	}
	if found, err := Find(infos, infos[0].ID.String()[:4], time.Now()); err != nil || found.ID != res.ID {
		t.Error(err)
	}
	inside := strings.TrimPrefix(src, "/")
	trees := map[string]iofs.FS{}
	for name, at := range map[string]string{"newest": "files", "snapshot": "snapshots/" + Names(infos, time.Local)[0] + "/files"} {
		trees[name], err = iofs.Sub(forest.FS(), at+"/"+inside)
		must(t, err)
	}
	trees["opened"], err = iofs.Sub(Open(repo.st, infos[0]), inside)
	must(t, err)
	for name, tree := range trees {
		dir, err := iofs.Sub(tree, "dir")
		must(t, err)
		if err := fstest.TestFS(dir, "small"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if b, err := iofs.ReadFile(tree, "big"); err != nil || !bytes.Equal(b, big) {
			t.Errorf("%s: %d bytes, %v", name, len(b), err)
		}
		if b, err := iofs.ReadFile(tree, "link"); err != nil || string(b) != "hello" {
			t.Errorf("%s: %q, %v", name, b, err)
		}
		info, err := iofs.Stat(tree, "big")
		must(t, err)
		var want syscall.Stat_t
		must(t, syscall.Stat(filepath.Join(src, "big"), &want))
		if got := info.Sys().(*syscall.Stat_t); got.Mtim != want.Mtim || got.Mode != want.Mode || got.Size != want.Size || got.Uid != want.Uid || got.Nlink != want.Nlink {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}
