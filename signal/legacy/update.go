package legacy

import (
	"strconv"

	"bakfs/signal"
)

// simple are the lines that say nothing but what they are, by base type.
var simple = map[int64]signal.SimpleType{
	baseJoined:          signal.SimpleTypeJoinedSignal,
	baseUnsupported:     signal.SimpleTypeUnsupportedProtocolMessage,
	baseInvalid:         signal.SimpleTypeBadDecrypt,
	baseUndecryptable:   signal.SimpleTypeBadDecrypt,
	baseNumberChanged:   signal.SimpleTypeChangeNumber,
	baseDonationRequest: signal.SimpleTypeReleaseChannelDonationRequest,
	baseSMSExport:       signal.SimpleTypeUnknown, // the model has no such line
}

// simpleSpecial are those that a special number tells.
var simpleSpecial = map[int64]signal.SimpleType{
	specialActivate:  signal.SimpleTypePaymentActivationRequest,
	specialSpam:      signal.SimpleTypeReportedSpam,
	specialAccepted:  signal.SimpleTypeMessageRequestAccepted,
	specialActivated: signal.SimpleTypePaymentsActivated,
}

// update returns what a row says that is a line about an event; false if it is
// a message of somebody (section D.7).
func (h *History) update(d *draft) (signal.Update, bool) {
	if t, ok := simple[base(d.typ)]; ok {
		return &signal.SimpleUpdate{Type: t}, true
	}
	switch base(d.typ) {
	case baseIncomingCall, baseOutgoingCall, baseMissedCall, baseMissedVideoCall, baseIncomingVideoCall, baseOutgoingVideoCall:
		return call(d), true
	case baseGroupCall:
		return h.groupCall(d), true
	case baseGroupMigration:
		return &signal.GroupChange{Updates: []signal.GroupUpdate{{Kind: signal.GroupV2Migration}}}, true
	case baseProfileChange:
		return profileChange(d), true
	case baseThreadMerge:
		return &signal.ThreadMerge{PreviousE164: number(d.encoded().text(1)).V}, true
	case baseSwitchover:
		return &signal.SessionSwitchover{E164: number(d.encoded().text(1)).V}, true
	}
	if t, ok := simpleSpecial[special(d.typ)]; ok {
		return &signal.SimpleUpdate{Type: t}, true
	}
	extras := message(d.row.bytes("message_extras"))
	switch special(d.typ) {
	case specialPollEnd:
		m, _ := extras.sub(5)
		return &signal.PollEnd{Question: m.text(1), TargetSentTimestamp: signal.Millis(m.number(3))}, true
	case specialPin:
		m, _ := extras.sub(6)
		author := h.x.book.need(h.x.book.byACI[signal.ServiceID(m.bytes(2))])
		return &signal.PinUpdate{TargetSentTimestamp: signal.Millis(m.number(3)), AuthorID: author}, true
	}
	return h.flagged(d, extras)
}

// flagged returns what the bits beside the base type tell.
func (h *History) flagged(d *draft, extras message) (signal.Update, bool) {
	switch {
	case d.typ&(flagGroup|flagLeft) != 0:
		return h.groupChange(d, extras), true
	case d.typ&flagTimer != 0:
		return &signal.TimerUpdate{ExpiresInMs: uint64(max(d.row.int("expires_in"), 0))}, true
	case d.typ&flagKeyMask == flagKeyVerified:
		return &signal.SimpleUpdate{Type: signal.SimpleTypeIdentityVerified}, true
	case d.typ&flagKeyMask == flagKeyDefault:
		return &signal.SimpleUpdate{Type: signal.SimpleTypeIdentityDefault}, true
	case d.typ&flagKeyMask == flagKeyChanged:
		return &signal.SimpleUpdate{Type: signal.SimpleTypeIdentityUpdate}, true
	case d.typ&flagSessionEnd != 0:
		return &signal.SimpleUpdate{Type: signal.SimpleTypeEndSession}, true
	case d.typ&flagSessionRefresh != 0:
		return &signal.SimpleUpdate{Type: signal.SimpleTypeChatSessionRefresh}, true
	}
	return nil, false
}

