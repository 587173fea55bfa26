package view

import (
	"context"
	iofs "io/fs"
	"time"

	"bakfs/signal/archive"
	"bakfs/signal/modern"
)

// export is the folder signal-export/: the newest backup in the format of Signal's
// own export. One of all backups together would be made up.
func (a *account) export(place key, _ time.Time) node {
	newest := a.newest()
	tree := func() (iofs.FS, error) {
		backups := a.h.Backups()
		if len(backups) == 0 {
			return nil, iofs.ErrNotExist
		}
		arc, err := archive.Open(backups[len(backups)-1].FS)
		if err != nil {
			return nil, err
		}
		return arc.Plaintext(context.Background(), modern.ExportOptions{}) // what it gives outlives ctx, and is bound to each reader's own
	}
	return a.folder(place, newest, func(ctx context.Context) ([]child, error) {
		fsys, err := tree()
		if err != nil {
			return nil, err
		}
		return foreign(fsys, place, newest).list(ctx)
	})
}
