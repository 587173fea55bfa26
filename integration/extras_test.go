package integration

import (
	"context"
	iofs "io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"bakfs/fs"
	"bakfs/seal"
	"bakfs/snapshot"
)

// hang makes a mount's directory of other trees: one file for each Signal backup, named by its date.
func hang(infos []snapshot.Info, open func(snapshot.Info) iofs.FS) []snapshot.ExtraDir {
	m := fstest.MapFS{}
	for _, i := range infos {
		b, err := iofs.ReadFile(open(i), i.Sources[0][1:]+"/frames")
		if err != nil {
			b = []byte(err.Error())
		}
		m["chats/"+i.Date().UTC().Format("2006-01-02")] = &fstest.MapFile{Data: b, Mode: 0o400, ModTime: i.Date()}
	}
	return []snapshot.ExtraDir{{Name: "messages", About: "all messages", FS: m}}
}

// Trees that others compute stand in a real mount, and the kernel, which has looked already, sees what comes
// to them later.
func TestOtherTreesInAMount(t *testing.T) {
	t.Parallel()
	needFUSE(t)
	f := newForge(t, seal.NewRecoveryKey())
	st := f.open(tempDir(t))
	defer st.Close()
	backup := func(day int, text string) {
		b, err := snapshot.NewBuilder(context.Background(), st, f.log, f.device, snapshot.BuildOptions{
			Keys: f.keys, Source: "/signal/me", Date: time.Date(2025, 5, day, 3, 0, 0, 0, time.UTC)})
		check(t, err)
		check(t, b.Write(context.Background(), "frames", time.Unix(1e9, 0), "", strings.NewReader(text)))
		_, err = b.Finish(context.Background())
		check(t, err)
	}
	backup(1, "one")
	forest := snapshot.NewForest(st, f.log)
	forest.Location = time.UTC
	forest.Log = func(path string, err error) { t.Errorf("%s: %v", path, err) }
	forest.Top = hang
	forest.Beside = func(_ snapshot.Info, tree iofs.FS) []snapshot.ExtraDir {
		dir, err := iofs.Sub(tree, "signal")
		check(t, err)
		return []snapshot.ExtraDir{{Name: "signal", FS: dir}}
	}
	dir := filepath.Join(tempDir(t), "mnt")
	check(t, os.Mkdir(dir, 0o700))
	server, err := fs.Mount(dir, forest.FS(), fs.Options{Log: forest.Log})
	check(t, err)
	defer func() { check(t, server.Unmount()) }()
	read := func(name, want string) {
		t.Helper()
		if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(b) != want {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
	list := func(name, want string) {
		t.Helper()
		entries, err := os.ReadDir(filepath.Join(dir, name))
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		if got := strings.Join(names, " "); got != want || err != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	chats, err := os.Open(dir + "/messages/chats") // the kernel keeps it
	check(t, err)
	defer chats.Close()
	list("messages/chats", "2025-05-01")
	read("messages/chats/2025-05-01", "one")
	backup(2, "two")
	time.Sleep(2100 * time.Millisecond) // a mount looks once a second, and so does the kernel
	list("messages/chats", "2025-05-01 2025-05-02")
	read("messages/chats/2025-05-02", "two")
	if names, err := chats.Readdirnames(-1); err != nil || len(names) != 2 {
		t.Error(names, err)
	}
	list("snapshots", "2025-05-01_0300_forge 2025-05-02_0300_forge latest")
	list("snapshots/latest", "signal")
	read("snapshots/latest/signal/me/frames", "two")
	read("snapshots/2025-05-01_0300_forge/signal/me/frames", "one")
	list("files", "")
}
