package main

import (
	"context"
	"errors"
	"fmt"

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
			if readData != "" {
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
	hit     map[*problem]bool // what lost met since it was cleared
	read    int               // packs read whole
	reached int               // snapshots with all they need
	infos   []snapshot.Info
	ignored []string
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

// lost reports whether no good pack holds a chunk, and notes why.
func (c *checker) lost(id seal.ID) (bool, error) {
	places, err := c.index.Places(id)
	if errors.Is(err, index.ErrDamaged) {
		places, err = c.index.Places(id)
	}
	if err != nil {
		return false, err
	}
	for _, at := range places {
		if c.bad[at.Pack] == nil {
			return false, nil
		}
	}
	for _, at := range places {
		c.hit[c.bad[at.Pack]] = true
	}
	if len(places) == 0 {
		if c.unknown == nil {
			c.unknown = &problem{object: "packs", kind: isAbsent, err: errors.New("some chunks are in no pack that is here")}
		}
		c.hit[c.unknown] = true
	}
	return true, nil
}

// checkSnapshots follows every tree, then lists what is harmed.
func (c *checker) checkSnapshots(ctx context.Context) error {
	reach := newReach(c.store, c.lost)
	done := 0
	bar := c.p.progress("snapshots", func() tally { return tally{} })
	defer bar.done()
	for _, info := range c.infos {
		harmed, err := reach.harmed(ctx, info.Root)
		if err != nil {
			return fmt.Errorf("snapshot %s: %w", shortID(info), err)
		}
		done++
		if !harmed {
			c.reached++
			continue
		}
		broken := reach.broken
		err = reach.files(ctx, info.Root, "/", func(path string, folder bool) error {
			c.blame(info, path, folder)
			return nil
		})
		if err != nil {
			return fmt.Errorf("snapshot %s: %w", shortID(info), err)
		}
		reach.broken = broken
	}
	if reach.broken > 0 {
		c.journal = append(c.journal, &problem{object: "trees", kind: isDamaged,
			err: fmt.Errorf("%s of trees cannot be read", count(uint64(reach.broken), "part", "parts"))})
	}
	return nil
}

// blame notes that what lost met since the last call harms path in info.
func (c *checker) blame(info snapshot.Info, path string, folder bool) {
	for q := range c.hit {
		q.harm(path, folder, shortID(info))
	}
	clear(c.hit)
}
