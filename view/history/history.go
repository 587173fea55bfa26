// Package history is one account over all its stored backups: conversations with
// their newest names, and messages as all backups together tell of them. Who was
// renamed is one person, a message that was edited between two backups is one
// message, and what the newest backup does not have any more is still there and
// says why.
//
// What always holds:
//   - What is returned is a pure function of the backups and the options. No clock
//     is read, and what was asked before makes no difference.
//   - Each message is in exactly one month, and in each list once.
//   - Nothing is read before it is needed, no content twice because two backups have
//     it, and never the content of media, but for long texts. Memory is bounded by what
//     one month of one conversation takes, by the index of files, and by the caches. A month
//     takes no more than the limits say, whatever a backup holds; an event says what is left out.
//   - Everything may be used at the same time. What is returned is shared and must
//     not be changed. A History goes on working when another takes its place.
//   - What cannot be read is an error for the month it belongs to, or a Damage where
//     other backups have the month too; it hides nothing else.
package history

import (
	"cmp"
	"context"
	"errors"
	"hash/maphash"
	iofs "io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"bakfs/signal"
	"bakfs/signal/archive"
	"bakfs/view/chat"
	"bakfs/view/memo"
	"bakfs/view/name"
)

// ErrNoBackup is returned where there is no backup at all.
var ErrNoBackup = errors.New("no backup of this account can be read")

// A Backup is one stored backup of the account.
type Backup struct {
	Label string    // what people call it; no two are equal
	Time  time.Time // when it was made
	// Entered is when it was stored; zero: at Time. Names go by it: what is stored later, of whatever date, takes
	// none from what has it.
	Entered time.Time
	// FS is the folder that package archive wrote. Its FileInfo may have
	// ContentID() ([32]byte, bool), equal for equal content, and it may have
	// WithContext(ctx) io/fs.FS and Xattrs(name), as snapshots have.
	FS iofs.FS
}

// Options say what is shown. The zero value is UTC and what most people want.
type Options struct {
	Zone          *time.Location // in which months and days are cut; nil: UTC
	Names         name.Style
	OriginalNames bool                     // of attachments, without the date in front
	ShowExpired   bool                     // also messages whose timer ran out, and media that could be seen once
	HideDeleted   bool                     // as on the phone: nothing that the newest backup does not have
	From, To      time.Time                // only messages sent from then on, and before then; zero: all
	Only          func(*Conversation) bool // only these conversations, and no calls through links; nil: all
	Filled        bool                     // only conversations of which there are messages to show
	AsOf          time.Time                // when timers run out; zero: at the time of the newest backup
	Cache         *Cache                   // nil: one of 48 MiB for this History alone
	Account       string                   // whose history it is, where backups may say it differently; "": as the newest says
	Passing       bool                     // one of very many: what it remembers is forgotten when others in Cache need the room
	// Lasting says if an error of an FS will stay, so that what it concerns may be left out and reported where other
	// backups help. For others, as that a cloud is not reachable, the whole call fails and may be tried again.
	// nil: only that a file is missing.
	Lasting func(error) bool
}

// A Cache is what any number of Histories keep of messages and media together. It
// is safe for concurrent use.
type Cache struct {
	months *memo.Memo[monthKey, []*chat.Message]
	files  *memo.Memo[fileKey, []byte]
	media  *memo.Memo[mediaKey, stored]
	timers *memo.Memo[fileKey, bool]

	passing passing
}

const (
	messageRoom = 48 << 20
	fileRoom    = 8 << 20
	smallRoom   = 16 << 20
	maxPeople   = 8       // eras
	maxMonths   = 1 << 18 // of which it is remembered whether anything in them is shown
)

// NewCache returns a cache that keeps about so many bytes of messages, and three times
// as many of the outlines of Histories with Options.Passing.
func NewCache(room int64) *Cache {
	return &Cache{
		months: memo.New[monthKey, []*chat.Message](room),
		files:  memo.New[fileKey, []byte](fileRoom),
		media:  memo.New[mediaKey, stored](smallRoom),
		timers: memo.New[fileKey, bool](smallRoom),

		passing: passing{room: 3 * room},
	}
}

