package view

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"bakfs/view/history"
	"bakfs/view/name"
)

// unique numbers what is made in this process.
var unique atomic.Uint64

// newUniqueKey is the key of something that is like nothing else.
func newUniqueKey() key { return newKey("unique", fmt.Sprint(unique.Add(1))) }

// An account is one history with what is needed to show it.
type account struct {
	h     *history.History
	o     Options
	cache *Cache
	id    key // of this history: another one has other content
	known atomic.Pointer[string]
}

func newAccount(h *history.History, o Options) *account {
	return &account{h: h, o: o, cache: o.Cache, id: newUniqueKey()}
}

// key is the account's name in the repository: the same in all backups.
func (a *account) key(ctx context.Context) (string, error) {
	if k := a.known.Load(); k != nil {
		return *k, nil
	}
	who, err := a.h.Account(ctx)
	if err != nil {
		return "", err
	}
	a.known.Store(&who.Key)
	return who.Key, nil
}

// place is the key of a file or directory, which lasts from one history of the
// account to the next. Its name must be among the parts: the kernel asks for a
// file by the name under which it met the inode.
func (a *account) place(ctx context.Context, parts ...string) (key, error) {
	who, err := a.key(ctx)
	if err != nil {
		return key{}, err
	}
	return newKey(append([]string{"place", a.o.Scope, who}, parts...)...), nil
}

// newest is when the newest backup was made.
func (a *account) newest() time.Time {
	if b := a.h.Backups(); len(b) > 0 {
		return b[len(b)-1].Time
	}
	return time.Time{}
}

// entered is when the first of its backups was stored, of whatever date that is.
func (a *account) entered() (first time.Time) {
	for i, b := range a.h.Backups() {
		if t := b.Stored(); i == 0 || t.Before(first) {
			first = t
		}
	}
	return first
}

// lastOf is when the last message of a conversation came. One without any is as old
// as the oldest backup.
func (a *account) lastOf(c *history.Conversation) time.Time {
	if b := a.h.Backups(); c.Last.IsZero() && len(b) > 0 {
		return b[0].Time
	}
	return c.Last
}

// wish is what the account's folder should be called: "Jana Novak (Signal …0142)".
// One that cannot be read is there all the same, so that it can say why.
func (a *account) wish(ctx context.Context) (name.Wish, error) {
	who, err := a.h.Account(ctx)
	if ctx.Err() != nil {
		return name.Wish{}, ctx.Err()
	}
	if err != nil {
		return name.Wish{Key: fmt.Sprintf("\xff%x", a.id), Name: "Unreadable (Signal)"}, nil
	}
	w := name.Wish{Key: who.Key, Name: who.Person.Name, Phone: who.Person.Phone, Username: who.Person.Username, Fallback: "Signal"}
	suffix := "Signal"
	if d := w.Phone; len(d) > 4 {
		suffix += " …" + d[len(d)-4:]
	}
	if w.Name == "" || w.Name == w.Phone {
		w.Name = "Signal " + w.Phone
	} else {
		w.Name += " (" + suffix + ")"
	}
	return w, nil
}

// last is when the newest message came; the newest backup's time if there is none.
func (a *account) last(ctx context.Context) (time.Time, error) {
	all, err := a.h.Conversations(ctx)
	if ctx.Err() != nil {
		return time.Time{}, ctx.Err()
	}
	var last time.Time
	if err == nil { // else whoever looks inside meets the error
		for _, c := range all {
			if c.Last.After(last) {
				last = c.Last
			}
		}
	}
	if last.IsZero() {
		last = a.newest()
	}
	return last, nil
}

// versionOf is the version of a file of one kind that some months make.
func (a *account) versionOf(kind string, c *history.Conversation, months ...history.Month) func(context.Context) (key, error) {
	return func(ctx context.Context) (key, error) {
		all := newKey(kind)
		for _, m := range months {
			v, err := a.version(ctx, c, m)
			if err != nil {
				return key{}, err
			}
			all = all.with(string(v[:]))
		}
		return all, nil
	}
}

// version is the key of all that is made of one month of a conversation.
func (a *account) version(ctx context.Context, c *history.Conversation, m history.Month) (key, error) {
	who, err := a.key(ctx)
	if err != nil {
		return key{}, err
	}
	v, err := a.h.Version(ctx, c, m)
	if err != nil {
		return key{}, err
	}
	return newKey("month", who, c.Folder, m.String(), string(v[:])), nil
}
