package signal

// Retired returns where the bytes of p are by the fields that apps wrote before
// August 2025 in place of Locator, told as a Locator; nil if p has none of
// them, which is so for all of today's. An empty one means that the bytes
// cannot be had any more. It has no hash of the plaintext; name is what a local
// backup calls the file, "" if p does not say. p stays as it is.
func (p *FilePointer) Retired() (l *Locator, name string) {
	var old retiredPointer
	if len(p.Unknown.Bytes()) == 0 || Unmarshal(p.Unknown.Bytes(), &old) != nil {
		return nil, ""
	}
	switch {
	case old.local != nil:
		l := old.local
		return &Locator{Key: l.remoteKey, EncryptedDigest: l.remoteDigest, Size: l.size, LocalKey: l.localKey, MediaTierCDNNumber: l.backupCDN,
			TransitCDNKey: l.transitKey, TransitCDNNumber: l.transitCDN}, l.mediaName
	case old.backup != nil:
		l := old.backup
		return &Locator{Key: l.key, EncryptedDigest: l.digest, Size: l.size, MediaTierCDNNumber: l.cdn,
			TransitCDNKey: l.transitKey, TransitCDNNumber: l.transitCDN}, ""
	case old.attachment != nil:
		l := old.attachment
		return &Locator{Key: l.key, EncryptedDigest: l.digest, Size: l.size, TransitCDNKey: l.cdnKey, TransitCDNNumber: l.cdn,
			TransitTierUploadTimestamp: l.uploaded}, ""
	case old.invalid != nil:
		return new(Locator), ""
	}
	return nil, ""
}

// A retiredPointer is the fields of a FilePointer that are no more.
type retiredPointer struct {
	backup     *retiredBackup
	attachment *retiredAttachment
	invalid    *retiredInvalid
	local      *retiredLocal
	unknown    Unknown
}

func (m *retiredPointer) fields(c *coder) {
	c.begin(&m.unknown)
	sub(c, 1, "backupLocator", &m.backup)
	sub(c, 2, "attachmentLocator", &m.attachment)
	sub(c, 3, "invalidAttachmentLocator", &m.invalid)
	sub(c, 12, "localLocator", &m.local)
}

// A retiredBackup is a file in the paid media tier.
type retiredBackup struct {
	mediaName  string
	cdn        Opt[uint32]
	key        Secret
	digest     Opt[Bytes]
	size       uint32
	transitKey Opt[string]
	transitCDN Opt[uint32]
	unknown    Unknown
}

func (m *retiredBackup) fields(c *coder) {
	c.begin(&m.unknown)
	text(c, 1, "mediaName", &m.mediaName)
	optNumber32(c, 2, "cdnNumber", &m.cdn)
	secret(c, 3, "key", &m.key)
	optBlob(c, 4, "digest", &m.digest)
	number32(c, 5, "size", &m.size)
	optText(c, 6, "transitCdnKey", &m.transitKey)
	optNumber32(c, 7, "transitCdnNumber", &m.transitCDN)
}

// A retiredAttachment is a file on the way from its sender.
type retiredAttachment struct {
	cdnKey   Opt[string]
	cdn      Opt[uint32]
	uploaded Opt[Millis]
	key      Secret
	digest   Opt[Bytes]
	size     uint32
	unknown  Unknown
}

func (m *retiredAttachment) fields(c *coder) {
	c.begin(&m.unknown)
	optText(c, 1, "cdnKey", &m.cdnKey)
	optNumber32(c, 2, "cdnNumber", &m.cdn)
	optNumber(c, 3, "uploadTimestamp", &m.uploaded)
	secret(c, 4, "key", &m.key)
	optBlob(c, 5, "digest", &m.digest)
	number32(c, 6, "size", &m.size)
}

// A retiredInvalid is a file that is gone.
type retiredInvalid struct{ unknown Unknown }

func (m *retiredInvalid) fields(c *coder) { c.begin(&m.unknown) }

// A retiredLocal is a file in a local backup.
type retiredLocal struct {
	mediaName    string
	localKey     Opt[Secret]
	remoteKey    Secret
	remoteDigest Opt[Bytes]
	size         uint32
	backupCDN    Opt[uint32]
	transitKey   Opt[string]
	transitCDN   Opt[uint32]
	unknown      Unknown
}

func (m *retiredLocal) fields(c *coder) {
	c.begin(&m.unknown)
	text(c, 1, "mediaName", &m.mediaName)
	optSecret(c, 2, "localKey", &m.localKey)
	secret(c, 3, "remoteKey", &m.remoteKey)
	optBlob(c, 4, "remoteDigest", &m.remoteDigest)
	number32(c, 5, "size", &m.size)
	optNumber32(c, 6, "backupCdnNumber", &m.backupCDN)
	optText(c, 7, "transitCdnKey", &m.transitKey)
	optNumber32(c, 8, "transitCdnNumber", &m.transitCDN)
}
