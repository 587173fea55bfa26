package signal

// A GroupUpdate is one change of a group. One struct serves all kinds; the
// comment of a kind says which fields it uses beside By.
type GroupUpdate struct {
	Kind        GroupUpdateKind
	By          Opt[ServiceID] // who did it; absent if unknown
	Who         Opt[ServiceID] // whom it is about
	Inviter     Opt[ServiceID] // who had invited, or invited, them
	Text        Opt[string]    // the new name or description; absent if it was removed
	Access      Access         // the new level
	On          bool           // see the kind
	Count       uint32         // how many, or how often
	ExpiresInMs uint64         // the new timer in ms; 0 is off
	Invitees    []GroupRevoked // whose invitations were withdrawn
	Detail      Unknown        // unknown fields of the change itself
	Unknown     Unknown        // fields that this package does not know
}

// A GroupRevoked is an invitation that was withdrawn.
type GroupRevoked struct {
	Inviter Opt[ServiceID]
	ACI     Opt[ServiceID] // of who was invited
	PNI     Opt[ServiceID] // of who was invited; 16 bytes
	Unknown Unknown        // fields that this package does not know
}

func (m *GroupRevoked) fields(c *coder) {
	c.begin(&m.Unknown)
	optBlob(c, 1, "inviterAci", &m.Inviter)
	optBlob(c, 2, "inviteeAci", &m.ACI)
	optBlob(c, 3, "inviteePni", &m.PNI)
}

// A GroupUpdateKind is the kind of a GroupUpdate; its number is that of the
// field in the format.
type GroupUpdateKind int32

// The values of GroupUpdateKind. GroupUpdateUnknown is a kind that a newer app
// added.
const (
	GroupUpdateUnknown GroupUpdateKind = iota
	GenericGroup                       // something changed
	GroupCreation
	GroupName                   // Text
	GroupAvatar                 // On: it was removed
	GroupDescription            // Text
	GroupMembershipAccessLevel  // who may add members: Access
	GroupAttributesAccessLevel  // who may edit the group: Access
	GroupAnnouncementOnly       // On: only admins may write
	GroupAdminStatus            // Who; On: is an admin now
	GroupMemberLeft             // Who
	GroupMemberRemoved          // Who
	SelfInvitedToGroup          // Inviter
	SelfInvitedOtherUserToGroup // Who, an ACI or a PNI of 17 bytes
	GroupUnknownInvitee         // Inviter, Count people
	GroupInvitationAccepted     // Who, Inviter
	GroupInvitationDeclined     // Who, Inviter
	GroupMemberJoined           // Who
	GroupMemberAdded            // Who, Inviter; On: there was an invitation
	GroupSelfInvitationRevoked  // the owner's invitation
	GroupInvitationRevoked      // Invitees
	GroupJoinRequest            // Who
	GroupJoinRequestApproval    // Who; On: approved
	GroupJoinRequestCanceled    // Who
	GroupInviteLinkReset
	GroupInviteLinkEnabled       // On: admins must approve
	GroupInviteLinkAdminApproval // On: admins must approve
	GroupInviteLinkDisabled
	GroupMemberJoinedByLink // Who
	GroupV2Migration
	GroupV2MigrationSelfInvited
	GroupV2MigrationInvitedMembers    // Count
	GroupV2MigrationDroppedMembers    // Count
	GroupSequenceOfRequestsAndCancels // Who, Count times
	GroupExpirationTimer              // ExpiresInMs
	GroupMemberLabelAccessLevel       // who may set labels: Access
	GroupTerminate                    // the group was ended for everybody
)

var groupUpdateNames = []string{"",
	"genericGroupUpdate",
	"groupCreationUpdate",
	"groupNameUpdate",
	"groupAvatarUpdate",
	"groupDescriptionUpdate",
	"groupMembershipAccessLevelChangeUpdate",
	"groupAttributesAccessLevelChangeUpdate",
	"groupAnnouncementOnlyChangeUpdate",
	"groupAdminStatusUpdate",
	"groupMemberLeftUpdate",
	"groupMemberRemovedUpdate",
	"selfInvitedToGroupUpdate",
	"selfInvitedOtherUserToGroupUpdate",
	"groupUnknownInviteeUpdate",
	"groupInvitationAcceptedUpdate",
	"groupInvitationDeclinedUpdate",
	"groupMemberJoinedUpdate",
	"groupMemberAddedUpdate",
	"groupSelfInvitationRevokedUpdate",
	"groupInvitationRevokedUpdate",
	"groupJoinRequestUpdate",
	"groupJoinRequestApprovalUpdate",
	"groupJoinRequestCanceledUpdate",
	"groupInviteLinkResetUpdate",
	"groupInviteLinkEnabledUpdate",
	"groupInviteLinkAdminApprovalUpdate",
	"groupInviteLinkDisabledUpdate",
	"groupMemberJoinedByLinkUpdate",
	"groupV2MigrationUpdate",
	"groupV2MigrationSelfInvitedUpdate",
	"groupV2MigrationInvitedMembersUpdate",
	"groupV2MigrationDroppedMembersUpdate",
	"groupSequenceOfRequestsAndCancelsUpdate",
	"groupExpirationTimerUpdate",
	"groupMemberLabelAccessLevelChangeUpdate",
	"groupTerminateChangeUpdate",
}

