package archive

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"

	"bakfs/signal"
)

// windowSize is how much of each file is read at once. As many windows as
// there are recentFiles may be in memory.
const windowSize = 32 << 10

// A cursor goes through the records of one file.
type cursor struct {
	fsys iofs.FS
	name string
	off  int64 // of the next record

	file *atFile // nil before the first read
	buf  []byte  // what of the file is in memory
	base int64   // where that begins
}

func (c *cursor) close() {
	if c.file != nil {
		c.file.Close()
	}
	*c = cursor{}
}

// next returns the next record, valid until the next call for this cursor or
// another one with the same large, which takes records that are longer than a
// window. At the end of the file the error is io.EOF.
func (c *cursor) next(ctx context.Context, large *[]byte) ([]byte, error) {
	if c.file == nil {
		f, err := openAt(c.fsys, c.name)
		if err != nil {
			return nil, err
		}
		c.file = f
	}
	left := c.file.Size() - c.off
	switch {
	case left == 0:
		return nil, io.EOF
	case left < 0: // an order may name any place
		return nil, fmt.Errorf("%s: no record at %d, behind its end: %w", c.name, c.off, ErrArchive)
	}
	head, err := c.window(ctx, int(min(left, binary.MaxVarintLen64)))
	if err != nil {
		return nil, err
	}
	n, k := binary.Uvarint(head)
	if k <= 0 || n > signal.MaxRecord || int64(n) > left-int64(k) {
		return nil, fmt.Errorf("%s: no record at %d: %w", c.name, c.off, ErrArchive)
	}
	size := k + int(n)
	var rec []byte
	if size <= windowSize {
		rec, err = c.window(ctx, size)
	} else {
		if cap(*large) < size {
			*large = make([]byte, size)
		}
		rec = (*large)[:size]
		err = c.read(ctx, rec, c.off)
	}
	if err != nil {
		return nil, err
	}
	c.off += int64(size)
	return rec[k:], nil
}

// window returns n bytes from off on, windowSize at most.
func (c *cursor) window(ctx context.Context, n int) ([]byte, error) {
	if at := c.off - c.base; at >= 0 && at+int64(n) <= int64(len(c.buf)) {
		return c.buf[at : at+int64(n)], nil
	}
	want := int(min(c.file.Size()-c.off, windowSize))
	if cap(c.buf) < want {
		c.buf = make([]byte, want)
	}
	c.buf, c.base = c.buf[:want], c.off
	if err := c.read(ctx, c.buf, c.off); err != nil {
		c.buf = c.buf[:0]
		return nil, err
	}
	return c.buf[:n], nil
}

func (c *cursor) read(ctx context.Context, p []byte, off int64) error {
	n, err := c.file.ReadAt(ctx, p, off)
	switch {
	case n == len(p):
		return nil
	case err == nil || err == io.EOF:
		return fmt.Errorf("%s: shorter than its size: %w", c.name, ErrArchive)
	}
	return err
}

// Records are the records of an archive, or of a part of it. One goroutine
// uses them at a time.
type Records struct {
	ctx   context.Context
	fsys  iofs.FS
	large []byte

	frames cursor
	parts  []part // of a month: those that are not begun

	order  cursor // its off is behind the run at hand; name "": there is none
	chat   bool   // the run at hand is of chats[0], else of frames
	left   uint64 // of the run at hand
	recent recent
	chats  []*cursor // of recent; nil: not begun
	spare  []byte    // a window that nobody needs any more
}

// A Position is a place in the records of an archive. It needs up to 4 KiB.
type Position struct {
	frames, order int64
	chat          bool
	left          uint64
	recent        recent
}

// Next implements signal.Records. Bytes that the archive cannot have written
// give ErrArchive, wrapped.
func (r *Records) Next() ([]byte, error) {
	if r.order.name == "" {
		return r.nextFlat()
	}
	if r.left == 0 {
		if err := r.nextRun(); err != nil {
			return nil, err
		}
	}
	c := &r.frames
	if r.chat {
		c = r.chat0()
	}
	rec, err := c.next(r.ctx, &r.large)
	if err == io.EOF {
		err = fmt.Errorf("%s: fewer records than it had: %w", c.name, ErrArchive)
	}
	if err != nil {
		return nil, err
	}
	r.left--
	if r.chat {
		r.recent[0].off = c.off
	}
	return rec, nil
}

