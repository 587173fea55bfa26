package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
	"unicode/utf8"

	"bakfs/fs"
	"bakfs/journal"
	"bakfs/snapshot"
	"bakfs/store"

	"github.com/spf13/cobra"
)

type backupFlags struct {
	exclude       []string
	excludeFiles  []string
	oneFileSystem bool
	excludeCaches bool
	tags          []string
	dryRun        bool
	reread        bool
	signal        signalFlags
}

func newBackup(p *program) *cobra.Command {
	var f backupFlags
	c := &cobra.Command{
		Use:   "backup [-r DIR] [PATH...] [--signal PATH]...",
		Short: "Back up files, folders, and Signal's backups",
		Long: `Back up files and folders as one new snapshot. Files that did not change since
the last one are not read again; content that the repository holds is not stored
again. The repository itself, what bakfs keeps on this machine, and where bakfs is
mounted, are left out.

A file or PATH that cannot be read is reported, the rest goes on, and the exit
code is 3; if no PATH can be read, there is no snapshot, and it is 1.

Patterns of --exclude: a name without a slash fits anywhere (*.o, node_modules);
with a leading slash the whole path (/home/*/.cache); with a slash elsewhere the
end of a path (build/*.tmp). ** stands for any number of folders, a slash at the
end means folders only, ! in front takes back in; the last pattern that fits decides.

` + signalHelp,
		Example: `  bakfs backup ~                                 with BAKFS_REPOSITORY set
  bakfs backup -r ~/Dropbox/backup ~/letters ~/photos --tag spring
  bakfs backup --signal ~/SignalBackups          asks for Signal's recovery key
  bakfs backup -n -e '*.o' -e /home/me/.cache ~  only count what it would do`,
		Args: func(c *cobra.Command, args []string) error {
			if len(f.signal.paths) > 0 {
				return nil
			}
			return arguments(1, -1, "PATH")(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error { return p.backup(c.Context(), args, f) },
	}
	flags := c.Flags()
	flags.StringArrayVarP(&f.exclude, "exclude", "e", nil, "leave out what fits `PATTERN`")
	flags.StringArrayVar(&f.excludeFiles, "exclude-file", nil, "leave out what fits a pattern in `FILE`, one a line")
	flags.BoolVarP(&f.oneFileSystem, "one-file-system", "x", false, "stay on the file system of each PATH")
	flags.BoolVar(&f.excludeCaches, "exclude-caches", false, "leave out the content of folders with a CACHEDIR.TAG")
	flags.StringArrayVar(&f.tags, "tag", nil, "give the snapshot the word `TAG`")
	flags.BoolVarP(&f.dryRun, "dry-run", "n", false, "read and count, write nothing")
	flags.BoolVar(&f.reread, "reread", false, "read files again that look unchanged")
	f.signal.add(c)
	return c
}

// backup opens everything, then backs up the files and folders, then Signal's backups.
func (p *program) backup(ctx context.Context, args []string, f backupFlags) error {
	o, err := f.options(args)
	if err != nil {
		return err
	}
	signals, err := f.signal.check()
	if err != nil {
		return err
	}
	r, lock, err := p.openDevice(ctx, f.dryRun)
	if err != nil {
		return err
	}
	defer lock.Close()
	defer r.Close()
	if o.Never, err = p.never(r); err != nil {
		return err
	}
	if err := refuseSources(slices.Concat(o.Sources, signals), r, o.Never); err != nil {
		return err
	}
	sources, errs := f.signal.find(signals, o.Never)
	if err := refuseSources(pathsOf(sources), r, o.Never); err != nil { // a link may lead there
		return err
	}
	if len(args) == 0 && len(sources) == 0 {
		return p.together(errs)
	}
	if err := r.journal.Ready(ctx, r.device, journal.Snapshot); err != nil {
		return err
	}
	st, err := p.openStoreFor(ctx, r, backupCache)
	if err != nil {
		return err
	}
	defer st.Close()
	if !f.dryRun {
		p.tidy(r)
	}
	if len(args) > 0 {
		errs = append(errs, p.backupFiles(ctx, r, st, o))
	}
	errs = append(errs, p.newSignalRun(r, st, f).all(ctx, sources)...)
	err = st.Close()
	if errors.Is(err, store.ErrIndex) { // a cache: what is in the folder is whole
		p.warn("warning: %v; what was backed up is complete, and the next run reads the index anew", err)
		err = nil
	}
	return p.together(append(errs, ctx.Err(), err))
}

// together is what several parts of a run come to. Of several errors each is
// reported with its own advice, and the worst decides the exit code: 3, that some of
// the source could not be read, is the least of them.
func (p *program) together(errs []error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(errs) < 2 || slices.ContainsFunc(errs, func(err error) bool { return errors.Is(err, context.Canceled) }) {
		return errors.Join(errs...)
	}
	if err := p.out.Flush(); err != nil {
		errs = append(errs, err)
	}
	worst := exitNotRead
	for _, err := range errs {
		if code := report(p.stderr, err, colour(p.stderr, p.getenv)); rank(code) > rank(worst) {
			worst = code
		}
	}
	return silent(worst)
}

// rank orders exit codes by how bad they are: what hides behind a worse one does not matter.
func rank(code int) int {
	return slices.Index([]int{exitOK, exitNotRead, exitError, exitUsage, exitWrongKey, exitInUse, exitNoRepository, exitNotSynced, exitDamaged}, code)
}

// backupFiles makes the snapshot of files and folders.
func (p *program) backupFiles(ctx context.Context, r *repository, st *store.Store, o snapshot.Options) error {
	o.Keys = r.keys
	var bar *progress
	o.Progress, bar = p.backupProgress()
	o.Warn = func(path string, err error) {
		bar.around(func() { p.warn("%s: %v", quote(path), withoutPath(err)) })
	}
	var notice signalNotice
	o.Read = notice.meet
	begun := time.Now()
	result, err := snapshot.Create(ctx, st, r.journal, r.device, o)
	bar.done()
	if err != nil {
		return err
	}
	if words := notice.words(); words != "" {
		p.say("%s", words)
	}
	return p.backupDone(result, o.DryRun, time.Since(begun))
}

// tidy removes what is left of earlier runs, and says so.
func (p *program) tidy(r *repository) {
	if n, size, err := r.tidy(); err != nil {
		p.warn("warning: %v", err)
	} else if n > 0 {
		p.detail("removed %s of an earlier run that was cut off, %s", count(uint64(n), "unfinished file", "unfinished files"), bytesOf(size))
	}
}

// backupProgress counts only where the counts are shown: the totals cost a second walk.
func (p *program) backupProgress() (*snapshot.Progress, *progress) {
	counts := new(snapshot.Progress)
	bar := p.progress("backup", tallyOf(counts))
	if bar == nil {
		counts = nil
	}
	return counts, bar
}

// options checks what the user asks for before anything is opened.
func (f backupFlags) options(args []string) (snapshot.Options, error) {
	o := snapshot.Options{OneFileSystem: f.oneFileSystem, ExcludeCaches: f.excludeCaches, Tags: f.tags, DryRun: f.dryRun, Reread: f.reread}
	for _, text := range f.exclude {
		if err := snapshot.CheckExclude(text); err != nil {
			return o, usagef("--exclude %s: %w", quote(text), err)
		}
	}
	o.Exclude = append(o.Exclude, f.exclude...)
	for _, name := range f.excludeFiles {
		patterns, err := readExcludes(name)
		if err != nil {
			return o, usagef("--exclude-file: %w", err)
		}
		o.Exclude = append(o.Exclude, patterns...)
	}
	for _, tag := range f.tags {
		if tag == "" || len(tag) > 255 || !utf8.ValidString(tag) {
			return o, usagef("--tag %s: a tag is 1 to 255 bytes of UTF-8", quote(tag))
		}
	}
	var found bool
	var missing error
	for _, arg := range args {
		if arg == "" {
			return o, usagef("an empty PATH")
		}
		abs, err := filepath.Abs(arg)
		if err != nil {
			return o, err
		}
		if _, err := os.Lstat(abs); err == nil {
			found = true
		} else if missing == nil {
			missing = fmt.Errorf("%s: %w", quote(arg), withoutPath(err))
		}
		o.Sources = append(o.Sources, abs)
	}
	if !found && len(args) > 0 {
		return o, fail(exitError, missing, "nothing was backed up")
	}
	return o, nil
}

func readExcludes(name string) ([]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return snapshot.ParseExcludeFile(name, io.Reader(f))
}

// refuseSources refuses a source that is, or lies in, what bakfs itself writes.
func refuseSources(sources []string, r *repository, never []string) error {
	for _, s := range sources {
		for what, dir := range r.own() {
			in, err := within(s, dir)
			if err != nil && !isDangling(s) {
				return err
			}
			if in {
				return fail(exitUsage, fmt.Errorf("%s lies in %s, %s", quote(s), what, quote(dir)), "name what you want to keep, not where it is kept")
			}
		}
		for _, dir := range never {
			if in, err := within(s, dir); err == nil && in {
				return fail(exitUsage, fmt.Errorf("%s lies in a folder of bakfs, %s", quote(s), quote(dir)), "name what you want to keep, not where it is kept")
			}
		}
	}
	return nil
}

// never are the folders that no backup enters: the repository, what bakfs keeps on this machine for it and for
// others (whose keys must not get into this one), and where bakfs shows snapshots (a copy of all of them in each
// would double them every time).
func (p *program) never(r *repository) ([]string, error) {
	list := []string{r.folder.Dir(), r.dirs.cache, r.dirs.state}
	for _, base := range []string{filepath.Dir(r.dirs.cache), filepath.Dir(r.dirs.state)} {
		entries, err := os.ReadDir(base)
		if err != nil && !errors.Is(err, iofs.ErrNotExist) {
			return nil, err
		}
		for _, e := range entries {
			if id, err := hex.DecodeString(e.Name()); err == nil && len(id) == len(r.id) {
				list = append(list, filepath.Join(base, e.Name()))
			}
		}
	}
	mounts, err := fs.Mounts()
	if err != nil {
		return nil, fmt.Errorf("where bakfs is mounted: %w", err)
	}
	for _, dir := range mounts {
		p.detail("leaving out %s: bakfs is mounted there", quote(dir))
	}
	return append(list, mounts...), nil
}

// isDangling reports whether path is a link to nothing, which is backed up as a link.
func isDangling(path string) bool {
	_, err := os.Stat(path)
	return err != nil
}

// withoutPath takes the operation and path off an error whose path is said already.
func withoutPath(err error) error {
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return e.Err
	}
	return err
}

// backupDone prints the summary and says by the exit code whether all was read.
func (p *program) backupDone(r snapshot.Result, dryRun bool, took time.Duration) error {
	if err := p.backupSummary(r, dryRun, took); err != nil {
		return err
	}
	if r.NotRead > 0 {
		return fail(exitNotRead, fmt.Errorf("%s not be read; all the rest is %s", count(r.NotRead, "file or folder could", "files or folders could"),
			map[bool]string{false: "backed up", true: "readable"}[dryRun]), "the lines above name them; the next backup tries again")
	}
	return nil
}

func (p *program) backupSummary(r snapshot.Result, dryRun bool, took time.Duration) error {
	if p.json {
		s := asJSON("summary", r.Info)
		if dryRun {
			s.ID = ""
		}
		return p.line(struct {
			jsonSnapshot
			DryRun    bool    `json:"dry_run"`
			New       uint64  `json:"files_new"`
			Changed   uint64  `json:"files_changed"`
			Unchanged uint64  `json:"files_unchanged"`
			BytesRead uint64  `json:"bytes_read"`
			Excluded  uint64  `json:"excluded"`
			Unstable  uint64  `json:"unstable"`
			Seconds   float64 `json:"seconds"`
		}{s, dryRun, r.FilesNew, r.FilesChanged, r.FilesUnchanged, r.BytesRead, r.Excluded, r.Unstable, took.Seconds()})
	}
	if p.quiet {
		return nil
	}
	p.printf("files    %s new, %s changed, %s unchanged\n", number(r.FilesNew), number(r.FilesChanged), number(r.FilesUnchanged))
	p.printf("folders  %s\n", number(r.Dirs))
	p.printf("bytes    %s in all, %s read, %s added, %s stored\n", bytesOf(r.Bytes), bytesOf(r.BytesRead), bytesOf(r.Added), bytesOf(r.Stored))
	if p.verbose {
		p.printf("others   %s links and special files, %s left out, %s changed while read\n", number(r.Others), number(r.Excluded), number(r.Unstable))
	}
	p.printf("time     %.1f s\n", took.Seconds())
	if dryRun {
		p.printf("dry run: nothing was written\n")
		return nil
	}
	p.printf("snapshot %s\n", shortID(r.Info))
	return nil
}
