package main

import (
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"slices"
	"strings"
	"time"

	"bakfs/snapshot"
	"bakfs/view/history"
	"bakfs/view/name"

	"github.com/spf13/cobra"
)

type exportFlags struct {
	messages     messageFlags
	formats      []string
	chats        []string
	since, until string
}

func newExportMessages(p *program) *cobra.Command {
	var f exportFlags
	c := &cobra.Command{
		Use:   "messages [-r DIR] SNAP|merged DEST",
		Short: "Write messages as text, web pages, JSON and media",
		Long: `Write messages to the folder DEST as a mount shows them: a folder for each account,
with a folder for each conversation that is complete in itself. "merged" is all
backups together; SNAP is one of them as it was.

A chat is chosen by its name, or that of its folder, without regard to case; a
part of it does if that is in no other; it is meant in all accounts that have it. Of
accounts and conversations that have nothing of what is asked for nothing is written. Days are YYYY-MM-DD, months YYYY-MM, years YYYY.

` + refHelp,
		Example: `  bakfs export messages merged ./messages
  bakfs export messages merged ./club --chat 'Climbing Club' --format html,media
  bakfs export messages latest ./may --since 2026-05 --until 2026-05 --format text`,
		Args: arguments(2, 2, "SNAP|merged DEST"),
		RunE: func(c *cobra.Command, args []string) error {
			return p.exportMessages(c.Context(), args[0], args[1], f)
		},
	}
	flags := c.Flags()
	flags.StringSliceVar(&f.formats, "format", formats, "only these `FORMATS`")
	flags.StringArrayVar(&f.chats, "chat", nil, "only the conversation `NAME`; may be given again")
	flags.StringVar(&f.since, "since", "", "only messages of `DAY` and later")
	flags.StringVar(&f.until, "until", "", "only messages of `DAY` and earlier")
	f.messages.add(flags)
	return c
}

// formats are what --format takes.
var formats = []string{"html", "text", "json", "media"}

// madeFor are the folders and files of an account, and of each conversation, that are
// for one format only. All others are always written.
var madeFor = map[string][]string{
	"html":  {"index.html", "chats/web"},
	"text":  {"text", "timeline", "calls.txt", "chats/text"},
	"json":  {"calls.csv", "chats/json"},
	"media": {"media", "chats/media", "chats/voice", "chats/files", "chats/stickers"},
}

// narrow reports whether only some of the messages are asked for. Then what has none of
// them is left out; else all is written as a mount shows it, conversations without messages too.
func (f *exportFlags) narrow() bool { return len(f.chats) > 0 || f.since != "" || f.until != "" }

// without says what is left out: a search that nobody asked for, the plaintext export,
// which has a command of its own, and other formats.
func (f *exportFlags) without() []string {
	list := []string{"search", "signal-export"}
	if len(f.chats) > 0 { // who hands on one chat does not mean the whole address book
		list = append(list, "contacts")
	}
	for _, format := range formats {
		if !slices.Contains(f.formats, format) {
			list = append(list, madeFor[format]...)
		}
	}
	if !slices.Contains(f.formats, "text") && !slices.Contains(f.formats, "media") {
		list = append(list, "deleted")
	}
	return list
}

func (p *program) exportMessages(ctx context.Context, snap, dest string, f exportFlags) error {
	m, err := f.shown()
	if err != nil {
		return err
	}
	r, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	if dest, err = outside(dest, r); err != nil {
		return err
	}
	infos, err := p.messageSnapshots(r, snap)
	if err != nil {
		return err
	}
	st, err := p.openStore(ctx, r)
	if err != nil {
		return err
	}
	defer st.Close()
	open := func(i snapshot.Info) iofs.FS { return snapshot.Open(st, i) }
	m.join = p.joiner(ctx, r, st)
	if len(f.chats) > 0 {
		if m.only, err = f.choose(ctx, m.histories(infos, open)); err != nil {
			return err
		}
		m.merged = map[string]*history.History{}
	}
	m.filled, m.without = f.narrow(), f.without()
	var tree iofs.FS
	if snap == merged {
		tree = m.all(infos, open)
	} else {
		m.snapshots, m.open = func() []snapshot.Info { return p.snapshots(r.journal) }, open
		tree = m.of(infos[0], open(infos[0]))
	}
	if f.narrow() {
		if ok, err := m.leaveEmpty(ctx); err != nil {
			return err
		} else if !ok {
			return errors.Join(p.tellDamage(m.known()),
				fail(exitError, errors.New("nothing was found: no message is in what --chat, --since and --until ask for"), "bakfs ls merged:/messages/… lists conversations and months"))
		}
	}
	c, err := p.copyTree(ctx, tree, dest)
	if err != nil {
		return err
	}
	return errors.Join(p.copied(c, "messages", dest), p.tellDamage(m.known()))
}

