package history

import (
	"context"
)

// timers are the files of a backup in which messages disappear.
type timers struct {
	files map[string]bool
	known bool
}

// timersOf returns those of a backup.
func (h *History) timersOf(ctx context.Context, i int) (*timers, error) {
	return h.disappear.Get(ctx, i, func(ctx context.Context) (*timers, int64, error) {
		a, err := h.archive(ctx, i)
		if err != nil || a == nil {
			return &timers{}, 1, err
		}
		files, known, err := a.Timers(ctx)
		if err != nil && h.lasting(err) {
			h.report(i, "timers", err)
			return &timers{}, 1, nil
		}
		return &timers{files, known}, 1, err
	})
}

// showsAny reports whether the options show a message of a month that has some. It may
// say so of a month that cannot be read: asking for its messages gives the error.
func (h *History) showsAny(ctx context.Context, c *Conversation, m month) (bool, error) {
	sources := h.sources(c, m)
	hides := h.cuts(m)
	for _, s := range sources {
		if hides || h.o.ShowExpired {
			break
		}
		var err error
		if hides, err = h.hasTimers(ctx, s); err != nil {
			return false, err
		}
	}
	if !hides {
		return true, nil
	}
	return h.shown.Get(ctx, monthKey{h.id, c.Key, m}, func(ctx context.Context) (bool, int64, error) {
		if ok, err := h.showsPlain(ctx, sources, m); ok || err != nil {
			return ok, 1, err
		}
		list, err := h.Messages(ctx, c, m.public())
		if err != nil && h.lasting(err) {
			return true, 1, nil
		}
		return len(list) > 0, 1, err
	})
}

// cuts reports whether the options ask for some of a month only.
func (h *History) cuts(m month) bool {
	start, next := m.public().Start(h.o.Zone), (m + 1).public().Start(h.o.Zone)
	return h.o.From.After(start) || !h.o.To.IsZero() && h.o.To.Before(next)
}

// showsPlain reports whether the newest backup that has anything of a month has a
// message in it without a timer. Nothing is decoded for that.
func (h *History) showsPlain(ctx context.Context, sources []*content, m month) (bool, error) {
	for _, s := range sources {
		if s.in.last() < sources[0].in.last() || h.o.HideDeleted && s.in.last() < len(h.backups)-1 {
			break
		}
		b, err := h.read(ctx, s)
		if err != nil && !h.lasting(err) {
			return false, err
		}
		if err != nil { // Messages tells of it
			return true, nil
		}
		for rec, err := range records(b) {
			if err != nil {
				break
			}
			if first, ok := firstSent(rec); ok && !mayExpire(rec) && h.shownIn(first, s.file.month) == m && h.inTime(first) {
				return true, nil
			}
		}
	}
	return false, nil
}
