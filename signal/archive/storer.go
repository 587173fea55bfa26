package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"bakfs/signal"
)

// A storer puts one backup into a tree. One goroutine uses it, but for the
// methods that say otherwise.
type storer struct {
	ctx    context.Context
	tree   Tree
	backup *Backup
	whole  bool // of the original nothing was lost so far
	mu     sync.Mutex
	report Report // under mu while media are stored

	recordFiles
	chats   map[uint64]uint64   // the recipient of a chat
	people  map[uint64][16]byte // the folder of a recipient's conversation
	media   gallery
	recheck func() error // says whether the original still is what it was; may be nil
	rec     []byte
}

// recordFiles are the files that records go to.
type recordFiles struct {
	frames, order *feed
	framesOut     *signal.RecordWriter
	runs          orderWriter
	months        *months
}

func newStorer(ctx context.Context, t Tree, b *Backup) *storer {
	s := &storer{
		ctx: ctx, tree: t, backup: b, whole: true,
		chats: make(map[uint64]uint64), people: make(map[uint64][16]byte),
	}
	s.months = newMonths(t)
	s.frames = newFeed(ctx, t, framesName, b.Time)
	s.order = newFeed(ctx, t, orderName, b.Time)
	s.framesOut, s.runs.w = signal.NewRecordWriter(s.frames), s.order
	return s
}

// begin stores the first record.
func (s *storer) begin(info []byte) error {
	if _, err := s.order.WriteString(orderMagic); err != nil {
		return err
	}
	return s.frame(info)
}

// stream stores all records, the BackupInfo first. If they end too early or
// cannot be read on, what came before is kept.
func (s *storer) stream(records signal.Records) error {
	store := s.begin
	for {
		rec, err := records.Next()
		if err != nil {
			return s.ended(err)
		}
		if err := store(rec); err != nil {
			return err
		}
		store = s.record
		if s.report.Records&0xfff == 0 && s.ctx.Err() != nil {
			return s.ctx.Err()
		}
	}
}

// record stores a frame as it is.
func (s *storer) record(rec []byte) error {
	g := look(rec)
	if g.sure && g.item == itemField {
		if mayHaveFiles(rec) {
			f := new(signal.Frame)
			if err := signal.Unmarshal(rec, f); err != nil {
				s.damaged(err)
			} else {
				s.media.look(f)
			}
		}
		return s.message(g.chat, g.sent, rec)
	}
	f := new(signal.Frame)
	if err := signal.Unmarshal(rec, f); err != nil {
		s.damaged(err)
		return s.frame(rec)
	}
	s.media.look(f)
	return s.put(f, rec)
}

// damaged reports the record at hand.
func (s *storer) damaged(err error) {
	s.report.Damaged++
	s.report.lost(fmt.Errorf("record %d: %w", s.report.Records, err))
}

// made stores a frame that was made of something else.
func (s *storer) made(f *signal.Frame) error {
	s.rec = signal.Append(s.rec[:0], f)
	if len(s.rec) > signal.MaxRecord {
		s.damaged(fmt.Errorf("%w: %d bytes long", signal.ErrBadRecord, len(s.rec)))
		return nil
	}
	return s.put(f, s.rec)
}

// put stores the frame f, which is rec.
func (s *storer) put(f *signal.Frame, rec []byte) error {
	switch item := f.Item.(type) {
	case *signal.ChatItem:
		return s.message(item.ChatID, item.DateSent, rec)
	case *signal.Recipient:
		if key := ConversationKey(item); key != "" {
			s.people[item.ID] = conversationDir(key)
		}
	case *signal.Chat:
		s.chats[item.ID] = item.RecipientID
	case nil:
		s.report.Unknown++
	}
	return s.frame(rec)
}

// frame stores a record in frames.
func (s *storer) frame(rec []byte) error {
	s.report.Records++
	if err := s.runs.frame(); err != nil {
		return err
	}
	return s.framesOut.Write(rec)
}

// message stores a record of a chat.
func (s *storer) message(chat uint64, sent signal.Millis, rec []byte) error {
	s.report.Records++
	s.report.Messages++
	dir, known := s.people[s.chats[chat]]
	if !known {
		dir = conversationDir(unknownKey(chat))
	}
	p, off, size, err := s.months.add(s.ctx, dir, sent, rec)
	if err != nil {
		return err
	}
	return s.runs.chat(p, off, size)
}

// finish ends the files of records.
func (s *storer) finish() error {
	if err := s.runs.flush(); err != nil {
		return err
	}
	if err := s.months.finish(s.ctx); err != nil {
		return err
	}
	s.report.Conversations = int64(len(s.months.dirs))
	if timers := s.months.timers; len(timers) <= maxTimers {
		if err := s.file(timersName, appendTimers(nil, timers)); err != nil {
			return err
		}
	}
	if err := s.frames.end(nil); err != nil {
		return err
	}
	return s.order.end(nil)
}

// abandon ends the files of records after an error, if they are not ended.
func (s *storer) abandon(err error) {
	s.frames.end(err)
	s.order.end(err)
}

// seal stores the envelope, as the last file.
func (s *storer) seal() error {
	b := s.backup
	e := Envelope{
		Format: b.Format, Whole: s.whole, ID: b.ID, Time: b.Time, Size: b.size, Name: b.Name, Account: b.Account, Owner: b.Owner,
		Keys: b.keys, Metadata: b.metadata, Report: s.report,
	}
	raw, err := e.AppendBinary(nil)
	if err != nil {
		return err
	}
	return s.file(envelopeName, raw)
}

// cutShort notes that the original ends too early or cannot be read on.
func (s *storer) cutShort(err error) {
	s.report.Truncated, s.whole = true, false
	s.report.lost(err)
}

// ended says what the error at the end of a stream means for storing it.
func (s *storer) ended(err error) error {
	if err == io.EOF {
		return nil
	}
	if !errors.Is(err, signal.ErrTruncated) && !errors.Is(err, signal.ErrBadStream) {
		return err
	}
	if s.recheck != nil {
		if err := s.recheck(); err != nil {
			return err
		}
	}
	s.cutShort(err)
	return nil
}

// file stores a small file.
func (s *storer) file(name string, b []byte) error {
	return s.tree.Write(s.ctx, name, s.backup.Time, "", bytes.NewReader(b))
}
