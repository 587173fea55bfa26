package main

import (
	iofs "io/fs"
	"syscall"
	"testing"
)

type namedInfo struct {
	iofs.FileInfo
	user, group string
}

func (i namedInfo) Owner() (user, group string) { return i.user, i.group }

// Owners are called as they were where the backup was made, never as this machine calls their numbers.
func TestOwnersAreThoseOfTheBackup(t *testing.T) {
	st := &syscall.Stat_t{Uid: 0, Gid: 4294967295}
	for _, c := range []struct {
		info        iofs.FileInfo
		user, group string
	}{
		{namedInfo{nil, "anna", "staff"}, "anna", "staff"},
		{namedInfo{nil, "anna", ""}, "anna", "4294967295"},
		{namedInfo{nil, "", "staff"}, "0", "staff"},
		{nil, "0", "4294967295"},
	} {
		if user, group := ownersOf(c.info, st); user != c.user || group != c.group {
			t.Errorf("%+v: %q, %q", c.info, user, group)
		}
	}
}
