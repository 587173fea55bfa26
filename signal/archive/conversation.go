package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"bakfs/signal"
)

// ConversationKey returns what names the conversation with r in all backups of
// an account: "self", "release", "aci:<uuid>", "pni:<uuid>", "e164:+<digits>",
// "group:<32 hex>"; "" if r has nothing of the kind.
func ConversationKey(r *signal.Recipient) string {
	switch d := r.Destination.(type) {
	case *signal.Self:
		return "self"
	case *signal.ReleaseNotes:
		return "release"
	case *signal.Group:
		if d.MasterKey.Empty() {
			return ""
		}
		sum := sha256.Sum256([]byte("group key\x00" + d.MasterKey.Reveal()))
		return "group:" + hex.EncodeToString(sum[:16])
	case *signal.Contact:
		pni := d.PNI.V
		if len(pni) == 17 && pni[0] == 1 {
			pni = pni[1:]
		}
		switch {
		case d.ACI.V.IsACI():
			return "aci:" + d.ACI.V.String()
		case len(pni) == 16:
			return "pni:" + pni.String()
		case d.E164.V != 0:
			return "e164:+" + strconv.FormatUint(d.E164.V, 10)
		}
	}
	return ""
}

// unknownKey is the key of a chat that nothing names.
func unknownKey(chat uint64) string { return "chat:" + strconv.FormatUint(chat, 10) }

// ConversationDir returns the name in chats/ of the conversation with a key.
func ConversationDir(key string) string {
	dir := conversationDir(key)
	return hex.EncodeToString(dir[:])
}

func conversationDir(key string) [16]byte {
	sum := sha256.Sum256([]byte("bakfs/v1 conversation\x00" + key))
	return [16]byte(sum[:])
}

// FileHash returns the name of the file of l in media/: 64 hex digits, or "" if
// the backup never had the file.
func FileHash(l *signal.Locator) string {
	if l == nil || len(l.PlaintextHash.V) != sha256.Size {
		return ""
	}
	return l.PlaintextHash.V.String()
}
