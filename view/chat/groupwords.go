package chat

import (
	"strings"

	"bakfs/signal"
)

// Limits on one line about a group.
const (
	maxChanges = 100
	maxNamed   = 20
)

// groupChange says what changed in a group at once.
func (p *People) groupChange(u *signal.GroupChange) string {
	if len(u.Updates) == 0 {
		return "The group was updated"
	}
	var list []string
	for i := range u.Updates[:min(len(u.Updates), maxChanges)] {
		list = append(list, p.groupUpdate(&u.Updates[i]))
	}
	if more := len(u.Updates) - maxChanges; more > 0 {
		list = append(list, counted(uint64(more), "more change", "more changes"))
	}
	return strings.Join(list, "; ")
}

// groupUpdate says one change of a group itself; the others are in those below.
func (p *People) groupUpdate(u *signal.GroupUpdate) string {
	by := p.PersonOf(u.By.V)
	switch u.Kind {
	case signal.GenericGroup:
		return did(by, "updated the group", "The group was updated")
	case signal.GroupCreation:
		return did(by, "created the group", "The group was created")
	case signal.GroupName:
		return changedText(by, "group name", u.Text.V)
	case signal.GroupDescription:
		return changedText(by, "group description", u.Text.V)
	case signal.GroupAvatar:
		if u.On {
			return did(by, "removed the group photo", "The group photo was removed")
		}
		return did(by, "changed the group photo", "The group photo was changed")
	case signal.GroupMembershipAccessLevel:
		return changedAccess(by, "can add members", u.Access)
	case signal.GroupAttributesAccessLevel:
		return changedAccess(by, "can edit the group info", u.Access)
	case signal.GroupMemberLabelAccessLevel:
		return changedAccess(by, "can set member labels", u.Access)
	case signal.GroupAnnouncementOnly:
		who := "all members"
		if u.On {
			who = "only admins"
		}
		return did(by, "changed the group so that ", "The group was changed so that ") + who + " can send messages"
	case signal.GroupExpirationTimer:
		return timerWords(u.ExpiresInMs, by)
	case signal.GroupTerminate:
		return did(by, "ended the group", "The group was ended")
	case signal.GroupV2Migration:
		return "The group was upgraded to a new kind of group"
	case signal.GroupV2MigrationSelfInvited:
		return p.owner.Shown() + " could not be added to the upgraded group and was invited to join"
	case signal.GroupV2MigrationInvitedMembers:
		return counted(uint64(u.Count), "member", "members") + " could not be added to the upgraded group and " + wasWere(u.Count) + " invited to join"
	case signal.GroupV2MigrationDroppedMembers:
		return counted(uint64(u.Count), "member", "members") + " could not be added to the upgraded group and " + wasWere(u.Count) + " removed"
	}
	return p.memberUpdate(u, by)
}

// memberUpdate says changes of the members.
func (p *People) memberUpdate(u *signal.GroupUpdate, by *Person) string {
	who, inviter := p.PersonOf(u.Who.V), p.PersonOf(u.Inviter.V)
	name := somebody(who)
	switch u.Kind {
	case signal.GroupAdminStatus:
		return adminWords(by, who, u.On)
	case signal.GroupMemberLeft:
		return name + " left the group"
	case signal.GroupMemberRemoved:
		if by != nil && by == who {
			return name + " left the group"
		}
		return byWhom(name+" was removed from the group", by)
	case signal.GroupMemberJoined:
		return name + " joined the group"
	case signal.GroupMemberJoinedByLink:
		return name + " joined the group through the group link"
	case signal.GroupMemberAdded:
		return addedWords(u, by, who, inviter)
	case signal.GroupJoinRequest:
		return name + " asked to join the group"
	case signal.GroupJoinRequestCanceled:
		return name + " canceled their request to join the group"
	case signal.GroupJoinRequestApproval:
		if u.On {
			return byWhom("The request of "+somebodyElse(who)+" to join the group was approved", by)
		}
		return byWhom("The request of "+somebodyElse(who)+" to join the group was denied", by)
	case signal.GroupSequenceOfRequestsAndCancels:
		words := name + " asked to join the group and canceled the request"
		if u.Count > 1 {
			words += " " + counted(uint64(u.Count), "time", "times")
		}
		return words
	}
	return p.invitation(u, by, who, inviter)
}

func addedWords(u *signal.GroupUpdate, by, who, inviter *Person) string {
	words := somebody(who)
	switch {
	case by == nil:
		words += " was added to the group"
	case by == who:
		words += " joined the group"
	default:
		words += " was added by " + somebodyElse(by)
	}
	switch {
	case u.On && inviter != nil && inviter != by:
		return words + " after an invitation from " + somebodyElse(inviter)
	case u.On:
		return words + " after an invitation"
	}
	return words
}

