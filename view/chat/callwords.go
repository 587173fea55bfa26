package chat

import (
	"cmp"

	"bakfs/signal"
)

// silenced is how a missed call ends that was not let through.
const silenced = " (a notification profile was on)"

// individualCall fills in a call between the owner and with.
func (p *People) individualCall(m *Message, u *signal.IndividualCall, with *Person) {
	c := &CallState{Video: u.Type == signal.CallTypeVideoCall, Started: cmp.Or(u.StartedCallTimestamp, m.First)}
	c.Out = u.Direction == signal.CallDirectionOutgoing ||
		u.Direction != signal.CallDirectionIncoming && m.Author != nil && m.Author.Self
	what, whom := "voice call", " from "+somebodyElse(with)
	if c.Video {
		what = "video call"
	}
	if c.By = with; c.Out {
		c.By, whom = p.owner, " to "+somebodyElse(with)
	}
	words, end := "Incoming ", ""
	if c.Out {
		words = "Outgoing "
	}
	c.State, c.Missed = "accepted", true
	switch u.State {
	case signal.CallStateNotAccepted:
		c.State, words = "declined", "Declined "
	case signal.CallStateMissed:
		c.State, words = "missed", "Missed "
	case signal.CallStateMissedNotificationProfile:
		c.State, words, end = "missed", "Missed ", silenced
	default:
		c.Missed = false
	}
	if c.Missed && c.Out {
		c.State, words, end = "unanswered", "Unanswered ", ""
	}
	m.Call, m.Words = c, words+what+whom+end
}

// groupCall fills in a call of a group.
func (p *People) groupCall(m *Message, u *signal.GroupCall) {
	c := &CallState{Group: true, Video: true, Started: cmp.Or(u.StartedCallTimestamp, m.First), Ended: u.EndedCallTimestamp.V}
	for _, id := range []uint64{u.RingerRecipientID.V, u.StartedCallRecipientID.V, m.Raw.AuthorID} {
		if c.By == nil {
			c.By = p.byID[id]
		}
	}
	from := ""
	if c.By != nil && c.By.Self {
		c.Out = true
	} else if c.By != nil {
		from = " from " + somebodyElse(c.By)
	}
	switch u.State {
	case signal.GroupCallStateGeneric:
		c.State, m.Words = "started", byWhom(startedWords(c.By), c.By)
	case signal.GroupCallStateJoined:
		c.State, m.Words = "joined", byWhom(startedWords(c.By), c.By)
		if !c.Out {
			m.Words += ", joined by " + p.owner.Shown()
		}
	case signal.GroupCallStateRinging:
		c.State, m.Words = "ringing", "Incoming group call"+from+", still ringing"
	case signal.GroupCallStateAccepted:
		c.State, m.Words = "accepted", "Incoming group call"+from
	case signal.GroupCallStateDeclined:
		c.State, c.Missed, m.Words = "declined", true, "Declined group call"+from
	case signal.GroupCallStateMissed:
		c.State, c.Missed, m.Words = "missed", true, "Missed group call"+from
	case signal.GroupCallStateMissedNotificationProfile:
		c.State, c.Missed, m.Words = "missed", true, "Missed group call"+from+silenced
	case signal.GroupCallStateOutgoingRing:
		c.State, c.Out, c.By, m.Words = "started", true, p.owner, "Outgoing group call"
	default:
		c.State, m.Words = "unknown", "Group call"+from
	}
	switch c.State {
	case "ringing", "accepted", "declined", "missed":
		if c.Out { // it came from somebody else, whoever that was
			c.Out, c.By = false, nil
		}
	}
	if c.Ended > c.Started && c.Started > 0 {
		m.Words += ", " + spell(uint64(c.Ended-c.Started)/1000*1000)
	}
	m.Call = c
}

func startedWords(by *Person) string {
	if by == nil {
		return "Group call"
	}
	return "Group call started"
}
