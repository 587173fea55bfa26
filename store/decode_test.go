package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"runtime"
	"testing"

	"github.com/klauspost/compress/zstd"

	"bakfs/index"
	"bakfs/seal"
)

func entryOf(k *seal.Keys, raw []byte) index.Entry {
	return index.Entry{ID: k.Name(seal.Content, raw), Raw: uint32(len(raw)), Type: seal.Content}
}

// falsePacks are plaintexts that break one rule each.
func falsePacks() map[string][]byte {
	abc, xyz := []byte("abc"), []byte("wxyz")
	two := func(mend func(i int, e *index.Entry)) []byte {
		return packOf(streamContent, [][]byte{abc, xyz}, mend, entryOf(testKeys, abc), entryOf(testKeys, xyz))
	}
	first := func(change func(e *index.Entry)) []byte {
		return two(func(i int, e *index.Entry) {
			if i == 0 {
				change(e)
			}
		})
	}
	second := func(change func(e *index.Entry)) []byte {
		return two(func(i int, e *index.Entry) {
			if i == 1 {
				change(e)
			}
		})
	}
	at := func(off int, c byte) []byte {
		b := two(nil)
		b[off] = c
		return b
	}
	noStream := two(func(i int, e *index.Entry) { e.Type = 0 })
	noStream[5] = 0
	return map[string][]byte{
		"magic":             at(0, 'Q'),
		"version":           at(4, 2),
		"stream 0":          at(5, 0),
		"stream 3":          at(5, 3),
		"types of stream 1": at(5, streamMeta),
		"head flag":         at(6, 1),
		"head flag 2":       at(7, 1),
		"head tail":         at(15, 1),
		"count 0":           at(11, 0),
		"count too high":    at(8, 1),
		"count 65537":       at(9, 1),
		"entry flag":        at(16+46, 1),
		"entry flag 2":      at(16+47, 1),
		"type 0":            at(16+44, 0),
		"type 4":            at(16+44, 4),
		"stream of no type": noStream,
		"compression 2":     at(16+45, 2),
		"raw 0":             first(func(e *index.Entry) { e.Raw, e.Stored = 0, 0 }),
		"raw over 1 MiB":    second(func(e *index.Entry) { e.Raw, e.Stored = maxChunk+1, maxChunk+1 }),
		"raw huge":          second(func(e *index.Entry) { e.Raw, e.Compression = 1<<32-1, compressionZstd }),
		"raw not stored":    first(func(e *index.Entry) { e.Raw++ }),
		"zstd not smaller":  first(func(e *index.Entry) { e.Compression = compressionZstd }),
		"zstd of nothing":   first(func(e *index.Entry) { e.Compression, e.Stored = compressionZstd, 0 }),
		"gap":               second(func(e *index.Entry) { e.Offset++ }),
		"overlap":           second(func(e *index.Entry) { e.Offset-- }),
		"inside directory":  first(func(e *index.Entry) { e.Offset-- }),
		"beyond the end":    second(func(e *index.Entry) { e.Raw, e.Stored = maxChunk, maxChunk }),
		"name twice":        two(func(i int, e *index.Entry) { e.ID = seal.ID{1} }),
	}
}

func TestFalseDirectoriesAreRefused(t *testing.T) {
	r := newRepo(t)
	s := r.device()
	good := packOf(streamContent, [][]byte{[]byte("abc")}, nil, entryOf(r.keys, []byte("abc")))
	if n, err := s.Verify(context.Background(), r.plant(good)); n != 1 || err != nil {
		t.Fatalf("a good one: %d, %v", n, err)
	}
	for name, b := range falsePacks() {
		t.Run(name, func(t *testing.T) {
			pack := r.plant(b)
			if _, _, err := s.directory(pack); err == nil {
				t.Error("accepted")
			} else if name != "version" && !errors.Is(err, ErrDamaged) {
				t.Error(err)
			}
			if _, err := s.Verify(context.Background(), pack); err == nil {
				t.Error("verified")
			}
		})
	}
}

