package integration

import (
	"bytes"
	"context"
	"encoding/binary"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bakfs/journal"
	"bakfs/seal"
	"bakfs/snapshot"
	"bakfs/store"
)

// A slot is an entry of a pack's directory.
type slot struct {
	id                  seal.ID
	offset, stored, raw uint32
	kind, compression   byte
	zero                uint16
}

// packOf is the plaintext of a pack.
func packOf(head []byte, count uint32, slots []slot, data []byte) []byte {
	b := binary.BigEndian.AppendUint32(append([]byte{}, head...), count)
	b = append(b, 0, 0, 0, 0)
	for _, s := range slots {
		b = append(b, s.id[:]...)
		for _, n := range []uint32{s.offset, s.stored, s.raw} {
			b = binary.BigEndian.AppendUint32(b, n)
		}
		b = append(b, s.kind, s.compression)
		b = binary.BigEndian.AppendUint16(b, s.zero)
	}
	return append(b, data...)
}

var goodHead = []byte("PACK\x01\x02\x00\x00")

// zstdRun is a frame that is a few bytes long and decompresses to a run of zeros: size
// bytes by its header if it says so, blocks × 128 KiB in truth.
func zstdRun(blocks int, size uint64, window byte) []byte {
	b := []byte{0x28, 0xb5, 0x2f, 0xfd}
	if size > 0 {
		b = binary.LittleEndian.AppendUint64(append(b, 0xc0, window), size)
	} else {
		b = append(b, 0, window)
	}
	for i := range blocks {
		last := uint32(0)
		if i == blocks-1 {
			last = 1
		}
		block := uint32(128<<10)<<3 | 1<<1 | last
		b = append(b, byte(block), byte(block>>8), byte(block>>16), 0)
	}
	return b
}

// packBombs are packs that are sealed well; each must be found by a full check.
func packBombs(keys *seal.Keys) map[string][]byte {
	text := []byte("a chunk of some bytes, stored as it is")
	n := uint32(len(text))
	good := slot{id: keys.Name(seal.Content, text), offset: 64, stored: n, raw: n, kind: 1}
	with := func(change func(s *slot)) []byte { s := good; change(&s); return packOf(goodHead, 1, []slot{s}, text) }
	zeros := func(n int) seal.ID { return keys.Name(seal.Content, make([]byte, n)) }
	zstd := func(frame []byte, raw uint32) []byte {
		return packOf(goodHead, 1, []slot{{id: zeros(1 << 20), offset: 64, stored: uint32(len(frame)), raw: raw, kind: 1, compression: 1}}, frame)
	}
	two := func(a, b slot) []byte { return packOf(goodHead, 2, []slot{a, b}, append(text, text...)) }
	first, second := good, good
	first.offset, second.offset, second.id = 112, 112+n, zeros(5)
	overlap := second
	overlap.offset = 112
	return map[string][]byte{
		"stream 3":                packOf([]byte("PACK\x01\x03\x00\x00"), 1, []slot{good}, text),
		"count 0":                 packOf(goodHead, 0, nil, nil),
		"count 65537":             packOf(goodHead, 65537, nil, make([]byte, 65537*48)),
		"count 2^32-1":            packOf(goodHead, 1<<32-1, []slot{good}, text),
		"version 2":               packOf([]byte("PACK\x02\x02\x00\x00"), 1, []slot{good}, text),
		"flags":                   packOf([]byte("PACK\x01\x02\x00\x01"), 1, []slot{good}, text),
		"no magic":                packOf([]byte("PUCK\x01\x02\x00\x00"), 1, []slot{good}, text),
		"metadata stream":         packOf([]byte("PACK\x01\x01\x00\x00"), 1, []slot{good}, text),
		"offset in the head":      with(func(s *slot) { s.offset = 0 }),
		"offset beyond":           with(func(s *slot) { s.offset = 1<<32 - 1 }),
		"stored beyond":           with(func(s *slot) { s.stored, s.raw = 1<<20, 1<<20 }),
		"stored 2^32-1":           with(func(s *slot) { s.stored, s.raw = 1<<32-1, 1<<32-1 }),
		"raw of more than 1 MiB":  with(func(s *slot) { s.raw, s.compression = 1<<20+1, 1 }),
		"raw 0":                   with(func(s *slot) { s.stored, s.raw = 0, 0 }),
		"stored less than raw":    with(func(s *slot) { s.raw++ }),
		"compression 2":           with(func(s *slot) { s.compression = 2 }),
		"type 4":                  with(func(s *slot) { s.kind = 4 }),
		"slot's flags":            with(func(s *slot) { s.zero = 1 }),
		"another name":            with(func(s *slot) { s.id[0] ^= 1 }),
		"not zstd":                with(func(s *slot) { s.raw, s.compression = n+1, 1 }),
		"padding":                 append(with(func(s *slot) {}), 1),
		"overlap":                 two(first, overlap),
		"the same name twice":     two(first, func() slot { s := second; s.id = first.id; return s }()),
		"a gap":                   two(first, func() slot { s := second; s.offset++; return s }()),
		"zstd of 1 GiB":           zstd(zstdRun(8192, 0, 0x50), 1<<20),
		"zstd that says 2^60":     zstd(zstdRun(8, 1<<60, 0x50), 1<<20),
		"zstd with a huge window": zstd(zstdRun(8, 0, 0xff), 1<<20),
		"zstd of less":            zstd(zstdRun(7, 0, 0x50), 1<<20),
		"zstd of another name":    zstd(zstdRun(8, 0, 0x50), 1<<20-1),
		"two zstd frames":         zstd(append(zstdRun(4, 0, 0x50), zstdRun(4, 0, 0x50)...), 1<<20),
		"zstd and more":           zstd(append(zstdRun(8, 0, 0x50), 1), 1<<20),
		"zstd's skipped frame":    zstd(append([]byte{0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4}, zstdRun(8, 0, 0x50)...), 1<<20),
	}
}

