package view

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"runtime"
	"sort"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"bakfs/view/memo"
	"bakfs/view/page"
)

// How much a cache keeps. Sizes are small and worth the most: each one saves
// rendering a file to answer stat.
const (
	listRoom    = 24 << 20
	measureRoom = 24 << 20
	hitRoom     = 32 << 20
	maxScratch  = 4 << 20
	measureCost = 160 // bytes, about
)

// A Cache keeps what was computed for any number of trees: rendered bytes,
// sizes, and listings. It is safe for concurrent use.
type Cache struct {
	parts     *memo.Memo[key, renderedPart]
	measures  *memo.Memo[key, measure]
	lists     *memo.Memo[key, []child]
	digests   *memo.Memo[key, *digest]
	calendars *memo.Memo[key, []span]
	places    *memo.Memo[key, *page.Places]
	found     *memo.Memo[key, found]
	seen      *memo.Memo[key, map[string]node] // files that searches have found
	work      chan struct{}                    // holds one element for each rendering that goes on
	scratch   sync.Pool                        // of *[]byte, to render into
	ahead     ahead
}

// NewCache returns a cache that keeps up to size bytes of rendered files.
func NewCache(size int64) *Cache {
	c := &Cache{
		parts:     memo.New[key, renderedPart](size),
		measures:  memo.New[key, measure](measureRoom),
		lists:     memo.New[key, []child](listRoom),
		digests:   memo.New[key, *digest](listRoom),
		calendars: memo.New[key, []span](listRoom),
		places:    memo.New[key, *page.Places](placesRoom),
		found:     memo.New[key, found](hitRoom),
		seen:      memo.New[key, map[string]node](listRoom),
		work:      make(chan struct{}, runtime.GOMAXPROCS(0)),
	}
	c.ahead.ctx, c.ahead.end = context.WithCancel(context.Background())
	return c
}

// Close ends what the cache does for those who have not asked yet, and waits for it.
// Afterwards it does no more of that; all else works on.
func (c *Cache) Close() { c.ahead.close() }

// listing is list, whose results are kept under k. A key belongs to what list is
// made of.
func (c *Cache) listing(k key, list func(context.Context) ([]child, error)) func(context.Context) ([]child, error) {
	return func(ctx context.Context) ([]child, error) {
		return c.lists.Get(ctx, k.with("list"), func(ctx context.Context) ([]child, int64, error) {
			all, err := list(ctx)
			cost := int64(100)
			for _, c := range all {
				cost += int64(len(c.name)) + 300
			}
			inTurn(sorted(all))
			return all, cost, err
		})
	}
}

