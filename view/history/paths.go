package history

import (
	"cmp"
	"context"
	"strconv"

	"bakfs/view/chat"
	"bakfs/view/name"
)

// folders are where views have the kinds of files.
var folders = map[chat.FileKind]string{
	chat.Photo: "media/", chat.Video: "media/", chat.GIF: "media/", chat.Voice: "voice/", chat.Audio: "files/",
	chat.Document: "files/", chat.StickerImage: "stickers/", chat.LongText: "files/",
}

// thumbs is where views have previews of links, of quoted files and of cards.
const thumbs = "web/thumb/"

// A naming gathers the files of messages that get names.
type naming struct {
	h     *History
	files []name.File
	give  []func(name string) // one for each file
}

// namePaths gives the files of a month their paths. A name is made of what does not
// change, so that one month is named without the others; original names need all.
func (h *History) namePaths(ctx context.Context, c *Conversation, m month, list []*chat.Message) error {
	n := naming{h: h}
	for _, msg := range list {
		n.message(msg)
	}
	if len(n.files) == 0 {
		return nil
	}
	if !h.o.OriginalNames {
		for i, s := range h.o.Names.Files(n.files) {
			n.give[i](s)
		}
		return nil
	}
	names, err := h.originalNames(ctx, c)
	if err != nil {
		return err
	}
	for i, f := range n.files {
		n.give[i](names[f.Key])
	}
	return nil
}

// originalNames returns the names of all files of a conversation, by their keys.
func (h *History) originalNames(ctx context.Context, c *Conversation) (map[string]string, error) {
	return h.originals.Get(ctx, c.Key, func(ctx context.Context) (map[string]string, int64, error) {
		months, err := h.Months(ctx, c)
		if err != nil {
			return nil, 0, err
		}
		var files []name.File
		for _, m := range months {
			list, err := h.merge(ctx, c, m.at())
			if err != nil {
				return nil, 0, err
			}
			n := naming{h: h}
			for _, msg := range list {
				n.message(msg)
			}
			files = append(files, n.files...)
		}
		names := make(map[string]string, len(files))
		for i, s := range h.o.Names.OriginalFiles(files) {
			names[files[i].Key] = s
		}
		return names, int64(200*len(files) + 64), nil
	})
}

func (n *naming) message(m *chat.Message) {
	n.version(m, m.Files, m.Links, m.Quote)
	if m.Text != nil && m.Text.Cut && m.Text.Long != nil {
		n.file(m, m.Text.Long, "text", false)
	}
	if s := m.Sticker; s != nil {
		n.file(m, &s.File, "sticker", false)
	}
	if c := m.Card; c != nil {
		thumb(c.Avatar)
		n.files = append(n.files, name.File{
			Key: m.ID + "/card", Message: m.ID, Time: m.First.Time().In(n.h.o.Zone), Kind: chat.Document,
			Original: n.h.o.Names.Clean(c.Name) + ".vcf", MIME: "text/vcard",
		})
		n.give = append(n.give, func(s string) { c.Path = "contacts/" + s })
	}
	for i := range m.Versions {
		n.older(m, &m.Versions[i], m.Files)
	}
	if m.Past.Kept != nil {
		n.version(m, m.Past.Kept.Files, m.Past.Kept.Links, m.Past.Kept.Quote)
	}
}

func (n *naming) version(m *chat.Message, files []chat.File, links []chat.Link, quote *chat.Quote) {
	for i := range files {
		n.file(m, &files[i], strconv.Itoa(i), len(files) > 1)
	}
	for i := range links {
		thumb(links[i].Image)
	}
	if quote != nil {
		for i := range quote.Files {
			thumb(quote.Files[i].Thumbnail)
		}
	}
}

// older names the files of an earlier version: those that the newest has too are
// one file.
func (n *naming) older(m *chat.Message, v *chat.Version, newest []chat.File) {
	n.version(m, nil, v.Links, v.Quote)
	for i := range v.Files {
		f := &v.Files[i]
		same := -1
		for j := range newest {
			if f.Hash != "" && newest[j].Hash == f.Hash {
				same = j
				break
			}
		}
		if same < 0 {
			n.file(m, f, strconv.FormatUint(uint64(v.Sent), 10)+"-"+strconv.Itoa(i), len(v.Files) > 1)
			continue
		}
		key := m.ID + "/" + strconv.Itoa(same)
		for k := range n.files {
			if n.files[k].Key == key {
				give := n.give[k]
				n.give[k] = func(s string) {
					give(s)
					f.Path = newest[same].Path
				}
			}
		}
	}
}

// file names one file. Files that are not there take part, so that no name changes
// when an older backup has one.
func (n *naming) file(m *chat.Message, f *chat.File, place string, several bool) {
	one := name.File{
		Key: m.ID + "/" + place, Message: m.ID, Time: m.First.Time().In(n.h.o.Zone), Index: f.Index, Several: several, Kind: f.Kind,
		Original: f.Name, MIME: f.MIME, Sniffed: f.Sniff,
	}
	if m.Author != nil {
		one.Sender = m.Author.Name
	}
	if m.Sticker != nil {
		one.Emoji = m.Sticker.Emoji
	}
	folder := cmp.Or(folders[f.Kind], "files/")
	n.files = append(n.files, one)
	n.give = append(n.give, func(s string) {
		if f.Size >= 0 && s != "" {
			f.Path = folder + s
		}
	})
}

// thumb names a small picture by its content.
func thumb(f *chat.File) {
	if f != nil && f.Size >= 0 && len(f.Hash) >= 32 {
		f.Path = thumbs + f.Hash[:32] + cmp.Or(name.Ext("", f.Sniff, f.MIME, chat.Photo), ".jpg")
	}
}
