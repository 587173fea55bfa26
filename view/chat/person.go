package chat

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"bakfs/signal"
)

const (
	unknownName  = "Unknown"
	unknownGroup = "Unknown group"
	releaseName  = "Signal"
)

// maxName bounds a name in bytes. The apps allow 128 in a profile.
const maxName = 1024

// Shown returns how lines of text call a person: the owner by the first name,
// everybody else by the whole one.
func (w *Person) Shown() string {
	switch {
	case w == nil:
		return unknownName
	case w.Self:
		return w.Given
	}
	return w.Name
}

// ownerOf returns the owner as the account's record tells it.
func ownerOf(a *signal.Account) *Person {
	who := &Person{Key: selfKey, Self: true, Username: valid(a.Username.V)}
	who.Name = firstOf(joined(a.GivenName, a.FamilyName), name(a.Username.V), "Owner")
	who.Given = firstOf(joined(a.GivenName), who.Name)
	return who
}

// contactPerson returns who a contact is, and how good its name is: the place
// among the sources of a name, 0 being the best.
func contactPerson(r *signal.Recipient, c *signal.Contact) (*Person, int) {
	who := &Person{Key: personKey(r), Username: valid(c.Username.V), Contact: c}
	if c.ACI.V.IsACI() {
		who.ACI = c.ACI.V.String()
	}
	who.Phone = phone(c.E164.V)
	type source struct{ given, family string }
	sources := []source{
		pair(c.Nickname), {c.SystemGivenName, c.SystemFamilyName}, {c.ProfileGivenName.V, c.ProfileFamilyName.V}, pair(c.SharedName),
		{who.Phone, ""}, {c.Username.V, ""}, {unknownName, ""},
	}
	for rank, s := range sources {
		if who.Name = joined(s.given, s.family); who.Name != "" {
			who.Given = firstOf(joined(s.given), who.Name)
			return who, rank
		}
	}
	return who, len(sources) // not reached: the last source has a name
}

func pair(n *signal.PersonName) struct{ given, family string } {
	if n == nil {
		n = new(signal.PersonName)
	}
	return struct{ given, family string }{n.Given, n.Family}
}

// stranger is a recipient without a record.
func stranger(id uint64) *Person {
	return &Person{Key: idPrefix + strconv.FormatUint(id, 10), Name: unknownName, Given: unknownName}
}

// outsider is somebody of whom there is only a service id.
func outsider(id signal.ServiceID) *Person {
	who := &Person{Name: unknownName, Given: unknownName}
	switch pni := barePNI(id); {
	case id.IsACI():
		who.ACI = id.String()
		who.Key = "aci:" + who.ACI
	case pni != "":
		who.Key = "pni:" + pni.String()
	default:
		who.Key = idPrefix + "?"
	}
	return who
}

// phone returns a number as people write it, "" for 0.
func phone(e164 uint64) string {
	if e164 == 0 {
		return ""
	}
	return "+" + strconv.FormatUint(e164, 10)
}

// joined returns the parts of a name as one, without space around it.
func joined(parts ...string) string { return name(strings.Join(parts, " ")) }

// name returns s as a name: valid UTF-8, trimmed, not too long.
func name(s string) string { return clip(strings.TrimSpace(valid(s)), maxName) }

// valid returns s as valid UTF-8.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// clip returns valid s, or its beginning and "…" if it has more than n bytes.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

func firstOf(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

func unknownChat(id uint64) *Conversation {
	return &Conversation{Key: "chat:" + strconv.FormatUint(id, 10), Form: Unknown, Name: unknownName}
}
