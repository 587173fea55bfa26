package archive

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"bakfs/signal"
)

// A Backup is one open backup whose key fits. One goroutine uses it at a time.
type Backup struct {
	ID      [32]byte // see Source.ID
	Format  Format
	Name    string    // of its file or snapshot folder
	Account string    // the name of its folder in /signal: the ACI in lower case; where that is not known the number with "+", or "unknown-" and 8 hex digits
	Owner   string    // the name of the account's owner; may be ""
	Time    time.Time // when it was made
	Newer   uint64    // the version of its records if it is newer than the one that is known, else 0: they are stored all the same

	original original
	size     int64
	keys     signal.Secret
	metadata []byte
}

// An original is an open backup of one of the formats.
type original interface {
	// store hands all of it to s.
	store(s *storer) error
	close() error
}

// Open opens an item with the user's key in any form that people type. What
// has a MAC over the whole is checked whole; a legacy file, whose parts have
// one each, is checked while it is stored. Errors wrap those of packages modern
// and legacy: ErrKeyForm, ErrWrongKey, ErrTruncated, ErrDamaged, ErrIncomplete,
// ErrUnknownVersion, ErrNoACI; ErrPassphrase, ErrKey, ErrTruncated, ErrVersion;
// or ErrOtherAccount. They name files in and beside the item, not the item. The
// caller must Close the backup.
func (s *Source) Open(ctx context.Context, item Item, key string) (*Backup, error) {
	if item.Err != nil {
		return nil, item.Err
	}
	aci, err := s.account()
	if err != nil {
		return nil, err
	}
	b := &Backup{Format: s.Format, Name: item.Name, Time: moment(item.Time)}
	if b.ID, err = s.ID(ctx, item); err != nil {
		return nil, err
	}
	switch s.Format {
	case Modern, Main:
		err = b.openSealed(ctx, s, aci, key)
	case Legacy:
		err = b.openLegacy(ctx, s.path(item), aci, key)
	default:
		err = b.openPlain(ctx, s.path(item), aci)
	}
	if err != nil {
		return nil, bare(err)
	}
	return b, nil
}

// Store writes the backup into t. What is missing or damaged is left out and
// told in the Report, with no error: see Report.Err. An error is one of t, of
// the context, of the system, or that the original was changed in between; the
// tree is then not to be kept.
func (b *Backup) Store(ctx context.Context, t Tree) (Report, error) {
	s := newStorer(ctx, t, b)
	err := b.original.store(s)
	if err == nil {
		err = s.finish()
	}
	s.abandon(err)
	if err == nil {
		err = s.storeMedia()
	}
	if err == nil {
		err = s.seal()
	}
	return s.report, err
}

// Close closes the backup's file.
func (b *Backup) Close() error { return b.original.close() }

// An introduction is what the first records of a backup tell about it.
type introduction struct {
	info    signal.BackupInfo
	account *signal.Account
}

// read reads records until the account has come and enough says that no more
// are wanted, which it is asked for each frame but messages without any id of
// an account. A stream that cannot be read to its end is not its business.
func (in *introduction) read(records signal.Records, enough func(f *signal.Frame) bool) error {
	rec, err := records.Next()
	if err == io.EOF {
		err = fmt.Errorf("no records: %w", signal.ErrTruncated)
	}
	if err == nil {
		err = signal.Unmarshal(rec, &in.info)
	}
	if err != nil {
		return err
	}
	for {
		rec, err := records.Next()
		switch {
		case err == io.EOF, errors.Is(err, signal.ErrTruncated), errors.Is(err, signal.ErrBadStream):
			return nil
		case err != nil:
			return err
		}
		if g := look(rec); g.sure && g.item == itemField && !mayHaveIDs(rec) {
			continue
		}
		f := new(signal.Frame)
		if signal.Unmarshal(rec, f) != nil {
			continue
		}
		if a, ok := f.Item.(*signal.Account); ok && in.account == nil {
			in.account = a
		}
		if enough(f) && in.account != nil {
			return nil
		}
	}
}

// knownVersion is the newest version of a BackupInfo of which it is known what its
// records mean.
const knownVersion = 1

// known fills in what a backup tells about itself. standIn gives the name of
// the account if its id is not known: it must be the same for all its backups.
func (b *Backup) known(in introduction, aci signal.ServiceID, standIn func() string) {
	if in.info.BackupTimeMs != 0 {
		b.Time = moment(time.UnixMilli(int64(min(in.info.BackupTimeMs, lastMillis))).UTC())
	}
	if in.info.Version > knownVersion {
		b.Newer = in.info.Version
	}
	if a := in.account; a != nil {
		b.Owner = strings.TrimSpace(a.GivenName + " " + a.FamilyName)
		if b.Owner == "" {
			b.Owner = a.Username.V
		}
	}
	if b.Account = aci.String(); aci == "" {
		b.Account = standIn()
	}
}

// profileKey returns the owner's profile key, "" if it is not known.
func (in *introduction) profileKey() string {
	if in.account == nil {
		return ""
	}
	return in.account.ProfileKey.Reveal()
}

// unknownAccount returns the name of an account of which only some bytes are
// known. They must be a random or stretched secret, which nobody can guess and
// compare.
func unknownAccount(secret string) string {
	sum := sha256.Sum256([]byte("bakfs/v1 account\x00" + secret))
	return fmt.Sprintf("unknown-%x", sum[:4])
}

// moment returns t in whole milliseconds, and within what nanoseconds since
// 1970 can tell, as snapshots and inodes have them: the years 1678 to 2261. The
// zero Time, for one that is not known, becomes 1970.
func moment(t time.Time) time.Time {
	first, last := time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC).Add(-time.Millisecond)
	switch {
	case t.IsZero():
		return time.UnixMilli(0).UTC()
	case t.Before(first):
		return first
	case t.After(last):
		return last
	}
	return t.Truncate(time.Millisecond)
}
