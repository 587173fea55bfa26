package signal

// A UpdateMessage is a line that the app writes; the author is who caused it.
type UpdateMessage struct {
	Update  Update  // nil if unknown to this package or missing
	Unknown Unknown // fields that this package does not know
}

func (m *UpdateMessage) fields(c *coder) {
	c.begin(&m.Unknown)
	oneOf[SimpleUpdate](c, 1, "simpleUpdate", &m.Update)
	oneOf[GroupChange](c, 2, "groupChange", &m.Update)
	oneOf[TimerUpdate](c, 3, "expirationTimerChange", &m.Update)
	oneOf[ProfileChange](c, 4, "profileChange", &m.Update)
	oneOf[ThreadMerge](c, 5, "threadMerge", &m.Update)
	oneOf[SessionSwitchover](c, 6, "sessionSwitchover", &m.Update)
	oneOf[IndividualCall](c, 7, "individualCall", &m.Update)
	oneOf[GroupCall](c, 8, "groupCall", &m.Update)
	oneOf[LearnedProfile](c, 9, "learnedProfileChange", &m.Update)
	oneOf[PollEnd](c, 10, "pollTerminate", &m.Update)
	oneOf[PinUpdate](c, 11, "pinMessage", &m.Update)
}

// A SimpleUpdate is a line without details.
type SimpleUpdate struct {
	Type    SimpleType // see enum
	Unknown Unknown    // fields that this package does not know
}

func (m *SimpleUpdate) fields(c *coder) {
	c.begin(&m.Unknown)
	enum(c, 1, "type", &m.Type, simpleTypeNames)
}

// A TimerUpdate is a change of a chat's timer.
type TimerUpdate struct {
	ExpiresInMs uint64  // ms; 0 = turned off
	Unknown     Unknown // fields that this package does not know
}

func (m *TimerUpdate) fields(c *coder) {
	c.begin(&m.Unknown)
	number(c, 1, "expiresInMs", &m.ExpiresInMs)
}

// A ProfileChange is a change of a contact's profile name.
type ProfileChange struct {
	PreviousName string
	NewName      string
	Unknown      Unknown // fields that this package does not know
}

func (m *ProfileChange) fields(c *coder) {
	c.begin(&m.Unknown)
	text(c, 1, "previousName", &m.PreviousName)
	text(c, 2, "newName", &m.NewName)
}

// A LearnedProfile says how a contact was shown before; one field is set.
type LearnedProfile struct {
	E164       Opt[uint64] // the name shown before was this number
	Username   Opt[string] // the name shown before was this username
	SharedName Opt[string] // the name shown before came from a shared card
	Unknown    Unknown     // fields that this package does not know
}

func (m *LearnedProfile) fields(c *coder) {
	c.begin(&m.Unknown)
	optNumber(c, 1, "e164", &m.E164)
	optText(c, 2, "username", &m.Username)
	optText(c, 3, "sharedName", &m.SharedName)
}

// A ThreadMerge says that another chat was merged into this one.
type ThreadMerge struct {
	PreviousE164 uint64  // the chat that was merged into this one
	Unknown      Unknown // fields that this package does not know
}

func (m *ThreadMerge) fields(c *coder) {
	c.begin(&m.Unknown)
	number(c, 1, "previousE164", &m.PreviousE164)
}

// A SessionSwitchover says that a number belongs to this contact now.
type SessionSwitchover struct {
	E164    uint64  // messages now go to this person's account under that number
	Unknown Unknown // fields that this package does not know
}

func (m *SessionSwitchover) fields(c *coder) {
	c.begin(&m.Unknown)
	number(c, 1, "e164", &m.E164)
}

// A GroupChange is what changed in a group at once.
type GroupChange struct {
	Updates []GroupUpdate // one or more, applied together
	Unknown Unknown       // fields that this package does not know
}