// encoded is the message that the column body has in base64.
func (d *draft) encoded() message { return unbase64(d.row.at("body").b) }

func call(d *draft) *signal.IndividualCall {
	c := &signal.IndividualCall{Type: signal.CallTypeAudioCall, Direction: signal.CallDirectionIncoming,
		StartedCallTimestamp: d.row.millis("date_sent"), Read: d.row.bool("read")}
	switch base(d.typ) {
	case baseMissedVideoCall, baseIncomingVideoCall, baseOutgoingVideoCall:
		c.Type = signal.CallTypeVideoCall
	}
	switch base(d.typ) {
	case baseOutgoingCall, baseOutgoingVideoCall:
		c.Direction = signal.CallDirectionOutgoing
	case baseMissedCall, baseMissedVideoCall:
		c.State = signal.CallStateMissed
	}
	return c
}

// groupCall reads what the body says of a group call (section D.8).
func (h *History) groupCall(d *draft) *signal.GroupCall {
	m := d.encoded()
	c := &signal.GroupCall{State: signal.GroupCallStateGeneric, StartedCallTimestamp: signal.Millis(m.number(3)), Read: d.row.bool("read")}
	if id, err := strconv.ParseUint(m.text(1), 16, 64); err == nil {
		c.CallID = signal.Some(id)
	}
	if id := serviceID(m.text(2)); id.Ok {
		if starter, ok := h.x.book.byACI[id.V]; ok {
			c.StartedCallRecipientID = signal.Some(starter)
		}
	}
	if end := m.number(7); end > 0 {
		c.EndedCallTimestamp = signal.Some(signal.Millis(end))
	}
	switch {
	case m.number(6) != 0:
		c.State = signal.GroupCallStateJoined
	case m.number(8) != 0:
		c.State = signal.GroupCallStateRinging
	}
	return c
}

// profileChange reads the change of a name: from message_extras or the body.
func profileChange(d *draft) signal.Update {
	m, ok := message(d.row.bytes("message_extras")).sub(3)
	if !ok {
		m = d.encoded()
	}
	if learned, ok := m.sub(3); ok {
		return &signal.LearnedProfile{E164: number(learned.text(1)), Username: optText(learned.text(2))}
	}
	change, _ := m.sub(1)
	return &signal.ProfileChange{PreviousName: change.text(1), NewName: change.text(2)}
}

// groupChange reads what changed in a group. Where the row tells it, it does so
// in the modern format; older rows only tell that something did.
func (h *History) groupChange(d *draft, extras message) signal.Update {
	by := h.x.book.aci(d.author)
	if description, ok := extras.sub(1); ok {
		if m, ok := description.sub(2); ok {
			change := new(signal.GroupChange)
			if signal.Unmarshal(m, change) == nil {
				return change
			}
			h.x.report.BadRows++
		}
	}
	update := signal.GroupUpdate{Kind: signal.GenericGroup, By: by}
	switch {
	case d.typ&flagLeft != 0:
		update = signal.GroupUpdate{Kind: signal.GroupMemberLeft, Who: by}
	case d.typ&flagGroupV2 == 0:
		if name := d.encoded().text(3); name != "" {
			update = signal.GroupUpdate{Kind: signal.GroupName, By: by, Text: signal.Some(name)}
		}
	}
	return &signal.GroupChange{Updates: []signal.GroupUpdate{update}}
}

// fillUpdate adds what the call log knows.
func (h *History) fillUpdate(d *draft, u signal.Update) error {
	var id *signal.Opt[uint64]
	switch u := u.(type) {
	case *signal.IndividualCall:
		id = &u.CallID
	case *signal.GroupCall:
		id = &u.CallID
	default:
		return nil
	}
	return h.each(sideCall, d.key, depthSide, func(r *row) { *id = signal.Some(uint64(r.int("call_id"))) })
}
