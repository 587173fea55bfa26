package modern

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"

	"bakfs/signal"
)

// maxMetadata bounds the file metadata, which has some 36 bytes.
const maxMetadata = 64 << 10

// maxMetadataVersion is the newest version of that file that is known.
const maxMetadataVersion = 1

// A Metadata is the content of the file metadata. The id in it is encrypted
// and not authenticated: with a wrong key it is any id.
type Metadata struct {
	Version     uint32
	IV          signal.Bytes // 12 bytes; 16 from old Desktops
	EncryptedID signal.Bytes // 16 bytes
}

// ParseMetadata reads the file metadata. One without an id, as very early apps
// wrote it, gives ErrNoACI; a newer version gives ErrUnknownVersion.
func ParseMetadata(b []byte) (Metadata, error) {
	var m signal.LocalMetadata
	if len(b) > maxMetadata {
		return Metadata{}, fmt.Errorf("metadata: %w: %d bytes", ErrDamaged, len(b))
	}
	if err := signal.Unmarshal(b, &m); err != nil {
		return Metadata{}, fmt.Errorf("metadata: %w", err)
	}
	switch id := m.BackupID; {
	case m.Version > maxMetadataVersion:
		return Metadata{}, fmt.Errorf("metadata version %d: %w", m.Version, ErrUnknownVersion)
	case len(b) == 0:
		return Metadata{}, fmt.Errorf("metadata is empty: %w", ErrIncomplete)
	case id == nil:
		return Metadata{}, fmt.Errorf("metadata: %w", ErrNoACI)
	case len(id.EncryptedID) != 16 || len(id.IV) != 12 && len(id.IV) != 16:
		return Metadata{}, fmt.Errorf("metadata: id of %d bytes, IV of %d: %w", len(id.EncryptedID), len(id.IV), ErrTruncated)
	default:
		return Metadata{m.Version, id.IV, id.EncryptedID}, nil
	}
}

// ID decrypts the backup id.
func (m Metadata) ID(key BackupKey) (id ID) {
	xorID(key, []byte(m.IV), id[:], []byte(m.EncryptedID))
	return id
}

// AppendMetadata appends the file metadata for the backup id, with a random iv.
func AppendMetadata(b []byte, key BackupKey, id ID, iv [12]byte) []byte {
	var enc ID
	xorID(key, iv[:], enc[:], id[:])
	return signal.Append(b, &signal.LocalMetadata{Version: maxMetadataVersion,
		BackupID: &signal.EncryptedID{IV: signal.Bytes(iv[:]), EncryptedID: signal.Bytes(enc[:])}})
}

func xorID(key BackupKey, iv, dst, src []byte) {
	var counter [aes.BlockSize]byte
	copy(counter[:], iv)
	cipher.NewCTR(block([]byte(key.metadataKey().Reveal())), counter[:]).XORKeyStream(dst, src)
}

// block returns AES with a key of 32 bytes.
func block(key []byte) cipher.Block {
	b, err := aes.NewCipher(key)
	if err != nil {
		panic("bakfs/signal/modern: " + err.Error()) // only for a key of another length
	}
	return b
}
