package legacy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"bakfs/signal"
)

// A told is a whole small backup in memory, to be compared with the truth.
type told struct {
	t       *testing.T
	h       *History
	blobs   map[string][]byte // by hash
	account *signal.Account
	people  map[uint64]*signal.Recipient
	byACI   map[signal.ServiceID]uint64
	self    uint64
	chats   []*signal.Chat
	chatOf  map[uint64]*signal.Chat
	counts  map[uint64]int
	items   []*signal.ChatItem
}

// tell reads a history to its end.
func tell(t *testing.T, h *History, blobs [][]byte) *told {
	t.Helper()
	a := &told{t: t, h: h, blobs: map[string][]byte{}, people: map[uint64]*signal.Recipient{}, byACI: map[signal.ServiceID]uint64{},
		chatOf: map[uint64]*signal.Chat{}, counts: map[uint64]int{}}
	for _, b := range blobs {
		sum := sha256.Sum256(b)
		a.blobs[string(sum[:])] = b
	}
	for {
		f, err := h.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		a.look(f)
	}
	if _, id := h.Owner(); id.Ok {
		a.byACI[id.V] = a.self
	}
	return a
}

// look notes a frame; all that a frame refers to must have come before it.
func (h *told) look(f *signal.Frame) {
	switch item := f.Item.(type) {
	case *signal.Account:
		h.account = item
	case *signal.Recipient:
		if item.ID == 0 || h.people[item.ID] != nil {
			h.t.Errorf("recipient %d comes twice", item.ID)
		}
		h.people[item.ID] = item
		switch d := item.Destination.(type) {
		case *signal.Self:
			h.self = item.ID
		case *signal.Contact:
			h.byACI[d.ACI.V] = item.ID
		}
	case *signal.Chat:
		if h.people[item.RecipientID] == nil || h.chatOf[item.ID] != nil {
			h.t.Errorf("chat %d with recipient %d", item.ID, item.RecipientID)
		}
		h.chats = append(h.chats, item)
		h.chatOf[item.ID] = item
	case *signal.ChatItem:
		if h.people[item.AuthorID] == nil || h.chatOf[item.ChatID] == nil {
			h.t.Errorf("message of %d in chat %d", item.AuthorID, item.ChatID)
		}
		h.items = append(h.items, item)
		h.counts[item.ChatID]++
	}
}

func full(given, family string) string { return strings.TrimSpace(given + " " + family) }

func pair(n *signal.PersonName) string {
	if n == nil {
		return ""
	}
	return full(n.Given, n.Family)
}

func (h *told) key(id uint64) string {
	switch d := h.people[id].Destination.(type) {
	case *signal.Self:
		return "self"
	case *signal.ReleaseNotes:
		return "release"
	case *signal.Contact:
		if d.ACI.Ok {
			return "aci:" + d.ACI.V.String()
		}
		return fmt.Sprintf("e164:+%d", d.E164.V)
	case *signal.Group:
		sum := sha256.Sum256([]byte("group key\x00" + d.MasterKey.Reveal()))
		return "group:" + hex.EncodeToString(sum[:16])
	}
	return ""
}

func (h *told) aciKey(aci signal.ServiceID) string {
	if aci == "" {
		return ""
	}
	return h.key(h.byACI[aci])
}

func (h *told) name(id uint64) string {
	switch d := h.people[id].Destination.(type) {
	case *signal.Self:
		return full(h.account.GivenName, h.account.FamilyName)
	case *signal.ReleaseNotes:
		return "Signal"
	case *signal.Group:
		if d.State.Title.Title.V == "" {
			return "Unknown group"
		}
		return d.State.Title.Title.V
	case *signal.Contact:
		number := ""
		if d.E164.Ok {
			number = fmt.Sprintf("+%d", d.E164.V)
		}
		for _, n := range []string{pair(d.Nickname), full(d.SystemGivenName, d.SystemFamilyName),
			full(d.ProfileGivenName.V, d.ProfileFamilyName.V), pair(d.SharedName), number, d.Username.V} {
			if n != "" {
				return n
			}
		}
	}
	return "Unknown"
}