// String returns the name that the format has for v.
func (v GroupUpdateKind) String() string { return enumName(int32(v), groupUpdateNames) }

func (m *GroupUpdate) fields(c *coder) {
	c.begin(&m.Unknown)
	for k := GenericGroup; k <= GroupTerminate; k++ {
		variant(c, uint32(k), groupUpdateNames[k], (*groupDetail)(m), k)
	}
}

// groupDetail is the message that a GroupUpdate has for its kind.
type groupDetail GroupUpdate

func (m *groupDetail) kind() *GroupUpdateKind { return &m.Kind }

func (m *groupDetail) fields(c *coder) {
	c.begin(&m.Detail)
	switch m.Kind {
	case GroupName:
		optBlob(c, 1, "updaterAci", &m.By)
		optText(c, 2, "newGroupName", &m.Text)
	case GroupAvatar:
		optBlob(c, 1, "updaterAci", &m.By)
		flag(c, 2, "wasRemoved", &m.On)
	case GroupDescription:
		optBlob(c, 1, "updaterAci", &m.By)
		optText(c, 2, "newDescription", &m.Text)
	case GroupMembershipAccessLevel, GroupAttributesAccessLevel, GroupMemberLabelAccessLevel:
		optBlob(c, 1, "updaterAci", &m.By)
		enum(c, 2, "accessLevel", &m.Access, accessNames)
	case GroupAnnouncementOnly:
		optBlob(c, 1, "updaterAci", &m.By)
		flag(c, 2, "isAnnouncementOnly", &m.On)
	case GroupAdminStatus:
		optBlob(c, 1, "updaterAci", &m.By)
		impliedBlob(c, 2, "memberAci", &m.Who)
		flag(c, 3, "wasAdminStatusGranted", &m.On)
	case GroupMemberLeft:
		impliedBlob(c, 1, "aci", &m.Who)
	case GroupMemberRemoved:
		optBlob(c, 1, "removerAci", &m.By)
		impliedBlob(c, 2, "removedAci", &m.Who)
	case GroupMemberAdded:
		optBlob(c, 1, "updaterAci", &m.By)
		impliedBlob(c, 2, "newMemberAci", &m.Who)
		flag(c, 3, "hadOpenInvitation", &m.On)
		optBlob(c, 4, "inviterAci", &m.Inviter)
	case GroupV2MigrationDroppedMembers:
		number32(c, 1, "droppedMembersCount", &m.Count)
	case GroupExpirationTimer:
		number(c, 1, "expiresInMs", &m.ExpiresInMs)
		optBlob(c, 2, "updaterAci", &m.By)
	default:
		m.entry(c)
	}
}

// entry has the fields of the kinds that are about coming into a group.
func (m *groupDetail) entry(c *coder) {
	switch m.Kind {
	case GenericGroup, GroupCreation, GroupInviteLinkReset, GroupInviteLinkDisabled, GroupTerminate:
		optBlob(c, 1, "updaterAci", &m.By)
	case SelfInvitedToGroup:
		optBlob(c, 1, "inviterAci", &m.Inviter)
	case SelfInvitedOtherUserToGroup:
		impliedBlob(c, 1, "inviteeServiceId", &m.Who)
	case GroupUnknownInvitee:
		optBlob(c, 1, "inviterAci", &m.Inviter)
		number32(c, 2, "inviteeCount", &m.Count)
	case GroupInvitationAccepted:
		optBlob(c, 1, "inviterAci", &m.Inviter)
		impliedBlob(c, 2, "newMemberAci", &m.Who)
	case GroupInvitationDeclined:
		optBlob(c, 1, "inviterAci", &m.Inviter)
		optBlob(c, 2, "inviteeAci", &m.Who)
	case GroupMemberJoined, GroupMemberJoinedByLink:
		impliedBlob(c, 1, "newMemberAci", &m.Who)
	case GroupSelfInvitationRevoked:
		optBlob(c, 1, "revokerAci", &m.By)
	case GroupInvitationRevoked:
		optBlob(c, 1, "updaterAci", &m.By)
		subs(c, 2, "invitees", &m.Invitees)
	case GroupJoinRequest, GroupJoinRequestCanceled:
		impliedBlob(c, 1, "requestorAci", &m.Who)
	case GroupJoinRequestApproval:
		impliedBlob(c, 1, "requestorAci", &m.Who)
		optBlob(c, 2, "updaterAci", &m.By)
		flag(c, 3, "wasApproved", &m.On)
	case GroupInviteLinkEnabled, GroupInviteLinkAdminApproval:
		optBlob(c, 1, "updaterAci", &m.By)
		flag(c, 2, "linkRequiresAdminApproval", &m.On)
	case GroupV2MigrationInvitedMembers:
		number32(c, 1, "invitedMembersCount", &m.Count)
	case GroupSequenceOfRequestsAndCancels:
		impliedBlob(c, 1, "requestorAci", &m.Who)
		number32(c, 2, "count", &m.Count)
	}
}
