package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"path"
	"strconv"
	"syscall"
	"time"

	"bakfs/snapshot"

	"github.com/spf13/cobra"
)

type lsFlags struct{ long, recursive bool }

func newLs(p *program) *cobra.Command {
	var f lsFlags
	c := &cobra.Command{
		Use:     "ls [-r DIR] [SNAP[:PATH]]",
		Aliases: []string{"dir"},
		Short:   "List a folder of a snapshot",
		Long: `List what a folder of a snapshot holds, one name a line; a file lists itself.
Without SNAP the snapshots are listed.

` + refHelp + `
A name with characters that could harm a terminal is shown quoted.`,
		Example: `  bakfs ls latest:/home/me
  bakfs ls -l 4f1c09ab:/home/me/letters
  bakfs ls -R --json latest | jq -r .path`,
		Args: arguments(0, 1, "SNAP[:PATH]"),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return p.listSnapshots(c.Context(), func(snapshot.Info) bool { return true })
			}
			return p.ls(c.Context(), args[0], f)
		},
	}
	c.Flags().BoolVarP(&f.long, "long", "l", false, "mode, owner as it was called there, size and time too")
	c.Flags().BoolVarP(&f.recursive, "recursive", "R", false, "everything below, with whole paths")
	return c
}

func (p *program) ls(ctx context.Context, arg string, f lsFlags) error {
	t, err := p.openTree(ctx, arg)
	if err != nil {
		return err
	}
	defer t.Close()
	info, err := t.lstat()
	if err != nil {
		return err
	}
	l := &lister{p: p, flags: f}
	if !info.IsDir() {
		target := ""
		if info.Mode()&iofs.ModeSymlink != 0 {
			target, _ = t.readLink()
		}
		return l.entry(t.ref.path, t.ref.path, info, target)
	}
	dir, err := t.sub(t.ref.name())
	if err != nil {
		return err
	}
	return l.dir(ctx, dir, t.ref.path, 0)
}

// A lister prints entries.
type lister struct {
	p     *program
	flags lsFlags
}

// lsPart is how many entries of a folder are held at a time: with -R that is so
// on each level.
const lsPart = 256

// dir prints what dir holds; at is its path. Deeper than the format allows is refused.
func (l *lister) dir(ctx context.Context, dir iofs.FS, at string, depth int) error {
	if depth > 1024 {
		return fmt.Errorf("%s: more than 1,024 folders deep", quote(at))
	}
	f, err := dir.Open(".")
	if err != nil {
		return fmt.Errorf("%s: %w", quote(at), err)
	}
	defer f.Close()
	list, ok := f.(iofs.ReadDirFile)
	if !ok {
		return fmt.Errorf("%s: cannot be listed", quote(at))
	}
	for {
		entries, err := list.ReadDir(lsPart)
		for _, e := range entries {
			if err := l.one(ctx, dir, e, path.Join(at, e.Name()), depth); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("%s: %w", quote(at), err)
		}
	}
}

// one prints an entry of dir, and with -R what is below it. full is its path.
func (l *lister) one(ctx context.Context, dir iofs.FS, e iofs.DirEntry, full string, depth int) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	info, err := e.Info()
	if err != nil {
		return fmt.Errorf("%s: %w", quote(full), err)
	}
	target := ""
	if info.Mode()&iofs.ModeSymlink != 0 {
		if target, err = iofs.ReadLink(dir, e.Name()); err != nil {
			return fmt.Errorf("%s: %w", quote(full), err)
		}
	}
	shown := e.Name()
	if l.flags.recursive {
		shown = full
	}
	if err := l.entry(shown, full, info, target); err != nil || !l.flags.recursive || !info.IsDir() {
		return err
	}
	sub, err := subFS(dir, e.Name())
	if err != nil {
		return fmt.Errorf("%s: %w", quote(full), err)
	}
	return l.dir(ctx, sub, full, depth+1)
}

type jsonEntry struct {
	Type      string    `json:"type"`
	Path      string    `json:"path"`
	PathRaw   string    `json:"path_base64,omitempty"`
	Kind      string    `json:"kind"`
	Mode      string    `json:"mode"`
	UID       uint32    `json:"uid"`
	GID       uint32    `json:"gid"`
	Size      int64     `json:"size"`
	MTime     time.Time `json:"mtime"`
	Links     uint64    `json:"links"`
	Target    string    `json:"target,omitempty"`
	TargetRaw string    `json:"target_base64,omitempty"`
}

// entry prints one entry.
func (l *lister) entry(shown, full string, info iofs.FileInfo, target string) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		st = &syscall.Stat_t{}
	}
	if l.p.json {
		return l.p.line(jsonEntry{Type: "entry", Path: full, PathRaw: raw(full), Kind: kindOf(info.Mode()), Mode: fmt.Sprintf("%04o", st.Mode&0o7777),
			UID: st.Uid, GID: st.Gid, Size: info.Size(), MTime: info.ModTime(), Links: uint64(st.Nlink), Target: target, TargetRaw: raw(target)})
	}
	if !l.flags.long {
		l.p.printf("%s\n", quote(shown))
		return nil
	}
	user, group := ownersOf(info, st)
	l.p.printf("%s %3d %-8s %-8s %12s  %s  %s", modeOf(info.Mode()), st.Nlink, quote(user), quote(group), number(uint64(info.Size())),
		info.ModTime().Local().Format("2006-01-02 15:04:05"), quote(shown))
	if target != "" {
		l.p.printf(" -> %s", quote(target))
	}
	l.p.printf("\n")
	return nil
}

// modeOf writes a mode as ls does: ten characters.
func modeOf(m iofs.FileMode) string {
	kind := byte('-')
	switch {
	case m.IsDir():
		kind = 'd'
	case m&iofs.ModeSymlink != 0:
		kind = 'l'
	case m&iofs.ModeNamedPipe != 0:
		kind = 'p'
	case m&iofs.ModeSocket != 0:
		kind = 's'
	case m&iofs.ModeCharDevice != 0:
		kind = 'c'
	case m&iofs.ModeDevice != 0:
		kind = 'b'
	}
	b := append([]byte{kind}, m.Perm().String()[1:]...)
	special := func(at int, set bool, with, without byte) {
		switch {
		case set && b[at] == 'x':
			b[at] = with
		case set:
			b[at] = without
		}
	}
	special(3, m&iofs.ModeSetuid != 0, 's', 'S')
	special(6, m&iofs.ModeSetgid != 0, 's', 'S')
	special(9, m&iofs.ModeSticky != 0, 't', 'T')
	return string(b)
}

func kindOf(m iofs.FileMode) string {
	switch modeOf(m)[0] {
	case 'd':
		return "directory"
	case 'l':
		return "symlink"
	case 'p':
		return "fifo"
	case 's':
		return "socket"
	case 'c', 'b':
		return "device"
	}
	return "file"
}

// ownersOf returns the names that owner and group had where the file was backed up,
// or their numbers: names that this machine has for the numbers may be other people's.
func ownersOf(info iofs.FileInfo, st *syscall.Stat_t) (user, group string) {
	if o, ok := info.(interface{ Owner() (user, group string) }); ok {
		user, group = o.Owner()
	}
	return cmp.Or(user, strconv.FormatUint(uint64(st.Uid), 10)), cmp.Or(group, strconv.FormatUint(uint64(st.Gid), 10))
}
