package snapshot

import (
	"context"
	"fmt"
	iofs "io/fs"
	"path"
	"strings"
	"syscall"

	"bakfs/store"
)

// maxLinks is how many symbolic links Open and Stat follow.
const maxLinks = 40

// Open gives the tree of one snapshot: an FS that stands for "/" of the source, read-only and never changing.
// Names are relative and of raw bytes. Open and Stat follow relative links that stay inside; nothing else does.
// Beside the interfaces of io/fs it has WithContext, Volatile and Xattrs, and so have the FS values of its Sub.
func Open(st *store.Store, s Info) iofs.FS {
	return view{context.Background(), newTree(newNodes(st, nodeCacheBytes), s, "snapshot").root()}
}

// A directory can be looked into: one of a snapshot, or one made up.
type directory interface {
	self() *item                                          // the directory itself
	list(ctx context.Context) ([]iofs.DirEntry, error)    // sorted by name; with an error, what came before it
	find(ctx context.Context, name string) (*item, error) // iofs.ErrNotExist
	volatile() bool
}

// An item is what stands at a name.
type item struct {
	info  *fileInfo
	entry *Entry
	nodes *nodes    // for content
	dir   directory // if it is a directory
	in    *extraDir // if another tree has it: where; entry has its kind and target only
}

// A view is a directory seen through io/fs, its calls bound to a context.
type view struct {
	ctx context.Context
	at  directory
}

// WithContext is the same directory; its calls, and those of what it gives out, end with ctx.
func (v view) WithContext(ctx context.Context) iofs.FS { return view{ctx, v.at} }

// Volatile says whether the directory's listing may change.
func (v view) Volatile() bool { return v.at.volatile() }

// resolve finds name without following links.
func (v view) resolve(name string) (*item, error) {
	at := v.at.self()
	if err := v.ctx.Err(); err != nil || name == "." {
		return at, err
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." {
			return nil, iofs.ErrInvalid
		}
		if at.dir == nil {
			return nil, syscall.ENOTDIR
		}
		next, err := at.dir.find(v.ctx, part)
		if err != nil {
			return nil, err
		}
		at = next
	}
	return at, nil
}

// follow finds name, and what it points to if it is a link.
func (v view) follow(name string) (*item, error) {
	for range maxLinks {
		it, err := v.resolve(name)
		if err != nil || it.entry.Kind != Symlink {
			return it, err
		}
		name = path.Join(path.Dir(name), it.entry.Target)
		if path.IsAbs(it.entry.Target) || name == ".." || strings.HasPrefix(name, "../") {
			return nil, fmt.Errorf("link to %q leads outside: %w", it.entry.Target, iofs.ErrNotExist)
		}
	}
	return nil, syscall.ELOOP
}

// Open opens a file or a directory. Files also have ReadAt(ctx, p, off); FIFOs, sockets and devices read as empty.
func (v view) Open(name string) (iofs.File, error) {
	it, err := v.follow(name)
	if err != nil {
		return nil, &iofs.PathError{Op: "open", Path: name, Err: err}
	}
	switch f, err := it.openExtra(v.ctx, name); {
	case err != nil:
		return nil, &iofs.PathError{Op: "open", Path: name, Err: err}
	case f != nil:
		return f, nil
	}
	info := it.info.named(name)
	if it.dir != nil {
		return &openDir{view: view{v.ctx, it.dir}, info: info}, nil
	}
	return newOpenFile(v.ctx, name, info, it), nil
}

// ReadDir lists a directory. Its entries have their Info without further work.
func (v view) ReadDir(name string) ([]iofs.DirEntry, error) {
	it, err := v.resolve(name)
	if err == nil && it.dir == nil {
		err = syscall.ENOTDIR
	}
	if err != nil {
		return nil, &iofs.PathError{Op: "readdir", Path: name, Err: err}
	}
	list, err := it.dir.list(v.ctx)
	if err != nil {
		return list, &iofs.PathError{Op: "readdir", Path: name, Err: err}
	}
	return list, nil
}

// Stat describes what name is or points to.
func (v view) Stat(name string) (iofs.FileInfo, error) {
	it, err := v.follow(name)
	if err != nil {
		return nil, &iofs.PathError{Op: "stat", Path: name, Err: err}
	}
	return it.info.named(name), nil
}

// Lstat describes name itself.
func (v view) Lstat(name string) (iofs.FileInfo, error) {
	it, err := v.resolve(name)
	if err != nil {
		return nil, &iofs.PathError{Op: "lstat", Path: name, Err: err}
	}
	return it.info.named(name), nil
}

// ReadLink is the target of a link, as raw as it was.
func (v view) ReadLink(name string) (string, error) {
	it, err := v.resolve(name)
	if err == nil && it.entry.Kind != Symlink {
		err = iofs.ErrInvalid
	}
	if err != nil {
		return "", &iofs.PathError{Op: "readlink", Path: name, Err: err}
	}
	return it.entry.Target, nil
}

// Sub is the directory name as an FS of its own.
func (v view) Sub(name string) (iofs.FS, error) {
	it, err := v.resolve(name)
	if err == nil && it.dir == nil {
		err = syscall.ENOTDIR
	}
	if err != nil {
		return nil, &iofs.PathError{Op: "sub", Path: name, Err: err}
	}
	return view{v.ctx, it.dir}, nil
}

// Totals are the bytes and the files of the mount's newest snapshots, or of the one snapshot of Open, as far as its
// root is asked; other directories do not know theirs.
func (v view) Totals() (bytes, files uint64) {
	if d, ok := v.at.(interface {
		totals(ctx context.Context) (bytes, files uint64)
	}); ok {
		return d.totals(v.ctx)
	}
	return 0, 0
}

// Xattrs are the extended attributes of name. The values must not be modified.
func (v view) Xattrs(name string) (map[string][]byte, error) {
	it, err := v.resolve(name)
	if err != nil {
		return nil, &iofs.PathError{Op: "xattrs", Path: name, Err: err}
	}
	if it.in != nil {
		m, err := it.in.xattrs(v.ctx, it.entry.Name)
		if err != nil {
			return nil, &iofs.PathError{Op: "xattrs", Path: name, Err: err}
		}
		return m, nil
	}
	list := it.entry.Xattrs
	if d, ok := it.dir.(*treeDir); ok && len(list) == 0 {
		if list, err = d.attributes(v.ctx); err != nil {
			return nil, &iofs.PathError{Op: "xattrs", Path: name, Err: err}
		}
	}
	m := make(map[string][]byte, len(list))
	for _, x := range list {
		m[x.Name] = x.Value
	}
	return m, nil
}

// A tree is one snapshot, shown at one place of a mount.
type tree struct {
	nodes *nodes
	info  Info
	key   inodeKey // of "/" and of hard links; differs from place to place, so that no directory has two parents
}

func newTree(s *nodes, i Info, domain string) *tree {
	return &tree{nodes: s, info: i, key: rootKey(domain, i.ID)}
}

// root is "/". Nothing is kept about it, so it is made up.
func (t *tree) root() *treeDir {
	ns := t.info.Date().UnixNano()
	e := &Entry{Kind: Dir, Mode: 0o755, Nlink: 1, MTime: ns, CTime: ns, Root: t.info.Root}
	return &treeDir{tree: t, entry: e, key: t.key}
}
