package main

import (
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"os"
	"path/filepath"
	"strings"

	"bakfs/fs"
	"bakfs/snapshot"

	"github.com/spf13/cobra"
)

type mountFlags struct {
	foreground bool
	allowOther bool
	options    []string
	log        string // absolute where it is used
	child      bool   // this is the process that stays; see daemon.go
	messages   messageFlags
}

func newMount(p *program) *cobra.Command {
	var f mountFlags
	c := &cobra.Command{
		Use:   "mount [-r DIR] MNT",
		Short: "Show all snapshots as a folder",
		Long: `Mount the repository, read-only, on the empty folder MNT. The command returns
when the mount is ready and leaves a process behind that serves it; -f stays
until Ctrl-C or umount. New snapshots appear by themselves, and backups run
beside a mount.

Damage that a reader of the mount meets, and devices whose snapshots are not in
order, are told on stderr with -f. Without it nobody is told, unless --log names a
file: what -f would print is added to it. Who reads what is damaged gets an I/O
error either way.

  MNT/files/…                  the newest snapshot of each source
  MNT/messages/<account>/…     all messages of an account, from all its backups
  MNT/snapshots/<time>_<device>/files/…
  MNT/snapshots/<time>_<device>/messages/… and signal/<account>/restore/…
  MNT/snapshots/latest         the newest of files

` + messagesHelp,
		Example: `  bakfs mount ~/old
  bakfs mount -r ~/Dropbox/backup --key-file /media/usb/bakfs.key ~/old
  bakfs mount --log ~/old.log ~/old
  bakfs umount ~/old`,
		Args: arguments(1, 1, "MNT"),
		RunE: func(c *cobra.Command, args []string) error {
			if f.child {
				return p.mountChild(c.Context(), args[0], f)
			}
			return p.mount(c.Context(), args[0], f)
		},
	}
	flags := c.Flags()
	flags.BoolVarP(&f.foreground, "foreground", "f", false, "stay in the foreground")
	flags.BoolVar(&f.allowOther, "allow-other", false, "let other users look too, as far as modes allow")
	flags.StringArrayVarP(&f.options, "option", "o", nil, "mount `OPTION`: allow_other, ro")
	flags.StringVar(&f.log, "log", "", "add to `FILE` what -f would print")
	f.messages.add(flags)
	flags.BoolVar(&f.child, "serve-for-parent", false, "")
	flags.Lookup("serve-for-parent").Hidden = true
	return c
}

