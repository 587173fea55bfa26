package legacy

import (
	"encoding/hex"
	"math"
	"strconv"
	"strings"

	"bakfs/signal"
)

// A book is the people, groups and chats of a file.
type book struct {
	people    []*signal.Recipient // in the order of the file
	byID      map[uint64]*signal.Recipient
	addresses map[string]uint64 // numbers, ids of accounts and of groups
	byACI     map[signal.ServiceID]uint64
	bios      map[uint64][2]string
	packs     []signal.StickerPack
	chats     []*signal.Chat
	chatOf    map[uint64]*signal.Chat
	memberIDs map[*signal.Group][]uint64
	holder
	loose
}

// A holder is whose file it is.
type holder struct {
	owner   uint64
	self    *signal.Contact // what was known of the owner
	guessed bool            // nothing says who it is
}

// loose is what has come and waits for the rest of the file.
type loose struct {
	partners  []value // the recipients of the chats
	groups    []groupRow
	members   map[string][]string // of groups, by group id; recipient ids or numbers
	lists     []listRow
	keys      []identityRow
	ownKeys   []string // public keys of the owner
	release   uint64
	senders   map[uint64]int  // of what the owner sent
	others    map[uint64]bool // who were the other side
	addressed map[string]bool // the same, while they were known by numbers
	synthetic uint64          // the last id that was made up
	stranger  uint64          // stands for all whom nothing names
}

type listRow struct {
	recipient uint64
	list      *signal.DistributionListItem
}

type identityRow struct {
	address string
	key     []byte
	state   signal.IdentityState
}

// firstSynthetic is beyond the ids of any real database, and exact as a
// number in JSON.
const firstSynthetic = 1 << 52

func newBook() *book {
	return &book{
		byID: make(map[uint64]*signal.Recipient), addresses: make(map[string]uint64), byACI: make(map[signal.ServiceID]uint64),
		bios: make(map[uint64][2]string), chatOf: make(map[uint64]*signal.Chat), memberIDs: make(map[*signal.Group][]uint64),
		loose: loose{members: make(map[string][]string), senders: make(map[uint64]int), others: make(map[uint64]bool), addressed: make(map[string]bool), synthetic: firstSynthetic},
	}
}

// The values of recipient.type (section D.6).
const (
	typePerson   = 0
	typeMMSGroup = 1
	typeOldGroup = 2
	typeGroup    = 3
	typeList     = 4
	typeCallLink = 5
)

// add puts a recipient into the book; of two with one id the first counts.
func (b *book) add(id uint64, d signal.Destination) *signal.Recipient {
	if r := b.byID[id]; r != nil {
		return r
	}
	r := &signal.Recipient{ID: id, Destination: d}
	b.people = append(b.people, r)
	b.byID[id] = r
	return r
}

// address notes under what else a recipient is known.
func (b *book) address(s string, id uint64) {
	if _, taken := b.addresses[s]; s != "" && !taken {
		b.addresses[s] = id
	}
}

// recipient reads a row of the table of that name.
func (b *book) recipient(r *row) {
	id := uint64(r.int("_id"))
	if id == 0 {
		return
	}
	group := r.text("group_id")
	b.address(group, id)
	switch kind := r.int("type"); {
	case kind == typeList:
		b.add(id, &signal.DistributionListItem{})
	case kind == typeCallLink:
		b.add(id, &signal.CallLink{})
	case group != "" || kind == typeGroup || kind == typeOldGroup || kind == typeMMSGroup:
		b.add(id, newGroup(r))
	default:
		c := b.contact(r)
		b.add(id, c)
		b.address(r.text("e164"), id)
		b.address(r.text("aci"), id)
		b.address(r.text("email"), id)
		if c.ACI.Ok {
			if _, taken := b.byACI[c.ACI.V]; !taken {
				b.byACI[c.ACI.V] = id
			}
		}
		if about, emoji := r.text("about"), r.text("about_emoji"); about != "" || emoji != "" {
			b.bios[id] = [2]string{about, emoji}
		}
	}
}

// newGroup reads what the recipient's row says of a group.
func newGroup(r *row) *signal.Group {
	g := &signal.Group{Whitelisted: r.bool("profile_sharing"), Blocked: r.bool("blocked"), HideStory: r.bool("hide_story"),
		AvatarColor: avatarColor(r.text("avatar_color")), State: &signal.GroupState{Title: &signal.GroupAttribute{Title: signal.Some("")}}}
	if s := r.int("message_expiration_time"); s > 0 && s <= math.MaxUint32 {
		g.State.DisappearingMessagesTimer = &signal.GroupAttribute{DisappearingMessagesDuration: signal.Some(uint32(s))}
	}
	return g
}