func (m *GroupChange) fields(c *coder) {
	c.begin(&m.Unknown)
	subs(c, 1, "updates", &m.Updates)
}

// An IndividualCall is a call between two.
type IndividualCall struct {
	CallID               Opt[uint64] // unsigned 64 bit
	Type                 CallType
	Direction            CallDirection
	State                CallState
	StartedCallTimestamp Millis  // ms
	Read                 bool    // owner has seen the missed-call line
	Unknown              Unknown // fields that this package does not know
}

func (m *IndividualCall) fields(c *coder) {
	c.begin(&m.Unknown)
	optNumber(c, 1, "callId", &m.CallID)
	enum(c, 2, "type", &m.Type, callTypeNames)
	enum(c, 3, "direction", &m.Direction, callDirectionNames)
	enum(c, 4, "state", &m.State, callStateNames)
	number(c, 5, "startedCallTimestamp", &m.StartedCallTimestamp)
	flag(c, 6, "read", &m.Read)
}

// A GroupCall is a call of a group.
type GroupCall struct {
	CallID                 Opt[uint64]
	State                  GroupCallState
	RingerRecipientID      Opt[uint64] // who rang: Contact or Self
	StartedCallRecipientID Opt[uint64] // who started it: Contact or Self
	StartedCallTimestamp   Millis      // ms
	EndedCallTimestamp     Opt[Millis] // ms
	Read                   bool
	Unknown                Unknown // fields that this package does not know
}

func (m *GroupCall) fields(c *coder) {
	c.begin(&m.Unknown)
	optNumber(c, 1, "callId", &m.CallID)
	enum(c, 2, "state", &m.State, groupCallStateNames)
	optNumber(c, 3, "ringerRecipientId", &m.RingerRecipientID)
	optNumber(c, 4, "startedCallRecipientId", &m.StartedCallRecipientID)
	number(c, 5, "startedCallTimestamp", &m.StartedCallTimestamp)
	optNumber(c, 6, "endedCallTimestamp", &m.EndedCallTimestamp)
	flag(c, 7, "read", &m.Read)
}

// A PollEnd is the end of a poll.
type PollEnd struct {
	TargetSentTimestamp Millis  // dateSent of the poll's ChatItem
	Question            string  // copy of the question
	Unknown             Unknown // fields that this package does not know
}

func (m *PollEnd) fields(c *coder) {
	c.begin(&m.Unknown)
	number(c, 1, "targetSentTimestamp", &m.TargetSentTimestamp)
	text(c, 2, "question", &m.Question)
}

// A PinUpdate says that a message was pinned.
type PinUpdate struct {
	TargetSentTimestamp Millis  // dateSent of the pinned message
	AuthorID            uint64  // author of the pinned message
	Unknown             Unknown // fields that this package does not know
}

func (m *PinUpdate) fields(c *coder) {
	c.begin(&m.Unknown)
	number(c, 1, "targetSentTimestamp", &m.TargetSentTimestamp)
	number(c, 2, "authorId", &m.AuthorID)
}

// An Update is what an update line says: *SimpleUpdate, *GroupChange,
// *TimerUpdate, *ProfileChange, *ThreadMerge, *SessionSwitchover,
// *IndividualCall, *GroupCall, *LearnedProfile, *PollEnd, *PinUpdate.
type Update interface {
	Message
	update()
}

func (*SimpleUpdate) update()      {}
func (*GroupChange) update()       {}
func (*TimerUpdate) update()       {}
func (*ProfileChange) update()     {}
func (*ThreadMerge) update()       {}
func (*SessionSwitchover) update() {}
func (*IndividualCall) update()    {}
func (*GroupCall) update()         {}
func (*LearnedProfile) update()    {}
func (*PollEnd) update()           {}
func (*PinUpdate) update()         {}

// A SimpleType is the kind of a line that needs no details.
type SimpleType int32