// A History is one account over all its backups.
type History struct {
	backups []Backup // oldest first
	o       Options
	seed    maphash.Seed
	id      *identity
	cache   *Cache
	ranks   []int // of each backup: how many were stored before it
	limits  limits

	outline   *memo.Memo[struct{}, *outline]
	people    *memo.Memo[int, *chat.People] // by era
	archives  *memo.Memo[int, *archive.Archive]
	originals *memo.Memo[string, map[string]string]
	avatars   *memo.Memo[struct{}, map[string]*Avatar]
	disappear *memo.Memo[int, *timers] // by backup
	shown     *memo.Memo[monthKey, bool]
	filled    *memo.Memo[struct{}, []*Conversation]

	mu     sync.Mutex
	damage damages
}

// An identity tells a History apart from others in a Cache, and does not keep it.
type identity struct{ _ byte }

// New makes the history of one account of its backups, oldest first. Nothing is
// read yet. With one backup it is that backup as it is.
func New(backups []Backup, o Options) *History {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Cache == nil {
		o.Cache = NewCache(messageRoom)
	}
	if o.AsOf.IsZero() && len(backups) > 0 {
		o.AsOf = backups[len(backups)-1].Time
	}
	return &History{
		backups: backups, o: o, seed: maphash.MakeSeed(), id: new(identity), cache: o.Cache, ranks: ranksOf(backups), limits: usual,
		outline:   memo.New[struct{}, *outline](1),
		people:    memo.New[int, *chat.People](maxPeople),
		archives:  memo.New[int, *archive.Archive](int64(len(backups))),
		originals: memo.New[string, map[string]string](smallRoom),
		avatars:   memo.New[struct{}, map[string]*Avatar](1),
		disappear: memo.New[int, *timers](int64(len(backups))),
		shown:     memo.New[monthKey, bool](maxMonths),
		filled:    memo.New[struct{}, []*Conversation](1),
	}
}

// Stored returns when a backup was stored.
func (b Backup) Stored() time.Time {
	if b.Entered.IsZero() {
		return b.Time
	}
	return b.Entered
}

// ranksOf returns for each of some backups how many of them were stored before it.
func ranksOf(backups []Backup) []int {
	order, ranks := make([]int, len(backups)), make([]int, len(backups))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return backups[i].Stored().Compare(backups[j].Stored()) })
	for rank, i := range order {
		ranks[i] = rank
	}
	return ranks
}

// Options returns the options, complete.
func (h *History) Options() Options { return h.o }

// Backups returns what New was given.
func (h *History) Backups() []Backup { return h.backups }

// An Account is whose history it is.
type Account struct {
	Key      string // the account's name in a repository: its ACI, number, or made up; the same in all backups
	Person   *chat.Person
	Record   *signal.Account // the newest; secrets are among its fields
	Folders  []chat.Folder   // tabs of the list of chats, of the newest backup; their Conversations have the Keys of those here
	Envelope *archive.Envelope
}

// Account returns whose history it is, as the newest backup tells.
func (h *History) Account(ctx context.Context) (*Account, error) {
	f, err := h.theOutline(ctx)
	if err != nil {
		return nil, err
	}
	p, err := h.peopleOf(ctx, f, 0)
	if err != nil {
		return nil, err
	}
	owner, key := p.Owner(), cmp.Or(h.o.Account, f.envelope.Account)
	if owner.Phone == "" && strings.HasPrefix(key, "+") { // the records of no format have a place for it
		with := *owner
		with.Phone = key
		owner = &with
	}
	return &Account{Key: key, Person: owner, Record: p.Account(), Folders: p.Folders(), Envelope: f.envelope}, nil
}

// Persons returns everybody whom any backup knows, each once, with their newest
// names: those of the newest backup in its order, then the others.
func (h *History) Persons(ctx context.Context) ([]*chat.Person, error) {
	f, err := h.theOutline(ctx)
	if err != nil {
		return nil, err
	}
	var all []*chat.Person
	have := map[string]bool{}
	for era := range f.eras {
		p, err := h.peopleOf(ctx, f, era)
		if err != nil {
			return nil, err
		}
		for _, who := range p.Persons() {
			if !have[who.Key] {
				have[who.Key] = true
				all = append(all, who)
			}
		}
	}
	return all, nil
}

// lasting reports whether what err is about may be left out.
func (h *History) lasting(err error) bool {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return false
	case errors.Is(err, iofs.ErrNotExist), errors.Is(err, signal.ErrBadStream), errors.Is(err, signal.ErrBadRecord),
		errors.Is(err, signal.ErrTruncated), errors.Is(err, archive.ErrArchive):
		return true
	}
	return h.o.Lasting != nil && h.o.Lasting(err)
}
