package snapshot

import (
	"context"
	"fmt"
	"time"

	"bakfs/journal"
	"bakfs/seal"
	"bakfs/store"
)

// A book is where a run enters its snapshot.
type book struct {
	st *store.Store
	j  *journal.Journal
	d  *seal.Device
}

// enter makes all that was put durable, and then the snapshot's entry; it fills in what the entry says of i. An entry
// that is written counts, whatever else is wrong: note is told of that.
func (b book) enter(ctx context.Context, i *Info, now time.Time, note func(path string, err error)) error {
	if err := b.st.Flush(ctx); err != nil {
		return fmt.Errorf("write packs: %w", err)
	}
	payload, err := i.payload()
	if err != nil {
		return err
	}
	e, err := b.j.Append(ctx, b.d, journal.Snapshot, payload, now)
	switch {
	case err != nil && e.Hash == seal.Hash{}:
		return fmt.Errorf("enter the snapshot in the journal: %w", err)
	case err != nil:
		note("journal", err)
	}
	i.ID, i.Device, i.DeviceName, i.Time = e.Hash, e.Device, e.Name, time.Unix(0, e.Time)
	return nil
}

// clock is the time of now, of the system if that is nil.
func clock(now func() time.Time) time.Time {
	if now == nil {
		return time.Now()
	}
	return now()
}
