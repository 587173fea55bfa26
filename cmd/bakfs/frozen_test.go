package main

import (
	"context"
	"fmt"
	"io"
	iofs "io/fs"
	"maps"
	"path/filepath"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"bakfs/seal"
	"bakfs/signal/archive"
	"bakfs/signal/sample"
	"bakfs/snapshot"
	"bakfs/view/history"
)

// A memoryTree is where a backup is stored in memory.
type memoryTree struct {
	fstest.MapFS
	turn chan struct{}
}

func (m memoryTree) Write(_ context.Context, name string, mtime time.Time, _ string, r io.Reader) error {
	b, err := io.ReadAll(r)
	m.turn <- struct{}{}
	m.MapFS["signal/a/"+name] = &fstest.MapFile{Data: b, Mode: 0o600, ModTime: mtime}
	<-m.turn
	return err
}

func (m memoryTree) Reuse(context.Context, string) (int64, bool, error) { return 0, false, nil }

// sampleTree is the snapshot of a sample's newest backup.
func sampleTree(t testing.TB) fstest.MapFS {
	dir := t.TempDir()
	if err := sample.Write(dir); err != nil {
		t.Fatal(err)
	}
	s, err := archive.Find(filepath.Join(dir, "SignalBackups"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Open(context.Background(), s.Items[len(s.Items)-1], sample.Key)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	tree := memoryTree{fstest.MapFS{}, make(chan struct{}, 1)}
	if _, err := b.Store(context.Background(), tree); err != nil {
		t.Fatal(err)
	}
	return tree.MapFS
}

// walkView looks at everything below a folder as a mount does, which keeps each folder as
// an FS of its own. It returns these, and what each file is known by.
func walkView(t testing.TB, dir iofs.FS, at string, kept map[string]iofs.FS, seen map[string]string) {
	kept[at] = dir
	list, err := iofs.ReadDir(dir, ".")
	if err != nil {
		t.Fatal(at, err)
	}
	for _, e := range list {
		info, err := iofs.Lstat(dir, e.Name())
		if err != nil {
			t.Fatal(at, e.Name(), err)
		}
		seen[at+"/"+e.Name()] = fmt.Sprint(info.Mode(), info.Size(), info.ModTime(), info.Sys().(*syscall.Stat_t).Ino)
		if e.IsDir() {
			sub, err := subFS(dir, e.Name())
			if err != nil {
				t.Fatal(at, e.Name(), err)
			}
			walkView(t, sub, at+"/"+e.Name(), kept, seen)
		}
	}
}

// Who walks through the snapshots of a mount meets a view of each. What these remember
// is bounded, and one that has forgotten shows the same files again.
func TestViewsOfManySnapshotsForget(t *testing.T) {
	tree := sampleTree(t)
	m := newMessages(time.UTC)
	m.lazy = true
	m.read = history.NewCache(64 << 10)
	view := func(i int) iofs.FS {
		return m.of(snapshot.Info{ID: seal.Hash{byte(i), byte(i >> 8), 1}, Kind: snapshot.Signal, Sources: []string{"/signal/a"},
			Start: time.Unix(int64(i), 0), Time: time.Unix(int64(i), 0)}, tree)
	}
	names := func(i int) {
		t.Helper()
		top, err := iofs.ReadDir(view(i), ".")
		if err != nil || len(top) != 1 {
			t.Fatal(top, err)
		}
		chats, err := iofs.ReadDir(view(i), top[0].Name()+"/chats")
		if err != nil || len(chats) != 3 {
			t.Fatal(chats, err)
		}
	}
	first, again, kept := map[string]string{}, map[string]string{}, map[string]iofs.FS{}
	walkView(t, view(0), "", kept, first)
	for i := 1; i < 20; i++ {
		names(i)
	}
	walkView(t, view(0), "", kept, again)
	if !maps.Equal(first, again) || len(first) < 50 {
		t.Errorf("%d files, and after it has forgotten %d, not all the same", len(first), len(again))
	}
	for at, dir := range kept { // as the kernel holds folders
		list, err := iofs.ReadDir(dir, ".")
		if err != nil {
			t.Error(at, err)
		}
		for _, e := range list {
			if _, known := first[at+"/"+e.Name()]; !known {
				t.Errorf("%s/%s is new", at, e.Name())
			}
		}
	}
}