// mount checks what can be checked at once, then stays or leaves a process behind.
func (p *program) mount(ctx context.Context, dir string, f mountFlags) error {
	if err := f.parse(); err != nil {
		return err
	}
	if _, err := f.messages.messages(); err != nil {
		return err
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if f.log, err = logPath(f, dir); err != nil {
		return err
	}
	if err := fs.CheckMountPoint(dir); err != nil {
		return mountPointError(err)
	}
	if !f.foreground {
		return p.mountInBackground(ctx, dir, f)
	}
	m, err := p.serve(ctx, dir, f)
	if err != nil {
		return err
	}
	if err := p.mounted(dir); err != nil {
		return errors.Join(err, m.close())
	}
	p.say("Ctrl-C ends the mount")
	return m.wait(ctx)
}

// logPath is --log as an absolute path, or nothing.
func logPath(f mountFlags, dir string) (string, error) {
	if f.log == "" {
		return "", nil
	}
	if f.foreground {
		return "", usagef("--log is for a mount in the background; with -f everything is on stderr")
	}
	log, err := filepath.Abs(f.log)
	if err != nil {
		return "", err
	}
	if in, err := withinNew(log, dir); err != nil {
		return "", err
	} else if in {
		return "", usagef("the log %s would lie under the mount point", quote(log))
	}
	return log, nil
}

// openLog opens the file of --log, for its owner only where it is new. It names paths
// of the backup in clear, so the repository, which others carry, is no place for it.
func (p *program) openLog(log string) (*os.File, error) {
	if log == "" {
		return nil, nil
	}
	r, err := p.folder()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	for what, own := range r.own() {
		if in, err := withinNew(log, own); err != nil {
			return nil, err
		} else if in {
			return nil, fail(exitUsage, fmt.Errorf("the log %s would lie in %s, %s", quote(log), what, quote(own)), "name a file outside of it")
		}
	}
	f, err := os.OpenFile(log, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--log: %w", err)
	}
	return f, nil
}

// parse reads -o.
func (f *mountFlags) parse() error {
	for _, list := range f.options {
		for o := range strings.SplitSeq(list, ",") {
			switch o {
			case "allow_other":
				f.allowOther = true
			case "ro", "nosuid", "nodev", "noexec", "default_permissions": // always
			default:
				return fail(exitUsage, fmt.Errorf("-o %s: no such mount option", quote(o)), "allow_other is the only one; ro, nosuid, nodev, noexec and default_permissions are always on")
			}
		}
	}
	return nil
}

// mounted tells that the mount is ready and how to leave it.
func (p *program) mounted(dir string) error {
	if p.json {
		err := p.line(struct {
			Type string `json:"type"`
			Path string `json:"path"`
			Raw  string `json:"path_base64,omitempty"`
		}{"mount", dir, raw(dir)})
		return errors.Join(err, p.out.Flush())
	}
	if !p.quiet {
		p.printf("mounted on %s\n", quote(dir))
		p.say("leave it with: bakfs umount %s", quote(dir))
	}
	return p.out.Flush()
}

// A mounted is a mount that is served, with all that is open for it.
type mounted struct {
	server *fs.Server
	close  func() error // what is open besides the server
}

// serve opens the repository and mounts it.
func (p *program) serve(ctx context.Context, dir string, f mountFlags) (*mounted, error) {
	r, err := p.open(ctx)
	if err != nil {
		return nil, err
	}
	if err := refuseMountPoint(dir, r); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	st, err := p.openStore(ctx, r)
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	shown, err := f.messages.messages()
	if err != nil {
		return nil, errors.Join(err, st.Close(), r.Close())
	}
	closeAll := func() error {
		shown.cache.Close()
		return errors.Join(st.Close(), r.Close())
	}
	forest := snapshot.NewForest(st, r.journal)
	shown.snapshots = func() []snapshot.Info { infos, _ := snapshot.List(r.journal); return infos } // the forest tells the errors
	shown.open = func(i snapshot.Info) iofs.FS { return snapshot.Open(st, i) }
	shown.private = !f.allowOther
	shown.join = p.joiner(context.Background(), r, st)
	shown.show(forest)
	log := func(path string, err error) { p.warn("%s", unreadable(path, err)) }
	forest.Log = log
	server, err := fs.Mount(dir, forest.FS(), fs.Options{Name: "bakfs", AllowOther: f.allowOther, Log: log})
	if err != nil {
		if err = mountPointError(err); f.allowOther && os.Geteuid() != 0 {
			err = hinted(err, "--allow-other needs the line user_allow_other in /etc/fuse.conf")
		}
		return nil, errors.Join(err, closeAll())
	}
	return &mounted{server: server, close: closeAll}, nil
}

// wait serves until the mount is taken away by umount, or until ctx ends: then it
// takes it away itself. Both are a good end.
func (m *mounted) wait(ctx context.Context) error {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		m.server.Wait()
	}()
	var err error
	select {
	case <-ended:
	case <-ctx.Done():
		err = m.server.Unmount()
		<-ended
	}
	return errors.Join(err, m.close())
}

// refuseMountPoint refuses to cover, or to sit inside, what bakfs itself reads and writes.
func refuseMountPoint(dir string, r *repository) error {
	for what, own := range r.own() {
		if in, err := withinNew(dir, own); err != nil {
			return err
		} else if in {
			return fail(exitUsage, fmt.Errorf("the mount point %s lies in %s, %s", quote(dir), what, quote(own)), "name an empty folder outside of it")
		}
		if in, err := withinNew(own, dir); err != nil {
			return err
		} else if in {
			return fail(exitUsage, fmt.Errorf("the mount point %s would cover %s, %s", quote(dir), what, quote(own)), "name an empty folder that holds nothing of it")
		}
	}
	return nil
}

// mountPointError adds what the user can do about a mount that is refused.
func mountPointError(err error) error {
	switch {
	case errors.Is(err, fs.ErrMountPoint):
		return hinted(err, "name an empty folder of your own; mkdir makes one")
	case errors.Is(err, os.ErrNotExist):
		return hinted(err, "mkdir makes the folder; is FUSE installed (fusermount3, /dev/fuse)?")
	}
	return hinted(err, "is FUSE installed (fusermount3), and may you use /dev/fuse?")
}
