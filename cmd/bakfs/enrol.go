package main

import (
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"os"
	"time"

	"bakfs/journal"
	"bakfs/seal"
	"bakfs/store"
)

// enrol makes this machine a device of the repository: the keys are on the disk
// before the journal names the device, and count from when both are done. Where
// it was cut off before, it goes on as the device it began to make.
func enrol(ctx context.Context, r *repository, key seal.RecoveryKey, name string) error {
	d := r.dirs
	if err := store.MakeDirs(d.state); err != nil {
		return err
	}
	lock, err := d.lock()
	if err != nil {
		return err
	}
	defer lock.Close()
	if _, err := os.Lstat(d.device()); err == nil {
		return fail(exitInUse, errors.New("another bakfs has just enrolled this device"))
	}
	root := seal.DeriveRoot(key, r.id)
	r.keys = root.Keys()
	if err := r.refresh(ctx); err != nil {
		return err
	}
	now := time.Now()
	if r.device, err = begun(d, r.keys, name); err != nil {
		return err
	}
	if r.device == nil {
		if r.device, err = root.Enrol(name, now); err != nil {
			return fmt.Errorf("device %s: %w", quote(name), err)
		}
		secret := seal.MarshalEnrolment(r.keys, r.device)
		defer clear(secret)
		if err := writeDurably(d.begun(), secret, true); err != nil {
			return err
		}
	}
	if err := r.announce(ctx, now); err != nil {
		return err
	}
	if err := os.Rename(d.begun(), d.device()); err != nil {
		return err
	}
	return syncDir(d.state)
}

// begun returns the device that an enrolment which was cut off began to make;
// nil: there is none, or it had another name, or its file is of no use.
func begun(d dirs, keys *seal.Keys, name string) (*seal.Device, error) {
	secret, err := store.ReadFile(d.begun())
	if errors.Is(err, iofs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer clear(secret)
	_, device, err := seal.ParseEnrolment(secret)
	if err != nil {
		return nil, nil
	}
	cert, err := keys.ParseCertificate(device.Certificate().Bytes())
	if err != nil || cert.Name != name {
		return nil, nil
	}
	return device, nil
}

// announce writes the device's first entry, unless it is there already.
func (r *repository) announce(ctx context.Context, now time.Time) error {
	if _, _, err := r.folder.RemoveTemporaries(r.tag()); err != nil {
		return err
	}
	for _, log := range r.journal.Devices() {
		if log.Device == r.device.ID {
			return nil
		}
	}
	_, err := r.journal.Append(ctx, r.device, journal.Enrol, nil, now)
	return err
}
