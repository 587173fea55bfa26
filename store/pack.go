package store

import (
	"encoding/binary"
	"fmt"
	"io"

	"bakfs/index"
	"bakfs/seal"
)

const (
	headSize   = 16
	entrySize  = 48
	maxEntries = 65536
	maxChunk   = 1 << 20
	maxPack    = 1 << 24 // size of the file

	streamMeta    = 1
	streamContent = 2

	compressionNone = 0
	compressionZstd = 1
)

// A head is the start of a pack's plaintext.
type head struct {
	stream uint8
	count  int
}

func (h head) append(b []byte) []byte {
	b = append(b, 'P', 'A', 'C', 'K', 1, h.stream, 0, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(h.count))
	return append(b, 0, 0, 0, 0)
}

// directorySize is what the directory takes, without the head.
func (h head) directorySize() int64 { return entrySize * int64(h.count) }

// parseHead checks the start of a pack of size bytes of plaintext.
func parseHead(b []byte, size int64) (head, error) {
	if len(b) < headSize || string(b[:4]) != "PACK" {
		return head{}, damagedf("not the head of a pack")
	}
	if b[4] != 1 {
		return head{}, fmt.Errorf("a pack of version %d: use a newer bakfs", b[4])
	}
	h := head{stream: b[5]}
	count := binary.BigEndian.Uint32(b[8:])
	switch {
	case h.stream != streamMeta && h.stream != streamContent:
		return head{}, damagedf("pack of unknown stream %d", h.stream)
	case b[6] != 0 || b[7] != 0 || binary.BigEndian.Uint32(b[12:]) != 0:
		return head{}, damagedf("pack head has unknown flags")
	case count < 1 || count > maxEntries:
		return head{}, damagedf("pack of %d chunks", count)
	}
	h.count = int(count)
	if headSize+h.directorySize() > size {
		return head{}, damagedf("directory of %d chunks in a pack of %d bytes", count, size)
	}
	return h, nil
}

func appendEntry(b []byte, e index.Entry) []byte {
	b = append(b, e.ID[:]...)
	b = binary.BigEndian.AppendUint32(b, e.Offset)
	b = binary.BigEndian.AppendUint32(b, e.Stored)
	b = binary.BigEndian.AppendUint32(b, e.Raw)
	return append(b, uint8(e.Type), e.Compression, 0, 0)
}

// parseEntry checks all that one entry says by itself.
func parseEntry(b []byte, stream uint8) (index.Entry, error) {
	e := index.Entry{
		ID:          seal.ID(b[:32]),
		Offset:      binary.BigEndian.Uint32(b[32:]),
		Stored:      binary.BigEndian.Uint32(b[36:]),
		Raw:         binary.BigEndian.Uint32(b[40:]),
		Type:        seal.ChunkType(b[44]),
		Compression: b[45],
	}
	switch {
	case b[46] != 0 || b[47] != 0:
		return e, damagedf("chunk %x has unknown flags", e.ID[:4])
	case streamOf(e.Type) != stream:
		return e, damagedf("chunk %x of type %d in stream %d", e.ID[:4], e.Type, stream)
	case e.Raw < 1 || e.Raw > maxChunk:
		return e, damagedf("chunk %x of %d bytes", e.ID[:4], e.Raw)
	case e.Compression == compressionNone && e.Stored != e.Raw,
		e.Compression == compressionZstd && (e.Stored < 1 || e.Stored >= e.Raw):
		return e, damagedf("chunk %x of %d bytes stored in %d", e.ID[:4], e.Raw, e.Stored)
	case e.Compression > compressionZstd:
		return e, damagedf("chunk %x has unknown compression %d", e.ID[:4], e.Compression)
	}
	return e, nil
}

// parseDirectory checks a whole directory of a pack of size bytes of
// plaintext: each entry, that chunks lie one after another and within the
// pack, and that no name stands twice.
func parseDirectory(h head, b []byte, size int64) ([]index.Entry, error) {
	if int64(len(b)) != h.directorySize() {
		return nil, damagedf("directory of %d bytes for %d chunks", len(b), h.count)
	}
	entries := make([]index.Entry, 0, h.count)
	seen := make(map[seal.ID]struct{}, h.count)
	next := headSize + h.directorySize()
	for ; len(b) > 0; b = b[entrySize:] {
		e, err := parseEntry(b[:entrySize], h.stream)
		if err != nil {
			return nil, err
		}
		if int64(e.Offset) != next {
			return nil, damagedf("chunk %x at %d instead of %d", e.ID[:4], e.Offset, next)
		}
		next += int64(e.Stored)
		if next > size {
			return nil, damagedf("chunk %x ends at %d in a pack of %d bytes", e.ID[:4], next, size)
		}
		if _, twice := seen[e.ID]; twice {
			return nil, damagedf("chunk %x stands twice", e.ID[:4])
		}
		seen[e.ID] = struct{}{}
		entries = append(entries, e)
	}
	return entries, nil
}

// readDirectory reads the head and the directory of a pack, no chunk.
func readDirectory(r io.ReaderAt, size int64) (head, []index.Entry, error) {
	var b [headSize]byte
	if err := readFull(r, b[:], 0); err != nil {
		return head{}, nil, err
	}
	h, err := parseHead(b[:], size)
	if err != nil {
		return head{}, nil, err
	}
	directory := make([]byte, h.directorySize())
	if err := readFull(r, directory, headSize); err != nil {
		return head{}, nil, err
	}
	entries, err := parseDirectory(h, directory, size)
	return h, entries, err
}

// readFull reads exactly len(b) bytes of a pack's plaintext.
func readFull(r io.ReaderAt, b []byte, off int64) error {
	n, err := r.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == nil || err == io.EOF {
		return damagedf("pack ends at %d", off+int64(n))
	}
	return sealError(err)
}

// streamOf returns the stream of a type, 0 for an unknown one.
func streamOf(t seal.ChunkType) uint8 {
	switch t {
	case seal.Tree, seal.List:
		return streamMeta
	case seal.Content:
		return streamContent
	}
	return 0
}
