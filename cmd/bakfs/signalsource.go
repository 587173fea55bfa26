package main

import (
	"os"
	"path/filepath"
	"slices"

	"bakfs/signal/archive"

	"github.com/spf13/cobra"
)

const signalHelp = `--signal takes Signal's own backups, as often as you like: the folder
SignalBackups (or one backup in it), a file signal-….backup, or an export
(main.jsonl). What it is shows its content. The folder of a phone, or of a copy of
it, will do too: what is up to two folders down is found, as Signal/Backups and
Documents/Signal/SignalBackups are, in 2,000 folders at most.

bakfs takes off Signal's encryption with your Signal key, so that only what is new
is stored, and keeps all that is needed to make the original again ("bakfs export
signal"). Of a folder with several backups each that is not stored yet becomes a
snapshot with its own date. The Signal key itself is not kept.`

// signalRoot is where the accounts are in the tree of a Signal snapshot.
const signalRoot = "/signal"

type signalFlags struct {
	paths    []string
	keyFiles []string
	command  string
	account  string
}

func (f *signalFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringArrayVar(&f.paths, "signal", nil, "back up the Signal backup at `PATH`, decoded")
	flags.StringArrayVar(&f.keyFiles, "signal-key-file", nil, "`FILE` with Signal's recovery key or passphrase (BAKFS_SIGNAL_KEY_FILE)")
	flags.StringVar(&f.command, "signal-key-command", "", "`COMMAND` that prints it; run without a shell")
	flags.StringVar(&f.account, "signal-account", "", "the account's `UUID` (ACI), for an encrypted main without its folder")
}

// A signalSource is what is at one --signal PATH.
type signalSource struct {
	*archive.Source
	given string // PATH as the user gave it
	abs   string // that as an absolute path
	only  bool   // PATH has no other source
}

// path is where an item of the source is, for people: in the words in which the user gave PATH.
func (s *signalSource) path(item archive.Item) string {
	return s.below(filepath.Join(s.Path, item.Name))
}

// name is what the source is called.
func (s *signalSource) name() string {
	if s.only {
		return s.given
	}
	return s.below(s.Path)
}

// below is an absolute path as one that begins with PATH, which may lie in it itself.
func (s *signalSource) below(path string) string {
	rest, err := filepath.Rel(s.abs, path)
	if err != nil || !filepath.IsLocal(rest) {
		return s.given
	}
	return filepath.Join(s.given, rest)
}

// check refuses wrong usage before anything is opened, and makes paths absolute.
func (f *signalFlags) check() (paths []string, err error) {
	if len(f.paths) == 0 && (len(f.keyFiles) > 0 || f.command != "" || f.account != "") {
		return nil, usagef("Signal's key is given, and no --signal PATH")
	}
	if f.account != "" {
		if f.account, err = archive.ParseAccount(f.account); err != nil {
			return nil, usagef("--signal-account: %w", err)
		}
	}
	for _, path := range f.paths {
		if path == "" {
			return nil, usagef("an empty --signal PATH")
		}
		abs, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		paths = append(paths, abs)
	}
	return paths, nil
}

// find says what is at each --signal PATH, or below it where bakfs itself keeps
// nothing. What is wrong with one PATH, a phone that is not plugged in, is in failed
// and keeps nothing else from being backed up.
func (f *signalFlags) find(paths, never []string) (all []*signalSource, failed []error) {
	for i, abs := range paths {
		found, err := archive.Search(abs, isAnyOf(never))
		if err != nil {
			failed = append(failed, signalError(f.paths[i], err))
			continue
		}
		for _, s := range found {
			s.Account = f.account
			all = append(all, &signalSource{s, f.paths[i], abs, len(found) == 1})
		}
	}
	return all, failed
}

// isAnyOf returns what tells whether a folder is one of some, whatever name leads there.
func isAnyOf(dirs []string) func(dir string) bool {
	var infos []os.FileInfo
	for _, dir := range dirs {
		if info, err := os.Stat(dir); err == nil {
			infos = append(infos, info)
		}
	}
	return func(dir string) bool {
		info, err := os.Stat(dir)
		return err == nil && slices.ContainsFunc(infos, func(i os.FileInfo) bool { return os.SameFile(i, info) })
	}
}

// pathsOf are the folders in which the sources are.
func pathsOf(sources []*signalSource) (paths []string) {
	for _, s := range sources {
		paths = append(paths, s.Path)
	}
	return paths
}
