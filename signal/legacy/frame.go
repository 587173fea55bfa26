package legacy

// A Kind is what a frame holds; the number is that of the field in
// Legacy.BackupFrame (section D.3).
type Kind uint8

// The kinds of frames. Other numbers come from newer apps.
const (
	KindUnknown    Kind = 0 // no field at all
	KindHeader     Kind = 1
	KindStatement  Kind = 2
	KindPreference Kind = 3
	KindAttachment Kind = 4 // a blob follows
	KindVersion    Kind = 5
	KindEnd        Kind = 6
	KindAvatar     Kind = 7 // a blob follows
	KindSticker    Kind = 8 // a blob follows
	KindKeyValue   Kind = 9
)

// classify returns the kind of a frame and the message in it. What cannot be
// parsed is of unknown kind.
func classify(frame []byte) (Kind, message) {
	for f, rest, ok := nextField(frame); ok; f, rest, ok = nextField(rest) {
		switch {
		case f.num == uint32(KindEnd) && f.wire == wireVarint && f.n != 0:
			return KindEnd, nil
		case f.num != uint32(KindEnd) && f.num <= uint32(KindKeyValue) && f.wire == wireBytes:
			return Kind(f.num), f.b
		}
	}
	return KindUnknown, nil
}

// blobLength returns how long the blob behind a frame is; false if none follows.
func blobLength(kind Kind, m message) (int64, bool) {
	switch kind {
	case KindAttachment:
		return int64(uint32(m.number(3))), true
	case KindAvatar, KindSticker:
		return int64(uint32(m.number(2))), true
	}
	return 0, false
}
