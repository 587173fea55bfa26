package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	iofs "io/fs"
	"maps"
	"os"
	"slices"

	"bakfs/journal"
	"bakfs/seal"
)

// find finds out which repository the folder is. Its objects say so in clear, and who
// can write to the folder can put others there; so it is the one that this machine is
// enrolled in, else the only one that is named. Of several, choose finds the right one.
func (r *repository) find() error {
	own, err := r.base.enrolled()
	if err != nil {
		return err
	}
	found, err := r.folder.Repositories(false)
	if err != nil {
		return err
	}
	mine := among(own, found)
	if len(mine) == 0 && len(own) > 0 { // ours may be named by later entries only
		all, err := r.folder.Repositories(true)
		if err != nil {
			return err
		}
		mine = among(own, all)
	}
	switch {
	case len(mine) > 1:
		return r.folder.Mixed(mine)
	case len(mine) == 1:
		r.id = mine[0]
	case len(found) == 1:
		r.id = slices.Collect(maps.Keys(found))[0]
	}
	r.dirs = r.base.of(r.id)
	return nil
}

// among returns the ids of own that are in found.
func among(own []seal.RepositoryID, found map[seal.RepositoryID][]string) (mine []seal.RepositoryID) {
	for _, id := range own {
		if found[id] != nil {
			mine = append(mine, id)
		}
	}
	return mine
}

// enrolled lists the repositories that this machine is a device of.
func (d dirs) enrolled() (ids []seal.RepositoryID, err error) {
	entries, err := os.ReadDir(d.state)
	if errors.Is(err, iofs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		var id seal.RepositoryID
		b, err := hex.DecodeString(e.Name())
		if err != nil || len(b) != len(id) {
			continue
		}
		copy(id[:], b)
		if _, err := os.Lstat(d.of(id).device()); err == nil {
			ids = append(ids, id)
		}
	}
	return ids, err
}

// choose makes r the repository whose journal opens with the key. Where none does, it
// stays what it was: reading its journal tells what is wrong.
func (r *repository) choose(key seal.RecoveryKey) error {
	if _, err := os.Lstat(r.dirs.device()); err == nil {
		return nil // the one that this machine is enrolled in
	}
	for _, every := range []bool{false, true} {
		found, err := r.folder.Repositories(every)
		if err != nil {
			return err
		}
		var open []seal.RepositoryID
		for id, names := range found {
			if journal.Opens(r.folder, seal.DeriveRoot(key, id).Keys(), names) {
				open = append(open, id)
			}
		}
		if len(open) > 1 {
			return r.folder.Mixed(open)
		}
		if len(open) == 1 {
			r.id, r.dirs = open[0], r.base.of(open[0])
			return nil
		}
	}
	if r.id == (seal.RepositoryID{}) {
		return fail(exitWrongKey, fmt.Errorf("the key opens none of the repositories of which %s holds files", quote(r.folder.Dir())),
			"is it the recovery key of another repository?")
	}
	return nil
}
