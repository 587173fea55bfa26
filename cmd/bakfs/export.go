package main

import (
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"slices"
	"time"

	"bakfs/signal/archive"
	"bakfs/signal/modern"
	"bakfs/snapshot"

	"github.com/spf13/cobra"
)

func newExport(p *program) *cobra.Command {
	c := &cobra.Command{
		Use:   "export",
		Short: "Write Signal's backups, or messages as files, to a folder",
		Long: `Write what was backed up with "backup --signal" to a folder that is new or empty:
the original backup, for Signal to restore from; its records as plain text; or the
messages as text, web pages and media, as a mount shows them.

What is written is readable by whoever gets the folder. A mount shows the same
and writes nothing to the disk.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(c, args[0])
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newExportSignal(p), newExportJSONL(p), newExportMessages(p))
	return c
}

func newExportSignal(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "signal [-r DIR] SNAP DEST",
		Short: "Make a Signal backup again as it was",
		Long: `Make the Signal backup of a snapshot again, in the folder DEST: a file
signal-….backup is the same byte for byte; a folder SignalBackups has the same
records and files, and the key that opened the original opens it.

To restore on a phone, copy it there and choose it when Signal is set up.

` + refHelp,
		Example: `  bakfs export signal latest ./for-the-phone
  bakfs export signal 2026-05 ./may`,
		Args: arguments(2, 2, "SNAP DEST"),
		RunE: func(c *cobra.Command, args []string) error {
			return p.exportArchive(c.Context(), args[0], args[1], "Signal backup", (*archive.Archive).Original)
		},
	}
}

func newExportJSONL(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "jsonl [-r DIR] SNAP DEST",
		Short: "Write a Signal backup in the form of Signal's plaintext export",
		Long: `Write a Signal backup as Signal's own plaintext export: main.jsonl with a line for
each record, metadata.json, and files/. Programs that read that format read this.
It works for a backup of any format. Everything in it is plain text.

` + refHelp,
		Example: `  bakfs export jsonl latest ./export
  jq -r .chatItem.standardMessage.text.body ./export/main.jsonl`,
		Args: arguments(2, 2, "SNAP DEST"),
		RunE: func(c *cobra.Command, args []string) error {
			return p.exportArchive(c.Context(), args[0], args[1], "plaintext export", plaintext)
		},
	}
}

// plaintext is all of a backup as plain text, with what disappears and without the PIN.
func plaintext(a *archive.Archive, ctx context.Context) (iofs.FS, error) {
	return a.Plaintext(ctx, modern.ExportOptions{Disappearing: true})
}

// exportArchive writes a tree that is made of a stored backup to dest.
func (p *program) exportArchive(ctx context.Context, snap, dest, what string, make func(*archive.Archive, context.Context) (iofs.FS, error)) error {
	at, err := parseRef(snap)
	if err != nil {
		return err
	}
	if at.path != "/" {
		return usagef("%s: a whole snapshot is exported; name it without a path", quote(snap))
	}
	r, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	if dest, err = outside(dest, r); err != nil {
		return err
	}
	infos := p.snapshots(r.journal)
	if !slices.ContainsFunc(infos, func(i snapshot.Info) bool { return i.Kind == snapshot.Signal }) {
		return fail(exitError, errors.New("there are no Signal backups in the repository yet"), "bakfs backup --signal PATH makes one")
	}
	info, err := resolve(newestOf(infos, at.snap, snapshot.Signal), at.snap, time.Now())
	if err != nil {
		return err
	}
	st, err := p.openStore(ctx, r)
	if err != nil {
		return err
	}
	defer st.Close()
	a, err := openArchive(ctx, st, info)
	if err != nil {
		return fmt.Errorf("snapshot %s: %w", shortID(info), err)
	}
	tree, err := make(a, ctx)
	if err != nil {
		return fmt.Errorf("snapshot %s: %w", shortID(info), err)
	}
	c, err := p.copyTree(ctx, tree, dest)
	if err != nil {
		return err
	}
	if err := p.copied(c, what, dest); err != nil {
		return err
	}
	return p.wasWhole(a)
}

// wasWhole says what comes out, and that it is not all, if some was missing when it
// was backed up: who restores a phone from it should know before the old one is wiped.
func (p *program) wasWhole(a *archive.Archive) error {
	if words, err := a.Gives(); err == nil {
		p.detail("%s", words)
	}
	if err := a.Envelope().Report.Err(); err != nil {
		return fail(exitNotRead, fmt.Errorf("this backup was not whole when it was stored: %w", err), "all that was stored of it is written; another snapshot may have more: bakfs snapshots")
	}
	return nil
}
