package signal

// A ChatItem is one entry of a conversation.
type ChatItem struct {
	ChatID uint64 // a Chat.id seen earlier
	// a Recipient.id: Self or a Contact, or ReleaseNotes; never a
	// Group/DistributionList/CallLink
	AuthorID uint64
	// ms; the message's identity together with its author (targets of quotes,
	// polls, pins refer to it)
	DateSent        Millis
	ExpireStartDate Opt[Millis] // ms; when the disappearing timer began
	ExpiresInMs     Opt[uint64] // ms; timer length, absent = does not disappear
	// earlier versions of an edited message, oldest first; same author,
	// direction and item kind; never nested
	Revisions     []ChatItem
	Sms           bool // sent or received as SMS/MMS, not through Signal
	Incoming      *Incoming
	Outgoing      *Outgoing
	Directionless *Directionless // update messages, always and only
	Body          Body           // nil if unknown to this package or missing
	Pin           *Pin           // only while the message is pinned
	Unknown       Unknown        // fields that this package does not know
}

func (m *ChatItem) fields(c *coder) {
	c.begin(&m.Unknown)
	number(c, 1, "chatId", &m.ChatID)
	number(c, 2, "authorId", &m.AuthorID)
	number(c, 3, "dateSent", &m.DateSent)
	optNumber(c, 4, "expireStartDate", &m.ExpireStartDate)
	optNumber(c, 5, "expiresInMs", &m.ExpiresInMs)
	subs(c, 6, "revisions", &m.Revisions)
	flag(c, 7, "sms", &m.Sms)
	sub(c, 8, "incoming", &m.Incoming)
	sub(c, 9, "outgoing", &m.Outgoing)
	sub(c, 10, "directionless", &m.Directionless)
	oneOf[StandardMessage](c, 11, "standardMessage", &m.Body)
	oneOf[ContactMessage](c, 12, "contactMessage", &m.Body)
	oneOf[StickerMessage](c, 13, "stickerMessage", &m.Body)
	oneOf[DeletedMessage](c, 14, "remoteDeletedMessage", &m.Body)
	oneOf[UpdateMessage](c, 15, "updateMessage", &m.Body)
	oneOf[Payment](c, 16, "paymentNotification", &m.Body)
	oneOf[GiftBadge](c, 17, "giftBadge", &m.Body)
	oneOf[ViewOnceMessage](c, 18, "viewOnceMessage", &m.Body)
	oneOf[StoryReply](c, 19, "directStoryReplyMessage", &m.Body)
	oneOf[Poll](c, 20, "poll", &m.Body)
	sub(c, 21, "pinDetails", &m.Pin)
	oneOf[AdminDeletedMessage](c, 22, "adminDeletedMessage", &m.Body)
}

// Incoming is what belongs to a received message.
type Incoming struct {
	DateReceived   Millis      // ms, owner's device clock
	DateServerSent Opt[Millis] // ms, server clock
	Read           bool        // owner has read it
	SealedSender   bool        // sent without revealing the sender to the server
	Unknown        Unknown     // fields that this package does not know
}

func (m *Incoming) fields(c *coder) {
	c.begin(&m.Unknown)
	number(c, 1, "dateReceived", &m.DateReceived)
	optNumber(c, 2, "dateServerSent", &m.DateServerSent)
	flag(c, 3, "read", &m.Read)
	flag(c, 4, "sealedSender", &m.SealedSender)
}

// Outgoing is what belongs to a sent message.
type Outgoing struct {
	SendStatus []SendStatus // one per addressee (a group: one per member); may be empty
	// ms; differs from dateSent when it came as a sync from another own device;
	// may be 0
	DateReceived Millis
	Unknown      Unknown // fields that this package does not know
}

func (m *Outgoing) fields(c *coder) {
	c.begin(&m.Unknown)
	subs(c, 1, "sendStatus", &m.SendStatus)
	number(c, 2, "dateReceived", &m.DateReceived)
}

// Directionless marks an update line.
type Directionless struct {
	Unknown Unknown // fields that this package does not know
}

func (m *Directionless) fields(c *coder) {
	c.begin(&m.Unknown)
}

// A Pin says that a message is pinned.
type Pin struct {
	PinnedAtTimestamp     Millis      // ms
	PinExpiresAtTimestamp Opt[Millis] // ms, >= pinnedAt
	PinNeverExpires       Opt[bool]
	Unknown               Unknown // fields that this package does not know
}

func (m *Pin) fields(c *coder) {
	c.begin(&m.Unknown)
	number(c, 1, "pinnedAtTimestamp", &m.PinnedAtTimestamp)
	optNumber(c, 2, "pinExpiresAtTimestamp", &m.PinExpiresAtTimestamp)
	optFlag(c, 3, "pinNeverExpires", &m.PinNeverExpires)
}

// A Reaction is somebody's reaction to a message.
type Reaction struct {
	Emoji         string  // non-empty
	AuthorID      uint64  // Contact or Self
	SentTimestamp Millis  // ms
	SortOrder     uint64  // larger = more recent; either a counter or a timestamp
	Unknown       Unknown // fields that this package does not know
}

func (m *Reaction) fields(c *coder) {
	c.begin(&m.Unknown)
	text(c, 1, "emoji", &m.Emoji)
	number(c, 2, "authorId", &m.AuthorID)
	number(c, 3, "sentTimestamp", &m.SentTimestamp)
	number(c, 4, "sortOrder", &m.SortOrder)
}

// A Body is what an item of a chat holds: *StandardMessage, *ContactMessage,
// *StickerMessage, *DeletedMessage, *UpdateMessage, *Payment, *GiftBadge,
// *ViewOnceMessage, *StoryReply, *Poll, *AdminDeletedMessage.
type Body interface {
	Message
	itemBody()
}

func (*StandardMessage) itemBody()     {}
func (*ContactMessage) itemBody()      {}
func (*StickerMessage) itemBody()      {}
func (*DeletedMessage) itemBody()      {}
func (*UpdateMessage) itemBody()       {}
func (*Payment) itemBody()             {}
func (*GiftBadge) itemBody()           {}
func (*ViewOnceMessage) itemBody()     {}
func (*StoryReply) itemBody()          {}
func (*Poll) itemBody()                {}
func (*AdminDeletedMessage) itemBody() {}
