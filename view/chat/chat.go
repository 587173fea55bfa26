// Package chat is a Signal history as people see it: persons, conversations,
// and messages whose names are resolved, whose ranges are cut, and whose events
// are said in words. Everything that shows messages (text, pages, JSON) is made
// from it. NewPeople and ReadPeople take in the records that come before the
// messages of a backup; then (*People).Message makes a Message of each item.
//
// What always holds: a value is a pure function of the records it was made
// from; nothing here reads a clock, and no record makes it panic or grow beyond
// a small multiple of its size: what the names of mentions add is bounded by the text.
// Strings that people chose are as they chose them, valid UTF-8 and otherwise
// hostile: whoever writes them out escapes them. Names are cut at 1024 bytes.
package chat

import (
	"time"

	"bakfs/signal"
)

// A Person is somebody who takes part in an account's conversations. Two values
// with one Key are one person.
type Person struct {
	Key      string // "self", "release", "aci:<uuid>", "pni:<uuid>", "e164:+<digits>"; "id:<n>" for one without any identity
	Self     bool
	ACI      string // UUID; "" if not known
	Phone    string // "+" and digits; "" if not known
	Username string
	Name     string // as Signal shows it: nickname, address book, profile, shared name, phone, username, "Unknown"
	Given    string // the first part of the name, for short mentions; Name where there is none
	Contact  *signal.Contact
}

// A Form is what a conversation is between.
type Form uint8

// The forms of conversations.
const (
	Direct Form = 1 + iota
	Group
	NoteToSelf
	ReleaseNotes
	Unknown // its recipient is missing or of a kind that cannot have one
)

// A Conversation is one chat of an account.
type Conversation struct {
	Key         string // of the person, or "group:<32 hex>"; the same in all backups
	Form        Form
	Name        string  // title, or the person's name; "Note to Self"
	Person      *Person // of a direct chat
	Members     []Member
	Description string
	Pinned      uint32 // place among the pinned ones, from 1; 0: not pinned
	Archived    bool
	TimerMs     uint64 // of disappearing messages; 0: off
	Muted       bool
}

// A Member is a member of a group.
type Member struct {
	Person *Person
	Admin  bool
	Label  string
}

// A Direction says which way a message went.
type Direction uint8

// The directions. An Event is an update or a call that nobody wrote.
const (
	In Direction = 1 + iota
	Out
	Event
)

// A Kind is what a message holds.
type Kind uint8

// The kinds of messages.
const (
	Standard     Kind = 1 + iota // Text, Attachments, Previews, Quote
	Card                         // Card
	Sticker                      // Sticker
	Deleted                      // for everyone, by its author
	AdminDeleted                 // by By
	ViewOnce                     // Attachments where it is still there
	Poll                         // Poll
	Payment                      // Words, Payment
	Gift                         // Words
	StoryReply                   // Text, or Emoji
	Update                       // Words; Call for calls
	Other                        // of a newer app; Words says so
)

// A Message is one message or event of a conversation.
type Message struct {
	ID      string // 16 hex digits of SHA-256 over conversation, author, First and, for events, their kind: the same in all backups
	Chat    *Conversation
	Author  *Person // nil for events of nobody only
	Kind    Kind
	Dir     Direction
	First   signal.Millis // when it was sent: of the first version. Messages are shown and ordered by it
	Sent    signal.Millis // of the newest version
	Got     signal.Millis // when it was received; 0: not known
	SMS     bool
	Text    *Text
	Quote   *Quote
	Files   []File // attachments, in order
	Links   []Link
	Card    *ContactCard
	Sticker *StickerFile
	Poll    *PollState
	Call    *CallState
	Payment *signal.Payment
	Emoji   string  // of a reaction to a story
	By      *Person // who deleted it
	Words   string  // what it says, in English, one line; names in it are as people chose them
	Event   string  // which event an Event is: the name that the format has for it; "" for what somebody wrote

	Reactions []Reaction
	Versions  []Version // earlier versions, oldest first; the newest is the message itself
	Status    []Delivery
	Pinned    bool
	PinnedBy  *Person       // nil: no backup says who pinned it
	ExpiresMs uint64        // its timer; 0: none
	Expires   signal.Millis // when the timer runs out; 0: none, or it has not begun

	Past Past
	Raw  *signal.ChatItem // the newest version as it was stored

	said Text // what Text points to, mostly
}

// Past is what only several backups together tell. Package history fills it in.
type Past struct {
	FirstSeen, LastSeen string   // labels of the backups, "" when there is only one
	Gone                Gone     // why the newest backup does not have it
	Kept                *Version // what a message said that has since been deleted for everyone
	KeptFrom            string   // label of the backup that had Kept
	KeptTime            signal.Millis
}

