package view

import (
	"context"
	"fmt"

	"bakfs/signal/archive"
	"bakfs/view/page"
)

// footer says on each page where it comes from. What changes with each backup is
// not in it, else each page would be another file each day.
func (a *account) footer(ctx context.Context) (page.Footer, error) {
	who, err := a.h.Account(ctx)
	if err != nil {
		return page.Footer{}, err
	}
	view := "all backups together"
	if b := a.h.Backups(); len(b) == 1 {
		view = "the backup of " + b[0].Time.In(a.o.Zone).Format("2006-01-02 15:04:05 -0700")
	}
	f := page.Footer{Account: who.Person.Name, View: view}
	if d := who.Person.Phone; len(d) > 4 && f.Account != d {
		f.Account += " (…" + d[len(d)-4:] + ")"
	}
	return f, nil
}

// footerOf is the footer of a page that comes from a backup, which source tells. Of one
// that cannot be read the page does not say more.
func (a *account) footerOf(ctx context.Context, source func(context.Context) (*archive.Envelope, error)) (page.Footer, error) {
	f, err := a.footer(ctx)
	if err != nil {
		return f, err
	}
	e, err := source(ctx)
	if err != nil || e == nil || e.Format == 0 {
		return f, err
	}
	f.Source, f.ID = e.Name, fmt.Sprintf("%x %x %x %x…", e.ID[:2], e.ID[2:4], e.ID[4:6], e.ID[6:8])
	return f, nil
}
