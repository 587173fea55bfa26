package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"

	"github.com/spf13/cobra"
)

func newCat(p *program) *cobra.Command {
	return &cobra.Command{
		Use:        "cat [-r DIR] SNAP:PATH",
		Short:      "Print a file of a snapshot",
		SuggestFor: []string{"dump", "show", "print"},
		Long: `Print the content of a file of a snapshot on stdout, byte for byte.

` + refHelp,
		Example: `  bakfs cat latest:/home/me/letters/2025.txt
  bakfs cat latest~3:/home/me/photo.jpg > photo.jpg`,
		Args: arguments(1, 1, "SNAP:PATH"),
		RunE: func(c *cobra.Command, args []string) error { return p.cat(c.Context(), args[0]) },
	}
}

func (p *program) cat(ctx context.Context, arg string) error {
	t, err := p.openTree(ctx, arg)
	if err != nil {
		return err
	}
	defer t.Close()
	info, err := t.lstat()
	if err != nil {
		return err
	}
	switch {
	case info.IsDir():
		return fail(exitError, fmt.Errorf("%s is a folder", quote(t.ref.path)), "bakfs ls lists it, bakfs restore copies it out")
	case info.Mode()&iofs.ModeSymlink != 0:
		target, err := t.readLink()
		if err != nil {
			return t.absent(err)
		}
		return fail(exitError, fmt.Errorf("%s is a link to %s", quote(t.ref.path), quote(target)), "name the file it leads to")
	case !info.Mode().IsRegular():
		return fail(exitError, fmt.Errorf("%s is a %s and has no content", quote(t.ref.path), kindOf(info.Mode())))
	}
	f, err := t.fs.Open(t.ref.name())
	if err != nil {
		return t.absent(err)
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{p.out}, struct{ io.Reader }{f}, make([]byte, 1<<20))
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("%s: %w", quote(t.ref.path), withoutPath(err))
	}
	return nil
}
