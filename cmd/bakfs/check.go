package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"bakfs/index"
	"bakfs/seal"
	"bakfs/snapshot"
	"bakfs/store"

	"github.com/spf13/cobra"
)

func newCheck(p *program) *cobra.Command {
	var readData string
	c := &cobra.Command{
		Use:        "check [-r DIR]",
		Short:      "Verify the repository",
		SuggestFor: []string{"verify", "fsck", "scrub"},
		Long: `Verify the journal, that every pack is there and looks right, and that the trees
of all snapshots reach only what is there. With --read-data packs are read whole,
opened, and every chunk in them is compared with its name.

What is found is told as pack, files, snapshots: which files each damaged or
missing pack concerns, and in which snapshots. All other files are whole.

The exit code is 13 if anything is damaged, and 14 if things are only not here
yet, as while a sync program works.`,
		Example: `  bakfs check
  bakfs check --read-data          read everything
  bakfs check --read-data=5%       a random part; 1G, 500M work too
  bakfs check --json | jq 'select(.type == "problem")'`,
		Args: arguments(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error {
			part := share{}
			if c.Flags().Changed("read-data") {
				var err error
				if part, err = parseShare(readData); err != nil {
					return usagef("--read-data: %w", err)
				}
			}
			return p.check(c.Context(), part)
		},
	}
	c.Flags().StringVar(&readData, "read-data", "", "read packs whole: all, or a random `PART` like 5% or 1G")
	c.Flags().Lookup("read-data").NoOptDefVal = "all"
	return c
}

// A checker is one run of check.
type checker struct {
	p     *program
	r     *repository
	store *store.Store
	index *index.Index

	packs   []packFile
	bad     map[seal.Hash]*problem // packs that cannot be used
	journal []*problem
	unknown *problem          // chunks that are in no pack
	misfit  *problem          // chunks that are not what the trees say
	unread  *problem          // parts of trees that lie in a good pack and cannot be read
	hit     map[*problem]bool // what was met since it was cleared
	read    int               // packs read whole
	reached int               // snapshots with all they need
	infos   []snapshot.Info
	ignored []string

	unfinished      int // temporary files
	unfinishedBytes int64
}

func (p *program) check(ctx context.Context, part share) error {
	r, err := p.openQuietly(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	st, err := p.openStore(ctx, r)
	if err != nil {
		return err
	}
	defer st.Close()
	c := &checker{p: p, r: r, store: st, bad: make(map[seal.Hash]*problem), hit: make(map[*problem]bool)}
	if err := c.all(ctx, part); err != nil {
		return err
	}
	if err := c.print(); err != nil {
		return err
	}
	return c.verdict()
}

// all looks at the journal, the packs, and the trees, in this order: what a
// tree has lost is told by the packs that are known to be bad.
func (c *checker) all(ctx context.Context, part share) error {
	c.checkJournal()
	if err := c.checkPacks(ctx); err != nil {
		return err
	}
	if part != (share{}) {
		if err := c.readData(ctx, part); err != nil {
			return err
		}
	}
	x, err := index.Open(c.r.dirs.index())
	if err != nil {
		return err
	}
	defer x.Close()
	c.index = x
	return c.checkSnapshots(ctx)
}

func (c *checker) checkJournal() {
	for _, q := range c.r.problems {
		c.journal = append(c.journal, &problem{object: q.Name, err: q.Err, kind: kindOfProblem(q.Err)})
	}
	infos, errs := snapshot.List(c.r.journal)
	for _, err := range errs {
		c.journal = append(c.journal, &problem{object: "journal", err: err, kind: isDamaged})
	}
	c.infos = infos
	c.ignored = c.r.journal.Foreign()
}

// lost reports whether no good pack holds a chunk as it is needed, and notes why.
func (c *checker) lost(ctx context.Context, n snapshot.Need) (bool, error) {
	places, err := c.index.Places(n.ID)
	if errors.Is(err, index.ErrDamaged) { // what it knew of packs is to be learnt again
		if _, err = c.store.Learn(ctx); err == nil {
			err = c.index.Refresh()
		}
		if err == nil {
			places, err = c.index.Places(n.ID)
		}
	}
	if err != nil {
		return false, err
	}
	wrong := false
	for _, at := range places {
		switch {
		case c.bad[at.Pack] != nil:
		case at.Type == n.Type && (n.Length == 0 || at.Raw == n.Length):
			return false, nil
		default:
			wrong = true
		}
	}
	for _, at := range places {
		if q := c.bad[at.Pack]; q != nil {
			c.hit[q] = true
		}
	}
	switch {
	case wrong:
		c.note(&c.misfit, "trees", isDamaged, "some chunks are of another length or type than the trees say")
	case len(places) == 0:
		c.note(&c.unknown, "packs", isAbsent, "some chunks are in no pack that is here")
	}
	return true, nil
}

// note makes a problem that collects many things, at its first, and notes that it was met.
func (c *checker) note(q **problem, object string, kind problemKind, words string) {
	if *q == nil {
		*q = &problem{object: object, kind: kind, err: errors.New(words)}
	}
	c.hit[*q] = true
}

// visit is told of each chunk that the trees need.
func (c *checker) visit(ctx context.Context, n snapshot.Need) (bool, error) {
	if n.Err == nil {
		return c.lost(ctx, n)
	}
	c.note(&c.unread, "trees", isAbsent, n.Err.Error()) // the first says why
	if kindOfProblem(n.Err) == isDamaged {
		c.unread.kind = isDamaged
	}
	return true, nil
}

// checkSnapshots follows every tree, then lists what is harmed.
func (c *checker) checkSnapshots(ctx context.Context) error {
	reach := snapshot.NewReach(c.store)
	var met atomic.Int64
	bar := c.p.progress("snapshots", func() tally { return tally{files: uint64(met.Load()), what: "chunks"} })
	defer bar.done()
	parts := 0
	for _, info := range c.infos {
		harmed, err := reach.Visit(ctx, info, func(n snapshot.Need) (bool, error) {
			met.Add(1)
			if n.Err != nil {
				parts++
			}
			return c.visit(ctx, n)
		})
		if err == nil && harmed {
			err = reach.Harmed(ctx, info, func(n snapshot.Need) (bool, error) { return c.blame(ctx, info, n) })
		}
		if err != nil {
			return fmt.Errorf("snapshot %s: %w", shortID(info), err)
		}
		if !harmed {
			c.reached++
		}
	}
	if c.unread != nil {
		c.unread.err = fmt.Errorf("%s of trees cannot be read: %w", count(uint64(parts), "part", "parts"), c.unread.err)
	}
	for _, q := range []*problem{c.unread, c.misfit} {
		if q != nil {
			c.journal = append(c.journal, q)
		}
	}
	return nil
}

// blame is visit, and notes for what is met that it harms a path in info.
func (c *checker) blame(ctx context.Context, info snapshot.Info, n snapshot.Need) (bool, error) {
	clear(c.hit)
	lost, err := c.visit(ctx, n)
	for q := range c.hit {
		q.harm(n.Path(), n.Type == seal.Tree, shortID(info))
	}
	return lost, err
}
