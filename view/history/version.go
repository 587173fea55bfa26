package history

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"slices"
)

// Version returns what stands for the messages of a month: as long as it is the
// same, also in another History of the account, so are they. No message is decoded.
// It lasts when a backup is added in which nothing of the month changed, unless there
// are messages with a timer. Not in it are the contact records of persons, and media
// that come to light later.
func (h *History) Version(ctx context.Context, c *Conversation, m Month) ([32]byte, error) {
	f, err := h.theOutline(ctx)
	if err != nil {
		return [32]byte{}, err
	}
	if c = f.byKey[c.Key]; c == nil {
		return [32]byte{}, nil
	}
	sum := sha256.New()
	o := h.o
	fmt.Fprintf(sum, "%s %d %d %v %v %v %v\n", o.Zone, m.at(), o.Names, o.OriginalNames, o.ShowExpired, o.HideDeleted, len(h.backups) > 1)
	fmt.Fprintf(sum, "%d %d\n", o.From.UnixMilli(), o.To.UnixMilli())
	fmt.Fprintf(sum, "%v\n", f.partial)
	fmt.Fprintf(sum, "%q %q %q %d %v %v %q\n", c.Key, c.Name, c.Folder, c.Form, c.Here, c.emptied, c.LastSeen)
	if err := h.writePeople(ctx, f, sum); err != nil {
		return [32]byte{}, err
	}
	list := h.sources(c, m.at())
	if o.OriginalNames {
		list = all(c)
	}
	timers, gone := false, false
	for _, s := range list {
		h.writeContent(s, sum)
		fmt.Fprintf(sum, "era %d\n", f.eraOf[s.in.last()])
		gone = gone || s.in.last() < len(h.backups)-1
		if !timers {
			if timers, err = h.hasTimers(ctx, s); err != nil {
				return [32]byte{}, err
			}
		}
	}
	if timers {
		fmt.Fprintf(sum, "timers %d %d\n", o.AsOf.UnixMilli(), h.backups[len(h.backups)-1].Time.UnixMilli())
	}
	if gone {
		for _, s := range h.oldestHere(c) {
			h.writeContent(s, sum)
		}
	}
	return [32]byte(sum.Sum(nil)), nil
}

// all returns all contents of a conversation.
func all(c *Conversation) (list []*content) {
	for _, d := range c.dirs {
		for _, file := range d.files {
			list = append(list, file.contents...)
		}
	}
	return list
}

// writeContent writes what a content is and which backups have it. The newest one
// has no label here, so that another newest one makes no difference.
func (h *History) writeContent(s *content, sum hash.Hash) {
	id := s.id
	if id == (contentID{}) { // not known: it is its own
		id = sha256.Sum256(fmt.Appendf(nil, "%q", h.backups[s.in.last()].Label))
	}
	fmt.Fprintf(sum, "%s %x", s.path(), id)
	for _, in := range s.in {
		to := h.backups[in.to].Label
		if in.to == len(h.backups)-1 {
			to = ""
		}
		fmt.Fprintf(sum, " %q %q", h.backups[in.from].Label, to)
	}
	sum.Write([]byte{'\n'})
}

// writePeople writes how persons are called.
func (h *History) writePeople(ctx context.Context, f *outline, sum hash.Hash) error {
	digest := f.digest.Load()
	if digest == nil {
		list, err := h.Persons(ctx)
		if err != nil {
			return err
		}
		all := sha256.New()
		for _, w := range list {
			fmt.Fprintf(all, "%q %q %q %q %q\n", w.Key, w.Name, w.Given, w.Phone, w.Username)
		}
		digest = (*[sha256.Size]byte)(all.Sum(nil))
		f.digest.Store(digest)
	}
	sum.Write(digest[:])
	return nil
}

// hasTimers reports whether a content has messages that disappear.
func (h *History) hasTimers(ctx context.Context, s *content) (bool, error) {
	k := fileKey{h.id, s.in.last(), s.path()}
	return h.cache.timers.Get(ctx, k, func(ctx context.Context) (bool, int64, error) {
		const cost = 300
		t, err := h.timersOf(ctx, s.in.last())
		if err != nil {
			return false, 0, err
		}
		if t.known {
			return t.files[s.path()], cost, nil
		}
		b, err := h.read(ctx, s)
		if err != nil && h.lasting(err) {
			return true, cost, nil
		}
		if err != nil {
			return false, 0, err
		}
		for rec := range records(b) {
			if mayExpire(rec) {
				return true, cost, nil
			}
		}
		return false, cost, nil
	})
}

// oldestHere returns the contents among which the oldest message is that the newest
// backup has of a conversation.
func (h *History) oldestHere(c *Conversation) []*content {
	list := slices.DeleteFunc(all(c), func(s *content) bool { return s.in.last() != len(h.backups)-1 })
	if len(list) == 0 {
		return nil
	}
	first := slices.MinFunc(list, func(a, b *content) int { return int(a.file.month - b.file.month) }).file.month
	return slices.DeleteFunc(list, func(s *content) bool { // an edited message may stand in the month behind
		return s.file.month > first+1
	})
}
