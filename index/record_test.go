package index

import (
	"bytes"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"bakfs/seal"
)

func drawEntry(t *rapid.T) Entry {
	return Entry{
		ID: chunkName(rapid.IntRange(0, 1000).Draw(t, "id")), Offset: rapid.Uint32().Draw(t, "offset"), Stored: rapid.Uint32().Draw(t, "stored"),
		Raw: rapid.Uint32().Draw(t, "raw"), Type: seal.ChunkType(rapid.Byte().Draw(t, "type")), Compression: rapid.Byte().Draw(t, "compression"),
	}
}

func TestRecordsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, number := drawEntry(t), rapid.Uint32().Draw(t, "number")
		key := appendChunkKey(nil, &e.ID, number)
		got, n, err := parseEntry(key, appendEntry(nil, key, &e))
		if err != nil || got != e || n != number {
			t.Fatal(got, n, err)
		}
		p := Pack{Name: packName(3), Size: rapid.Int64().Draw(t, "size"), Stream: rapid.Byte().Draw(t, "stream"), Verified: rapid.Bool().Draw(t, "verified")}
		key = packKey(number)
		q, err := parsePack(key, packValue(key, &p))
		if err != nil || q != p {
			t.Fatal(q, err)
		}
	})
}

func TestAnyFlippedBitIsNoticed(t *testing.T) {
	e := testEntries(5, 1)[0]
	key := appendChunkKey(nil, &e.ID, 7)
	record := append(bytes.Clone(key), appendEntry(nil, key, &e)...)
	for bit := range 8 * len(record) {
		b := bytes.Clone(record)
		b[bit/8] ^= 1 << (bit % 8)
		if _, _, err := parseEntry(b[:chunkKey], b[chunkKey:]); !errors.Is(err, ErrDamaged) {
			t.Errorf("bit %d: %v", bit, err)
		}
	}
	for n := range len(record) {
		if _, _, err := parseEntry(record[:min(n, chunkKey)], record[min(n, chunkKey):n]); !errors.Is(err, ErrDamaged) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func FuzzRecord(f *testing.F) {
	e := testEntries(5, 1)[0]
	key := appendChunkKey(nil, &e.ID, 7)
	f.Add(key, appendEntry(nil, key, &e))
	p := testPack(1, true)
	f.Add(packKey(9), packValue(packKey(9), &p))
	f.Add(p.Name[:], protect(p.Name[:], packKey(9)))
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, key, value []byte) {
		if e, number, err := parseEntry(key, value); err == nil {
			if !bytes.Equal(appendChunkKey(nil, &e.ID, number), key) || !bytes.Equal(appendEntry(nil, key, &e), value) {
				t.Error("another encoding of an entry was accepted")
			}
		}
		if p, err := parsePack(key, value); err == nil && !bytes.Equal(packValue(key, &p), value) {
			t.Error("another encoding of a pack was accepted")
		}
		if n, err := parseNumber(key, value); err == nil && !bytes.Equal(protect(key, packKey(n)), value) {
			t.Error("another encoding of a number was accepted")
		}
	})
}
