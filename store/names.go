package store

import (
	"encoding/hex"
	"path"
	"strings"

	"bakfs/seal"
)

const (
	temporaryPrefix = ".tmp-"
	icloudSuffix    = ".icloud"
)

type nameKind uint8

const (
	nameForeign nameKind = iota
	namePack
	nameEntry
	nameReadme
	nameTemporary
)

// A fileName is what the path of a file in the folder says about it.
type fileName struct {
	kind   nameKind
	pack   seal.Hash // a pack, or the pack whose name a foreign name contains
	reason string    // foreign: whose it seems to be
}

// Foreign says in a few words whose the file at a path of the folder is, if
// its name has none of the repository's forms: a conflict copy, a placeholder,
// a stranger. It is empty for the repository's own and temporary files.
func Foreign(name string) string { return parseName(name).reason }

// parseName takes any path. Only exactly the forms of the format are ours.
func parseName(name string) fileName {
	dir, base := path.Split(name)
	if strings.HasPrefix(base, temporaryPrefix) {
		return fileName{kind: nameTemporary}
	}
	if name == readmeName {
		return fileName{kind: nameReadme}
	}
	if h, ok := packName(base); ok && dir == packsDir+"/"+base[:2]+"/" {
		return fileName{kind: namePack, pack: h}
	}
	if device, ok := strings.CutPrefix(dir, journalDir+"/"); ok && len(device) == 33 && isHex(device[:32]) && device[32] == '/' {
		if number, hash, ok := strings.Cut(base, "-"); ok && len(number) == 10 && isDigits(number) && len(hash) == 16 && isHex(hash) {
			return fileName{kind: nameEntry}
		}
	}
	return fileName{reason: foreignReason(base), pack: packWithin(base)}
}

// foreignReason knows the habits of sync programs and desktops.
func foreignReason(base string) string {
	lower := strings.ToLower(base)
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(lower, p) {
				return true
			}
		}
		return false
	}
	switch {
	case strings.HasPrefix(base, ".") && strings.HasSuffix(lower, icloudSuffix):
		return "placeholder of iCloud: the file is not on this computer"
	case has(".sync-conflict-"):
		return "conflict copy of Syncthing"
	case strings.HasPrefix(lower, ".syncthing.") || strings.HasPrefix(lower, "~syncthing~") || lower == ".stfolder" || lower == ".stignore" || lower == ".stversions":
		return "file of Syncthing"
	case has("conflicted copy", "(conflict", "_conf("):
		return "conflict copy of a sync program"
	case furniture(base):
		return "file of the system or a sync program"
	case strings.HasSuffix(lower, ".tmp") || strings.HasSuffix(lower, ".part") || strings.HasSuffix(lower, ".partial") || strings.HasSuffix(lower, ".crdownload") || strings.HasPrefix(lower, "~$") || strings.HasSuffix(lower, "~"):
		return "unfinished or temporary file of another program"
	case packWithin(base) != seal.Hash{}:
		return "copy of a pack under another name"
	}
	return "unknown file"
}

// furniture is what systems and sync programs put into any folder.
func furniture(base string) bool {
	switch strings.ToLower(base) {
	case ".ds_store", "desktop.ini", "thumbs.db", "icon\r", ".localized", ".directory", ".fseventsd", ".spotlight-v100", ".trashes", ".temporaryitems",
		"lost+found", ".dropbox", ".dropbox.attr", ".dropbox.cache", ".stfolder", ".stignore", ".stversions", ".owncloudsync.log", ".nextcloudsync.log", ".onedrive", ".tmp.drivedownload", ".tmp.driveupload":
		return true
	}
	lower := strings.ToLower(base)
	return strings.HasPrefix(lower, "._") || strings.HasPrefix(lower, ".sync_") || strings.HasPrefix(lower, ".trash-") ||
		strings.HasPrefix(lower, ".849c9593-d756-4e56-8d6e-42412f2a707b") // OneDrive's mark
}

func packPath(h seal.Hash) string {
	s := hex.EncodeToString(h[:])
	return packsDir + "/" + s[:2] + "/" + s
}

// packName takes 64 lower-case hex digits and nothing else.
func packName(base string) (h seal.Hash, ok bool) {
	if len(base) != 64 || !isHex(base) {
		return h, false
	}
	_, err := hex.Decode(h[:], []byte(base))
	return h, err == nil
}

// packWithin finds the pack's name that copies usually keep in theirs.
func packWithin(base string) seal.Hash {
	lower := strings.ToLower(base)
	for start := 0; start+64 <= len(lower); start++ {
		end := start
		for end < start+64 && isHexDigit(lower[end]) {
			end++
		}
		if end == start+64 {
			h, _ := packName(lower[start:end])
			return h
		}
		start = end
	}
	return seal.Hash{}
}

func isHexDigit(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' }

func isHex(s string) bool {
	for i := range len(s) {
		if !isHexDigit(s[i]) {
			return false
		}
	}
	return true
}

func isDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }
