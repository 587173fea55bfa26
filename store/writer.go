package store

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"bakfs/index"
	"bakfs/seal"
)

const (
	packWriters = 2 // packs being sealed and written behind the Puts
	firstBuffer = 1 << 20
)

// maxPlaintext is what the largest pack holds.
var maxPlaintext, _ = seal.PlaintextSize(maxPack)

// A writer holds the packs of one run that are not in the index yet. With a
// pack begun in each stream and packWriters under way it holds at most 64 MiB.
type writer struct {
	tag      string
	streams  [2]*stream
	slots    chan struct{} // one for each pack under way
	running  sync.WaitGroup
	flushing turn
	surveyed atomic.Bool

	mu      sync.Mutex
	err     error // the first write error; it stays
	pending map[seal.ID]*claim
	free    [][]byte // buffers of packs that are written
}

// A stream is the pack begun for some types of chunks; turn guards current.
type stream struct {
	number  uint8
	turn    turn
	current *building
}

// A claim is a chunk that a Put has taken on, until the index knows it. The
// fields below done are set before it is closed, and then stay.
type claim struct {
	done  chan struct{}
	err   error
	pack  *building
	entry index.Entry // offset counts from the first chunk
}

// A building is a pack in memory.
type building struct {
	stream uint8

	mu      sync.Mutex
	entries []index.Entry
	data    []byte
	written bool // data is no longer ours
}

func newWriter(tag string) *writer {
	return &writer{
		tag:      tag,
		streams:  [2]*stream{{number: streamMeta, turn: newTurn()}, {number: streamContent, turn: newTurn()}},
		slots:    make(chan struct{}, packWriters),
		flushing: newTurn(),
		pending:  map[seal.ID]*claim{},
	}
}

// fits says whether a chunk that takes n bytes finds room.
func (b *building) fits(n int) bool {
	h := head{count: len(b.entries) + 1}
	return h.count <= maxEntries && headSize+h.directorySize()+int64(len(b.data)+n) <= maxPlaintext
}

// append adds a chunk and returns its entry, whose offset is that in data.
func (b *building) append(e index.Entry, stored []byte) index.Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	e.Offset = uint32(len(b.data))
	if need := len(b.data) + len(stored); need > cap(b.data) {
		size := max(cap(b.data), firstBuffer)
		for size < need {
			size *= 2
		}
		b.data = append(make([]byte, 0, min(int64(size), maxPlaintext)), b.data...)
	}
	b.data = append(b.data, stored...)
	b.entries = append(b.entries, e)
	return e
}

// claim takes on a chunk, or waits for the Put that has done so: mine is
// false if that one has stored it or found it stored.
func (w *writer) claim(ctx context.Context, id seal.ID) (c *claim, mine bool, err error) {
	for {
		w.mu.Lock()
		if w.err != nil {
			w.mu.Unlock()
			return nil, false, w.err
		}
		c, ok := w.pending[id]
		if !ok {
			c = &claim{done: make(chan struct{})}
			w.pending[id] = c
		}
		w.mu.Unlock()
		if !ok {
			return c, true, nil
		}
		select {
		case <-c.done:
			if c.err == nil {
				return c, false, nil
			}
			// Its Put was cancelled or failed; a failed write shows above.
		case <-ctx.Done():
			return nil, false, ctx.Err()
		}
	}
}

// settle ends a Put: a chunk that was added stays pending until it is indexed.
func (w *writer) settle(c *claim, id seal.ID, err error, added bool) {
	c.err = err
	if !added {
		w.mu.Lock()
		delete(w.pending, id)
		w.mu.Unlock()
	}
	close(c.done)
}

// added returns the claim of a chunk that is in a pack in memory.
func (w *writer) added(id seal.ID, t seal.ChunkType) *claim {
	w.mu.Lock()
	c := w.pending[id]
	w.mu.Unlock()
	if c == nil {
		return nil
	}
	select {
	case <-c.done:
		if c.pack != nil && c.entry.Type == t {
			return c
		}
	default:
	}
	return nil
}

func (w *writer) has(id seal.ID, t seal.ChunkType) bool { return w.added(id, t) != nil }

