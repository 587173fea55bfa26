package signal

// An Attachment is a file of a message.
type Attachment struct {
	Pointer       *FilePointer   // required
	Flag          AttachmentFlag // how to present it
	WasDownloaded bool           // the owner's device had the file once (not: the file is in this backup)
	ClientUUID    Opt[Bytes]     // 16-byte UUID, identifies the attachment inside its message
	Unknown       Unknown        // fields that this package does not know
}

func (m *Attachment) fields(c *coder) {
	c.begin(&m.Unknown)
	sub(c, 1, "pointer", &m.Pointer)
	enum(c, 2, "flag", &m.Flag, attachmentFlagNames)
	flag(c, 3, "wasDownloaded", &m.WasDownloaded)
	optBlob(c, 4, "clientUuid", &m.ClientUUID)
}

// A FilePointer describes a file; where its bytes are is in Locator.
type FilePointer struct {
	ContentType Opt[string] // MIME type
	// for streaming CDN downloads only; present iff incrementalMacChunkSize is
	IncrementalMAC          Opt[Bytes]
	IncrementalMACChunkSize Opt[uint32]
	FileName                Opt[string] // sender's file name, untrusted
	Width                   Opt[uint32] // pixels
	Height                  Opt[uint32] // pixels
	Caption                 Opt[string]
	BlurHash                Opt[string] // blurhash string for a placeholder
	Locator                 *Locator    // required by the validator, may be an empty message
	Unknown                 Unknown     // fields that this package does not know
}

func (m *FilePointer) fields(c *coder) {
	c.begin(&m.Unknown)
	optText(c, 4, "contentType", &m.ContentType)
	optBlob(c, 5, "incrementalMac", &m.IncrementalMAC)
	optNumber32(c, 6, "incrementalMacChunkSize", &m.IncrementalMACChunkSize)
	optText(c, 7, "fileName", &m.FileName)
	optNumber32(c, 8, "width", &m.Width)
	optNumber32(c, 9, "height", &m.Height)
	optText(c, 10, "caption", &m.Caption)
	optText(c, 11, "blurHash", &m.BlurHash)
	sub(c, 13, "locatorInfo", &m.Locator)
}

// A Locator says where the bytes of a file are; empty means that they cannot be
// had any more.
type Locator struct {
	// 64 bytes: AES-256 key (32) then HMAC-SHA256 key (32) of the CDN copy. Not
	// the key of the local file. Present iff a transit pointer or plaintextHash
	// is
	Key           Secret
	PlaintextHash Opt[Bytes] // SHA-256 of the plaintext file: set once the owner's device had the file
	// SHA-256 over IV + ciphertext + MAC of the sender's upload: set if the file
	// was never downloaded (then no localKey, no mediaTierCdnNumber)
	EncryptedDigest            Opt[Bytes]
	Size                       uint32      // plaintext size in bytes; may be 0
	TransitCDNKey              Opt[string] // object name on the transit CDN (set together with transitCdnNumber)
	TransitCDNNumber           Opt[uint32]
	TransitTierUploadTimestamp Opt[Millis] // ms
	MediaTierCDNNumber         Opt[uint32] // CDN of the copy in the paid media tier
	// 64 bytes: AES key then HMAC key of the file in a local folder backup. Its
	// presence (with plaintextHash) means: look in files/
	LocalKey Opt[Secret]
	Unknown  Unknown // fields that this package does not know
}

func (m *Locator) fields(c *coder) {
	c.begin(&m.Unknown)
	secret(c, 1, "key", &m.Key)
	number32(c, 3, "size", &m.Size)
	optText(c, 4, "transitCdnKey", &m.TransitCDNKey)
	optNumber32(c, 5, "transitCdnNumber", &m.TransitCDNNumber)
	optNumber(c, 6, "transitTierUploadTimestamp", &m.TransitTierUploadTimestamp)
	optNumber32(c, 7, "mediaTierCdnNumber", &m.MediaTierCDNNumber)
	optSecret(c, 9, "localKey", &m.LocalKey)
	optBlob(c, 10, "plaintextHash", &m.PlaintextHash)
	optBlob(c, 11, "encryptedDigest", &m.EncryptedDigest)
}

// An AttachmentFlag says how an attachment is presented.
type AttachmentFlag int32

// The values of AttachmentFlag. Others come from newer apps.
const (
	AttachmentFlagNone AttachmentFlag = iota
	AttachmentFlagVoiceMessage
	AttachmentFlagBorderless
	AttachmentFlagGif
)

var attachmentFlagNames = []string{"NONE", "VOICE_MESSAGE", "BORDERLESS", "GIF"}

// String returns the name that the format has for v, or its number.
func (v AttachmentFlag) String() string { return enumName(int32(v), attachmentFlagNames) }
