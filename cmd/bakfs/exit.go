package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"iter"
	"os"
	"syscall"

	"bakfs/journal"
	"bakfs/seal"
	"bakfs/store"
)

// The exit codes, as every help text prints them (see exitHelp).
const (
	exitOK           = 0
	exitError        = 1
	exitUsage        = 2
	exitNotRead      = 3
	exitNoRepository = 10
	exitInUse        = 11
	exitWrongKey     = 12
	exitDamaged      = 13
	exitNotSynced    = 14
	exitInterrupted  = 130
)

const exitHelp = `Exit codes:
  0    done
  1    an error
  2    wrong usage
  3    done, but some source files could not be read
  10   there is no repository
  11   in use by another bakfs
  12   wrong recovery key or key of Signal, or none given
  13   damaged
  14   the repository is not completely synced
  130  interrupted
`

// A failure is an error with what only the command knows: its exit code (0: what
// the wrapped error says) and what the user can do.
type failure struct {
	code  int
	err   error
	hints []string
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func fail(code int, err error, hints ...string) error { return &failure{code, err, hints} }

// usagef is a mistake in how the command was called.
func usagef(format string, args ...any) error {
	return &failure{exitUsage, fmt.Errorf(format, args...), nil}
}

// hinted adds what to do to an error; the exit code stays what err says.
func hinted(err error, hints ...string) error { return &failure{0, err, hints} }

// A silent error has an exit code and nothing left to say: the report is already out.
type silent int

func (s silent) Error() string { return fmt.Sprintf("exit code %d", int(s)) }

// failures yields every failure in the tree of err, outermost first.
func failures(err error) iter.Seq[*failure] {
	return func(yield func(*failure) bool) { eachFailure(err, yield) }
}

func eachFailure(err error, yield func(*failure) bool) bool {
	if f, ok := err.(*failure); ok && !yield(f) {
		return false
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return eachFailure(e.Unwrap(), yield)
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			if !eachFailure(one, yield) {
				return false
			}
		}
	}
	return true
}

// exitCode maps an error to the exit code of the process. Damage comes before a
// wrong key: a damaged object can fail as if its key were another one.
func exitCode(err error) int {
	if err == nil {
		return exitOK
	}
	if s, ok := errors.AsType[silent](err); ok {
		return int(s)
	}
	for f := range failures(err) {
		if f.code != 0 {
			return f.code
		}
	}
	var key *seal.KeyError
	switch {
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.Is(err, store.ErrNoRepository):
		return exitNoRepository
	case errors.Is(err, store.ErrNotSynced), errors.Is(err, store.ErrOffline), errors.Is(err, store.ErrMissing):
		return exitNotSynced
	case errors.Is(err, store.ErrDamaged), errors.Is(err, seal.ErrTampered), errors.Is(err, journal.ErrBehind), errors.Is(err, journal.ErrFork):
		return exitDamaged
	case errors.Is(err, seal.ErrKey), errors.As(err, &key):
		return exitWrongKey
	}
	return exitError
}

// hints returns what the user can do about err: what the command says, else what
// is known about this kind of error.
func hints(err error) []string {
	var all []string
	for f := range failures(err) {
		all = append(all, f.hints...)
	}
	if len(all) > 0 {
		return all
	}
	switch {
	case errors.Is(err, context.Canceled):
	case errors.Is(err, store.ErrNoRepository):
		return []string{"is the path right? `bakfs init -r DIR` makes a new repository"}
	case errors.Is(err, store.ErrOffline):
		return []string{"is the cloud folder's sync program running, and is there a network?"}
	case errors.Is(err, store.ErrNotSynced), errors.Is(err, store.ErrMissing):
		return []string{"wait until the sync program has fetched everything, then try again; `bakfs check` tells what is missing"}
	case errors.Is(err, journal.ErrBehind):
		return []string{"is the folder still syncing, or was it put back to an older state? wait, or bring its newest files back (cloud services keep removed ones for a while)",
			"nothing is added before that, because it would look forged to other devices; `bakfs check` tells what is missing"}
	case errors.Is(err, journal.ErrFork):
		return []string{"two copies of this device have written to the repository, for example after its disk was cloned; `bakfs check` tells more"}
	case errors.Is(err, store.ErrDamaged), errors.Is(err, seal.ErrTampered):
		return []string{"`bakfs check --read-data` finds what is damaged and which files it concerns"}
	case errors.Is(err, seal.ErrKey):
		return []string{"this is not the recovery key of this repository"}
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return []string{"the disk or the quota is full; nothing that was backed up before is lost"}
	case errors.Is(err, iofs.ErrPermission):
		return []string{"do you own this, and may you write there?"}
	}
	return nil
}

// report prints an error and its hints as people read them, and returns the exit code.
func report(w io.Writer, err error, colour bool) int {
	code := exitCode(err)
	if _, ok := errors.AsType[silent](err); ok || err == nil {
		return code
	}
	bad, hint, off := "", "", ""
	if colour {
		bad, hint, off = "\x1b[1;31m", "\x1b[1m", "\x1b[0m"
	}
	text := plain(err.Error())
	if code == exitInterrupted {
		text = "interrupted"
	}
	fmt.Fprintf(w, "%sbakfs:%s %s\n", bad, off, text)
	for _, h := range hints(err) {
		fmt.Fprintf(w, "%sbakfs: hint:%s %s\n", hint, off, plain(h))
	}
	return code
}

// colour reports whether words to f may be coloured.
func colour(f *os.File, getenv func(string) string) bool {
	return getenv("NO_COLOR") == "" && getenv("TERM") != "dumb" && isTerminal(f)
}
