package modern

import (
	"context"
	"io"
)

// pipeBuffers is how far a stage of the work may run ahead of the next.
const pipeBuffers = 4

// A pipe hands buffers from one goroutine to the reader of another, without
// allocating any after the start.
type pipe struct {
	ctx        context.Context
	full, free chan []byte
	err        error  // why full was closed; set before
	cur        []byte // the reader's
	whole      []byte // what cur is the rest of
}

func newPipe(ctx context.Context) *pipe {
	p := &pipe{ctx: ctx, full: make(chan []byte, pipeBuffers), free: make(chan []byte, pipeBuffers)}
	for range pipeBuffers {
		p.free <- make([]byte, readSize)
	}
	return p
}

// take gives the writer an empty buffer of readSize bytes, or nil after the
// context has ended.
func (p *pipe) take() []byte {
	select {
	case b := <-p.free:
		return b[:readSize]
	case <-p.ctx.Done():
		return nil
	}
}

// give passes a buffer on to the reader. There is always room: no more
// buffers exist.
func (p *pipe) give(b []byte) { p.full <- b }

// finish is the writer's last call; the reader gets err after all buffers.
func (p *pipe) finish(err error) {
	p.err = err
	close(p.full)
}

// Read implements io.Reader for one goroutine.
func (p *pipe) Read(b []byte) (int, error) {
	for len(p.cur) == 0 {
		if p.whole != nil {
			p.free <- p.whole
			p.whole = nil
		}
		next, ok := <-p.full
		if !ok {
			return 0, p.err
		}
		p.cur, p.whole = next, next
	}
	n := copy(b, p.cur)
	p.cur = p.cur[n:]
	return n, nil
}

var _ io.Reader = (*pipe)(nil)