// Each bad pack is named by a full check, harms nothing else, and takes no memory.
func TestPackBombs(t *testing.T) {
	t.Parallel()
	f := newForge(t, seal.NewRecoveryKey())
	src := smallSource(t)
	want := look(t, src)
	id := f.backup(src).ID.String()
	bad := map[string]string{}
	for name, plaintext := range packBombs(f.keys) {
		bad[name] = f.pack(plaintext)
	}
	for name, frame := range map[string][]byte{"zstd": zstdRun(8, 0, 0x50), "zstd with its size": zstdRun(8, 1<<20, 0x50)} { // at the limit
		good := f.pack(packOf(goodHead, 1, []slot{{id: f.keys.Name(seal.Content, make([]byte, 1<<20)), offset: 64, stored: uint32(len(frame)), raw: 1 << 20, kind: 1, compression: 1}}, frame))
		st := f.open(tempDir(t))
		if _, err := st.Verify(t.Context(), hashOf(good)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		check(t, st.Close())
	}
	m := f.machine()
	r, peak := watched(m, time.Minute, "check", "--read-data", "--json")
	bounded(t, "check", peak)
	if r.code != 13 {
		t.Errorf("exit code %d\n%.2000s", r.code, r.stderr)
	}
	for name, path := range bad {
		if !strings.Contains(r.stdout, filepath.Base(path)) {
			t.Errorf("%s: check does not name %s", name, path)
		}
	}
	same(t, "beside bad packs", want, look(t, m.restore(id, src)))
}

// entryOf is the plaintext of a journal entry with any fields, signed by the device.
func (f *forge) entryOf(kind byte, seq uint64, prev seal.Hash, seen []byte, payload []byte, change func(b []byte) []byte) []byte {
	id, cert := f.keys.Repository(), f.device.Certificate().Bytes()
	b := append([]byte{1, kind, 0, 0}, id[:]...)
	b = append(b, f.device.ID[:]...)
	b = binary.BigEndian.AppendUint64(b, seq)
	b = append(b, prev[:]...)
	b = append(b, make([]byte, 16)...)
	b = append(binary.BigEndian.AppendUint16(b, uint16(len(cert))), cert...)
	if seen == nil {
		seen = []byte{0, 0}
	}
	b = append(b, seen...)
	b = append(binary.BigEndian.AppendUint32(b, uint32(len(payload))), payload...)
	if change != nil {
		b = change(b)
	}
	return append(b, f.device.Sign(b)...)
}

// Each entry that is sealed and signed well and breaks a rule is refused, by name, and
// hides none of the others.
func TestEntryBombs(t *testing.T) {
	t.Parallel()
	f := newForge(t, seal.NewRecoveryKey())
	f.backup(smallSource(t))
	last := f.log.Devices()[0].Last
	seen := func(n int, ids ...byte) []byte {
		b := binary.BigEndian.AppendUint16(nil, uint16(n))
		for _, id := range ids {
			b = append(b, bytes.Repeat([]byte{id}, 16)...)
			b = append(b, make([]byte, 40)...)
		}
		return b
	}
	many := binary.BigEndian.AppendUint16(nil, 257)
	for i := range 257 {
		many = append(binary.BigEndian.AppendUint16(many, uint16(i)), make([]byte, 54)...)
	}
	self := append(append([]byte{0, 1}, f.device.ID[:]...), make([]byte, 40)...)
	set := func(at int, v byte) func(b []byte) []byte { return func(b []byte) []byte { b[at] = v; return b } }
	flip := func(at int) func(b []byte) []byte { return func(b []byte) []byte { b[at] ^= 1; return b } }
	bombs := map[string][]byte{
		"kind 0": f.entryOf(0, 2, last.Hash, nil, nil, nil), "kind 9": f.entryOf(9, 2, last.Hash, nil, nil, nil), "enrol again": f.entryOf(1, 2, last.Hash, nil, nil, nil),
		"version 2": f.entryOf(7, 2, last.Hash, nil, nil, set(0, 2)), "reserved": f.entryOf(7, 2, last.Hash, nil, nil, set(2, 1)),
		"another repository": f.entryOf(7, 2, last.Hash, nil, nil, flip(4)), "another device": f.entryOf(7, 2, last.Hash, nil, nil, flip(20)),
		"another number": f.entryOf(7, 3, last.Hash, nil, nil, nil), "root record": f.entryOf(7, 2, last.Hash, nil, nil, set(91, 1)),
		"seen not sorted": f.entryOf(7, 2, last.Hash, seen(2, 2, 1), nil, nil), "seen twice": f.entryOf(7, 2, last.Hash, seen(2, 1, 1), nil, nil),
		"seen itself": f.entryOf(7, 2, last.Hash, self, nil, nil), "seen 257": f.entryOf(7, 2, last.Hash, many, nil, nil), "seen 65535": f.entryOf(7, 2, last.Hash, seen(65535, 1), nil, nil),
		"heartbeat with payload": f.entryOf(7, 2, last.Hash, nil, []byte{1}, nil), "payload of 2^32-1": f.entryOf(3, 2, last.Hash, nil, []byte{255, 255, 255, 255}, nil),
		"forget twice": f.entryOf(3, 2, last.Hash, nil, append([]byte{0, 0, 0, 2}, make([]byte, 64)...), nil), "goes on": append(f.entryOf(7, 2, last.Hash, nil, nil, nil), 1),
		"larger than need be": append(f.entryOf(7, 2, last.Hash, nil, nil, nil), make([]byte, 4000)...),
		"signed by nobody":    append(f.entryOf(7, 2, last.Hash, nil, nil, nil)[:200:200], make([]byte, 200)...),
	}
	bad := map[string]string{}
	for name, plaintext := range bombs {
		bad[name] = f.entry(f.device.ID, 2, plaintext)
	}
	bad["number 1,000,000"] = f.entry(f.device.ID, 1_000_000, f.entryOf(7, 1_000_000, last.Hash, nil, nil, nil))
	folder, err := store.OpenFolder(f.dir)
	check(t, err)
	defer folder.Close()
	log := journal.Open(folder, f.keys)
	problems, err := log.Refresh(context.Background())
	check(t, err)
	for name, path := range bad {
		found := false
		for _, p := range problems {
			found = found || p.Name == path
		}
		if !found {
			t.Errorf("%s: not refused", name)
		}
	}
	if infos, errs := snapshot.List(log); len(infos) != 1 || len(errs) > 0 || len(log.Entries(0)) != 2 {
		t.Errorf("%d snapshots, %v, %d entries", len(infos), errs, len(log.Entries(0)))
	}
}
