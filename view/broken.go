package view

import (
	"context"
	"errors"
	iofs "io/fs"

	"bakfs/signal"
	"bakfs/signal/archive"
	"bakfs/view/history"
)

// A broken stands in a listing for what could not be read, so that the rest is
// listed, and whoever copies the folder hears of it.
type broken struct{ err error }

func (b broken) kind() iofs.FileMode                { return 0 }
func (b broken) ready() bool                        { return false }
func (b broken) stat(context.Context) (attr, error) { return attr{}, b.err }

func (b broken) open(context.Context) (attr, reader, error) { return attr{}, nil, b.err }

// brokenName is what a listing calls a month that could not be read.
func brokenName(p piece) string { return p.month.String() + " of " + p.chat.Folder + " cannot be read" }

// lasting reports whether an error will stay, so that what it is about may be left
// out. Other errors go away: what they are about is asked for again.
func (a *account) lasting(err error) bool {
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return false
	case errors.Is(err, iofs.ErrNotExist), errors.Is(err, signal.ErrBadStream), errors.Is(err, signal.ErrBadRecord),
		errors.Is(err, signal.ErrTruncated), errors.Is(err, archive.ErrArchive):
		return true
	}
	return a.o.Lasting != nil && a.o.Lasting(err)
}

// digests calls each with the digests of some months. Of those that cannot be read it
// returns children for a listing; an error is one that goes away.
func (a *account) digests(ctx context.Context, pieces []piece, each func(piece, *digest) error) (lost []child, err error) {
	for _, p := range pieces {
		d, err := a.digest(ctx, p.chat, p.month)
		switch {
		case err == nil:
			err = each(p, d)
		case a.lasting(err):
			lost = append(lost, child{brokenName(p), broken{err}})
			err = nil
		}
		if err != nil {
			return nil, err
		}
	}
	return lost, nil
}

// pieces are the months of one conversation.
func (a *account) pieces(ctx context.Context, c *history.Conversation) ([]piece, error) {
	months, err := a.h.Months(ctx, c)
	if err != nil {
		return nil, err
	}
	all := make([]piece, len(months))
	for i, m := range months {
		all[i] = piece{c, m}
	}
	return all, nil
}
