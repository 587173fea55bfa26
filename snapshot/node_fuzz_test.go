package snapshot

import (
	"bytes"
	"testing"

	"bakfs/seal"
)

// What a parser accepts, the writer writes the same way: there is one form of each value.

func FuzzParseNode(f *testing.F) {
	e := plainFile("name", "content")
	e.Xattrs = xattrs(2, 3)
	linked := Entry{Name: "z", Kind: File, Flags: flagHardLink, Extents: []Extent{{5, id(1)}, {6, seal.ID{}}}, Size: 11}
	f.Add(encodeNode(f, 0, 0))
	f.Add(encodeNode(f, 0, 3, encoded(f, fifo("a")), encoded(f, e), encoded(f, linked)))
	f.Add(encodeNode(f, 0, 3, encoded(f, Entry{Name: "d", Kind: Dir, Root: id(3)}),
		encoded(f, Entry{Name: "l", Kind: Symlink, Target: "t"}), encoded(f, Entry{Name: "n", Kind: BlockDevice, Major: 8})))
	f.Add(encodeNode(f, 1, 2, kid("a", 1, 1), kid("b", 2, 300)))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := parseNode(b)
		if err != nil {
			return
		}
		if !bytes.Equal(reencode(t, n), b) {
			t.Error("read, but not written so")
		}
	})
}

func FuzzParseList(f *testing.F) {
	f.Add(encodeNode(f, 0, 1, appendExtent(nil, Extent{7, id(1)})))
	f.Add(encodeNode(f, 0, 2, appendExtent(nil, Extent{7, id(1)}), appendExtent(nil, Extent{1<<32 - 1, seal.ID{}})))
	f.Add(encodeNode(f, 2, 1, appendListItem(nil, 2, 1<<40, id(1))))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := parseList(b)
		if err != nil {
			return
		}
		if !bytes.Equal(reencodeList(n), b) {
			t.Error("read, but not written so")
		}
		for i := range n.ids {
			if n.search(n.start(i)) != i || n.search(n.ends[i]-1) != i {
				t.Errorf("the bytes of item %d are not found", i)
			}
		}
	})
}

func FuzzParsePayload(f *testing.F) {
	i := goodInfo()
	b, err := i.payload()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	i.Tags, i.Incomplete = nil, false
	if b, err = i.payload(); err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		i, err := parsePayload(b)
		if err != nil {
			return
		}
		if again, err := i.payload(); err != nil || !bytes.Equal(again, b) {
			t.Error("read, but not written so", err)
		}
	})
}
