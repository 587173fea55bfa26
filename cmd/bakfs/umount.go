package main

import (
	"errors"
	"path/filepath"

	"bakfs/fs"

	"github.com/spf13/cobra"
)

func newUmount(p *program) *cobra.Command {
	return &cobra.Command{
		Use:     "umount MNT",
		Aliases: []string{"unmount"},
		Short:   "End a mount",
		Long: `End the mount on MNT; the process that served it ends too. A mount whose process
died is cleaned up as well.`,
		Example: "  bakfs umount ~/old",
		Args:    arguments(1, 1, "MNT"),
		RunE: func(_ *cobra.Command, args []string) error {
			dir, err := filepath.Abs(args[0])
			if err != nil {
				return err
			}
			err = fs.Unmount(dir)
			switch {
			case errors.Is(err, fs.ErrBusy):
				return hinted(err, "close what is open in it, and leave it with cd")
			case errors.Is(err, fs.ErrNotMounted):
				return hinted(err, "`mount` lists what is mounted where")
			}
			return err
		},
	}
}
