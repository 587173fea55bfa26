package main

import (
	"context"
	"errors"
	"time"

	"bakfs/index"

	"github.com/spf13/cobra"
)

func newRebuildIndex(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "rebuild-index [-r DIR]",
		Short: "Make the local index anew from the packs",
		Long: `Remove this machine's index of the repository and make it anew from the packs. It
is only a cache: nothing is lost, and bakfs does the same by itself when it finds
the index missing or damaged. What this machine has verified it will verify again.`,
		Example: "  bakfs rebuild-index -r ~/Dropbox/backup",
		Args:    arguments(0, 0, ""),
		RunE:    func(c *cobra.Command, _ []string) error { return p.rebuildIndex(c.Context()) },
	}
}

func (p *program) rebuildIndex(ctx context.Context) error {
	r, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	begun := time.Now()
	if err := index.Remove(r.dirs.index()); err != nil {
		return err
	}
	bar := p.progress("reading packs", func() tally { return tally{what: "packs"} })
	st, err := p.openStore(ctx, r) // learns all packs, as the index is empty
	if err != nil {
		bar.done()
		return err
	}
	report, err := st.Learn(ctx)
	bar.done()
	if err := errors.Join(err, st.Close()); err != nil {
		return err
	}
	for _, d := range report.Damaged {
		p.warn("warning: %s: %v", d.Name, d.Err)
	}
	if p.json {
		return p.line(struct {
			Type    string  `json:"type"`
			Packs   int     `json:"packs"`
			Damaged int     `json:"damaged"`
			Seconds float64 `json:"seconds"`
		}{"index", report.Packs, len(report.Damaged), time.Since(begun).Seconds()})
	}
	p.say("made the index of %s in %.1f s", count(uint64(report.Packs), "pack", "packs"), time.Since(begun).Seconds())
	if n := len(report.Damaged); n > 0 {
		return fail(exitDamaged, errors.New(count(uint64(n), "pack is", "packs are")+" damaged and not in the index"), "`bakfs check` tells which files they concern")
	}
	return nil
}
