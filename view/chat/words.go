package chat

import (
	"fmt"
	"strconv"
	"strings"

	"bakfs/signal"
)

const (
	newerEvent      = "unknownUpdate"
	newerEventWords = "An event of a newer kind of Signal"
)

// maxQuoted bounds in bytes what words quote of a text.
const maxQuoted = 2048

// update says in words what an event is.
func (p *People) update(m *Message, u signal.Update) {
	by, with := m.Author, p.other(m)
	switch u := u.(type) {
	case *signal.SimpleUpdate:
		m.Event, m.Words = "simpleUpdate", p.simple(u.Type, by, with, m.Chat)
		if u.Type > signal.SimpleTypeUnknown && u.Type <= signal.SimpleTypeMessageRequestAccepted {
			m.Event += "." + u.Type.String()
		} else {
			m.Kind = Other
		}
	case *signal.GroupChange:
		m.Event, m.Words = "groupChange", p.groupChange(u)
	case *signal.TimerUpdate:
		m.Event, m.Words = "expirationTimerChange", timerWords(u.ExpiresInMs, by)
	case *signal.ProfileChange:
		m.Event, m.Words = "profileChange", profileWords(u, by)
	case *signal.LearnedProfile:
		m.Event, m.Words = "learnedProfileChange", learnedWords(u, by)
	case *signal.ThreadMerge:
		m.Event, m.Words = "threadMerge", "Another conversation with "+somebodyElse(with)+" was merged into this one"
		if u.PreviousE164 != 0 {
			m.Words = "The conversation with " + phone(u.PreviousE164) + " was merged into this one"
		}
	case *signal.SessionSwitchover:
		m.Event, m.Words = "sessionSwitchover", "Messages now go to the account of "+somebodyElse(with)
		if u.E164 != 0 {
			m.Words = "Messages to " + phone(u.E164) + " now go to the account of " + somebodyElse(with)
		}
	case *signal.IndividualCall:
		m.Event = "individualCall"
		p.individualCall(m, u, with)
	case *signal.GroupCall:
		m.Event = "groupCall"
		p.groupCall(m, u)
	case *signal.PollEnd:
		m.Event, m.Words = "pollTerminate", did(by, "ended the poll ", "Poll ended: ")+quoted(u.Question)
	case *signal.PinUpdate:
		m.Event, m.Words = "pinMessage", p.pinWords(u, by)
	default:
		m.Kind, m.Event, m.Words = Other, newerEvent, newerEventWords
	}
}

// other returns whom an event of a chat is about, beside the owner: its author,
// or the person of the chat.
func (p *People) other(m *Message) *Person {
	if m.Author != nil && !m.Author.Self {
		return m.Author
	}
	if m.Chat.Person != nil {
		return m.Chat.Person
	}
	return m.Author
}

// simple says what a line without details says. by caused it, with is the other
// side of the chat.
func (p *People) simple(t signal.SimpleType, by, with *Person, c *Conversation) string {
	switch t {
	case signal.SimpleTypeJoinedSignal:
		return somebody(with) + " joined Signal"
	case signal.SimpleTypeIdentityUpdate:
		return "The safety number with " + somebodyElse(with) + " changed"
	case signal.SimpleTypeIdentityVerified:
		return "The safety number with " + somebodyElse(with) + " was marked as verified"
	case signal.SimpleTypeIdentityDefault:
		return "The safety number with " + somebodyElse(with) + " was marked as not verified"
	case signal.SimpleTypeChangeNumber:
		return somebody(by) + " changed their phone number"
	case signal.SimpleTypeReleaseChannelDonationRequest:
		return "Signal asked for a donation"
	case signal.SimpleTypeEndSession:
		return did(by, "reset the secure session", "The secure session was reset")
	case signal.SimpleTypeChatSessionRefresh:
		return "The secure session with " + somebodyElse(with) + " was refreshed"
	case signal.SimpleTypeBadDecrypt:
		return "A message from " + somebodyElse(with) + " could not be decrypted"
	case signal.SimpleTypePaymentsActivated:
		return somebody(by) + " activated payments"
	case signal.SimpleTypePaymentActivationRequest:
		return p.paymentRequest(by, c)
	case signal.SimpleTypeUnsupportedProtocolMessage:
		return somebody(by) + " sent a message that needs a newer version of Signal"
	case signal.SimpleTypeReportedSpam:
		return p.owner.Shown() + " reported this conversation as spam"
	case signal.SimpleTypeBlocked:
		return p.owner.Shown() + " blocked " + blockedName(c)
	case signal.SimpleTypeUnblocked:
		return p.owner.Shown() + " unblocked " + blockedName(c)
	case signal.SimpleTypeMessageRequestAccepted:
		return p.owner.Shown() + " accepted the message request"
	}
	return newerEventWords
}

