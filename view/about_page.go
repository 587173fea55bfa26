package view

import (
	"cmp"
	"context"
	"fmt"
	iofs "io/fs"
	"strconv"
	"strings"
	"time"

	"bakfs/signal/archive"
	"bakfs/view/history"
	"bakfs/view/name"
	"bakfs/view/text"
)

// about is about.txt: which backups there are, and what is missing.
func (a *account) about(place key, _ time.Time) node { return &aboutFile{a, place} }

// An aboutFile is about.txt. It is another file whenever more was found that cannot
// be read.
type aboutFile struct {
	account *account
	place   key
}

func (f *aboutFile) kind() iofs.FileMode { return 0 }
func (f *aboutFile) ready() bool         { return false }

func (f *aboutFile) stat(ctx context.Context) (attr, error) {
	g, err := f.now(ctx)
	if err != nil {
		return attr{}, err
	}
	return g.stat(ctx)
}

func (f *aboutFile) open(ctx context.Context) (attr, reader, error) {
	g, err := f.now(ctx)
	if err != nil {
		return attr{}, nil, err
	}
	return g.open(ctx)
}

// now is the file as it is at the moment.
func (f *aboutFile) now(ctx context.Context) (*generated, error) {
	a := f.account
	if _, err := a.h.Conversations(ctx); err != nil && !a.lasting(err) { // meets what is damaged of lists
		return nil, err
	}
	damage := a.h.Damage()
	g := a.page(f.place, a.newest(), func(ctx context.Context) ([]byte, error) { return a.renderAbout(ctx, damage) })
	g.version = fixedVersion(a.now(f.place).with(strconv.Itoa(len(damage))))
	return g, nil
}

// maxTold bounds how much about.txt tells of what cannot be read.
const maxTold = 100

func (a *account) renderAbout(ctx context.Context, damage []history.Damage) ([]byte, error) {
	w, err := a.wish(ctx)
	if err != nil {
		return nil, err
	}
	who := text.About{Account: name.NewSet(a.o.Names).Add(w), Names: a.o.Names.String(), Expired: a.o.Expired, Deleted: !a.o.HideDeleted}
	backups := a.h.Backups()
	if len(backups) == 1 {
		who.Frozen = backups[0].Label
	}
	for _, b := range backups {
		s, missing := source(ctx, b)
		who.Sources = append(who.Sources, s)
		who.Missing = append(who.Missing, missing...)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	chats, err := a.byDir(ctx)
	if err != nil {
		return nil, err
	}
	for i, d := range damage {
		if i == maxTold {
			who.Missing = append(who.Missing, fmt.Sprintf("%d more that cannot be read", len(damage)-i))
			break
		}
		who.Missing = append(who.Missing, d.Backup+": "+damagedPart(d.Path, chats)+" cannot be read ("+d.Path+" in the backup)")
	}
	return text.AppendAbout(nil, &who, a.lines()), nil
}

// byDir are the folders of conversations by their names in backups.
func (a *account) byDir(ctx context.Context) (map[string]string, error) {
	list, err := a.h.Conversations(ctx)
	if err != nil && !a.lasting(err) {
		return nil, err
	}
	chats := map[string]string{}
	for _, c := range list {
		for _, dir := range c.Dirs() {
			chats[dir] = c.Folder
		}
	}
	return chats, nil
}

// damagedPart says in words what a file of a backup holds.
func damagedPart(file string, chats map[string]string) string {
	kind, rest, _ := strings.Cut(file, "/")
	switch kind {
	case "chats":
		dir, month, _ := strings.Cut(rest, "/")
		month, part, parts := strings.Cut(month, ".")
		of := cmp.Or(chats[dir], "a conversation")
		switch {
		case rest == "":
			return "which conversations there are"
		case month == "":
			return "the messages of " + of
		case parts:
			return "part " + part + " of " + month + " of " + of
		}
		return month + " of " + of
	case "media":
		return "a photo or other file"
	case "frames":
		return "who the persons and groups are"
	case "avatars":
		return "which pictures persons and groups have"
	case "timers":
		return "which messages disappear"
	}
	return "what the backup says of itself"
}

// source is what is told of one backup, and what it did not have when it was
// stored. One that cannot be read says nothing more than its name.
func source(ctx context.Context, b history.Backup) (s text.Source, missing []string) {
	s = text.Source{Label: b.Label, Time: millis(b.Time)}
	arc, err := archive.Open(within(ctx, b.FS))
	if err != nil {
		return s, []string{b.Label + ": the backup cannot be read"}
	}
	e := arc.Envelope()
	s.Format, s.Original, s.ID = e.Format.String(), e.Name, fmt.Sprintf("%x", e.ID)
	r := &e.Report
	for _, loss := range []struct {
		n    int64
		what string
	}{
		{r.Gone, "files that the phone did not have when the backup was made"}, {r.Missing, "files that were not beside the backup"},
		{r.DamagedMedia, "files that were damaged"}, {r.Damaged, "records that cannot be read"}, {r.Unknown, "records of kinds that are not known; they are stored"},
	} {
		if loss.n > 0 {
			missing = append(missing, fmt.Sprintf("%s: %d %s", b.Label, loss.n, loss.what))
		}
	}
	if r.Truncated {
		missing = append(missing, b.Label+": the backup ends too early")
	}
	return s, missing
}

// renderInfo is info.txt of a conversation.
func (a *account) renderInfo(ctx context.Context, c *history.Conversation) ([]byte, error) {
	pieces, err := a.pieces(ctx, c)
	if err != nil {
		return nil, err
	}
	i := text.Info{Chat: c.Conversation, Formerly: c.Names, LastSeen: c.LastSeen}
	have := map[string]bool{}
	_, err = a.digests(ctx, pieces, func(_ piece, d *digest) error {
		if d.count == 0 {
			return nil
		}
		if i.Messages == 0 {
			i.First = d.first
		}
		i.Last = max(i.Last, d.sent)
		i.Messages += d.count
		for _, f := range d.files {
			if !have[f.path] {
				have[f.path] = true
				i.Files++
				i.Bytes += f.size
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return text.AppendInfo(nil, &i, a.lines()), nil
}
