package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"bakfs/signal/archive"
	"bakfs/signal/legacy"
	"bakfs/signal/modern"
	"bakfs/snapshot"
	"bakfs/store"
)

// signalError says which path an error is about, and what can be done.
func signalError(path string, err error) error {
	if p, ok := err.(*os.PathError); ok { // of path itself; one of another file is wrapped
		err = p.Err
	}
	err = fmt.Errorf("%s: %w", quote(path), err)
	for f := range failures(err) {
		if len(f.hints) > 0 {
			return err
		}
	}
	switch {
	case errors.Is(err, archive.ErrNoBackup):
		return hinted(err, "give the folder SignalBackups, a file signal-….backup, or an export's main.jsonl; other files are backed up without --signal")
	case errors.Is(err, archive.ErrTooMany):
		return fail(exitNotRead, err, "give the folder that holds the backups")
	case errors.Is(err, modern.ErrNoACI):
		return hinted(err, "--signal-account UUID says whose it is")
	case errors.Is(err, archive.ErrOtherAccount):
		return hinted(err, "leave --signal-account out: the backup says whose it is")
	case errors.Is(err, modern.ErrRemote):
		return hinted(err, "in Signal: Settings, Backups, On-device backups")
	case errors.Is(err, modern.ErrUnknownVersion), errors.Is(err, legacy.ErrVersion):
		return hinted(err, "until there is a newer bakfs, `bakfs backup` without --signal keeps it as it is")
	case errors.Is(err, modern.ErrIncomplete):
		return fail(exitNotRead, err, "the other backups of the folder are not concerned")
	case errors.Is(err, modern.ErrDamaged), errors.Is(err, legacy.ErrDamaged), errors.Is(err, legacy.ErrTruncated), errors.Is(err, modern.ErrTruncated):
		return hinted(err, "copy it again from the phone; snapshots that are stored already are not concerned")
	}
	return err
}

// A signalRun stores Signal backups in one run of the command.
type signalRun struct {
	p      *program
	r      *repository
	st     *store.Store
	keys   *signalKeys
	flags  backupFlags
	stored *signalStored
}

func (p *program) newSignalRun(r *repository, st *store.Store, f backupFlags) *signalRun {
	keys := &signalKeys{p: p, files: f.signal.keyFiles, command: f.signal.command}
	return &signalRun{p: p, r: r, st: st, keys: keys, flags: f}
}

// all stores the new backups of all sources.
func (b *signalRun) all(ctx context.Context, sources []*signalSource) (failed []error) {
	if len(sources) == 0 {
		return nil
	}
	stored, failed, err := b.p.newSignalStored(ctx, b.r, b.st)
	if err != nil {
		return []error{err}
	}
	b.stored = stored
	defer stored.keep()
	if err := b.keys.load(ctx); err != nil { // once, and not as an error of a backup
		failed = append(failed, err)
		sources = slices.DeleteFunc(sources, func(s *signalSource) bool { return s.NeedsKey() })
	}
	for _, s := range sources {
		if ctx.Err() == nil {
			failed = append(failed, b.source(ctx, s)...)
		}
	}
	return failed
}

// source stores each backup of a source that is not stored yet, the oldest first.
// What is wrong with one does not keep the others from being stored. That a key is
// wrong is said once of all those for which it is wrong in the same way.
func (b *signalRun) source(ctx context.Context, s *signalSource) (failed []error) {
	old := 0
	var wrong wrongKeys
	defer func() { failed = append(failed, wrong.errors(s)...) }()
	for _, item := range s.Items {
		if ctx.Err() != nil {
			return failed
		}
		done, err := b.item(ctx, s, item)
		if done {
			old++
		}
		switch {
		case wrongSignalKey(err):
			wrong.add(item, err)
		case err != nil:
			failed = append(failed, signalError(s.path(item), err))
		}
	}
	if old > 0 {
		b.p.say("%s: %s stored already", quote(s.name()), count(uint64(old), "backup is", "backups are"))
	}
	return failed
}

// item stores one backup, unless it is stored: then old says that all of it is. One
// that never was whole is decoded again only if it, or its media, were touched since.
func (b *signalRun) item(ctx context.Context, s *signalSource, item archive.Item) (old bool, err error) {
	if item.Err != nil {
		return false, item.Err
	}
	id, err := s.ID(ctx, item)
	if err != nil {
		return false, err
	}
	e, damage, err := b.stored.of(ctx, id)
	if err != nil {
		return false, err
	}
	if e != nil && e.Report.Err() == nil {
		return true, errors.Join(damage...)
	}
	seen, err := s.Fingerprint(ctx, item)
	if err != nil {
		return false, err
	}
	if e != nil && !b.flags.reread && b.stored.cache.wasTried(id, seen) {
		b.asFar(s, item, e.Report)
		return false, errors.Join(damage...)
	}
	report, err := b.one(ctx, s, item)
	if report != nil && report.Err() != nil {
		b.stored.cache.try(id, seen)
	}
	return false, errors.Join(append(damage, err)...)
}

// asFar says that a backup that is not whole is stored. It was an error when that was done.
func (b *signalRun) asFar(s *signalSource, item archive.Item, report archive.Report) {
	b.p.say("%s: stored already, as far as it can be read: %v", quote(s.path(item)), report.Err())
}

