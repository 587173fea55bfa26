package name

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"bakfs/view/chat"
)

// A File is what the name of an attachment is made of.
type File struct {
	Key      string    // identity: of its message and its place in it; the same in all backups
	Message  string    // identity of its message
	Time     time.Time // of its message, in the zone of the view
	Index    int       // place among the message's files, from 0
	Several  bool      // the message has several
	Kind     chat.FileKind
	Original string // the sender's name for it; "" if none
	Sender   string // who sent it, for voice messages
	Emoji    string // of a sticker
	MIME     string // what the sender called its type; may be ""
	Sniffed  string // the type its bytes have; may be ""
}

// Stamp returns the time that stands in front of names: "2026-05-14 18.22.11".
func Stamp(t time.Time) string { return string(appendStamp(nil, t)) }

func appendStamp(b []byte, t time.Time) []byte {
	if y := t.Year(); y < 0 || y > 9999 {
		t = time.Date(9999, 12, 31, 23, 59, 59, int(999*time.Millisecond), t.Location())
	}
	return t.AppendFormat(b, "2006-01-02 15.04.05")
}

// Files names the attachments of one folder: "2026-05-14 18.22.11 IMG_2041.jpg".
// The place in the message, "-2" behind the time, stands where a message has several, so
// that an album sorts as it was sent; milliseconds only where two messages of one second have one name.
// The names depend only on which other files have the same time, so that one
// may name the files of each month by themselves. They are unique under Fold.
func (st Style) Files(files []File) []string {
	n := newNaming(st, files)
	for i := range files {
		n.names[i] = n.stamped(i, false, false)
	}
	placed := n.clashes(func(f *File) string { return f.Message })
	for i := range files {
		if files[i].Several {
			placed[i] = true
		}
	}
	for i := range placed {
		n.names[i] = n.stamped(i, false, true)
	}
	for i := range n.clashes(nil) {
		n.names[i] = n.stamped(i, true, placed[i])
	}
	return n.unique()
}

// OriginalFiles names the attachments of one folder as their senders did, and
// those of equal names "image (2026-05-14 18.22.11).jpg". The folder must be
// named as a whole.
func (st Style) OriginalFiles(files []File) []string {
	n := newNaming(st, files)
	for i := range files {
		n.names[i] = n.st.cut(n.stems[i], n.exts[i], maxClusters, maxBytes)
	}
	for i := range n.clashes(nil) {
		n.names[i] = st.cut(n.stems[i], " ("+Stamp(files[i].Time)+")"+n.exts[i], 2*maxClusters, maxBytes+24)
	}
	return n.unique()
}

// WithChat returns the name that an attachment called file by Files has beside
// those of other conversations: the conversation's folder behind the time.
func (st Style) WithChat(file, folder string) string {
	const stamp = len("2006-01-02 15.04.05")
	at := 0
	if len(file) > stamp && file[4] == '-' && file[stamp-3] == '.' {
		if at = strings.IndexByte(file[stamp:], ' ') + stamp + 1; at == stamp {
			at = 0
		}
	}
	return file[:at] + st.cut(folder, "", maxClusters, max(16, 250-len(file))) + " - " + file[at:]
}

// naming is the work of naming the files of one folder.
type naming struct {
	st    Style
	files []File
	stems []string
	exts  []string
	names []string
}

func newNaming(st Style, files []File) *naming {
	n := &naming{st: st, files: files, stems: make([]string, len(files)), exts: make([]string, len(files)), names: make([]string, len(files))}
	for i := range files {
		n.stems[i], n.exts[i] = st.parts(&files[i])
	}
	return n
}

// parts returns the name of a file without a time, and its extension.
func (st Style) parts(f *File) (stem, ext string) {
	stem, old := splitExt(st.tidy(f.Original))
	if ext = Ext(old, f.Sniffed, f.MIME, f.Kind); ext != old {
		stem += old
	}
	if stem = st.guard(stem); stem != "" {
		return stem, ext
	}
	switch f.Kind {
	case chat.Voice:
		stem = st.tidy(f.Sender)
	case chat.StickerImage:
		stem = st.tidy(f.Emoji)
	}
	if stem == "" {
		stem = fallbacks[f.Kind]
	}
	if stem == "" {
		stem = "file"
	}
	if ext == "" {
		ext = fallbackExts[f.Kind]
	}
	if ext == "" {
		ext = ".bin"
	}
	return stem, ext
}

var fallbacks = map[chat.FileKind]string{
	chat.Photo: "photo", chat.Video: "video", chat.GIF: "gif", chat.Voice: "voice", chat.Audio: "audio",
	chat.StickerImage: "sticker", chat.Thumbnail: "preview", chat.LongText: "text",
}

var fallbackExts = map[chat.FileKind]string{
	chat.Photo: ".jpg", chat.Video: ".mp4", chat.GIF: ".mp4", chat.Voice: ".m4a", chat.Audio: ".m4a",
	chat.StickerImage: ".webp", chat.Thumbnail: ".jpg", chat.LongText: ".txt",
}

// splitExt cuts the extension, with its dot, off a tidy name. Something long or
// with spaces behind a dot is no extension.
func splitExt(s string) (stem, ext string) {
	at := strings.LastIndexByte(s, '.')
	if at <= 0 || at == len(s)-1 || len(s)-at > 16 {
		return s, ""
	}
	for _, r := range s[at+1:] {
		if r >= utf8.RuneSelf || r != '_' && r != '-' && r != '+' && !('0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z') {
			return s, ""
		}
	}
	return s[:at], s[at:]
}

func (n *naming) stamped(i int, millis, place bool) string {
	f := &n.files[i]
	b := appendStamp(make([]byte, 0, 160), f.Time)
	if millis {
		b = f.Time.AppendFormat(b, ".000")
	}
	if place {
		b = strconv.AppendInt(append(b, '-'), int64(f.Index)+1, 10)
	}
	return string(append(b, ' ')) + n.st.cut(n.stems[i], n.exts[i], maxClusters, maxBytes)
}

// clashes returns the files whose name another file has as well. With group,
// only files of one group clash.
func (n *naming) clashes(group func(*File) string) map[int]bool {
	first, all := make(map[string]int, len(n.names)), map[int]bool{}
	for i, name := range n.names {
		key := Fold(name)
		if group != nil {
			key += "\x00" + group(&n.files[i])
		}
		if j, ok := first[key]; ok {
			all[i], all[j] = true, true
			continue
		}
		first[key] = i
	}
	return all
}

// unique puts a hash of the key behind names that still clash.
func (n *naming) unique() []string {
	left := n.clashes(nil)
	set := NewSet(n.st)
	for i, name := range n.names {
		if !left[i] {
			set.reserve(n.files[i].Key+"\x00"+strconv.Itoa(i), name)
		}
	}
	for i := range n.names {
		if !left[i] {
			continue
		}
		stem := strings.TrimSuffix(n.names[i], n.exts[i])
		n.names[i] = set.hashed(n.files[i].Key, stem, n.exts[i])
	}
	return n.names
}
