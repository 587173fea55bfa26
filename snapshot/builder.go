package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"bakfs/chunker"
	"bakfs/journal"
	"bakfs/seal"
	"bakfs/store"
)

// BuildOptions say what a Builder makes a snapshot of. Keys, Source and Date are required.
type BuildOptions struct {
	Keys     *seal.Keys
	Source   string    // "/signal/" and an account's name
	Date     time.Time // when the Signal backup was made
	Parent   *Info     // a snapshot of kind Signal to take files from; nil: none
	Tags     []string
	Fine     func(name string) bool // files of many small records that change here and there, cut finely; nil: none
	DryRun   bool                   // count all, write nothing
	Progress *Progress
	Now      func() time.Time             // nil: time.Now
	Warn     func(path string, err error) // nil: none. Called by Finish
}

// A Builder makes a snapshot of kind Signal, of a tree that a program computes. Write and Reuse may be called at the
// same time; Finish is called once, after they have returned. A Builder that is not finished leaves nothing but chunks
// that a later run may use, and needs no closing.
type Builder struct {
	o      BuildOptions
	book   book
	put    sink
	n      counters
	coarse sync.Pool // of *chunker.Chunker
	fine   sync.Pool // likewise, for files that are cut finely
	owner  Entry     // the fields that all entries share
	parent *nodes
	before string // the source's path in Parent

	mu   sync.Mutex // guards what follows
	tree *builtDir  // of Source
	done bool
}

// Errors of Write and Reuse about what was called, not about what was read.
var (
	errBuilt     = errors.New("the snapshot is finished")
	errIsDir     = errors.New("it is a folder")
	errIsNoDir   = errors.New("a part of its path is a file")
	errNoParent  = errors.New("the parent is no snapshot of a Signal backup")
	errNoOptions = errors.New("snapshot: Keys, Source and Date are required")
)

// NewBuilder begins a snapshot, which Finish enters in the journal of d; until then the caller holds d's lock. It
// has refreshed j.
func NewBuilder(ctx context.Context, st *store.Store, j *journal.Journal, d *seal.Device, o BuildOptions) (*Builder, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if o.Keys == nil || o.Source == "" || o.Date.IsZero() {
		return nil, errNoOptions
	}
	b := &Builder{o: o, book: book{st, j, d}, tree: newBuiltDir()}
	if err := b.info().check(); err != nil {
		return nil, err
	}
	b.put = newTally(st, o.Keys, o.DryRun, &b.n)
	cutter := chunker.NewCutter(o.Keys.CutKey())
	b.coarse.New = func() any { return cutter.New(nil) }
	b.fine.New = func() any { return cutter.Fine().New(nil) }
	var names owners
	b.owner = Entry{UID: uint32(os.Geteuid()), GID: uint32(os.Getegid())}
	b.owner.User, b.owner.Group = names.user(b.owner.UID), names.group(b.owner.GID)
	if p := o.Parent; p != nil {
		if p.Kind != Signal || len(p.Sources) != 1 {
			return nil, errNoParent
		}
		b.parent, b.before = newNodes(st, nodeCacheBytes), p.Sources[0]
	}
	return b, nil
}

// info is what is known of the snapshot before it is finished. Root stands for any.
func (b *Builder) info() Info {
	date := time.Unix(0, nanosecond(b.o.Date))
	return Info{Kind: Signal, Root: seal.ID{1}, Sources: []string{b.o.Source}, Tags: sortedSet(b.o.Tags), Start: date, End: date}
}

// nanosecond clamps a time to the years 1678 to 2262, which is what the format can say. The zero Time is 1970.
func nanosecond(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	const limit = math.MaxInt64/1_000_000_000 - 1
	return min(max(t.Unix(), -limit), limit)*1_000_000_000 + int64(t.Nanosecond())
}

