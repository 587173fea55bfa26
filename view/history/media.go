package history

import (
	"context"
	"errors"
	iofs "io/fs"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"bakfs/signal/archive"
	"bakfs/view/chat"
)

// maxLong bounds how much of a long text is shown. The apps allow 128 KiB.
const maxLong = 2 << 20

// longTexts are the long texts of a month.
type longTexts struct {
	room int64             // bytes that may still be shown
	have map[string]string // by hash; many messages may have one
}

// maxTries bounds in how many backups a file is looked for that the newest does not have.
const maxTries = 12

// stored is where a file of media is.
type stored struct {
	backup int // -1: nowhere
	size   int64
	mime   string
	long   time.Duration
	lost   bool   // with backup -1: where it would be cannot be read
	hash   string // of retiredAt only
}

// find looks for a file of media: in the newest backup, and in those that had the
// message.
func (h *History) find(ctx context.Context, hash string, in spans) (stored, error) {
	if hash == "" {
		return stored{backup: -1}, nil
	}
	s, err := h.at(ctx, hash, len(h.backups)-1)
	if err != nil || s.backup >= 0 {
		return s, err
	}
	lost := s.lost
	for b := range in.ends {
		if s, err = h.at(ctx, hash, b); err != nil || s.backup >= 0 {
			return s, err
		}
		lost = lost || s.lost
	}
	return stored{backup: -1, lost: lost}, nil
}

// ends are the backups in which something is looked for that the newest does not have.
func (in spans) ends(yield func(backup int) bool) {
	tries := 0
	for i := len(in) - 1; i >= 0; i-- {
		for _, b := range []int{in[i].to, in[i].from} {
			if tries++; tries > maxTries || !yield(b) {
				return
			}
		}
	}
}

// retired finds the hash of a file of which the message tells only what the phone's
// store called it; "" if no backup has it.
func (h *History) retired(ctx context.Context, name string, in spans) (hash string, lost bool, err error) {
	s, err := h.retiredAt(ctx, name, len(h.backups)-1)
	lost = s.lost
	for b := range in.ends {
		if err != nil || s.hash != "" {
			break
		}
		s, err = h.retiredAt(ctx, name, b)
		lost = lost || s.lost
	}
	return s.hash, lost, err
}

// retiredAt looks for such a file in one backup.
func (h *History) retiredAt(ctx context.Context, name string, backup int) (stored, error) {
	return h.cache.media.Get(ctx, mediaKey{h.id, "retired " + name, backup}, func(ctx context.Context) (stored, int64, error) {
		const cost = 400
		a, err := h.archive(ctx, backup)
		if err != nil {
			return stored{}, 0, err
		}
		if a == nil {
			return stored{lost: true}, cost, nil
		}
		hash, err := a.RetiredHash(ctx, name)
		if err != nil && h.lasting(err) {
			h.report(backup, "retired", err)
			return stored{lost: true}, cost, nil
		}
		return stored{hash: hash}, cost, err
	})
}

// at looks for a file of media in one backup.
func (h *History) at(ctx context.Context, hash string, backup int) (stored, error) {
	return h.cache.media.Get(ctx, mediaKey{h.id, hash, backup}, func(ctx context.Context) (stored, int64, error) {
		const cost = 300
		none, lost := stored{backup: -1}, stored{backup: -1, lost: true}
		a, err := h.archive(ctx, backup)
		if err != nil {
			return none, 0, err
		}
		if a == nil {
			return lost, cost, nil
		}
		m, err := a.Media(ctx, hash)
		switch {
		case err == nil:
			return stored{backup: backup, size: m.Size, mime: m.MIME, long: m.Length}, cost, nil
		case errors.Is(err, iofs.ErrNotExist):
			return none, cost, nil
		case h.lasting(err):
			h.report(backup, "media/"+hash[:min(2, len(hash))]+"/"+hash, err)
			return lost, cost, nil
		}
		return none, 0, err
	})
}

type mediaKey struct {
	of     *identity
	hash   string
	backup int
}

// archive opens a backup; nil if that is not possible.
func (h *History) archive(ctx context.Context, i int) (*archive.Archive, error) {
	return h.archives.Get(ctx, i, func(ctx context.Context) (*archive.Archive, int64, error) {
		a, err := archive.Open(h.backups[i].FS)
		if err != nil && h.lasting(err) {
			h.report(i, "envelope", err)
			return nil, 1, nil
		}
		return a, 1, err
	})
}

// A File is an open file of media. Its ReadAt takes a context and may be called at
// the same time.
type File = archive.File

// File opens the file of media with a hash, as chat.File has it. The error is
// fs.ErrNotExist if no backup has it.
func (h *History) File(ctx context.Context, hash string) (*File, error) {
	for i := len(h.backups) - 1; i >= 0; i-- {
		s, err := h.at(ctx, hash, i)
		if err != nil {
			return nil, err
		}
		if s.backup < 0 {
			continue
		}
		a, err := h.archive(ctx, i)
		if err != nil || a == nil {
			return nil, err
		}
		return a.File(ctx, hash)
	}
	return nil, iofs.ErrNotExist
}