func TestDirectoryAtItsLimits(t *testing.T) {
	size := maxPlaintext
	for _, c := range []struct {
		count uint32
		ok    bool
	}{{0, false}, {1, true}, {maxEntries, true}, {maxEntries + 1, false}, {1<<32 - 1, false}} {
		b := head{stream: streamMeta}.append(nil)
		binary.BigEndian.PutUint32(b[8:], c.count)
		if _, err := parseHead(b, size); (err == nil) != c.ok {
			t.Errorf("%d chunks: %v", c.count, err)
		}
	}
	for size, ok := range map[int64]bool{headSize: false, headSize + entrySize - 1: false, headSize + entrySize: true} {
		if _, err := parseHead(head{stream: streamMeta, count: 1}.append(nil), size); (err == nil) != ok {
			t.Errorf("1 chunk in %d bytes: %v", size, err)
		}
	}
	// A pack full of the smallest chunks: the directory is searched in place.
	var stored [][]byte
	var entries []index.Entry
	for i := range 1500 {
		b := binary.BigEndian.AppendUint32(nil, uint32(i))
		stored, entries = append(stored, b), append(entries, entryOf(testKeys, b))
	}
	r := newRepo(t)
	name := r.plant(packOf(streamContent, stored, nil, entries...))
	s := r.device()
	for _, i := range []int{0, 1, 749, 1498, 1499} {
		wantChunk(t, s, entries[i].ID, seal.Content, stored[i])
	}
	if n, err := s.Verify(context.Background(), name); n != 1500 || err != nil {
		t.Fatal(n, err)
	}
}

// allocated returns how many bytes fn allocates.
func allocated(fn func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestBombsAreRefusedInSmallMemory(t *testing.T) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	check(t, err)
	defer encoder.Close()
	zeros := make([]byte, 64<<20)
	sized := encoder.EncodeAll(zeros, nil)
	var stream bytes.Buffer
	encoder.Reset(&stream)
	for range 8 {
		_, err = encoder.Write(zeros) // no size in the frame
		check(t, err)
	}
	check(t, encoder.Close())
	small := encoder.EncodeAll(zeros[:1000], nil)
	window := append([]byte{0x28, 0xB5, 0x2F, 0xFD, 0x00, 0xF8}, 0x02, 0, 0) // a window of 2 TiB
	for name, bomb := range map[string][]byte{
		"says 64 MiB":          sized,
		"says nothing":         stream.Bytes(),
		"two frames":           append(bytes.Clone(small), small...),
		"rubbish behind":       append(bytes.Clone(small), 0),
		"skippable behind":     append(bytes.Clone(small), 0x50, 0x2A, 0x4D, 0x18, 1, 0, 0, 0, 0),
		"skippable frame":      append([]byte{0x50, 0x2A, 0x4D, 0x18, 1, 0, 0, 0, 0}, small...),
		"huge window":          window,
		"fewer bytes than raw": encoder.EncodeAll(zeros[:999], nil),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t)
			raw := uint32(1000)
			if len(bomb) >= 1000 {
				raw = uint32(len(bomb) + 1)
			}
			e := index.Entry{ID: seal.ID{9}, Raw: raw, Type: seal.Content, Compression: compressionZstd}
			name := r.plant(packOf(streamContent, [][]byte{bomb}, nil, e))
			s := r.device()
			if _, ok, err := s.index.Find(e.ID); !ok || err != nil {
				t.Fatal("its directory is good", err)
			}
			if _, err := s.codec.decompress(bomb, int(raw)); !errors.Is(err, ErrDamaged) {
				t.Error(err) // the name, which is wrong too, must not be what refuses it
			}
			used := allocated(func() {
				if _, err := s.Get(context.Background(), e.ID, seal.Content); !errors.Is(err, ErrDamaged) {
					t.Error(err)
				}
				if _, err := s.Verify(context.Background(), name); !errors.Is(err, ErrDamaged) {
					t.Error(err)
				}
			})
			if used > 24<<20 {
				t.Errorf("%d bytes of memory", used)
			}
		})
	}
}

