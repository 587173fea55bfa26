package legacy

import (
	"fmt"
	"slices"

	"bakfs/signal"
)

// message makes of an item what the truth says of it.
func (h *told) message(item *signal.ChatItem) object {
	o := object{"chat": h.key(h.chatOf[item.ChatID].RecipientID), "author": h.key(item.AuthorID), "sent": item.DateSent, "sms": item.Sms,
		"expiresIn": item.ExpiresInMs.V, "expireStart": item.ExpireStartDate.V}
	switch {
	case item.Incoming != nil:
		o["dir"], o["received"], o["unread"] = "in", item.Incoming.DateReceived, !item.Incoming.Read
	case item.Outgoing != nil:
		o["dir"], o["received"], o["status"] = "out", item.Outgoing.DateReceived, h.status(item)
	case item.Directionless != nil:
		o["dir"] = "event"
	}
	if item.Pin != nil {
		o["pinned"] = item.Pin.PinnedAtTimestamp
	}
	var edits []object
	for i := range item.Revisions {
		r := &item.Revisions[i]
		m := r.Body.(*signal.StandardMessage)
		text, _, _, _ := h.plain(m.Text, m.LongText)
		edits = append(edits, object{"sent": r.DateSent, "text": text})
		o["firstSent"] = item.Revisions[0].DateSent
	}
	o["edits"] = edits
	h.body(o, item)
	return o
}

func (h *told) status(item *signal.ChatItem) string {
	worst := signal.DeliveryUnknown
	for _, s := range item.Outgoing.SendStatus {
		if s.Delivery == signal.DeliveryFailed {
			return "failed"
		}
		if s.Delivery != signal.DeliverySkipped && (worst == 0 || s.Delivery < worst) {
			worst = s.Delivery
		}
	}
	if _, ok := h.people[h.chatOf[item.ChatID].RecipientID].Destination.(*signal.Group); ok && worst != signal.DeliveryPending {
		return ""
	}
	return worst.String()
}

func (h *told) body(o object, item *signal.ChatItem) {
	switch b := item.Body.(type) {
	case *signal.StandardMessage:
		o["kind"] = "standard"
		h.standard(o, b)
	case *signal.ContactMessage:
		o["kind"], o["card"], o["reactions"] = "contact", h.card(b.Contact), h.reactions(b.Reactions)
	case *signal.StickerMessage:
		s := h.attachment(b.Sticker.Data, 0)
		s["pack"], s["index"], s["emoji"] = b.Sticker.PackID.String(), b.Sticker.StickerID, b.Sticker.Emoji.V
		o["kind"], o["sticker"], o["reactions"] = "sticker", s, h.reactions(b.Reactions)
	case *signal.DeletedMessage:
		o["kind"], o["deletedBy"] = "deleted", h.key(item.AuthorID)
	case *signal.AdminDeletedMessage:
		o["kind"], o["deletedBy"] = "adminDeleted", h.key(b.AdminID)
	case *signal.ViewOnceMessage:
		o["kind"], o["reactions"] = "viewOnce", h.reactions(b.Reactions)
	case *signal.Payment:
		o["kind"], o["payment"] = "payment", object{"amount": b.AmountMOB.V, "note": b.Note.V}
	case *signal.GiftBadge:
		o["kind"] = "gift"
	case *signal.StoryReply:
		o["kind"], o["emoji"], o["reactions"] = "storyReply", b.Emoji.V, h.reactions(b.Reactions)
		if b.TextReply != nil {
			h.text(o, b.TextReply.Text, b.TextReply.LongText)
		}
	case *signal.Poll:
		var options []object
		for _, p := range b.Options {
			var voters []string
			for _, v := range p.Votes {
				voters = append(voters, h.key(v.VoterID))
			}
			slices.Sort(voters)
			options = append(options, object{"text": p.Option, "voters": voters})
		}
		o["kind"], o["reactions"] = "poll", h.reactions(b.Reactions)
		o["poll"] = object{"question": b.Question, "multiple": b.AllowMultiple, "ended": b.HasEnded, "options": options}
	case *signal.UpdateMessage:
		o["kind"], o["updates"] = "update", h.updates(item, b)
	default:
		o["kind"] = fmt.Sprintf("%T", b)
	}
}

func (h *told) text(o object, text *signal.Text, long *signal.FilePointer) {
	o["text"], o["styled"], o["mentions"], o["truncated"] = h.plain(text, long)
}