// Write stores what r gives as the file name: a slash-separated path below Source, with folders as they are needed. A
// mime that is not empty becomes the extended attribute user.mime_type. If r fails its error is returned, the snapshot
// does not have the file, and name may be written again; a name that was written is iofs.ErrExist. An r that has
// Length() time.Duration tells at its end how long sound or film is: the extended attribute user.bakfs.length, in ms.
func (b *Builder) Write(ctx context.Context, name string, mtime time.Time, mime string, r io.Reader) error {
	if err := b.free(name); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	e := b.newEntry(path.Base(name), nanosecond(mtime))
	if err := b.read(ctx, r, e, b.cutFinely(name)); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if l, ok := r.(interface{ Length() time.Duration }); ok && l.Length() > 0 {
		e.Xattrs = append(e.Xattrs, Xattr{Name: lengthXattr, Value: strconv.AppendInt(nil, l.Length().Milliseconds(), 10)})
	}
	if mime != "" {
		e.Xattrs = append(e.Xattrs, Xattr{Name: mimeXattr, Value: []byte(mime)})
	}
	old, err := b.old(ctx, name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := b.add(name, e); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	switch {
	case old == nil:
		b.n.filesNew.Add(1)
	case sameContent(old, e):
		b.n.filesSame.Add(1)
	default:
		b.n.filesChanged.Add(1)
	}
	return nil
}

const (
	lengthXattr = "user.bakfs.length"
	mimeXattr   = "user.mime_type"
)

// Reuse takes over the file of that name from Parent, with its time and type, if there is one and the store has all
// of it; ok says so.
func (b *Builder) Reuse(ctx context.Context, name string) (size int64, ok bool, err error) {
	if err := b.free(name); err != nil {
		return 0, false, fmt.Errorf("%s: %w", name, err)
	}
	old, err := b.old(ctx, name)
	if old == nil || err != nil {
		return 0, false, err
	}
	e := b.newEntry(path.Base(name), old.MTime)
	e.Xattrs = old.Xattrs
	ok, err = reuseContent(ctx, b.book.st, newListOf(b.put, b.cutFinely(name)), e, old)
	if !ok && err == nil {
		return 0, false, nil
	}
	if err == nil {
		err = b.add(name, e)
	}
	if err != nil {
		return 0, false, fmt.Errorf("%s: %w", name, err)
	}
	b.o.Progress.done(0, e.Size)
	b.n.filesSame.Add(1)
	return e.Size, true, nil
}

// old is the file of that name in Parent; nil: there is none that can be read.
func (b *Builder) old(ctx context.Context, name string) (*Entry, error) {
	if b.parent == nil {
		return nil, nil
	}
	e, err := b.parent.at(ctx, b.o.Parent.Root, path.Join(b.before, name))
	if err != nil || e.Kind != File {
		return nil, ctx.Err()
	}
	return e, nil
}

// newEntry is that of a file; its content is missing.
func (b *Builder) newEntry(name string, mtime int64) *Entry {
	e := b.owner
	e.Name, e.Kind, e.Mode, e.Nlink, e.MTime, e.CTime = name, File, 0o600, 1, mtime, mtime
	return &e
}

func (b *Builder) cutFinely(name string) bool { return b.o.Fine != nil && b.o.Fine(name) }

// read stores the content of a file in e.
func (b *Builder) read(ctx context.Context, r io.Reader, e *Entry, fine bool) error {
	cutters := &b.coarse
	if fine {
		cutters = &b.fine
	}
	c := cutters.Get().(*chunker.Chunker)
	defer cutters.Put(c)
	c.Reset(&countedReader{r, b})
	defer c.Reset(nil) // it must not keep r
	chunk, err := c.Next()
	switch {
	case err == io.EOF:
		return nil
	case err != nil:
		return err
	case len(chunk) <= maxInline: // so it is the last one
		e.Inline, e.Size = slices.Clone(chunk), int64(len(chunk))
		return nil
	}
	w := newListOf(b.put, fine)
	if err := putChunk(ctx, b.put, chunk, w); err != nil {
		return err
	}
	if err := putStream(ctx, b.put, c, w); err != nil {
		return err
	}
	_, err = w.finish(ctx, e)
	return err
}

func (b *Builder) count(n int) {
	b.n.read.Add(uint64(n))
	b.o.Progress.done(0, int64(n))
}

// A countedReader counts what a Builder reads.
type countedReader struct {
	io.Reader
	b *Builder
}

func (r *countedReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.b.count(n)
	return n, err
}

// free says what is wrong with a name, before anything is read for it.
func (b *Builder) free(name string) error {
	if len(b.o.Source)+1+len(name) > maxPath {
		return fmt.Errorf("a path of more than %d bytes", maxPath)
	}
	depth := len(split(b.o.Source))
	for part := range strings.SplitSeq(name, "/") {
		if err := checkName(part); err != nil {
			return err
		}
		if depth++; depth > maxDepth {
			return fmt.Errorf("more than %d folders inside each other", maxDepth)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.done {
		return errBuilt
	}
	_, err := b.tree.place(name, false)
	return err
}

// add takes a file whose content is stored.
func (b *Builder) add(name string, e *Entry) error {
	raw, err := appendEntry(nil, e)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.done {
		return errBuilt
	}
	dir, err := b.tree.place(name, true)
	if err != nil {
		return err
	}
	dir.files[e.Name] = raw
	b.n.kept(e)
	b.o.Progress.done(1, 0)
	return nil
}

// Miss counts n parts of the source that are not in the snapshot, which is then shown as incomplete.
func (b *Builder) Miss(n uint64) { b.n.notRead.Add(n) }

// Finish makes the folders, of which each is as new as the newest in it, makes all durable and enters the snapshot in
// the journal.
func (b *Builder) Finish(ctx context.Context) (Result, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.done {
		return Result{}, errBuilt
	}
	b.done = true
	root, err := b.saveTree(ctx)
	if err != nil {
		return Result{}, err
	}
	r, i := b.n.result(), b.info()
	now := clock(b.o.Now)
	r.Kind, r.Sources, r.Tags, r.Start, r.End, r.Time, r.Device = i.Kind, i.Sources, i.Tags, i.Start, i.End, now, b.book.d.ID
	if b.o.DryRun {
		r.Stored = 0
		return r, nil
	}
	r.Root = root
	note := b.o.Warn
	if note == nil {
		note = func(string, error) {}
	}
	if err := b.book.enter(ctx, &r.Info, now, note); err != nil {
		return Result{}, err
	}
	return r, nil
}
