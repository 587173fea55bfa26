// Package view shows a history of messages as a tree of files that people and
// programs know how to use: text, web pages, JSON and media with names and dates.
//
// What always holds:
//   - a file is a pure function of the backups and the options: no clock, nothing
//     random; the same bytes each time;
//   - the size that stat tells is exactly what reading gives;
//   - a file is one inode wherever it stands, and other bytes are another inode;
//   - listing a folder renders nothing in it, and opening a conversation reads only
//     that conversation;
//   - all names in a folder differ, also where case is folded;
//   - what cannot be read is an error for the files that show it, and hides no other.
//
// Memory is bounded by the Cache, and by what a few renderings take at one time.
//
// A conversation's folders are all there always, and some may be empty: which are is
// known only to who has read all of it. A month in which every message is hidden,
// because its timer ran out, is nowhere. deleted/ is empty where there is one backup.
// Former names of conversations are links that are not listed.
package view

import (
	"cmp"
	"context"
	iofs "io/fs"
	"slices"
	"sync"
	"time"

	"bakfs/view/history"
	"bakfs/view/name"
)

// Options say how trees are made. The zero value is what most people want.
type Options struct {
	Zone  *time.Location // as of the History; nil: UTC
	Names name.Style     // as of the History
	// Expired and HideDeleted are those of the History too; about.txt tells them.
	Expired, HideDeleted bool
	// Frozen says that the tree never changes, as that of one backup does: the kernel may then keep what it knows.
	Frozen bool
	// Lazy is for mounts: entries of a listing whose size takes work answer Info with ErrLater.
	Lazy bool
	// Private is for mounts that only their owner sees: nobody else may read what is copied out of them with its mode.
	Private bool
	// Scope tells inode numbers of one tree from those of others of one mount that show the same account.
	Scope string
	// Lasting is that of the History: which errors will stay, so that what they are about may be left out.
	Lasting func(error) bool
	// Since is, for the tree of one backup, the history of the one before and it, or of it alone if it is the first:
	// then CHANGES.txt tells what is new. nil: there is no such file.
	Since *history.History
	// Without are folders and files that are left out, and that pages do not link to: of an account, like "search", and
	// with "chats/" in front of each conversation, like "chats/media".
	Without []string
	Cache   *Cache // nil: one of its own
}

// cacheRoom is for rendered bytes.
const cacheRoom = 64 << 20

func (o Options) filled() Options {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Cache == nil {
		o.Cache = NewCache(cacheRoom)
	}
	return o
}

// Account returns the folder of one account, which does not change. It has what
// package fs asks of a tree: the interfaces of io/fs, WithContext and Volatile, and
// files with ReadAt(ctx, p, off). Nothing is read yet.
func Account(h *history.History, o Options) iofs.FS {
	o.Frozen = true
	t := &tree{lazy: o.Lazy, private: o.Private}
	t.replace(newAccount(h, o.filled()).dir(newKey("account", o.Scope).number()))
	return newFolder(t)
}

// Messages is the folder messages/: one folder for each account.
type Messages struct {
	o    Options
	tree *tree

	mu       sync.Mutex
	accounts map[*history.History]*account
}

// NewMessages returns an empty folder.
func NewMessages(o Options) *Messages {
	o = o.filled()
	m := &Messages{o: o, tree: &tree{lazy: o.Lazy, private: o.Private, volatile: !o.Frozen}, accounts: map[*history.History]*account{}}
	m.Set()
	return m
}

// FS returns the folder, with the powers of Account's. It shows what was Set last.
func (m *Messages) FS() iofs.FS { return newFolder(m.tree) }

// Set says which accounts there are. What files are open stays as it was; files
// whose content is the same keep their inode numbers and what is cached of them.
// Nothing is read yet. It may be called while the folder is in use.
func (m *Messages) Set(histories ...*history.History) {
	m.mu.Lock()
	defer m.mu.Unlock()
	next := make(map[*history.History]*account, len(histories))
	list := make([]*account, 0, len(histories))
	for _, h := range histories {
		a := m.accounts[h]
		if a == nil {
			a = newAccount(h, m.o)
		}
		next[h] = a
		list = append(list, a)
	}
	m.accounts = next
	m.tree.replace(m.dir(list))
}

// dir is the folder of some accounts.
func (m *Messages) dir(list []*account) *dir {
	where := newKey("messages", m.o.Scope)
	var newest time.Time
	for _, a := range list {
		if t := a.newest(); t.After(newest) {
			newest = t
		}
	}
	return &dir{ino: where.number(), mtime: at(newest), list: m.o.Cache.listing(newUniqueKey(), func(ctx context.Context) ([]child, error) {
		all := make([]child, 0, len(list))
		named := make([]wish, 0, len(list))
		for _, a := range list {
			w, err := a.wish(ctx)
			if err != nil {
				return nil, err
			}
			named = append(named, wish{w, a})
		}
		// Who was stored first keeps the bare name when another of that name comes.
		slices.SortFunc(named, func(x, y wish) int {
			return cmp.Or(x.account.entered().Compare(y.account.entered()), cmp.Compare(x.Key, y.Key))
		})
		set := name.NewSet(m.o.Names)
		for _, w := range named {
			for _, taken := set.Name(w.Key); taken; _, taken = set.Name(w.Key) { // two histories of one account
				w.Key += "+"
			}
			all = append(all, child{set.Add(w.Wish), w.account.dir(where.with(w.Key).number())})
		}
		return sorted(all), nil
	})}
}

// A wish is what an account would like to be called.
type wish struct {
	name.Wish
	account *account
}
