package main

import (
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"bakfs/signal"
	"bakfs/signal/archive"
	"bakfs/snapshot"
	"bakfs/store"
	"bakfs/view"
	"bakfs/view/history"
	"bakfs/view/name"

	"github.com/spf13/pflag"
)

const messagesHelp = `Messages of Signal backups are shown as files: text to grep, web pages, JSON and
media; all backups of an account together in messages/, one as it was in
snapshots/<name>/messages/. Messages whose disappearing timer has run out are not
shown unless you say --expired show.`

// messageFlags say how messages are shown.
type messageFlags struct {
	zone, names, mediaNames, expired, deleted string
}

func (f *messageFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.zone, "tz", "", "`ZONE` for days and times of messages, like Europe/Vienna (this machine's)")
	flags.StringVar(&f.names, "names", "portable", "names of conversations and media: `STYLE` portable, unix or ascii")
	flags.StringVar(&f.mediaNames, "media-names", "dated", "`HOW` media are called: dated or original")
	flags.StringVar(&f.expired, "expired", "hide", "messages whose timer has run out: `show` or hide")
	flags.StringVar(&f.deleted, "deleted", "show", "messages that were deleted since: show or `hide`")
}

// args are the flags as another process of bakfs takes them.
func (f *messageFlags) args() []string {
	return []string{"--tz=" + f.zone, "--names=" + f.names, "--media-names=" + f.mediaNames, "--expired=" + f.expired, "--deleted=" + f.deleted}
}

// localZone is this machine's zone under its own name, which pages and about.txt
// tell: "Local" would be another one on another machine. tz is the environment's TZ.
func localZone(tz string) *time.Location {
	name := strings.TrimPrefix(tz, ":")
	if name == "" {
		name, _ = os.Readlink("/etc/localtime")
	}
	if _, below, ok := strings.Cut(name, "zoneinfo/"); ok {
		name = below
	}
	now := time.Now()
	if z, err := time.LoadLocation(name); err == nil && name != "" {
		_, want := now.Local().Zone()
		if _, got := now.In(z).Zone(); got == want {
			return z
		}
	}
	if _, offset := now.Local().Zone(); offset == 0 {
		return time.UTC
	}
	return time.Local
}

// oneOf reads a flag that has two words: true for the first.
func oneOf(flag, value, first, second string) (bool, error) {
	if value != first && value != second {
		return false, usagef("--%s %s: it is %s or %s", flag, quote(value), first, second)
	}
	return value == first, nil
}

// newMessages shows messages as most people want them.
func newMessages(zone *time.Location) *messages {
	return &messages{zone: zone, cache: view.NewCache(renderedRoom), read: history.NewCache(readRoom), frozen: map[string]*view.Messages{}, single: map[string]*history.History{}, merged: map[string]*history.History{}}
}

// messages reads the flags.
func (f *messageFlags) messages() (*messages, error) {
	m := newMessages(localZone(os.Getenv("TZ")))
	var err error
	if f.zone != "" {
		if m.zone, err = time.LoadLocation(f.zone); err != nil {
			return nil, fail(exitUsage, fmt.Errorf("--tz %s: there is no such zone", quote(f.zone)), "for example Europe/Vienna, America/New_York or UTC")
		}
	}
	if m.names, err = name.ParseStyle(f.names); err != nil {
		return nil, usagef("--names %s: it is portable, unix or ascii", quote(f.names))
	}
	if m.originalNames, err = oneOf("media-names", f.mediaNames, "original", "dated"); err != nil {
		return nil, err
	}
	if m.showExpired, err = oneOf("expired", f.expired, "show", "hide"); err != nil {
		return nil, err
	}
	if m.hideDeleted, err = oneOf("deleted", f.deleted, "hide", "show"); err != nil {
		return nil, err
	}
	return m, nil
}

// How many bytes of rendered files, and of messages, a mount keeps.
const (
	renderedRoom = 24 << 20
	readRoom     = 8 << 20 // rendered files are what is asked for again; more here only makes the collector work
)

// messages shows the messages of snapshots. Its methods may be called at the same time.
type messages struct {
	zone          *time.Location
	names         name.Style
	originalNames bool
	showExpired   bool
	hideDeleted   bool
	from, to      time.Time                               // only messages sent from then on, and before then; zero: all
	only          func(*history.Conversation) bool        // nil: all conversations
	filled        bool                                    // no conversations without messages
	without       []string                                // as of view.Options
	lazy          bool                                    // for a mount
	private       bool                                    // for one that its owner alone sees
	snapshots     func() []snapshot.Info                  // all, as List has them, to know which came before one; nil: not known
	open          func(snapshot.Info) iofs.FS             // with snapshots
	join          func([]snapshot.Info) map[string]string // which sources are of which better known account; nil: not known
	cache         *view.Cache
	read          *history.Cache

	mu     sync.Mutex
	joined map[string]string // what join said last
	top    *view.Messages
	frozen map[string]*view.Messages
	single map[string]*history.History // those of frozen
	merged map[string]*history.History // by the backups that it is of
}