// working waits until few enough others work, so that the memory of what goes on
// at one time stays bounded. The function it returns ends the work. Work must not
// wait for other work.
func (c *Cache) working(ctx context.Context) (done func(), err error) {
	select {
	case c.work <- struct{}{}:
		return func() { <-c.work }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// A renderedPart is a part of a generated file.
type renderedPart struct {
	bytes []byte
	last  time.Time // the newest that is in it; zero: says nothing
}

// A measure is what is remembered of a generated file.
type measure struct {
	ends  []int64 // where its parts end
	sum   [sha256.Size]byte
	mtime time.Time
}

func (m measure) size() int64 {
	if len(m.ends) == 0 {
		return 0
	}
	return m.ends[len(m.ends)-1]
}

// A generated is a file whose bytes are a pure function of what its version stands
// for. It is rendered when first asked for its size, and the bytes stay in the cache
// for the read that follows. A file with much content is rendered in parts, so that no
// more than one of them needs to be in memory.
type generated struct {
	cache   *Cache
	version func(ctx context.Context) (key, error) // changes whenever what the file is made of does
	place   key                                    // of the file: lasts when the content changes
	mtime   time.Time                              // where no part says one
	links   int
	parts   int
	weight  int64                                                               // about how many bytes of records it is made of; 0: not known
	light   bool                                                                // render gathers what other work has made
	render  func(ctx context.Context, part int, b []byte) (renderedPart, error) // appends to b, which is empty

	known      atomic.Pointer[key] // what version said
	fetching   atomic.Bool         // ahead of being asked for
	prev, next *generated          // its neighbours in the listing, which programs read in turn; nil: none
}

// fixedVersion is the version of what is known to be of k.
func fixedVersion(k key) func(context.Context) (key, error) {
	return func(context.Context) (key, error) { return k, nil }
}

// key is what the cache knows the file's content by.
func (g *generated) key(ctx context.Context) (key, error) {
	if k := g.known.Load(); k != nil {
		return *k, nil
	}
	k, err := g.version(ctx)
	if err == nil {
		g.known.Store(&k)
	}
	return k, err
}

func (g *generated) kind() iofs.FileMode { return 0 }

func (g *generated) ready() bool {
	k := g.known.Load()
	if k == nil {
		return false
	}
	_, ok := g.cache.measures.Peek(*k)
	return ok
}

func (g *generated) stat(ctx context.Context) (attr, error) {
	m, err := g.measure(ctx)
	if err != nil {
		return attr{}, err
	}
	return g.attr(m), nil
}

func (g *generated) open(ctx context.Context) (attr, reader, error) {
	m, err := g.measure(ctx)
	return g.attr(m), measured{g, m}, err
}

// attr has another inode number for other bytes: what the kernel has cached of
// the file is then never taken for what it is now.
func (g *generated) attr(m measure) attr {
	return attr{
		mode: syscall.S_IFREG | 0o444, size: m.size(), links: g.links, mtime: m.mtime,
		ino: g.place.with(string(m.sum[:])).number(),
	}
}

// measure renders the file once, and begins with its neighbours.
func (g *generated) measure(ctx context.Context) (measure, error) {
	g.ahead()
	return g.own(ctx)
}

// own is measure for this file alone.
func (g *generated) own(ctx context.Context) (measure, error) {
	k, err := g.key(ctx)
	if err != nil {
		return measure{}, err
	}
	return g.cache.measures.Get(ctx, k, func(ctx context.Context) (measure, int64, error) {
		var m measure
		hash, size := sha256.New(), int64(0)
		for i := range g.parts {
			r, err := g.part(ctx, i)
			if err != nil {
				return measure{}, 0, err
			}
			hash.Write(r.bytes)
			size += int64(len(r.bytes))
			m.ends = append(m.ends, size)
			if r.last.After(m.mtime) {
				m.mtime = r.last
			}
		}
		if m.mtime.IsZero() {
			m.mtime = g.mtime
		}
		hash.Sum(m.sum[:0])
		return m, measureCost + 8*int64(len(m.ends)), nil
	})
}

// part returns a part's bytes, which must not be modified.
func (g *generated) part(ctx context.Context, i int) (renderedPart, error) {
	k, err := g.key(ctx)
	if err != nil {
		return renderedPart{}, err
	}
	return g.cache.parts.Get(ctx, k.with(fmt.Sprint(i)), func(ctx context.Context) (renderedPart, int64, error) {
		r, err := g.make(ctx, i)
		return r, int64(len(r.bytes)) + measureCost, err
	})
}

// make renders a part. What takes work is rendered into a buffer that is used again,
// and then copied to its size; what is huge is not there twice.
func (g *generated) make(ctx context.Context, i int) (renderedPart, error) {
	if g.light {
		return g.render(ctx, i, nil)
	}
	done, err := g.cache.working(ctx)
	if err != nil {
		return renderedPart{}, err
	}
	defer done()
	buf, ok := g.cache.scratch.Get().(*[]byte)
	if !ok {
		buf = new([]byte)
	}
	r, err := g.render(ctx, i, (*buf)[:0])
	if err != nil {
		return renderedPart{}, err
	}
	if n := len(r.bytes); n > maxScratch && cap(r.bytes)-n <= n/4 {
		return r, nil
	}
	*buf, r.bytes = r.bytes, bytes.Clone(r.bytes)
	if cap(*buf) <= maxScratch {
		g.cache.scratch.Put(buf)
	}
	return r, nil
}

// errChanged says that a file was rendered differently the second time.
var errChanged = errors.New("rendered twice with different sizes")

// readAt reads from the file as m measured it. What the cache has dropped is rendered again.
func (g *generated) readAt(ctx context.Context, m measure, p []byte, off int64) (n int, err error) {
	for i := sort.Search(len(m.ends), func(i int) bool { return m.ends[i] > off }); i < len(m.ends) && n < len(p); i++ {
		var start int64
		if i > 0 {
			start = m.ends[i-1]
		}
		r, err := g.part(ctx, i)
		if err != nil {
			return n, err
		}
		if int64(len(r.bytes)) != m.ends[i]-start {
			return n, errChanged
		}
		n += copy(p[n:], r.bytes[max(0, off-start):])
		off = max(off, m.ends[i])
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