func (h *told) person(key string, blobs [][]byte) object {
	for id, r := range h.people {
		if key == "self" && id == h.self {
			return object{"key": key, "name": h.name(id), "avatar": h.avatar(id, blobs)}
		}
		switch d := r.Destination.(type) {
		case *signal.Contact:
			if h.key(id) == key && h.key(id) != "" {
				return object{"key": key, "name": h.name(id), "e164": d.E164.V, "username": d.Username.V, "note": d.Note, "blocked": d.Blocked, "avatar": h.avatar(id, blobs)}
			}
		case *signal.ReleaseNotes:
			if key == "release" {
				return object{"key": key, "name": "Signal", "avatar": h.avatar(id, blobs)}
			}
		}
	}
	return nil
}

func (h *told) chat(c *signal.Chat) object {
	o := object{"key": h.key(c.RecipientID), "name": h.name(c.RecipientID), "kind": "contact", "messages": h.counts[c.ID],
		"archived": c.Archived, "pinned": c.PinnedOrder.Ok, "timerMs": c.ExpirationTimerMs.V}
	switch d := h.people[c.RecipientID].Destination.(type) {
	case *signal.Self:
		o["kind"], o["name"] = "self", "Note to Self"
	case *signal.ReleaseNotes:
		o["kind"] = "release"
	case *signal.Group:
		o["kind"] = "group"
		if timer := d.State.DisappearingMessagesTimer; timer != nil {
			if uint64(timer.DisappearingMessagesDuration.V)*1000 != c.ExpirationTimerMs.V {
				h.t.Errorf("timer of %d s in the group, %d ms in the chat", timer.DisappearingMessagesDuration.V, c.ExpirationTimerMs.V)
			}
		}
		if d.State.Description != nil {
			o["description"] = d.State.Description.DescriptionText.V
		}
		var members []object
		for _, m := range d.State.Members {
			members = append(members, object{"key": h.aciKey(m.UserID), "admin": m.Role == signal.RoleAdministrator, "label": m.LabelString})
		}
		o["members"] = members
	}
	return o
}

// sum reads the whole file and returns its hash in hex, "" if there is none.
func (h *told) sum(p *signal.FilePointer) string {
	b := h.file(p)
	if b == nil {
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func (h *told) file(p *signal.FilePointer) []byte {
	if p == nil || !p.Locator.PlaintextHash.Ok {
		return nil
	}
	b, ok := h.blobs[string(p.Locator.PlaintextHash.V)]
	if !ok {
		h.t.Error("a hash is that of no blob")
	}
	return b
}

// avatar returns the hash of a recipient's picture in hex.
func (h *told) avatar(id uint64, blobs [][]byte) string {
	n, ok := h.h.Avatar(id)
	if !ok {
		return ""
	}
	sum := sha256.Sum256(blobs[n])
	return hex.EncodeToString(sum[:])
}

// plain returns the text with names for mentions, and its ranges.
func (h *told) plain(text *signal.Text, long *signal.FilePointer) (plain string, styled []object, mentions []string, truncated bool) {
	if text == nil {
		return "", nil, nil, false
	}
	body := text.Body
	if long != nil {
		b := h.file(long)
		if truncated = b == nil; !truncated {
			body = string(b)
		}
	}
	units := utf16.Encode([]rune(body))
	cut := func(r signal.BodyRange) (int, int) {
		return min(int(r.Start), len(units)), min(int(r.Start)+int(r.Length), len(units))
	}
	var at []signal.BodyRange
	for _, r := range text.BodyRanges {
		lo, hi := cut(r)
		if r.MentionACI.Ok {
			mentions = append(mentions, h.aciKey(r.MentionACI.V))
			at = append(at, r)
		} else if hi > lo {
			styled = append(styled, object{"style": strings.ToLower(r.Style.V.String()), "text": string(utf16.Decode(units[lo:hi]))})
		}
	}
	slices.SortStableFunc(at, func(a, b signal.BodyRange) int { return int(b.Start) - int(a.Start) })
	for _, r := range at {
		lo, hi := cut(r)
		name := utf16.Encode([]rune("@" + h.name(h.byACI[r.MentionACI.V])))
		units = slices.Concat(units[:lo], name, units[hi:])
	}
	return string(utf16.Decode(units)), styled, mentions, truncated
}