func (m *messages) viewOptions() view.Options {
	return view.Options{Zone: m.zone, Names: m.names, Expired: m.showExpired, HideDeleted: m.hideDeleted, Lazy: m.lazy, Private: m.private, Lasting: lasting, Without: m.without, Cache: m.cache}
}

// lasting says which errors of the repository stay, so that what they are about is
// left out, and told, and all else is shown. Those of a disk or a process that is short of something go
// away. A pack that is not there may come with the next sync; until then the rest is
// worth more than an error for all of it.
func lasting(err error) bool {
	for _, bad := range []error{store.ErrDamaged, store.ErrMissing, archive.ErrArchive, signal.ErrBadStream, signal.ErrBadRecord, signal.ErrTruncated, iofs.ErrNotExist} {
		if errors.Is(err, bad) {
			return true
		}
	}
	return false
}

// history is that of some backups of one account, oldest first. Timers have run out
// as of a moment: zero is that of the newest of the backups. account is whose they are
// if they may say it differently, else "".
func (m *messages) history(backups []history.Backup, asOf time.Time, account string) *history.History {
	return history.New(backups, history.Options{Account: account, Zone: m.zone, Names: m.names, OriginalNames: m.originalNames,
		ShowExpired: m.showExpired, HideDeleted: m.hideDeleted, Passing: asOf.IsZero(), AsOf: asOf, From: m.from, To: m.to, Only: m.only, Filled: m.filled, Cache: m.read,
		Lasting: lasting})
}

// backup is what a history needs of a snapshot; false if it is none of Signal.
func backupOf(info snapshot.Info, label string, tree iofs.FS) (history.Backup, bool) {
	if info.Kind != snapshot.Signal || len(info.Sources) != 1 {
		return history.Backup{}, false
	}
	at := newLate(tree, strings.TrimPrefix(info.Sources[0], "/"))
	return history.Backup{Label: label, Time: info.Date(), Entered: info.Time, FS: at}, true
}

// histories are all accounts, each over all its backups. One whose backups are the
// same as last time is the same History. Nothing is read.
func (m *messages) histories(infos []snapshot.Info, open func(snapshot.Info) iofs.FS) []*history.History {
	m.mu.Lock()
	defer m.mu.Unlock()
	names := snapshot.Names(infos, m.zone)
	if m.join != nil {
		m.joined = m.join(infos)
	}
	backups, keys := map[string][]history.Backup{}, map[string]string{}
	var order []string
	for i, info := range infos {
		b, ok := backupOf(info, names[i], open(info))
		if !ok {
			continue
		}
		account := m.account(info)
		if backups[account] == nil {
			order = append(order, account)
		}
		backups[account] = append(backups[account], b)
		keys[account] += info.ID.String() + names[i] + "\x00"
	}
	next := map[string]*history.History{}
	var all []*history.History
	for _, account := range order {
		h := m.merged[keys[account]]
		if h == nil {
			h = m.history(backups[account], time.Now(), strings.TrimPrefix(account, signalRoot+"/"))
		}
		next[keys[account]] = h
		all = append(all, h)
	}
	m.merged = next
	return all
}

// account is the source that stands for the account of a snapshot. m.mu is held.
func (m *messages) account(info snapshot.Info) string {
	if other := m.joined[info.Sources[0]]; other != "" {
		return other
	}
	return info.Sources[0]
}

// known are the histories that were asked for so far.
func (m *messages) known() []*history.History {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := slices.Collect(maps.Values(m.merged))
	return append(all, slices.Collect(maps.Values(m.single))...)
}

// tellDamage says what histories could not read where other backups helped, or
// nothing did: it is missing in what was shown.
func (p *program) tellDamage(histories []*history.History) error {
	n := 0
	for _, h := range histories {
		for _, d := range h.Damage() {
			n++
			p.warn("%s of the backup of %s: %v", quote(d.Path), d.Backup, d.Err)
		}
	}
	if n == 0 {
		return nil
	}
	return fail(exitDamaged, fmt.Errorf("%s of the stored messages could not be read; what other backups have of them, and all the rest, is there", count(uint64(n), "part", "parts")),
		"`bakfs check --read-data` finds what is damaged in the repository")
}

