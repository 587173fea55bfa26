package archive

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"
)

// What is wrong with a path or an account that a user gave.
var (
	ErrNoBackup     = errors.New("no Signal backup here")
	ErrSeveral      = errors.New("several kinds of Signal backups here; give one of them")
	ErrOtherAccount = errors.New("the backup is of another account than the one that was given")
)

// A Format is a form in which Signal's apps write a backup.
type Format uint8

// The formats.
const (
	Modern Format = 1 + iota // a snapshot of a backup folder
	Main                     // the file main of one, by itself
	Stream                   // records without encryption
	Legacy                   // signal-<date>.backup
	Export                   // main.jsonl
)

// String returns what people call the format.
func (f Format) String() string {
	switch f {
	case Modern:
		return "backup folder"
	case Main:
		return "encrypted main file"
	case Stream:
		return "unencrypted record stream"
	case Legacy:
		return "legacy .backup file"
	case Export:
		return "plaintext export"
	}
	return "unknown format"
}

// A Tree is where a backup is stored. Names are slash-separated paths. Calls
// run at the same time, with different names; some last as long as all others
// together, so none may wait for another to end.
type Tree interface {
	// Write stores what r gives as a file. If r fails its error is returned,
	// wrapped, and there is no such file. A mime that is not empty is kept as
	// the extended attribute user.mime_type. An r that has Length() time.Duration
	// tells at its end how long the sound or film is that it gave; what is not 0
	// is kept as user.bakfs.length, in milliseconds.
	Write(ctx context.Context, name string, mtime time.Time, mime string, r io.Reader) error
	// Reuse takes the file of that name over from the account's backup before,
	// if that has all of it, and says how long it is.
	Reuse(ctx context.Context, name string) (size int64, ok bool, err error)
}

// The names in a tree.
const (
	envelopeName   = "envelope"
	framesName     = "frames"
	orderName      = "order"
	avatarsName    = "avatars"
	timersName     = "timers"
	retiredName    = "retired"
	chatsName      = "chats"
	mediaName      = "media"
	legacyFrames   = "legacy/frames"
	legacyLayout   = "legacy/layout"
	legacyBlobs    = "legacy/blobs"
	exportMain     = "export/main.jsonl"
	exportMetadata = "export/metadata.json"
)

// Fine says whether a file of a tree is many small records in one, of which from one
// backup to the next some change here and there: the rows of a legacy backup. Messages
// are in a small file for each conversation and month.
func Fine(name string) bool { return strings.HasPrefix(name, "legacy/") }

// mediaPath returns the name in a tree of the file with a hash in hex.
func mediaPath(hash string) string { return mediaName + "/" + hash[:2] + "/" + hash }
