package store

import (
	"errors"
	"fmt"
	"syscall"
)

var (
	// ErrNoRepository: the folder is not one of bakfs.
	ErrNoRepository = errors.New("not a repository of bakfs")
	// ErrOffline: the cloud folder, or a file its sync program has evicted,
	// cannot be reached now.
	ErrOffline = errors.New("the cloud folder cannot be reached")
	// ErrMissing: no pack in the folder holds the chunk.
	ErrMissing = errors.New("no pack in the folder holds it")
	// ErrDamaged: bytes are there and are not what was written.
	ErrDamaged = errors.New("damaged")
	// ErrIndex: the local index could not be written. It is a cache: what is
	// stored is stored, and a later run learns of it from the folder.
	ErrIndex = errors.New("the local index could not be written")
	// ErrNotSynced: the sync program has not brought everything yet.
	ErrNotSynced = errors.New("not completely synced")
)

// unreachable are the errors of files that exist but whose bytes a sync
// program, a network or a disk does not deliver.
var unreachable = []syscall.Errno{
	syscall.EIO, syscall.ETIMEDOUT, syscall.ENOTCONN, syscall.ESTALE, syscall.EHOSTDOWN, syscall.EHOSTUNREACH,
	syscall.ENETDOWN, syscall.ENETUNREACH, syscall.ECONNABORTED, syscall.ECONNREFUSED, syscall.ECONNRESET,
}

// offline marks an error of the operating system as ErrOffline if it is one.
func offline(err error) error {
	if err == nil || errors.Is(err, ErrOffline) {
		return err
	}
	for _, e := range unreachable {
		if errors.Is(err, e) {
			return fmt.Errorf("%w: %w", ErrOffline, err)
		}
	}
	return err
}

// endsEarly is the error of a file that ends before the size that the system says
// it has: either another program cuts it now, or it cannot be read. The kernel's
// FUSE says the second so, from Linux 6.18 on: where a read fails, it shows the
// end of the file, and no error.
func endsEarly(at, size int64) error {
	return fmt.Errorf("%w: only %d of %d bytes can be read", ErrOffline, at, size)
}

// damagedf makes an error that is ErrDamaged.
func damagedf(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrDamaged, fmt.Errorf(format, args...))
}
