package journal

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"

	"bakfs/seal"
)

// A view is what the logs say together. It is never changed once it is shown.
type view struct {
	entries  []Entry
	devices  []Log
	problems []Problem
	foreign  []string
}

// A chain is one device's log in order. Of a fork all versions are in it, the
// one with the smallest hash first.
type chain struct {
	pseudonym seal.Pseudonym
	device    seal.DeviceID
	files     []*file         // verified, by number, then hash
	closed    map[string]bool // files that are in the folder, but refused or not readable, by name
	closedAt  map[uint64]bool // their numbers
	unlisted  bool            // nothing can be said of what is missing
	mark      mark
	marked    bool
}

func (c *chain) close(p place) {
	c.closed[p.file()] = true
	c.closedAt[p.seq] = true
}

// rebuild shows the logs as they now are. It needs the turn.
func (j *Journal) rebuild(foreign []string) {
	slices.Sort(foreign)
	if j.built && slices.Equal(foreign, j.view.foreign) {
		return
	}
	b := builder{keys: j.keys, unlisted: j.unlisted, chains: make(map[seal.Pseudonym]*chain)}
	for _, l := range j.logs {
		b.addLog(l)
	}
	for d, m := range j.marks {
		c := b.chain(j.keys.Pseudonym(d))
		c.device, c.mark, c.marked = d, m, true
	}
	for _, f := range j.shut {
		b.chain(f.place.pseudonym).close(f.place)
	}
	v := b.view()
	v.foreign = foreign
	for _, c := range b.chains {
		if m, ok := c.newMark(); ok {
			mergeMarks(j.marks, map[seal.DeviceID]mark{c.device: m})
		}
	}
	j.mu.Lock()
	j.view = v
	j.mu.Unlock()
	j.chains, j.built = b.chains, true
}

type builder struct {
	keys     *seal.Keys
	unlisted map[string]bool
	chains   map[seal.Pseudonym]*chain
	problems []Problem
	pending  map[seal.DeviceID]Seen
}

func (b *builder) chain(p seal.Pseudonym) *chain {
	c := b.chains[p]
	if c == nil {
		c = &chain{pseudonym: p, closed: make(map[string]bool), closedAt: make(map[uint64]bool)}
		c.unlisted = b.unlisted[p.String()]
		b.chains[p] = c
	}
	return c
}

func (b *builder) report(name string, format string, args ...any) {
	b.problems = append(b.problems, Problem{name, fmt.Errorf(format, args...)})
}

// addLog takes the files of a log apart into verified and refused. The first
// entry's key is the device's: another one, though certified, is refused.
func (b *builder) addLog(l *log) {
	c := b.chain(l.pseudonym)
	for _, f := range l.files {
		if f.err != nil {
			if !errors.Is(f.err, ErrForeign) {
				c.close(f.place)
			}
			b.problems = append(b.problems, Problem{f.place.path(), f.err})
			continue
		}
		c.files = append(c.files, f)
		c.device = f.entry.Device
	}
	slices.SortFunc(c.files, func(x, y *file) int {
		return cmp.Or(cmp.Compare(x.entry.Seq, y.entry.Seq), bytes.Compare(x.entry.Hash[:], y.entry.Hash[:]))
	})
	c.files = slices.DeleteFunc(c.files, func(f *file) bool {
		if f.public == c.files[0].public {
			return false
		}
		c.close(f.place)
		b.report(f.place.path(), "certificate: is for another key than the device's first one: %w", seal.ErrTampered)
		return true
	})
}

// checkChain finds forks, breaks, gaps and entries that are gone.
func (b *builder) checkChain(c *chain) {
	var next uint64 // the number that should come
	for i, f := range c.files {
		e := &f.entry
		if !f.present {
			b.report(f.place.path(), "entry %d: %w", e.Seq, ErrVanished)
		}
		if i > 0 && c.files[i-1].entry.Seq == e.Seq {
			b.report(f.place.path(), "entry %d is also %s: %w", e.Seq, c.files[i-1].place.file(), ErrFork)
		} else if e.Seq > next {
			b.gap(c, next, e)
		}
		if before := c.at(e.Seq - 1); e.Seq > 0 && len(before) > 0 && !follows(e, before) {
			b.report(f.place.path(), "entry %d follows %s, but the folder has %s: %w", e.Seq,
				placeOf(c.pseudonym, e.Seq-1, e.Prev).file(), before[0].place.file(), ErrFork)
		}
		next = e.Seq + 1
	}
}

// gap reports that from … e.Seq−1 are missing, apart from those that are there
// but refused.
func (b *builder) gap(c *chain, from uint64, e *Entry) {
	for to := e.Seq; from < to; {
		if c.closedAt[from] {
			from++
			continue
		}
		vanished := c.marked && from < c.mark.whole
		end := from + 1
		for end < to && !c.closedAt[end] && vanished == (c.marked && end < c.mark.whole) {
			end++
		}
		name := path.Join("journal", c.pseudonym.String())
		if end == to {
			name = placeOf(c.pseudonym, end-1, e.Prev).path()
		}
		err := ErrPending
		if vanished {
			err = ErrVanished
		}
		b.report(name, "%s missing before entry %d: %w", numbers(from, end-1), e.Seq, err)
		from = end
	}
}

