package archive

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"runtime"
	"slices"
	"sync"
	"time"

	"bakfs/signal"
	"bakfs/signal/modern"
)

// fewSources is how many places of one file are compared one by one. A file that
// was sent on often may be at as many places, each of which may be the only one
// that is left.
const fewSources = 8

// A gallery collects the files that the messages of a backup point to, and
// stores them.
type gallery struct {
	where func(p *signal.FilePointer) string // what to open a file with; "" if it is in no place
	open  func(ctx context.Context, m *signal.Locator, where string) (io.ReadCloser, error)

	index map[[32]byte]int
	files []mediaFile

	openRetired func(ctx context.Context, name string, l *signal.Locator) (io.ReadCloser, error) // nil: there is no store
	retired     retiredGallery
}

// A mediaFile is a file and where it may be.
type mediaFile struct {
	hash    [32]byte
	sources []mediaSource
	seen    map[mediaSource]struct{} // of the sources, when they are not few
}

// add adds a place, if it is new.
func (f *mediaFile) add(s mediaSource) {
	if f.seen == nil && slices.Contains(f.sources, s) {
		return
	}
	if f.seen == nil && len(f.sources) == fewSources {
		f.seen = make(map[mediaSource]struct{})
		for _, old := range f.sources {
			f.seen[old] = struct{}{}
		}
	}
	if f.seen != nil {
		if _, known := f.seen[s]; known {
			return
		}
		f.seen[s] = struct{}{}
	}
	f.sources = append(f.sources, s)
}

type mediaSource struct {
	where string
	size  uint32
}

// look adds the files of a frame.
func (g *gallery) look(m signal.Message) {
	if g.open == nil {
		return
	}
	signal.Files(m, func(p *signal.FilePointer) {
		if FileHash(p.Locator) == "" {
			g.retired.look(p)
			return
		}
		hash := [32]byte([]byte(p.Locator.PlaintextHash.V))
		i, known := g.index[hash]
		if !known {
			if g.index == nil {
				g.index = make(map[[32]byte]int)
			}
			i = len(g.files)
			g.index[hash] = i
			g.files = append(g.files, mediaFile{hash: hash})
		}
		if from := (mediaSource{g.where(p), p.Locator.Size}); from.where != "" {
			g.files[i].add(from)
		}
	})
}

// storeMedia stores the files of the gallery, several at the same time.
func (s *storer) storeMedia() error {
	files := s.media.files
	lost := make([]error, len(files))
	c := newCrew(s.ctx)
	for i := range files {
		c.do(func(ctx context.Context) (err error) {
			lost[i], err = s.storeFile(ctx, &files[i])
			return err
		})
	}
	if err := c.wait(); err != nil {
		return err
	}
	have := make(map[[32]byte]bool)
	for i, err := range lost {
		if err == nil {
			have[files[i].hash] = true
		} else {
			s.lostMedia(files[i].hash, err)
		}
	}
	return s.storeRetired(have)
}

// lostMedia reports a file that could not be stored.
func (s *storer) lostMedia(name [32]byte, err error) {
	switch {
	case errors.Is(err, modern.ErrNoMedia):
		s.report.Gone++
		return // as it is in any backup
	case errors.Is(err, iofs.ErrNotExist):
		s.report.Missing++
		err = fmt.Errorf("media %x: not there", name)
	default:
		s.report.DamagedMedia++
		err = fmt.Errorf("media %x: %w", name, err)
	}
	s.report.lost(err)
}

// storeFile stores one file, or says why that cannot be: lost. It may run at
// the same time as others.
func (s *storer) storeFile(ctx context.Context, f *mediaFile) (lost, err error) {
	hash := hex.EncodeToString(f.hash[:])
	size, ok, err := s.tree.Reuse(ctx, mediaPath(hash))
	if err != nil {
		return nil, err
	}
	if ok {
		s.stored(size)
		return nil, nil
	}
	lost = modern.ErrNoMedia
	for _, from := range f.sources {
		l := &signal.Locator{PlaintextHash: signal.Some(signal.Bytes(f.hash[:])), Size: from.size}
		if lost, err = s.storeFrom(ctx, l, hash, from.where); err != nil || lost == nil {
			return nil, err
		}
	}
	return lost, nil
}

// storeFrom stores the file from one of the places.
func (s *storer) storeFrom(ctx context.Context, l *signal.Locator, hash, where string) (lost, err error) {
	r, err := s.media.open(ctx, l, where)
	if err != nil {
		return err, ctx.Err()
	}
	defer r.Close()
	watch := &watchedReader{r: r}
	lost, err = s.writeMedia(ctx, hash, watch)
	if err == nil && lost == nil {
		s.stored(watch.n)
	}
	return lost, err
}

// writeMedia writes the file of that hash. If it is what is read that fails,
// this is lost.
func (s *storer) writeMedia(ctx context.Context, hash string, r *watchedReader) (lost, err error) {
	br := bufio.NewReaderSize(r, 64<<10)
	head, err := br.Peek(sniffSize)
	if err != nil && err != io.EOF {
		return err, ctx.Err()
	}
	mime := sniff(head)
	err = s.tree.Write(ctx, mediaPath(hash), time.Unix(0, 0), mime, measured(br, mime))
	if err != nil && r.err != nil {
		return r.err, ctx.Err()
	}
	return nil, err
}

// writeBytes writes a file of media that is in memory.
func (s *storer) writeBytes(ctx context.Context, hash string, b []byte) error {
	mime := sniff(b[:min(len(b), sniffSize)])
	err := s.tree.Write(ctx, mediaPath(hash), time.Unix(0, 0), mime, measured(bytes.NewReader(b), mime))
	if err == nil {
		s.stored(int64(len(b)))
	}
	return err
}

// stored counts a file. It may run at the same time as others.
func (s *storer) stored(size int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.report.Media++
	s.report.MediaBytes += size
}

// A watchedReader remembers how reading ended.
type watchedReader struct {
	r   io.Reader
	n   int64
	err error // nil at a good end
}

func (w *watchedReader) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	w.n += int64(n)
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}

// A crew does several jobs at the same time, until one fails.
type crew struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	busy   chan struct{}
	done   sync.WaitGroup
}

func newCrew(ctx context.Context) *crew {
	c := &crew{busy: make(chan struct{}, min(4, runtime.GOMAXPROCS(0)))}
	c.ctx, c.cancel = context.WithCancelCause(ctx)
	return c
}

// do does a job, when there is somebody to do it. After a job has failed it
// does nothing.
func (c *crew) do(job func(ctx context.Context) error) {
	select {
	case c.busy <- struct{}{}:
	case <-c.ctx.Done():
		return
	}
	c.done.Go(func() {
		defer func() { <-c.busy }()
		if err := job(c.ctx); err != nil {
			c.cancel(err)
		}
	})
}

// wait returns when all jobs are done, with the first error.
func (c *crew) wait() error {
	c.done.Wait()
	err := context.Cause(c.ctx)
	c.cancel(nil)
	return err
}