// openArchive opens the Signal backup of a snapshot.
func openArchive(ctx context.Context, st *store.Store, info snapshot.Info) (*archive.Archive, error) {
	if info.Kind != snapshot.Signal || len(info.Sources) != 1 {
		return nil, fail(exitError, fmt.Errorf("snapshot %s is not of a Signal backup", shortID(info)), "bakfs snapshots lists them; those of Signal have a source that begins with "+signalRoot)
	}
	dir, err := subFS(bound(ctx, snapshot.Open(st, info)), strings.TrimPrefix(info.Sources[0], "/"))
	if err != nil {
		return nil, err
	}
	return archive.Open(dir)
}

// one stores one backup. One that is stored already as far as it could be read, and
// has not become better since, makes no snapshot. The report is nil if nothing came of it.
func (b *signalRun) one(ctx context.Context, s *signalSource, item archive.Item) (*archive.Report, error) {
	begun := time.Now()
	backup, err := b.keys.open(ctx, s, item)
	if err != nil {
		return nil, err
	}
	defer backup.Close()
	if backup.Newer > 0 {
		b.p.warn("warning: %s: Signal wrote it in version %d of its format, which is newer than this bakfs knows; all of it is stored as it is, and what messages/ shows of it may not be all until bakfs is newer too", quote(s.path(item)), backup.Newer)
	}
	o := snapshot.BuildOptions{Keys: b.r.keys, Source: signalRoot + "/" + backup.Account, Date: backup.Time, Tags: b.flags.tags, DryRun: b.flags.dryRun, Fine: archive.Fine}
	o.Parent = b.parent(o.Source, backup.Time)
	var bar *progress
	o.Progress, bar = b.p.backupProgress()
	o.Warn = func(path string, err error) {
		bar.around(func() { b.p.warn("%s: %v", quote(path), withoutPath(err)) })
	}
	builder, err := snapshot.NewBuilder(ctx, b.st, b.r.journal, b.r.device, o)
	if err != nil {
		return nil, err
	}
	report, err := backup.Store(ctx, builder)
	if old := b.stored.seen[backup.ID]; err == nil && old != nil && reflect.DeepEqual(old.Report, report) {
		bar.done()
		b.asFar(s, item, report)
		return &report, nil
	}
	builder.Miss(losses(report))
	var result snapshot.Result
	if err == nil {
		result, err = builder.Finish(ctx)
	}
	bar.done()
	if err != nil {
		return nil, err
	}
	b.stored.add(result.Info, &archive.Envelope{ID: backup.ID, Report: report})
	if err := b.done(backup, report, result, time.Since(begun)); err != nil {
		return &report, err
	}
	return &report, lossError(report)
}

// losses is how many parts of a backup are not in the snapshot and should be.
func losses(r archive.Report) uint64 {
	n := uint64(max(0, r.Missing+r.DamagedMedia+r.Damaged))
	if r.Truncated {
		n++
	}
	return n
}

// lossError says what a backup should have had and did not.
func lossError(report archive.Report) error {
	err := report.Err()
	if err == nil {
		return nil
	}
	return fail(exitNotRead, err, "all the rest is stored; -v names what was lost, and another copy of the backup may be whole")
}

// parent is the account's backup that is nearest before a date, else the oldest after it.
func (b *signalRun) parent(source string, date time.Time) *snapshot.Info {
	infos, _ := snapshot.List(b.r.journal)
	infos = slices.DeleteFunc(infos, func(i snapshot.Info) bool {
		return i.Kind != snapshot.Signal || !slices.Contains(i.Sources, source)
	})
	for i := range slices.Backward(infos) {
		if i == 0 || !infos[i].Date().After(date) {
			return &infos[i]
		}
	}
	return nil
}

// done prints what was stored, and what was not.
func (b *signalRun) done(backup *archive.Backup, report archive.Report, result snapshot.Result, took time.Duration) error {
	for _, loss := range report.First {
		b.p.detail("%s: %s", quote(backup.Name), loss)
	}
	return b.summary(backup, report, result, took)
}

func (b *signalRun) summary(backup *archive.Backup, report archive.Report, result snapshot.Result, took time.Duration) error {
	p := b.p
	if p.json {
		s := asJSON("signal", result.Info)
		if b.flags.dryRun {
			s.ID = ""
		}
		return p.line(struct {
			jsonSnapshot
			DryRun        bool    `json:"dry_run"`
			Format        string  `json:"format"`
			Name          string  `json:"name"`
			Account       string  `json:"account"`
			Messages      int64   `json:"messages"`
			Conversations int64   `json:"conversations"`
			Media         int64   `json:"media"`
			Missing       int64   `json:"media_missing"`
			Damaged       int64   `json:"damaged"`
			Seconds       float64 `json:"seconds"`
		}{s, b.flags.dryRun, backup.Format.String(), backup.Name, backup.Account, report.Messages, report.Conversations, report.Media, report.Missing,
			report.Damaged + report.DamagedMedia, took.Seconds()})
	}
	if p.quiet {
		return nil
	}
	format := backup.Format.String()
	article := "a"
	if strings.ContainsRune("aeiou", rune(format[0])) {
		article = "an"
	}
	p.printf("signal   %s, %s %s of %s\n", quote(backup.Name), article, format, backup.Time.Local().Format("2006-01-02 15:04:05"))
	p.printf("messages %s in %s, %s\n", number(uint64(report.Messages)), count(uint64(report.Conversations), "conversation", "conversations"),
		count(uint64(report.Media), "photo or other file", "photos and other files"))
	p.printf("bytes    %s in all, %s added, %s stored\n", bytesOf(result.Bytes), bytesOf(result.Added), bytesOf(result.Stored))
	p.printf("time     %.1f s\n", took.Seconds())
	if b.flags.dryRun {
		p.printf("dry run: nothing was written\n")
		return nil
	}
	p.printf("snapshot %s\n", shortID(result.Info))
	return nil
}
