package signal

// A Group is a group.
type Group struct {
	MasterKey          Secret // 32 bytes, unique per group; secret
	Whitelisted        bool   // owner accepted the group (profile shared)
	HideStory          bool
	StorySendMode      StorySendMode
	State              *GroupState // required by the validator
	Blocked            bool
	AvatarColor        Opt[AvatarColor]
	BlockedAtTimestamp Millis  // ms; 0 = unknown or not blocked
	Unknown            Unknown // fields that this package does not know
}

func (m *Group) fields(c *coder) {
	c.begin(&m.Unknown)
	secret(c, 1, "masterKey", &m.MasterKey)
	flag(c, 2, "whitelisted", &m.Whitelisted)
	flag(c, 3, "hideStory", &m.HideStory)
	enum(c, 4, "storySendMode", &m.StorySendMode, storySendModeNames)
	sub(c, 5, "snapshot", &m.State)
	flag(c, 6, "blocked", &m.Blocked)
	optEnum(c, 7, "avatarColor", &m.AvatarColor, avatarColorNames)
	number(c, 8, "blockedAtTimestamp", &m.BlockedAtTimestamp)
}

// A GroupState is a group's state as of the backup.
type GroupState struct {
	Title                       *GroupAttribute // blob with title; may be an empty string
	Description                 *GroupAttribute // blob with descriptionText
	AvatarURL                   string          // CDN path; the image itself is not in the backup
	DisappearingMessagesTimer   *GroupAttribute // blob with disappearingMessagesDuration
	AccessControl               *GroupAccess
	Version                     uint32         // group revision
	Members                     []GroupMember  // current members
	MembersPendingProfileKey    []GroupInvitee // invited people
	MembersPendingAdminApproval []GroupRequest // people who asked to join
	InviteLinkPassword          Secret
	AnnouncementsOnly           bool // only admins may write
	MembersBanned               []GroupBanned
	Terminated                  bool    // group was ended for everybody
	Unknown                     Unknown // fields that this package does not know
}

func (m *GroupState) fields(c *coder) {
	c.begin(&m.Unknown)
	sub(c, 2, "title", &m.Title)
	text(c, 3, "avatarUrl", &m.AvatarURL)
	sub(c, 4, "disappearingMessagesTimer", &m.DisappearingMessagesTimer)
	sub(c, 5, "accessControl", &m.AccessControl)
	number32(c, 6, "version", &m.Version)
	subs(c, 7, "members", &m.Members)
	subs(c, 8, "membersPendingProfileKey", &m.MembersPendingProfileKey)
	subs(c, 9, "membersPendingAdminApproval", &m.MembersPendingAdminApproval)
	secret(c, 10, "inviteLinkPassword", &m.InviteLinkPassword)
	sub(c, 11, "description", &m.Description)
	flag(c, 12, "announcementsOnly", &m.AnnouncementsOnly)
	subs(c, 13, "membersBanned", &m.MembersBanned)
	flag(c, 14, "terminated", &m.Terminated)
}

// A GroupAttribute is one text or number of a group; one of the fields is set.
type GroupAttribute struct {
	Title                        Opt[string]
	Avatar                       Opt[Bytes]  // unused here
	DisappearingMessagesDuration Opt[uint32] // seconds (unlike every other timer)
	DescriptionText              Opt[string]
	Unknown                      Unknown // fields that this package does not know
}

func (m *GroupAttribute) fields(c *coder) {
	c.begin(&m.Unknown)
	optText(c, 1, "title", &m.Title)
	optBlob(c, 2, "avatar", &m.Avatar)
	optNumber32(c, 3, "disappearingMessagesDuration", &m.DisappearingMessagesDuration)
	optText(c, 4, "descriptionText", &m.DescriptionText)
}

// A GroupMember is a member of a group.
type GroupMember struct {
	// service id bytes, here always an ACI (16 bytes); may equal the owner's
	// ACI, which has no Contact frame
	UserID          ServiceID
	Role            Role
	JoinedAtVersion uint32
	LabelEmoji      string // member label (needs labelString)
	LabelString     string
	Unknown         Unknown // fields that this package does not know
}

