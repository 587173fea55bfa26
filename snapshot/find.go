package snapshot

import (
	"errors"
	"fmt"
	iofs "io/fs"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	minIDPrefix = 4 // hex digits
	maxNamed    = 5 // snapshots that an error about several names
	maxDaysBack = 1e6
)

// Find finds the one snapshot that spec means: a prefix of its id of at least 4 hex digits, its name in a mount,
// "latest", "latest~2" (two before the newest), or a time in which its Date is the only one: 2026-05, 2026-05-31,
// 2026-05-31_0300, "today", "yesterday", "3d" (the day 3 days ago). infos are as List gives them; days are those of now's
// time zone. The error is iofs.ErrNotExist if there is none, and a *SeveralError if there are several.
func Find(infos []Info, spec string, now time.Time) (Info, error) {
	if back, ok := latestBack(spec); ok {
		if back >= uint64(len(infos)) {
			return Info{}, fmt.Errorf("snapshot %q: there are only %d: %w", spec, len(infos), iofs.ErrNotExist)
		}
		return infos[len(infos)-1-int(back)], nil
	}
	names := Names(infos, now.Location())
	match, err := matcher(spec, now)
	var found []int
	for i := range infos {
		if names[i] == spec {
			return infos[i], nil
		}
		if err == nil && match(infos[i]) {
			found = append(found, i)
		}
	}
	switch {
	case err != nil:
		return Info{}, fmt.Errorf("snapshot %q: %w", spec, err)
	case len(found) == 0:
		return Info{}, fmt.Errorf("snapshot %q: %w", spec, iofs.ErrNotExist)
	case len(found) > 1:
		return Info{}, fmt.Errorf("snapshot %q: %w", spec, newSeveralError(infos, names, found))
	}
	return infos[found[0]], nil
}

// A SeveralError is Find's where several snapshots are meant: Infos, the newest first.
type SeveralError struct {
	Infos []Info
	names []string // of Infos
}

func newSeveralError(infos []Info, names []string, found []int) *SeveralError {
	e := new(SeveralError)
	for _, i := range slices.Backward(found) {
		e.Infos, e.names = append(e.Infos, infos[i]), append(e.names, names[i])
	}
	return e
}

// Error names them by what tells them apart.
func (e *SeveralError) Error() string {
	var b strings.Builder
	for i, info := range e.Infos[:min(len(e.Infos), maxNamed)] {
		fmt.Fprintf(&b, ", %s (%s)", info.ID.String()[:8], e.names[i])
	}
	if len(e.Infos) > maxNamed {
		b.WriteString(", …")
	}
	return fmt.Sprintf("%d snapshots match: %s", len(e.Infos), b.String()[2:])
}

// latestBack reads "latest" and "latest~N".
func latestBack(spec string) (uint64, bool) {
	rest, ok := strings.CutPrefix(spec, latestName)
	if !ok || rest == "" {
		return 0, ok
	}
	digits, ok := strings.CutPrefix(rest, "~")
	n, err := strconv.ParseUint(digits, 10, 32)
	return n, ok && err == nil
}

// matcher says which snapshots spec means. "123d" is read both ways.
func matcher(spec string, now time.Time) (func(Info) bool, error) {
	from, to, isTime := period(spec, now)
	prefix := strings.ToLower(spec)
	isID := prefix != "" && strings.Trim(prefix, "0123456789abcdef") == ""
	switch {
	case !isTime && !isID:
		return nil, errors.New("neither an id, a date, a name of a snapshot nor \"latest\"")
	case !isTime && len(prefix) < minIDPrefix:
		return nil, fmt.Errorf("an id needs at least %d digits", minIDPrefix)
	}
	isID = isID && len(prefix) >= minIDPrefix
	return func(i Info) bool {
		return isTime && !i.Date().Before(from) && i.Date().Before(to) || isID && strings.HasPrefix(i.ID.String(), prefix)
	}, nil
}

// period reads a time: from is inside, to is not.
func period(spec string, now time.Time) (from, to time.Time, ok bool) {
	if days, ok := daysBack(spec); ok {
		from = time.Date(now.Year(), now.Month(), now.Day()-days, 0, 0, 0, 0, now.Location())
		return from, from.AddDate(0, 0, 1), true
	}
	for form, next := range map[string]func(time.Time) time.Time{
		"2006-01":    func(t time.Time) time.Time { return t.AddDate(0, 1, 0) },
		"2006-01-02": func(t time.Time) time.Time { return t.AddDate(0, 0, 1) },
		minuteForm:   func(t time.Time) time.Time { return t.Add(time.Minute) },
	} {
		if t, err := time.ParseInLocation(form, spec, now.Location()); err == nil {
			return t, next(t), true
		}
	}
	return from, to, false
}

func daysBack(spec string) (int, bool) {
	switch spec {
	case "today":
		return 0, true
	case "yesterday":
		return 1, true
	}
	digits, ok := strings.CutSuffix(spec, "d")
	n, err := strconv.ParseUint(digits, 10, 32)
	return int(n), ok && err == nil && n <= maxDaysBack
}
