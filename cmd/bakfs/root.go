package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

const rootLong = `bakfs backs files up, encrypted and deduplicated, into a folder that a sync
program carries to a cloud, and opens the backups again like a folder.

Only the recovery key opens a repository. It is shown once, when the repository
is made; bakfs does not keep it. A device that is enrolled (init, connect) needs
no key; any other gives it to each command that reads.`

const rootExample = `  bakfs init -r ~/Dropbox/backup            make a repository, note the key
  bakfs backup -r ~/Dropbox/backup ~        back up the home folder
  bakfs mount -r ~/Dropbox/backup ~/old     browse all backups in ~/old
  bakfs umount ~/old
  bakfs restore -r ~/Dropbox/backup latest:/home/me/letters ./letters`

const environmentHelp = `Environment:
  BAKFS_REPOSITORY   the repository, where -r is not given
  BAKFS_KEY_FILE     a file with the recovery key, readable by its owner only
  BAKFS_KEY_COMMAND  a command that prints the recovery key; run without a shell
  BAKFS_SIGNAL_KEY_FILE  a file with Signal's key, for backup --signal
  BAKFS_CACHE_DIR    where the index is kept (else $XDG_CACHE_HOME/bakfs)
  BAKFS_STATE_DIR    where the device's keys are kept (else $XDG_STATE_HOME/bakfs)
  NO_COLOR           no colours
`

// newRoot builds the whole command line around p.
func newRoot(p *program) *cobra.Command {
	root := &cobra.Command{
		Use:           "bakfs",
		Short:         "Encrypted, deduplicated backups in a cloud folder, opened like a folder",
		Long:          rootLong,
		Example:       rootExample,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(c, args[0])
			}
			return c.Help()
		},
		SuggestionsMinimumDistance: 2,
		CompletionOptions:          cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetOut(p.out)
	root.SetErr(p.stderr)
	root.SetIn(p.in)
	flags := root.PersistentFlags()
	flags.StringVarP(&p.repo, "repo", "r", "", "repository `DIR` (BAKFS_REPOSITORY)")
	flags.StringVar(&p.keyFile, "key-file", "", "`FILE` with the recovery key (BAKFS_KEY_FILE)")
	flags.IntVar(&p.keyFD, "key-fd", -1, "read the recovery key from file descriptor `N`")
	flags.BoolVar(&p.json, "json", false, "JSON on stdout, one object a line")
	flags.BoolVarP(&p.quiet, "quiet", "q", false, "errors and asked-for data only")
	flags.BoolVarP(&p.verbose, "verbose", "v", false, "say more")
	flags.Lookup("key-fd").DefValue = "0" // hides it in help, where -1 says nothing
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(helpCommand(root))
	for _, build := range []func(*program) *cobra.Command{newInit, newConnect, newBackup, newSnapshots, newLs, newCat,
		newRestore, newExport, newSearch, newMount, newUmount, newCheck, newStats, newRebuildIndex, newVersion, newCompletion} {
		root.AddCommand(build(p))
	}
	usage := root.UsageTemplate()
	root.SetUsageTemplate(strings.TrimRight(usage, "\n") + "\n\n" + exitHelp)
	root.Long += "\n\n" + strings.TrimRight(environmentHelp, "\n")
	return root
}

// helpCommand is `bakfs help COMMAND`; a wrong name is wrong usage.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about a command",
		Args:  cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			c, rest, err := root.Find(args)
			if err != nil || c == root && len(rest) > 0 {
				return unknownCommand(root, args[0])
			}
			return c.Help()
		},
	}
}

func unknownCommand(root *cobra.Command, name string) error {
	err := fmt.Errorf("unknown command %s", quote(name))
	if like := root.SuggestionsFor(name); len(like) > 0 {
		return fail(exitUsage, err, "did you mean `bakfs "+strings.Join(like, "` or `bakfs ")+"`?")
	}
	return fail(exitUsage, err, "`bakfs --help` lists the commands")
}

// flagError turns a flag that does not parse into wrong usage, and names the flag
// of ours that means what people know from other programs.
func flagError(c *cobra.Command, err error) error {
	for theirs, ours := range map[string]string{
		"--password-file": "--key-file", "--passphrase-file": "--key-file", "--keyfile": "--key-file", "--password": "--key-file",
		"'p' in -p": "--key-file", "--password-command": "BAKFS_KEY_COMMAND", "--key-command": "BAKFS_KEY_COMMAND", "--passcommand": "BAKFS_KEY_COMMAND",
		"--key": "--key-file", "--repository": "--repo", "--target": "the second argument", "--foreground-only": "--foreground",
	} {
		if strings.HasSuffix(err.Error(), " "+theirs) {
			return fail(exitUsage, err, "here it is "+ours, "`"+c.CommandPath()+" --help` lists all flags")
		}
	}
	return fail(exitUsage, err, "`"+c.CommandPath()+" --help` lists all flags")
}

// arguments checks the number of arguments; words is how the usage line names them.
func arguments(least, most int, words string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return fail(exitUsage, errors.New("missing argument: "+words), "usage: "+c.UseLine())
		case most >= 0 && len(args) > most:
			return fail(exitUsage, fmt.Errorf("unexpected argument %s", quote(args[most])), "usage: "+c.UseLine())
		}
		return nil
	}
}
