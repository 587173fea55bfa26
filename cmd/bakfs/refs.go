package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"bakfs/journal"
	"bakfs/snapshot"
)

const refHelp = `SNAP is one of
  latest              the newest snapshot
  latest~2            the second before it
  4f1c09ab            the id as "bakfs snapshots" shows it, or its beginning
  2026-05-31_0300     a time, as in the mount; 2026-05-31 if only one was made that day
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

// resolve finds the one snapshot that snap means.
func resolve(infos []snapshot.Info, snap string) (snapshot.Info, error) {
	if back, ok := parseLatest(snap); ok {
		if len(infos) == 0 {
			return snapshot.Info{}, fail(exitError, errors.New("there are no snapshots yet"), "bakfs backup PATH makes one")
		}
		if back >= len(infos) {
			return snapshot.Info{}, fail(exitError, fmt.Errorf("%s: there are only %s", quote(snap), count(uint64(len(infos)), "snapshot", "snapshots")), "bakfs snapshots lists them")
		}
		return infos[len(infos)-1-back], nil
	}
	var found []snapshot.Info
	names := snapshot.Names(infos, time.Local)
	for i, info := range infos {
		if matches(info, names[i], snap) {
			found = append(found, info)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return snapshot.Info{}, fail(exitError, fmt.Errorf("there is no snapshot %s", quote(snap)), "bakfs snapshots lists them; `latest` is the newest")
	}
	var ids []string
	for _, info := range found {
		if len(ids) == 5 {
			ids = append(ids, "…")
			break
		}
		ids = append(ids, shortID(info)+" of "+info.Time.Local().Format("2006-01-02 15:04:05"))
	}
	return snapshot.Info{}, fail(exitError, fmt.Errorf("%s means %d snapshots", quote(snap), len(found)), "one of "+strings.Join(ids, ", "))
}

// parseLatest reads latest and latest~N.
func parseLatest(snap string) (back int, ok bool) {
	rest, ok := strings.CutPrefix(snap, "latest")
	if !ok || rest == "" {
		return 0, ok
	}
	number, ok := strings.CutPrefix(rest, "~")
	n, err := strconv.ParseUint(number, 10, 31)
	return int(n), ok && err == nil
}

// matches says whether snap is the beginning of the snapshot's id, its name in the
// mount, or the day, month or minute at the beginning of that name.
func matches(info snapshot.Info, name, snap string) bool {
	if len(snap) >= 4 && strings.HasPrefix(info.ID.String(), strings.ToLower(snap)) {
		return true
	}
	if snap == name || strings.HasPrefix(name, snap+"_") {
		return true
	}
	for _, layout := range []string{"2006-01-02", "2006-01"} {
		if _, err := time.Parse(layout, snap); err == nil {
			return strings.HasPrefix(name, snap)
		}
	}
	return false
}

// shortID is the beginning of the id that people see and type.
func shortID(info snapshot.Info) string { return hex.EncodeToString(info.ID[:4]) }

// find parses s and finds its snapshot.
func (p *program) find(j *journal.Journal, s string) (snapshot.Info, ref, error) {
	at, err := parseRef(s)
	if err != nil {
		return snapshot.Info{}, ref{}, err
	}
	info, err := resolve(p.snapshots(j), at.snap)
	return info, at, err
}
