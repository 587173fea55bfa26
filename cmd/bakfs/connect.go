package main

import (
	"context"
	"errors"
	iofs "io/fs"

	"bakfs/store"

	"github.com/spf13/cobra"
)

func newConnect(p *program) *cobra.Command {
	var device string
	c := &cobra.Command{
		Use:   "connect -r DIR",
		Short: "Enrol this device in a repository",
		Long: `Enrol this device in a repository that exists, with its recovery key. From then
on no command asks for the key here. The key itself is not kept: the device gets
keys that read everything, and a signing key of its own.

Reading works without: every command that reads takes the key by --key-file,
--key-fd, BAKFS_KEY_FILE or BAKFS_KEY_COMMAND.`,
		Example: `  bakfs connect -r ~/Dropbox/backup
  bakfs connect -r ~/Dropbox/backup --key-file /media/usb/bakfs.key --device desktop`,
		Args: arguments(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error { return p.connect(c.Context(), device) },
	}
	c.Flags().StringVar(&device, "device", "", "`NAME` of this device (its host name)")
	return c
}

func (p *program) connect(ctx context.Context, device string) error {
	name, err := deviceName(device)
	if err != nil {
		return err
	}
	r, err := p.folder()
	if err != nil {
		return err
	}
	defer r.Close()
	_, have, err := enrolment(r.dirs)
	if err == nil {
		p.say("this device is enrolled already, as %s", quote(have.Certificate().Name))
		return p.connected(r.folder, have.Certificate().Name)
	}
	if !errors.Is(err, iofs.ErrNotExist) {
		return err
	}
	key, err := p.readKey(ctx)
	if err != nil {
		return err
	}
	if err := r.choose(key); err != nil {
		return err
	}
	if err := enrol(ctx, r, key, name); err != nil {
		return err
	}
	p.say("enrolled this device as %s", quote(name))
	return p.connected(r.folder, name)
}

// connected is what --json prints.
func (p *program) connected(f *store.Folder, name string) error {
	if !p.json {
		return nil
	}
	return p.line(struct {
		Type       string `json:"type"`
		Repository string `json:"repository"`
		Device     string `json:"device"`
	}{"device", f.Dir(), name})
}
