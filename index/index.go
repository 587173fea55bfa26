// Package index remembers where each chunk lies: in which pack, at which offset. It is a cache in local files that
// can always be made again from the packs.
//
// An index is a directory of segments. A segment is a bbolt file that never changes after it is published, so that any
// number of processes read it while others add: a process keeps what it adds in memory, and Publish makes a segment of
// that; it happens by itself after 64 Ki chunks. Segments are merged so that each is larger than all smaller ones
// together; their number stays logarithmic in the number of chunks.
//
// What always holds:
//   - A segment appears under its name only when it is complete and synced; a crash loses at most what was not published.
//   - No command's path iterates over entries: Open and Find cost the number of segments.
//   - Damage never crashes the process: a damaged segment is dropped and its packs are unknown from then on.
//   - Nothing of the user is in it but chunk names, pack names and numbers.
package index

import (
	"errors"
	"fmt"
	iofs "io/fs"
	"iter"
	"os"
	"sync"

	"bakfs/seal"
)

// ErrDamaged says that a segment was damaged and has been dropped: the packs it knew are to be learnt again. The same
// call made again does without it.
var ErrDamaged = errors.New("damaged")

// A Place is where a chunk lies.
type Place struct {
	Pack        seal.Hash
	Offset      uint32 // in the pack's plaintext
	Stored      uint32
	Raw         uint32
	Type        seal.ChunkType
	Compression uint8
	Verified    bool // this machine has checked the whole pack once, and it is not Damaged
	Damaged     bool // this machine has found the pack damaged
}

// An Entry is one chunk of a pack, as in the pack's directory.
type Entry struct {
	ID          seal.ID
	Offset      uint32
	Stored      uint32
	Raw         uint32
	Type        seal.ChunkType
	Compression uint8
}

// A Pack is what the index knows of a pack.
type Pack struct {
	Name     seal.Hash
	Size     int64
	Stream   uint8
	Verified bool
	Damaged  bool // set by MarkDamaged only; then it is not Verified
}

const (
	// tableEntries is how many chunks are kept in memory; each takes about 110 bytes there.
	tableEntries = 1 << 16

	// entryCost is about what a chunk takes in a segment.
	entryCost = 75
)

// An Index is open on a directory. All methods may be called at the same time, from this and other processes' indexes
// of the same directory.
type Index struct {
	dir string

	// writing is held by whoever adds, publishes or refreshes; it is taken before mu.
	writing sync.Mutex

	// mu is held for reading while table and segments are read, and for writing for moments only.
	mu       sync.RWMutex
	table    *table
	segments []*segment // largest first
	dropped  int
	closed   bool
}