// invitation says what happened to invitations.
func (p *People) invitation(u *signal.GroupUpdate, by, who, inviter *Person) string {
	from := ""
	if inviter != nil {
		from = " from " + somebodyElse(inviter)
	}
	switch u.Kind {
	case signal.SelfInvitedToGroup:
		return byWhom(p.owner.Shown()+" was invited to the group", inviter)
	case signal.SelfInvitedOtherUserToGroup:
		return p.owner.Shown() + " invited " + somebodyElse(who) + " to the group"
	case signal.GroupUnknownInvitee:
		people := counted(uint64(u.Count), "person", "people")
		return did(inviter, "invited "+people+" to the group", people+" "+wasWere(u.Count)+" invited to the group")
	case signal.GroupInvitationAccepted:
		return somebody(who) + " accepted an invitation to the group" + from
	case signal.GroupInvitationDeclined:
		return somebody(who) + " declined an invitation to the group" + from
	case signal.GroupSelfInvitationRevoked:
		return byWhom("The invitation of "+p.owner.Shown()+" to the group was withdrawn", by)
	case signal.GroupInvitationRevoked:
		return byWhom(p.revoked(u.Invitees), by)
	}
	return p.linkUpdate(u, by)
}

// revoked says whose invitations were withdrawn.
func (p *People) revoked(list []signal.GroupRevoked) string {
	var names []string
	for i := range list {
		who := p.PersonOf(list[i].ACI.V)
		if pni := barePNI(list[i].PNI.V); who == nil && pni != "" {
			who = p.byPNI[pni]
		}
		if who != nil && who.Name != unknownName && len(names) < maxNamed {
			names = append(names, who.Shown())
		}
	}
	if len(list) == 1 && len(names) == 0 {
		return "An invitation to the group was withdrawn"
	}
	if len(names) == 0 {
		return counted(uint64(len(list)), "invitation", "invitations") + " to the group were withdrawn"
	}
	if rest := len(list) - len(names); rest > 0 {
		names = append(names, counted(uint64(rest), "other", "others"))
	}
	if len(names) == 1 {
		return "The invitation of " + names[0] + " to the group was withdrawn"
	}
	last := len(names) - 1
	return "The invitations of " + strings.Join(names[:last], ", ") + " and " + names[last] + " to the group were withdrawn"
}

// linkUpdate says what happened to the group link.
func (p *People) linkUpdate(u *signal.GroupUpdate, by *Person) string {
	switch u.Kind {
	case signal.GroupInviteLinkReset:
		return did(by, "reset the group link", "The group link was reset")
	case signal.GroupInviteLinkDisabled:
		return did(by, "turned off the group link", "The group link was turned off")
	case signal.GroupInviteLinkEnabled:
		words := did(by, "turned on the group link", "The group link was turned on")
		if u.On {
			return words + ", with admin approval"
		}
		return words + ", without admin approval"
	case signal.GroupInviteLinkAdminApproval:
		if u.On {
			return did(by, "turned on admin approval for the group link", "Admin approval for the group link was turned on")
		}
		return did(by, "turned off admin approval for the group link", "Admin approval for the group link was turned off")
	}
	return "The group was changed in a way that only newer versions of Signal know"
}

func changedText(by *Person, what, text string) string {
	if text == "" {
		return did(by, "removed the "+what, "The "+what+" was removed")
	}
	return did(by, "changed the "+what, "The "+what+" was changed") + " to " + quoted(text)
}

func changedAccess(by *Person, what string, level signal.Access) string {
	words := did(by, "changed who "+what, "Who "+what+" was changed")
	switch level {
	case signal.AccessAny:
		return words + ": everybody"
	case signal.AccessMember:
		return words + ": all members"
	case signal.AccessAdministrator:
		return words + ": only admins"
	case signal.AccessUnsatisfiable:
		return words + ": nobody"
	}
	return words
}

func adminWords(by, who *Person, granted bool) string {
	switch {
	case (by == nil || by == who) && granted:
		return somebody(who) + " is an admin now"
	case by == nil || by == who:
		return somebody(who) + " is no longer an admin"
	case granted:
		return somebody(by) + " made " + somebodyElse(who) + " an admin"
	}
	return somebody(by) + " removed " + somebodyElse(who) + " as an admin"
}

// somebody begins a sentence about a person who may not be known.
func somebody(who *Person) string {
	if who == nil || who.Name == unknownName {
		return "Somebody"
	}
	return who.Shown()
}

// somebodyElse is such a person inside a sentence.
func somebodyElse(who *Person) string {
	if who == nil || who.Name == unknownName {
		return "somebody"
	}
	return who.Shown()
}

func wasWere(n uint32) string {
	if n == 1 {
		return "was"
	}
	return "were"
}
