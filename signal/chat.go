package signal

// A Frame is any further record.
type Frame struct {
	Item    FrameItem // nil if unknown to this package or missing
	Unknown Unknown   // fields that this package does not know
}

func (m *Frame) fields(c *coder) {
	c.begin(&m.Unknown)
	oneOf[Account](c, 1, "account", &m.Item)
	oneOf[Recipient](c, 2, "recipient", &m.Item)
	oneOf[Chat](c, 3, "chat", &m.Item)
	oneOf[ChatItem](c, 4, "chatItem", &m.Item)
	oneOf[StickerPack](c, 5, "stickerPack", &m.Item)
	oneOf[AdHocCall](c, 6, "adHocCall", &m.Item)
	oneOf[NotificationProfile](c, 7, "notificationProfile", &m.Item)
	oneOf[ChatFolder](c, 8, "chatFolder", &m.Item)
}

// A Chat is a conversation.
type Chat struct {
	ID                           uint64 // file-local id, non-zero, unique
	RecipientID                  uint64 // a Contact, Group, Self (Note to Self) or ReleaseNotes recipient
	Archived                     bool
	PinnedOrder                  Opt[uint32] // present = pinned; unique; ascending display order
	ExpirationTimerMs            Opt[uint64] // ms; absent or 0 = off
	MuteUntilMs                  Opt[Millis] // ms since epoch; >= 2^63-1 = for ever
	MarkedUnread                 bool
	DontNotifyForMentionsIfMuted bool
	Style                        *ChatStyle
	ExpireTimerVersion           uint32    // >= 1 whenever expirationTimerMs is present
	NotifyForCallsIfMuted        Opt[bool] // setting
	NotifyForMentionsIfMuted     Opt[bool] // setting; groups only
	NotifyForRepliesIfMuted      Opt[bool] // setting; groups only
	ShowUnreadReminders          Opt[bool] // setting
	Unknown                      Unknown   // fields that this package does not know
}

func (m *Chat) fields(c *coder) {
	c.begin(&m.Unknown)
	number(c, 1, "id", &m.ID)
	number(c, 2, "recipientId", &m.RecipientID)
	flag(c, 3, "archived", &m.Archived)
	optNumber32(c, 4, "pinnedOrder", &m.PinnedOrder)
	optNumber(c, 5, "expirationTimerMs", &m.ExpirationTimerMs)
	optNumber(c, 6, "muteUntilMs", &m.MuteUntilMs)
	flag(c, 7, "markedUnread", &m.MarkedUnread)
	flag(c, 8, "dontNotifyForMentionsIfMuted", &m.DontNotifyForMentionsIfMuted)
	sub(c, 9, "style", &m.Style)
	number32(c, 10, "expireTimerVersion", &m.ExpireTimerVersion)
	optFlag(c, 11, "notifyForCallsIfMuted", &m.NotifyForCallsIfMuted)
	optFlag(c, 12, "notifyForMentionsIfMuted", &m.NotifyForMentionsIfMuted)
	optFlag(c, 13, "notifyForRepliesIfMuted", &m.NotifyForRepliesIfMuted)
	optFlag(c, 14, "showUnreadReminders", &m.ShowUnreadReminders)
}

// An AdHocCall is a call made through a link.
type AdHocCall struct {
	CallID        uint64 // 64-bit id, use as unsigned
	RecipientID   uint64 // a CallLink recipient
	State         AdHocState
	CallTimestamp Millis  // ms
	Unknown       Unknown // fields that this package does not know
}

func (m *AdHocCall) fields(c *coder) {
	c.begin(&m.Unknown)
	number(c, 1, "callId", &m.CallID)
	number(c, 2, "recipientId", &m.RecipientID)
	enum(c, 3, "state", &m.State, adHocStateNames)
	number(c, 4, "callTimestamp", &m.CallTimestamp)
}

// A StickerPack is an installed sticker pack.
type StickerPack struct {
	PackID  Bytes   // 16 bytes
	PackKey Secret  // 32 bytes
	Unknown Unknown // fields that this package does not know
}

func (m *StickerPack) fields(c *coder) {
	c.begin(&m.Unknown)
	blob(c, 1, "packId", &m.PackID)
	secret(c, 2, "packKey", &m.PackKey)
}

// A NotificationProfile is a profile of notifications.
type NotificationProfile struct {
	Name                string
	Emoji               Opt[string]
	Color               uint32 // 0xAARRGGBB
	CreatedAtMs         Millis // ms
	AllowAllCalls       bool
	AllowAllMentions    bool
	AllowedMembers      []uint64 // recipient ids
	ScheduleEnabled     bool
	ScheduleStartTime   uint32 // HHMM as a decimal number, 0..2359
	ScheduleEndTime     uint32 // HHMM
	ScheduleDaysEnabled []Weekday
	ID                  Bytes   // 16 bytes
	Unknown             Unknown // fields that this package does not know
}

