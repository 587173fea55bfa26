package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"bakfs/snapshot"

	"github.com/spf13/cobra"
)

func newSnapshots(p *program) *cobra.Command {
	var device string
	var tags []string
	c := &cobra.Command{
		Use:        "snapshots [-r DIR]",
		Short:      "List the snapshots",
		SuggestFor: []string{"list", "snaps", "snapshot"},
		Long: `List the snapshots of all devices, the newest last. The time is when a backup
was done, of a Signal backup when Signal made it, in this machine's zone; size is that of all files in it, where holes
count, and a file with several names counts with each.`,
		Example: `  bakfs snapshots
  bakfs snapshots --device laptop --tag spring
  bakfs snapshots --json | jq -r .id`,
		Args: arguments(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error {
			return p.listSnapshots(c.Context(), func(i snapshot.Info) bool {
				return (device == "" || i.DeviceName == device) && hasAll(i.Tags, tags)
			})
		},
	}
	c.Flags().StringVar(&device, "device", "", "only those of the device `NAME`")
	c.Flags().StringArrayVar(&tags, "tag", nil, "only those with the word `TAG`")
	return c
}

func hasAll(have, want []string) bool {
	for _, w := range want {
		if !slices.Contains(have, w) {
			return false
		}
	}
	return true
}

func (p *program) listSnapshots(ctx context.Context, keep func(snapshot.Info) bool) error {
	r, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	infos, errs := snapshot.List(r.journal)
	joined, err := p.joinedAccounts(ctx, r, infos)
	if err != nil {
		return err
	}
	rows := [][]string{{"id", "time", "device", "files", "size", "sources"}}
	shown := 0
	for _, i := range infos {
		if !keep(i) {
			continue
		}
		shown++
		if p.json {
			if err := p.line(struct {
				jsonSnapshot
				Account string `json:"account,omitempty"`
			}{asJSON("snapshot", i), accountOf(i, joined)}); err != nil {
				return err
			}
			continue
		}
		rows = append(rows, []string{shortID(i), i.Date().Local().Format("2006-01-02 15:04:05"), quote(i.DeviceName), number(i.Files), bytesOf(i.Bytes), sourcesOf(i, joined)})
	}
	if shown > 0 && !p.json {
		p.printf("%s", table(rows, 3, 4))
	}
	if shown == 0 {
		p.say("there are no snapshots")
	}
	if len(errs) > 0 {
		return fail(exitDamaged, errors.Join(errs...), "`bakfs check` tells more; the other snapshots are not concerned")
	}
	return nil
}

// joinedAccounts says which sources of Signal are of which better known account. The
// chunks are opened only if there is something to find out.
func (p *program) joinedAccounts(ctx context.Context, r *repository, infos []snapshot.Info) (map[string]string, error) {
	if !mayJoin(infos) {
		return nil, nil
	}
	st, err := p.openStore(ctx, r)
	if err != nil {
		return nil, err
	}
	return p.joiner(ctx, r, st)(infos), st.Close()
}

// accountOf is whose Signal backup a snapshot is of, as well as that is known; "" for files.
func accountOf(i snapshot.Info, joined map[string]string) string {
	if i.Kind != snapshot.Signal {
		return ""
	}
	return strings.TrimPrefix(cmp.Or(joined[i.Sources[0]], i.Sources[0]), signalRoot+"/")
}

// sourcesOf is what a snapshot was made of, with its tags.
func sourcesOf(i snapshot.Info, joined map[string]string) string {
	var words []string
	for _, s := range i.Sources {
		words = append(words, quote(s))
		if other := joined[s]; i.Kind == snapshot.Signal && other != "" {
			words = append(words, "(of "+quote(other)+")")
		}
	}
	for _, t := range i.Tags {
		words = append(words, "#"+quote(t))
	}
	if i.Incomplete {
		words = append(words, "(incomplete)")
	}
	return strings.Join(words, " ")
}
