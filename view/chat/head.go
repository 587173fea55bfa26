package chat

import (
	"cmp"
	"strconv"

	"bakfs/signal"
	"bakfs/signal/archive"
)

// maxFolders bounds the tabs of the list of chats: each may hold all chats.
const maxFolders = 100

// How many chats are listed under a tab, and under all tabs together.
const (
	maxFolderChats = 1000
	maxTabbedChats = 20_000
)

// A head gathers the records that come before the messages, which may refer to
// each other in any order.
type head struct {
	ownACI     signal.ServiceID
	taken      signal.Millis // when the backup was made
	account    *signal.Account
	recipients []*signal.Recipient
	chats      []*signal.Chat
	folders    []*signal.ChatFolder
	packs      []string
	calls      []*signal.AdHocCall

	p      *People
	byKey  map[string]*Person
	rank   map[*Person]int              // how good its name is; small is better
	groups map[uint64]*signal.Recipient // and all others that are no persons
}

func newHead(owner signal.ServiceID) *head { return &head{ownACI: owner} }

func (h *head) add(f *signal.Frame) {
	if f == nil {
		return
	}
	switch item := f.Item.(type) {
	case *signal.Account:
		if h.account == nil {
			h.account = item
		}
	case *signal.Recipient:
		h.recipients = append(h.recipients, item)
	case *signal.Chat:
		h.chats = append(h.chats, item)
	case *signal.ChatFolder:
		if len(h.folders) < maxFolders {
			h.folders = append(h.folders, item)
		}
	case *signal.StickerPack:
		h.packs = append(h.packs, item.PackID.String())
	case *signal.AdHocCall:
		h.calls = append(h.calls, item)
	}
}

func (h *head) people() *People {
	if h.account == nil {
		h.account = new(signal.Account)
	}
	h.p = &People{
		account: h.account, packs: h.packs,
		byID: map[uint64]*Person{}, byACI: map[signal.ServiceID]*Person{}, byPNI: map[signal.ServiceID]*Person{},
		byChat: map[uint64]*Conversation{}, byDest: map[uint64]*Conversation{},
	}
	h.byKey, h.rank, h.groups = map[string]*Person{}, map[*Person]int{}, map[uint64]*signal.Recipient{}
	h.p.owner = ownerOf(h.account)
	h.byKey[h.p.owner.Key] = h.p.owner
	h.addPersons()
	h.findOwner()
	h.addChats()
	h.addFolders()
	h.addCalls()
	return h.p
}

func (h *head) addPersons() {
	for _, r := range h.recipients {
		if h.p.byID[r.ID] != nil || h.groups[r.ID] != nil {
			continue // ids are unique; the first counts
		}
		switch d := r.Destination.(type) {
		case *signal.Self:
			h.enter(r.ID, h.p.owner, 0)
		case *signal.ReleaseNotes:
			h.enter(r.ID, &Person{Key: archive.ConversationKey(r), Name: releaseName, Given: releaseName}, 0)
		case *signal.Contact:
			who, rank := contactPerson(r, d)
			h.enter(r.ID, who, rank)
		default:
			h.groups[r.ID] = r
		}
	}
	if _, listed := h.rank[h.p.owner]; !listed {
		h.p.persons = append([]*Person{h.p.owner}, h.p.persons...)
	}
}

// enter makes who known under id, or joins it with the person whom the backup
// has already.
func (h *head) enter(id uint64, who *Person, rank int) {
	have := h.byKey[who.Key]
	switch {
	case have == nil:
		have = who
		h.byKey[who.Key], h.rank[who] = who, rank
		h.p.persons = append(h.p.persons, who)
	case have == h.p.owner:
		if _, listed := h.rank[have]; !listed {
			h.p.persons, h.rank[have] = append(h.p.persons, have), 0
		}
	default:
		if rank < h.rank[have] {
			have.Name, have.Given, h.rank[have] = who.Name, who.Given, rank
		}
		have.Phone, have.Username = cmp.Or(have.Phone, who.Phone), cmp.Or(have.Username, who.Username)
	}
	h.p.byID[id] = have
	if c := who.Contact; c != nil {
		if c.ACI.V.IsACI() && h.p.byACI[c.ACI.V] == nil {
			h.p.byACI[c.ACI.V] = have
		}
		if pni := barePNI(c.PNI.V); pni != "" && h.p.byPNI[pni] == nil {
			h.p.byPNI[pni] = have
		}
	}
}

// findOwner makes the owner known by ACI. If nobody told it, it is the one that
// most groups have as a member though there is no contact for it.
func (h *head) findOwner() {
	if !h.ownACI.IsACI() {
		h.ownACI = h.likelyOwner()
	}
	if h.ownACI.IsACI() {
		h.p.owner.ACI = h.ownACI.String()
		h.p.byACI[h.ownACI] = h.p.owner
	}
}

