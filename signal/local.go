package signal

// The messages of the files beside main in a folder backup.

// LocalMetadata is the file metadata of a snapshot folder.
type LocalMetadata struct {
	Version  uint32
	BackupID *EncryptedID
	Unknown  Unknown // fields that this package does not know
}

func (m *LocalMetadata) fields(c *coder) {
	c.begin(&m.Unknown)
	number32(c, 1, "version", &m.Version)
	sub(c, 2, "backupId", &m.BackupID)
}

// An EncryptedID is a backup id under the metadata key.
type EncryptedID struct {
	IV          Bytes
	EncryptedID Bytes
	Unknown     Unknown // fields that this package does not know
}

func (m *EncryptedID) fields(c *coder) {
	c.begin(&m.Unknown)
	blob(c, 1, "iv", &m.IV)
	blob(c, 2, "encryptedId", &m.EncryptedID)
}

// A FilesFrame is one record of the list of media of a snapshot folder.
type FilesFrame struct {
	MediaName Opt[string]
	Unknown   Unknown // fields that this package does not know
}

func (m *FilesFrame) fields(c *coder) {
	c.begin(&m.Unknown)
	optText(c, 1, "mediaName", &m.MediaName)
}

// ExportMetadata is the file metadata.json of a plaintext export; it exists as
// JSON only.
type ExportMetadata struct {
	Version uint32
	Unknown Unknown // fields that this package does not know
}

func (m *ExportMetadata) fields(c *coder) {
	c.begin(&m.Unknown)
	number32(c, 1, "version", &m.Version)
}
