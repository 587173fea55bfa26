package archive

import (
	"errors"
	"fmt"

	"bakfs/signal"
)

// What a backup lacks, for errors.Is on Report.Err.
var (
	ErrMissing = errors.New("media are missing: the backup was not copied whole; copy it again, with its folder files")
	ErrDamaged = errors.New("a part of the backup is damaged and was left out; copy it again from the phone")
)

// A Report is what was stored of a backup, and what was not.
type Report struct {
	Records       int64 // all; of a legacy file those that its rows were made into
	Messages      int64
	Conversations int64    // with messages
	Media         int64    // files, each once
	MediaBytes    int64    // in them
	Missing       int64    // files that should be beside the backup and are in no place
	Gone          int64    // files that the phone had lost before the backup was made
	DamagedMedia  int64    // files that are not what their message names, or cannot be read
	Damaged       int64    // records, lines, frames or rows that cannot be read, as far as storing looks into them
	Unknown       int64    // frames of kinds that came with a newer app; they are stored
	Truncated     bool     // the backup ends too early
	First         []string // the first hundred losses in words, for people
}

// Err returns what the backup should have had and did not, nil if nothing. It
// wraps ErrMissing, ErrDamaged or signal.ErrTruncated, or several.
func (r *Report) Err() error {
	var list []error
	if r.Truncated {
		list = append(list, fmt.Errorf("the backup ends too early, what comes before was stored: %w", signal.ErrTruncated))
	}
	if r.Damaged > 0 {
		list = append(list, fmt.Errorf("%d damaged records: %w", r.Damaged, ErrDamaged))
	}
	if r.DamagedMedia > 0 {
		list = append(list, fmt.Errorf("%d damaged media files: %w", r.DamagedMedia, ErrDamaged))
	}
	if r.Missing > 0 {
		list = append(list, fmt.Errorf("%d media files: %w", r.Missing, ErrMissing))
	}
	return errors.Join(list...)
}

// lost notes one loss in words.
func (r *Report) lost(err error) {
	if len(r.First) < maxLosses {
		r.First = append(r.First, clean(err.Error()))
	}
}
