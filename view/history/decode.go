package history

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"bakfs/signal"
	"bakfs/view/chat"
)

// A record is one of a file of messages, and what it says.
type record struct {
	rec   []byte
	index int // from 1
	key   rawKey
	msg   *chat.Message
	err   error
}

// batch is how many records are worth a goroutine. Smaller files are decoded
// side by side with others.
const batch = 1024

// decodeAll makes messages of records, which is most of the work of showing them. If
// ctx ends some are left out.
func decodeAll(ctx context.Context, p *chat.People, list []record) {
	workers := min(runtime.GOMAXPROCS(0), (len(list)+batch-1)/batch)
	var wg sync.WaitGroup
	var broken atomic.Pointer[error]
	for w := range workers {
		part := list[len(list)*w/workers : len(list)*(w+1)/workers]
		work := func() {
			defer func() {
				if r := recover(); r != nil { // to the one who waits: here it would end the program
					err := fmt.Errorf("%v\n%s", r, debug.Stack())
					broken.Store(&err)
				}
			}()
			d := decoders.Get().(*decoder)
			defer decoders.Put(d)
			maker := p.Maker(len(part))
			for i := range part {
				if i%1024 == 0 && ctx.Err() != nil {
					return
				}
				var item *signal.ChatItem
				if item, part[i].err = d.item(part[i].rec); part[i].err == nil {
					part[i].msg = maker.Message(item)
				}
			}
		}
		if w == workers-1 {
			work()
		} else {
			wg.Go(work)
		}
	}
	wg.Wait()
	if err := broken.Load(); err != nil {
		panic(*err)
	}
}

var errNoItem = fmt.Errorf("not a message: %w", signal.ErrBadRecord)

// A decoder decodes records of messages, one after the other.
type decoder struct{ signal.Decoder }

// decoders are those that nobody uses: their slabs are for the next file.
var decoders = sync.Pool{New: func() any { return new(decoder) }}

// item decodes a record, which must not change any more.
func (d *decoder) item(rec []byte) (*signal.ChatItem, error) {
	f, err := d.Item(rec)
	if err != nil {
		return nil, signal.ErrBadRecord
	}
	if item, ok := f.(*signal.ChatItem); ok {
		return item, nil
	}
	return nil, errNoItem
}

// first returns when a message was first sent; ok is false if its record is damaged.
// Few records need decoding for it.
func (d *decoder) first(rec []byte) (first signal.Millis, ok bool) {
	if first, ok = firstSent(rec); ok {
		return first, true
	}
	item, err := d.item(rec)
	if err != nil {
		return 0, false
	}
	if first = item.DateSent; len(item.Revisions) > 0 {
		first = cmp.Or(item.Revisions[0].DateSent, first)
	}
	return first, true
}

// countRecords returns how many records a file of messages has, but not more than
// would be of any use.
func countRecords(b []byte) (n int) {
	const least = 24 // bytes of a message that says anything
	for range records(b) {
		n++
	}
	return min(n, len(b)/least+1)
}

// records cuts a file of messages into its records. After an error there is no more.
func records(b []byte) func(yield func([]byte, error) bool) {
	return func(yield func([]byte, error) bool) {
		for off := 0; off < len(b); {
			n, size := binary.Uvarint(b[off:])
			if size <= 0 || n > uint64(len(b)-off-size) || n > signal.MaxRecord {
				yield(nil, fmt.Errorf("at offset %d: %w", off, signal.ErrBadStream))
				return
			}
			end := off + size + int(n)
			if !yield(b[off+size:end:end], nil) {
				return
			}
			off = end
		}
	}
}
