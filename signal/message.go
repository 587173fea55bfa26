package signal

// A StandardMessage is text, attachments, or both.
type StandardMessage struct {
	Quote       *Quote
	Text        *Text         // absent for media without caption
	Attachments []Attachment  // in display order
	LinkPreview []LinkPreview // 0 or 1 in practice
	// the full body as a text/x-signal-plain attachment; text then holds a
	// truncated beginning. Modern exporters inline up to 128 KiB and set this
	// only if the attachment was not available
	LongText  *FilePointer
	Reactions []Reaction // at most one per author
	Unknown   Unknown    // fields that this package does not know
}

func (m *StandardMessage) fields(c *coder) {
	c.begin(&m.Unknown)
	sub(c, 1, "quote", &m.Quote)
	sub(c, 2, "text", &m.Text)
	subs(c, 3, "attachments", &m.Attachments)
	subs(c, 4, "linkPreview", &m.LinkPreview)
	sub(c, 5, "longText", &m.LongText)
	subs(c, 6, "reactions", &m.Reactions)
}

// Text is a text and its ranges.
type Text struct {
	// UTF-8, non-empty; validator limit 128 KiB (2 KiB when longText is also
	// set, 2 KiB inside a quote)
	Body       string
	BodyRanges []BodyRange // mentions and styles, may overlap, unordered
	Unknown    Unknown     // fields that this package does not know
}

func (m *Text) fields(c *coder) {
	c.begin(&m.Unknown)
	text(c, 1, "body", &m.Body)
	subs(c, 2, "bodyRanges", &m.BodyRanges)
}

// A BodyRange is a mention or a style over Text.Body, counted in UTF-16 units;
// clamp it, and expect any order and overlaps.
type BodyRange struct {
	Start  uint32 // UTF-16 offset
	Length uint32 // UTF-16 length; may be 0 or run past the end: clamp
	// 16-byte ACI of the mentioned person: show "@name" in place of whatever the
	// range covers (apps put one U+FFFC there; the shared test data does not).
	// May be the owner
	MentionACI Opt[ServiceID]
	Style      Opt[Style]
	Unknown    Unknown // fields that this package does not know
}

func (m *BodyRange) fields(c *coder) {
	c.begin(&m.Unknown)
	number32(c, 1, "start", &m.Start)
	number32(c, 2, "length", &m.Length)
	optBlob(c, 3, "mentionAci", &m.MentionACI)
	optEnum(c, 4, "style", &m.Style, styleNames)
}

// A Quote is what a message answers to.
type Quote struct {
	TargetSentTimestamp Opt[Millis] // dateSent of the quoted message; absent = original was not found
	AuthorID            uint64      // author of the quoted message: Contact, Self or ReleaseNotes
	Text                *Text       // copy of the quoted text
	Attachments         []QuotedAttachment
	Type                QuoteType
	Unknown             Unknown // fields that this package does not know
}

func (m *Quote) fields(c *coder) {
	c.begin(&m.Unknown)
	optNumber(c, 1, "targetSentTimestamp", &m.TargetSentTimestamp)
	number(c, 2, "authorId", &m.AuthorID)
	sub(c, 3, "text", &m.Text)
	subs(c, 4, "attachments", &m.Attachments)
	enum(c, 5, "type", &m.Type, quoteTypeNames)
}

// A QuotedAttachment is a file of a quoted message.
type QuotedAttachment struct {
	ContentType Opt[string] // type of the original attachment
	FileName    Opt[string]
	Thumbnail   *Attachment // small image; may be absent; never flagged VOICE_MESSAGE
	Unknown     Unknown     // fields that this package does not know
}

func (m *QuotedAttachment) fields(c *coder) {
	c.begin(&m.Unknown)
	optText(c, 1, "contentType", &m.ContentType)
	optText(c, 2, "fileName", &m.FileName)
	sub(c, 3, "thumbnail", &m.Thumbnail)
}

// A LinkPreview is the preview of a link in a text.
type LinkPreview struct {
	URL         string // non-empty
	Title       Opt[string]
	Image       *FilePointer // thumbnail
	Description Opt[string]
	Date        Opt[Millis] // ms; may be 0
	Unknown     Unknown     // fields that this package does not know
}

func (m *LinkPreview) fields(c *coder) {
	c.begin(&m.Unknown)
	text(c, 1, "url", &m.URL)
	optText(c, 2, "title", &m.Title)
	sub(c, 3, "image", &m.Image)
	optText(c, 4, "description", &m.Description)
	optNumber(c, 5, "date", &m.Date)
}

