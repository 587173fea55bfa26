package snapshot

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"os"
	"path"
	"runtime"
	"sync"
	"sync/atomic"

	"bakfs/seal"
	"bakfs/store"

	"golang.org/x/sync/errgroup"
)

// RestoreOptions say how Restore writes. The zero value makes new files, as the person who runs it owns them.
type RestoreOptions struct {
	Overwrite bool // DEST may hold files; those of the same name are replaced. No link in it is ever followed
	Verify    bool // read all back and compare
	Owner     bool // give files to their owners, by number, and keep what only counts with them; for root
	Devices   bool // make devices; for root
	Progress  *Progress
	Warn      func(path string, err error) // nil: none. Called by one goroutine at a time
}

// A RestoreResult is what Restore did.
type RestoreResult struct {
	Files, Dirs, Others, Bytes uint64 // made
	Skipped                    uint64 // sockets and devices that were not made
	Verified                   uint64 // files that were read back and are right
	Errors                     uint64 // files and folders that are missing or not as they were; Warn had them all
	Damaged                    uint64 // of these: the repository's fault
}

// What Warn and the caller may ask for with errors.Is.
var (
	ErrNotEmpty = errors.New("the folder is not empty")
	ErrSkipped  = errors.New("a device or socket, which was not made")
	ErrDiffers  = errors.New("what was read back is not what was written")
	ErrCopied   = errors.New("the disk takes no hard link here: this name, and others like it, got a copy of the file")
	errInTheWay = errors.New("something of another kind has this name already")
)

// Restore writes the file or folder at path of a snapshot to dest: a file to dest/<its name>, of a folder what
// is in it. dest is made if need be; for a folder it must be empty, unless o.Overwrite, and gets the folder's
// attributes, unless it holds something already: then it stays as it is. Nothing outside dest is touched, whatever
// the snapshot says. What goes wrong with one file is reported and counted, and the rest goes on; an error is
// returned for what stops all.
func Restore(ctx context.Context, st *store.Store, s Info, p string, dest string, o RestoreOptions) (RestoreResult, error) {
	r := newRestorer(st, s, dest, o)
	return r.restore(ctx, s, p)
}

// newRestorer makes a run that has not begun.
func newRestorer(st *store.Store, s Info, dest string, o RestoreOptions) *restorer {
	r := &restorer{RestoreOptions: o, st: st, nodes: newNodes(st, nodeCacheBytes), dest: dest, link: (*os.Root).Link, links: map[inode]*madeLink{}, failed: map[string]bool{}}
	if r.limit = s.Files + s.Dirs + s.Others; r.limit == 0 && s.ID == (seal.Hash{}) {
		r.limit = math.MaxUint64 // an Info that comes from no journal says nothing
	}
	return r
}

// restore is Restore.
func (r *restorer) restore(ctx context.Context, s Info, p string) (RestoreResult, error) {
	if p == "" {
		p = "/"
	}
	if !path.IsAbs(p) {
		return RestoreResult{}, fmt.Errorf("%q is not an absolute path", p)
	}
	p = path.Clean(p)
	e, err := r.nodes.at(ctx, s.Root, p)
	if err != nil {
		return RestoreResult{}, err
	}
	top, err := r.openDest(e)
	if err != nil {
		return RestoreResult{}, err
	}
	defer top.drop()
	if e.Kind != Dir {
		return r.run(ctx, top, names{only: e})
	}
	result, err := r.run(ctx, top, names{root: e.Root})
	if err == nil && p != "/" && !r.inUse {
		err = r.finishDir(top, e)
		result = r.result()
	}
	return result, err
}

// names are what a pass over a folder goes through: those of a directory, or one alone.
type names struct {
	root seal.ID
	only *Entry
}

func (r *restorer) entries(ctx context.Context, list names) iter.Seq2[*Entry, error] {
	if list.only != nil {
		return func(yield func(*Entry, error) bool) { yield(list.only, nil) }
	}
	return r.nodes.entries(ctx, list.root)
}

// A restorer is one run of Restore.
type restorer struct {
	RestoreOptions
	st    *store.Store
	nodes *nodes
	dest  string
	inUse bool   // dest held something before
	limit uint64 // entries that the snapshot says it has
	files *errgroup.Group
	link  func(dir *os.Root, from, to string) error

	cancel context.CancelCauseFunc
	n      struct{ files, dirs, others, bytes, skipped, verified, errors, damaged atomic.Uint64 }

	mu     sync.Mutex // guards links and failed
	links  map[inode]*madeLink
	failed map[string]bool // paths in dest that no later pass touches

	warn   sync.Mutex // held while Warn runs
	copies sync.Once  // the note about files that are copied instead of linked
}

// A madeLink is the first name of a file with several. Others are linked to it when it is done.
type madeLink struct {
	path string
	done bool
}

// run makes the passes, each over the whole tree: no pass keeps a list of files. Links are made when all files are,
// so no path to a file can lead through one; attributes of folders last, because making files changes them and some let
// nobody in.
func (r *restorer) run(ctx context.Context, top *folder, list names) (RestoreResult, error) {
	ctx, r.cancel = context.WithCancelCause(ctx)
	defer r.cancel(nil)
	if err := r.measure(ctx, top, list); err != nil {
		return RestoreResult{}, err
	}
	steps := []pass{
		{enter: r.makeDir, visit: r.startFile},
		{enter: r.openDir, visit: r.linkFile},
		{enter: r.openDir, visit: r.startVerify},
		{enter: r.openDir, visit: r.makeOther, leave: r.finishDir},
	}
	for i, p := range steps {
		if i == 1 && len(r.links) == 0 || i == 2 && !r.Verify {
			continue
		}
		if i == 2 {
			r.syncDest(top)
		}
		r.files = new(errgroup.Group)
		r.files.SetLimit(2 * runtime.GOMAXPROCS(0))
		err := r.walk(ctx, top, list, p)
		r.files.Wait()
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return r.result(), err
		}
	}
	return r.result(), nil
}

// A pass is what is done with each entry. enter returns nil for a folder that is passed over.
type pass struct {
	enter func(d *folder, e *Entry) *folder
	visit func(ctx context.Context, d *folder, e *Entry)
	leave func(d *folder, e *Entry) error
}

// walk goes through a folder and what is below. Only what stops all is an error.
func (r *restorer) walk(ctx context.Context, d *folder, list names, p pass) error {
	for e, err := range r.entries(ctx, list) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			r.fail(d, "", fmt.Errorf("the folder's list of names: %w", err))
			return nil
		}
		if r.n.errors.Load() > 0 && r.hasFailed(d.path(e.Name)) {
			continue
		}
		if e.Kind != Dir {
			p.visit(ctx, d, e)
			continue
		}
		if err := r.walkDir(ctx, d, list.root, e, p); err != nil {
			return err
		}
	}
	return nil
}

// walkDir goes through the folder e of d; in is the root of the directory that has e. Below e nothing of it is held: it
// shares the memory of all that stands beside it.
func (r *restorer) walkDir(ctx context.Context, d *folder, in seal.ID, e *Entry, p pass) error {
	child := p.enter(d, e)
	if child == nil {
		return nil
	}
	defer child.drop()
	err := r.walk(ctx, child, names{root: e.Root}, p)
	if err != nil || p.leave == nil {
		return err
	}
	if e, err = r.nodes.lookup(ctx, in, child.name); err != nil {
		r.fail(d, child.name, err)
		return ctx.Err()
	}
	return p.leave(child, e)
}