// The values of SimpleType. Others come from newer apps.
const (
	SimpleTypeUnknown SimpleType = iota
	SimpleTypeJoinedSignal
	SimpleTypeIdentityUpdate
	SimpleTypeIdentityVerified
	SimpleTypeIdentityDefault
	SimpleTypeChangeNumber
	SimpleTypeReleaseChannelDonationRequest
	SimpleTypeEndSession
	SimpleTypeChatSessionRefresh
	SimpleTypeBadDecrypt
	SimpleTypePaymentsActivated
	SimpleTypePaymentActivationRequest
	SimpleTypeUnsupportedProtocolMessage
	SimpleTypeReportedSpam
	SimpleTypeBlocked
	SimpleTypeUnblocked
	SimpleTypeMessageRequestAccepted
)

var simpleTypeNames = []string{"UNKNOWN", "JOINED_SIGNAL", "IDENTITY_UPDATE", "IDENTITY_VERIFIED", "IDENTITY_DEFAULT", "CHANGE_NUMBER", "RELEASE_CHANNEL_DONATION_REQUEST", "END_SESSION", "CHAT_SESSION_REFRESH", "BAD_DECRYPT", "PAYMENTS_ACTIVATED", "PAYMENT_ACTIVATION_REQUEST", "UNSUPPORTED_PROTOCOL_MESSAGE", "REPORTED_SPAM", "BLOCKED", "UNBLOCKED", "MESSAGE_REQUEST_ACCEPTED"}

// String returns the name that the format has for v, or its number.
func (v SimpleType) String() string { return enumName(int32(v), simpleTypeNames) }

// A CallType says whether a call had video.
type CallType int32

// The values of CallType. Others come from newer apps.
const (
	CallTypeUnknownType CallType = iota
	CallTypeAudioCall
	CallTypeVideoCall
)

var callTypeNames = []string{"UNKNOWN_TYPE", "AUDIO_CALL", "VIDEO_CALL"}

// String returns the name that the format has for v, or its number.
func (v CallType) String() string { return enumName(int32(v), callTypeNames) }

// A CallDirection says who called.
type CallDirection int32

// The values of CallDirection. Others come from newer apps.
const (
	CallDirectionUnknownDirection CallDirection = iota
	CallDirectionIncoming
	CallDirectionOutgoing
)

var callDirectionNames = []string{"UNKNOWN_DIRECTION", "INCOMING", "OUTGOING"}

// String returns the name that the format has for v, or its number.
func (v CallDirection) String() string { return enumName(int32(v), callDirectionNames) }

// A CallState is how a call ended.
type CallState int32

// The values of CallState. Others come from newer apps.
const (
	CallStateUnknownState CallState = iota
	CallStateAccepted
	CallStateNotAccepted
	CallStateMissed
	CallStateMissedNotificationProfile
)

var callStateNames = []string{"UNKNOWN_STATE", "ACCEPTED", "NOT_ACCEPTED", "MISSED", "MISSED_NOTIFICATION_PROFILE"}

// String returns the name that the format has for v, or its number.
func (v CallState) String() string { return enumName(int32(v), callStateNames) }

// A GroupCallState is how a group call went for the owner.
type GroupCallState int32

// The values of GroupCallState. Others come from newer apps.
const (
	GroupCallStateUnknownState GroupCallState = iota
	GroupCallStateGeneric
	GroupCallStateJoined
	GroupCallStateRinging
	GroupCallStateAccepted
	GroupCallStateDeclined
	GroupCallStateMissed
	GroupCallStateMissedNotificationProfile
	GroupCallStateOutgoingRing
)

var groupCallStateNames = []string{"UNKNOWN_STATE", "GENERIC", "JOINED", "RINGING", "ACCEPTED", "DECLINED", "MISSED", "MISSED_NOTIFICATION_PROFILE", "OUTGOING_RING"}

// String returns the name that the format has for v, or its number.
func (v GroupCallState) String() string { return enumName(int32(v), groupCallStateNames) }
