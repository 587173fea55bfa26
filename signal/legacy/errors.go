package legacy

import (
	"errors"
	"fmt"
)

var (
	// ErrNotBackup means that the file is no legacy backup.
	ErrNotBackup = errors.New("not a legacy Signal backup")
	// ErrVersion means that the file has a version that this package does not know.
	ErrVersion = errors.New("written by a newer version of Signal than this program knows; update this program")
	// ErrKey means that the passphrase, or the stored keys, do not fit the
	// file. It is known as soon as the first frame is read.
	ErrKey = errors.New("wrong passphrase")
	// ErrTruncated is wrapped by errors about a file that ends too early. All
	// that comes before the place is good.
	ErrTruncated = errors.New("cut short")
	// ErrDamaged is wrapped by errors about bytes that were changed.
	ErrDamaged = errors.New("damaged")
	// ErrPassphrase means that a text is no passphrase: not 30 digits.
	ErrPassphrase = errors.New("a passphrase has 30 digits")
)

// A DamageError is about one part of a file. It wraps ErrDamaged.
type DamageError struct {
	Offset int64  // of the part in the file
	Part   string // what it is, for people: "frame", "media"
	Parts  int    // how many frames and blobs are lost with it, 1 or more
	Lost   bool   // nothing behind the part can be read
}

// Error says what is damaged and where.
func (e *DamageError) Error() string {
	if e.Lost {
		return fmt.Sprintf("%s at offset %d: damaged, and what follows cannot be read", e.Part, e.Offset)
	}
	if e.Parts > 1 {
		return fmt.Sprintf("%d parts from offset %d on: damaged", e.Parts, e.Offset)
	}
	return fmt.Sprintf("%s at offset %d: damaged", e.Part, e.Offset)
}

// Unwrap makes errors.Is find ErrDamaged.
func (e *DamageError) Unwrap() error { return ErrDamaged }

// truncated is the error about a part that begins at off and is not whole.
func truncated(off int64) error {
	return fmt.Errorf("legacy backup ends inside the part at offset %d: %w", off, ErrTruncated)
}