func (h *head) likelyOwner() signal.ServiceID {
	groups, counts := 0, map[signal.ServiceID]int{}
	for _, r := range h.recipients {
		g, ok := r.Destination.(*signal.Group)
		if !ok || g.State == nil || len(g.State.Members) == 0 {
			continue
		}
		groups++
		for i := range g.State.Members {
			if id := g.State.Members[i].UserID; id.IsACI() && h.p.byACI[id] == nil {
				counts[id]++
			}
		}
	}
	best, most, tie := signal.ServiceID(""), 0, false
	for id, n := range counts {
		if n >= most {
			best, most, tie = id, n, n == most
		}
	}
	if tie || 2*most <= groups {
		return ""
	}
	return best
}

func (h *head) addChats() {
	byKey := make(map[string]*Conversation)
	for _, r := range h.chats {
		if h.p.byChat[r.ID] != nil {
			continue
		}
		c := h.conversation(r)
		if have := byKey[c.Key]; have != nil {
			c = have
		} else {
			byKey[c.Key] = c
			h.p.chats = append(h.p.chats, c)
		}
		h.p.byChat[r.ID] = c
		if h.p.byDest[r.RecipientID] == nil {
			h.p.byDest[r.RecipientID] = c
		}
	}
}

// conversation makes one of its record.
func (h *head) conversation(r *signal.Chat) *Conversation {
	c := unknownChat(r.ID)
	c.Archived, c.TimerMs, c.Muted = r.Archived, r.ExpirationTimerMs.V, r.MuteUntilMs.V > h.taken
	if r.PinnedOrder.Ok {
		c.Pinned = max(r.PinnedOrder.V, 1)
	}
	if g := h.groups[r.RecipientID]; g != nil {
		if group, ok := g.Destination.(*signal.Group); ok {
			c.Form, c.Key = Group, cmp.Or(archive.ConversationKey(g), c.Key)
			h.group(c, group)
		}
		return c
	}
	who := h.p.byID[r.RecipientID]
	switch {
	case who == nil:
	case who.Self:
		c.Form, c.Key, c.Name, c.Person = NoteToSelf, who.Key, "Note to Self", who
	case who.Key == releaseKey:
		c.Form, c.Key, c.Name, c.Person = ReleaseNotes, who.Key, who.Name, who
	default:
		c.Form, c.Name, c.Person = Direct, who.Name, who
		if who.Contact != nil && !hasNoKey(who) {
			c.Key = who.Key
		}
	}
	return c
}

func (h *head) group(c *Conversation, g *signal.Group) {
	c.Name = unknownGroup
	if g.State == nil {
		return
	}
	if t := g.State.Title; t != nil && t.Title.V != "" {
		c.Name = clip(valid(t.Title.V), maxName)
	}
	if d := g.State.Description; d != nil {
		c.Description = valid(d.DescriptionText.V)
	}
	for i := range g.State.Members {
		m := &g.State.Members[i]
		who := h.member(m.UserID)
		if who == nil {
			continue
		}
		one := Member{Person: who, Admin: m.Role == signal.RoleAdministrator}
		if m.LabelString != "" {
			one.Label = joined(m.LabelEmoji, m.LabelString)
		}
		c.Members = append(c.Members, one)
	}
}

// member returns who a member is. Somebody without a record becomes known, so
// that all groups have one Person for one member.
func (h *head) member(id signal.ServiceID) *Person {
	who := h.p.PersonOf(id)
	if who != nil && id.IsACI() {
		h.p.byACI[id] = who
	}
	return who
}

func (h *head) addFolders() {
	room := maxTabbedChats
	for _, r := range h.folders {
		f := Folder{Name: name(r.Name)}
		in, out := h.chatsOf(r.IncludedRecipientIDs), h.chatsOf(r.ExcludedRecipientIDs)
		for _, c := range h.p.chats {
			all := r.IncludeAllIndividualChats
			if c.Form == Group {
				all = r.IncludeAllGroupChats
			}
			switch {
			case r.FolderType != signal.FolderTypeAll && (out[c] || !in[c] && !all):
			case len(f.Chats) < maxFolderChats && room > 0:
				f.Chats = append(f.Chats, c)
				room--
			default:
				f.More++
			}
		}
		h.p.folders = append(h.p.folders, f)
	}
}

func (h *head) chatsOf(recipients []uint64) map[*Conversation]bool {
	set := make(map[*Conversation]bool)
	for _, id := range recipients {
		if c := h.p.byDest[id]; c != nil {
			set[c] = true
		}
	}
	return set
}

func (h *head) addCalls() {
	for _, r := range h.calls {
		link := &Conversation{Key: "link:" + strconv.FormatUint(r.RecipientID, 10), Form: Unknown, Name: "Call link"}
		words := "Call through a link"
		if g := h.groups[r.RecipientID]; g != nil {
			if l, ok := g.Destination.(*signal.CallLink); ok && l.Name != "" {
				link.Name = name(l.Name)
				words = "Call through the link " + quoted(l.Name)
			}
		}
		m := &Message{Chat: link, Kind: Update, Dir: Event, First: r.CallTimestamp, Sent: r.CallTimestamp, Event: "adHocCall",
			Words: oneLine(words), Call: &CallState{Group: true, Video: true, Started: r.CallTimestamp, State: "joined"}}
		m.ID = MessageID(strconv.FormatUint(r.CallID, 10), "", m.First, m.Event)
		h.p.linkCall = append(h.p.linkCall, m)
	}
}
