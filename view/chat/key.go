package chat

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"bakfs/signal"
	"bakfs/signal/archive"
)

const (
	selfKey    = "self"
	releaseKey = "release"
	idPrefix   = "id:" // of who has no identity outside this backup
)

// personKey returns the key of a contact.
func personKey(r *signal.Recipient) string {
	if key := archive.ConversationKey(r); key != "" {
		return key
	}
	return idPrefix + strconv.FormatUint(r.ID, 10)
}

// hasNoKey reports whether who is known inside this backup only.
func hasNoKey(who *Person) bool { return strings.HasPrefix(who.Key, idPrefix) }

// barePNI returns a PNI without its prefix, or "" if it is none.
func barePNI(id signal.ServiceID) signal.ServiceID {
	switch {
	case len(id) == 17 && id[0] == 1:
		return id[1:]
	case len(id) == 16:
		return id
	}
	return ""
}

// MessageID returns the ID of a message: of what somebody wrote with event "".
// Author is the key of a person, "" for nobody.
func MessageID(conversation, author string, first signal.Millis, event string) string {
	if strings.HasPrefix(author, idPrefix) {
		author = "" // another number in each backup
	}
	b := make([]byte, 0, 256)
	b = append(append(b, "bakfs/v1 message\x00"...), conversation...)
	b = append(append(b, 0), author...)
	b = strconv.AppendUint(append(b, 0), uint64(first), 10)
	b = append(append(b, 0), event...)
	sum := sha256.Sum256(b)
	var id [16]byte
	hex.Encode(id[:], sum[:8])
	return string(id[:])
}
