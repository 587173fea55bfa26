package view

import (
	"context"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"path"
	"strings"
	"sync"
	"syscall"
	"weak"
)

// maxLinks is how many symbolic links Open and Stat follow.
const maxLinks = 40

// ErrLater is what the entries of a lazy tree answer when they are asked for the
// Info of a file that was not rendered yet.
var ErrLater = errors.New("its size is known when it is looked up")

// A tree is what is shown at the moment. Its root is replaced as a whole.
type tree struct {
	volatile bool // it may be replaced
	lazy     bool
	private  bool // only for its owner

	mu    sync.Mutex
	count uint64 // of replacements
	top   *dir
}

func (t *tree) now() (uint64, *dir) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.count, t.top
}

func (t *tree) replace(top *dir) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count++
	t.top = top
}

// info is what the tree says of a node under a name.
func (t *tree) info(name string, a attr) *info {
	if t.private && a.mode&syscall.S_IFMT != syscall.S_IFLNK {
		a.mode &^= 0o077
	}
	return newInfo(name, a)
}

// A place is a directory by its name in the one above. It stays, while the
// directory there is another one after each replacement.
type place struct {
	tree  *tree
	up    *place // nil for the top
	name  string
	grows bool // as that of the directory

	mu    sync.Mutex
	count uint64            // of the replacement that dir is from
	dir   weak.Pointer[dir] // who remembers a place must not keep all that its directory was made of
}

// now returns the directory that is at the place. A folder that was renamed is
// followed by the hidden link that is at its old name.
func (p *place) now(ctx context.Context) (*dir, error) {
	if p.up == nil {
		_, top := p.tree.now()
		return top, nil
	}
	count, _ := p.tree.now()
	p.mu.Lock()
	d := p.dir.Value()
	if p.count != count {
		d = nil
	}
	p.mu.Unlock()
	if d != nil {
		return d, nil
	}
	up, err := p.up.now(ctx)
	if err != nil {
		return nil, err
	}
	n, err := up.find(ctx, p.name)
	if l, ok := n.(*link); ok && err == nil && !strings.Contains(l.target, "/") {
		n, err = up.find(ctx, l.target)
	}
	if err != nil {
		return nil, err
	}
	d, ok := n.(*dir)
	if !ok {
		return nil, syscall.ENOTDIR
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count, p.dir = count, weak.Make(d)
	return d, nil
}

// A folder is a directory seen through io/fs, its calls bound to a context. Its
// names are raw bytes; relative links that stay inside are followed by Open and Stat.
type folder struct {
	ctx context.Context
	at  *place
}

func newFolder(t *tree) folder { return folder{context.Background(), &place{tree: t}} }

// WithContext is the same directory; its calls, and those of what it gives out, end with ctx.
func (f folder) WithContext(ctx context.Context) iofs.FS { return folder{ctx, f.at} }

// Volatile says whether the directory's names may come to mean other things.
func (f folder) Volatile() bool {
	if _, top := f.at.tree.now(); f.at.up == nil && top != nil && top.grows {
		return true
	}
	return f.at.tree.volatile || f.at.grows
}

// resolve finds name without following links.
func (f folder) resolve(name string) (node, error) {
	if err := f.ctx.Err(); err != nil {
		return nil, err
	}
	d, err := f.at.now(f.ctx)
	if err != nil {
		return nil, err
	}
	var n node = d
	if name == "." {
		return n, nil
	}
	for part := range strings.SplitSeq(name, "/") {
		if !validPart(part) {
			return nil, iofs.ErrInvalid
		}
		d, ok := n.(*dir)
		if !ok {
			return nil, syscall.ENOTDIR
		}
		if n, err = d.find(f.ctx, part); err != nil {
			return nil, err
		}
	}
	return n, nil
}

func validPart(part string) bool { return part != "" && part != "." && part != ".." }

// follow finds name, and what it points to if it, or a directory on the way, is a link.
func (f folder) follow(name string) (node, error) {
	for part := range strings.SplitSeq(name, "/") {
		if name != "." && !validPart(part) {
			return nil, iofs.ErrInvalid
		}
	}
	for range maxLinks {
		n, rest, err := f.until(name)
		l, ok := n.(*link)
		if err != nil || !ok {
			return n, err
		}
		before := strings.TrimSuffix(strings.TrimSuffix(name, rest), "/")
		name = path.Join(path.Dir(before), l.target, rest)
		if path.IsAbs(l.target) || name == ".." || strings.HasPrefix(name, "../") {
			return nil, fmt.Errorf("the link leads outside: %w", iofs.ErrNotExist)
		}
	}
	return nil, syscall.ELOOP
}

// until goes along name up to the first link, and returns what of name is left then.
func (f folder) until(name string) (n node, rest string, err error) {
	parts := strings.Split(name, "/")
	for i := range parts {
		if n, err = f.resolve(strings.Join(parts[:i+1], "/")); err != nil {
			return nil, "", err
		}
		if _, ok := n.(*link); ok {
			return n, strings.Join(parts[i+1:], "/"), nil
		}
	}
	return n, "", nil
}

// Open opens a file or a directory. Files also have ReadAt(ctx, p, off).
func (f folder) Open(name string) (iofs.File, error) {
	n, err := f.follow(name)
	if err != nil {
		return nil, &iofs.PathError{Op: "open", Path: name, Err: err}
	}
	if _, ok := n.(*dir); ok {
		return &openDir{folder: f, path: name, node: n}, nil
	}
	file, err := f.at.tree.open(f.ctx, path.Base(name), n)
	if err != nil {
		return nil, &iofs.PathError{Op: "open", Path: name, Err: err}
	}
	return file, nil
}

// ReadDir lists a directory by name.
func (f folder) ReadDir(name string) ([]iofs.DirEntry, error) {
	n, err := f.follow(name)
	var list []iofs.DirEntry
	if err == nil {
		list, err = f.entries(n)
	}
	if err != nil {
		return nil, &iofs.PathError{Op: "readdir", Path: name, Err: err}
	}
	return list, nil
}

func (f folder) entries(n node) ([]iofs.DirEntry, error) {
	d, ok := n.(*dir)
	if !ok {
		return nil, syscall.ENOTDIR
	}
	all, err := d.list(f.ctx)
	if err != nil {
		return nil, err
	}
	if f.at.tree.lazy {
		prepare(f.ctx, all)
	}
	list := make([]iofs.DirEntry, len(all))
	for i, c := range all {
		list[i] = entry{f, c}
	}
	return list, nil
}

func (f folder) describe(op, name string, find func(string) (node, error)) (iofs.FileInfo, error) {
	n, err := find(name)
	if err != nil {
		return nil, &iofs.PathError{Op: op, Path: name, Err: err}
	}
	a, err := n.stat(f.ctx)
	if err != nil {
		return nil, &iofs.PathError{Op: op, Path: name, Err: err}
	}
	return f.at.tree.info(path.Base(name), a), nil
}

// Stat describes what name is or points to. A generated file is rendered for it.
func (f folder) Stat(name string) (iofs.FileInfo, error) { return f.describe("stat", name, f.follow) }

// Lstat describes name itself.
func (f folder) Lstat(name string) (iofs.FileInfo, error) {
	return f.describe("lstat", name, f.resolve)
}

// Xattrs are the extended attributes of name itself.
func (f folder) Xattrs(name string) (map[string][]byte, error) {
	n, err := f.resolve(name)
	if err != nil {
		return nil, &iofs.PathError{Op: "getxattr", Path: name, Err: err}
	}
	if s, ok := n.(*stored); ok {
		return s.xattrs, nil
	}
	return nil, nil
}

// ReadLink is the target of a link.
func (f folder) ReadLink(name string) (string, error) {
	n, err := f.resolve(name)
	if err == nil {
		if l, ok := n.(*link); ok {
			return l.target, nil
		}
		err = iofs.ErrInvalid
	}
	return "", &iofs.PathError{Op: "readlink", Path: name, Err: err}
}

// Sub is the directory name as an FS of its own.
func (f folder) Sub(name string) (iofs.FS, error) {
	n, err := f.resolve(name)
	if err == nil && n.kind() != iofs.ModeDir {
		err = syscall.ENOTDIR
	}
	if err != nil {
		return nil, &iofs.PathError{Op: "sub", Path: name, Err: err}
	}
	sub := f
	if name != "." {
		for part := range strings.SplitSeq(name, "/") {
			sub.at = &place{tree: f.at.tree, up: sub.at, name: part}
		}
		if d, ok := n.(*dir); ok {
			sub.at.grows = d.grows
		}
	}
	return sub, nil
}

// An entry is a name in a listing.
type entry struct {
	folder folder
	child  child
}

func (e entry) Name() string        { return e.child.name }
func (e entry) Type() iofs.FileMode { return e.child.node.kind() }
func (e entry) IsDir() bool         { return e.Type() == iofs.ModeDir }
func (e entry) String() string      { return iofs.FormatDirEntry(e) }

// Info describes the entry; see ErrLater.
func (e entry) Info() (iofs.FileInfo, error) {
	if e.folder.at.tree.lazy && !e.child.node.ready() {
		return nil, ErrLater
	}
	a, err := e.child.node.stat(e.folder.ctx)
	if err != nil {
		return nil, err
	}
	return e.folder.at.tree.info(e.child.name, a), nil
}

// An openDir is an open directory. What it lists it reads once.
type openDir struct {
	folder folder
	path   string
	node   node
	list   []iofs.DirEntry
	read   bool
}

func (d *openDir) Stat() (iofs.FileInfo, error) {
	return d.folder.describe("stat", d.path, func(string) (node, error) { return d.node, nil })
}

func (d *openDir) Close() error { return nil }

func (d *openDir) Read([]byte) (int, error) {
	return 0, &iofs.PathError{Op: "read", Path: d.path, Err: syscall.EISDIR}
}

// ReadDir returns the next n entries, or all that are left.
func (d *openDir) ReadDir(n int) ([]iofs.DirEntry, error) {
	if !d.read {
		list, err := d.folder.entries(d.node)
		if err != nil {
			return nil, &iofs.PathError{Op: "readdir", Path: d.path, Err: err}
		}
		d.list, d.read = list, true
	}
	if n <= 0 {
		n = len(d.list)
	} else if len(d.list) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(d.list))
	out := d.list[:n:n]
	d.list = d.list[n:]
	return out, nil
}
