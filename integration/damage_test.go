package integration

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"testing"

	"bakfs/seal"
)

// Block borders of a sealed file (FORMAT.md section 5).
const (
	objectHead  = 88
	sealedBlock = 16400
)

// isSmall says that the long form tries every byte of a file, and every length.
func isSmall(size int) bool { return *everyFault || *long && size <= 4096 }

// offsets of a file that are worth a flip: header, salt, commitment, and in each block
// three bytes and the tag; of a small file all. one in every is taken of them.
func offsets(size, every int) (all []int) {
	mark := map[int]bool{}
	for i := range size {
		in := (i - objectHead) % sealedBlock
		tag := i >= objectHead && (in >= sealedBlock-16 || i >= size-16)
		if isSmall(size) || i < objectHead || tag || i >= objectHead && (in == 0 || in == 7_000 || in == sealedBlock-17) {
			mark[i] = true
		}
	}
	for i := range size {
		if mark[i] {
			all = append(all, i)
		}
	}
	kept := all[:0]
	for n, i := range all {
		if n%every == 0 {
			kept = append(kept, i)
		}
	}
	return kept
}

// fitted is the harm that puts data under the name that it ought to have at the place
// of an object: so its name's hash does not give it away.
func (p *patient) fitted(name string, data []byte) harm {
	h := harm{name + " fitted", map[string][]byte{name: nil}}
	if strings.HasPrefix(name, "packs/") {
		h.files[nameOf(seal.Place{Class: seal.ClassPack}, data)] = data
		return h
	}
	seq, err := strconv.ParseUint(path.Base(name)[:10], 10, 64)
	check(p.t, err)
	h.files[entryName(path.Base(path.Dir(name)), seq, data)] = data
	return h
}

// both are a harm as it is, and with the fitting name.
func (p *patient) both(what, name string, data []byte) {
	p.t.Helper()
	p.suffer(harm{name + " " + what, map[string][]byte{name: data}})
	h := p.fitted(name, data)
	h.name += " " + what
	p.suffer(h)
}

// share says how many cases of a kind are left out in the forms of the test.
func share(few, many int) int {
	switch {
	case *everyFault:
		return 1
	case *long:
		return many
	}
	return few
}

func TestFlippedBytes(t *testing.T) {
	t.Parallel()
	p := newPatient(t)
	for _, name := range p.names {
		whole := p.files[name]
		for n, at := range offsets(len(whole), share(23, 1)) {
			for m, mask := range []byte{0x01, 0x80, 0xff} {
				if share(0, 1) == 0 && n%3 != m {
					continue
				}
				data := slices.Clone(whole)
				data[at] ^= mask
				p.both(fmt.Sprintf("byte %d xor %02x", at, mask), name, data)
			}
		}
	}
	p.done(t)
}

// done says how much was done, and that it took no more memory than it may.
func (p *patient) done(t *testing.T) {
	sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(sample)
	used := sample[0].Value.Uint64() - sample[1].Value.Uint64()
	t.Logf("%d cases of %d files; the process holds %d MiB", p.cases, len(p.names), used>>20)
	if used > 512<<20 && !raceDetector {
		t.Errorf("%d MiB of memory", used>>20)
	}
}

func TestTruncatedAndExtended(t *testing.T) {
	t.Parallel()
	p := newPatient(t)
	for i, name := range p.names {
		whole := p.files[name]
		var sizes []int
		for _, border := range []int{0, 32, 56, objectHead, len(whole) / 2, len(whole)} {
			sizes = append(sizes, border-1, border, border+1)
		}
		for at := objectHead; at < len(whole); at += sealedBlock {
			sizes = append(sizes, at-1, at, at+1)
		}
		if isSmall(len(whole)) {
			for n := range len(whole) {
				sizes = append(sizes, n)
			}
		}
		slices.Sort(sizes)
		sizes = slices.Compact(sizes)
		for n, size := range sizes {
			if size >= 0 && size < len(whole) && (n+i)%share(4, 1) == 0 {
				p.both(fmt.Sprintf("cut to %d", size), name, whole[:size:size])
			}
		}
		for n, more := range []int{1, 16, sealedBlock, len(whole)} {
			if (n+i)%share(2, 1) == 0 {
				p.both(fmt.Sprintf("longer by %d", more), name, append(whole[:len(whole):len(whole)], make([]byte, more)...))
			}
		}
	}
	p.done(t)
}

func TestDeletedEmptiedSwapped(t *testing.T) {
	t.Parallel()
	p := newPatient(t)
	for i, name := range p.names {
		p.suffer(harm{name + " deleted", map[string][]byte{name: nil}})
		p.suffer(harm{name + " emptied", map[string][]byte{name: {}}})
		p.suffer(harm{name + " zeroed", map[string][]byte{name: make([]byte, len(p.files[name]))}})
		for _, other := range p.names[i+1:] {
			if a, b := p.files[name], p.files[other]; len(a) == len(b) {
				p.suffer(harm{name + " swapped with " + other, map[string][]byte{name: b, other: a}})
			}
		}
	}
	p.done(t)
}

// Old files, files of another repository of the same recovery key, of another class
// and of another epoch, at the places of good ones.
func TestReplacedByOthers(t *testing.T) {
	t.Parallel()
	p := newPatient(t)
	twin := newForge(t, p.forge.key)
	src := smallSource(t)
	twin.backup(src)
	twin.backup(src)
	var others [][]byte
	for _, full := range filesOf(t, twin.dir) {
		if b, err := os.ReadFile(full); err == nil && filepath.Base(full) != "README.txt" {
			others = append(others, b)
		}
	}
	for _, name := range p.names { // of any class, older and newer ones
		others = append(others, p.files[name])
	}
	for i, name := range p.names {
		for n, data := range others {
			if same := len(data) == len(p.files[name]); string(data) == string(p.files[name]) || !same && (n+i)%share(15, 1) != 0 {
				continue
			}
			p.both(fmt.Sprintf("replaced by another, %d", n), name, data)
		}
		for at, value := range map[int]byte{5: 2, 6: 3 - p.files[name][6], 7: 1, 11: 1, 10: 3, 8: 0xff, 28: 1} { // version, class, flags, epoch, reserved
			data := slices.Clone(p.files[name])
			data[at] = value
			p.both(fmt.Sprintf("header byte %d is %d", at, value), name, data)
		}
	}
	p.done(t)
}
