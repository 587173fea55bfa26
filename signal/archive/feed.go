package archive

import (
	"bufio"
	"context"
	"io"
	"time"
)

// A feed is a file of a tree that is written while its content is made.
type feed struct {
	*bufio.Writer
	pipe *io.PipeWriter
	done chan error
}

const feedBuffer = 64 << 10

func newFeed(ctx context.Context, t Tree, name string, mtime time.Time) *feed {
	r, w := io.Pipe()
	f := &feed{bufio.NewWriterSize(w, feedBuffer), w, make(chan error, 1)}
	go func() {
		err := t.Write(ctx, name, mtime, "", r)
		r.CloseWithError(err) // what is written from now on fails
		f.done <- err
	}()
	return f
}

// end ends the file. With an error there is no such file. It returns when the
// tree has it, and may be called again.
func (f *feed) end(err error) error {
	if f.pipe == nil {
		return nil
	}
	if err == nil {
		err = f.Flush()
	}
	f.pipe.CloseWithError(err)
	f.pipe = nil
	wrote := <-f.done
	if err == nil {
		return wrote
	}
	return err
}