// complete fills in what the archive knows of the files of a message. A file that
// the newest backup has lost is taken from an older one.
func (h *History) complete(ctx context.Context, t *told, long *longTexts) error {
	m := t.newest.msg
	c := completion{h, ctx, t.in(), long}
	if err := c.message(m); err != nil {
		return err
	}
	if m.Kind == chat.ViewOnce && !h.o.ShowExpired || isDeleted(m) {
		return nil
	}
	for v := t.newest.older; v != nil; v = v.older {
		if err := c.regain(m, v.msg); err != nil {
			return err
		}
	}
	return nil
}

// A completion fills in the files of one message.
type completion struct {
	h    *History
	ctx  context.Context
	in   spans
	long *longTexts
}

func (c completion) message(m *chat.Message) error {
	if err := c.version(m.Text, m.Files, m.Links, m.Quote); err != nil {
		return err
	}
	for _, v := range m.Versions {
		if err := c.version(v.Text, v.Files, v.Links, v.Quote); err != nil {
			return err
		}
	}
	if v := m.Past.Kept; v != nil {
		if err := c.version(v.Text, v.Files, v.Links, v.Quote); err != nil {
			return err
		}
	}
	if m.Sticker != nil {
		if err := c.file(&m.Sticker.File); err != nil {
			return err
		}
	}
	if m.Card != nil {
		return c.file(m.Card.Avatar)
	}
	return nil
}

func (c completion) version(text *chat.Text, files []chat.File, links []chat.Link, quote *chat.Quote) error {
	if err := c.text(text); err != nil {
		return err
	}
	for i := range files {
		if err := c.file(&files[i]); err != nil {
			return err
		}
	}
	for i := range links {
		if err := c.file(links[i].Image); err != nil {
			return err
		}
	}
	if quote != nil {
		for i := range quote.Files {
			if err := c.file(quote.Files[i].Thumbnail); err != nil {
				return err
			}
		}
	}
	return nil
}

// file fills in one file.
func (c completion) file(f *chat.File) error {
	if f == nil || f.Size >= 0 {
		return nil
	}
	lost := false
	if f.Hash == "" && f.Retired != "" {
		var err error
		if f.Hash, lost, err = c.h.retired(c.ctx, f.Retired, c.in); err != nil {
			return err
		}
	}
	s, err := c.h.find(c.ctx, f.Hash, c.in)
	if err != nil || s.backup < 0 {
		f.Lost = s.lost || lost
		return err
	}
	f.Size, f.Sniff, f.Long = s.size, s.mime, s.long
	if f.Kind <= chat.Document {
		f.Kind = kindOf(f, s.mime)
	}
	return nil
}

// kindOf returns how a file is shown whose bytes have a type. Sound stays sound: it
// often stands in a container of films.
func kindOf(f *chat.File, mime string) chat.FileKind {
	class, _, _ := strings.Cut(mime, "/")
	sound := f.Kind == chat.Voice || f.Kind == chat.Audio
	if mime == "" || mime == "application/octet-stream" || sound && (class == "video" || mime == "application/ogg") {
		return f.Kind
	}
	return chat.FileKindOf(f.Flag, mime)
}

// text puts the content of a long text in its place, while there is room for it.
func (c completion) text(t *chat.Text) error {
	if t == nil || !t.Cut || t.Long == nil {
		return nil
	}
	if err := c.file(t.Long); err != nil {
		return err
	}
	if t.Long.Size < 0 || t.Long.Size > min(maxLong, c.long.room) {
		return nil
	}
	body, ok := c.long.have[t.Long.Hash]
	if !ok {
		var err error
		if body, ok, err = c.read(t.Long); err != nil || !ok {
			return err
		}
		c.long.have[t.Long.Hash] = body
	}
	t.Complete(body)
	c.long.room -= int64(len(t.Plain))
	return nil
}

// read returns the content of a file; ok is false if it cannot be read, and that will stay.
func (c completion) read(file *chat.File) (content string, ok bool, err error) {
	f, err := c.h.File(c.ctx, file.Hash)
	if errors.Is(err, iofs.ErrNotExist) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	defer f.Close()
	b := make([]byte, file.Size)
	n, err := f.ReadAt(c.ctx, b, 0)
	if n < len(b) {
		if err != nil && !c.h.lasting(err) {
			return "", false, err
		}
		return "", false, nil
	}
	if content = string(b); !utf8.ValidString(content) {
		content = string([]rune(content)) // as Complete does, once
	}
	return content, true, nil
}

// regain takes the files over that only an older variant has.
func (c completion) regain(m, old *chat.Message) error {
	if old.Kind != m.Kind {
		return nil
	}
	if s, o := m.Sticker, old.Sticker; s != nil && o != nil && s.File.Size < 0 {
		if err := c.file(&o.File); err != nil {
			return err
		}
		if o.File.Size >= 0 {
			s.File = o.File
		}
	}
	if old.Sent != m.Sent || len(old.Files) != len(m.Files) && m.Kind != chat.ViewOnce {
		return nil
	}
	if m.Kind == chat.ViewOnce && len(m.Files) == 0 {
		m.Files = slices.Clone(old.Files)
	}
	for i := range m.Files {
		if m.Files[i].Size >= 0 {
			continue
		}
		o := old.Files[i]
		if err := c.file(&o); err != nil {
			return err
		}
		if o.Size >= 0 {
			m.Files[i] = o
		}
		m.Files[i].Lost = m.Files[i].Lost || o.Lost
	}
	return nil
}
