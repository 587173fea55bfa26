package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	iofs "io/fs"
	"path"
	"strings"
	"time"

	"bakfs/journal"
	"bakfs/snapshot"
)

const refHelp = `SNAP is one of
  latest              the newest snapshot of files; with PATH in /messages or /signal, of Signal
  latest~2            the second before it
  4f1c09ab            the id as "bakfs snapshots" shows it, or its beginning
  2026-05-31_0300     a time, as in the mount, or all of the name there
  2026-05-31          a day, or a month like 2026-05; also today, yesterday, 3d (days ago)
  merged              with PATH in /messages: the messages of all Signal backups
A snapshot of a Signal backup has /messages and /signal, as in a mount.
A time must mean one snapshot: where several were made in it, they are named.
PATH is the absolute path that the file or folder had when it was backed up.
`

// A ref is SNAP[:PATH].
type ref struct {
	snap string
	path string // absolute and clean; "/" where none is given
}

// parseRef splits SNAP[:PATH] at the first colon: no SNAP holds one. The path is
// literal: no pattern, any bytes but NUL.
func parseRef(s string) (ref, error) {
	snap, p, _ := strings.Cut(s, ":")
	if snap == "" {
		return ref{}, fail(exitUsage, fmt.Errorf("%s names no snapshot", quote(s)), "for example latest:/home/me, or an id from `bakfs snapshots`")
	}
	if strings.ContainsRune(p, 0) {
		return ref{}, usagef("a path with a NUL byte")
	}
	if p == "" {
		p = "/"
	}
	if p[0] != '/' {
		return ref{}, fail(exitUsage, fmt.Errorf("%s is not an absolute path", quote(p)), "write "+quote(snap+":/"+p)+" if that is the path it had when it was backed up")
	}
	return ref{snap, path.Clean(p)}, nil
}

// name is the path as io/fs wants it.
func (r ref) name() string {
	if r.path == "/" {
		return "."
	}
	return r.path[1:]
}

// snapshots lists the snapshots, oldest first, and warns about those that cannot be read.
func (p *program) snapshots(j *journal.Journal) []snapshot.Info {
	infos, errs := snapshot.List(j)
	for _, err := range errs {
		p.warn("warning: %v", err)
	}
	return infos
}

// resolve finds the one snapshot that snap means. Days are those of now's time zone.
func resolve(infos []snapshot.Info, snap string, now time.Time) (snapshot.Info, error) {
	const list = "bakfs snapshots lists them; `latest` is the newest"
	if len(infos) == 0 {
		return snapshot.Info{}, fail(exitError, errors.New("there are no snapshots yet"), "bakfs backup PATH makes one")
	}
	info, err := snapshot.Find(infos, snap, now)
	if err == nil {
		return info, nil
	}
	if several, ok := errors.AsType[*snapshot.SeveralError](err); ok {
		return info, severalSnapshots(snap, several.Infos)
	}
	switch {
	case !errors.Is(err, iofs.ErrNotExist):
		return info, fail(exitError, err, list)
	case strings.HasPrefix(snap, "latest"):
		return info, fail(exitError, fmt.Errorf("%s: there are only %s", quote(snap), count(uint64(len(infos)), "snapshot", "snapshots")), "bakfs snapshots lists them")
	}
	return info, fail(exitError, fmt.Errorf("there is no snapshot %s", quote(snap)), list)
}

// severalSnapshots is the error where snap means more than one; it names five.
func severalSnapshots(snap string, infos []snapshot.Info) error {
	var ids []string
	for _, info := range infos {
		if len(ids) == 5 {
			ids = append(ids, "…")
			break
		}
		ids = append(ids, shortID(info)+" of "+info.Date().Local().Format("2006-01-02 15:04:05"))
	}
	return fail(exitError, fmt.Errorf("%s means %d snapshots", quote(snap), len(infos)), "one of "+strings.Join(ids, ", "))
}

// shortID is the beginning of the id that people see and type.
func shortID(info snapshot.Info) string { return hex.EncodeToString(info.ID[:4]) }

// find parses s and finds its snapshot.
func (p *program) find(j *journal.Journal, s string) (snapshot.Info, ref, error) {
	at, err := parseRef(s)
	if err != nil {
		return snapshot.Info{}, ref{}, err
	}
	kind := snapshot.Files
	for _, dir := range []string{signalRoot, "/messages"} {
		if at.path == dir || strings.HasPrefix(at.path, dir+"/") {
			kind = snapshot.Signal
		}
	}
	info, err := resolve(newestOf(p.snapshots(j), at.snap, kind), at.snap, time.Now())
	return info, at, err
}

// newestOf are the snapshots that snap may mean: of "latest" those of a kind, where
// there are any, since a backup of files and one of Signal are made in one run.
func newestOf(infos []snapshot.Info, snap string, kind snapshot.SourceKind) []snapshot.Info {
	if !strings.HasPrefix(snap, "latest") {
		return infos
	}
	var some []snapshot.Info
	for _, i := range infos {
		if i.Kind == kind {
			some = append(some, i)
		}
	}
	if len(some) == 0 {
		return infos
	}
	return some
}
