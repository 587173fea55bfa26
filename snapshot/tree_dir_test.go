package snapshot

import (
	"errors"
	"io"
	iofs "io/fs"
	"testing"
)

// A large directory comes in parts, the same as in one piece, and the first part needs few nodes.
func TestLargeDirectoryIsListedInParts(t *testing.T) {
	m := newMemStore()
	entries := numbered(5000)
	root := writeDir(t, m, entries)
	for _, n := range []int{1, 7, 512, 100_000, -1} {
		f, err := openTree(m, root).Open(".")
		if err != nil {
			t.Fatal(err)
		}
		m.gets = 0
		var all []iofs.DirEntry
		for err == nil {
			var part []iofs.DirEntry
			part, err = f.(iofs.ReadDirFile).ReadDir(n)
			if n > 0 && len(part) > n || n == 7 && len(all) == 0 && m.gets > 3 {
				t.Fatalf("%d entries of %d, %d nodes read", len(part), n, m.gets)
			}
			all = append(all, part...)
			if n < 0 && len(part) == 0 {
				break
			}
		}
		if len(all) != len(entries) || n > 0 && err != io.EOF {
			t.Fatalf("in parts of %d: %d entries, %v", n, len(all), err)
		}
		for i, e := range all {
			if e.Name() != entries[i].Name {
				t.Fatalf("in parts of %d: %q at %d", n, e.Name(), i)
			}
		}
	}
}

// What lies before a damaged node is listed, and then comes the error, each time.
func TestPartsEndAtDamage(t *testing.T) {
	m := newMemStore()
	root := writeDir(t, m, numbered(2000))
	n, err := parseNode(m.chunks[root])
	if err != nil || len(n.at) < 3 {
		t.Fatal(err)
	}
	m.broken[n.child(2).id] = errBroken
	f, err := openTree(m, root).Open(".")
	if err != nil {
		t.Fatal(err)
	}
	got := 0
	for err == nil {
		var part []iofs.DirEntry
		part, err = f.(iofs.ReadDirFile).ReadDir(100)
		got += len(part)
	}
	if want := int(n.child(0).below + n.child(1).below); got != want || !errors.Is(err, errBroken) {
		t.Errorf("%d entries, want %d; %v", got, want, err)
	}
	if _, again := f.(iofs.ReadDirFile).ReadDir(100); !errors.Is(again, errBroken) {
		t.Errorf("again: %v", again)
	}
}

// Behind any name, there or not, comes the next.
func TestBehindFindsTheNextName(t *testing.T) {
	m := newMemStore()
	entries := numbered(3000)
	s := newNodes(m, nodeCacheBytes)
	root := writeDir(t, m, entries)
	for i, e := range entries {
		for after, want := range map[string]int{e.Name: i + 1, e.Name[:len(e.Name)-1] + "\x00": i / 10 * 10, e.Name + "x": i + 1} {
			n, at, err := s.behind(t.Context(), root, after)
			switch {
			case err != nil:
				t.Fatal(err)
			case want == len(entries):
				if at < len(n.at) {
					t.Fatalf("%q stands behind the last", n.name(at))
				}
			case at >= len(n.at) || n.name(at) != entries[want].Name:
				t.Fatalf("behind %q: item %d of %d, want %q", after, at, len(n.at), entries[want].Name)
			}
		}
	}
}

func TestEntriesKnowWhetherTheyHaveXattrs(t *testing.T) {
	m := newMemStore()
	v := openTree(m, sample(t, m))
	for name, want := range map[string]bool{"home": true, "bare": false, "top": false, "home/other": true} {
		info, err := v.Lstat(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.(interface{ HasXattrs() bool }).HasXattrs(); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	list, err := v.ReadDir(".")
	if err != nil || len(list) != 3 {
		t.Fatal(err)
	}
	for _, d := range list {
		if info, err := d.Info(); err != nil || info.(*fileInfo).HasXattrs() != (d.Name() == "home") {
			t.Errorf("%s: %v", d.Name(), err)
		}
	}
}
