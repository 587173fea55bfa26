package signal

// A Recipient is one party that can be addressed.
type Recipient struct {
	// file-local id, non-zero, referenced by Chat.recipientId,
	// ChatItem.authorId, Reaction.authorId, ...
	ID          uint64
	Destination Destination // nil if unknown to this package or missing
	Unknown     Unknown     // fields that this package does not know
}

func (m *Recipient) fields(c *coder) {
	c.begin(&m.Unknown)
	number(c, 1, "id", &m.ID)
	oneOf[Contact](c, 2, "contact", &m.Destination)
	oneOf[Group](c, 3, "group", &m.Destination)
	oneOf[DistributionListItem](c, 4, "distributionList", &m.Destination)
	oneOf[Self](c, 5, "self", &m.Destination)
	oneOf[ReleaseNotes](c, 6, "releaseNotes", &m.Destination)
	oneOf[CallLink](c, 7, "callLink", &m.Destination)
}

// A Contact is another person. At least one of ACI, PNI and E164 is set.
type Contact struct {
	ACI                 Opt[ServiceID] // 16-byte UUID, big-endian as written
	PNI                 Opt[ServiceID] // 16-byte UUID (no 0x01 prefix here)
	Username            Opt[string]
	E164                Opt[uint64] // phone number as an integer, without the leading '+'; non-zero
	Blocked             bool
	Visibility          Visibility
	Registered          *Registered
	NotRegistered       *NotRegistered
	ProfileKey          Opt[Secret] // 32 bytes
	ProfileSharing      bool        // owner shares profile with them / accepted the message request
	ProfileGivenName    Opt[string] // name the contact chose
	ProfileFamilyName   Opt[string]
	HideStory           bool
	IdentityKey         Opt[Bytes] // 33 bytes (0x05 + X25519 public key)
	IdentityState       IdentityState
	Nickname            *PersonName // name the owner gave them; absent if both parts are empty
	Note                string      // owner's private note
	SystemGivenName     string      // name from the phone's address book
	SystemFamilyName    string
	SystemNickname      string
	AvatarColor         Opt[AvatarColor]
	KeyTransparencyData Opt[Secret] // opaque
	BlockedAtTimestamp  Millis      // ms; 0 = unknown or not blocked
	// a name that reached the owner by a shared contact card; not empty if
	// present
	SharedName *PersonName
	Unknown    Unknown // fields that this package does not know
}

func (m *Contact) fields(c *coder) {
	c.begin(&m.Unknown)
	optBlob(c, 1, "aci", &m.ACI)
	optBlob(c, 2, "pni", &m.PNI)
	optText(c, 3, "username", &m.Username)
	optNumber(c, 4, "e164", &m.E164)
	flag(c, 5, "blocked", &m.Blocked)
	enum(c, 6, "visibility", &m.Visibility, visibilityNames)
	sub(c, 7, "registered", &m.Registered)
	sub(c, 8, "notRegistered", &m.NotRegistered)
	optSecret(c, 9, "profileKey", &m.ProfileKey)
	flag(c, 10, "profileSharing", &m.ProfileSharing)
	optText(c, 11, "profileGivenName", &m.ProfileGivenName)
	optText(c, 12, "profileFamilyName", &m.ProfileFamilyName)
	flag(c, 13, "hideStory", &m.HideStory)
	optBlob(c, 14, "identityKey", &m.IdentityKey)
	enum(c, 15, "identityState", &m.IdentityState, identityStateNames)
	sub(c, 16, "nickname", &m.Nickname)
	text(c, 17, "note", &m.Note)
	text(c, 18, "systemGivenName", &m.SystemGivenName)
	text(c, 19, "systemFamilyName", &m.SystemFamilyName)
	text(c, 20, "systemNickname", &m.SystemNickname)
	optEnum(c, 21, "avatarColor", &m.AvatarColor, avatarColorNames)
	optSecret(c, 22, "keyTransparencyData", &m.KeyTransparencyData)
	number(c, 23, "blockedAtTimestamp", &m.BlockedAtTimestamp)
	sub(c, 24, "sharedName", &m.SharedName)
}

// Registered says that a contact has an account.
type Registered struct {
	Unknown Unknown // fields that this package does not know
}

func (m *Registered) fields(c *coder) {
	c.begin(&m.Unknown)
}

// NotRegistered says that a contact has no account any more.
type NotRegistered struct {
	UnregisteredTimestamp Millis  // ms; 0 = unknown
	Unknown               Unknown // fields that this package does not know
}

func (m *NotRegistered) fields(c *coder) {
	c.begin(&m.Unknown)
	number(c, 1, "unregisteredTimestamp", &m.UnregisteredTimestamp)
}

// A PersonName is a name in two parts.
type PersonName struct {
	Given   string
	Family  string
	Unknown Unknown // fields that this package does not know
}

func (m *PersonName) fields(c *coder) {
	c.begin(&m.Unknown)
	text(c, 1, "given", &m.Given)
	text(c, 2, "family", &m.Family)
}

// Self is the owner of the backup.
type Self struct {
	AvatarColor Opt[AvatarColor]
	Unknown     Unknown // fields that this package does not know
}

func (m *Self) fields(c *coder) {
	c.begin(&m.Unknown)
	optEnum(c, 1, "avatarColor", &m.AvatarColor, avatarColorNames)
}

