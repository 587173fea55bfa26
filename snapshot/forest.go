package snapshot

import (
	"context"
	"errors"
	iofs "io/fs"
	"slices"
	"sync"
	"time"

	"bakfs/journal"
	"bakfs/seal"
	"bakfs/store"
)

// refreshEvery is how often, at most, reading a mount looks for new snapshots.
const refreshEvery = time.Second

// A Forest is the whole mount: every snapshot of a repository, and the newest state of every source. New
// snapshots appear by themselves. One that is damaged hides no other. All calls may run at the same time.
type Forest struct {
	// Location is the time zone of snapshots' names; nil: local. Log is told, once each, what is wrong with the
	// journal, and which snapshot files/ passes over because it cannot be read; nil: nobody is. Both are set
	// before the first use.
	Location *time.Location
	Log      func(path string, err error)

	// Top and Beside add directories that somebody else computes: Top beside files/ and snapshots/, asked once for each set
	// of snapshots (oldest first), and Beside in the folder of one snapshot, asked once for each. They are called when
	// somebody looks into the place, read nothing, and keep nothing of a set that is replaced. The trees they are given stand for "/", as Open's, and are
	// shown nowhere else. nil: none. Both are set before the first use.
	Top    func(infos []Info, open func(Info) iofs.FS) []ExtraDir
	Beside func(info Info, tree iofs.FS) []ExtraDir

	nodes *nodes
	log   log
	now   func() time.Time

	mu      sync.Mutex // guards what follows
	state   *state     // nil until the first refresh
	last    time.Time  // of the last refresh that was not cancelled
	running *refresh
	told    map[string]bool // what Log knows
	extra   map[seal.Hash]*extras
}

// A log is the journal, or a fake that breaks.
type log interface {
	Refresh(ctx context.Context) ([]journal.Problem, error)
	Entries(kind journal.Kind) []journal.Entry
}

// A refresh under way. err may be read when done is closed.
type refresh struct {
	done chan struct{}
	err  error
}

// A state is what one look at the journal found. It does not change, but remembers what files/ chose.
type state struct {
	infos  []Info   // oldest first
	names  []string // of infos, in snapshots/
	byName map[string]int
	root   *spot // of files/
	extras *extras
	time   int64  // when the last one came, whatever its date: what made-up directories show
	bytes  uint64 // what totals says
	files  uint64
}

// NewForest makes the mount of a repository. It reads nothing yet.
func NewForest(st *store.Store, j *journal.Journal) *Forest { return newForest(st, j) }

func newForest(st source, l log) *Forest {
	return &Forest{nodes: newNodes(st, nodeCacheBytes), log: l, now: time.Now, told: make(map[string]bool), extra: make(map[seal.Hash]*extras)}
}

// FS is the mount's root, with the same powers as the FS of Open. The directories that list snapshots and
// sources are volatile.
func (f *Forest) FS() iofs.FS { return view{context.Background(), forestRoot{f}} }