// all is the folder messages/ over all snapshots, which are as List has them.
func (m *messages) all(infos []snapshot.Info, open func(snapshot.Info) iofs.FS) iofs.FS {
	histories := m.histories(infos, open)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.top == nil {
		m.top = view.NewMessages(m.viewOptions())
	}
	m.top.Set(histories...)
	return m.top.FS()
}

// leaveEmpty takes the accounts without messages out of what all or of has made. ok is false
// if none is left. One that cannot be read stays.
func (m *messages) leaveEmpty(ctx context.Context) (ok bool, err error) {
	var some []*history.History
	for _, h := range m.known() {
		months, err := h.AllMonths(ctx)
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		if err != nil || len(months) > 0 {
			some = append(some, h)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.top != nil {
		m.top.Set(some...)
	}
	return len(some) > 0, nil
}

// of is the folder messages/ of one snapshot, frozen; nil if it has none.
func (m *messages) of(info snapshot.Info, tree iofs.FS) iofs.FS {
	b, ok := backupOf(info, info.Date().In(m.zone).Format("2006-01-02_1504"), tree)
	if !ok {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	id := info.ID.String()
	if m.frozen[id] == nil {
		o := m.viewOptions()
		o.Frozen, o.Scope = true, id
		m.single[id] = m.history([]history.Backup{b}, time.Time{}, "")
		o.Since = m.since(info, b, m.single[id].Options())
		m.frozen[id] = view.NewMessages(o)
		m.frozen[id].Set(m.single[id])
	}
	return m.frozen[id].FS()
}

// since is the history of the account's backup before one and it. Nothing is read.
func (m *messages) since(info snapshot.Info, b history.Backup, o history.Options) *history.History {
	if m.snapshots == nil {
		return nil
	}
	pair := []history.Backup{b}
	infos := m.snapshots()
	names := snapshot.Names(infos, m.zone)
	for i, other := range infos {
		if other.ID == info.ID {
			pair[len(pair)-1].Label = names[i]
			break
		}
		if before, ok := backupOf(other, names[i], m.open(other)); ok && other.Sources[0] == info.Sources[0] {
			pair = []history.Backup{before, b}
		}
	}
	o.HideDeleted = false
	return history.New(pair, o)
}

// A kept is a tree that is made once and kept: it remembers what it found out.
type kept struct {
	open func() (iofs.FS, error)

	mu   sync.Mutex
	tree iofs.FS
}

func (k *kept) get() (iofs.FS, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.tree == nil {
		tree, err := k.open()
		if err != nil {
			return nil, err
		}
		k.tree = tree
	}
	return k.tree, nil
}

// original is the folder signal/ of one snapshot: signal/<account>/restore/ has the
// backup as Signal wrote it.
func original(info snapshot.Info, tree iofs.FS) iofs.FS {
	account := strings.TrimPrefix(info.Sources[0], signalRoot+"/")
	where := info.ID.String()
	made := &kept{open: func() (iofs.FS, error) {
		a, err := archive.Open(newLate(tree, strings.TrimPrefix(info.Sources[0], "/")))
		if err != nil {
			return nil, err
		}
		return a.Original(context.Background()) // its calls are bound to a context by each that makes them
	}}
	restore := limb{"restore", func(context.Context) (iofs.FS, error) { return made.get() }}
	return newBranch(where+"/signal", info.Date(), limb{account, func(context.Context) (iofs.FS, error) {
		return newBranch(where+"/signal/"+account, info.Date(), restore), nil
	}})
}

// show makes a mount's forest show messages.
func (m *messages) show(forest *snapshot.Forest) {
	m.lazy = true
	forest.Location = m.zone
	forest.Top = func(infos []snapshot.Info, open func(snapshot.Info) iofs.FS) []snapshot.ExtraDir {
		for _, info := range infos {
			if info.Kind == snapshot.Signal {
				return []snapshot.ExtraDir{{Name: "messages", FS: m.all(infos, open), About: view.About}}
			}
		}
		return nil
	}
	forest.Beside = func(info snapshot.Info, tree iofs.FS) []snapshot.ExtraDir {
		if info.Kind != snapshot.Signal || len(info.Sources) != 1 {
			return nil
		}
		return []snapshot.ExtraDir{{Name: "messages", FS: m.of(info, tree)}, {Name: "signal", FS: original(info, tree)}}
	}
}
