package snapshot

import (
	"errors"
	"os"
	"strings"
	"testing"

	"bakfs/seal"
	"bakfs/store"
)

// A snapshot of the journal that claims no entries has none.
func TestTreeBeyondItsClaimIsRefused(t *testing.T) {
	r := newTestRepo(t)
	root := r.tree(evilFile("f", "x", 0))
	_, err := Restore(t.Context(), r.st, Info{Root: root, ID: seal.Hash{1}}, "/", t.TempDir(), RestoreOptions{})
	if !errors.Is(err, store.ErrDamaged) || !strings.Contains(err.Error(), "more than the 0 entries") {
		t.Error(err)
	}
	if got := r.restoreWarned(Info{Root: root, ID: seal.Hash{1}, Files: 1}, "/", t.TempDir(), RestoreOptions{}); got.Files != 1 {
		t.Errorf("%+v", got)
	}
}

// What a list would take on the disk is known without reading it: 760 million extents
// of one chunk are refused at once. And a list ends where its entry says.
func TestListWithoutEndIsRefused(t *testing.T) {
	r := newTestRepo(t)
	put := func(kind seal.ChunkType, b []byte) seal.ID {
		id, _, err := r.st.Put(t.Context(), kind, b)
		must(t, err)
		return id
	}
	const low, high = (maxNode - nodeHeader) / extentBytes, (maxNode - nodeHeader) / listItemBytes
	chunk := put(seal.Content, make([]byte, maxChunk))
	leaf := appendNodeHeader(nil, 0, low)
	for range low {
		leaf = appendExtent(leaf, Extent{maxChunk, chunk})
	}
	leafID := put(seal.List, leaf)
	top := appendNodeHeader(nil, 1, high)
	for range high {
		top = appendListItem(top, 1, low*maxChunk, leafID)
	}
	e := Entry{Name: "f", Kind: File, Mode: 0o644, Nlink: 1, Size: high * low * maxChunk, Data: high * low * maxChunk, Root: put(seal.List, top)}
	_, err := Restore(t.Context(), r.st, Info{Root: r.tree(e), Files: 1}, "/", t.TempDir(), RestoreOptions{})
	if !errors.Is(err, errTooLarge) {
		t.Error(err)
	}
	e.Data = 3 * maxChunk
	n := 0
	for _, err = range extents(t.Context(), r.st, &e) {
		n++
	}
	if n != 4 || !errors.Is(err, store.ErrDamaged) {
		t.Errorf("%d extents, then %v", n, err)
	}
}

// A chunk of another length than the file's list says is damage: not a byte of it is
// kept, and its neighbours stay where they are.
func TestChunkOfAnotherLengthIsNotRestored(t *testing.T) {
	r := newTestRepo(t)
	five, _, err := r.st.Put(t.Context(), seal.Content, []byte("12345"))
	must(t, err)
	file := func(name string, lengths ...uint32) Entry {
		e := Entry{Name: name, Kind: File, Mode: 0o644, Nlink: 1}
		for _, n := range lengths {
			e.Extents = append(e.Extents, Extent{n, five})
			e.Size += int64(n)
		}
		return e
	}
	dest := t.TempDir()
	got := r.restoreWarned(Info{Root: r.tree(file("good", 5, 5), file("long", 5, 6), file("short", 3, 5))}, "/", dest, RestoreOptions{})
	if got.Files != 1 || got.Errors != 2 || got.Damaged != 2 {
		t.Errorf("%+v, %q", got, r.warns)
	}
	list, err := os.ReadDir(dest)
	must(t, err)
	if len(list) != 1 || list[0].Name() != "good" {
		t.Errorf("restored %v", list)
	}
}