func numbers(from, to uint64) string {
	if from == to {
		return fmt.Sprintf("entry %d is", from)
	}
	return fmt.Sprintf("entries %d to %d are", from, to)
}

// checkMark compares a log with what was seen of it in earlier runs.
func (b *builder) checkMark(c *chain) {
	p := placeOf(c.pseudonym, c.mark.seq, c.mark.hash)
	if !c.marked || c.unlisted || c.closed[p.file()] || c.has(c.mark.seq, c.mark.hash) {
		return
	}
	if here := c.at(c.mark.seq); len(here) > 0 {
		b.report(here[0].place.path(), "entry %d was %s before: %w", c.mark.seq, p.file(), ErrFork)
		return
	}
	b.report(p.path(), "entry %d: %w", c.mark.seq, ErrVanished)
}

// checkSeen compares what a device saw of the others with their logs.
func (b *builder) checkSeen(c *chain) {
	for _, f := range c.files {
		for _, s := range f.entry.Seen {
			b.checkOneSeen(f, s)
		}
	}
}

func (b *builder) checkOneSeen(f *file, s Seen) {
	other := b.chain(b.keys.Pseudonym(s.Device))
	p := placeOf(other.pseudonym, s.Seq, s.Hash)
	if other.unlisted || other.closed[p.file()] || other.has(s.Seq, s.Hash) {
		return
	}
	if here := other.at(s.Seq); len(here) > 0 {
		b.report(here[0].place.path(), "entry %d is %s for %s: %w", s.Seq, p.file(), f.place.path(), ErrFork)
		return
	}
	if other.marked && s.Seq <= other.mark.seq || len(other.files) > 0 && s.Seq < other.last().entry.Seq {
		return // told by checkMark or as a gap
	}
	if b.pending == nil {
		b.pending = make(map[seal.DeviceID]Seen)
	}
	if old, ok := b.pending[s.Device]; !ok || s.Seq > old.Seq {
		b.pending[s.Device] = s
	}
}

// view makes all checks that concern several entries, and the sorted lists.
func (b *builder) view() view {
	for _, c := range b.chains {
		b.checkChain(c)
		b.checkMark(c)
		b.checkSeen(c)
	}
	var v view
	for _, s := range b.pending {
		b.report(placeOf(b.keys.Pseudonym(s.Device), s.Seq, s.Hash).path(),
			"entry %d was seen by another device: %w", s.Seq, ErrPending)
	}
	for _, c := range b.chains {
		if len(c.files) == 0 {
			continue
		}
		for _, f := range c.files {
			v.entries = append(v.entries, f.entry)
		}
		last := c.last().entry
		v.devices = append(v.devices, Log{Device: c.device, Name: last.Name, Last: last, N: len(c.files)})
	}
	if len(v.devices) > maxDevices {
		b.report("journal", "%d devices, more than %d: %w", len(v.devices), maxDevices, seal.ErrTampered)
	}
	slices.SortFunc(v.entries, compareEntries)
	slices.SortFunc(v.devices, func(x, y Log) int { return bytes.Compare(x.Device[:], y.Device[:]) })
	v.problems = distinct(b.problems)
	return v
}

// distinct sorts problems by name and words and drops what is told twice.
func distinct(list []Problem) []Problem {
	slices.SortFunc(list, func(x, y Problem) int {
		return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.Err.Error(), y.Err.Error()))
	})
	return slices.CompactFunc(list, func(x, y Problem) bool { return x.Name == y.Name && x.Err.Error() == y.Err.Error() })
}

// at returns the verified entries of one number, usually one.
func (c *chain) at(seq uint64) []*file {
	i, _ := slices.BinarySearchFunc(c.files, seq, func(f *file, n uint64) int { return cmp.Compare(f.entry.Seq, n) })
	end := i
	for end < len(c.files) && c.files[end].entry.Seq == seq {
		end++
	}
	return c.files[i:end]
}

func (c *chain) has(seq uint64, h seal.Hash) bool {
	return slices.ContainsFunc(c.at(seq), func(f *file) bool { return f.entry.Hash == h })
}

// last is the newest entry; of a fork the first version.
func (c *chain) last() *file { return c.at(c.files[len(c.files)-1].entry.Seq)[0] }

func follows(e *Entry, before []*file) bool {
	return slices.ContainsFunc(before, func(f *file) bool { return f.entry.Hash == e.Prev })
}

// newMark is the mark that c gives; false: it stays as it is. It never leaves a
// log whose marked entry is not there, and never enters a fork: the alarm of
// today must be one tomorrow.
func (c *chain) newMark() (mark, bool) {
	if len(c.files) == 0 || c.marked && !c.present(c.mark.seq, c.mark.hash) {
		return mark{}, false
	}
	var whole uint64
	for i, f := range c.files {
		if i > 0 && c.files[i-1].entry.Seq == f.entry.Seq {
			return mark{}, false
		}
		if f.entry.Seq == whole {
			whole++
		}
	}
	last := c.last().entry
	return mark{seq: last.Seq, hash: last.Hash, whole: max(whole, c.mark.whole)}, true
}

func (c *chain) present(seq uint64, h seal.Hash) bool {
	return slices.ContainsFunc(c.at(seq), func(f *file) bool { return f.entry.Hash == h && f.present })
}