// readPending reads a chunk from a pack in memory; ok is false if it is in none.
func (s *Store) readPending(id seal.ID, t seal.ChunkType) (data []byte, ok bool, err error) {
	c := s.writer.added(id, t)
	if c == nil {
		return nil, false, nil
	}
	data, err = s.decode(c.entry.Compression, int(c.entry.Stored), int(c.entry.Raw), func(b []byte) error {
		c.pack.mu.Lock()
		defer c.pack.mu.Unlock()
		if ok = !c.pack.written; ok {
			copy(b, c.pack.data[c.entry.Offset:])
		}
		return nil
	})
	if !ok { // written in this moment: the index knows it
		return nil, false, nil
	}
	return data, true, err
}

// handOver gives a stream's pack to a background writer when one is free; the
// caller has the stream's turn.
func (s *Store) handOver(ctx context.Context, st *stream) error {
	if st.current == nil {
		return nil
	}
	w := s.writer
	select {
	case w.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	b := st.current
	st.current = nil
	w.running.Go(func() {
		defer func() { <-w.slots }()
		err := w.failed()
		if err == nil {
			err = s.writePack(b)
		}
		w.finish(b, err)
	})
	return nil
}

// writePack makes a pack durable, then tells the index.
func (s *Store) writePack(b *building) error {
	h := head{stream: b.stream, count: len(b.entries)}
	start := headSize + h.directorySize()
	directory := h.append(make([]byte, 0, start))
	for i := range b.entries {
		b.entries[i].Offset += uint32(start)
		directory = appendEntry(directory, b.entries[i])
	}
	used := start + int64(len(b.data))
	size, err := seal.FileSize(seal.ClassPack, used)
	if err != nil {
		return err
	}
	plaintext, err := seal.PlaintextSize(size)
	if err != nil {
		return err
	}
	file, err := s.folder.Begin(packsDir, s.writer.tag)
	if err != nil {
		return err
	}
	defer file.Abort()
	w, err := s.keys.NewWriter(file, seal.Place{Class: seal.ClassPack})
	if err != nil {
		return err
	}
	for _, part := range [][]byte{directory, b.data} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	if err := writeZeros(w, plaintext-used); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	name := file.sum()
	if err := file.Commit(packPath(name)); err != nil {
		return err
	}
	s.trusted.set(name, true)
	// The index of this process knows the pack from here on. That it cannot be written Close tells.
	_ = s.index.Add(index.Pack{Name: name, Size: size, Stream: b.stream, Verified: true}, b.entries)
	return nil
}

func writeZeros(w *seal.Writer, n int64) error {
	zeros := make([]byte, min(n, 64<<10))
	for n > 0 {
		part := zeros[:min(n, int64(len(zeros)))]
		if _, err := w.Write(part); err != nil {
			return err
		}
		n -= int64(len(part))
	}
	return nil
}

// finish forgets a pack that is written, or keeps the error that voids the run.
func (w *writer) finish(b *building, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		if w.err == nil {
			w.err = fmt.Errorf("a pack could not be written: %w", err)
		}
		return
	}
	for i := range b.entries {
		delete(w.pending, b.entries[i].ID)
	}
	b.mu.Lock()
	b.written = true
	data := b.data
	b.data = nil
	b.mu.Unlock()
	if len(w.free) < packWriters {
		w.free = append(w.free, data[:0])
	}
}

// buffer returns the memory of a pack that is written, or none.
func (w *writer) buffer() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.free); n > 0 {
		b := w.free[n-1]
		w.free = w.free[:n-1]
		return b
	}
	return nil
}

func (w *writer) failed() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// settled waits until no pack is under way.
func (w *writer) settled(ctx context.Context) error {
	for n := range packWriters {
		select {
		case w.slots <- struct{}{}:
		case <-ctx.Done():
			for range n {
				<-w.slots
			}
			return ctx.Err()
		}
	}
	for range packWriters {
		<-w.slots
	}
	return w.failed()
}

// wait returns when no pack is under way, at the end.
func (w *writer) wait() { w.running.Wait() }
