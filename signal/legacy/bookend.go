package legacy

import (
	"strings"

	"bakfs/signal"
)

// finish puts together what came in any order.
func (b *book) finish() {
	for _, l := range b.lists {
		if r := b.byID[l.recipient]; r != nil {
			r.Destination = l.list
		}
	}
	b.finishGroups()
	for i, c := range b.chats {
		c.RecipientID = b.need(b.resolve(b.partners[i]))
		b.timer(c)
	}
	b.partners = nil
	b.finishKeys()
	b.findRelease()
	b.findOwner()
}

// timer gives a group the timer of its chat, if its own row had none, and the
// chat that of its group.
func (b *book) timer(c *signal.Chat) {
	g, ok := b.byID[c.RecipientID].Destination.(*signal.Group)
	if !ok {
		return
	}
	if t := g.State.DisappearingMessagesTimer; t != nil {
		c.ExpirationTimerMs, c.ExpireTimerVersion = signal.Some(uint64(t.DisappearingMessagesDuration.V)*1000), 1
	} else if c.ExpirationTimerMs.Ok && c.ExpirationTimerMs.V/1000 < 1<<32 {
		g.State.DisappearingMessagesTimer = &signal.GroupAttribute{DisappearingMessagesDuration: signal.Some(uint32(c.ExpirationTimerMs.V / 1000))}
	}
}

// need makes a recipient up that only others mention, and returns its id. All
// whom nothing names are one.
func (b *book) need(id uint64) uint64 {
	if id == 0 {
		if b.stranger == 0 {
			b.synthetic++
			b.stranger = b.synthetic
		}
		id = b.stranger
	}
	if b.byID[id] == nil {
		b.add(id, &signal.Contact{NotRegistered: &signal.NotRegistered{}})
	}
	return id
}

// finishGroups fills the groups from their rows.
func (b *book) finishGroups() {
	for _, row := range b.groups {
		id := row.recipient
		if !b.isGroup(id) && row.id != "" {
			id = b.resolveText(row.id)
		}
		r := b.byID[id]
		if r == nil {
			continue
		}
		g, ok := r.Destination.(*signal.Group)
		if !ok {
			continue
		}
		g.MasterKey = row.master
		g.State.Title.Title = signal.Some(row.title)
		members := b.members[row.id]
		if len(members) == 0 && row.members != "" {
			members = strings.Split(row.members, ",")
		}
		for _, m := range members {
			b.member(g, m)
		}
	}
	b.groups, b.members = nil, nil
}

// member adds a member, known by id or number, to a group. Somebody without
// an account's id cannot be named in the model.
func (b *book) member(g *signal.Group, address string) {
	id := b.resolveText(strings.TrimSpace(address))
	r := b.byID[id]
	if r == nil {
		return
	}
	b.memberIDs[g] = append(b.memberIDs[g], id)
	if c, ok := r.Destination.(*signal.Contact); ok && c.ACI.Ok {
		g.State.Members = append(g.State.Members, signal.GroupMember{UserID: c.ACI.V, Role: signal.RoleDefault})
	}
}

// finishKeys gives people their public keys, and finds the owner by them.
func (b *book) finishKeys() {
	for _, k := range b.keys {
		id := b.resolveKnown(k.address)
		r := b.byID[id]
		if r == nil {
			continue
		}
		for _, own := range b.ownKeys {
			if own == string(k.key) {
				b.owner = id
			}
		}
		if c, ok := r.Destination.(*signal.Contact); ok && len(k.key) > 0 {
			c.IdentityKey, c.IdentityState = signal.Some(signal.Bytes(k.key)), k.state
		}
	}
	b.keys = nil
}

// resolveKnown is like resolve, but makes nobody up.
func (b *book) resolveKnown(address string) uint64 {
	if id, ok := b.addresses[address]; ok {
		return id
	}
	if b.byID[b.numeric(address)] != nil {
		return b.numeric(address)
	}
	return 0
}

// findRelease marks Signal's news channel: the setting names it, or it is the
// one without any id that is called Signal.
func (b *book) findRelease() {
	for _, r := range b.people {
		c, ok := r.Destination.(*signal.Contact)
		if !ok || c.ACI.Ok || c.PNI.Ok || c.E164.Ok {
			continue
		}
		if r.ID == b.release || b.release == 0 && c.ProfileGivenName.V == "Signal" {
			r.Destination = &signal.ReleaseNotes{}
			return
		}
	}
}

// findOwner decides whose file it is (end of section D.6): who sent what was
// sent, else who has the account's key, else somebody who is in groups but
// never the other side. If nobody is, an owner is made up.
func (b *book) findOwner() {
	best := 0
	for _, r := range b.people {
		if n := b.senders[r.ID]; n > best && isContact(r) {
			best, b.owner = n, r.ID
		}
	}
	if b.owner == 0 {
		b.owner = b.fromGroups()
		b.guessed = true
	}
	if b.owner == 0 {
		b.synthetic++
		b.owner = b.synthetic
		b.add(b.owner, &signal.Contact{})
	}
	r := b.byID[b.owner]
	if c, ok := r.Destination.(*signal.Contact); ok {
		b.self = c
		r.Destination = &signal.Self{AvatarColor: c.AvatarColor}
	}
	b.senders, b.others, b.addressed = nil, nil, nil
}

func isContact(r *signal.Recipient) bool {
	_, ok := r.Destination.(*signal.Contact)
	return ok
}

// fromGroups returns the one who is a member of most groups and never the
// other side; 0 if there is none.
func (b *book) fromGroups() (id uint64) {
	for address := range b.addressed {
		b.others[b.resolveKnown(address)] = true
	}
	count := make(map[uint64]int)
	for _, list := range b.memberIDs {
		for _, m := range list {
			if !b.others[m] && b.byID[m] != nil && isContact(b.byID[m]) {
				count[m]++
			}
		}
	}
	for _, r := range b.people {
		if count[r.ID] > count[id] {
			id = r.ID
		}
	}
	return id
}

// aci returns the id of the account of a recipient.
func (b *book) aci(id uint64) signal.Opt[signal.ServiceID] {
	if id == b.owner && b.self != nil {
		return b.self.ACI
	}
	if r := b.byID[id]; r != nil {
		if c, ok := r.Destination.(*signal.Contact); ok {
			return c.ACI
		}
	}
	return signal.Opt[signal.ServiceID]{}
}

// account returns what is known of the owner's account.
func (b *book) account() *signal.Account {
	a := &signal.Account{BioText: b.bios[b.owner][0], BioEmoji: b.bios[b.owner][1]}
	if c := b.self; c != nil {
		a.GivenName, a.FamilyName, a.Username = c.ProfileGivenName.V, c.ProfileFamilyName.V, c.Username
		a.ProfileKey = c.ProfileKey.V
	}
	return a
}