// Open opens the index in dir, and makes dir if there is none. Damaged segments are dropped; see Dropped. What
// processes that have died left half written is removed.
func Open(dir string) (*Index, error) {
	_, err := os.Stat(dir) // asked first: of a disk that answers nothing MkdirAll says "file exists"
	if errors.Is(err, iofs.ErrNotExist) {
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	x := &Index{dir: dir, table: newTable()}
	if err := removeDead(dir); err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	if err := x.Refresh(); err != nil && !errors.Is(err, ErrDamaged) {
		x.closeAll()
		return nil, err
	}
	return x, nil
}

// Find returns where the chunk lies. Of several places it prefers one in a verified pack, and gives one in a damaged
// pack only if there is no other.
func (x *Index) Find(id seal.ID) (Place, bool, error) {
	var place Place
	var found bool
	err := x.each(func(r source) error {
		return r.places(&id, func(p Place) error {
			if place, found = p, true; p.Verified {
				return errStop
			}
			return nil
		})
	})
	if err != nil {
		return Place{}, false, err
	}
	if !found {
		return place, false, nil
	}
	if place.Verified {
		if m, _, err := x.latest(place.Pack); err != nil || !m.damaged {
			return place, err == nil, err
		}
	}
	places, err := x.Places(id)
	if err != nil || len(places) == 0 {
		return Place{}, false, err
	}
	return places[0], true, nil
}

// Places returns all places of the chunk, those in verified packs first and those in damaged ones last: where Find's
// turns out damaged or gone, another may do.
func (x *Index) Places(id seal.ID) ([]Place, error) {
	var places []Place
	err := x.each(func(r source) error {
		return r.places(&id, func(p Place) error {
			places = append(places, p)
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return x.order(places)
}

// order says of each place what the marks say of its pack, sorts them by that, and removes repetitions.
func (x *Index) order(places []Place) ([]Place, error) {
	seen := make(map[seal.Hash]bool)
	var first, rest, last []Place
	for _, p := range places {
		if seen[p.Pack] {
			continue
		}
		seen[p.Pack] = true
		known, ok, err := x.Pack(p.Pack)
		if err != nil {
			return nil, err
		}
		if ok {
			p.Verified, p.Damaged = known.Verified, known.Damaged
		}
		switch {
		case p.Damaged:
			last = append(last, p)
		case p.Verified:
			first = append(first, p)
		default:
			rest = append(rest, p)
		}
	}
	return append(append(first, rest...), last...), nil
}

// Pack returns what is known of a pack.
func (x *Index) Pack(name seal.Hash) (Pack, bool, error) {
	var pack Pack
	var found bool
	err := x.each(func(r source) error {
		p, ok, err := r.packNamed(&name)
		if err != nil || !ok {
			return err
		}
		if !found || p.Verified {
			pack, found = p, true
		}
		if pack.Verified {
			return errStop
		}
		return nil
	})
	if err != nil || !found {
		return Pack{}, false, err
	}
	m, marked, err := x.latest(name)
	if err != nil {
		return Pack{}, false, err
	}
	pack.judge(m, marked)
	return pack, true, nil
}

// Packs returns all packs, each once, in no order. An error comes last.
func (x *Index) Packs() iter.Seq2[Pack, error] {
	return func(yield func(Pack, error) bool) {
		packs := make(map[seal.Hash]Pack)
		marks := make(marksOf)
		err := x.each(func(r source) error {
			err := r.eachPack(func(p Pack) error {
				p.Verified = p.Verified || packs[p.Name].Verified
				packs[p.Name] = p
				return nil
			})
			return errors.Join(err, r.eachMark(marks.note))
		})
		for name, p := range packs {
			m, marked := marks[name]
			p.judge(m, marked)
			if !yield(p, nil) {
				return
			}
		}
		if err != nil {
			yield(Pack{}, err)
		}
	}
}

// Empty says that nothing was ever added, or that all of it is gone. It looks at no entry.
func (x *Index) Empty() bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.table.empty() && len(x.segments) == 0
}

// Dropped returns how many damaged segments were dropped since Open, and by it.
func (x *Index) Dropped() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.dropped
}

// A source is what each walks over: the table, or a reader of a segment.
type source interface {
	places(id *seal.ID, yield func(Place) error) error
	packNamed(name *seal.Hash) (Pack, bool, error)
	marked(name *seal.Hash) (mark, bool, error)
	lists
}

// lists are the packs by number, and the marks.
type lists interface {
	eachPack(fn func(Pack) error) error
	eachMark(fn func(name seal.Hash, m mark)) error
}

// errStop ends a walk over segments; the walk returns nil.
var errStop = errors.New("stop")

// each calls fn with the table and with a reader of every segment. Segments in which fn meets damage are dropped and
// ErrDamaged is returned.
func (x *Index) each(fn func(r source) error) error {
	bad, err := x.walk(fn)
	for _, s := range bad {
		x.drop(s)
	}
	return err
}

func (x *Index) walk(fn func(r source) error) (bad []*segment, err error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.closed {
		return nil, fmt.Errorf("index: %w", iofs.ErrClosed)
	}
	var damage error
	err = fn(x.table)
	read := func(r *reader) error { return fn(r) }
	for i := 0; err == nil && i < len(x.segments); i++ {
		s := x.segments[i]
		if err = s.view(read); errors.Is(err, ErrDamaged) {
			bad, damage, err = append(bad, s), fmt.Errorf("index: %w", err), nil
		}
	}
	if err != nil && err != errStop {
		return bad, fmt.Errorf("index: %w", err)
	}
	return bad, damage
}

// Add adds a pack and its chunks. Find sees them when Add returns, in other processes after Publish. Adding a pack
// again changes nothing but that it becomes verified if p.Verified says so. p.Damaged says nothing here.
func (x *Index) Add(p Pack, entries []Entry) error {
	p.Damaged = false
	if err := x.change(func(t *table) { t.add(p, entries) }); err != nil || !p.Verified {
		return err
	}
	return x.MarkVerified(p.Name)
}

func (x *Index) change(fn func(t *table)) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	x.mu.Lock()
	closed := x.closed
	if !closed {
		fn(x.table)
	}
	x.mu.Unlock()
	if closed {
		return fmt.Errorf("index: %w", iofs.ErrClosed)
	}
	if x.table.size() < tableEntries*entryCost {
		return nil
	}
	return x.publish()
}