// ReleaseNotes is Signal's news channel.
type ReleaseNotes struct {
	Unknown Unknown // fields that this package does not know
}

func (m *ReleaseNotes) fields(c *coder) {
	c.begin(&m.Unknown)
}

// A CallLink is a link to a call; it never has a chat.
type CallLink struct {
	RootKey      Secret      // >= 16 bytes
	AdminKey     Opt[Secret] // present = owner administers the link
	Name         string
	Restrictions Restrictions
	ExpirationMs Millis  // ms since epoch
	Unknown      Unknown // fields that this package does not know
}

func (m *CallLink) fields(c *coder) {
	c.begin(&m.Unknown)
	secret(c, 1, "rootKey", &m.RootKey)
	optSecret(c, 2, "adminKey", &m.AdminKey)
	text(c, 3, "name", &m.Name)
	enum(c, 4, "restrictions", &m.Restrictions, restrictionsNames)
	number(c, 5, "expirationMs", &m.ExpirationMs)
}

// A DistributionListItem is a story audience or what is left of one; it never
// has a chat.
type DistributionListItem struct {
	DistributionID    Bytes       // 16-byte UUID; all zero = My Story
	DeletionTimestamp Opt[Millis] // ms; tombstone of a deleted list
	DistributionList  *DistributionList
	Unknown           Unknown // fields that this package does not know
}

func (m *DistributionListItem) fields(c *coder) {
	c.begin(&m.Unknown)
	blob(c, 1, "distributionId", &m.DistributionID)
	optNumber(c, 2, "deletionTimestamp", &m.DeletionTimestamp)
	sub(c, 3, "distributionList", &m.DistributionList)
}

// A DistributionList is a story audience.
type DistributionList struct {
	Name               string // for My Story apps write "" or "My Story": do not rely on it
	AllowReplies       bool
	PrivacyMode        Privacy
	MemberRecipientIDs []uint64 // contacts; meaning depends on privacyMode
	Unknown            Unknown  // fields that this package does not know
}

func (m *DistributionList) fields(c *coder) {
	c.begin(&m.Unknown)
	text(c, 1, "name", &m.Name)
	flag(c, 2, "allowReplies", &m.AllowReplies)
	enum(c, 3, "privacyMode", &m.PrivacyMode, privacyNames)
	numbers(c, 4, "memberRecipientIds", &m.MemberRecipientIDs)
}

// A Destination is who a recipient is: *Contact, *Group, *DistributionListItem,
// *Self, *ReleaseNotes, *CallLink.
type Destination interface {
	Message
	destination()
}

func (*Contact) destination()              {}
func (*Group) destination()                {}
func (*DistributionListItem) destination() {}
func (*Self) destination()                 {}
func (*ReleaseNotes) destination()         {}
func (*CallLink) destination()             {}

// A Visibility says whether a contact is listed.
type Visibility int32

// The values of Visibility. Others come from newer apps.
const (
	VisibilityVisible Visibility = iota
	VisibilityHidden
	VisibilityHiddenMessageRequest
)

var visibilityNames = []string{"VISIBLE", "HIDDEN", "HIDDEN_MESSAGE_REQUEST"}

// String returns the name that the format has for v, or its number.
func (v Visibility) String() string { return enumName(int32(v), visibilityNames) }

// An IdentityState says whether the owner has compared safety numbers.
type IdentityState int32

// The values of IdentityState. Others come from newer apps.
const (
	IdentityStateDefault IdentityState = iota
	IdentityStateVerified
	IdentityStateUnverified
)

var identityStateNames = []string{"DEFAULT", "VERIFIED", "UNVERIFIED"}

// String returns the name that the format has for v, or its number.
func (v IdentityState) String() string { return enumName(int32(v), identityStateNames) }

// An AvatarColor is one of the twelve colours behind initials.
type AvatarColor int32

// The values of AvatarColor. Others come from newer apps.
const (
	AvatarColorA100 AvatarColor = iota
	AvatarColorA110
	AvatarColorA120
	AvatarColorA130
	AvatarColorA140
	AvatarColorA150
	AvatarColorA160
	AvatarColorA170
	AvatarColorA180
	AvatarColorA190
	AvatarColorA200
	AvatarColorA210
)

var avatarColorNames = []string{"A100", "A110", "A120", "A130", "A140", "A150", "A160", "A170", "A180", "A190", "A200", "A210"}

// String returns the name that the format has for v, or its number.
func (v AvatarColor) String() string { return enumName(int32(v), avatarColorNames) }

// A Restrictions says who may enter a call.
type Restrictions int32

// The values of Restrictions. Others come from newer apps.
const (
	RestrictionsUnknown Restrictions = iota
	RestrictionsNone
	RestrictionsAdminApproval
)

var restrictionsNames = []string{"UNKNOWN", "NONE", "ADMIN_APPROVAL"}

// String returns the name that the format has for v, or its number.
func (v Restrictions) String() string { return enumName(int32(v), restrictionsNames) }

// A Privacy says what the members of a story list are.
type Privacy int32

// The values of Privacy. Others come from newer apps.
const (
	PrivacyUnknown Privacy = iota
	PrivacyOnlyWith
	PrivacyAllExcept
	PrivacyAll
)

var privacyNames = []string{"UNKNOWN", "ONLY_WITH", "ALL_EXCEPT", "ALL"}

// String returns the name that the format has for v, or its number.
func (v Privacy) String() string { return enumName(int32(v), privacyNames) }