// A ContactMessage is a shared contact card.
type ContactMessage struct {
	Contact   *ContactCard // required
	Reactions []Reaction
	Unknown   Unknown // fields that this package does not know
}

func (m *ContactMessage) fields(c *coder) {
	c.begin(&m.Unknown)
	sub(c, 1, "contact", &m.Contact)
	subs(c, 2, "reactions", &m.Reactions)
}

// A StickerMessage is a sticker.
type StickerMessage struct {
	Sticker   *Sticker // required
	Reactions []Reaction
	Unknown   Unknown // fields that this package does not know
}

func (m *StickerMessage) fields(c *coder) {
	c.begin(&m.Unknown)
	sub(c, 1, "sticker", &m.Sticker)
	subs(c, 2, "reactions", &m.Reactions)
}

// A Sticker is one sticker of a pack.
type Sticker struct {
	PackID    Bytes  // 16 bytes
	PackKey   Secret // 32 bytes
	StickerID uint32 // index in the pack
	Emoji     Opt[string]
	Data      *FilePointer // the image (often image/webp or image/apng); required by the validator
	Unknown   Unknown      // fields that this package does not know
}

func (m *Sticker) fields(c *coder) {
	c.begin(&m.Unknown)
	blob(c, 1, "packId", &m.PackID)
	secret(c, 2, "packKey", &m.PackKey)
	number32(c, 3, "stickerId", &m.StickerID)
	optText(c, 4, "emoji", &m.Emoji)
	sub(c, 5, "data", &m.Data)
}

// A DeletedMessage stands for a message that its author deleted for everyone.
type DeletedMessage struct {
	Unknown Unknown // fields that this package does not know
}

func (m *DeletedMessage) fields(c *coder) {
	c.begin(&m.Unknown)
}

// An AdminDeletedMessage stands for a message that an admin of the group deleted.
type AdminDeletedMessage struct {
	AdminID uint64  // recipient id of the admin: Contact or Self
	Unknown Unknown // fields that this package does not know
}

func (m *AdminDeletedMessage) fields(c *coder) {
	c.begin(&m.Unknown)
	number(c, 1, "adminId", &m.AdminID)
}

// A ViewOnceMessage is media that could be seen once.
type ViewOnceMessage struct {
	// normally absent (always in remote backups and exports; kept only for
	// device transfer while unviewed)
	Attachment *Attachment
	Reactions  []Reaction
	Unknown    Unknown // fields that this package does not know
}

func (m *ViewOnceMessage) fields(c *coder) {
	c.begin(&m.Unknown)
	sub(c, 1, "attachment", &m.Attachment)
	subs(c, 2, "reactions", &m.Reactions)
}

// A StoryReply is a reply or a reaction to a story; one of TextReply and Emoji
// is set.
type StoryReply struct {
	TextReply *StoryTextReply
	Emoji     Opt[string] // the story was answered with this reaction
	Reactions []Reaction
	Unknown   Unknown // fields that this package does not know
}

func (m *StoryReply) fields(c *coder) {
	c.begin(&m.Unknown)
	sub(c, 1, "textReply", &m.TextReply)
	optText(c, 2, "emoji", &m.Emoji)
	subs(c, 3, "reactions", &m.Reactions)
}

// A StoryTextReply is a written reply to a story.
type StoryTextReply struct {
	Text     *Text        // required
	LongText *FilePointer // see StandardMessage
	Unknown  Unknown      // fields that this package does not know
}

func (m *StoryTextReply) fields(c *coder) {
	c.begin(&m.Unknown)
	sub(c, 1, "text", &m.Text)
	sub(c, 2, "longText", &m.LongText)
}

// A Style is the style of a range of text.
type Style int32

// The values of Style. Others come from newer apps.
const (
	StyleNone Style = iota
	StyleBold
	StyleItalic
	StyleSpoiler
	StyleStrikethrough
	StyleMonospace
)

var styleNames = []string{"NONE", "BOLD", "ITALIC", "SPOILER", "STRIKETHROUGH", "MONOSPACE"}

// String returns the name that the format has for v, or its number.
func (v Style) String() string { return enumName(int32(v), styleNames) }

// A QuoteType says what was quoted.
type QuoteType int32

// The values of QuoteType. Others come from newer apps.
const (
	QuoteTypeUnknown QuoteType = iota
	QuoteTypeNormal
	QuoteTypeGiftBadge
	QuoteTypeViewOnce
	QuoteTypePoll
)

var quoteTypeNames = []string{"UNKNOWN", "NORMAL", "GIFT_BADGE", "VIEW_ONCE", "POLL"}

// String returns the name that the format has for v, or its number.
func (v QuoteType) String() string { return enumName(int32(v), quoteTypeNames) }
