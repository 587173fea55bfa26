package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"bakfs/journal"
	"bakfs/seal"
	"bakfs/store"
)

func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("x"), 1},
		{usagef("x"), 2},
		{fail(exitNotRead, errors.New("x")), 3},
		{store.ErrNoRepository, 10},
		{fail(exitInUse, errors.New("x")), 11},
		{seal.ErrKey, 12},
		{&seal.KeyError{Group: 3}, 12},
		{store.ErrDamaged, 13},
		{seal.ErrTampered, 13},
		{journal.ErrBehind, 13},
		{journal.ErrFork, 13},
		{fmt.Errorf("%w: %w", store.ErrDamaged, seal.ErrKey), 13},
		{store.ErrMissing, 14},
		{store.ErrNotSynced, 14},
		{store.ErrOffline, 14},
		{context.Canceled, 130},
		{fmt.Errorf("%w: %w", store.ErrDamaged, context.Canceled), 130},
		{silent(13), 13},
		{hinted(store.ErrDamaged, "x"), 13},
		{hinted(errors.New("x"), "x"), 1},
		{fail(exitUsage, hinted(store.ErrDamaged, "x")), 2},
		{hinted(fail(exitUsage, errors.New("x")), "y"), 2},
		{errors.Join(errors.New("x"), fail(exitInUse, errors.New("y"))), 11},
	} {
		if got := exitCode(c.err); got != c.want {
			t.Errorf("%v: %d, want %d", c.err, got, c.want)
		}
		if c.err == nil {
			continue
		}
		if got := exitCode(fmt.Errorf("outer: %w", c.err)); got != c.want {
			t.Errorf("wrapped %v: %d, want %d", c.err, got, c.want)
		}
		if got := exitCode(errors.Join(c.err, nil)); got != c.want {
			t.Errorf("joined %v: %d, want %d", c.err, got, c.want)
		}
	}
}

func TestReportIsSafeAndHasHints(t *testing.T) {
	var b bytes.Buffer
	code := report(&b, fail(exitError, errors.New("open \x1b[31mx\nbakfs: all is well"), "do\x07 this", "or that"), false)
	want := "bakfs: open \\x1b[31mx\\nbakfs: all is well\nbakfs: hint: do\\a this\nbakfs: hint: or that\n"
	if code != 1 || b.String() != want {
		t.Errorf("%d %q", code, b.String())
	}
	b.Reset()
	if code := report(&b, silent(13), false); code != 13 || b.Len() > 0 {
		t.Errorf("silent: %d %q", code, b.String())
	}
	if code := report(&b, fmt.Errorf("x: %w", context.Canceled), false); code != 130 || b.String() != "bakfs: interrupted\n" {
		t.Errorf("interrupted: %d %q", code, b.String())
	}
	b.Reset()
	if report(&b, store.ErrOffline, true); b.String() != "\x1b[1;31mbakfs:\x1b[0m the cloud folder cannot be reached\n"+
		"\x1b[1mbakfs: hint:\x1b[0m is the cloud folder's sync program running, and is there a network?\n" {
		t.Errorf("coloured: %q", b.String())
	}
}
