package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"slices"
	"strings"
	"time"

	"bakfs/signal"
	"bakfs/snapshot"
	"bakfs/view/chat"
	"bakfs/view/history"
	"bakfs/view/jsonl"
	"bakfs/view/query"
	"bakfs/view/text"

	"github.com/spf13/cobra"
)

func newSearch(p *program) *cobra.Command {
	var f messageFlags
	var snap string
	c := &cobra.Command{
		Use:        "search [-r DIR] WORD...",
		Short:      "Find messages",
		SuggestFor: []string{"grep"},
		Long: `Find messages in the Signal backups of the repository, and print them oldest first:
with the conversation in brackets, as text files in a mount have them. With --json
each message is a line, as the mount's json/ has them.

All words must be in a message. What is looked for is kept nowhere.

` + query.Help + `
A word that begins with - goes behind --: bakfs search -- rope -saturday`,
		Example: `  bakfs search north wall
  bakfs search '"see you" from:alice after:2026-01'
  bakfs search --json has:photo in:club | jq -r .time
  bakfs search --in 2026-05-31 rope             only the backup of that day`,
		Args: arguments(1, -1, "WORD"),
		RunE: func(c *cobra.Command, args []string) error {
			return p.search(c.Context(), strings.Join(args, " "), snap, f)
		},
	}
	f.add(c.Flags())
	c.Flags().StringVar(&snap, "in", merged, "search one `SNAP` as it was, or all of them")
	return c
}

// merged stands, in place of a snapshot, for all of them together.
const merged = "merged"

func (p *program) search(ctx context.Context, words, snap string, f messageFlags) error {
	m, err := f.messages()
	if err != nil {
		return err
	}
	q, err := query.Parse(words, m.zone)
	if err != nil {
		return fail(exitUsage, err, "bakfs search --help says how to search")
	}
	r, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	st, err := p.openStore(ctx, r)
	if err != nil {
		return err
	}
	defer st.Close()
	infos, err := p.messageSnapshots(r, snap)
	if err != nil {
		return err
	}
	m.join = p.joiner(ctx, r, st)
	histories := m.histories(infos, func(i snapshot.Info) iofs.FS { return snapshot.Open(st, i) })
	s := &searching{p: p, q: q, zone: m.zone}
	for _, h := range histories {
		if err := s.account(ctx, h, len(histories) > 1); err != nil {
			return err
		}
	}
	if s.found == 0 {
		p.say("nothing was found")
	}
	if err := p.tellDamage(histories); err != nil {
		return err
	}
	if s.failed > 0 {
		return fail(exitDamaged, fmt.Errorf("%s not be read; all the rest was searched", count(s.failed, "month of messages could", "months of messages could")), "`bakfs check --read-data` finds what is damaged")
	}
	return nil
}

// messageSnapshots are those whose messages are meant: all, or the one that snap names.
func (p *program) messageSnapshots(r *repository, snap string) ([]snapshot.Info, error) {
	infos := p.snapshots(r.journal)
	if snap != merged {
		info, err := resolve(newestOf(infos, snap, snapshot.Signal), snap, time.Now())
		if err != nil {
			return nil, err
		}
		infos = []snapshot.Info{info}
	}
	infos = slices.DeleteFunc(slices.Clone(infos), func(i snapshot.Info) bool { return i.Kind != snapshot.Signal })
	if len(infos) == 0 {
		return nil, fail(exitError, errors.New("there are no messages: none of these snapshots is of a Signal backup"), "bakfs backup --signal PATH makes one")
	}
	return infos, nil
}

// A searching is one run of a search.
type searching struct {
	p    *program
	q    *query.Query
	zone *time.Location

	found  uint64
	failed uint64 // months
}

// account searches one account, month by month. A month that cannot be read is
// told of and hides no other.
func (s *searching) account(ctx context.Context, h *history.History, named bool) error {
	a, err := h.Account(ctx)
	if err != nil {
		return err
	}
	months, err := h.AllMonths(ctx)
	if err != nil {
		return err
	}
	for _, m := range months {
		start := m.Start(s.zone)
		if !s.q.Period(millis(start), millis(start.AddDate(0, 1, 0))-1) {
			continue
		}
		hits, err := s.month(ctx, h, m)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			s.failed++
			s.p.warn("%s of %s: %v", m, quote(a.Person.Name), err)
		}
		if len(hits) > 0 && named && !s.p.json {
			s.p.say("account %s, %s", quote(a.Person.Name), a.Key)
			named = false
		}
		if err := s.print(hits); err != nil {
			return err
		}
	}
	return nil
}

// month returns what is found in a month, by time.
func (s *searching) month(ctx context.Context, h *history.History, m history.Month) (hits []*chat.Message, err error) {
	for msg, err := range h.All(ctx, m) {
		if err != nil {
			return hits, err
		}
		if s.q.Match(msg) {
			hits = append(hits, msg)
		}
	}
	s.found += uint64(len(hits))
	slices.SortStableFunc(hits, byTime)
	return hits, nil
}

func (s *searching) print(hits []*chat.Message) error {
	if len(hits) == 0 {
		return nil
	}
	var b []byte
	if s.p.json {
		b = jsonl.Append(nil, hits, jsonl.Options{Zone: s.zone})
	} else {
		b = text.AppendResults(nil, hits, false, text.Options{Zone: s.zone})
	}
	if _, err := s.p.out.Write(b); err != nil {
		return err
	}
	return s.p.out.Flush()
}

func byTime(a, b *chat.Message) int { return cmp.Compare(a.First, b.First) }

func millis(t time.Time) signal.Millis { return signal.Millis(max(0, t.UnixMilli())) }