// nextFlat is Next where there is no order: of frames, or of one part after
// the other.
func (r *Records) nextFlat() ([]byte, error) {
	for {
		if r.frames.name != "" {
			rec, err := r.frames.next(r.ctx, &r.large)
			if err != io.EOF {
				return rec, err
			}
		}
		if len(r.parts) == 0 {
			return nil, io.EOF
		}
		r.frames.close()
		r.frames = cursor{fsys: r.fsys, name: r.parts[0].path()}
		r.parts = r.parts[1:]
	}
}

// nextRun goes to the next run of order.
func (r *Records) nextRun() error {
	c := &r.order
	if c.file == nil {
		f, err := openAt(c.fsys, c.name)
		if err != nil {
			return err
		}
		c.file = f
	}
	if c.off == 0 {
		c.off = int64(len(orderMagic)) // checked by Open
	}
	left := c.file.Size() - c.off
	if left == 0 {
		return io.EOF
	}
	b, err := c.window(r.ctx, int(min(left, maxRun)))
	if err != nil {
		return err
	}
	next, size := parseRun(b, len(r.recent))
	if size == 0 {
		return fmt.Errorf("%s: no run at %d: %w", c.name, c.off, ErrArchive)
	}
	c.off += int64(size)
	r.left, r.chat = next.n, next.chat
	switch {
	case next.at >= 0:
		r.recent.use(next.at)
		first := r.chats[next.at]
		copy(r.chats[1:next.at+1], r.chats[:next.at])
		r.chats[0] = first
	case next.chat:
		r.begin(next.place)
	}
	return nil
}

// begin puts a file in front of those that are in use.
func (r *Records) begin(p place) {
	if len(r.recent) < recentFiles {
		r.chats = append(r.chats, nil)
	} else if last := r.chats[recentFiles-1]; last != nil {
		r.spare = last.buf
		last.close()
	}
	r.recent.add(p)
	copy(r.chats[1:], r.chats)
	r.chats[0] = nil
}

// chat0 returns the cursor of recent[0].
func (r *Records) chat0() *cursor {
	if r.chats[0] == nil {
		p := r.recent[0]
		r.chats[0] = &cursor{fsys: r.fsys, name: p.path(), off: p.off, buf: r.spare[:0]}
		r.spare = nil
	}
	return r.chats[0]
}

// Position returns where the next record is, for RecordsAt.
func (r *Records) Position() Position {
	return Position{frames: r.frames.off, order: r.order.off, chat: r.chat, left: r.left, recent: append(recent(nil), r.recent...)}
}

// Close ends the reading. The record of the last call of Next is gone.
func (r *Records) Close() error {
	r.frames.close()
	r.order.close()
	for _, c := range r.chats {
		if c != nil {
			c.close()
		}
	}
	*r = Records{ctx: r.ctx}
	return nil
}

// Records returns all records in the order of the original, the BackupInfo
// first. The caller must Close them.
func (a *Archive) Records(ctx context.Context) (*Records, error) {
	return a.RecordsAt(ctx, Position{})
}

// RecordsAt is Records from a position on that others of this archive gave.
func (a *Archive) RecordsAt(ctx context.Context, p Position) (*Records, error) {
	fsys := bind(ctx, a.fsys)
	r := &Records{
		ctx: ctx, fsys: fsys, chat: p.chat, left: p.left,
		frames: cursor{fsys: fsys, name: framesName, off: p.frames},
		order:  cursor{fsys: fsys, name: orderName, off: p.order},
		recent: append(recent(nil), p.recent...),
		chats:  make([]*cursor, len(p.recent)),
	}
	return r, nil
}

// Head returns the records that are not messages of a chat, the BackupInfo
// first: account, recipients, chats and all else. The caller must Close them.
func (a *Archive) Head(ctx context.Context) (*Records, error) {
	fsys := bind(ctx, a.fsys)
	return &Records{ctx: ctx, fsys: fsys, frames: cursor{fsys: fsys, name: framesName}}, nil
}

// Month returns the messages of one conversation and month, in the order of
// the original. The caller must Close them. A month that is not there has none.
func (a *Archive) Month(ctx context.Context, chat, month string) (*Records, error) {
	_, parts, err := a.months(ctx, chat)
	if err != nil && !errors.Is(err, iofs.ErrNotExist) {
		return nil, err
	}
	return &Records{ctx: ctx, fsys: bind(ctx, a.fsys), parts: parts[month]}, nil
}
