package modern

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sort"
)

// ReadAt fills p from byte off on, like io.ReaderAt.
func (f *RecordFile) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("offset %d: %w", off, io.ErrUnexpectedEOF)
	}
	size, err := f.Size(ctx)
	if err != nil {
		return 0, err
	}
	n := 0
	for n < len(p) && off+int64(n) < size {
		at := off + int64(n)
		i := sort.Search(len(f.parts), func(i int) bool { return f.parts[i].off > at }) - 1
		b, err := f.part(ctx, i)
		if err != nil {
			return n, err
		}
		n += copy(p[n:], b[at-f.parts[i].off:])
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// A madePart is a part that was made or is being made.
type madePart struct {
	i    int
	done chan struct{} // closed when what follows is set
	b    []byte
	err  error
}

// Forget lets go of what the file keeps to be read on fast. Call it when nobody
// has the file open.
func (f *RecordFile) Forget() {
	f.mu.Lock()
	f.made = nil
	f.mu.Unlock()
	f.keep(nil)
}

// A warmRun has made the part before next and can make that too.
type warmRun struct {
	*fileRun
	w    *memory
	next int
}

// keep puts w in the place of the run that is kept.
func (f *RecordFile) keep(w *warmRun) {
	f.mu.Lock()
	old := f.warm
	f.warm = w
	f.mu.Unlock()
	if old != nil {
		old.close()
	}
}

// take returns the run that can make part i, or nil.
func (f *RecordFile) take(i int) *warmRun {
	f.mu.Lock()
	defer f.mu.Unlock()
	w := f.warm
	if w == nil || w.next != i {
		return nil
	}
	f.warm = nil
	return w
}

// part returns part i. All parts are known.
func (f *RecordFile) part(ctx context.Context, i int) ([]byte, error) {
	for {
		p, mine := f.claim(i)
		if mine {
			p.b, p.err = f.makePart(ctx, i)
			close(p.done)
		}
		select {
		case <-p.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if p.err != nil {
			f.drop(p)
		}
		if p.err == nil || mine {
			return p.b, p.err
		}
		// It may have ended because its reader did not want it any more.
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
}

// claim returns part i, and whether the caller must make it.
func (f *RecordFile) claim(i int) (p *madePart, mine bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for k, p := range f.made {
		if p.i == i {
			f.made = append(append(f.made[:k:k], f.made[k+1:]...), p)
			return p, false
		}
	}
	if len(f.made) == keptParts {
		f.made = f.made[1:]
	}
	p = &madePart{i: i, done: make(chan struct{})}
	f.made = append(f.made[:len(f.made):len(f.made)], p)
	return p, true
}

func (f *RecordFile) drop(p *madePart) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for k := range f.made {
		if f.made[k] == p {
			f.made = append(f.made[:k:k], f.made[k+1:]...)
			return
		}
	}
}

// makePart makes part i: with the run that made the part before, if it still
// works, else with a new one.
func (f *RecordFile) makePart(ctx context.Context, i int) ([]byte, error) {
	if w := f.take(i); w != nil {
		if b, err := f.runPart(ctx, w); err == nil {
			return b, nil
		}
	}
	w := &warmRun{w: new(memory), next: i}
	var err error
	if w.fileRun, err = f.start(ctx, f.parts[i], w.w); err != nil {
		return nil, err
	}
	return f.runPart(ctx, w)
}

func (f *RecordFile) runPart(ctx context.Context, w *warmRun) ([]byte, error) {
	at, end := f.parts[w.next].off, f.size
	if w.next++; w.next < len(f.parts) {
		end = f.parts[w.next].off
	}
	w.w.b = slices.Grow(w.w.b, int(end-at))
	more, err := w.part(ctx)
	b := w.w.b
	w.w.b = nil
	if err == nil && int64(len(b)) != end-at {
		err = fmt.Errorf("%d bytes at %d, which were %d before: %w", len(b), at, end-at, ErrDamaged)
	}
	if err != nil || !more {
		w.close()
	} else {
		f.keep(w)
	}
	return b, err
}
