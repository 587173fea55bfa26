package integration

import (
	"context"
	"crypto/sha256"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bakfs/journal"
	"bakfs/seal"
	"bakfs/store"
)

// Every byte of every pack, flipped so that the pack's name does not give it away: it is
// verified no more, and its own bytes are.
func TestEveryByteOfPacks(t *testing.T) {
	t.Parallel()
	p := newPatient(t)
	st := p.forge.open(tempDir(t))
	defer st.Close()
	cases := 0
	verify := func(name string, data []byte) error {
		h := seal.Hash(sha256.Sum256(data))
		full := filepath.Join(p.forge.dir, nameOf(seal.Place{Class: seal.ClassPack}, data))
		check(t, os.MkdirAll(filepath.Dir(full), 0o700))
		check(t, os.WriteFile(full, data, 0o600))
		_, err := st.Verify(t.Context(), h)
		if err != nil {
			check(t, os.Remove(full))
		}
		cases++
		return err
	}
	for _, name := range p.packs() {
		data := slices.Clone(p.files[name])
		for at := 0; at < len(data); at += scale(4099, 1, 1) {
			masks := []byte{0x01, 0x80, 0xff}
			if !*everyFault {
				masks = masks[at%3:][:1]
			}
			for _, mask := range masks {
				data[at] ^= mask
				if err := verify(name, data); err == nil {
					t.Errorf("%s: SILENT: byte %d xor %02x", name, at, mask)
				}
				data[at] ^= mask
			}
		}
		check(t, verify(name, data))
	}
	t.Logf("%d packs opened", cases)
}

// ofSmall says that a harm is one of tens of thousands, to one entry.
func (p *patient) ofSmall(h harm) bool {
	for name := range h.files {
		if !strings.HasPrefix(name, "journal/") || len(p.files[name]) > 0 && !isSmall(len(p.files[name])) {
			return false
		}
	}
	return *long || *everyFault
}

// refresh reads the journal alone: the entries that are there are those that were, and
// where one is missing an error names the object.
func (p *patient) refresh(h harm) {
	p.t.Helper()
	folder, err := store.OpenFolder(p.dir)
	check(p.t, err)
	defer folder.Close()
	log := journal.Open(folder, p.forge.keys)
	log.SetMarks(p.marks)
	problems, err := log.Refresh(context.Background())
	check(p.t, err)
	entries := log.Entries(0)
	for _, e := range entries {
		if !p.entries[e.Hash] {
			p.t.Errorf("%s: SILENT: an entry %x", h.name, e.Hash[:4])
		}
	}
	if len(entries) < len(p.entries) && len(problems) == 0 {
		p.t.Errorf("%s: SILENT: %d of %d entries", h.name, len(entries), len(p.entries))
	}
	for _, q := range problems {
		if text := q.Name + ": " + q.Err.Error(); !p.named(h, text) {
			p.t.Errorf("%s: names no object: %s", h.name, text)
		}
	}
}
