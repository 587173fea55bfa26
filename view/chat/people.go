package chat

import (
	"errors"
	"io"
	"iter"

	"bakfs/signal"
)

// People are the persons and conversations of one backup, and what makes its
// items into messages. It does not change any more: all its methods may be
// called at the same time, and what they return must not be changed.
type People struct {
	owner    *Person
	account  *signal.Account
	persons  []*Person // each once, in the order of the backup
	byID     map[uint64]*Person
	byACI    map[signal.ServiceID]*Person
	byPNI    map[signal.ServiceID]*Person // 16 bytes
	chats    []*Conversation              // each once, in the order of the backup
	byChat   map[uint64]*Conversation
	byDest   map[uint64]*Conversation // by recipient
	folders  []Folder
	packs    []string
	linkCall []*Message
}

// A Folder is a tab of the list of chats.
type Folder struct {
	Name  string          // "" for the one with all chats
	Chats []*Conversation // the first; all of them where there are not very many
	More  int             // how many there are beyond them
}

// ReadPeople makes People of the records of a backup, BackupInfo first. Items of
// chats are passed over, so both a whole backup and its head will do. owner is
// the ACI of the account if it is known, else "". A record that is damaged is
// left out; the error is that of the records.
func ReadPeople(records signal.Records, owner signal.ServiceID) (*People, error) {
	r, err := signal.NewReader(records)
	if err != nil && !errors.Is(err, signal.ErrUnknownVersion) {
		return nil, err
	}
	h := newHead(owner)
	h.taken = r.Info().BackupTimeMs
	for {
		f, err := r.Next()
		if err == io.EOF {
			return h.people(), nil
		}
		if err != nil {
			return nil, err
		}
		h.add(f)
	}
}

// NewPeople makes People of frames, in the order of the backup; see ReadPeople.
func NewPeople(frames iter.Seq[*signal.Frame], owner signal.ServiceID) *People {
	h := newHead(owner)
	for f := range frames {
		h.add(f)
	}
	return h.people()
}

// Owner returns the account's owner.
func (p *People) Owner() *Person { return p.owner }

// Account returns the record of the account; it is never nil.
func (p *People) Account() *signal.Account { return p.account }

// Persons returns everybody who has a record, the owner too, in the order of
// the backup.
func (p *People) Persons() []*Person { return p.persons }

// Conversations returns all conversations in the order of the backup.
func (p *People) Conversations() []*Conversation { return p.chats }

// Folders returns the tabs of the list of chats.
func (p *People) Folders() []Folder { return p.folders }

// StickerPacks returns the ids of the installed sticker packs, in hex.
func (p *People) StickerPacks() []string { return p.packs }

// LinkCalls returns the calls that were made through links. They belong to no
// chat: their Chat stands for the link, and is not among the conversations.
func (p *People) LinkCalls() []*Message { return p.linkCall }

// Person returns who a recipient is; for one without a record somebody unknown.
func (p *People) Person(id uint64) *Person {
	if who := p.byID[id]; who != nil {
		return who
	}
	return stranger(id)
}

// PersonOf returns whose account a service id names, or nil if it is empty;
// for one without a record somebody unknown.
func (p *People) PersonOf(id signal.ServiceID) *Person {
	if who := p.byACI[id]; who != nil {
		return who
	}
	if len(id) == 0 {
		return nil
	}
	if len(id) == 17 {
		if who := p.byPNI[id[1:]]; who != nil {
			return who
		}
	}
	return outsider(id)
}

// Conversation returns the conversation of a chat; for one without a record an
// unknown one.
func (p *People) Conversation(chat uint64) *Conversation {
	if c := p.byChat[chat]; c != nil {
		return c
	}
	return unknownChat(chat)
}
