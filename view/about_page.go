package view

import (
	"context"
	"fmt"
	"time"

	"bakfs/signal/archive"
	"bakfs/view/history"
	"bakfs/view/name"
	"bakfs/view/text"
)

// about is about.txt: which backups there are, and what is missing.
func (a *account) about(place key, _ time.Time) node {
	return a.page(place, a.newest(), func(ctx context.Context) ([]byte, error) {
		w, err := a.wish(ctx)
		if err != nil {
			return nil, err
		}
		who := text.About{Account: name.NewSet(a.o.Names).Add(w), Names: a.o.Names.String(), Expired: a.o.Expired, Deleted: !a.o.HideDeleted}
		backups := a.h.Backups()
		if len(backups) == 1 {
			who.Frozen = backups[0].Label
		}
		for _, b := range backups {
			s, missing := source(ctx, b)
			who.Sources = append(who.Sources, s)
			who.Missing = append(who.Missing, missing...)
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
		return text.AppendAbout(nil, &who, a.lines()), nil
	})
}

// source is what is told of one backup, and what it did not have when it was
// stored. One that cannot be read says nothing more than its name.
func source(ctx context.Context, b history.Backup) (s text.Source, missing []string) {
	s = text.Source{Label: b.Label, Time: millis(b.Time)}
	arc, err := archive.Open(within(ctx, b.FS))
	if err != nil {
		return s, []string{b.Label + ": the backup cannot be read"}
	}
	e := arc.Envelope()
	s.Format, s.Original, s.ID = e.Format.String(), e.Name, fmt.Sprintf("%x", e.ID)
	r := &e.Report
	for _, loss := range []struct {
		n    int64
		what string
	}{
		{r.Gone, "files that the phone did not have when the backup was made"}, {r.Missing, "files that were not beside the backup"},
		{r.DamagedMedia, "files that were damaged"}, {r.Damaged, "records that cannot be read"}, {r.Unknown, "records of kinds that are not known; they are stored"},
	} {
		if loss.n > 0 {
			missing = append(missing, fmt.Sprintf("%s: %d %s", b.Label, loss.n, loss.what))
		}
	}
	if r.Truncated {
		missing = append(missing, b.Label+": the backup ends too early")
	}
	return s, missing
}

// renderInfo is info.txt of a conversation.
func (a *account) renderInfo(ctx context.Context, c *history.Conversation) ([]byte, error) {
	pieces, err := a.pieces(ctx, c)
	if err != nil {
		return nil, err
	}
	i := text.Info{Chat: c.Conversation, Formerly: c.Formerly, LastSeen: c.LastSeen}
	have := map[string]bool{}
	_, err = a.digests(ctx, pieces, func(_ piece, d *digest) error {
		if d.count == 0 {
			return nil
		}
		if i.Messages == 0 {
			i.First = d.first
		}
		i.Last = max(i.Last, d.sent)
		i.Messages += d.count
		for _, f := range d.files {
			if !have[f.path] {
				have[f.path] = true
				i.Files++
				i.Bytes += f.size
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return text.AppendInfo(nil, &i, a.lines()), nil
}
