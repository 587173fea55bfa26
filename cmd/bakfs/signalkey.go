package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"bakfs/signal/archive"
	"bakfs/signal/legacy"
	"bakfs/signal/modern"
)

// signalKeys are the keys of Signal's backups: those that the user named, else
// those typed. Each is tried where it may fit, so that one run can store the
// backups of several phones.
type signalKeys struct {
	p       *program
	files   []string
	command string

	known []signalKey
	typed bool // known ones are from the terminal, and more can be asked for
}

// A signalKey is a key as the user has it, and where that is.
type signalKey struct{ text, name string }

// open opens an item of a source with the key that fits it.
func (k *signalKeys) open(ctx context.Context, s *signalSource, item archive.Item) (*archive.Backup, error) {
	if !s.NeedsKey() {
		return s.Open(ctx, item, "")
	}
	var mistake error
	for i, key := range k.known {
		b, err := s.Open(ctx, item, key.text)
		if !wrongSignalKey(err) { // the next item is probably of the same phone
			k.known = slices.Insert(slices.Delete(k.known, i, i+1), 0, key)
			return b, err
		}
		if mistake == nil || !wrongForm(err) { // one that may be for this format says more
			mistake = fmt.Errorf("%s: %w", key.name, err)
		}
	}
	if !k.typed {
		return nil, signalKeyError(s, mistake)
	}
	return k.ask(ctx, s, item)
}

// load reads the keys that the user named. It comes before open.
func (k *signalKeys) load(ctx context.Context) error {
	files := k.files
	if len(files) == 0 && k.command == "" {
		if f := k.p.getenv("BAKFS_SIGNAL_KEY_FILE"); f != "" {
			files = []string{f}
		}
	}
	for _, f := range files {
		if isSignalKey(f) {
			return fail(exitUsage, errors.New("a key is given where the name of a file belongs; other programs may have seen it"), "write it into a file that only you can read, and give that: --signal-key-file FILE")
		}
		text, err := readSecretFile("Signal key file", f)
		if err != nil {
			return err
		}
		k.known = append(k.known, signalKey{string(text), "Signal key file " + quote(f)})
		clear(text)
	}
	if k.command != "" {
		if isSignalKey(k.command) {
			return fail(exitUsage, errors.New("a key is given where a command belongs; other programs may have seen it"), "write it into a file that only you can read, and give that: --signal-key-file FILE")
		}
		text, err := k.p.runSecretCommand(ctx, "--signal-key-command", k.command)
		if err != nil {
			return err
		}
		k.known = append(k.known, signalKey{string(text), "what --signal-key-command printed"})
		clear(text)
	}
	k.typed = len(k.known) == 0
	return nil
}

// isSignalKey reports whether text is a key, which must not get into any message.
func isSignalKey(text string) bool {
	_, recovery := modern.ParseRecoveryKey(text)
	_, passphrase := legacy.ParsePassphrase(text)
	return recovery == nil || passphrase == nil
}

// ask asks for a key on the terminal, three times at most, and keeps the one that fits.
func (k *signalKeys) ask(ctx context.Context, s *signalSource, item archive.Item) (*archive.Backup, error) {
	t, err := openTerminal()
	if err != nil {
		return nil, fail(exitWrongKey, fmt.Errorf("it needs Signal's %s, and there is no terminal to ask on", s.KeyName()),
			"give it by --signal-key-file FILE, BAKFS_SIGNAL_KEY_FILE or --signal-key-command")
	}
	defer t.Close()
	for try := 1; ; try++ {
		text, err := t.ask(ctx, fmt.Sprintf("Signal's %s for %s: ", s.KeyName(), quote(s.name())), false)
		if err != nil {
			return nil, err
		}
		key := signalKey{string(text), "what was typed"}
		clear(text)
		b, err := s.Open(ctx, item, key.text)
		if !wrongSignalKey(err) {
			if err == nil {
				k.known = append(k.known, key)
			}
			return b, err
		}
		if err = signalKeyError(s, fmt.Errorf("%s: %w", key.name, err)); try == 3 {
			return nil, err
		}
		report(t, err, false)
	}
}

// wrongSignalKey reports whether another key may do better.
func wrongSignalKey(err error) bool {
	return errors.Is(err, modern.ErrWrongKey) || errors.Is(err, legacy.ErrKey) || wrongForm(err)
}

// wrongForm reports whether the text of a key cannot be one for this format.
func wrongForm(err error) bool {
	return errors.Is(err, modern.ErrKeyForm) || errors.Is(err, legacy.ErrPassphrase)
}

func signalKeyError(s *signalSource, err error) error {
	hint := "it is the recovery key of 64 letters and digits: in Signal, Settings, Backups"
	if s.Format == archive.Legacy {
		hint = "it is the passphrase of 30 digits that Signal showed when backups were turned on; each phone has its own"
	}
	return fail(exitWrongKey, err, hint)
}

// wrongKeys are the backups of a source that no key fits, by what was wrong.
type wrongKeys []wrongKeyItems

type wrongKeyItems struct {
	err   error
	items []archive.Item
}

func (w *wrongKeys) add(item archive.Item, err error) {
	for i, one := range *w {
		if one.err.Error() == err.Error() {
			(*w)[i].items = append(one.items, item)
			return
		}
	}
	*w = append(*w, wrongKeyItems{err, []archive.Item{item}})
}

// errors are one for each thing that was wrong.
func (w *wrongKeys) errors(s *signalSource) (all []error) {
	for _, one := range *w {
		if len(one.items) == 1 {
			all = append(all, signalError(s.path(one.items[0]), one.err))
			continue
		}
		all = append(all, signalError(s.name(), fmt.Errorf("%d of its backups: %w", len(one.items), one.err)))
	}
	return all
}
