package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"path"
	"path/filepath"
	"syscall"

	"bakfs/snapshot"

	"golang.org/x/sys/unix"
)

// A copier writes a computed tree, messages or a Signal backup, into a folder.
// All it makes is its owner's alone; times stay, and files that are one in the
// tree are one on the disk, where it can. Nothing outside of the folder is
// touched, whatever the tree says: os.Root sees to that.
type copier struct {
	root *os.Root
	warn func(path string, err error)
	made map[uint64]string // by inode number, of files with several names

	files, folders, bytes uint64
	failed                uint64
}

// copyTree copies the folder tree into dest, which must be new or empty. What cannot be
// read is told and left out; all the rest is copied.
func (p *program) copyTree(ctx context.Context, tree iofs.FS, dest string) (*copier, error) {
	if err := snapshot.CheckDest(dest, "", false); err != nil {
		if errors.Is(err, snapshot.ErrNotEmpty) {
			return nil, hinted(err, "name a new folder")
		}
		return nil, err
	}
	if err := os.MkdirAll(dest, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dest)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	c := &copier{root: root, made: map[uint64]string{}}
	c.warn = func(at string, err error) {
		c.failed++
		p.warn("%s: %v", quote(at), withoutPath(err))
	}
	if err := c.folder(ctx, bound(ctx, tree), "."); err != nil {
		return c, fmt.Errorf("after %s: %w", count(c.files, "file", "files"), err)
	}
	return c, syncDisk(dest)
}

// syncDisk makes durable what was written: the folder may be on a stick that is
// pulled out next.
func syncDisk(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.Syncfs(int(f.Fd()))
}

// folder copies what is in dir to at, which is there. The error is one of writing, or that of ctx.
func (c *copier) folder(ctx context.Context, dir iofs.FS, at string) error {
	entries, err := iofs.ReadDir(dir, ".")
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c.warn(at, err)
	}
	for _, e := range entries {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		to := path.Join(at, e.Name())
		info, err := e.Info()
		if err != nil {
			info, err = iofs.Lstat(dir, e.Name()) // an entry may leave its size for later
		}
		if err == nil {
			err = c.one(ctx, dir, info, to)
		}
		if _, ours := errors.AsType[*writeError](err); ours || ctx.Err() != nil {
			return errors.Join(ctx.Err(), err)
		}
		if err != nil {
			c.warn(to, err)
		}
	}
	return nil
}

// A writeError is an error of the folder that is written to: the copy ends.
type writeError struct{ error }

func (e *writeError) Unwrap() error { return e.error }

// written tells errors that concern all of the folder from those of one name: that a
// disk knows no links, or folds case, costs that name only.
func written(err error) error {
	for _, all := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EIO, syscall.EROFS} {
		if errors.Is(err, all) {
			return &writeError{err}
		}
	}
	return err
}

// one copies what info describes, which is in dir, to the path to.
func (c *copier) one(ctx context.Context, dir iofs.FS, info iofs.FileInfo, to string) error {
	switch {
	case info.IsDir():
		sub, err := subFS(dir, info.Name())
		if err != nil {
			return err
		}
		if err := c.root.Mkdir(to, 0o700); err != nil {
			return written(err)
		}
		c.folders++
		if err := c.folder(ctx, bound(ctx, sub), to); err != nil {
			return err
		}
		return written(c.root.Chtimes(to, info.ModTime(), info.ModTime()))
	case info.Mode()&iofs.ModeSymlink != 0:
		target, err := iofs.ReadLink(dir, info.Name())
		if err != nil {
			return err
		}
		return written(c.root.Symlink(target, to))
	case info.Mode().IsRegular():
		return c.file(ctx, dir, info, to)
	}
	return fmt.Errorf("neither a file nor a folder nor a link: %v", info.Mode().Type())
}

// file copies a file, or gives its copy another name.
func (c *copier) file(ctx context.Context, dir iofs.FS, info iofs.FileInfo, to string) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	several := ok && st.Nlink > 1
	if several {
		if first, known := c.made[st.Ino]; known && c.root.Link(first, to) == nil {
			c.files++
			return nil
		}
	}
	from, err := dir.Open(info.Name())
	if err != nil {
		return err
	}
	defer from.Close()
	f, err := c.root.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return written(err)
	}
	n, err := io.CopyBuffer(onlyWriter{f}, cancellable{ctx, from}, make([]byte, 256<<10))
	if err == nil && n != info.Size() {
		err = fmt.Errorf("%w: %d of %d bytes", io.ErrUnexpectedEOF, n, info.Size())
	}
	if closeErr := f.Close(); err == nil && closeErr != nil {
		err = written(closeErr)
	}
	if err != nil {
		c.root.Remove(to) // half a file would be taken for a whole one
		return err
	}
	if err := c.root.Chtimes(to, info.ModTime(), info.ModTime()); err != nil {
		return written(err)
	}
	c.files++
	c.bytes += uint64(n)
	if several {
		c.made[st.Ino] = to
	}
	return nil
}

// onlyWriter tells errors of writing from those of reading.
type onlyWriter struct{ f *os.File }

func (w onlyWriter) Write(b []byte) (int, error) {
	n, err := w.f.Write(b)
	return n, written(err)
}

// cancellable reads until ctx ends.
type cancellable struct {
	ctx context.Context
	r   io.Reader
}

func (c cancellable) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(b)
}

// copied prints what was copied, and says by the exit code whether that is all.
func (p *program) copied(c *copier, what, dest string) error {
	if p.json {
		if err := p.line(struct {
			Type    string `json:"type"`
			Path    string `json:"path"`
			PathRaw string `json:"path_base64,omitempty"`
			Files   uint64 `json:"files"`
			Dirs    uint64 `json:"dirs"`
			Bytes   uint64 `json:"bytes"`
			Errors  uint64 `json:"errors"`
		}{"summary", dest, raw(dest), c.files, c.folders, c.bytes, c.failed}); err != nil {
			return err
		}
	} else if !p.quiet {
		p.printf("%s: %s and %s, %s, in %s\n", what, count(c.files, "file", "files"), count(c.folders, "folder", "folders"), bytesOf(c.bytes), quote(dest))
	}
	if c.failed == 0 {
		return nil
	}
	return fail(exitDamaged, fmt.Errorf("%s not be read; all the rest is written", count(c.failed, "file or folder could", "files or folders could")),
		"the lines above name them; `bakfs check --read-data` finds what is damaged in the repository", "an earlier snapshot may hold them whole: bakfs snapshots")
}

// outside refuses a DEST in what bakfs itself writes, and returns it as an absolute path.
func outside(dest string, r *repository) (string, error) {
	if dest == "" {
		return "", usagef("an empty DEST")
	}
	dest, err := filepath.Abs(dest)
	if err != nil {
		return "", err
	}
	for what, dir := range r.own() {
		if in, err := withinNew(dest, dir); err != nil {
			return "", err
		} else if in {
			return "", fail(exitUsage, fmt.Errorf("%s lies in %s, %s", quote(dest), what, quote(dir)), "name a folder outside of it")
		}
	}
	return dest, nil
}
