package legacy

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strconv"

	"bakfs/signal"
)

// A Media is what is known of a blob: the hash and the length of its plaintext.
type Media struct {
	Hash [32]byte
	Size int64
}

// ReadMedia reads all blobs of a file and returns what they are, by number.
// A blob that cannot be read has length -1.
func ReadMedia(ctx context.Context, r *Reader) ([]Media, error) {
	r.Rewind()
	var list []Media
	h := sha256.New()
	for {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		f, err := r.Next()
		var damage *DamageError
		switch {
		case err == io.EOF || errors.Is(err, ErrTruncated) || errors.As(err, &damage) && damage.Lost:
			return list, nil
		case errors.As(err, &damage):
			continue
		case err != nil:
			return nil, err
		case f.Blob == nil:
			continue
		}
		for len(list) <= f.Blob.Index {
			list = append(list, Media{Size: -1})
		}
		in, _, err := f.Blob.Open()
		if err == nil {
			h.Reset()
			_, err = io.Copy(h, in)
		}
		switch {
		case err == nil:
			list[f.Blob.Index] = Media{[32]byte(h.Sum(nil)), f.Blob.Length}
		case !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrTruncated):
			return nil, err
		}
	}
}

// A History turns the rows of a file into the model of package signal: the
// account, recipients, sticker packs and chats, then the messages in the order
// in which the app shows them. It keeps 32 bytes per message and 24 per row
// that belongs to one; all else is read again when its turn comes.
//
// In the model a file's bytes are found by Locator.PlaintextHash, which is set
// if and only if the file has them.
type History struct {
	x      *index
	media  []Media
	info   signal.BackupInfo
	queue  []*signal.Frame
	popped int // of the queue
	stage  int
	shown  int // of the book's people
	at     int // of the messages
}

// NewHistory reads all frames once. media is what ReadMedia returned, or what
// was stored; blobs beyond it count as missing. when is the time of the backup,
// which only the file's name tells; 0 takes that of the last message.
//
// A file that is damaged or cut short gives what there is; Report tells. The
// error is one of reading, or that of ctx.
func NewHistory(ctx context.Context, frames Frames, media []Media, when signal.Millis) (*History, error) {
	h := &History{x: newIndex(), media: media}
	h.x.rows.frames = frames
	if err := h.x.read(ctx, frames); err != nil {
		return nil, err
	}
	if n := len(h.x.messages); when == 0 && n > 0 {
		when = signal.Millis(max(h.x.messages[n-1].received, 0))
	}
	h.x.report.OwnerGuessed = h.x.book.guessed
	h.info = signal.BackupInfo{Version: 1, BackupTimeMs: when}
	return h, nil
}

// Begin makes Next begin with the account again, with what was learned of the blobs
// since NewHistory; see there. It must be called before any message was returned.
func (h *History) Begin(media []Media) {
	h.media, h.queue, h.popped, h.stage, h.shown = media, h.queue[:0], 0, 0, 0
}

// Info returns what stands for the first record of a modern backup.
func (h *History) Info() *signal.BackupInfo { return &h.info }

// Report returns what was not understood so far.
func (h *History) Report() Report { return h.x.report }

// Messages returns how many messages Next will return; rows that turn out
// unreadable are among them.
func (h *History) Messages() int { return len(h.x.messages) }

// Owner returns the owner's recipient id and the id of the account, if known.
func (h *History) Owner() (uint64, signal.Opt[signal.ServiceID]) {
	return h.x.book.owner, h.x.book.aci(h.x.book.owner)
}

// OwnerNumber returns the owner's phone number, if the file tells it for sure.
func (h *History) OwnerNumber() signal.Opt[uint64] {
	if b := h.x.book; b.self != nil && !b.guessed {
		return b.self.E164
	}
	return signal.Opt[uint64]{}
}

// Avatar returns the number of the blob that is the picture of a recipient.
func (h *History) Avatar(recipient uint64) (blob int, ok bool) {
	if blob, ok = h.x.avatars[strconv.FormatUint(recipient, 10)]; ok {
		return blob, true
	}
	if r := h.x.book.byID[recipient]; r != nil {
		if c, isContact := r.Destination.(*signal.Contact); isContact && c.E164.Ok {
			blob, ok = h.x.avatars[fmt.Sprintf("+%d", c.E164.V)]
		}
	}
	return blob, ok
}

// Next returns the next frame; it is the caller's. The error at the end is
// io.EOF. A row that cannot be read is left out and counted; an error of
// reading the file ends the history.
func (h *History) Next() (*signal.Frame, error) {
	for {
		if f := h.missing(); f != nil {
			return f, nil
		}
		if h.popped < len(h.queue) {
			h.popped++
			return h.queue[h.popped-1], nil
		}
		h.queue, h.popped = h.queue[:0], 0
		if h.stage == 0 {
			h.begin()
			continue
		}
		if h.at == len(h.x.messages) {
			return nil, io.EOF
		}
		p := h.x.messages[h.at]
		h.at++
		item, err := h.message(p)
		switch {
		case errors.Is(err, ErrDamaged):
			h.x.report.BadRows++
		case err != nil:
			return nil, err
		default:
			h.queue = append(h.queue, &signal.Frame{Item: item})
		}
	}
}

// missing returns recipients that were not shown yet: at first all but the
// account, later those that only a message mentions.
func (h *History) missing() *signal.Frame {
	people := h.x.book.people
	if h.stage == 0 || h.shown == len(people) {
		return nil
	}
	h.shown++
	return &signal.Frame{Item: people[h.shown-1]}
}

// begin queues what comes before the messages.
func (h *History) begin() {
	h.stage = 1
	b := h.x.book
	h.queue = append(h.queue, &signal.Frame{Item: b.account()})
	for _, r := range b.people {
		h.queue = append(h.queue, &signal.Frame{Item: r})
	}
	h.shown = len(b.people)
	for i := range b.packs {
		h.queue = append(h.queue, &signal.Frame{Item: &b.packs[i]})
	}
	for _, c := range b.chats {
		h.queue = append(h.queue, &signal.Frame{Item: c})
	}
}

// message makes the item of the message at p, with its earlier versions.
func (h *History) message(p place) (*signal.ChatItem, error) {
	r, err := h.x.load(p.at, depthMessage)
	if err != nil {
		return nil, err
	}
	item, err := h.item(r, p.key)
	if err != nil {
		return nil, err
	}
	for _, s := range h.x.of(sideRevision, p.key) {
		r, err := h.x.load(s.at, depthMessage)
		if errors.Is(err, ErrDamaged) {
			h.x.report.BadRows++
			continue
		}
		if err != nil {
			return nil, err
		}
		old, err := h.item(r, mainKey(r.int("_id")))
		if err != nil {
			return nil, err
		}
		item.Revisions = append(item.Revisions, *old)
	}
	sortRevisions(item.Revisions)
	return item, nil
}

// The depths at which rows are read: those that are in use at the same time.
const (
	depthMessage = iota
	depthSide
	depthOption
)

// each calls f for the rows of a table that belong to k.
func (h *History) each(t sideTable, k key, depth int, f func(r *row)) error {
	for _, s := range h.x.of(t, k) {
		r, err := h.x.load(s.at, depth)
		if errors.Is(err, ErrDamaged) {
			h.x.report.BadRows++
			continue
		}
		if err != nil {
			return err
		}
		f(r)
	}
	return nil
}
