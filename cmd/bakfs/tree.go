package main

import (
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"os"
	"path"

	"bakfs/snapshot"
	"bakfs/store"
)

// A tree is an open snapshot, at the place that SNAP:PATH names. One of a Signal
// backup has messages/ and signal/, as in a mount; "merged" has the messages of all.
type tree struct {
	repository *repository
	store      *store.Store
	info       snapshot.Info
	ref        ref
	fs         iofs.FS // of the snapshot's root
	join       func([]snapshot.Info) map[string]string
}

// openTree opens what arg, a SNAP[:PATH], names. Whether the path exists is not looked at.
func (p *program) openTree(ctx context.Context, arg string) (*tree, error) {
	if _, err := parseRef(arg); err != nil {
		return nil, err
	}
	r, err := p.open(ctx)
	if err != nil {
		return nil, err
	}
	t := &tree{repository: r}
	var infos []snapshot.Info
	if t.ref, _ = parseRef(arg); t.ref.snap == merged {
		infos, err = p.messageSnapshots(r, merged)
	} else {
		t.info, t.ref, err = p.find(r.journal, arg)
	}
	if err == nil {
		t.store, err = p.openStore(ctx, r)
	}
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	t.join = p.joiner(ctx, r, t.store)
	t.fs = bound(ctx, t.root(infos))
	return t, nil
}

// root is the root of the snapshot, or of all the snapshots that are merged.
func (t *tree) root(all []snapshot.Info) iofs.FS {
	open := func(i snapshot.Info) iofs.FS { return snapshot.Open(t.store, i) }
	if t.ref.snap == merged {
		m := newMessages(localZone(os.Getenv("TZ")))
		m.join = t.join
		shown := m.all(all, open)
		return newBranch("", all[len(all)-1].Date(), limb{"messages", func(context.Context) (iofs.FS, error) { return shown, nil }})
	}
	files := open(t.info)
	if t.info.Kind != snapshot.Signal {
		return files
	}
	m := newMessages(localZone(os.Getenv("TZ")))
	m.open = open
	m.snapshots = func() []snapshot.Info { infos, _ := snapshot.List(t.repository.journal); return infos }
	shown := m.of(t.info, files)
	return newBranch("", t.info.Date(), limb{"messages", func(context.Context) (iofs.FS, error) { return shown, nil }},
		limb{"signal", func(context.Context) (iofs.FS, error) { return original(t.info, files), nil }})
}

// name is what the snapshot is called in errors.
func (t *tree) name() string {
	if t.ref.snap == merged {
		return "the merged messages"
	}
	return "snapshot " + shortID(t.info)
}

func (t *tree) Close() error { return errors.Join(t.store.Close(), t.repository.Close()) }

func (t *tree) lstat() (iofs.FileInfo, error) {
	info, err := iofs.Lstat(t.fs, t.ref.name())
	if err != nil {
		return nil, t.absent(err)
	}
	return info, nil
}

func (t *tree) readLink() (string, error) { return iofs.ReadLink(t.fs, t.ref.name()) }

func (t *tree) sub(name string) (iofs.FS, error) { return subFS(t.fs, name) }

// absent says which path is not in which snapshot, where that is what err means.
func (t *tree) absent(err error) error {
	if errors.Is(err, iofs.ErrNotExist) {
		return fail(exitError, fmt.Errorf("%s is not in %s", quote(t.ref.path), t.name()), t.advice())
	}
	return fmt.Errorf("%s: %w", quote(t.ref.path), withoutPath(err))
}

// advice says what there is.
func (t *tree) advice() string {
	if t.ref.snap == merged || t.info.Kind == snapshot.Signal {
		return "bakfs ls shows what is there: messages/ and, of one snapshot, signal/"
	}
	return "bakfs ls shows what is there; the snapshot is of " + sourcesOf(t.info, nil)
}

// bound binds a tree's calls to ctx.
func bound(ctx context.Context, tree iofs.FS) iofs.FS {
	if c, ok := tree.(bindable); ok {
		return c.WithContext(ctx)
	}
	return tree
}

// subFS opens a folder below dir. Names are raw bytes, which iofs.Sub would refuse.
func subFS(dir iofs.FS, name string) (iofs.FS, error) {
	if name == "." {
		return dir, nil
	}
	s, ok := dir.(iofs.SubFS)
	if !ok {
		return iofs.Sub(dir, name)
	}
	return s.Sub(name)
}

// walk calls visit with what is at name and everything below it, folders before
// what they hold, each with its path from the snapshot's root.
func walk(ctx context.Context, dir iofs.FS, name string, visit func(path string, info iofs.FileInfo) error) error {
	info, err := iofs.Lstat(dir, name)
	if err != nil {
		return err
	}
	at := path.Join("/", name)
	if err := visit(at, info); err != nil || !info.IsDir() {
		return err
	}
	sub, err := subFS(dir, name)
	if err != nil {
		return err
	}
	return walkBelow(ctx, sub, at, visit)
}

func walkBelow(ctx context.Context, dir iofs.FS, at string, visit func(path string, info iofs.FileInfo) error) error {
	entries, err := iofs.ReadDir(dir, ".")
	if err != nil {
		return fmt.Errorf("%s: %w", quote(at), err)
	}
	for _, e := range entries {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		full := path.Join(at, e.Name())
		info, err := e.Info()
		if err != nil {
			return fmt.Errorf("%s: %w", quote(full), err)
		}
		if err := visit(full, info); err != nil {
			return err
		}
		if !info.IsDir() {
			continue
		}
		sub, err := subFS(dir, e.Name())
		if err != nil {
			return fmt.Errorf("%s: %w", quote(full), err)
		}
		if err := walkBelow(ctx, sub, full, visit); err != nil {
			return err
		}
	}
	return nil
}
