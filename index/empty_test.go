package index

import (
	"testing"

	"bakfs/seal"
)

func TestEmpty(t *testing.T) {
	dir := t.TempDir()
	x, err := Open(dir)
	if err != nil || !x.Empty() {
		t.Fatalf("a new index is not empty: %v", err)
	}
	if err := x.Add(Pack{Name: seal.Hash{1}, Size: 1 << 16, Stream: 2}, []Entry{{ID: seal.ID{1}, Offset: 64, Stored: 1, Raw: 1, Type: seal.Content}}); err != nil {
		t.Fatal(err)
	}
	if x.Empty() {
		t.Error("empty with a pack added")
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if x, err = Open(dir); err != nil || x.Empty() {
		t.Errorf("empty with a segment: %v", err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
}