// Gone says why a message is not in the newest backup.
type Gone uint8

// The reasons.
const (
	Here        Gone = iota // it is there
	GoneExpired             // its timer ran out
	GoneChat                // the whole conversation is gone
	GoneTrimmed             // everything before a date is gone from it
	GoneMessage             // this message was deleted on the phone
)

// A Version is what a message said before it was edited.
type Version struct {
	Sent  signal.Millis
	Text  *Text
	Files []File
	Links []Link
	Quote *Quote
}

// A Text is a text with its styles and mentions. Mentions are already replaced
// by "@" and the person's name.
type Text struct {
	Plain string
	Spans []Span // sorted by Start, then longest first; they may overlap
	Cut   bool   // only the beginning is here; see Complete
	Long  *File  // the file that has all of it, if there is one

	marks []mark // with Long: the ranges, which may lie beyond the beginning
}

// A Span is a range of bytes of Plain, at the borders of characters.
type Span struct {
	Start, End int
	Style      signal.Style // StyleNone for a mention
	Mention    *Person
}

// A File is an attachment or another file that a message points to.
type File struct {
	Kind    FileKind
	Flag    signal.AttachmentFlag
	Name    string // the sender's name for it; "" if none
	MIME    string // what the sender called it
	Hash    string // 64 hex digits of the SHA-256 of its bytes; "" if they were never in the backup, or see Retired
	Retired string // what the phone's store called it, where the message tells that and no hash; history finds the hash
	Claimed int64  // the size the sender told; for files that are not there
	Width   uint32
	Height  uint32
	Caption string
	Blur    string // blurhash
	Index   int    // place among the message's files, from 0

	// What the archive knows; history fills it in.
	Size  int64         // bytes; -1: it is not there
	Sniff string        // the MIME type its bytes have; "" unknown
	Long  time.Duration // of sound and film; 0: not known
	Lost  bool          // with Size -1: a backup has it, or may have it, but what says where it is there cannot be read
	Left  bool          // without Path: a backup has it, and the view was asked to leave it out
	// Path is where views have it, relative to the conversation's folder: "media/…", "voice/…", "files/…",
	// "stickers/…"; "" if it is not there. The last part is the name in media/ of the account too.
	Path string
}

// A FileKind says how a file is shown.
type FileKind uint8

// The kinds of files.
const (
	Photo FileKind = 1 + iota
	Video
	GIF
	Voice
	Audio
	Document
	StickerImage
	Thumbnail // of a quote or link
	LongText
)

// A Quote is the message that a message answers.
type Quote struct {
	Author *Person
	Sent   signal.Millis // of the quoted message; 0: it was not found
	Text   *Text
	Kind   signal.QuoteType
	Files  []QuotedFile
}

// A QuotedFile is a file of a quoted message.
type QuotedFile struct {
	Name, MIME string
	Thumbnail  *File
}

// A Link is the preview of a link.
type Link struct {
	URL, Title, Description string
	Date                    signal.Millis
	Image                   *File
}

// A ContactCard is a card that was sent.
type ContactCard struct {
	Name   string
	Card   *signal.ContactCard
	Avatar *File
	Path   string // "contacts/…vcf" in the conversation's folder
}

// A StickerFile is a sticker.
type StickerFile struct {
	Emoji string
	File  File
}

// A PollState is a poll and its votes.
type PollState struct {
	Question string
	Multiple bool
	Ended    bool
	Options  []PollOption
}

// pollOptions is how many options a poll of the apps can have.
const pollOptions = 10

// Listed returns how many voters of each option views name: all together as many as vote
// for all options in the largest group.
func (p *PollState) Listed() int {
	return min(MaxListed, pollOptions*MaxListed/max(1, len(p.Options)))
}

// A PollOption is one answer of a poll.
type PollOption struct {
	Text   string
	Voters []*Person
}

// A CallState is a call.
type CallState struct {
	Group   bool
	Video   bool
	Out     bool
	Missed  bool // or declined, or not answered
	Started signal.Millis
	Ended   signal.Millis // 0: not known
	By      *Person
	// One word for calls.csv: "accepted", "declined", "unanswered", "missed"; of a group call also "started",
	// "joined", "ringing" or "unknown".
	State string
}

// A Reaction is one person's reaction to a message.
type Reaction struct {
	Emoji string
	By    *Person
	Sent  signal.Millis
}

// A Delivery is how far a message came to one person.
type Delivery struct {
	To    *Person
	State string // "pending", "sent", "delivered", "read", "viewed", "skipped", "failed"; "unknown" for one of a newer app
	Time  signal.Millis
}
