// Package modern opens and writes Signal's present backup formats: the folder
// backup (main, metadata, and media in files/), a main on its own, and the
// plaintext export. The remote form is recognised and can be opened only with
// the token that Signal's servers hold.
//
// What always holds:
//   - The MAC over a whole file is checked before any of its content is
//     handed out, and again while it is handed out, in case it changes.
//   - A wrong key is told from a damaged file by the first block, so it costs
//     one read.
//   - Memory does not grow with the file. Goroutines end before Close returns.
//   - Keys print as [secret], and no error carries content.
package modern

import (
	"errors"

	"bakfs/signal"
)

// The errors that a caller tells apart. Each says what to do.
var (
	ErrKeyForm        = errors.New("not a recovery key: it has 64 letters and digits, in 16 groups of 4; look it up in Signal under Settings, Backups")
	ErrWrongKey       = errors.New("the recovery key does not fit this backup; it may be of another account, or have been changed since the backup was made")
	ErrTruncated      = signal.ErrTruncated
	ErrDamaged        = errors.New("the key fits, but the file was changed or cut short since Signal wrote it; copy it again from the phone")
	ErrRemote         = errors.New("this is a backup from Signal's servers, which cannot be opened without them; turn on local backups in Signal and use their folder")
	ErrUnknownVersion = signal.ErrUnknownVersion
	ErrIncomplete     = errors.New("this snapshot is not complete: Signal or the copying was interrupted; use another one, or copy it again")
	ErrNoSnapshot     = errors.New("no Signal backup here; give the folder SignalBackups or one of the folders signal-backup-… in it")
	ErrNoACI          = errors.New("this file does not say which account it is of; give the account's id, or the whole backup folder")
)
