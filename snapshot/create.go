package snapshot

import (
	"context"
	"errors"
	"fmt"
	"path"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"bakfs/chunker"
	"bakfs/journal"
	"bakfs/seal"
	"bakfs/store"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

// Options say what Create makes a snapshot of. Sources and Keys are required.
type Options struct {
	Keys          *seal.Keys
	Sources       []string // absolute clean paths of files or folders; a last name that is a link is kept as a link
	Exclude       []string // patterns; see ParseExcludeFile. What a source names itself is never left out
	OneFileSystem bool     // folders of other file systems than their source's are kept empty
	ExcludeCaches bool     // of folders with a valid CACHEDIR.TAG, keep only that file
	Never         []string // folders left out whatever is asked: repository, state, cache
	Tags          []string
	DryRun        bool // read and count all, write nothing
	Reread        bool // read files again that look unchanged
	Progress      *Progress
	Now           func() time.Time             // nil: time.Now
	Warn          func(path string, err error) // nil: none. Called by one goroutine at a time
	Read          func(path string)            // nil: none. Told of each file whose content was read; calls may run at the same time
}

// Progress counts what a running Create or Restore has done. The caller makes one for each run and may
// read it at any time.
type Progress struct {
	Files, Bytes           atomic.Int64 // done
	TotalFiles, TotalBytes atomic.Int64 // known so far
	Total                  atomic.Bool  // the totals are complete
}

func (p *Progress) done(files, bytes int64) {
	if p != nil {
		p.Files.Add(files)
		p.Bytes.Add(bytes)
	}
}

func (p *Progress) total(files, bytes int64) {
	if p != nil {
		p.TotalFiles.Add(files)
		p.TotalBytes.Add(bytes)
	}
}

func (p *Progress) complete() {
	if p != nil {
		p.Total.Store(true)
	}
}

// A Result is what Create or a Builder did. Of a dry run, ID, Root and Stored are zero.
type Result struct {
	Info
	FilesNew, FilesChanged, FilesUnchanged uint64
	BytesRead                              uint64 // of files, from the sources
	Excluded                               uint64 // names left out on request
	Unstable                               uint64 // files that changed while they were read, twice
}

// Notes and reports that Warn gets beside the system's own errors.
var (
	ErrChanged  = errors.New("changed while it was read; what was read is kept")
	ErrLink     = errors.New("a link; it is kept itself, and not what it leads to")
	ErrVanished = errors.New("vanished before it could be read")
)

// Create makes a snapshot of the sources and enters it in the journal of d; the caller holds d's lock and has
// refreshed j. Nothing is entered that is not durable. What cannot be read is reported by Warn, counted in NotRead and
// left out (a folder is kept, empty). So is a whole source, which Sources of the result does not name then; the run
// fails only when no source is left. When Create returns, all it started has ended.
func Create(ctx context.Context, st *store.Store, j *journal.Journal, d *seal.Device, o Options) (Result, error) {
	c, err := newCreator(st, o)
	if err != nil {
		return Result{}, err
	}
	start := c.now()
	infos, _ := List(j) // what cannot be understood is no parent
	c.findParents(ctx, infos, d.ID)
	root, err := c.run(ctx)
	if err != nil {
		return Result{}, err
	}
	r := c.result()
	r.Start, r.Time, r.Device = start, start, d.ID
	r.End = c.now()
	if o.DryRun {
		r.Stored = 0
		return r, nil
	}
	r.Root = root
	if err := (book{st, j, d}).enter(ctx, &r.Info, r.End, c.note); err != nil {
		return Result{}, err
	}
	return r, nil
}

// A creator is one run of Create.
type creator struct {
	Options
	st      *store.Store
	cutter  *chunker.Cutter
	exclude *excluder
	never   map[inode]bool
	names   owners
	links   links
	readers sync.Pool // of *fileReader
	wanted  *wanted
	parents *nodes // of parent snapshots
	put     sink   // counts, and writes to st unless the run is dry
	n       counters

	files  *errgroup.Group // reads files; its tasks wait for nothing but the store
	trees  *errgroup.Group // walks folders while there is room, else their parent does it
	cancel context.CancelCauseFunc
	warn   sync.Mutex // held while Warn runs

	gone lostSources

	reading func(path string)     // tests: called between the first look at a file and the last
	seen    func(st *unix.Stat_t) // tests: changes what the system says of a file
	listed  func(d *dir) error    // tests: what goes wrong behind the names that were listed
	unkept  error                 // tests: why not all extended attributes of files can be kept
}

// An inode is a file of this machine.
type inode struct{ dev, ino uint64 }

func newCreator(st *store.Store, o Options) (*creator, error) {
	if o.Keys == nil || len(o.Sources) == 0 {
		return nil, errors.New("snapshot: Keys and at least one source are required")
	}
	c := &creator{Options: o, st: st, cutter: chunker.NewCutter(o.Keys.CutKey()), never: map[inode]bool{}, parents: newNodes(st, nodeCacheBytes)}
	c.links.m = map[inode]*link{}
	c.readers.New = func() any { return c.newFileReader() }
	var err error
	if c.exclude, err = newExcluder(o.Exclude); err != nil {
		return nil, err
	}
	for _, dir := range o.Never {
		var s unix.Stat_t
		if unix.Stat(dir, &s) == nil {
			c.never[inode{uint64(s.Dev), s.Ino}] = true
		}
	}
	if c.wanted, err = newWanted(o.Sources); err != nil {
		return nil, err
	}
	if err := (Info{Root: seal.ID{1}, Sources: sortedSet(o.Sources), Tags: sortedSet(o.Tags)}).check(); err != nil {
		return nil, err
	}
	c.put = newTally(st, o.Keys, o.DryRun, &c.n)
	for _, p := range o.Sources {
		if err := c.checkSource(p); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// checkSource refuses a source that lies in a folder that is never backed up.
func (c *creator) checkSource(p string) error {
	for up := p; ; up = path.Dir(up) {
		var s unix.Stat_t
		if unix.Stat(up, &s) == nil && c.never[inode{uint64(s.Dev), s.Ino}] {
			return fmt.Errorf("source %s: it is or lies in a folder of bakfs itself (%s)", p, up)
		}
		if up == "/" {
			return nil
		}
	}
}

func (c *creator) now() time.Time { return clock(c.Now) }

// run walks all sources and returns the root of the new tree.
func (c *creator) run(ctx context.Context) (seal.ID, error) {
	ctx, c.cancel = context.WithCancelCause(ctx)
	counted := make(chan struct{})
	go func() {
		defer close(counted)
		if c.Progress != nil {
			c.count(ctx)
		}
	}()
	defer func() {
		c.cancel(nil)
		<-counted
	}()
	c.files, c.trees = new(errgroup.Group), new(errgroup.Group)
	c.files.SetLimit(2 * runtime.GOMAXPROCS(0))
	c.trees.SetLimit(runtime.GOMAXPROCS(0))
	root, err := c.saveRoot(ctx)
	c.trees.Wait()
	c.files.Wait()
	if ctx.Err() != nil {
		return seal.ID{}, context.Cause(ctx) // what went wrong first; err is what followed from it
	}
	if err == nil {
		err = c.gone.all(c.Sources)
	}
	return root, err
}

// result sums up a run; the caller adds what the journal knows.
func (c *creator) result() Result {
	r := c.n.result()
	r.Sources, r.Tags = c.gone.without(sortedSet(c.Sources)), sortedSet(c.Tags)
	return r
}

func sortedSet(list []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(list)))
}

// report tells of a file that is not, or not wholly, in the snapshot.
func (c *creator) report(path string, err error) {
	c.n.notRead.Add(1)
	c.note(path, err)
}

// note tells of something that a person may want to know and that is no error.
func (c *creator) note(path string, err error) {
	if c.Warn == nil {
		return
	}
	c.warn.Lock()
	defer c.warn.Unlock()
	c.Warn(path, err)
}