func FuzzPackDirectory(f *testing.F) {
	f.Add(packOf(streamContent, [][]byte{[]byte("abc")}, nil, entryOf(testKeys, []byte("abc"))))
	for _, b := range falsePacks() {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		size := int64(len(b))
		h, entries, err := readDirectory(bytes.NewReader(b), size)
		if err != nil {
			return
		}
		again := h.append(nil)
		for _, e := range entries {
			if e.Raw > maxChunk || e.Stored > e.Raw || int64(e.Offset)+int64(e.Stored) > size {
				t.Fatalf("accepted %+v in %d bytes", e, size)
			}
			again = appendEntry(again, e)
		}
		if !bytes.Equal(again, b[:len(again)]) {
			t.Fatal("accepted what would be written otherwise")
		}
	})
}

func FuzzSealedPack(f *testing.F) {
	f.Add(packOf(streamContent, [][]byte{[]byte("abc")}, nil, entryOf(testKeys, []byte("abc"))))
	for _, b := range falsePacks() {
		f.Add(b)
	}
	r := newRepo(f)
	s := r.device()
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == 0 || len(b) > 60_000 {
			return
		}
		r := &repo{t: t, dir: r.dir, folder: r.folder, keys: r.keys}
		name := r.plant(b)
		defer r.folder.root.Remove(packPath(name))
		defer s.packs.forget(name)
		n, err := s.Verify(context.Background(), name)
		_, entries, derr := s.directory(name)
		if err == nil && (derr != nil || len(entries) != n) {
			t.Fatalf("verified %d chunks of %d: %v", n, len(entries), derr)
		}
		for _, e := range entries {
			place := index.Place{Pack: name, Offset: e.Offset, Stored: e.Stored, Raw: e.Raw, Type: e.Type, Compression: e.Compression}
			data, err := s.read(e.ID, e.Type, place)
			if err == nil && s.keys.Name(e.Type, data) != e.ID {
				t.Fatal("bytes of another name")
			}
		}
	})
}

func FuzzDecompress(f *testing.F) {
	c, err := newCodec()
	check(f, err)
	f.Cleanup(c.close)
	for _, b := range [][]byte{text(1, 5000), make([]byte, 3000), noise(1, 300)} {
		f.Add(c.encoder.EncodeAll(b, nil), uint32(len(b)))
	}
	f.Add([]byte{0x28, 0xB5, 0x2F, 0xFD, 0x00, 0xF8, 2, 0, 0}, uint32(1000))
	f.Fuzz(func(t *testing.T, b []byte, raw uint32) {
		raw = 1 + raw%maxChunk
		out, err := c.decompress(b, int(raw))
		if err == nil && len(out) != int(raw) {
			t.Fatalf("%d bytes, want %d", len(out), raw)
		}
		if err != nil && !errors.Is(err, ErrDamaged) {
			t.Fatal(err)
		}
	})
}

func FuzzCompress(f *testing.F) {
	c, err := newCodec()
	check(f, err)
	f.Cleanup(c.close)
	f.Add(text(1, 20_000))
	f.Add([]byte("a"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == 0 || len(b) > maxChunk {
			return
		}
		scratch := make([]byte, 0, maxChunk)
		stored, how := c.compress(b, &scratch)
		if how == compressionNone {
			if !bytes.Equal(stored, b) {
				t.Fatal("raw bytes changed")
			}
			return
		}
		out, err := c.decompress(stored, len(b))
		if err != nil || !bytes.Equal(out, b) || len(stored) >= len(b) {
			t.Fatalf("%d bytes stored in %d: %v", len(b), len(stored), err)
		}
	})
}
