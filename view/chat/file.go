package chat

import (
	"strings"

	"bakfs/signal"
	"bakfs/signal/archive"
)

// FileKindOf returns how a file is shown, by how the message presents it and by
// its MIME type, which may have parameters.
func FileKindOf(flag signal.AttachmentFlag, mime string) FileKind {
	mime, _, _ = strings.Cut(strings.ToLower(mime), ";")
	mime = strings.TrimSpace(mime)
	class, _, _ := strings.Cut(mime, "/")
	vague := mime == "" || mime == "application/octet-stream"
	switch {
	case flag == signal.AttachmentFlagVoiceMessage && (class == "audio" || class == "video" || vague):
		return Voice
	case flag == signal.AttachmentFlagGif && (class == "video" || class == "image" || vague):
		return GIF
	}
	switch {
	case mime == "image/gif":
		return GIF
	case strings.HasPrefix(mime, "image/svg"):
		return Document // it may hold scripts
	case class == "image":
		return Photo
	case class == "video":
		return Video
	case class == "audio":
		return Audio
	case mime == "text/x-signal-plain":
		return LongText
	}
	return Document
}

// file makes a File of a pointer; what only the archive knows is not in it.
func (p *People) file(f *signal.FilePointer, flag signal.AttachmentFlag) File {
	if f == nil {
		return File{Kind: Document, Flag: flag, Size: -1}
	}
	made := File{
		Kind: FileKindOf(flag, f.ContentType.V), Flag: flag, Name: valid(f.FileName.V), MIME: valid(f.ContentType.V),
		Width: f.Width.V, Height: f.Height.V, Caption: valid(f.Caption.V), Blur: valid(f.BlurHash.V), Size: -1,
	}
	if l := f.Locator; l != nil {
		made.Claimed, made.Hash = int64(l.Size), archive.FileHash(l)
	}
	if made.Hash == "" {
		if made.Retired = archive.RetiredName(f); made.Retired != "" {
			made.Claimed = archive.RetiredSize(f)
		}
	}
	return made
}

// small makes a picture that belongs to something else; nil if there is none.
func (p *People) small(f *signal.FilePointer) *File {
	if f == nil {
		return nil
	}
	made := p.file(f, signal.AttachmentFlagNone)
	made.Kind = Thumbnail
	return &made
}

func (p *People) files(list []signal.Attachment) []File {
	if len(list) == 0 {
		return nil
	}
	made := make([]File, len(list))
	for i := range list {
		made[i] = p.file(list[i].Pointer, list[i].Flag)
		made[i].Index = i
	}
	return made
}

func (p *People) links(list []signal.LinkPreview) []Link {
	if len(list) == 0 {
		return nil
	}
	made := make([]Link, len(list))
	for i := range list {
		l := &list[i]
		made[i] = Link{URL: valid(l.URL), Title: valid(l.Title.V), Description: valid(l.Description.V), Date: l.Date.V, Image: p.small(l.Image)}
	}
	return made
}

func (p *People) quote(q *signal.Quote) *Quote {
	if q == nil {
		return nil
	}
	made := &Quote{Author: p.Person(q.AuthorID), Sent: q.TargetSentTimestamp.V, Text: p.text(q.Text, nil), Kind: q.Type}
	if q.Type <= signal.QuoteTypeUnknown || q.Type > signal.QuoteTypePoll {
		made.Kind = signal.QuoteTypeNormal
	}
	for i := range q.Attachments {
		a := &q.Attachments[i]
		f := QuotedFile{Name: valid(a.FileName.V), MIME: valid(a.ContentType.V)}
		if a.Thumbnail != nil {
			f.Thumbnail = p.small(a.Thumbnail.Pointer)
		}
		made.Files = append(made.Files, f)
	}
	return made
}

func (p *People) sticker(s *signal.Sticker) *StickerFile {
	if s == nil {
		s = new(signal.Sticker)
	}
	made := &StickerFile{Emoji: valid(s.Emoji.V), File: p.file(s.Data, signal.AttachmentFlagNone)}
	made.File.Kind = StickerImage
	return made
}

func (p *People) card(c *signal.ContactCard) *ContactCard {
	if c == nil {
		c = new(signal.ContactCard)
	}
	return &ContactCard{Name: cardName(c), Card: c, Avatar: p.small(c.Avatar)}
}

// cardName returns what a card is called by.
func cardName(c *signal.ContactCard) string {
	var list []string
	if n := c.Name; n != nil {
		list = append(list, full(n.Prefix, n.GivenName, n.MiddleName, n.FamilyName, n.Suffix), name(n.Nickname))
	}
	if n := c.Nickname; n != nil {
		list = append(list, full(n.Given, n.Family))
	}
	list = append(list, name(c.Organization))
	if len(c.Number) > 0 {
		list = append(list, name(c.Number[0].Value))
	}
	if len(c.Email) > 0 {
		list = append(list, name(c.Email[0].Value))
	}
	return firstOf(append(list, unknownName)...)
}

// full joins those parts of a name that are there.
func full(parts ...string) string {
	var have []string
	for _, s := range parts {
		if s = strings.TrimSpace(s); s != "" {
			have = append(have, s)
		}
	}
	return joined(have...)
}
