package main

import (
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"os"
	"path"
	"time"

	"bakfs/snapshot"

	"github.com/spf13/cobra"
)

type restoreFlags struct {
	overwrite bool
	verify    bool
	dryRun    bool
	devices   bool
}

func newRestore(p *program) *cobra.Command {
	var f restoreFlags
	c := &cobra.Command{
		Use:        "restore [-r DIR] SNAP[:PATH] DEST",
		Short:      "Copy files or folders out of a snapshot",
		SuggestFor: []string{"extract", "recover"},
		Long: `Copy a file or folder of a snapshot into the folder DEST, without the folders above
it: of a folder, what was in it is in DEST afterwards; a file is DEST/<its name>.
Without PATH all of the snapshot is restored. DEST is made if need be. For a folder
it must be empty, unless you say --overwrite: then files of the same names are
replaced, and others stay. DEST gets the mode, owner, times and ACL of the folder
if it is new or empty; one that held something keeps its own.

` + refHelp + `
For root all of a file comes back: its owner by number, setuid bits, security
labels. For others the files are their own. Devices are made with --devices only.
On a disk without hard links every name of a file gets a copy.`,
		Example: `  bakfs restore latest:/home/me/letters ./letters
  bakfs restore --verify 4f1c09ab /mnt/new-disk
  bakfs restore --overwrite latest~1:/etc/fstab /etc`,
		Args: arguments(2, 2, "SNAP[:PATH] DEST"),
		RunE: func(c *cobra.Command, args []string) error { return p.restore(c.Context(), args[0], args[1], f) },
	}
	flags := c.Flags()
	flags.BoolVar(&f.overwrite, "overwrite", false, "replace files that exist")
	flags.BoolVar(&f.verify, "verify", false, "read back what was written and compare")
	flags.BoolVarP(&f.dryRun, "dry-run", "n", false, "only count what would be written")
	flags.BoolVar(&f.devices, "devices", false, "make device files too (root only)")
	return c
}

func (p *program) restore(ctx context.Context, arg, dest string, f restoreFlags) error {
	if dest == "" {
		return usagef("an empty DEST")
	}
	t, err := p.openTree(ctx, arg)
	if err != nil {
		return err
	}
	defer t.Close()
	if t.ref.snap == merged || t.info.Kind == snapshot.Signal {
		return fail(exitError, fmt.Errorf("%s is of Signal, not of files", t.name()),
			"bakfs export signal makes the backup again, for Signal to restore from", "bakfs export messages writes the messages as files; a mount shows them")
	}
	info, err := t.lstat()
	if err != nil {
		return err
	}
	if dest, err = outside(dest, t.repository); err != nil {
		return err
	}
	if f.dryRun {
		name := path.Base(t.ref.path)
		if info.IsDir() {
			name = ""
		}
		if err := snapshot.CheckDest(dest, name, f.overwrite); err != nil {
			return destError(err)
		}
		return p.restoreDryRun(ctx, t, dest, f)
	}
	return p.restoreTo(ctx, t, dest, f)
}

func (p *program) restoreTo(ctx context.Context, t *tree, dest string, f restoreFlags) error {
	o := snapshot.RestoreOptions{Overwrite: f.overwrite, Verify: f.verify, Owner: os.Geteuid() == 0, Devices: f.devices, Progress: new(snapshot.Progress)}
	bar := p.progress("restore", tallyOf(o.Progress))
	o.Warn = func(path string, err error) {
		bar.around(func() { p.warn("%s: %v", quote(path), withoutPath(err)) })
	}
	begun := time.Now()
	result, err := snapshot.Restore(ctx, t.store, t.info, t.ref.path, dest, o)
	bar.done()
	if err != nil {
		return destError(err)
	}
	return p.restored(result, dest, f, time.Since(begun))
}

// destError adds what the user can do about a DEST that is in use.
func destError(err error) error {
	if errors.Is(err, snapshot.ErrNotEmpty) {
		return hinted(err, "name a new folder, or --overwrite to replace files of the same names")
	}
	return err
}

type jsonRestore struct {
	Type     string  `json:"type"`
	Path     string  `json:"path"`
	PathRaw  string  `json:"path_base64,omitempty"`
	DryRun   bool    `json:"dry_run"`
	Files    uint64  `json:"files"`
	Dirs     uint64  `json:"dirs"`
	Others   uint64  `json:"others"`
	Bytes    uint64  `json:"bytes"`
	Skipped  uint64  `json:"skipped"`
	Verified uint64  `json:"verified"`
	Errors   uint64  `json:"errors"`
	Damaged  uint64  `json:"damaged"`
	Seconds  float64 `json:"seconds"`
}

// restored prints what was done and says by the exit code whether that is all.
func (p *program) restored(r snapshot.RestoreResult, dest string, f restoreFlags, took time.Duration) error {
	switch {
	case p.json:
		err := p.line(jsonRestore{"summary", dest, raw(dest), f.dryRun, r.Files, r.Dirs, r.Others, r.Bytes, r.Skipped, r.Verified, r.Errors, r.Damaged, took.Seconds()})
		if err != nil {
			return err
		}
	case !p.quiet:
		what := "restored"
		if f.dryRun {
			what = "would restore"
		}
		p.printf("%s %s, %s and %s, %s, to %s\n", what, count(r.Files, "file", "files"), count(r.Dirs, "folder", "folders"),
			count(r.Others, "link or special file", "links and special files"), bytesOf(r.Bytes), quote(dest))
		if f.verify && !f.dryRun {
			p.printf("read back and compared %s\n", count(r.Verified, "file", "files"))
		}
		if r.Skipped > 0 {
			p.printf("skipped %s\n", count(r.Skipped, "socket or device", "sockets and devices"))
		}
	}
	if r.Errors == 0 {
		return nil
	}
	err := fmt.Errorf("%s not restored as %s", count(r.Errors, "file or folder was", "files or folders were"), map[bool]string{true: "it was", false: "they were"}[r.Errors == 1])
	if r.Damaged > 0 {
		return fail(exitDamaged, err, "the lines above name them; `bakfs check --read-data` finds what is damaged in the repository", "an earlier snapshot may hold them whole: bakfs snapshots")
	}
	return fail(exitError, err, "the lines above name them")
}

// restoreDryRun counts what lies at PATH and below. What is at PATH itself counts
// only if it is no folder: a folder's content is restored, without it.
func (p *program) restoreDryRun(ctx context.Context, t *tree, dest string, f restoreFlags) error {
	begun := time.Now()
	var r snapshot.RestoreResult
	err := walk(ctx, t.fs, t.ref.name(), func(at string, info iofs.FileInfo) error {
		switch {
		case info.IsDir() && at != t.ref.path:
			r.Dirs++
		case info.Mode().IsRegular():
			r.Files++
			r.Bytes += uint64(info.Size())
		case !info.IsDir():
			r.Others++
		}
		return nil
	})
	if err != nil {
		return err
	}
	return p.restored(r, dest, f, time.Since(begun))
}
