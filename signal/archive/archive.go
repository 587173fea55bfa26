package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"bakfs/signal"
	"bakfs/signal/legacy"
)

// An Archive is a stored backup. Its methods may be called at the same time.
type Archive struct {
	fsys     iofs.FS
	envelope *Envelope
}

// Open opens the folder /signal/<account> of a snapshot. Its files must have
// io.ReaderAt's method, or that with a context in front; fsys may bind calls to
// a context with WithContext(ctx) fs.FS.
func Open(fsys iofs.FS) (*Archive, error) {
	b, err := readWhole(context.Background(), fsys, envelopeName, maxEnvelope)
	if err != nil {
		return nil, err
	}
	e, err := parseEnvelope(b)
	if err != nil {
		return nil, err
	}
	f, err := openAt(fsys, orderName)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	magic := make([]byte, len(orderMagic))
	if n, err := f.ReadAt(context.Background(), magic, 0); n < len(magic) || string(magic) != orderMagic {
		if err == nil || err == io.EOF {
			err = ErrArchive
		}
		return nil, fmt.Errorf("%s: %w", orderName, err)
	}
	return &Archive{fsys, e}, nil
}

// Envelope returns what is known of the original. The caller must not change
// it.
func (a *Archive) Envelope() *Envelope { return a.envelope }

// bind returns fsys with its calls bound to ctx.
func bind(ctx context.Context, fsys iofs.FS) iofs.FS {
	if c, ok := fsys.(interface {
		WithContext(context.Context) iofs.FS
	}); ok {
		return c.WithContext(ctx)
	}
	return fsys
}

// readWhole reads a file of at most limit bytes.
func readWhole(ctx context.Context, fsys iofs.FS, name string, limit int64) ([]byte, error) {
	f, err := openAt(bind(ctx, fsys), name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if f.Size() > limit {
		return nil, fmt.Errorf("%s: %d bytes long: %w", name, f.Size(), ErrArchive)
	}
	b := make([]byte, f.Size())
	if n, err := f.ReadAt(ctx, b, 0); n < len(b) {
		if err == nil || err == io.EOF {
			err = fmt.Errorf("%s: shorter than its size: %w", name, ErrArchive)
		}
		return nil, err
	}
	return b, nil
}

// identity is what a FileInfo may have: equal ids mean equal content.
type identity interface {
	ContentID() ([32]byte, bool)
}

func contentID(info iofs.FileInfo) (id [32]byte, ok bool) {
	if c, has := info.(identity); has {
		return c.ContentID()
	}
	return id, false
}

// A ChatDir is a conversation.
type ChatDir struct {
	Name string    // of its folder, see ConversationDir
	Last time.Time // of its newest message

	id    [32]byte
	hasID bool
}

// ContentID returns an id that is equal for equal conversations only, if the
// tree has such ids.
func (c ChatDir) ContentID() ([32]byte, bool) { return c.id, c.hasID }

// Chats lists the conversations that have messages, sorted by name.
func (a *Archive) Chats(ctx context.Context) ([]ChatDir, error) {
	entries, err := a.list(ctx, chatsName)
	if err != nil {
		return nil, err
	}
	list := make([]ChatDir, 0, len(entries))
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		if _, ok := chatDir(e.Name()); !ok || !e.IsDir() {
			continue
		}
		c := ChatDir{Name: e.Name(), Last: info.ModTime()}
		c.id, c.hasID = contentID(info)
		list = append(list, c)
	}
	return list, nil
}

// chatDir reads the name of the folder of a conversation.
func chatDir(name string) (dir [16]byte, ok bool) {
	raw, err := hex.DecodeString(name)
	if err != nil || len(raw) != len(dir) || strings.ToLower(name) != name {
		return dir, false
	}
	return [16]byte(raw), true
}

// list lists a folder that need not be there.
func (a *Archive) list(ctx context.Context, name string) ([]iofs.DirEntry, error) {
	fsys := bind(ctx, a.fsys)
	if _, err := iofs.Stat(fsys, name); errors.Is(err, iofs.ErrNotExist) {
		return nil, nil
	}
	return iofs.ReadDir(fsys, name)
}

// A Month is what of a conversation was sent in one month, as it is in UTC.
type Month struct {
	Name string // YYYY-MM
	Size int64  // of its records, in bytes
	Last time.Time

	id    [32]byte
	hasID bool
}

// ContentID returns an id that is equal for equal messages only, if the tree
// has such ids.
func (m Month) ContentID() ([32]byte, bool) { return m.id, m.hasID }

// Months lists the months of a conversation, the oldest first.
func (a *Archive) Months(ctx context.Context, chat string) ([]Month, error) {
	list, _, err := a.months(ctx, chat)
	return list, err
}