func (m *GroupMember) fields(c *coder) {
	c.begin(&m.Unknown)
	blob(c, 1, "userId", &m.UserID)
	enum(c, 2, "role", &m.Role, roleNames)
	number32(c, 5, "joinedAtVersion", &m.JoinedAtVersion)
	text(c, 6, "labelEmoji", &m.LabelEmoji)
	text(c, 7, "labelString", &m.LabelString)
}

// A GroupInvitee is somebody invited to a group.
type GroupInvitee struct {
	Member        *GroupMember // userId may be ACI (16 bytes) or PNI (17 bytes: 0x01 + UUID)
	AddedByUserID ServiceID    // ACI, 16 bytes
	Timestamp     uint64       // ms
	Unknown       Unknown      // fields that this package does not know
}

func (m *GroupInvitee) fields(c *coder) {
	c.begin(&m.Unknown)
	sub(c, 1, "member", &m.Member)
	blob(c, 2, "addedByUserId", &m.AddedByUserID)
	number(c, 3, "timestamp", &m.Timestamp)
}

// A GroupRequest is somebody who asked to join.
type GroupRequest struct {
	UserID    ServiceID // ACI
	Timestamp uint64    // ms
	Unknown   Unknown   // fields that this package does not know
}

func (m *GroupRequest) fields(c *coder) {
	c.begin(&m.Unknown)
	blob(c, 1, "userId", &m.UserID)
	number(c, 4, "timestamp", &m.Timestamp)
}

// A GroupBanned is somebody who may not join.
type GroupBanned struct {
	UserID    ServiceID // ACI or PNI service id bytes
	Timestamp uint64    // ms
	Unknown   Unknown   // fields that this package does not know
}

func (m *GroupBanned) fields(c *coder) {
	c.begin(&m.Unknown)
	blob(c, 1, "userId", &m.UserID)
	number(c, 2, "timestamp", &m.Timestamp)
}

// GroupAccess says who may do what in a group.
type GroupAccess struct {
	Attributes        Access
	Members           Access
	AddFromInviteLink Access
	MemberLabel       Access
	Unknown           Unknown // fields that this package does not know
}

func (m *GroupAccess) fields(c *coder) {
	c.begin(&m.Unknown)
	enum(c, 1, "attributes", &m.Attributes, accessNames)
	enum(c, 2, "members", &m.Members, accessNames)
	enum(c, 3, "addFromInviteLink", &m.AddFromInviteLink, accessNames)
	enum(c, 4, "memberLabel", &m.MemberLabel, accessNames)
}

// A StorySendMode says whether stories go to a group.
type StorySendMode int32

// The values of StorySendMode. Others come from newer apps.
const (
	StorySendModeDefault StorySendMode = iota
	StorySendModeDisabled
	StorySendModeEnabled
)

var storySendModeNames = []string{"DEFAULT", "DISABLED", "ENABLED"}

// String returns the name that the format has for v, or its number.
func (v StorySendMode) String() string { return enumName(int32(v), storySendModeNames) }

// A Role is a member's role in a group.
type Role int32

// The values of Role. Others come from newer apps.
const (
	RoleUnknown Role = iota
	RoleDefault
	RoleAdministrator
)

var roleNames = []string{"UNKNOWN", "DEFAULT", "ADMINISTRATOR"}

// String returns the name that the format has for v, or its number.
func (v Role) String() string { return enumName(int32(v), roleNames) }

// An Access says who may do something in a group.
type Access int32

// The values of Access. Others come from newer apps.
const (
	AccessUnknown Access = iota
	AccessAny
	AccessMember
	AccessAdministrator
	AccessUnsatisfiable
)

var accessNames = []string{"UNKNOWN", "ANY", "MEMBER", "ADMINISTRATOR", "UNSATISFIABLE"}

// String returns the name that the format has for v, or its number.
func (v Access) String() string { return enumName(int32(v), accessNames) }