// contact reads what the recipient's row says of a person.
func (b *book) contact(r *row) *signal.Contact {
	c := &signal.Contact{
		ACI: serviceID(r.text("aci")), PNI: serviceID(strings.TrimPrefix(r.text("pni"), "PNI:")), Username: r.opt("username"),
		E164: number(r.text("e164")), Blocked: r.bool("blocked"), ProfileSharing: r.bool("profile_sharing"), HideStory: r.bool("hide_story"),
		Note: r.text("note"), SystemNickname: r.text("system_nickname"), AvatarColor: avatarColor(r.text("avatar_color")),
	}
	if key := r.bytes("profile_key"); len(key) == 32 {
		c.ProfileKey = signal.Some(signal.NewSecret(string(key)))
	}
	if r.bool("hidden") {
		c.Visibility = signal.VisibilityHidden
	}
	if r.int("registered") == 1 {
		c.Registered = &signal.Registered{}
	} else {
		c.NotRegistered = &signal.NotRegistered{UnregisteredTimestamp: r.millis("unregistered_timestamp")}
	}
	given, family := name(r, "nickname")
	if given != "" || family != "" {
		c.Nickname = &signal.PersonName{Given: given, Family: family}
	}
	c.SystemGivenName, c.SystemFamilyName = name(r, "system")
	given, family = name(r, "profile")
	c.ProfileGivenName, c.ProfileFamilyName = optText(given), optText(family)
	return c
}

// name returns one of the names of a row in its two parts. Where only the
// whole is known it is the first part.
func name(r *row, which string) (given, family string) {
	given, family = r.text(which+"_given_name"), r.text(which+"_family_name")
	if joined := r.text(which + "_joined_name"); given == "" && family == "" {
		given = joined
	}
	return given, family
}

func optText(s string) signal.Opt[string] {
	if s == "" {
		return signal.Opt[string]{}
	}
	return signal.Some(s)
}

// serviceID parses a UUID; it is absent if s is none.
func serviceID(s string) signal.Opt[signal.ServiceID] {
	b, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	if err != nil || len(b) != 16 {
		return signal.Opt[signal.ServiceID]{}
	}
	return signal.Some(signal.ServiceID(b))
}

// number parses a phone number with its "+".
func number(s string) signal.Opt[uint64] {
	digits, ok := strings.CutPrefix(s, "+")
	n, err := strconv.ParseUint(digits, 10, 64)
	if !ok || err != nil || n == 0 {
		return signal.Opt[uint64]{}
	}
	return signal.Some(n)
}

func avatarColor(s string) signal.Opt[signal.AvatarColor] {
	n, err := strconv.Atoi(strings.TrimPrefix(s, "A"))
	if err != nil || !strings.HasPrefix(s, "A") || n < 100 || n > 210 || n%10 != 0 {
		return signal.Opt[signal.AvatarColor]{}
	}
	return signal.Some(signal.AvatarColor((n - 100) / 10))
}

// preferences reads a row of the table that was before recipient: there
// people were known by their numbers.
func (b *book) preferences(r *row) {
	address := r.text("recipient_ids")
	if address == "" {
		return
	}
	id := b.resolveText(address)
	if c, ok := b.byID[id].Destination.(*signal.Contact); ok {
		fresh := b.contact(r)
		fresh.E164 = c.E164
		b.byID[id].Destination = fresh
	}
}

// resolve returns the recipient that a column means: an id, or before the
// table recipient a number or the id of a group.
func (b *book) resolve(v value) uint64 {
	if v.kind == text {
		return b.resolveText(strings.TrimSpace(v.text()))
	}
	return uint64(v.int())
}

// resolveText makes a recipient up where an address is not in the book.
func (b *book) resolveText(s string) uint64 {
	if s == "" {
		return 0
	}
	if n := b.numeric(s); b.byID[n] != nil {
		return n
	}
	if id, ok := b.addresses[s]; ok {
		return id
	}
	b.synthetic++
	id := b.synthetic
	b.addresses[s] = id
	if strings.HasPrefix(s, "__") {
		b.add(id, &signal.Group{State: &signal.GroupState{Title: &signal.GroupAttribute{Title: signal.Some("")}}})
		return id
	}
	c := &signal.Contact{E164: number(s), NotRegistered: &signal.NotRegistered{}}
	if !c.E164.Ok {
		c.SystemGivenName = s
	}
	b.add(id, c)
	return id
}

// numeric returns the recipient id that a text is, 0 if it is none.
func (b *book) numeric(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil {
		return 0
	}
	return n
}

func (b *book) isGroup(id uint64) bool {
	r := b.byID[id]
	if r == nil {
		return false
	}
	_, ok := r.Destination.(*signal.Group)
	return ok
}
