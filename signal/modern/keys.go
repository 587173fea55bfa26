package modern

import (
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"strings"

	"bakfs/signal"
)

// A RecoveryKey is the key that the app shows, in canonical form. It prints as
// [secret].
type RecoveryKey struct{ chars signal.Secret }

// recoveryKeyLength is the number of characters of a recovery key. They are
// the key material as they are, not an encoding of it.
const recoveryKeyLength = 64

// ParseRecoveryKey takes a key in every form that apps have shown: any case,
// any blanks or dashes, and # and = for the letter o and the digit 0. There is
// no check digit, so a mistyped key is accepted here and does not fit later.
// The error is ErrKeyForm.
func ParseRecoveryKey(s string) (RecoveryKey, error) {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '#':
			r = 'o'
		case r == '=':
			r = '0'
		case r >= 'A' && r <= 'Z':
			r += 'a' - 'A'
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
		default:
			continue
		}
		b.WriteRune(r)
	}
	if b.Len() != recoveryKeyLength {
		return RecoveryKey{}, fmt.Errorf("%w (this one has %d)", ErrKeyForm, b.Len())
	}
	return RecoveryKey{signal.NewSecret(b.String())}, nil
}

// Format implements fmt.Formatter; no verb shows the key.
func (k RecoveryKey) Format(f fmt.State, verb rune) { k.chars.Format(f, verb) }

// A BackupKey is derived from the recovery key; all other keys are from it.
// It prints as [secret].
type BackupKey struct{ key signal.Secret }

// BackupKey derives the backup key.
func (k RecoveryKey) BackupKey() BackupKey {
	return BackupKey{derive(k.chars, "", "20240801_SIGNAL_BACKUP_KEY", 32)}
}

// Format implements fmt.Formatter; no verb shows the key.
func (k BackupKey) Format(f fmt.State, verb rune) { k.key.Format(f, verb) }

// An ID names the backups of one account under one key.
type ID [16]byte

// ID returns the id of the backups of the account aci.
func (k BackupKey) ID(aci signal.ServiceID) (id ID) {
	copy(id[:], derive(k.key, "", "20241024_SIGNAL_BACKUP_ID:"+string(aci), len(id)).Reveal())
	return id
}

func (k BackupKey) metadataKey() signal.Secret {
	return derive(k.key, "", "20241011_SIGNAL_LOCAL_BACKUP_METADATA_KEY", 32)
}

// Keys open one account's main: all that is kept of the user's key. They print
// as [secret].
type Keys struct {
	MAC    signal.Secret // HMAC-SHA256, 32 bytes
	Cipher signal.Secret // AES-256, 32 bytes
}

// Keys returns the keys of a local main.
func (k BackupKey) Keys(id ID) Keys {
	return split(derive(k.key, "", "20241007_SIGNAL_BACKUP_ENCRYPT_MESSAGE_BACKUP:"+string(id[:]), 64))
}

// RemoteKeys returns the keys of a remote backup, given its token of 32 bytes.
func (k BackupKey) RemoteKeys(id ID, token signal.Secret) Keys {
	return split(derive(k.key, token.Reveal(), "20250708_SIGNAL_BACKUP_ENCRYPT_MESSAGE_BACKUP:"+string(id[:]), 64))
}

func split(both signal.Secret) Keys {
	s := both.Reveal()
	return Keys{MAC: signal.NewSecret(s[:32]), Cipher: signal.NewSecret(s[32:])}
}

// Bytes returns the keys as 64 bytes, to be stored sealed.
func (k Keys) Bytes() []byte { return []byte(k.MAC.Reveal() + k.Cipher.Reveal()) }

// ParseKeys is the inverse of Keys.Bytes.
func ParseKeys(b []byte) (Keys, error) {
	if len(b) != 64 {
		return Keys{}, fmt.Errorf("backup keys of %d bytes, want 64", len(b))
	}
	return split(signal.NewSecret(string(b))), nil
}

// Format implements fmt.Formatter; no verb shows the keys.
func (k Keys) Format(f fmt.State, verb rune) { k.MAC.Format(f, verb) }

func derive(key signal.Secret, salt, info string, n int) signal.Secret {
	b, err := hkdf.Key(sha256.New, []byte(key.Reveal()), []byte(salt), info, n)
	if err != nil {
		panic("bakfs/signal/modern: " + err.Error()) // only for a length that HKDF cannot give
	}
	return signal.NewSecret(string(b))
}

// An OwnerFinder finds the owner's own ACI, which no backup states, among all
// ids that occur in one.
type OwnerFinder struct {
	key   BackupKey
	id    ID
	seen  map[signal.ServiceID]bool
	owner signal.ServiceID
}

// NewOwnerFinder returns a finder for the backup with the given key and id.
func NewOwnerFinder(key BackupKey, id ID) *OwnerFinder {
	return &OwnerFinder{key: key, id: id, seen: make(map[signal.ServiceID]bool)}
}

// Look looks at the ids in m.
func (f *OwnerFinder) Look(m signal.Message) {
	if f.owner != "" {
		return
	}
	signal.ServiceIDs(m, func(id signal.ServiceID) {
		if !id.IsACI() || f.seen[id] {
			return
		}
		f.seen[id] = true
		if f.key.ID(id) == f.id {
			f.owner = id
		}
	})
}

// Owner returns the owner's ACI, or "" if it did not occur.
func (f *OwnerFinder) Owner() signal.ServiceID { return f.owner }
