package main

import (
	"errors"
	"fmt"

	"bakfs/journal"
	"bakfs/seal"
	"bakfs/store"
)

// unreadable is the line of a mount about what it could not read. Readers get an I/O
// error in any case; the line says whether waiting may help.
func unreadable(path string, err error) string {
	what := ""
	switch {
	case errors.Is(err, store.ErrOffline):
		what = "out of reach now: "
	case errors.Is(err, store.ErrMissing), errors.Is(err, store.ErrNotSynced), errors.Is(err, journal.ErrPending):
		what = "not synced yet, or lost: "
	case errors.Is(err, store.ErrDamaged), errors.Is(err, seal.ErrTampered):
		what = "damaged: "
	}
	return fmt.Sprintf("%s: %s%v", quote(path), what, err)
}
