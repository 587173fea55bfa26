package legacy

import (
	"encoding/hex"
	"strconv"
	"strings"

	"bakfs/signal"
)

// thread reads a conversation. Its recipient may come later in the file.
func (b *book) thread(r *row) {
	id := uint64(r.int("_id"))
	if id == 0 || b.chatOf[id] != nil {
		return
	}
	c := &signal.Chat{ID: id, Archived: r.bool("archived")}
	if n := r.int("pinned"); n > 0 && n < 1<<31 {
		c.PinnedOrder = signal.Some(uint32(n))
	}
	if n := r.int("expires_in"); n > 0 {
		c.ExpirationTimerMs, c.ExpireTimerVersion = signal.Some(uint64(n)), 1
	}
	b.chats = append(b.chats, c)
	b.chatOf[id] = c
	v := r.at("recipient_id")
	v.b = append([]byte(nil), v.b...)
	b.partners = append(b.partners, v)
}

// A groupRow is what the table groups says; it may come before the recipients.
type groupRow struct {
	id        string
	recipient uint64
	title     string
	master    signal.Secret
	members   string
}

// group reads a row of the table groups.
func (b *book) group(r *row) {
	g := groupRow{id: r.text("group_id"), recipient: uint64(r.int("recipient_id")), title: r.text("title"), members: r.text("members")}
	if key := r.at("master_key"); key.kind == blob {
		g.master = signal.NewSecret(string(key.b))
	}
	b.groups = append(b.groups, g)
}

// membership reads a member of a group.
func (b *book) membership(r *row) {
	id := r.text("group_id")
	b.members[id] = append(b.members[id], r.text("recipient_id"))
}

// identity reads the public key of somebody.
func (b *book) identity(r *row) {
	states := []signal.IdentityState{signal.IdentityStateDefault, signal.IdentityStateVerified, signal.IdentityStateUnverified}
	row := identityRow{address: r.text("address"), key: append([]byte(nil), r.bytes("identity_key")...)}
	if n := r.int("verified"); n > 0 && n < int64(len(states)) {
		row.state = states[n]
	}
	b.keys = append(b.keys, row)
}

// list reads the audience of a story.
func (b *book) list(r *row) {
	id, _ := hex.DecodeString(strings.ReplaceAll(r.text("distribution_id"), "-", ""))
	item := &signal.DistributionListItem{DistributionID: signal.Bytes(id)}
	if at := r.millis("deletion_timestamp"); at > 0 {
		item.DeletionTimestamp = signal.Some(at)
	} else {
		item.DistributionList = &signal.DistributionList{Name: r.text("name"), AllowReplies: r.bool("allows_replies")}
	}
	b.lists = append(b.lists, listRow{uint64(r.int("recipient_id")), item})
}

// sticker reads one sticker of an installed pack.
func (b *book) sticker(r *row) {
	id, _ := hex.DecodeString(r.text("pack_id"))
	key, _ := hex.DecodeString(r.text("pack_key"))
	if len(id) == 0 || r.t.has("installed") && !r.bool("installed") || len(b.packs) >= 1<<16 {
		return
	}
	for i := range b.packs {
		if b.packs[i].PackID == signal.Bytes(id) {
			return
		}
	}
	b.packs = append(b.packs, signal.StickerPack{PackID: signal.Bytes(id), PackKey: signal.NewSecret(string(key))})
}

// keyValue reads a setting.
func (b *book) keyValue(m message) {
	switch m.text(1) {
	case "account.aci_identity_public_key", "account.pni_identity_public_key":
		if key := m.bytes(2); len(key) > 0 {
			b.ownKeys = append(b.ownKeys, string(key))
		} else if key := unbase64(m.bytes(7)); len(key) > 0 {
			b.ownKeys = append(b.ownKeys, string(key))
		}
	case "releasechannel.recipient_id":
		_, id, _ := strings.Cut(m.text(7), "::")
		if n, err := strconv.ParseUint(id, 10, 64); err == nil {
			b.release = n
		}
	}
}

// seen notes who wrote a message, to find the owner.
func (b *book) seen(r *row, typ int64) {
	v := r.at("from_recipient_id")
	switch {
	case v.kind == text:
		if !b.addressed[string(v.b)] {
			b.addressed[string(v.b)] = true
		}
	case v.kind != integer:
	case !r.t.has("to_recipient_id"):
		b.others[uint64(v.n)] = true
	case outgoing(typ):
		b.senders[uint64(v.n)]++
	}
}