// Refresh looks for new snapshots now. Callers at the same time share one look. If ctx ends first, the
// next caller looks again, so nothing is missed.
func (f *Forest) Refresh(ctx context.Context) error {
	for {
		f.mu.Lock()
		r := f.running
		if r == nil {
			break
		}
		f.mu.Unlock()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-r.done:
		}
		if !cancelled(r.err) {
			return r.err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	r := &refresh{done: make(chan struct{})}
	f.running = r
	f.mu.Unlock()

	return f.run(ctx, r)
}

// errPanic is what those get who wait for a look that panics. The panic itself goes to the one who looks.
var errPanic = errors.New("the look for new snapshots ended in a panic")

// run looks, and lets go those who wait for it whatever happens.
func (f *Forest) run(ctx context.Context, r *refresh) error {
	r.err = errPanic // unless look returns
	defer func() {
		f.mu.Lock()
		f.running = nil
		if !cancelled(r.err) && r.err != errPanic {
			f.last = f.now()
		}
		f.mu.Unlock()
		close(r.done)
	}()
	err := f.look(ctx)
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	r.err = err
	return err
}

func cancelled(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// look reads the journal. What is known is shown even if a part could not be read. The state is made anew
// whenever it differs from the journal, not only when this call found news: an earlier, cancelled one may have.
func (f *Forest) look(ctx context.Context) error {
	problems, err := f.log.Refresh(ctx)
	for _, p := range problems {
		f.tell(p.Name, p.Err)
	}
	infos, errs := listInfos(f.log.Entries(journal.Snapshot))
	for _, err := range errs {
		f.tell("journal", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	same := func(a, b Info) bool { return a.ID == b.ID }
	if f.state == nil || !slices.EqualFunc(f.state.infos, infos, same) {
		f.state = newState(infos, f.location())
		f.state.extras = f.atTop(f.state)
	}
	return err
}

func (f *Forest) location() *time.Location {
	if f.Location != nil {
		return f.Location
	}
	return time.Local
}

// tell logs what has not been logged yet.
func (f *Forest) tell(path string, err error) {
	if f.Log == nil || cancelled(err) {
		return
	}
	key := path + "\x00" + err.Error()
	f.mu.Lock()
	known := f.told[key]
	if len(f.told) >= 10_000 {
		clear(f.told) // rather twice than without bound
	}
	f.told[key] = true
	f.mu.Unlock()
	if !known {
		f.Log(path, err)
	}
}

// fresh is the state, looked for again if the last look is a second ago. A look that fails is logged and the
// old state stays.
func (f *Forest) fresh(ctx context.Context) (*state, error) {
	f.mu.Lock()
	due := f.state == nil || f.now().Sub(f.last) >= refreshEvery
	f.mu.Unlock()
	if due {
		err := f.Refresh(ctx)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			f.tell("journal", err)
		}
	}
	return f.known(), nil
}

// known is the state as it is.
func (f *Forest) known() *state {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.state == nil {
		s := newState(nil, time.UTC)
		s.extras = f.atTop(s)
		return s
	}
	return f.state
}

func newState(infos []Info, where *time.Location) *state {
	s := &state{infos: infos, names: Names(infos, where), byName: make(map[string]int, len(infos))}
	for i, name := range s.names {
		s.byName[name] = i
	}
	s.root = newSpots(infos)
	for i, info := range infos {
		if t := info.Time.UnixNano(); i == 0 || t > s.time {
			s.time = t
		}
	}
	s.bytes, s.files = totals(infos)
	return s
}

// totals is how much the newest state of everything is: the snapshots that are the newest of one of their device's
// sources. Where such a source lies inside another, what is in both counts twice: an Info says nothing of its parts.
func totals(infos []Info) (bytes, files uint64) {
	type place struct {
		kind   SourceKind
		device seal.DeviceID
		source string
	}
	seen := map[place]bool{}
	for _, i := range slices.Backward(infos) {
		newest := false
		for _, s := range i.Sources {
			p := place{i.Kind, i.Device, s}
			newest = newest || !seen[p]
			seen[p] = true
		}
		if newest {
			bytes += i.Bytes
			files += i.Files + i.Dirs + i.Others
		}
	}
	return bytes, files
}

// madeKey is the inode key of what stands in no snapshot.
func madeKey(path string) inodeKey { return rootKey("mount", seal.Hash{}).child(path) }

// made is an item that stands in no snapshot, at path below the mount.
func made(path string, e *Entry, at directory) *item {
	e.Nlink = 1
	e.CTime = e.MTime
	if e.Mode == 0 {
		e.Mode = 0o444
	}
	e.Size = int64(len(e.Inline))
	if e.Kind == Dir {
		e.Mode = 0o555
	}
	it := &item{info: newInfo(e, madeKey(path).inode()), entry: e, dir: at}
	if e.Kind == Dir {
		it.info.stat.Size, it.info.stat.Blocks = 4096, 8
	}
	return it
}
