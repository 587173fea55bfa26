package history

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"io"
	iofs "io/fs"
	"strings"
	"sync/atomic"

	"bakfs/signal"
	"bakfs/signal/archive"
	"bakfs/view/chat"
)

// An outline is what is known without reading a message.
type outline struct {
	index    *index
	envelope *archive.Envelope // of the newest backup that has one
	partial  bool              // the newest backup was cut short or damaged when it was stored: what it lacks is not gone
	owner    signal.ServiceID  // "" if not known
	eras     []*era            // newest first, at least one
	eraOf    []int             // of each backup
	chats    map[string]bool   // keys of the newest backup's conversations; nil if it has no readable head
	all      []*Conversation   // in the order in which they were first seen
	byKey    map[string]*Conversation
	byFolder map[string]*Conversation
	former   map[string]*Conversation // by names that folders had
	names    map[string][]string      // of persons and groups by their keys: what older heads call those that changed, newest first

	digest atomic.Pointer[[32]byte] // of all persons; nil: not yet made
}

// theOutline reads the outline, once.
func (h *History) theOutline(ctx context.Context) (*outline, error) {
	f, err := h.outline.Get(ctx, struct{}{}, func(ctx context.Context) (*outline, int64, error) {
		f, err := h.readOutline(ctx)
		return f, 1, err
	})
	if err == nil && h.o.Passing {
		h.cache.passing.use(h, f)
	}
	return f, err
}

func (h *History) readOutline(ctx context.Context) (*outline, error) {
	if len(h.backups) == 0 {
		return nil, ErrNoBackup
	}
	f := &outline{eraOf: make([]int, len(h.backups)), byKey: map[string]*Conversation{}}
	var err error
	if f.index, err = h.readIndex(ctx); err != nil {
		return nil, err
	}
	if err := h.readEnvelope(ctx, f); err != nil {
		return nil, err
	}
	b := newHeads(h, f)
	for i := len(h.backups) - 1; i >= 0; i-- {
		if err := b.enter(ctx, i); err != nil {
			if !h.lasting(err) {
				return nil, err
			}
			h.report(i, "frames", err)
		}
		f.eraOf[i] = max(0, len(f.eras)-1)
	}
	if len(f.eras) == 0 {
		f.eras = []*era{{base: -1}}
	}
	f.names = b.names
	return f, h.converse(ctx, f, b)
}

// readEnvelope finds the newest envelope that can be read.
func (h *History) readEnvelope(ctx context.Context, f *outline) error {
	f.envelope = new(archive.Envelope)
	for i := len(h.backups) - 1; i >= 0; i-- {
		a, err := archive.Open(within(ctx, h.backups[i].FS))
		if err == nil {
			f.envelope = a.Envelope()
			f.partial = i == len(h.backups)-1 && (f.envelope.Report.Truncated || f.envelope.Report.Damaged > 0)
			break
		}
		if !h.lasting(err) {
			return err
		}
		h.report(i, "envelope", err)
	}
	if b, err := hex.DecodeString(strings.ReplaceAll(cmp.Or(h.o.Account, f.envelope.Account), "-", "")); err == nil && len(b) == 16 {
		f.owner = signal.ServiceID(b)
	}
	return nil
}

// headRecords calls each with the records of backup i that are not messages, the
// BackupInfo first, until one of them fails. A record is valid during the call only.
func (h *History) headRecords(ctx context.Context, i int, each func(rec []byte) error) error {
	file, err := within(ctx, h.backups[i].FS).Open("frames")
	if err != nil {
		return err
	}
	defer file.Close()
	r := signal.NewRecordReader(file)
	for {
		rec, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = cmp.Or(ctx.Err(), each(rec))
		}
		if err != nil {
			return err
		}
	}
}

// peopleOf returns the People of an era, with the newest records of all persons.
func (h *History) peopleOf(ctx context.Context, f *outline, e int) (*chat.People, error) {
	return h.people.Get(ctx, e, func(ctx context.Context) (*chat.People, int64, error) {
		list, err := h.eraRecords(ctx, f, e)
		if err != nil {
			return nil, 0, err
		}
		p, err := chat.ReadPeople(&recordList{list: list}, f.owner)
		if errors.Is(err, io.EOF) || errors.Is(err, signal.ErrBadRecord) { // not even a BackupInfo
			p, err = chat.NewPeople(func(func(*signal.Frame) bool) {}, f.owner), nil
		}
		return p, 1, err
	})
}

// A recordList hands out records that are in memory.
type recordList struct{ list [][]byte }

// Next implements signal.Records.
func (r *recordList) Next() ([]byte, error) {
	if len(r.list) == 0 {
		return nil, io.EOF
	}
	rec := r.list[0]
	r.list = r.list[1:]
	return rec, nil
}

// headID returns what the head of backup i is known by.
func (h *History) headID(ctx context.Context, i int) (contentID, error) {
	info, err := iofs.Stat(within(ctx, h.backups[i].FS), "frames")
	if err != nil {
		return contentID{}, err
	}
	return idOf(info), nil
}
