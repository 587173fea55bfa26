package legacy

// The column type of a message (section D.7).
const (
	baseIncomingCall      = 1
	baseOutgoingCall      = 2
	baseMissedCall        = 3
	baseJoined            = 4
	baseUnsupported       = 5
	baseInvalid           = 6
	baseProfileChange     = 7
	baseMissedVideoCall   = 8
	baseGroupMigration    = 9
	baseIncomingVideoCall = 10
	baseOutgoingVideoCall = 11
	baseGroupCall         = 12
	baseUndecryptable     = 13
	baseNumberChanged     = 14
	baseDonationRequest   = 15
	baseThreadMerge       = 16
	baseSMSExport         = 17
	baseSwitchover        = 18
	baseInbox             = 20
	baseOutbox            = 21
	baseSending           = 22
	baseSent              = 23
	baseFailed            = 24
	basePendingSecureSMS  = 25
	basePendingSMS        = 26
	baseDraft             = 27
)

const (
	flagKeyMask        = 0xff00
	flagKeyChanged     = 0x200
	flagKeyDefault     = 0x2000
	flagKeyVerified    = 0x4000
	flagGroup          = 0x10000
	flagLeft           = 0x20000
	flagTimer          = 0x40000
	flagGroupV2        = 0x80000
	flagPush           = 0x200000
	flagSessionEnd     = 0x400000
	flagSecure         = 0x800000
	flagSessionRefresh = 0x10000000
	specialShift       = 32
	specialMask        = 0xf
	specialStory       = 1
	specialGift        = 2
	specialPayment     = 3
	specialActivate    = 4
	specialSpam        = 5
	specialAccepted    = 6
	specialActivated   = 8
	specialTombstone   = 9
	specialPollEnd     = 12
	specialPin         = 13
)

func base(typ int64) int64    { return typ & 0x1f }
func special(typ int64) int64 { return typ >> specialShift & specialMask }

// outgoing reports whether the owner sent a message, or called.
func outgoing(typ int64) bool {
	switch base(typ) {
	case baseOutbox, baseSending, baseSent, baseFailed, basePendingSecureSMS, basePendingSMS, baseOutgoingCall, baseOutgoingVideoCall:
		return true
	}
	return false
}
