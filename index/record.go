package index

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"bakfs/seal"
)

// A segment's buckets. Every value ends with a CRC-32C over its key and itself: bbolt checks no content, and a flipped
// bit must not send a reader to a wrong place.
//
//	chunks    chunk name (32) ‖ u32 pack number → u32 offset ‖ u32 stored ‖ u32 raw ‖ u8 type ‖ u8 compression ‖ crc
//	packs     u32 pack number                   → pack name (32) ‖ u64 size ‖ u8 stream ‖ u8 verified ‖ crc
//	names     pack name (32)                    → u32 pack number ‖ crc
//	verified  pack name (32)                    → crc; marks for packs that lie in other segments
//	          pack name (32)                    → u64 time ‖ u8 damaged ‖ crc; marks for packs that were found damaged
//	                                              once, wherever they lie: the latest counts, before verified in packs
//	state     "complete"                        → crc; written by the last transaction of a published segment
//
// The pack number stands in the key, so that a chunk that lies in several packs keeps all its places.
var (
	bucketChunks   = []byte("chunks")
	bucketPacks    = []byte("packs")
	bucketNames    = []byte("names")
	bucketVerified = []byte("verified")
	bucketState    = []byte("state")
	keyComplete    = []byte("complete")
)

const (
	idSize    = 32
	chunkKey  = idSize + 4
	chunkSize = 14
	packSize  = idSize + 10
	crcSize   = 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(key, body []byte) uint32 {
	return crc32.Update(crc32.Update(0, castagnoli, key), castagnoli, body)
}

// protect appends the checksum of key and body to body.
func protect(key, body []byte) []byte {
	return binary.BigEndian.AppendUint32(body, checksum(key, body))
}

// body returns value without its checksum, having compared it and the lengths.
func body(key, value []byte, keySize, size int) ([]byte, error) {
	if len(key) != keySize || len(value) != size+crcSize {
		return nil, fmt.Errorf("%w: record of %d and %d bytes", ErrDamaged, len(key), len(value))
	}
	b := value[:size]
	if binary.BigEndian.Uint32(value[size:]) != checksum(key, b) {
		return nil, fmt.Errorf("%w: record's checksum differs", ErrDamaged)
	}
	return b, nil
}

func appendChunkKey(b []byte, id *seal.ID, pack uint32) []byte {
	return binary.BigEndian.AppendUint32(append(b, id[:]...), pack)
}

// appendEntry appends the value of e under key.
func appendEntry(b, key []byte, e *Entry) []byte {
	n := len(b)
	b = binary.BigEndian.AppendUint32(b, e.Offset)
	b = binary.BigEndian.AppendUint32(b, e.Stored)
	b = binary.BigEndian.AppendUint32(b, e.Raw)
	b = append(b, byte(e.Type), e.Compression)
	return binary.BigEndian.AppendUint32(b, checksum(key, b[n:]))
}

// parseEntry reads a record of the chunks bucket: the entry, and the number of its pack in the segment.
func parseEntry(key, value []byte) (e Entry, pack uint32, err error) {
	b, err := body(key, value, chunkKey, chunkSize)
	if err != nil {
		return Entry{}, 0, err
	}
	copy(e.ID[:], key)
	e.Offset = binary.BigEndian.Uint32(b)
	e.Stored = binary.BigEndian.Uint32(b[4:])
	e.Raw = binary.BigEndian.Uint32(b[8:])
	e.Type = seal.ChunkType(b[12])
	e.Compression = b[13]
	return e, binary.BigEndian.Uint32(key[idSize:]), nil
}

func packKey(number uint32) []byte { return binary.BigEndian.AppendUint32(nil, number) }

func packValue(key []byte, p *Pack) []byte {
	b := make([]byte, 0, packSize+crcSize)
	b = append(b, p.Name[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(p.Size))
	b = append(b, p.Stream, 0)
	if p.Verified {
		b[len(b)-1] = 1
	}
	return protect(key, b)
}

// parsePack reads a record of the packs bucket.
func parsePack(key, value []byte) (p Pack, err error) {
	b, err := body(key, value, 4, packSize)
	if err != nil {
		return Pack{}, err
	}
	if b[idSize+9] > 1 {
		return Pack{}, fmt.Errorf("%w: flag %d", ErrDamaged, b[idSize+9])
	}
	copy(p.Name[:], b)
	p.Size = int64(binary.BigEndian.Uint64(b[idSize:]))
	p.Stream = b[idSize+8]
	p.Verified = b[idSize+9] == 1
	return p, nil
}

// parseNumber reads a record of the names bucket.
func parseNumber(key, value []byte) (uint32, error) {
	b, err := body(key, value, idSize, 4)
	if err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint32(b), nil
}
