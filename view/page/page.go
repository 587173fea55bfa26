// Package page writes a history as HTML pages: a month of a conversation, the
// overview of a conversation, its photos and videos, an account's start page,
// and what a search found.
//
// What always holds: a page is a pure function of its struct and nothing else
// (no clock, no zone of the machine, no order of a map), so the same struct
// gives the same bytes. A page has no script, no style attribute and no address
// outside its own tree except links that a person follows; its policy forbids
// all else. Strings that people chose reach a page only through html/template,
// which escapes them for the place where they stand.
//
// Pages link to each other by relative names: a conversation's pages stand in
// chats/<folder>/web/, the start page beside chats/, results two folders down.
package page

import (
	"time"

	"bakfs/view/chat"
)

// Format is the version of what the pages look like. It is another one whenever
// the same struct would give other bytes.
const Format = 1

// MaxMessages is how many messages one page holds: browsers get slow beyond it.
// The caller cuts a longer month into several Parts.
const MaxMessages = 5000

// A Part is one page of messages: a month, or a piece of a month that has more
// than MaxMessages.
type Part struct {
	Year   int
	Month  time.Month
	Number int // from 1
	Count  int // messages; -1: not known, and not shown
}

// A Footer says where a page comes from. What is empty is left out. A page's
// bytes depend on it: what changes with each backup makes each page a new file.
type Footer struct {
	Account string // "Jana Novak (+49 151 ••• 0142)"
	View    string // "merged from 37 backups", "backup of 31 May 2026, 03:00 +02:00"
	Source  string // name of the backup
	ID      string // what identifies it, with Source
}

// A Month is the page web/<Part.Name()> of a conversation.
type Month struct {
	Chat     *chat.Conversation
	Part     Part
	Parts    []Part // all of the conversation, oldest first, this one too
	Messages []*chat.Message
	Zone     *time.Location
	// Folders are those of the conversation's other folders ("text", "json",
	// "media", "voice", "files", "stickers", "contacts") that the page links to.
	Folders []string
	Avatar  string // name of the conversation's picture in its folder; "" for none
	// Resolve tells where a quoted message stands that is not found on this page, as
	// Places does; "" for nowhere. It may be nil.
	Resolve func(*chat.Quote) string
	Footer  Footer
}

// An Overview is the page web/index.html of a conversation, or web/<year>.html
// if Year is set.
type Overview struct {
	Chat     *chat.Conversation
	Year     int // 0: all years
	Parts    []Part
	Formerly []string // earlier names
	Zone     *time.Location
	Folders  []string // as in Month
	Avatar   string   // as in Month
	Footer   Footer
}

// A Gallery is the page web/media-<year>.html of a conversation, or
// web/media-<year>.<n>.html from the second on. There is one for each year that
// has a Part, even if it is empty.
type Gallery struct {
	Chat     *chat.Conversation
	Year     int
	Number   int             // from 1
	Of       int             // how many pages the year has
	Years    []int           // of the conversation, for links
	Messages []*chat.Message // of the year, in order; those without photos and videos are passed over
	Zone     *time.Location
	Page     func(*chat.Message) string // name of the page it is on; nil: that of its month
	Avatar   string                     // as in Month
	Footer   Footer
}

// An Entry is a conversation on the start page or in results.
type Entry struct {
	Chat     *chat.Conversation
	Folder   string // its folder's name in chats/
	Last     time.Time
	Newest   string   // name of its newest page in web/; "" if not known
	Count    int      // messages; -1: not known
	Formerly []string // earlier names
	Gone     bool     // not in the newest backup
	Avatar   string   // name of its picture in its folder; "" for none
}

// A ChatFolder is one of the folders into which a person sorted conversations.
type ChatFolder struct {
	Name    string // "" for the one of all conversations
	Entries []*Entry
	More    int // how many it has beyond Entries
}

// An Account is the page index.html of an account.
type Account struct {
	Name, Phone string
	Messages    int      // in the newest backup; 0: not known
	Entries     []*Entry // newest first; pinned and archived ones too
	Folders     []ChatFolder
	Links       []string // those of "text", "media", "timeline", "contacts", "calls.txt", "deleted", "search", "about.txt" that exist
	Zone        *time.Location
	Footer      Footer
}

// Results is the page search/<query>/results.html.
type Results struct {
	Query     string
	Hits      []Hit
	Truncated bool   // there are more
	Problem   string // why Query is no search
	Zone      *time.Location
	// Mark tells which bytes of a text the query is about, as sorted pairs of
	// start and end; nil: nothing is marked.
	Mark   func(string) [][2]int
	Footer Footer
}

// A Hit is a message that a search found.
type Hit struct {
	Message *chat.Message
	Entry   *Entry
	Page    string // name of its page in web/; "": that of its month
}