// months lists the months of a conversation, and the files of each in order.
func (a *Archive) months(ctx context.Context, chat string) ([]Month, map[string][]part, error) {
	raw, ok := chatDir(chat)
	if !ok {
		return nil, nil, &iofs.PathError{Op: "open", Path: chat, Err: iofs.ErrNotExist}
	}
	entries, err := iofs.ReadDir(bind(ctx, a.fsys), chatsName+"/"+chat)
	if err != nil {
		return nil, nil, err
	}
	parts := make(map[string][]part)
	infos := make(map[part]iofs.FileInfo, len(entries))
	for _, e := range entries {
		month, n, ok := parseMonth(e.Name())
		if !ok {
			continue
		}
		p := part{raw, month, n}
		if infos[p], err = e.Info(); err != nil {
			return nil, nil, err
		}
		parts[monthName(month)] = append(parts[monthName(month)], p)
	}
	list := make([]Month, 0, len(parts))
	for name, of := range parts {
		slices.SortFunc(of, func(a, b part) int { return int(a.n) - int(b.n) })
		list = append(list, joinMonth(name, of, infos))
	}
	slices.SortFunc(list, func(a, b Month) int { return strings.Compare(a.Name, b.Name) })
	return list, parts, nil
}

// joinMonth says of the files of a month together what is known of each.
func joinMonth(name string, parts []part, infos map[part]iofs.FileInfo) Month {
	m := Month{Name: name, hasID: true}
	h := sha256.New()
	for _, p := range parts {
		info := infos[p]
		m.Size += info.Size()
		if t := info.ModTime(); t.After(m.Last) {
			m.Last = t
		}
		id, ok := contentID(info)
		h.Write(id[:])
		m.hasID = m.hasID && ok
	}
	m.id = [32]byte(h.Sum(nil))
	return m
}

// A Media is a stored file of media.
type Media struct {
	Hash string // SHA-256 of its bytes in hex
	Size int64
	MIME string // as its bytes tell; "" if they do not

	// Length is how long sound or film is; 0 if that is not known, as of what earlier versions stored.
	Length time.Duration
}

// Media says what is known of the file with a hash (see FileHash). The error
// wraps fs.ErrNotExist if the archive does not have it.
func (a *Archive) Media(ctx context.Context, hash string) (Media, error) {
	if !isHash(hash) {
		return Media{}, &iofs.PathError{Op: "stat", Path: mediaName, Err: iofs.ErrNotExist}
	}
	fsys, name := bind(ctx, a.fsys), mediaPath(hash)
	info, err := iofs.Stat(fsys, name)
	if err != nil {
		return Media{}, err
	}
	m := Media{Hash: hash, Size: info.Size()}
	if x, ok := fsys.(interface {
		Xattrs(name string) (map[string][]byte, error)
	}); ok {
		attrs, err := x.Xattrs(name)
		m.MIME = string(attrs["user.mime_type"])
		if ms, err := strconv.ParseUint(string(attrs["user.bakfs.length"]), 10, 32); err == nil {
			m.Length = min(time.Duration(ms)*time.Millisecond, maxLength)
		}
		return m, err
	}
	m.MIME, err = a.sniff(ctx, hash)
	return m, err
}

// sniff looks at a file of media whose tree does not keep types.
func (a *Archive) sniff(ctx context.Context, hash string) (string, error) {
	f, err := a.File(ctx, hash)
	if err != nil {
		return "", err
	}
	defer f.Close()
	head := make([]byte, min(f.Size(), sniffSize))
	n, err := f.ReadAt(ctx, head, 0)
	if n < len(head) {
		return "", err
	}
	return sniff(head), nil
}

// A File is an open file of media. Calls of ReadAt may run at the same time.
type File struct{ *atFile }

// File opens the file with a hash.
func (a *Archive) File(ctx context.Context, hash string) (*File, error) {
	if !isHash(hash) {
		return nil, &iofs.PathError{Op: "open", Path: mediaName, Err: iofs.ErrNotExist}
	}
	f, err := openAt(bind(ctx, a.fsys), mediaPath(hash))
	if err != nil {
		return nil, err
	}
	return &File{f}, nil
}

func isHash(s string) bool {
	if len(s) != 2*sha256.Size {
		return false
	}
	for _, c := range []byte(s) {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f') {
			return false
		}
	}
	return true
}

// blobs returns what the n blobs of a legacy file are, those of the layout only.
func (a *Archive) blobs(ctx context.Context, n int) ([]legacy.Media, error) {
	b, err := readWhole(ctx, a.fsys, legacyBlobs, int64(len(blobsMagic)+n*blobSize))
	if err != nil {
		return nil, err
	}
	return parseBlobs(b)
}

var _ signal.Records = (*Records)(nil)