func (p *People) paymentRequest(by *Person, c *Conversation) string {
	whom := p.owner
	if by == p.owner {
		whom = c.Person
	}
	if whom == nil || whom == by {
		return somebody(by) + " asked to activate payments"
	}
	return somebody(by) + " asked " + somebodyElse(whom) + " to activate payments"
}

func blockedName(c *Conversation) string {
	switch {
	case c.Form == Group:
		return "the group"
	case c.Person != nil:
		return somebodyElse(c.Person)
	}
	return "this conversation"
}

func profileWords(u *signal.ProfileChange, by *Person) string {
	words := somebody(by) + " changed their profile name"
	if u.PreviousName != "" {
		words += " from " + quoted(u.PreviousName)
	}
	if u.NewName != "" {
		words += " to " + quoted(u.NewName)
	}
	return words
}

func learnedWords(u *signal.LearnedProfile, by *Person) string {
	before := firstOf(phone(u.E164.V), name(u.Username.V), name(u.SharedName.V))
	if before == "" {
		return "The profile name of " + somebodyElse(by) + " became known"
	}
	return somebody(by) + " was shown as " + before + " before"
}

func (p *People) pinWords(u *signal.PinUpdate, by *Person) string {
	what := "a message"
	switch author := p.byID[u.AuthorID]; {
	case author == nil:
	case author == by:
		what += " of their own"
	default:
		what += " from " + somebodyElse(author)
	}
	return did(by, "pinned "+what, "A"+what[1:]+" was pinned")
}

func timerWords(ms uint64, by *Person) string {
	if ms == 0 {
		return byWhom("Disappearing messages were turned off", by)
	}
	return byWhom("Disappearing messages were set to "+spell(ms), by)
}

func paymentWords(b *signal.Payment) string {
	words := "Payment"
	if b.AmountMOB.V != "" {
		words += " of " + clip(valid(b.AmountMOB.V), maxQuoted) + " MOB"
	}
	if b.FeeMOB.V != "" {
		words += ", fee " + clip(valid(b.FeeMOB.V), maxQuoted) + " MOB"
	}
	if d := b.TransactionDetails; d != nil {
		switch t := d.Transaction; {
		case d.FailedTransaction != nil:
			words += failedWords(d.FailedTransaction.Reason)
		case t != nil && (t.Status == signal.PaymentStatusInitial || t.Status == signal.PaymentStatusSubmitted):
			words += ", not confirmed yet"
		}
	}
	if b.Note.V != "" {
		words += ", note " + quoted(b.Note.V)
	}
	return words
}

func failedWords(reason signal.PaymentFailure) string {
	switch reason {
	case signal.PaymentFailureNetwork:
		return ", failed because of the network"
	case signal.PaymentFailureInsufficientFunds:
		return ", failed for lack of funds"
	}
	return ", failed"
}

func giftWords(b *signal.GiftBadge) string {
	switch b.State {
	case signal.GiftStateUnopened:
		return "Donation badge as a gift, not opened yet"
	case signal.GiftStateOpened:
		return "Donation badge as a gift, opened"
	case signal.GiftStateRedeemed:
		return "Donation badge as a gift, redeemed"
	case signal.GiftStateFailed:
		return "Donation badge as a gift, could not be redeemed"
	}
	return "Donation badge as a gift"
}

// did says that somebody did something, or what happened if nobody knows who.
func did(by *Person, active, passive string) string {
	if by == nil {
		return passive
	}
	return somebody(by) + " " + active
}

// byWhom adds who did it, if that is known.
func byWhom(words string, by *Person) string {
	if by == nil {
		return words
	}
	return words + " by " + somebodyElse(by)
}

// quoted puts what a person wrote in quotation marks.
func quoted(s string) string { return "“" + clip(strings.TrimSpace(valid(s)), maxQuoted) + "”" }

// counted is a number and what it counts.
func counted(n uint64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.FormatUint(n, 10) + " " + many
}

// spell says how long something takes.
func spell(ms uint64) string {
	units := []struct {
		ms   uint64
		name string
	}{{7 * 86_400_000, "week"}, {86_400_000, "day"}, {3_600_000, "hour"}, {60_000, "minute"}, {1000, "second"}}
	var parts []string
	for _, u := range units {
		if n := ms / u.ms; n > 0 {
			parts = append(parts, counted(n, u.name, u.name+"s"))
			ms %= u.ms
		}
	}
	if len(parts) == 0 {
		return fmt.Sprintf("%d ms", ms)
	}
	return strings.Join(parts, " ")
}

// oneLine returns words without what ends a line: names may hold it.
func oneLine(words string) string {
	return strings.Map(func(c rune) rune {
		switch c {
		case '\n', '\r', '\v', '\f', '\t', 0x85, 0x2028, 0x2029:
			return ' '
		}
		return c
	}, words)
}
