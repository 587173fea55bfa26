package modern

import (
	"context"
	"io"
	"sync"

	"bakfs/signal"
)

// A Replay gives the records of one backup, always the same ones, from any
// place on. Its methods may be called at the same time.
type Replay interface {
	// From begins at a place that Replayed.Place told, or, if it is nil, at the
	// first record.
	From(ctx context.Context, place any) (Replayed, error)
}

// Replayed are records that tell where they are.
type Replayed interface {
	signal.Records
	Place() any // of the next record
	Close() error
}

// A RecordFile is a file that consists of the records of a backup, made where
// it is read. Making it from its start to its end once tells its size and the
// places from which it can be made; then any piece costs as much as the up to
// 512 KiB of records around it. Its methods may be called at the same time.
type RecordFile struct {
	src    Replay
	format func(w io.Writer, at any) (encoder, error)

	planning chan struct{} // holds one element while somebody adds to parts

	mu    sync.Mutex
	parts []filePart // grows until whole
	whole bool
	size  int64
	made  []*madePart // the last used one comes last
	warm  *warmRun    // nil if there is none
}

// partSize is how many bytes of records become one part of a file.
const partSize = 512 << 10

// keptParts is how many made parts a file remembers.
const keptParts = 3

// A filePart is a place from which a file can be made.
type filePart struct {
	off   int64
	place any  // of its records
	state any  // of the encoder
	tail  bool // there are no records any more
}

func newRecordFile(src Replay, format func(io.Writer, any) (encoder, error)) *RecordFile {
	return &RecordFile{src: src, format: format, planning: make(chan struct{}, 1), parts: make([]filePart, 1)}
}

// Size returns the length of the file. The first call makes all of it; one that
// ctx has ended is taken up by the next.
func (f *RecordFile) Size(ctx context.Context) (int64, error) {
	select {
	case f.planning <- struct{}{}:
		defer func() { <-f.planning }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	if !f.whole { // nobody else writes it now
		if err := f.plan(ctx); err != nil {
			return 0, err
		}
	}
	return f.size, nil
}

// plan makes the file from its last known part on.
func (f *RecordFile) plan(ctx context.Context) error {
	at := f.parts[len(f.parts)-1]
	w := &counter{n: at.off}
	run, err := f.start(ctx, at, w)
	if err != nil {
		return err
	}
	defer run.close()
	for {
		more, err := run.part(ctx)
		if err != nil {
			return err
		}
		f.mu.Lock()
		if run.at.off = w.n; more {
			f.parts = append(f.parts, run.at)
		} else {
			f.whole, f.size = true, w.n
		}
		f.mu.Unlock()
		if !more {
			return nil
		}
	}
}

// A fileRun makes parts that follow each other.
type fileRun struct {
	at      filePart // the next one, but for its offset
	records Replayed // nil in the tail
	enc     encoder
}

func (f *RecordFile) start(ctx context.Context, at filePart, w io.Writer) (*fileRun, error) {
	enc, err := f.format(w, at.state)
	if err != nil {
		return nil, err
	}
	run := &fileRun{at: at, enc: enc}
	if !at.tail {
		run.records, err = f.src.From(ctx, at.place)
	}
	return run, err
}

func (r *fileRun) close() {
	if r.records != nil {
		r.records.Close()
		r.records = nil
	}
}

// part makes one part, and tells whether another follows.
func (r *fileRun) part(ctx context.Context) (more bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if r.at.tail {
		if more, err = r.enc.tail(); err != nil || !more {
			return false, err
		}
	} else if err := r.write(); err != nil {
		return false, err
	}
	r.at.state, err = r.enc.cut()
	return true, err
}

// write makes the records of one part.
func (r *fileRun) write() error {
	for n := 0; n < partSize; {
		rec, err := r.records.Next()
		if err == io.EOF {
			r.at.tail, r.at.place = true, nil
			r.close()
			return nil
		}
		if err != nil {
			return err
		}
		if err := r.enc.record(rec); err != nil {
			return err
		}
		n += len(rec) + 1
	}
	r.at.place = r.records.Place()
	return nil
}

// A counter counts what is written to it.
type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

// A memory keeps what is written to it.
type memory struct{ b []byte }

func (m *memory) Write(p []byte) (int, error) {
	m.b = append(m.b, p...)
	return len(p), nil
}
