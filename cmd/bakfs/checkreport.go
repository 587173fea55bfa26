package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"bakfs/journal"
	"bakfs/seal"
	"bakfs/store"
)

// What is wrong with something.
type problemKind int

const (
	isDamaged problemKind = iota // wrong bytes, or gone for good
	isAbsent                     // not here now, and perhaps only that
)

func (k problemKind) String() string {
	if k == isAbsent {
		return "not synced"
	}
	return "damaged"
}

// kindOfProblem tells what waiting can mend from what it cannot.
func kindOfProblem(err error) problemKind {
	for _, absent := range []error{journal.ErrPending, store.ErrOffline, store.ErrNotSynced, store.ErrMissing} {
		if errors.Is(err, absent) {
			return isAbsent
		}
	}
	return isDamaged
}

// A problem is an object of the repository that cannot be used, and what it harms.
type problem struct {
	object string // path in the folder
	kind   problemKind
	err    error
	files  map[string]*harm // by path
}

// A harm is a file or folder that is not whole, and the snapshots in which it is not.
type harm struct {
	folder    bool
	snapshots []string
}

func (q *problem) harm(path string, folder bool, snapshot string) {
	if q.files == nil {
		q.files = make(map[string]*harm)
	}
	h := q.files[path]
	if h == nil {
		h = &harm{}
		q.files[path] = h
	}
	h.folder = h.folder || folder
	if !slices.Contains(h.snapshots, snapshot) {
		h.snapshots = append(h.snapshots, snapshot)
	}
}

// problems are all, the journal's first, then the packs' by name.
func (c *checker) problems() []*problem {
	all := slices.Clone(c.journal)
	bad := slices.Collect(maps.Values(c.bad))
	slices.SortFunc(bad, func(a, b *problem) int { return strings.Compare(a.object, b.object) })
	all = append(all, bad...)
	if c.unknown != nil {
		all = append(all, c.unknown)
	}
	return all
}

type jsonHarm struct {
	Path      string   `json:"path"`
	PathRaw   string   `json:"path_base64,omitempty"`
	Folder    bool     `json:"folder,omitempty"`
	Snapshots []string `json:"snapshots"`
}

type jsonProblem struct {
	Type   string     `json:"type"`
	Object string     `json:"object"`
	Kind   string     `json:"kind"`
	Error  string     `json:"error"`
	Files  []jsonHarm `json:"files"`
}

type jsonCheck struct {
	Type      string `json:"type"`
	Devices   int    `json:"devices"`
	Entries   int    `json:"entries"`
	Packs     int    `json:"packs"`
	Bytes     int64  `json:"bytes"`
	Read      int    `json:"packs_read"`
	Snapshots int    `json:"snapshots"`
	Whole     int    `json:"snapshots_whole"`
	Ignored   int    `json:"ignored"`
	// Files of runs that were cut off, or are under way.
	Unfinished int `json:"unfinished"`
	Problems   int `json:"problems"`
}

// print writes the report on stdout.
func (c *checker) print() error {
	var bytes int64
	for _, pack := range c.packs {
		bytes += pack.size
	}
	all := c.problems()
	devices, entries := len(c.r.journal.Devices()), len(c.r.journal.Entries(0))
	if c.p.json {
		for _, q := range all {
			if err := c.p.line(q.json()); err != nil {
				return err
			}
		}
		return c.p.line(jsonCheck{"summary", devices, entries, len(c.packs), bytes, c.read, len(c.infos), c.reached, len(c.ignored), c.unfinished, len(all)})
	}
	for _, q := range all {
		c.printProblem(q)
	}
	for _, name := range c.ignored {
		c.p.detail("%s is not part of the repository and is ignored: %s", quote(name), store.Foreign(name))
	}
	if c.p.quiet {
		return nil
	}
	c.p.printf("journal    %s of %s\n", count(uint64(entries), "entry", "entries"), count(uint64(devices), "device", "devices"))
	c.p.printf("packs      %s, %s; %s read whole\n", number(uint64(len(c.packs))), bytesOf(bytes), number(uint64(c.read)))
	c.p.printf("snapshots  %s, %s whole\n", number(uint64(len(c.infos))), number(uint64(c.reached)))
	if len(c.ignored) > 0 {
		c.p.printf("ignored    %s that %s not of bakfs (-v names them)\n", count(uint64(len(c.ignored)), "file", "files"),
			map[bool]string{true: "is", false: "are"}[len(c.ignored) == 1])
	}
	if c.unfinished > 0 {
		c.p.printf("unfinished %s, %s: of runs that were cut off, or are under way; the next backup of the same device removes its own\n",
			count(uint64(c.unfinished), "file", "files"), bytesOf(c.unfinishedBytes))
	}
	if len(all) == 0 {
		c.p.printf("no errors were found\n")
	}
	return nil
}

// shownFiles is how many files of a problem are named without -v.
const shownFiles = 20

func (c *checker) printProblem(q *problem) {
	c.p.printf("%s: %s: %s\n", q.kind, quote(q.object), plain(q.err.Error()))
	paths := slices.Sorted(maps.Keys(q.files))
	for i, path := range paths {
		if i == shownFiles && !c.p.verbose {
			c.p.printf("  and %s more (-v names all)\n", number(uint64(len(paths)-i)))
			break
		}
		what := ""
		if q.files[path].folder {
			what = " (and what the folder holds)"
		}
		c.p.printf("  %s%s in %s\n", quote(path), what, strings.Join(q.files[path].snapshots, ", "))
	}
}

func (q *problem) json() jsonProblem {
	j := jsonProblem{Type: "problem", Object: q.object, Kind: q.kind.String(), Error: q.err.Error(), Files: []jsonHarm{}}
	for _, path := range slices.Sorted(maps.Keys(q.files)) {
		j.Files = append(j.Files, jsonHarm{path, raw(path), q.files[path].folder, q.files[path].snapshots})
	}
	return j
}

// distrust makes sure that backups count on none of the packs that are here and damaged, also where reading has not
// told the store so: a header is looked at without it.
func (c *checker) distrust() error {
	var names []seal.Hash
	for _, pack := range c.packs {
		if q := c.bad[pack.name]; q != nil && q.kind == isDamaged {
			names = append(names, pack.name)
		}
	}
	return c.store.Distrust(names...)
}

// remedy says what becomes of what is lost. It is true once distrust has worked.
func (c *checker) remedy() string {
	switch err := c.distrust(); {
	case err != nil:
		return "`bakfs rebuild-index`, then `bakfs backup` of the same files, stores again what is lost"
	case c.reached == len(c.infos) && len(c.journal) == 0:
		return "no snapshot needs the damaged packs: what is in use of them is in others too"
	}
	return "the next `bakfs backup` of the same files stores again what is lost"
}

// verdict is the error of the whole check.
func (c *checker) verdict() error {
	damaged, absent := 0, 0
	for _, q := range c.problems() {
		if q.kind == isDamaged {
			damaged++
		} else {
			absent++
		}
	}
	whole := fmt.Sprintf("%d of %d snapshots are whole", c.reached, len(c.infos))
	switch {
	case damaged > 0:
		return fail(exitDamaged, fmt.Errorf("%s found; %s", count(uint64(damaged), "damage was", "damages were"), whole),
			"look for intact copies of the objects named above: in the trash or the versions of the cloud, or on another device",
			c.remedy())
	case absent > 0:
		return fail(exitNotSynced, fmt.Errorf("the repository is not completely synced; %s", whole),
			"wait until the sync program has fetched everything, then check again")
	}
	return nil
}