func (h *told) standard(o object, b *signal.StandardMessage) {
	h.text(o, b.Text, b.LongText)
	o["reactions"] = h.reactions(b.Reactions)
	var files []object
	for _, a := range b.Attachments {
		files = append(files, h.attachment(a.Pointer, a.Flag))
	}
	o["attachments"] = files
	if q := b.Quote; q != nil {
		text, _, _, _ := h.plain(q.Text, nil)
		quote := object{"author": h.key(q.AuthorID), "sent": q.TargetSentTimestamp.V, "text": text, "missing": !q.TargetSentTimestamp.Ok}
		for _, a := range q.Attachments {
			if a.Thumbnail != nil {
				quote["thumb"] = h.sum(a.Thumbnail.Pointer)
			}
		}
		o["quote"] = quote
	}
	for _, l := range b.LinkPreview {
		o["link"] = object{"URL": l.URL, "Title": l.Title.V, "Description": l.Description.V, "Date": l.Date.V, "Image": h.sum(l.Image)}
	}
}

func (h *told) attachment(p *signal.FilePointer, flag signal.AttachmentFlag) object {
	flags := map[signal.AttachmentFlag]string{signal.AttachmentFlagVoiceMessage: "voice", signal.AttachmentFlagBorderless: "borderless", signal.AttachmentFlagGif: "gif"}
	ok := p.Locator.PlaintextHash.Ok
	return object{"sha256": h.sum(p), "size": p.Locator.Size, "mime": p.ContentType.V, "name": p.FileName.V, "caption": p.Caption.V,
		"flag": flags[flag], "missing": !ok}
}

func (h *told) card(c *signal.ContactCard) object {
	o := object{"name": full(c.Name.GivenName, c.Name.FamilyName), "organization": c.Organization, "avatar": h.sum(c.Avatar)}
	for _, n := range c.Number {
		o["phone"] = n.Value
	}
	for _, e := range c.Email {
		o["email"] = e.Value
	}
	for _, a := range c.Address {
		o["city"] = a.City
	}
	return o
}

func (h *told) reactions(list []signal.Reaction) (all []object) {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b signal.Reaction) int { return int(a.SentTimestamp) - int(b.SentTimestamp) })
	for _, r := range list {
		all = append(all, object{"emoji": r.Emoji, "by": h.key(r.AuthorID), "sent": r.SentTimestamp})
	}
	return all
}

func (h *told) updates(item *signal.ChatItem, m *signal.UpdateMessage) (list []object) {
	by := h.key(item.AuthorID)
	states := map[signal.CallState]string{signal.CallStateAccepted: "accepted", signal.CallStateNotAccepted: "notAccepted", signal.CallStateMissed: "missed"}
	switch u := m.Update.(type) {
	case *signal.SimpleUpdate:
		return []object{{"kind": "simpleUpdate", "name": u.Type.String(), "by": by}}
	case *signal.TimerUpdate:
		return []object{{"kind": "expirationTimerChange", "number": u.ExpiresInMs, "by": by}}
	case *signal.ProfileChange:
		return []object{{"kind": "profileChange", "old": u.PreviousName, "text": u.NewName, "by": by}}
	case *signal.ThreadMerge:
		return []object{{"kind": "threadMerge", "number": u.PreviousE164, "by": by}}
	case *signal.SessionSwitchover:
		return []object{{"kind": "sessionSwitchover", "number": u.E164, "by": by}}
	case *signal.LearnedProfile:
		return []object{{"kind": "learnedProfileChange", "number": u.E164.V, "old": u.Username.V, "text": u.SharedName.V, "by": by}}
	case *signal.IndividualCall:
		return []object{{"kind": "individualCall", "video": u.Type == signal.CallTypeVideoCall, "state": states[u.State], "by": by}}
	case *signal.GroupCall:
		return []object{{"kind": "groupCall", "by": by}}
	case *signal.PollEnd:
		return []object{{"kind": "pollTerminate", "text": u.Question, "target": u.TargetSentTimestamp, "by": by}}
	case *signal.PinUpdate:
		return []object{{"kind": "pinMessage", "target": u.TargetSentTimestamp, "by": by}}
	case *signal.GroupChange:
		for i := range u.Updates {
			list = append(list, h.groupUpdate(&u.Updates[i]))
		}
	}
	return list
}

func (h *told) groupUpdate(u *signal.GroupUpdate) object {
	o := object{"kind": u.Kind.String(), "by": h.aciKey(u.By.V), "from": h.aciKey(u.Inviter.V), "text": u.Text.V,
		"number": uint64(u.Access) + u.ExpiresInMs, "count": u.Count, "on": u.On}
	if u.Kind == signal.GroupUnknownInvitee {
		o["by"], o["from"] = o["from"], ""
	}
	if u.Who.V.IsACI() {
		o["who"] = h.aciKey(u.Who.V)
	}
	for _, r := range u.Invitees {
		if r.ACI.Ok {
			o["who"], o["from"] = h.aciKey(r.ACI.V), h.aciKey(r.Inviter.V)
		}
	}
	return o
}