// shown reads the flags.
func (f *exportFlags) shown() (*messages, error) {
	m, err := f.messages.messages()
	if err != nil {
		return nil, err
	}
	for _, format := range f.formats {
		if !slices.Contains(formats, format) {
			return nil, usagef("--format %s: it is one or more of %s", quote(format), strings.Join(formats, ","))
		}
	}
	if f.since != "" {
		if m.from, _, err = parsePeriod(f.since, m.zone); err != nil {
			return nil, usagef("--since %w", err)
		}
	}
	if f.until != "" {
		if _, m.to, err = parsePeriod(f.until, m.zone); err != nil {
			return nil, usagef("--until %w", err)
		}
	}
	if !m.to.IsZero() && !m.from.Before(m.to) {
		return nil, usagef("--since %s is later than --until %s", f.since, f.until)
	}
	return m, nil
}

// parsePeriod reads a day, month or year: when it begins, and when the next one does.
func parsePeriod(s string, zone *time.Location) (start, end time.Time, err error) {
	for _, form := range []struct {
		layout              string
		years, months, days int
	}{{"2006-01-02", 0, 0, 1}, {"2006-01", 0, 1, 0}, {"2006", 1, 0, 0}} {
		if start, err = time.ParseInLocation(form.layout, s, zone); err == nil {
			return start, start.AddDate(form.years, form.months, form.days), nil
		}
	}
	return start, end, fmt.Errorf("%s: a day like 2026-05-31, a month like 2026-05, or a year", quote(s))
}

// choose finds the conversations that --chat names.
func (f *exportFlags) choose(ctx context.Context, histories []*history.History) (func(*history.Conversation) bool, error) {
	var all []*history.Conversation
	for _, h := range histories {
		list, err := h.Conversations(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	chosen := map[string]bool{}
	for _, want := range f.chats {
		found := pick(all, want)
		if len(found) == 0 {
			return nil, fail(exitError, fmt.Errorf("there is no conversation %s", quote(want)), "bakfs ls merged:/messages/… lists their folders")
		}
		if slices.ContainsFunc(found, func(c *history.Conversation) bool { return c.Key != found[0].Key }) {
			var names []string
			for _, c := range found[:min(len(found), 5)] {
				names = append(names, quote(c.Folder))
			}
			return nil, fail(exitError, fmt.Errorf("%s means %d conversations", quote(want), len(found)), "the folder's name tells them apart: "+strings.Join(names, ", "))
		}
		chosen[found[0].Key] = true // of all accounts: it is the same person or group in each
	}
	return func(c *history.Conversation) bool { return chosen[c.Key] }, nil
}

// pick returns the conversations whose folder is want, else whose name is, else of whose name it is a part.
func pick(all []*history.Conversation, want string) []*history.Conversation {
	folded := name.Fold(want)
	for _, fits := range []func(c *history.Conversation) bool{
		func(c *history.Conversation) bool { return c.Folder == want },
		func(c *history.Conversation) bool {
			return name.Fold(c.Folder) == folded || name.Fold(c.Name) == folded
		},
		func(c *history.Conversation) bool { return strings.Contains(name.Fold(c.Name), folded) },
	} {
		var found []*history.Conversation
		for _, c := range all {
			if fits(c) {
				found = append(found, c)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}