func (m *NotificationProfile) fields(c *coder) {
	c.begin(&m.Unknown)
	text(c, 1, "name", &m.Name)
	optText(c, 2, "emoji", &m.Emoji)
	fixed(c, 3, "color", &m.Color)
	number(c, 4, "createdAtMs", &m.CreatedAtMs)
	flag(c, 5, "allowAllCalls", &m.AllowAllCalls)
	flag(c, 6, "allowAllMentions", &m.AllowAllMentions)
	numbers(c, 7, "allowedMembers", &m.AllowedMembers)
	flag(c, 8, "scheduleEnabled", &m.ScheduleEnabled)
	number32(c, 9, "scheduleStartTime", &m.ScheduleStartTime)
	number32(c, 10, "scheduleEndTime", &m.ScheduleEndTime)
	enums(c, 11, "scheduleDaysEnabled", &m.ScheduleDaysEnabled, weekdayNames)
	blob(c, 12, "id", &m.ID)
}

// A ChatFolder is a folder of chats.
type ChatFolder struct {
	Name                      string // empty for the ALL folder
	ShowOnlyUnread            bool
	ShowMutedChats            bool
	IncludeAllIndividualChats bool
	IncludeAllGroupChats      bool
	FolderType                FolderType // exactly one ALL folder if there are any folders
	IncludedRecipientIDs      []uint64   // recipient ids
	ExcludedRecipientIDs      []uint64   // recipient ids
	ID                        Bytes      // 16 bytes
	Unknown                   Unknown    // fields that this package does not know
}

func (m *ChatFolder) fields(c *coder) {
	c.begin(&m.Unknown)
	text(c, 1, "name", &m.Name)
	flag(c, 2, "showOnlyUnread", &m.ShowOnlyUnread)
	flag(c, 3, "showMutedChats", &m.ShowMutedChats)
	flag(c, 4, "includeAllIndividualChats", &m.IncludeAllIndividualChats)
	flag(c, 5, "includeAllGroupChats", &m.IncludeAllGroupChats)
	enum(c, 6, "folderType", &m.FolderType, folderTypeNames)
	numbers(c, 7, "includedRecipientIds", &m.IncludedRecipientIDs)
	numbers(c, 8, "excludedRecipientIds", &m.ExcludedRecipientIDs)
	blob(c, 9, "id", &m.ID)
}

// A FrameItem is what a frame holds: *Account, *Recipient, *Chat, *ChatItem,
// *StickerPack, *AdHocCall, *NotificationProfile, *ChatFolder.
type FrameItem interface {
	Message
	frameItem()
}

func (*Account) frameItem()             {}
func (*Recipient) frameItem()           {}
func (*Chat) frameItem()                {}
func (*ChatItem) frameItem()            {}
func (*StickerPack) frameItem()         {}
func (*AdHocCall) frameItem()           {}
func (*NotificationProfile) frameItem() {}
func (*ChatFolder) frameItem()          {}

// An AdHocState is the state of a call through a link.
type AdHocState int32

// The values of AdHocState. Others come from newer apps.
const (
	AdHocStateUnknownState AdHocState = iota
	AdHocStateGeneric
)

var adHocStateNames = []string{"UNKNOWN_STATE", "GENERIC"}

// String returns the name that the format has for v, or its number.
func (v AdHocState) String() string { return enumName(int32(v), adHocStateNames) }

// A Weekday is a day of the week.
type Weekday int32

// The values of Weekday. Others come from newer apps.
const (
	WeekdayUnknown Weekday = iota
	WeekdayMonday
	WeekdayTuesday
	WeekdayWednesday
	WeekdayThursday
	WeekdayFriday
	WeekdaySaturday
	WeekdaySunday
)

var weekdayNames = []string{"UNKNOWN", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"}

// String returns the name that the format has for v, or its number.
func (v Weekday) String() string { return enumName(int32(v), weekdayNames) }

// A FolderType is the kind of a folder.
type FolderType int32

// The values of FolderType. Others come from newer apps.
const (
	FolderTypeUnknown FolderType = iota
	FolderTypeAll
	FolderTypeCustom
)

var folderTypeNames = []string{"UNKNOWN", "ALL", "CUSTOM"}

// String returns the name that the format has for v, or its number.
func (v FolderType) String() string { return enumName(int32(v), folderTypeNames) }
