package store

import (
	"errors"
	"testing"

	"bakfs/index"
)

// A directory that is not as long as its head says is refused, not read beyond.
func TestDirectoryOfAnotherLengthIsRefused(t *testing.T) {
	h := head{stream: streamContent, count: 2}
	b := packOf(streamContent, [][]byte{[]byte("abc"), []byte("wxyz")}, nil, entryOf(testKeys, []byte("abc")), entryOf(testKeys, []byte("wxyz")))
	size, b := int64(len(b)), b[headSize:headSize+2*entrySize]
	for n := range len(b) + 1 {
		if entries, err := parseDirectory(h, b[:n:n], size); n == len(b) && err != nil || n < len(b) && !errors.Is(err, ErrDamaged) {
			t.Errorf("%d of %d bytes: %d chunks, %v", n, len(b), len(entries), err)
		}
	}
}

// A place that the index and the pack's directory agree about is refused where no chunk can be: over the directory
// itself or beyond the end.
func TestPlaceOutsideOfItsPackIsRefused(t *testing.T) {
	const start = headSize + entrySize
	r := newRepo(t)
	b := packOf(streamContent, [][]byte{[]byte("abc")}, nil, entryOf(r.keys, []byte("abc")))
	pack, err := openPack(r.folder, r.keys, packPath(r.plant(b)))
	check(t, err)
	defer pack.file.Close()
	end := uint32(pack.reader.Size())
	for offset, good := range map[uint32]bool{0: false, start - 1: false, start: true, end - 3: true, end - 2: false, 1<<32 - 1: false} {
		e := entryOf(r.keys, []byte("abc"))
		e.Offset, e.Stored = offset, 3
		pack.directory = appendEntry(nil, e)
		err := pack.confirm(e.ID, index.Place{Offset: offset, Stored: 3, Raw: 3, Type: e.Type})
		if good && err != nil || !good && !errors.Is(err, ErrDamaged) {
			t.Errorf("at %d of %d bytes: %v", offset, end, err)
		}
	}
}
