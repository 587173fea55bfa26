package fs

import (
	"context"
	"time"
)

const (
	slowRequest = 50 * time.Millisecond  // one that takes longer is watched for a cancellation
	signalsEach = 100 * time.Millisecond // how often a slow read's thread is looked at
)

// A request is the context of one kernel request. It is cancelled when its
// caller is interrupted, but never after end: go-fuse uses its own channel for
// other requests then, while the tree may keep the context in what it returned.
// So a request has a channel of its own, and once it is slow, a goroutine.
type request struct {
	done  chan struct{}
	over  chan struct{}
	gone  chan struct{}
	timer *time.Timer
}

var _ context.Context = (*request)(nil)

// newRequest begins a request that go-fuse cancels; end must follow. Until it is
// slow it costs next to nothing.
func newRequest(cancel <-chan struct{}) *request { return newRead(cancel, 0) }

// newRead begins a read by a thread, which is cancelled by a signal to it too.
func newRead(cancel <-chan struct{}, thread uint32) *request {
	r := &request{done: make(chan struct{}), over: make(chan struct{}), gone: make(chan struct{})}
	r.timer = time.AfterFunc(slowRequest, func() {
		defer close(r.gone)
		r.watch(cancel, int(thread))
	})
	return r
}

func (r *request) watch(cancel <-chan struct{}, thread int) {
	var look <-chan time.Time
	if thread != 0 {
		each := time.NewTicker(signalsEach)
		defer each.Stop()
		look = each.C
	}
	for {
		select {
		case <-r.over:
			return
		case <-look:
			if !hasSignal(thread) {
				continue
			}
		case <-cancel:
		}
		close(r.done)
		return
	}
}

// end ends the request and waits for what it has started.
func (r *request) end() {
	close(r.over)
	if !r.timer.Stop() {
		<-r.gone
	}
}

func (r *request) Deadline() (time.Time, bool) { return time.Time{}, false }
func (r *request) Done() <-chan struct{}       { return r.done }
func (r *request) Value(any) any               { return nil }

func (r *request) Err() error {
	select {
	case <-r.done:
		return context.Canceled
	default:
		return nil
	}
}
