package main

import (
	"context"
	"errors"
	iofs "io/fs"
	"testing"
	"testing/fstest"
	"time"
)

func TestBranchShowsTreesAndOpensThemLate(t *testing.T) {
	opened := 0
	files := fstest.MapFS{"a": {Data: []byte("hello")}}
	open := func(context.Context) (iofs.FS, error) { opened++; return files, nil }
	lost := func(context.Context) (iofs.FS, error) { return nil, errors.New("lost") }
	date := time.Unix(1700000000, 0)
	b := newBranch("x", date, limb{"bad", lost}, limb{"good", open})
	entries, err := iofs.ReadDir(b, ".")
	if err != nil || len(entries) != 2 || entries[0].Name() != "bad" || !entries[1].IsDir() {
		t.Fatalf("listing: %v, %v", entries, err)
	}
	info, err := iofs.Lstat(b, "good")
	if err != nil || !info.IsDir() || !info.ModTime().Equal(date) || opened != 0 {
		t.Fatalf("lstat: %v, %v, opened %d times", info, err, opened)
	}
	sub, err := iofs.Sub(b.WithContext(t.Context()), "good")
	if err != nil || opened != 1 {
		t.Fatalf("sub: %v, opened %d times", err, opened)
	}
	if data, err := iofs.ReadFile(sub, "a"); err != nil || string(data) != "hello" {
		t.Fatalf("%q, %v", data, err)
	}
	if _, err := iofs.Sub(b, "bad"); err == nil {
		t.Error("a tree that cannot be opened has no error")
	}
	if _, err := iofs.Lstat(b, "other"); !errors.Is(err, iofs.ErrNotExist) {
		t.Errorf("what is not there: %v", err)
	}
	if b.info("good", "good").ino == newBranch("y", date).info("good", "good").ino {
		t.Error("two branches have one inode number")
	}
}
