package history

import (
	"context"
	"slices"

	"bakfs/signal/archive"
)

// Source is the backup since which a month is as the newest backup that has anything of
// it has it: another backup in which nothing of it changed makes no difference. It is nil
// if there is none that can be read.
func (h *History) Source(ctx context.Context, c *Conversation, m Month) (*archive.Envelope, error) {
	f, err := h.theOutline(ctx)
	if err != nil {
		return nil, err
	}
	if c = f.byKey[c.Key]; c == nil {
		return nil, nil
	}
	list := h.sources(c, m.at()) // those of newer backups first
	own := slices.DeleteFunc(slices.Clone(list), func(s *content) bool { return s.file.month > m.at() })
	if len(own) > 0 { // of the month behind there are a few edited messages at most
		list = own
	}
	last, since := -1, -1
	for _, s := range list {
		in := s.in[len(s.in)-1]
		if in.to < last {
			break
		}
		last, since = in.to, max(since, in.from)
	}
	if since < 0 {
		return nil, nil
	}
	a, err := h.archive(ctx, since)
	if err != nil || a == nil {
		return nil, err
	}
	return a.Envelope(), nil
}
